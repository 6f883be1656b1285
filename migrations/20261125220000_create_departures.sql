-- A person says that they leave the alliance, and which day is their last. Their roles and posts end with it.
create table departures (
    alliance_id uuid not null constraint departures_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    person_id   uuid not null,
    said_at     timestamptz not null,
    ends_on     date not null,
    constraint departures_pkey primary key (alliance_id, id),
    constraint departures_person_fkey foreign key (alliance_id, person_id) references people (alliance_id, id)
);
create index departures_by_person on departures (alliance_id, person_id);

alter table departures enable row level security;
alter table departures force row level security;
create policy tenant on departures to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on departures to ensemble_app;

create trigger audit_insert after insert on departures referencing new table as audit_new
    for each statement execute function audit_rows('id');
create trigger audit_update after update on departures referencing old table as audit_old new table as audit_new
    for each statement execute function audit_rows('id');
create trigger audit_delete after delete on departures referencing old table as audit_old
    for each statement execute function audit_rows('id');
