//! SQL that asks a server and a login what they are. What answers may be older than this program, or not ours at all: so
//! nothing here is checked against our schema beforehand.

use sqlx::PgConnection;

/// What a login may do whatever it is a member of.
#[derive(sqlx::FromRow)]
pub(super) struct Rights {
    pub(super) bypasses_row_security: bool,
    pub(super) owns_tables: bool,
}

/// Of the login that is connected.
pub(super) async fn rights(connection: &mut PgConnection) -> Result<Rights, sqlx::Error> {
    sqlx::query_as(
        "select rolsuper or rolbypassrls as bypasses_row_security,
                exists (select from pg_class where pg_has_role(current_user, relowner, 'member')
                        and relnamespace = 'public'::regnamespace) as owns_tables
         from pg_roles where rolname = current_user",
    )
    .fetch_one(connection)
    .await
}

/// Whether the login that is connected has what the role gives: `member` for at all, `usage` for without asking for it.
pub(super) async fn has_role(
    connection: &mut PgConnection,
    role: &str,
    how: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_has_role(current_user, $1::name, $2)")
        .bind(role)
        .bind(how)
        .fetch_one(connection)
        .await
}

/// The server's version, as `150018`.
pub(super) async fn server_version(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select current_setting('server_version_num')::integer").fetch_one(connection).await
}

/// The migrations that have run: version and checksum.
pub(super) async fn applied_migrations(
    connection: &mut PgConnection,
) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    sqlx::query_as("select version, checksum from _sqlx_migrations where success").fetch_all(connection).await
}
