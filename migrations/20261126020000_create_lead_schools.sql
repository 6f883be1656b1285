-- Which member leads the alliance, from which day on, until another one does.
create table lead_schools (
    alliance_id uuid not null constraint lead_schools_alliance_fkey references alliances (alliance_id),
    starts_on   date not null,
    member_id   uuid not null,
    constraint lead_schools_pkey primary key (alliance_id, starts_on),
    constraint lead_schools_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id)
);
create index lead_schools_by_member on lead_schools (alliance_id, member_id);

alter table lead_schools enable row level security;
alter table lead_schools force row level security;
create policy tenant on lead_schools to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on lead_schools to ensemble_app;
grant update (member_id) on lead_schools to ensemble_app;

create trigger audit_insert after insert on lead_schools referencing new table as audit_new
    for each statement execute function audit_rows('starts_on');
create trigger audit_update after update on lead_schools referencing old table as audit_old new table as audit_new
    for each statement execute function audit_rows('starts_on');
create trigger audit_delete after delete on lead_schools referencing old table as audit_old
    for each statement execute function audit_rows('starts_on');
