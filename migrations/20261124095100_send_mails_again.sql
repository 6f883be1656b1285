-- A mail that failed is sent again as a mail of its own, with an id of its own: the earlier one stays as it ended. The key
-- keeps its name, by which the program before this one knows it.
set local lock_timeout = '3s';

-- How often the same mail to the same recipient was made before.
alter table deliveries add column again smallint not null default 0 constraint deliveries_again_check check (again >= 0);
alter table deliveries drop constraint deliveries_effect_key;
alter table deliveries add constraint deliveries_effect_key
    unique (alliance_id, rule, subject_id, recipient, reference_date, occurrence, again);
