-- A second step at sign-in: codes of an app on the person's phone, and ten recovery codes for the day when it is lost.
create table second_steps (
    account_id   uuid not null constraint second_steps_pkey primary key
                 constraint second_steps_account_fkey references accounts (id) on delete cascade,
    -- What the app makes its codes from, encrypted with a key of the deployment's secret.
    secret       bytea not null,
    set_at       timestamptz not null,
    -- The half minute whose code counted last: no code of that one or an earlier one counts again.
    last_step    bigint not null,
    failures     integer not null default 0 constraint second_steps_failures_check check (failures >= 0),
    locked_until timestamptz
);

-- Only what the deployment's secret makes of a code is kept.
create table recovery_codes (
    account_id uuid not null constraint recovery_codes_second_step_fkey
               references second_steps (account_id) on delete cascade,
    code_hash  bytea not null,
    used_at    timestamptz,
    constraint recovery_codes_pkey primary key (account_id, code_hash)
);

-- Whoever has typed the code from the mail and has yet to give the second step. It opens nothing.
create table started_sign_ins (
    token_hash bytea not null constraint started_sign_ins_pkey primary key,
    account_id uuid not null constraint started_sign_ins_account_fkey references accounts (id) on delete cascade,
    expires_at timestamptz not null
);
create index started_sign_ins_by_account on started_sign_ins (account_id);
create index started_sign_ins_by_end on started_sign_ins (expires_at);

do $$
declare t text;
begin
    foreach t in array array['second_steps', 'recovery_codes', 'started_sign_ins'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy machine on %I to ensemble_machine using (true) with check (true)', t);
        execute format('grant select, insert, update, delete on %I to ensemble_machine', t);
    end loop;
end
$$;
