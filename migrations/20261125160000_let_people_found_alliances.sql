-- A person founds an alliance by themselves. Until somebody who runs the deployment has confirmed it, it is on trial: its
-- mail goes to its own team only, so that nobody is asked for money in a name that is not theirs.

alter table alliances
    add column founder_id uuid constraint alliances_founder_fkey references accounts (id) on delete set null,
    add column confirmed_at timestamptz;
update alliances set confirmed_at = created_at;

-- An alliance changes its settings, and does not confirm itself.
revoke update on alliances from ensemble_app;
grant update (name, legal_name, address, contact_email, vat_number, supplier_kind, bank_account_name, bank_sort_code,
              bank_account_number, timezone, year_start_month, payment_terms_days, invoice_prefix, credit_prefix, wording)
    on alliances to ensemble_app;
grant update (confirmed_at) on alliances to ensemble_machine;

-- A code that was asked for to found an alliance is mailed to whoever has the address.
alter table sign_in_codes add column to_found boolean not null default false;
