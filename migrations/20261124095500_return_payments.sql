-- A payment that never was, because it was mistyped or bounced, and money that was sent back. Both are only ever inserted.

create table payment_reversals (
    alliance_id uuid not null constraint payment_reversals_alliance_fkey references alliances (alliance_id),
    -- A payment is taken back once, and whole.
    payment_id  uuid not null,
    reason      text not null constraint payment_reversals_reason_check check (char_length(reason) between 1 and 300),
    reversed_by uuid,
    reversed_at timestamptz not null,
    constraint payment_reversals_pkey primary key (alliance_id, payment_id),
    constraint payment_reversals_payment_fkey foreign key (alliance_id, payment_id) references payments (alliance_id, id),
    constraint payment_reversals_person_fkey foreign key (alliance_id, reversed_by) references people (alliance_id, id)
);

create table refunds (
    alliance_id uuid not null constraint refunds_alliance_fkey references alliances (alliance_id),
    id          uuid not null,
    payment_id  uuid not null,
    sent_on     date not null,
    pence       bigint not null constraint refunds_pence_check check (pence > 0),
    reason      text not null constraint refunds_reason_check check (char_length(reason) between 1 and 300),
    refunded_by uuid,
    created_at  timestamptz not null,
    constraint refunds_pkey primary key (alliance_id, id),
    constraint refunds_payment_fkey foreign key (alliance_id, payment_id) references payments (alliance_id, id),
    constraint refunds_person_fkey foreign key (alliance_id, refunded_by) references people (alliance_id, id)
);
create index refunds_by_payment on refunds (alliance_id, payment_id);

do $$
declare t text;
begin
    foreach t in array array['payment_reversals', 'refunds'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to ensemble_app
            using (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)
            with check (alliance_id = nullif(current_setting('app.alliance_id', true), '')::uuid)$p$, t);
        execute format('grant select, insert on %I to ensemble_app', t);
    end loop;
end
$$;

-- What became of each payment: the one place that adds these up.
create view payment_balances with (security_invoker = true) as
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
                   where f.alliance_id = p.alliance_id and f.payment_id = p.id) refunded on true;
grant select on payment_balances to ensemble_app;
