-- Sign-in identities belong to the deployment; people belong to the alliance that knows them. A person who has
-- signed in is joined to their account; one account may be a person of several alliances.

create table accounts (
    id         uuid not null constraint accounts_pkey primary key,
    email      text not null constraint accounts_email_key unique
               constraint accounts_email_check check (email = lower(email)),
    created_at timestamptz not null
);

-- The six digits are not stored: they are an HMAC of the id under the deployment's key, so a copy of this table
-- signs nobody in and a job need only carry the id.
create table sign_in_codes (
    id          uuid not null constraint sign_in_codes_pkey primary key,
    email       text not null,
    expires_at  timestamptz not null,
    attempts    smallint not null default 0,
    used_at     timestamptz,
    created_at  timestamptz not null
);
create index sign_in_codes_by_email on sign_in_codes (email, created_at desc);

create table sessions (
    id           uuid not null constraint sessions_pkey primary key,
    account_id   uuid not null constraint sessions_account_fkey references accounts (id) on delete cascade,
    -- SHA-256 of the cookie's 256 random bits.
    token_hash   bytea not null constraint sessions_token_hash_key unique,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null
);
create index sessions_by_account on sessions (account_id);

create table people (
    alliance_id uuid not null constraint people_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    name        text not null constraint people_name_check check (char_length(name) between 1 and 200),
    email       text constraint people_email_check check (email = lower(email)),
    -- Who signs in as this person. Set when that person has proved the address, never by the alliance.
    account_id  uuid constraint people_account_fkey references accounts (id) on delete set null,
    created_at  timestamptz not null,
    constraint people_pkey primary key (alliance_id, id),
    constraint people_account_key unique (alliance_id, account_id)
);
create index people_by_name on people (alliance_id, name, id);
create index people_by_email on people (alliance_id, email);
-- For sign-in, which asks across alliances as the machine role.
create index people_sign_in on people (email) where account_id is null;
create index people_accounts on people (account_id) where account_id is not null;

-- A dated post of a person at a member.
create table posts (
    alliance_id uuid not null constraint posts_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    person_id   uuid not null,
    member_id   uuid not null,
    title       text not null,
    starts_on   date not null,
    ends_on     date,
    constraint posts_pkey primary key (alliance_id, id),
    constraint posts_person_fkey foreign key (alliance_id, person_id) references people (alliance_id, id),
    constraint posts_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id),
    constraint posts_dates_check check (ends_on is null or ends_on >= starts_on)
);
create index posts_by_person on posts (alliance_id, person_id);
create index posts_by_member on posts (alliance_id, member_id);

-- A dated role of a person, for the alliance or for one member.
create table role_grants (
    alliance_id uuid not null constraint role_grants_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    person_id   uuid not null,
    role        text not null constraint role_grants_role_check
                check (role in ('director', 'manager', 'finance_lead', 'school_head', 'staff_member')),
    member_id   uuid,
    starts_on   date not null,
    ends_on     date,
    constraint role_grants_pkey primary key (alliance_id, id),
    constraint role_grants_person_fkey foreign key (alliance_id, person_id) references people (alliance_id, id),
    constraint role_grants_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id),
    constraint role_grants_school_check check ((member_id is not null) = (role in ('school_head', 'staff_member'))),
    constraint role_grants_dates_check check (ends_on is null or ends_on >= starts_on)
);
create index role_grants_by_person on role_grants (alliance_id, person_id);
create index role_grants_by_member on role_grants (alliance_id, member_id);

-- Who at the payer is asked about money.
alter table payers add column finance_contact_id uuid;
alter table payers add constraint payers_finance_contact_fkey
    foreign key (alliance_id, finance_contact_id) references people (alliance_id, id);

do $$
declare t text;
begin
    foreach t in array array['people', 'posts', 'role_grants'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to ensemble_app
            using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
            with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)$p$, t);
    end loop;
    foreach t in array array['accounts', 'sign_in_codes', 'sessions'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy machine on %I to ensemble_machine using (true) with check (true)', t);
        execute format('grant select, insert, update, delete on %I to ensemble_machine', t);
    end loop;
end
$$;
grant select, insert, delete on people, posts, role_grants to ensemble_app;
-- An alliance may not say who a person's account is.
grant update (name, email) on people to ensemble_app;
grant update (title, starts_on, ends_on) on posts to ensemble_app;
grant update (starts_on, ends_on) on role_grants to ensemble_app;

-- Sign-in leads an account to its alliances, and joins a person to the account that proved the address.
create policy machine on people to ensemble_machine using (true) with check (true);
create policy machine on role_grants to ensemble_machine using (true);
grant select (alliance_id, id, name, email, account_id), update (account_id) on people to ensemble_machine;
grant select (alliance_id, person_id, role, member_id, starts_on, ends_on) on role_grants to ensemble_machine;
