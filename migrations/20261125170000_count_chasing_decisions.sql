-- Decisions about asking for an invoice's money are counted rather than told apart by their times: clocks of two gateways
-- differ. Those that are there keep their order. A release from now every row has its count.

set local lock_timeout = '3s';
alter table chasing_decisions add column nth integer;
alter table chasing_decisions add constraint chasing_decisions_nth_check check (nth > 0);
-- The owner sees the rows of all alliances for as long as this takes; nobody else sees the table meanwhile.
alter table chasing_decisions no force row level security;
update chasing_decisions d set nth = counted.nth
from (select alliance_id, id,
             row_number() over (partition by alliance_id, invoice_id order by decided_at, id) as nth
      from chasing_decisions) counted
where d.alliance_id = counted.alliance_id and d.id = counted.id;
alter table chasing_decisions force row level security;

create or replace view invoice_balances with (security_invoker = true) as
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
-- The program before this one goes on for a while and counts nothing: its rows stand where their time puts them.
left join lateral (select d.state, d.reason from chasing_decisions d
                   where d.alliance_id = i.alliance_id and d.invoice_id = i.id
                   order by coalesce(d.nth, (select count(*) from chasing_decisions e
                                             where e.alliance_id = d.alliance_id and e.invoice_id = d.invoice_id
                                               and e.decided_at <= d.decided_at)) desc,
                            d.nth is null, d.decided_at desc, d.id desc
                   limit 1) decision on true;
