-- What was changed about a person, by whom and when: names, addresses, posts and roles. It is only ever added to.
create table person_changes (
    alliance_id uuid not null constraint person_changes_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    person_id   uuid not null,
    -- Null when the deployment did it, as at the founding of an alliance.
    changed_by  uuid,
    changed_at  timestamptz not null,
    what        text not null constraint person_changes_what_check check (what in ('name', 'email', 'post', 'role')),
    -- In words; null when there was nothing before, or is nothing after.
    before      text,
    after       text,
    constraint person_changes_pkey primary key (alliance_id, id),
    constraint person_changes_person_fkey foreign key (alliance_id, person_id) references people (alliance_id, id),
    constraint person_changes_by_fkey foreign key (alliance_id, changed_by) references people (alliance_id, id)
);
create index person_changes_by_person on person_changes (alliance_id, person_id, id);

alter table person_changes enable row level security;
alter table person_changes force row level security;
create policy tenant on person_changes to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on person_changes to ensemble_app;
