-- Who at the payer placed the order, as invoices print it: some councils return an invoice that does not say.
alter table purchase_orders add column requested_by text
    constraint purchase_orders_requested_by_check check (char_length(requested_by) between 1 and 120);
