-- An alliance is deleted in stages: it is asked for, after some days nobody comes in but directors and no work is done, and
-- after some more everything of it goes. Until then it can be called off.
set local lock_timeout = '3s';

create table deletions (
    alliance_id    uuid not null constraint deletions_alliance_fkey references alliances (alliance_id),
    id             uuid not null,
    requested_by   uuid not null,
    requested_at   timestamptz not null,
    reason         text not null constraint deletions_reason_check check (char_length(reason) between 1 and 500),
    deactivates_at timestamptz not null,
    deactivated_at timestamptz,
    purges_at      timestamptz not null,
    called_off_by  uuid,
    called_off_at  timestamptz,
    -- From then on it cannot be called off.
    purge_begun_at timestamptz,
    constraint deletions_pkey primary key (alliance_id, id),
    constraint deletions_requested_by_fkey foreign key (alliance_id, requested_by) references people (alliance_id, id),
    constraint deletions_called_off_by_fkey foreign key (alliance_id, called_off_by) references people (alliance_id, id),
    constraint deletions_stages_check check (deactivates_at < purges_at),
    constraint deletions_called_off_check check ((called_off_by is null) = (called_off_at is null)),
    constraint deletions_begun_check check (called_off_at is null or purge_begun_at is null)
);
-- One at a time.
create unique index deletions_open_key on deletions (alliance_id) where called_off_at is null;
create index deletions_by_asker on deletions (alliance_id, requested_by);
create index deletions_by_caller_off on deletions (alliance_id, called_off_by);

alter table deletions enable row level security;
alter table deletions force row level security;
create policy tenant on deletions to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on deletions to ensemble_app;
grant update (deactivated_at, purges_at, called_off_by, called_off_at, purge_begun_at) on deletions to ensemble_app;
-- Who comes in depends on it, and what is due is found across alliances.
create policy machine on deletions to ensemble_machine using (true);
grant select (alliance_id, id, deactivates_at, deactivated_at, purges_at, called_off_at) on deletions to ensemble_machine;

create trigger audit_insert after insert on deletions referencing new table as audit_new
    for each statement execute function audit_rows('id');
create trigger audit_update after update on deletions referencing old table as audit_old new table as audit_new
    for each statement execute function audit_rows('id');
create trigger audit_delete after delete on deletions referencing old table as audit_old
    for each statement execute function audit_rows('id');

-- What is left of a deleted alliance: that there was one, when it went, and how much. It names no person. A backup that is
-- restored may have the alliance's rows again; this tells that they must go.
create table tombstones (
    alliance_id uuid not null constraint tombstones_pkey primary key,
    slug        text not null,
    name        text not null,
    founded_at  timestamptz not null,
    begun_at    timestamptz not null,
    purged_at   timestamptz,
    -- Rows by table, files, and accounts.
    report      jsonb
);
alter table tombstones enable row level security;
alter table tombstones force row level security;
create policy machine on tombstones to ensemble_machine using (true) with check (true);
grant select, insert, update (purged_at, report) on tombstones to ensemble_machine;

-- The owner is bound by row-level security as well: whoever deletes an alliance sees no other.
do $$
declare
    t text;
begin
    for t in
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'alliance_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'tombstones'
    loop
        execute format(
            'create policy purge on %I to %I
             using (alliance_id = nullif(current_setting(''app.alliance_id'', true), '''')::uuid)
             with check (alliance_id = nullif(current_setting(''app.alliance_id'', true), '''')::uuid)', t, current_user);
    end loop;
    execute format('create policy purge on tombstones to %I using (true)', current_user);
end
$$;

-- Deletes every row of an alliance that has a tombstone, whatever table has it: those first to which no other still refers.
-- Returns how many rows went from each. The machine's login runs it, with the rights of its owner, because nobody else may
-- delete what was issued and recorded.
create function purge_alliance(of_alliance uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    remaining text[];
    going text;
    gone bigint;
    report jsonb := '{}';
begin
    if not exists (select from public.tombstones where alliance_id = of_alliance) then
        raise exception 'no tombstone says that this alliance is deleted';
    end if;
    perform set_config('app.alliance_id', of_alliance::text, true);
    perform set_config('app.purging', 'yes', true);
    select array_agg(c.relname::text) into remaining
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'alliance_id' and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'tombstones';
    while cardinality(remaining) > 0 loop
        select one into going from unnest(remaining) as one
        where not exists (
            select from pg_constraint k join pg_class child on child.oid = k.conrelid
            where k.contype = 'f' and k.confrelid = format('public.%I', one)::regclass and k.conrelid <> k.confrelid
              and child.relname::text = any (remaining))
        order by one limit 1;
        if going is null then
            raise exception 'these tables refer to each other in a circle: %', remaining;
        end if;
        execute format('delete from public.%I where alliance_id = $1', going) using of_alliance;
        get diagnostics gone = row_count;
        report := report || jsonb_build_object(going, gone);
        remaining := array_remove(remaining, going);
    end loop;
    perform set_config('app.purging', '', true);
    return report;
end
$$;
revoke all on function purge_alliance(uuid) from public;
grant execute on function purge_alliance(uuid) to ensemble_machine;

-- As before, but that the deletion of an alliance, and of its record with it, is not recorded there. No login of the program
-- can pretend to it: only who owns the table is believed.
create or replace function audit_rows()
returns trigger language plpgsql as $$
declare
    -- Which account belongs to a person, and that an alliance is confirmed, is the deployment's to change; when a row was made
    -- is when the record was.
    left_out constant text[] := array['alliance_id', 'account_id', 'confirmed_at', 'created_at'];
    keys constant text[] := string_to_array(tg_argv[0], ',');
    record_id uuid := nullif(current_setting('app.audit_record', true), '')::uuid;
begin
    if current_setting('app.purging', true) = 'yes'
       and (select relowner from pg_class where oid = tg_relid) = current_user::regrole then
        return null;
    end if;
    -- Whoever changes nothing that is recorded needs no right to the record.
    if tg_op = 'INSERT' then
        if not exists (select from audit_new) then return null; end if;
    elsif tg_op = 'DELETE' then
        if not exists (select from audit_old) then return null; end if;
    elsif not exists (select to_jsonb(n) - left_out from audit_new n except all select to_jsonb(o) - left_out from audit_old o)
    then
        return null;
    end if;
    if record_id is null then
        record_id := gen_random_uuid();
        perform set_config('app.audit_record', record_id::text, true);
    end if;
    if tg_op = 'INSERT' then
        insert into audit_changes (alliance_id, record_id, table_name, row_key, action, label, after, digest)
        select c.alliance_id, record_id, tg_table_name, c.key, 'insert', c.label, c.after,
               audit_digest(record_id, tg_table_name, c.key, 'insert', c.label, null, c.after)
        from (select n.alliance_id, audit_key(j, keys) as key, audit_label(j) as label, jsonb_strip_nulls(j - left_out) as after
              from audit_new n cross join lateral (select to_jsonb(n)) as whole (j)) c;
    elsif tg_op = 'DELETE' then
        insert into audit_changes (alliance_id, record_id, table_name, row_key, action, label, before, digest)
        select c.alliance_id, record_id, tg_table_name, c.key, 'delete', c.label, c.before,
               audit_digest(record_id, tg_table_name, c.key, 'delete', c.label, c.before, null)
        from (select o.alliance_id, audit_key(j, keys) as key, audit_label(j) as label, jsonb_strip_nulls(j - left_out) as before
              from audit_old o cross join lateral (select to_jsonb(o)) as whole (j)) c;
    else
        insert into audit_changes (alliance_id, record_id, table_name, row_key, action, label, before, after, digest)
        select c.alliance_id, record_id, tg_table_name, c.key, 'update', c.label, c.before, c.after,
               audit_digest(record_id, tg_table_name, c.key, 'update', c.label, c.before, c.after)
        from (select n.alliance_id, n.key, audit_label(n.j) as label,
                     (select jsonb_object_agg(each.key, each.value) from jsonb_each(o.j - left_out) as each
                      where n.j -> each.key is distinct from each.value) as before,
                     (select jsonb_object_agg(each.key, each.value) from jsonb_each(n.j - left_out) as each
                      where o.j -> each.key is distinct from each.value) as after
              from (select t.alliance_id, to_jsonb(t) as j, audit_key(to_jsonb(t), keys) as key from audit_new t) n
              join (select t.alliance_id, to_jsonb(t) as j, audit_key(to_jsonb(t), keys) as key from audit_old t) o
                using (alliance_id, key)) c
        where c.after is not null;
    end if;
    return null;
end
$$;
