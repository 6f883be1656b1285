-- Tenant table rules, enforced by tests/it/catalogue.rs: alliance_id first in every key and index; row-level
-- security enabled and forced; one policy, a plain equality, for ensemble_app. Times come from the
-- application's clock, so no column defaults to now().

create table alliances (
    alliance_id          uuid not null constraint alliances_pkey primary key,
    slug                 text not null constraint alliances_slug_key unique
                         constraint alliances_slug_check check (slug ~ '^[a-z0-9](-?[a-z0-9]){1,62}$'),
    name                 text not null constraint alliances_name_check check (char_length(name) between 1 and 200),
    -- Who issues invoices, as printed on them.
    legal_name           text not null,
    address              text not null,
    contact_email        text not null,
    vat_number           text,
    -- 'education_body': an eligible body; 'trading_company': charges VAT on everything.
    supplier_kind        text not null constraint alliances_supplier_kind_check
                         check (supplier_kind in ('education_body', 'trading_company')),
    bank_account_name    text not null default '',
    bank_sort_code       text not null default '',
    bank_account_number  text not null default '',
    timezone             text not null default 'Europe/London',
    year_start_month     smallint not null default 9
                         constraint alliances_year_start_month_check check (year_start_month between 1 and 12),
    payment_terms_days   smallint not null default 30
                         constraint alliances_payment_terms_check check (payment_terms_days between 0 and 120),
    invoice_prefix       text not null default 'INV-'
                         constraint alliances_invoice_prefix_check check (char_length(invoice_prefix) between 0 and 12),
    credit_prefix        text not null default 'CN-'
                         constraint alliances_credit_prefix_check check (char_length(credit_prefix) between 0 and 12),
    -- Local words: {"alliance": "...", "member": "...", "strand": "..."}.
    wording              jsonb not null default '{}'::jsonb,
    created_at           timestamptz not null
);

create table strands (
    alliance_id uuid not null constraint strands_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    name        text not null,
    position    smallint not null,
    constraint strands_pkey primary key (alliance_id, id),
    constraint strands_name_key unique (alliance_id, name)
);

-- Ranges of dates, both ends included, on which schools are closed: due dates and reminders keep off them.
create table closures (
    alliance_id uuid not null constraint closures_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    name        text not null,
    starts_on   date not null,
    ends_on     date not null,
    constraint closures_pkey primary key (alliance_id, id),
    constraint closures_range_check check (ends_on >= starts_on)
);
create index closures_by_date on closures (alliance_id, starts_on);

-- Whoever settles invoices: a school, a trust, a local authority.
create table payers (
    alliance_id        uuid not null constraint payers_alliance_fkey references alliances (alliance_id),
    id                 uuid not null,
    kind               text not null constraint payers_kind_check check (kind in ('school', 'trust', 'authority', 'other')),
    legal_name         text not null constraint payers_legal_name_check check (char_length(legal_name) between 1 and 300),
    address            text not null,
    -- The accounts-payable mailbox, distinct from the head's.
    accounts_email     text constraint payers_accounts_email_check check (accounts_email = lower(accounts_email)),
    purchase_order     text not null default 'requested'
                       constraint payers_purchase_order_check check (purchase_order in ('required', 'requested', 'none')),
    created_at         timestamptz not null,
    constraint payers_pkey primary key (alliance_id, id)
);
create index payers_by_name on payers (alliance_id, legal_name, id);

-- A continuing member, whatever its legal form. Dated: left_on is the last day of membership.
create table members (
    alliance_id uuid not null constraint members_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    name        text not null constraint members_name_check check (char_length(name) between 1 and 300),
    -- Today's URN; null for a member outside the register.
    urn         integer,
    phase       text not null constraint members_phase_check
                check (phase in ('nursery', 'infant', 'junior', 'primary', 'secondary', 'all_through', 'special', 'sixteen_plus', 'other')),
    payer_id    uuid not null,
    joined_on   date not null,
    left_on     date,
    created_at  timestamptz not null,
    constraint members_pkey primary key (alliance_id, id),
    constraint members_payer_fkey foreign key (alliance_id, payer_id) references payers (alliance_id, id),
    constraint members_dates_check check (left_on is null or left_on >= joined_on)
);
-- One current membership a school.
create unique index members_urn_key on members (alliance_id, urn) where left_on is null;
create index members_by_name on members (alliance_id, name, id);
create index members_by_payer on members (alliance_id, payer_id);

-- A roll that a person decided, for a school whose register entry has none or an old one.
create table member_rolls (
    alliance_id uuid not null constraint member_rolls_alliance_fkey references alliances (alliance_id),
    member_id   uuid not null,
    census_date date not null,
    pupils      integer not null constraint member_rolls_pupils_check check (pupils between 0 and 20000),
    source      text not null,
    recorded_at timestamptz not null,
    constraint member_rolls_pkey primary key (alliance_id, member_id, census_date),
    constraint member_rolls_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id)
);

do $$
declare t text;
begin
    foreach t in array array['alliances', 'strands', 'closures', 'payers', 'members', 'member_rolls'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to ensemble_app
            using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
            with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)$p$, t);
    end loop;
end
$$;
grant select, update on alliances to ensemble_app;
grant select, insert, update, delete on strands, closures to ensemble_app;
grant select, insert, update on payers, members, member_rolls to ensemble_app;

-- The machine role finds alliances by their address and makes new ones; it reads nothing inside them.
create policy machine on alliances to ensemble_machine using (true) with check (true);
grant select, insert on alliances to ensemble_machine;
