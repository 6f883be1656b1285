-- no-transaction
create unique index concurrently chasing_decisions_nth_key on chasing_decisions (alliance_id, invoice_id, nth);
