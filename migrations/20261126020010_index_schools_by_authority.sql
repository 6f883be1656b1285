-- no-transaction
create index concurrently schools_by_authority on schools (local_authority_code, name, urn);
