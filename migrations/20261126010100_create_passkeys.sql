-- Keys on people's own devices that sign in by themselves. Only the public half is kept.
create table passkeys (
    id            uuid not null constraint passkeys_pkey primary key,
    account_id    uuid not null constraint passkeys_account_fkey references accounts (id) on delete cascade,
    -- What the device calls it.
    credential_id bytea not null constraint passkeys_credential_key unique
                  constraint passkeys_credential_check check (octet_length(credential_id) between 1 and 1023),
    name          text not null constraint passkeys_name_check check (char_length(name) between 1 and 60),
    -- The public half and its counter, as webauthn-rs keeps them.
    key           jsonb not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz
);
create index passkeys_by_account on passkeys (account_id, created_at desc);

-- What a device was asked and has not answered yet. It opens nothing, and is gone with the first answer.
create table passkey_challenges (
    token_hash bytea not null constraint passkey_challenges_pkey primary key,
    purpose    text not null constraint passkey_challenges_purpose_check check (purpose in ('add', 'sign_in', 'confirm')),
    -- Null for signing in: the answer says who it is.
    account_id uuid constraint passkey_challenges_account_fkey references accounts (id) on delete cascade,
    -- What the answer is judged by, as webauthn-rs keeps it.
    state      jsonb not null,
    expires_at timestamptz not null
);
create index passkey_challenges_by_account on passkey_challenges (account_id);
create index passkey_challenges_by_end on passkey_challenges (expires_at);

do $$
declare t text;
begin
    foreach t in array array['passkeys', 'passkey_challenges'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy machine on %I to ensemble_machine using (true) with check (true)', t);
        execute format('grant select, insert, update, delete on %I to ensemble_machine', t);
    end loop;
end
$$;
