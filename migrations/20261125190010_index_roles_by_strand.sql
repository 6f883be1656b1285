-- no-transaction
create index concurrently role_grants_by_strand on role_grants (alliance_id, strand_id);
