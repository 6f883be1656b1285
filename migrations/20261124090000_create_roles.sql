-- The logins' roles. Roles belong to the whole server, so a second database finds them there already.
-- Neither owns anything and neither may bypass row-level security. In production, logins are members of these
-- roles (deploy/README.md); the embedded server logs in as them over its private socket.
do $$
begin
    -- Two databases of one server may be set up at the same time.
    perform pg_advisory_xact_lock(726549032);
    if not exists (select from pg_roles where rolname = 'ensemble_app') then
        create role ensemble_app login nosuperuser nobypassrls nocreatedb nocreaterole noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'ensemble_machine') then
        create role ensemble_machine login nosuperuser nobypassrls nocreatedb nocreaterole noinherit;
    end if;
end
$$;

revoke all on schema public from public;
grant usage on schema public to ensemble_app, ensemble_machine;
