-- Somebody is invited to an alliance at an address, to act in a role. Whoever has proved the address accepts or declines.
-- The words of an invitation never change; only its end does, and when it was last mailed.
create table invitations (
    alliance_id uuid not null constraint invitations_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    -- As the person shall be known, unless they are known already.
    name        text not null constraint invitations_name_check check (char_length(name) between 1 and 200),
    email       text not null constraint invitations_email_check check (email = lower(email)),
    role        text not null,
    member_id   uuid,
    strand_id   uuid,
    message     text not null,
    -- Null when the deployment did it.
    invited_by  uuid,
    invited_at  timestamptz not null,
    expires_at  timestamptz not null,
    mailed_at   timestamptz not null,
    state       text not null default 'open'
                constraint invitations_state_check check (state in ('open', 'accepted', 'declined', 'withdrawn')),
    settled_at  timestamptz,
    -- Who took it up.
    person_id   uuid,
    constraint invitations_pkey primary key (alliance_id, id),
    constraint invitations_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id),
    constraint invitations_strand_fkey foreign key (alliance_id, strand_id) references strands (alliance_id, id),
    constraint invitations_by_fkey foreign key (alliance_id, invited_by) references people (alliance_id, id),
    constraint invitations_person_fkey foreign key (alliance_id, person_id) references people (alliance_id, id),
    constraint invitations_settled_check check ((state = 'open') = (settled_at is null))
);
create index invitations_by_email on invitations (alliance_id, email);
create index invitations_by_member on invitations (alliance_id, member_id);
create index invitations_by_strand on invitations (alliance_id, strand_id);
-- For whoever was invited, who is not in the alliance yet.
create index invitations_received on invitations (email) where state = 'open';
create index invitations_led_to on invitations (id);

alter table invitations enable row level security;
alter table invitations force row level security;
create policy tenant on invitations to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on invitations to ensemble_app;
grant update (state, settled_at, person_id, mailed_at) on invitations to ensemble_app;

-- The machine role finds whose alliance an invitation leads to; it is answered within the alliance.
create policy machine on invitations to ensemble_machine using (true);
grant select (alliance_id, id, email, state, expires_at) on invitations to ensemble_machine;
