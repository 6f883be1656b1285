#!/bin/sh
# The two logins of a deployment, with passwords. Postgres' official image runs this once, on an empty data directory;
# with a server of your own, run it as a superuser with the same variables. `ensemble migrate` makes the rest.
set -eu
: "${APP_PASSWORD:?is not set: choose one for the login ensemble_app}"
: "${MACHINE_PASSWORD:?is not set: choose one for the login ensemble_machine}"

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=app_password="$APP_PASSWORD" --set=machine_password="$MACHINE_PASSWORD" <<'SQL'
create role ensemble_app login nosuperuser nobypassrls nocreatedb nocreaterole noinherit password :'app_password';
create role ensemble_machine login nosuperuser nobypassrls nocreatedb nocreaterole noinherit password :'machine_password';
SQL
