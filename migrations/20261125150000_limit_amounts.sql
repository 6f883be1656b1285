-- No amount that is entered is above £100,000,000: sums of them always fit.

alter table payments add constraint payments_largest_check check (pence <= 10000000000);
alter table refunds add constraint refunds_largest_check check (pence <= 10000000000);
alter table budget_lines add constraint budget_lines_largest_check check (abs(pence) <= 10000000000);
alter table in_kind_offers add constraint in_kind_offers_largest_check check (pence <= 10000000000);
alter table agreed_amounts add constraint agreed_amounts_largest_check check (pence <= 10000000000);
alter table shares add constraint shares_largest_check check (pence <= 10000000000);
