# Sourced by the scripts here: finds the Postgres server programs, and starts a throw-away server.

# The folder of the newest server programs.
postgres_bin() {
    local bin
    for bin in $(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin 2>/dev/null | sort -rV) \
        "$(pg_config --bindir 2>/dev/null || true)" "$(dirname "$(command -v postgres || echo /postgres)")"; do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
            echo "$bin"
            return
        fi
    done
    echo "No Postgres server programs on this machine: deploy/up or tests/run installs them." >&2
    return 1
}

# Postgres refuses root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid postgres --regid postgres --clear-groups "$@"
    else
        "$@"
    fi
}

# Starts a server in the new folder $1, which must be reachable for everybody (below /tmp, say). Its socket is
# there too; its superuser is `owner`.
start_postgres() {
    local folder=$1 bin
    bin=$(postgres_bin)
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    (
        cd "$folder"
        as_postgres "$bin/initdb" --pgdata="$folder/data" --username=owner --auth=trust --encoding=UTF8 --locale=C \
            --locale-provider=icu --icu-locale=en-GB --no-sync >"$folder/initdb.log"
        as_postgres "$bin/pg_ctl" start --pgdata="$folder/data" --log="$folder/data/log" --wait --silent \
            --options="-c listen_addresses= -k $folder -c fsync=off -c max_connections=400 \
            -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track_utility=off \
            -c pg_stat_statements.max=50000"
    )
}

# Stops the server of the folder $1, and removes the folder.
remove_postgres() {
    local folder=$1
    (cd "$folder" && as_postgres "$(postgres_bin)/pg_ctl" stop --pgdata="$folder/data" --mode=immediate --silent) || true
    rm -rf "$folder"
}
