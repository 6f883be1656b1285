-- A process asks at start and for its health whether the schema is the one that it was built for. The migrator makes
-- this table, as the owner.
grant select (version, checksum, success) on _sqlx_migrations to ensemble_machine;
