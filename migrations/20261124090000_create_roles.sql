-- The logins' roles. Roles belong to the whole server, so a second database finds them there already.
-- Neither owns anything and neither may bypass row-level security. In production, logins are members of these
-- roles (deploy/README.md); the embedded server logs in as them over its private socket.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['ensemble_app', 'ensemble_machine'] loop
        begin
            execute format('create role %I login nosuperuser nobypassrls nocreatedb nocreaterole noinherit', wanted);
        exception
            -- Two databases of one server may be set up at the same moment: either error means it is there by now.
            when duplicate_object or unique_violation then null;
        end;
    end loop;
end
$$;

revoke all on schema public from public;
grant usage on schema public to ensemble_app, ensemble_machine;
