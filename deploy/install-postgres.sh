# shellcheck shell=bash
# Sourced by deploy/up and tests/run: installs Debian and Ubuntu packages, and Postgres without a system cluster.
# Every step says `|| return` of itself: `set -e` does not reach into a function whose result is looked at.

say() { echo "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "Installing packages needs root: run this as root, or as a user with sudo."
        return 1
    fi
}

# Installs those of the named packages that are missing.
install_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    say "Installing ${missing[*]} ..."
    refresh_package_lists || return
    local log
    log=$(mktemp)
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" \
        >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        say "${missing[*]} could not be installed: run 'apt-get install ${missing[*]}', and start this again."
        return 1
    fi
    rm -f "$log"
}

lists_are_fresh=
refresh_package_lists() {
    if [ -n "$lists_are_fresh" ]; then return; fi
    if ! command -v apt-get >/dev/null; then
        say "This machine has no apt-get: install PostgreSQL 15 or newer and a C compiler in its own way, and start this again."
        return 1
    fi
    # Another source of packages may be broken; what we need may be there all the same.
    as_root apt-get update --quiet=2 >&2 || say "Some package lists could not be refreshed; going on with the ones here."
    lists_are_fresh=yes
}

# Whether the server programs of Postgres 15 or newer are here.
has_postgres() {
    local bin
    for bin in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin \
        "$(pg_config --bindir 2>/dev/null || true)" "$(dirname "$(command -v postgres || echo /none/postgres)")"; do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] &&
            [ "$("$bin/postgres" --version | sed 's/.*(PostgreSQL) \([0-9]*\).*/\1/')" -ge 15 ]; then
            return 0
        fi
    done
    return 1
}

# Installs the newest server programs there are. Debian would make and start a cluster of its own: it is told not to,
# for as long as the installation lasts.
install_postgres() {
    if has_postgres; then return; fi
    refresh_package_lists || return
    local major
    major=$(apt-cache search --names-only '^postgresql-[0-9]+$' | sed 's/^postgresql-\([0-9]*\) .*/\1/' | sort -n | tail -1)
    if [ "${major:-0}" -lt 15 ]; then
        say "Ensemble needs PostgreSQL 15 or newer and this system offers ${major:-none}: add PostgreSQL's own packages" \
            "(https://www.postgresql.org/download/linux/) and start this again."
        return 1
    fi
    local folder=/etc/postgresql-common/createcluster.d no_cluster
    no_cluster=$folder/ensemble-installs.conf
    as_root mkdir -p "$folder" || return
    echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null || return
    local code=0
    install_packages "postgresql-$major" || code=$?
    as_root rm -f "$no_cluster"
    return "$code"
}
