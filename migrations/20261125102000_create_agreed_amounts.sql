-- What a budget asks of one member in place of what its formula would give, and why.

create table agreed_amounts (
    alliance_id uuid not null constraint agreed_amounts_alliance_fkey references alliances (alliance_id),
    budget_id   uuid not null,
    member_id   uuid not null,
    pence       bigint not null constraint agreed_amounts_pence_check check (pence >= 0),
    reason      text not null constraint agreed_amounts_reason_check check (char_length(reason) between 1 and 300),
    constraint agreed_amounts_pkey primary key (alliance_id, budget_id, member_id),
    constraint agreed_amounts_budget_fkey foreign key (alliance_id, budget_id) references budgets (alliance_id, id)
        on delete cascade,
    constraint agreed_amounts_member_fkey foreign key (alliance_id, member_id) references members (alliance_id, id)
);
alter table agreed_amounts enable row level security;
alter table agreed_amounts force row level security;
create policy tenant on agreed_amounts to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert, delete on agreed_amounts to ensemble_app;
