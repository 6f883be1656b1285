-- What a year's contributions are for VAT: a part of common costs, as until now, or the price of services.

set local lock_timeout = '3s';
alter table budgets add column contributions_are text not null default 'shared_costs';
alter table budgets add constraint budgets_contributions_are_check
    check (contributions_are in ('shared_costs', 'services')) not valid;
