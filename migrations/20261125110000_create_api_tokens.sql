-- What programs carry in a person's name: one alliance, some of what the person may do there, until a day. Read before
-- any alliance is entered, as sessions are. Only the hash of a token is kept.
create table api_tokens (
    id           uuid not null constraint api_tokens_pkey primary key,
    account_id   uuid not null constraint api_tokens_account_fkey references accounts (id) on delete cascade,
    alliance_id  uuid not null
        constraint api_tokens_alliance_fkey references alliances (alliance_id) on delete cascade,
    name         text not null constraint api_tokens_name_check check (char_length(name) between 1 and 60),
    token_hash   bytea not null constraint api_tokens_token_hash_key unique,
    permissions  text[] not null constraint api_tokens_permissions_check check (cardinality(permissions) > 0),
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    last_used_at timestamptz,
    constraint api_tokens_name_key unique (account_id, alliance_id, name)
);
create index api_tokens_by_alliance on api_tokens (alliance_id);
alter table api_tokens enable row level security;
alter table api_tokens force row level security;
create policy machine on api_tokens to ensemble_machine using (true) with check (true);
grant select, insert, update, delete on api_tokens to ensemble_machine;
