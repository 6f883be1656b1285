-- An export: everything that the alliance holds, as one file that its people can take away for some days.
create table exports (
    alliance_id uuid not null constraint exports_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    -- Null when the service makes one by itself.
    asked_by    uuid,
    asked_at    timestamptz not null,
    state       text not null constraint exports_state_check check (state in ('building', 'ready', 'failed', 'expired')),
    -- Of the finished file; what was in it stays known when the file is gone.
    ready_at    timestamptz,
    expires_at  timestamptz,
    bytes       bigint constraint exports_bytes_check check (bytes > 0),
    row_count   bigint constraint exports_row_count_check check (row_count >= 0),
    file_count  bigint constraint exports_file_count_check check (file_count >= 0),
    constraint exports_pkey primary key (alliance_id, id),
    constraint exports_asked_by_fkey foreign key (alliance_id, asked_by) references people (alliance_id, id),
    constraint exports_ready_check check (
        (state in ('ready', 'expired')) = (ready_at is not null)
        and num_nonnulls(ready_at, expires_at, bytes, row_count, file_count) in (0, 5)
    )
);
-- One at a time.
create unique index exports_building_key on exports (alliance_id) where state = 'building';
create index exports_by_asker on exports (alliance_id, asked_by);

alter table exports enable row level security;
alter table exports force row level security;
create policy tenant on exports to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on exports to ensemble_app;
grant update (state, ready_at, expires_at, bytes, row_count, file_count) on exports to ensemble_app;

create trigger audit_insert after insert on exports referencing new table as audit_new
    for each statement execute function audit_rows('id');
create trigger audit_update after update on exports referencing old table as audit_old new table as audit_new
    for each statement execute function audit_rows('id');
create trigger audit_delete after delete on exports referencing old table as audit_old
    for each statement execute function audit_rows('id');
