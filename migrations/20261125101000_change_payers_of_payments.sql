-- A payment that was put down to the wrong payer gets another. The payment stands as it was received; each change is a
-- row of its own, only ever inserted, and the last tells whose the payment is. They are counted rather than told apart by
-- their times: clocks of two gateways differ.

create table payment_payers (
    alliance_id   uuid not null constraint payment_payers_alliance_fkey references alliances (alliance_id),
    payment_id    uuid not null,
    nth           integer not null constraint payment_payers_nth_check check (nth > 0),
    from_payer_id uuid,
    to_payer_id   uuid,
    reason        text not null constraint payment_payers_reason_check check (char_length(reason) between 1 and 300),
    changed_by    uuid,
    changed_at    timestamptz not null,
    constraint payment_payers_pkey primary key (alliance_id, payment_id, nth),
    constraint payment_payers_payment_fkey foreign key (alliance_id, payment_id) references payments (alliance_id, id),
    constraint payment_payers_from_fkey foreign key (alliance_id, from_payer_id) references payers (alliance_id, id),
    constraint payment_payers_to_fkey foreign key (alliance_id, to_payer_id) references payers (alliance_id, id),
    constraint payment_payers_person_fkey foreign key (alliance_id, changed_by) references people (alliance_id, id)
);
alter table payment_payers enable row level security;
alter table payment_payers force row level security;
create policy tenant on payment_payers to ensemble_app
    using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
    with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid);
grant select, insert on payment_payers to ensemble_app;

-- What became of each payment, and whose it is: the one place that adds these up.
create or replace view payment_balances with (security_invoker = true) as
select p.alliance_id, p.id as payment_id,
       coalesce(allocated.pence, 0)::bigint as allocated_pence,
       coalesce(refunded.pence, 0)::bigint as refunded_pence,
       case when r.payment_id is null then p.pence - coalesce(allocated.pence, 0) - coalesce(refunded.pence, 0)
            else 0 end::bigint as free_pence,
       r.payment_id is not null as is_reversed,
       r.reason as reversal_reason,
       case when changed.nth is null then p.payer_id else changed.to_payer_id end as payer_id
from payments p
left join payment_reversals r on r.alliance_id = p.alliance_id and r.payment_id = p.id
left join lateral (select c.nth, c.to_payer_id from payment_payers c
                   where c.alliance_id = p.alliance_id and c.payment_id = p.id
                   order by c.nth desc limit 1) changed on true
left join lateral (select sum(a.pence) as pence from allocations a
                   where a.alliance_id = p.alliance_id and a.payment_id = p.id) allocated on true
left join lateral (select sum(f.pence) as pence from refunds f
                   where f.alliance_id = p.alliance_id and f.payment_id = p.id
                     and not exists (select from refund_reversals x
                                     where x.alliance_id = f.alliance_id and x.refund_id = f.id)) refunded on true;
