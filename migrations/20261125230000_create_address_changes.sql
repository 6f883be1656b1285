-- A person signs in with another address from now on. The code goes to the new one; the old one is told, and can undo it.
create table address_changes (
    id               uuid not null constraint address_changes_pkey primary key,
    account_id       uuid not null constraint address_changes_account_fkey references accounts (id) on delete cascade,
    from_email       text not null constraint address_changes_from_email_check check (from_email = lower(from_email)),
    to_email         text not null constraint address_changes_to_email_check check (to_email = lower(to_email)),
    asked_at         timestamptz not null,
    attempts         smallint not null default 0,
    -- When the code was typed: the account has had the new address since.
    changed_at       timestamptz,
    -- What came from the account that had proved the new address before, and is gone since. Undoing gives it back.
    merged_people    uuid[] not null,
    merged_alliances uuid[] not null,
    undo_attempts    smallint not null default 0,
    undone_at        timestamptz
);
create index address_changes_by_account on address_changes (account_id, asked_at);
create index address_changes_by_email on address_changes (to_email, asked_at);

alter table address_changes enable row level security;
alter table address_changes force row level security;
create policy machine on address_changes to ensemble_machine using (true) with check (true);
grant select, insert, update, delete on address_changes to ensemble_machine;
-- Who started an alliance stays known when two accounts become one.
grant update (founder_id) on alliances to ensemble_machine;
