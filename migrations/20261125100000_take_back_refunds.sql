-- A refund that was mistyped is taken back, once and whole, and counts for nothing then. Only ever inserted.

create table refund_reversals (
    alliance_id uuid not null constraint refund_reversals_alliance_fkey references alliances (alliance_id),
    refund_id   uuid not null,
    reason      text not null constraint refund_reversals_reason_check check (char_length(reason) between 1 and 300),
    reversed_by uuid,
    reversed_at timestamptz not null,
    constraint refund_reversals_pkey primary key (alliance_id, refund_id),
    constraint refund_reversals_refund_fkey foreign key (alliance_id, refund_id) references refunds (alliance_id, id),
    constraint refund_reversals_person_fkey foreign key (alliance_id, reversed_by) references people (alliance_id, id)
);
alter table refund_reversals enable row level security;
alter table refund_reversals force row level security;
create policy tenant on refund_reversals to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on refund_reversals to ensemble_app;

-- What became of each payment: the one place that adds these up.
create or replace view payment_balances with (security_invoker = true) as
select p.alliance_id, p.id as payment_id,
       coalesce(allocated.pence, 0)::bigint as allocated_pence,
       coalesce(refunded.pence, 0)::bigint as refunded_pence,
       case when r.payment_id is null then p.pence - coalesce(allocated.pence, 0) - coalesce(refunded.pence, 0)
            else 0 end::bigint as free_pence,
       r.payment_id is not null as is_reversed,
       r.reason as reversal_reason
from payments p
left join payment_reversals r on r.alliance_id = p.alliance_id and r.payment_id = p.id
left join lateral (select sum(a.pence) as pence from allocations a
                   where a.alliance_id = p.alliance_id and a.payment_id = p.id) allocated on true
left join lateral (select sum(f.pence) as pence from refunds f
                   where f.alliance_id = p.alliance_id and f.payment_id = p.id
                     and not exists (select from refund_reversals x
                                     where x.alliance_id = f.alliance_id and x.refund_id = f.id)) refunded on true;
