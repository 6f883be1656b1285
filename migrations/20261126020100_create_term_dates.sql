-- When schools are open. `school_year` is the year in which a school year begins: 2026 is 2026-27, from 1 August to 31 July.

-- What local authorities publish: the same for every alliance, written by whoever runs the deployment.
create table authority_term_dates (
    authority_code integer not null constraint authority_term_dates_code_check check (authority_code between 100 and 999),
    school_year    smallint not null constraint authority_term_dates_year_check check (school_year between 2000 and 2098),
    name           text not null constraint authority_term_dates_name_check check (char_length(name) between 1 and 100),
    starts_on      date not null,
    ends_on        date not null,
    constraint authority_term_dates_pkey primary key (authority_code, school_year, name),
    constraint authority_term_dates_range_check check (ends_on >= starts_on)
);
alter table authority_term_dates enable row level security;
alter table authority_term_dates force row level security;
create policy shared on authority_term_dates for select to ensemble_app using (true);
create policy machine on authority_term_dates to ensemble_machine using (true) with check (true);
grant select on authority_term_dates to ensemble_app;
grant select, insert, update, delete on authority_term_dates to ensemble_machine;

-- An alliance's own: the days between two of them are no days to ask for money on.
create table term_dates (
    alliance_id uuid not null constraint term_dates_alliance_fkey references alliances (alliance_id),
    school_year smallint not null constraint term_dates_year_check check (school_year between 2000 and 2098),
    name        text not null constraint term_dates_name_check check (char_length(name) between 1 and 100),
    starts_on   date not null,
    ends_on     date not null,
    constraint term_dates_pkey primary key (alliance_id, starts_on),
    constraint term_dates_range_check check (ends_on >= starts_on)
);
alter table term_dates enable row level security;
alter table term_dates force row level security;
create policy tenant on term_dates to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert, delete on term_dates to ensemble_app;

create trigger audit_insert after insert on term_dates referencing new table as audit_new
    for each statement execute function audit_rows('starts_on');
create trigger audit_update after update on term_dates referencing old table as audit_old new table as audit_new
    for each statement execute function audit_rows('starts_on');
create trigger audit_delete after delete on term_dates referencing old table as audit_old
    for each statement execute function audit_rows('starts_on');
