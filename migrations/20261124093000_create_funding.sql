-- From a year's budget to the money in the bank. What was issued, received or credited is only ever inserted:
-- ensemble_app holds no right to update or delete it, so an issued invoice cannot change even by mistake.
-- Sums are derived from these rows and stored nowhere.

create table budgets (
    alliance_id uuid not null constraint budgets_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    -- "2026-27"
    label       text not null constraint budgets_label_check check (char_length(label) between 1 and 40),
    starts_on   date not null,
    ends_on     date not null,
    -- The formula as data; its shape carries a version.
    formula     jsonb not null,
    state       text not null constraint budgets_state_check check (state in ('draft', 'agreed')),
    agreed_at   timestamptz,
    agreed_by   uuid,
    created_at  timestamptz not null,
    constraint budgets_pkey primary key (alliance_id, id),
    constraint budgets_label_key unique (alliance_id, label),
    constraint budgets_dates_check check (ends_on > starts_on),
    constraint budgets_agreed_by_fkey foreign key (alliance_id, agreed_by) references people (alliance_id, id)
);
create index budgets_by_date on budgets (alliance_id, starts_on desc);

create table budget_lines (
    alliance_id uuid not null constraint budget_lines_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    budget_id   uuid not null,
    position    smallint not null,
    description text not null constraint budget_lines_description_check check (char_length(description) between 1 and 300),
    pence       bigint not null,
    constraint budget_lines_pkey primary key (alliance_id, id),
    constraint budget_lines_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id) on delete cascade
);
create index budget_lines_by_budget on budget_lines (alliance_id, budget_id, position);

-- What a member offers in place of money, at an agreed value.
create table in_kind_offers (
    alliance_id uuid not null constraint in_kind_offers_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    budget_id   uuid not null,
    member_id   uuid not null,
    description text not null,
    pence       bigint not null constraint in_kind_offers_pence_check check (pence > 0),
    constraint in_kind_offers_pkey primary key (alliance_id, id),
    constraint in_kind_offers_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id) on delete cascade,
    constraint in_kind_offers_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id)
);
create index in_kind_offers_by_budget on in_kind_offers (alliance_id, budget_id);

-- A purchase order number that a payer gave for a budget's year.
create table purchase_orders (
    alliance_id uuid not null constraint purchase_orders_alliance_fkey references alliances (alliance_id),
    payer_id    uuid not null,
    budget_id   uuid not null,
    number      text not null constraint purchase_orders_number_check check (char_length(number) between 1 and 40),
    given_at    timestamptz not null,
    constraint purchase_orders_pkey primary key (alliance_id, payer_id, budget_id),
    constraint purchase_orders_payer_fkey foreign key (alliance_id, payer_id) references payers (alliance_id, id),
    constraint purchase_orders_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id) on delete cascade
);

-- Each member's share, frozen when the budget is agreed: the roll it used, whose census that is, each step.
create table shares (
    alliance_id uuid not null constraint shares_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    budget_id   uuid not null,
    member_id   uuid not null,
    pence       bigint not null constraint shares_pence_check check (pence >= 0),
    pupils      integer,
    census_date date,
    census_source text,
    steps       jsonb not null,
    explanation text not null,
    constraint shares_pkey primary key (alliance_id, id),
    constraint shares_member_key unique (alliance_id, budget_id, member_id),
    constraint shares_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id),
    constraint shares_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id)
);
create index shares_by_member on shares (alliance_id, member_id);

-- The next number of each of an alliance's series. The row is locked until the numbers drawn are committed, so a
-- series has no gaps and no doubles even when two runs are issued at once.
create table number_series (
    alliance_id uuid not null constraint number_series_alliance_fkey references alliances (alliance_id),
    series      text not null constraint number_series_series_check check (series in ('invoice', 'credit_note')),
    next        bigint not null constraint number_series_next_check check (next > 0),
    constraint number_series_pkey primary key (alliance_id, series)
);

create table invoice_runs (
    alliance_id uuid not null constraint invoice_runs_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    budget_id   uuid not null,
    issued_on   date not null,
    due_on      date not null,
    issued_by   uuid,
    created_at  timestamptz not null,
    constraint invoice_runs_pkey primary key (alliance_id, id),
    constraint invoice_runs_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id),
    constraint invoice_runs_issued_by_fkey foreign key (alliance_id, issued_by) references people (alliance_id, id)
);
create index invoice_runs_by_budget on invoice_runs (alliance_id, budget_id);

create table invoices (
    alliance_id    uuid not null constraint invoices_alliance_fkey references alliances (alliance_id),
    id             uuid not null,
    run_id         uuid not null,
    budget_id      uuid not null,
    member_id      uuid not null,
    payer_id       uuid not null,
    sequence       bigint not null,
    number         text not null,
    issued_on      date not null,
    due_on         date not null,
    period_start   date not null,
    period_end     date not null,
    -- What was printed, frozen: the letterhead, and the payer's name and address.
    letterhead     jsonb not null,
    bill_to_name   text not null,
    bill_to_address text not null,
    member_name    text not null,
    member_urn     integer,
    purchase_order text,
    requested_by   text,
    explanation    text not null,
    prepayment_note text,
    net_pence      bigint not null,
    vat_pence      bigint not null,
    gross_pence    bigint not null,
    created_at     timestamptz not null,
    constraint invoices_pkey primary key (alliance_id, id),
    constraint invoices_number_key unique (alliance_id, number),
    constraint invoices_sequence_key unique (alliance_id, sequence),
    constraint invoices_member_key unique (alliance_id, run_id, member_id),
    constraint invoices_run_fkey foreign key (alliance_id, run_id) references invoice_runs (alliance_id, id),
    constraint invoices_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id),
    constraint invoices_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id),
    constraint invoices_payer_fkey foreign key (alliance_id, payer_id) references payers (alliance_id, id),
    constraint invoices_sum_check check (gross_pence = net_pence + vat_pence and gross_pence > 0)
);
create index invoices_by_due on invoices (alliance_id, due_on, id);
create index invoices_by_member on invoices (alliance_id, member_id, issued_on desc);
create index invoices_by_payer on invoices (alliance_id, payer_id, issued_on desc);
create index invoices_by_budget on invoices (alliance_id, budget_id, member_id);

create table invoice_lines (
    alliance_id  uuid not null constraint invoice_lines_alliance_fkey references alliances (alliance_id),
    invoice_id   uuid not null,
    position     smallint not null,
    description  text not null,
    quantity     integer not null constraint invoice_lines_quantity_check check (quantity > 0),
    unit_pence   bigint not null,
    net_pence    bigint not null,
    vat_code     text not null constraint invoice_lines_vat_code_check
                 check (vat_code in ('exempt', 'outside_scope', 'zero', 'standard')),
    vat_basis_points integer not null,
    vat_reason   text not null,
    vat_pence    bigint not null,
    constraint invoice_lines_pkey primary key (alliance_id, invoice_id, position),
    constraint invoice_lines_invoice_fkey foreign key (alliance_id, invoice_id) references invoices (alliance_id, id),
    constraint invoice_lines_net_check check (net_pence = quantity * unit_pence)
);

-- Whether an invoice is chased. The newest row counts; none means it is chased as usual.
create table chasing_decisions (
    alliance_id uuid not null constraint chasing_decisions_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    invoice_id  uuid not null,
    state       text not null constraint chasing_decisions_state_check check (state in ('chased', 'held', 'disputed')),
    reason      text not null,
    decided_by  uuid,
    decided_at  timestamptz not null,
    constraint chasing_decisions_pkey primary key (alliance_id, id),
    constraint chasing_decisions_invoice_fkey foreign key (alliance_id, invoice_id) references invoices (alliance_id, id),
    constraint chasing_decisions_person_fkey foreign key (alliance_id, decided_by) references people (alliance_id, id)
);
create index chasing_decisions_by_invoice on chasing_decisions (alliance_id, invoice_id, decided_at desc, id desc);

create table credit_notes (
    alliance_id uuid not null constraint credit_notes_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    invoice_id  uuid not null,
    sequence    bigint not null,
    number      text not null,
    issued_on   date not null,
    reason      text not null,
    net_pence   bigint not null,
    vat_pence   bigint not null,
    gross_pence bigint not null,
    issued_by   uuid,
    created_at  timestamptz not null,
    constraint credit_notes_pkey primary key (alliance_id, id),
    constraint credit_notes_number_key unique (alliance_id, number),
    constraint credit_notes_sequence_key unique (alliance_id, sequence),
    constraint credit_notes_invoice_fkey foreign key (alliance_id, invoice_id) references invoices (alliance_id, id),
    constraint credit_notes_person_fkey foreign key (alliance_id, issued_by) references people (alliance_id, id),
    constraint credit_notes_sum_check check (gross_pence = net_pence + vat_pence and gross_pence > 0)
);
create index credit_notes_by_invoice on credit_notes (alliance_id, invoice_id);

-- A bank statement file that was read. The same line is taken once, whichever file it comes in.
create table bank_imports (
    alliance_id uuid not null constraint bank_imports_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    file_name   text not null,
    imported_by uuid,
    imported_at timestamptz not null,
    constraint bank_imports_pkey primary key (alliance_id, id),
    constraint bank_imports_person_fkey foreign key (alliance_id, imported_by) references people (alliance_id, id)
);

create table payments (
    alliance_id uuid not null constraint payments_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    received_on date not null,
    pence       bigint not null constraint payments_pence_check check (pence > 0),
    payer_id    uuid,
    payer_text  text not null,
    reference   text not null,
    method      text not null constraint payments_method_check check (method in ('bacs', 'cheque', 'card', 'journal', 'other')),
    import_id   uuid,
    -- Tells a bank line from another; equal lines within one file are counted.
    bank_line   bytea,
    recorded_by uuid,
    created_at  timestamptz not null,
    constraint payments_pkey primary key (alliance_id, id),
    constraint payments_bank_line_key unique (alliance_id, bank_line),
    constraint payments_payer_fkey foreign key (alliance_id, payer_id) references payers (alliance_id, id),
    constraint payments_import_fkey foreign key (alliance_id, import_id) references bank_imports (alliance_id, id),
    constraint payments_person_fkey foreign key (alliance_id, recorded_by) references people (alliance_id, id)
);
create index payments_by_date on payments (alliance_id, received_on desc, id desc);

-- A payment set against an invoice; a reversal is a further row with the opposite sum.
create table allocations (
    alliance_id  uuid not null constraint allocations_alliance_fkey references alliances (alliance_id),
    id           uuid not null,
    payment_id   uuid not null,
    invoice_id   uuid not null,
    pence        bigint not null constraint allocations_pence_check check (pence <> 0),
    reverses_id  uuid,
    reason       text not null default '',
    allocated_by uuid,
    created_at   timestamptz not null,
    constraint allocations_pkey primary key (alliance_id, id),
    constraint allocations_reverses_key unique (alliance_id, reverses_id),
    constraint allocations_reversal_check check ((reverses_id is null) = (pence > 0)),
    constraint allocations_payment_fkey foreign key (alliance_id, payment_id) references payments (alliance_id, id),
    constraint allocations_invoice_fkey foreign key (alliance_id, invoice_id) references invoices (alliance_id, id),
    constraint allocations_reverses_fkey foreign key (alliance_id, reverses_id) references allocations (alliance_id, id),
    constraint allocations_person_fkey foreign key (alliance_id, allocated_by) references people (alliance_id, id)
);
create index allocations_by_payment on allocations (alliance_id, payment_id);
create index allocations_by_invoice on allocations (alliance_id, invoice_id);

-- Rendered files in the object store, by what they show.
create table documents (
    alliance_id uuid not null constraint documents_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    kind        text not null constraint documents_kind_check check (kind in ('invoice', 'credit_note')),
    subject_id  uuid not null,
    store_key   text not null,
    sha256      bytea not null,
    bytes       integer not null,
    rendered_at timestamptz not null,
    constraint documents_pkey primary key (alliance_id, id),
    constraint documents_subject_key unique (alliance_id, kind, subject_id)
);

-- When payers are reminded, in days from the due date (before it: negative).
create table reminder_levels (
    alliance_id   uuid not null constraint reminder_levels_alliance_fkey references alliances (alliance_id),
    days_from_due smallint not null constraint reminder_levels_days_check check (days_from_due between -60 and 365),
    constraint reminder_levels_pkey primary key (alliance_id, days_from_due)
);

-- What each school gave and gained. Append-only; a mistake is answered by a further entry.
create table ledger_entries (
    alliance_id uuid not null constraint ledger_entries_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    member_id   uuid not null,
    occurred_on date not null,
    direction   text not null constraint ledger_entries_direction_check check (direction in ('gave', 'gained')),
    -- Hundredths of a day, whole places, or pence.
    unit        text not null constraint ledger_entries_unit_check check (unit in ('days', 'places', 'pence')),
    quantity    bigint not null,
    kind        text not null,
    note        text not null default '',
    -- What it follows from, so that one cause makes one entry.
    source_id   uuid,
    created_at  timestamptz not null,
    constraint ledger_entries_pkey primary key (alliance_id, id),
    constraint ledger_entries_source_key unique (alliance_id, kind, source_id),
    constraint ledger_entries_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id)
);
create index ledger_entries_by_member on ledger_entries (alliance_id, member_id, occurred_on desc, id desc);

-- A money or send mutation that was made once: the same key gives the same answer, another input is refused.
create table idempotency_keys (
    alliance_id  uuid not null constraint idempotency_keys_alliance_fkey references alliances (alliance_id),
    person_id    uuid not null,
    key          text not null constraint idempotency_keys_key_check check (char_length(key) between 1 and 255),
    operation    text not null,
    input_hash   bytea not null,
    -- Id of what was made.
    result_id    uuid not null,
    created_at   timestamptz not null,
    constraint idempotency_keys_pkey primary key (alliance_id, person_id, key),
    constraint idempotency_keys_person_fkey foreign key (alliance_id, person_id) references people (alliance_id, id)
);

-- One mail to one recipient, made once whatever happens: unique by what it is about.
create table deliveries (
    alliance_id    uuid not null constraint deliveries_alliance_fkey references alliances (alliance_id),
    id             uuid not null,
    -- 'invoice_issued', 'invoice_reminder', 'credit_note_issued'
    rule           text not null,
    subject_id     uuid not null,
    recipient      text not null constraint deliveries_recipient_check check (recipient = lower(recipient)),
    reference_date date not null,
    -- Reminders: the level, as days from the due date. Otherwise 0.
    occurrence     smallint not null,
    -- Who it is about, for lists: the invoice's member.
    member_id      uuid not null,
    state          text not null constraint deliveries_state_check
                   check (state in ('waiting', 'sending', 'sent', 'refused', 'unknown', 'withdrawn')),
    attempts       smallint not null default 0,
    leased_until   timestamptz,
    message_id     text not null,
    mail_subject   text,
    last_reply     text,
    created_at     timestamptz not null,
    sent_at        timestamptz,
    constraint deliveries_pkey primary key (alliance_id, id),
    constraint deliveries_effect_key unique (alliance_id, rule, subject_id, recipient, reference_date, occurrence),
    constraint deliveries_message_id_key unique (alliance_id, message_id),
    constraint deliveries_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id)
);
create index deliveries_by_time on deliveries (alliance_id, created_at desc, id desc);
create index deliveries_by_subject on deliveries (alliance_id, subject_id);

-- The development mailbox: where mails land when no SMTP server is named.
create table development_mails (
    id         uuid not null constraint development_mails_pkey primary key,
    sent_at    timestamptz not null,
    sender     text not null,
    recipients text not null,
    subject    text not null,
    body_text  text not null,
    body_html  text not null,
    attachments jsonb not null,
    message_id text not null
);
create index development_mails_by_time on development_mails (sent_at desc, id desc);
alter table development_mails enable row level security;
alter table development_mails force row level security;
create policy machine on development_mails to ensemble_machine using (true) with check (true);
grant select, insert, delete on development_mails to ensemble_machine;

do $$
declare t text;
begin
    foreach t in array array['budgets', 'budget_lines', 'in_kind_offers', 'purchase_orders', 'shares', 'number_series',
        'invoice_runs', 'invoices', 'invoice_lines', 'chasing_decisions', 'credit_notes', 'bank_imports', 'payments',
        'allocations', 'documents', 'reminder_levels', 'ledger_entries', 'idempotency_keys', 'deliveries'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to ensemble_app
            using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
            with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)$p$, t);
        execute format('grant select, insert on %I to ensemble_app', t);
    end loop;
end
$$;
grant update, delete on budgets, budget_lines, in_kind_offers, purchase_orders, reminder_levels to ensemble_app;
grant update (next) on number_series to ensemble_app;
-- A budget may be sent back to draft only while nothing was issued from it; its shares go then.
grant delete on shares to ensemble_app;
grant update (state, attempts, leased_until, mail_subject, last_reply, sent_at) on deliveries to ensemble_app;

-- What is still owed on each invoice, and whether it is asked for: the one place that adds these up.
create view invoice_balances with (security_invoker = true) as
select i.alliance_id, i.id as invoice_id,
       coalesce(credited.pence, 0)::bigint as credited_pence,
       coalesce(received.pence, 0)::bigint as received_pence,
       (i.gross_pence - coalesce(credited.pence, 0) - coalesce(received.pence, 0))::bigint as outstanding_pence,
       coalesce(decision.state, 'chased') as chasing,
       decision.reason as chasing_reason
from invoices i
left join lateral (select sum(c.gross_pence) as pence from credit_notes c
                   where c.alliance_id = i.alliance_id and c.invoice_id = i.id) credited on true
left join lateral (select sum(a.pence) as pence from allocations a
                   where a.alliance_id = i.alliance_id and a.invoice_id = i.id) received on true
left join lateral (select d.state, d.reason from chasing_decisions d
                   where d.alliance_id = i.alliance_id and d.invoice_id = i.id
                   order by d.decided_at desc, d.id desc limit 1) decision on true;
grant select on invoice_balances to ensemble_app;
