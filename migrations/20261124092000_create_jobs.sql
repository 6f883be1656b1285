-- Work that happens later. Machine table with a tenant's view: an alliance queues and sees its own rows, the
-- machine role claims across alliances. It stays a local table of the coordinator on Citus (FOR UPDATE SKIP LOCKED
-- does not run over shards), so it refers to nothing and nothing refers to it.
--
-- run_at, created_at and finished_at are the application's time. Leases are the database's own time, because
-- processes whose clocks differ compare them.
create table jobs (
    -- The nil uuid is the deployment's own work; no alliance has it.
    alliance_id  uuid not null,
    -- A UUIDv7: among jobs due at the same moment the one queued first runs first.
    id           uuid not null,
    kind         text not null constraint jobs_kind_check check (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
    -- Ids, never copies of rows nor secrets.
    payload      jsonb not null,
    dedupe_key   text constraint jobs_dedupe_key_check check (char_length(dedupe_key) between 1 and 300),
    run_at       timestamptz not null,
    -- 0: somebody waits for it; 1: usual; 2: can wait. Each has its own turn, so none starves another.
    priority     smallint not null constraint jobs_priority_check check (priority between 0 and 2),
    -- Counted when a worker takes the job, so a job that kills its process is counted too. It never goes back but
    -- when a worker returns a job that it had not started.
    attempts     smallint not null default 0 constraint jobs_attempts_check check (attempts >= 0),
    max_attempts smallint not null constraint jobs_max_attempts_check check (max_attempts > 0),
    -- How often a lease ran out: the process died, or lost the database for too long.
    lost         smallint not null default 0 constraint jobs_lost_check check (lost >= 0),
    -- Which process runs it, by a name that no later process has.
    lease_owner  text,
    lease_until  timestamptz,
    -- parked: failed for good, until a person runs it again or discards it (cancelled).
    state        text not null default 'waiting'
                 constraint jobs_state_check check (state in ('waiting', 'running', 'done', 'parked', 'cancelled')),
    last_error   text,
    created_at   timestamptz not null,
    finished_at  timestamptz,
    constraint jobs_pkey primary key (alliance_id, id),
    constraint jobs_lease_check check ((state = 'running') = (lease_owner is not null)
                                       and (state = 'running') = (lease_until is not null)),
    constraint jobs_finished_check check ((state in ('done', 'cancelled')) = (finished_at is not null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

-- A key is taken for as long as its row lives: until a week after it was done. Who needs more keeps a row of the
-- effect itself.
create unique index jobs_dedupe_key on jobs (alliance_id, kind, dedupe_key) where dedupe_key is not null;
-- The claim walks it: from alliance to alliance and priority to priority, taking a few due jobs of each.
create index jobs_waiting on jobs (alliance_id, priority, run_at, id) where state = 'waiting';
-- The operator's list.
create index jobs_parked on jobs (alliance_id, id) where state = 'parked';
-- For the machine role, across alliances: leases that ran out, jobs that lost their process twice, and finished
-- rows to delete.
create index jobs_leases on jobs (lease_until) where state = 'running';
create index jobs_suspects on jobs (run_at) where state = 'waiting' and lost >= 2;
create index jobs_finished on jobs (finished_at) where state in ('done', 'cancelled');

alter table jobs enable row level security;
alter table jobs force row level security;
create policy tenant on jobs to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
create policy machine on jobs to ensemble_machine using (true) with check (true);

grant select, insert on jobs to ensemble_app;
-- To run parked work again, to discard it, and to finish a job together with its effect.
grant update (state, run_at, max_attempts, lost, lease_owner, lease_until, last_error, finished_at) on jobs
    to ensemble_app;
grant select, insert, update, delete on jobs to ensemble_machine;
