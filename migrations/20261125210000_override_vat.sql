-- How VAT treats one member's line of a year, where finance says otherwise than the rules would. Each decision is a row of its
-- own, only ever inserted, and the last holds; without a treatment the rules apply again. What was issued keeps its own.
set local lock_timeout = '3s';

create table vat_overrides (
    alliance_id uuid not null constraint vat_overrides_alliance_fkey references alliances (alliance_id),
    budget_id   uuid not null,
    member_id   uuid not null,
    nth         integer not null constraint vat_overrides_nth_check check (nth > 0),
    vat_code    text constraint vat_overrides_vat_code_check
                check (vat_code in ('exempt', 'outside_scope', 'zero', 'standard')),
    reason      text not null constraint vat_overrides_reason_check check (char_length(reason) between 1 and 300),
    decided_by  uuid,
    decided_at  timestamptz not null,
    constraint vat_overrides_pkey primary key (alliance_id, budget_id, member_id, nth),
    constraint vat_overrides_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id),
    constraint vat_overrides_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id),
    constraint vat_overrides_person_fkey foreign key (alliance_id, decided_by) references people (alliance_id, id)
);
alter table vat_overrides enable row level security;
alter table vat_overrides force row level security;
create policy tenant on vat_overrides to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on vat_overrides to ensemble_app;

create trigger audit_insert after insert on vat_overrides referencing new table as audit_new
    for each statement execute function audit_rows('budget_id,member_id,nth');
create trigger audit_update after update on vat_overrides referencing old table as audit_old new table as audit_new
    for each statement execute function audit_rows('budget_id,member_id,nth');
create trigger audit_delete after delete on vat_overrides referencing old table as audit_old
    for each statement execute function audit_rows('budget_id,member_id,nth');
