-- What is decided about the steps by which an alliance is set up: who sees to one, and which are not needed. Whether a step
-- is done is never written down: what it leaves behind says so.
create table set_up_tasks (
    alliance_id  uuid not null constraint set_up_tasks_alliance_fkey references alliances (alliance_id),
    task         text not null constraint set_up_tasks_task_check
                 check (task in ('lead_school', 'members', 'invitations', 'bank_account', 'vat', 'wording', 'term_dates',
                                 'first_budget')),
    -- Null is whoever founded the alliance.
    owner_id     uuid,
    is_set_aside boolean not null default false,
    constraint set_up_tasks_pkey primary key (alliance_id, task),
    constraint set_up_tasks_owner_fkey foreign key (alliance_id, owner_id) references people (alliance_id, id)
);
create index set_up_tasks_by_owner on set_up_tasks (alliance_id, owner_id);

alter table set_up_tasks enable row level security;
alter table set_up_tasks force row level security;
create policy tenant on set_up_tasks to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on set_up_tasks to ensemble_app;
grant update (owner_id, is_set_aside) on set_up_tasks to ensemble_app;

create trigger audit_insert after insert on set_up_tasks referencing new table as audit_new
    for each statement execute function audit_rows('task');
create trigger audit_update after update on set_up_tasks referencing old table as audit_old new table as audit_new
    for each statement execute function audit_rows('task');
create trigger audit_delete after delete on set_up_tasks referencing old table as audit_old
    for each statement execute function audit_rows('task');
