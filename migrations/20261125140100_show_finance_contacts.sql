-- Whoever is a payer's finance contact sees the money of the members that it pays for: known when they enter, before
-- any alliance is named.
create policy machine on payers to ensemble_machine using (true);
create policy machine on members to ensemble_machine using (true);
grant select (alliance_id, id, finance_contact_id) on payers to ensemble_machine;
grant select (alliance_id, id, payer_id) on members to ensemble_machine;
