-- An alliance may be run by a body that is not registered for VAT.
set local lock_timeout = '3s';
alter table alliances drop constraint alliances_supplier_kind_check;
alter table alliances add constraint alliances_supplier_kind_check
    check (supplier_kind in ('education_body', 'trading_company', 'not_registered')) not valid;
