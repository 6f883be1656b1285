//! `ensemble doctor`: what is in order, what is not, and what to do about it.

mod repo;

use std::{io::Write, path::Path, time::Duration};

use domain::{
    access::{check_records, unopened_second_steps},
    alliances::deletions::{returned_alliances, tombstones},
    app::{Rng, Secret},
    db::{Db, MIGRATOR},
    jobs::parked_of_deployment,
    text::plural,
};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use object_store::{ObjectStore, ObjectStoreExt, path::Path as StorePath};
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use worker::bodies::stored_tombstones;

use crate::{
    config::{Config, ConfigError, Hidden},
    database::{Database, Logins},
    embedded::{self, OLDEST_MAJOR, Version},
    operator::every_tombstone,
    store,
};

/// A service that takes longer to answer counts as not reachable.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first minor versions in which row-level security holds (CVE-2023-2455, CVE-2024-10976, CVE-2025-8713).
/// Major versions after the last need none.
const PATCHED: [Version; 3] =
    [Version { major: 15, minor: 14 }, Version { major: 16, minor: 10 }, Version { major: 17, minor: 6 }];

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person.
    Text,
    /// One JSON object.
    Json,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    what: &'static str,
    /// What was seen.
    seen: String,
    /// What to do; `None` where it is in order.
    to_do: Option<String>,
}

impl Finding {
    fn fine(what: &'static str, seen: impl Into<String>) -> Self {
        Self { what, seen: seen.into(), to_do: None }
    }

    fn to_do(what: &'static str, seen: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { what, seen: seen.into(), to_do: Some(to_do.into()) }
    }
}

/// Whether nothing needs doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing.
    Fine,
    /// Something.
    NeedsDoing,
}

/// Looks at everything that the configuration names, and writes what it finds. Changes nothing, but for a
/// probe that it puts into the file store and takes out again.
pub async fn doctor(
    config: Result<&Config, &ConfigError>,
    data: &Path,
    format: Format,
    out: &mut impl Write,
) -> std::io::Result<Health> {
    let findings = match config {
        Ok(config) => examine(config, data).await,
        Err(error) => {
            vec![Finding::to_do(
                "configuration",
                error.to_string(),
                "correct it; deploy/env.example explains each",
            )]
        }
    };
    match format {
        Format::Json => writeln!(out, "{}", serde_json::json!({ "findings": findings }))?,
        Format::Text => {
            for Finding { what, seen, to_do } in &findings {
                writeln!(out, "{:<6} {what}: {seen}", if to_do.is_some() { "TO DO" } else { "fine" })?;
                if let Some(to_do) = to_do {
                    writeln!(out, "       -> {to_do}")?;
                }
            }
        }
    }
    let fine = findings.iter().all(|finding| finding.to_do.is_none());
    Ok(if fine { Health::Fine } else { Health::NeedsDoing })
}

async fn examine(config: &Config, data: &Path) -> Vec<Finding> {
    let mut findings = configuration(config);
    if config.database.is_none() && !embedded::exists(data) {
        findings.push(Finding::fine("database", "none yet; the first `ensemble up` makes it"));
    } else {
        match Database::open(config, data).await {
            Ok(database) => {
                let logins = database.logins();
                findings.extend(database_findings(&logins, config.secret_key.as_ref()).await);
                if findings.iter().all(|finding| finding.to_do.is_none()) {
                    findings.push(records(&logins).await);
                    findings.extend(deletions(&logins, config, data).await);
                }
                database.close().await;
            }
            Err(error) => findings.push(Finding::to_do("database", "does not start", error.to_string())),
        }
    }
    // What a deployment lacks was said.
    let said = |what| findings.iter().any(|finding: &Finding| finding.what == what);
    let (mail_said, store_said) = (said("mail"), said("file store"));
    if !mail_said {
        findings.push(mail(config).await);
    }
    if !store_said {
        findings.push(file_store(config, data).await);
    }
    findings.push(redis(config).await);
    findings
}

fn configuration(config: &Config) -> Vec<Finding> {
    let Some(_) = &config.database else {
        return vec![Finding::fine("configuration", "the embedded default, for one machine")];
    };
    let mut findings = Vec::new();
    if config.secret_key.is_none() {
        findings.push(Finding::to_do(
            "secret key",
            "SECRET_KEY is not set",
            "give every process the same; make one with: openssl rand -hex 32",
        ));
    }
    if config.store.is_none() {
        findings.push(Finding::to_do(
            "file store",
            "STORE_URL is not set, so gateways and workers in processes of their own do not start",
            "set it to a place that all of them share, such as file:///var/lib/ensemble/files",
        ));
    }
    if config.mail.smtp.is_none() {
        findings.push(Finding::to_do(
            "mail",
            "SMTP_URL is not set, so no mail leaves, and nobody can sign in from elsewhere",
            "set it to the mail server's address, such as smtps://user:password@smtp.example:465",
        ));
    }
    match &config.http.base_url {
        Some(url) if url.scheme() == "https" && config.http.proxies == 0 => findings.push(Finding::to_do(
            "proxy",
            "BASE_URL is https, so a proxy stands in front, but TRUSTED_PROXIES is 0: everybody looks like the \
             proxy, and shares one limit on attempts to sign in",
            "set TRUSTED_PROXIES to how many proxies add to X-Forwarded-For, mostly 1",
        )),
        Some(url) if url.scheme() == "https" => {}
        Some(_) => findings.push(Finding::to_do(
            "public address",
            "BASE_URL is not https, so sign-ins travel in the open",
            "put a proxy with TLS in front, and set BASE_URL to its https address",
        )),
        None => findings.push(Finding::to_do(
            "public address",
            "BASE_URL is not set, so links in mails lead nowhere",
            "set it to the address that people use, such as https://ensemble.example",
        )),
    }
    if findings.is_empty() {
        findings.push(Finding::fine("configuration", "complete"));
    }
    findings
}

/// A connection, or what was seen and what to do about it.
async fn connect(login: &Hidden) -> Result<PgConnection, (String, String)> {
    match timeout(PATIENCE, PgConnection::connect(login.expose())).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(judge_connection(&error)),
        Err(_) => Err((
            format!("no answer within {} s", PATIENCE.as_secs()),
            "check the host and port, and that this machine may reach them".to_owned(),
        )),
    }
}

fn judge_connection(error: &sqlx::Error) -> (String, String) {
    let (seen, to_do) = match error {
        sqlx::Error::Database(error) => (
            error.message().to_owned(),
            match error.code().as_deref() {
                Some("3D000") => "make the database (createdb), then run: ensemble migrate",
                Some("28P01" | "28000") => {
                    "correct the user and password in the address; `ensemble migrate` makes the roles, and \
                     deploy/README.md says how logins become members of them"
                }
                Some("53300") => "allow more connections on the server, or fewer with DATABASE_CONNECTIONS",
                _ => "see the server's log",
            },
        ),
        sqlx::Error::Io(error) => {
            (error.to_string(), "check the host and port in the address, and that the server runs")
        }
        other => (other.to_string(), "check the address"),
    };
    (seen, to_do.to_owned())
}

async fn database_findings(logins: &Logins, secret_key: Option<&Hidden>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let app = Role { what: "login DATABASE_URL", member_of: "ensemble_app", not_of: "ensemble_machine" };
    let machine =
        Role { what: "login MACHINE_DATABASE_URL", member_of: "ensemble_machine", not_of: "ensemble_app" };
    let (mut reached, mut may_look) = (None, None);
    for (login, role) in [(&logins.app, app), (&logins.machine, machine)] {
        match connect(login).await {
            Ok(mut connection) => {
                findings.push(role.finding(&mut connection).await.unwrap_or_else(|error| {
                    Finding::to_do(role.what, error.to_string(), "run: ensemble migrate")
                }));
                // The list of migrations is not for the login that serves people.
                if role.member_of == machine.member_of {
                    findings.extend(parked(&mut connection).await);
                    if let Some(key) = secret_key {
                        findings.extend(opens(&mut connection, key).await);
                    }
                    may_look = Some(connection);
                } else {
                    reached = Some(connection);
                }
            }
            Err((seen, to_do)) => findings.push(Finding::to_do(role.what, seen, to_do)),
        }
    }
    // Where the roles are not there yet, only the owner reaches the server.
    if let Some(owner) = &logins.owner {
        match connect(owner).await {
            Ok(connection) => may_look = Some(connection),
            Err((seen, to_do)) => findings.push(Finding::to_do("login OWNER_DATABASE_URL", seen, to_do)),
        }
    }
    if let Some(connection) = may_look.as_mut().or(reached.as_mut()) {
        findings.push(version(connection).await);
    }
    if let Some(connection) = &mut may_look {
        findings.push(migrations(connection).await);
    }
    findings
}

/// What a login must be.
#[derive(Clone, Copy)]
struct Role {
    what: &'static str,
    member_of: &'static str,
    not_of: &'static str,
}

impl Role {
    async fn finding(&self, connection: &mut PgConnection) -> Result<Finding, sqlx::Error> {
        let Self { what, member_of, not_of } = *self;
        let rights = repo::rights(connection).await?;
        let wrong = if rights.bypasses_row_security {
            Some(("it may bypass row-level security", "alter role … nosuperuser nobypassrls"))
        } else if rights.owns_tables {
            Some((
                "it owns tables, so it may switch row-level security off",
                "let the owner's login own them",
            ))
        } else if repo::has_role(connection, not_of, "member").await? {
            Some(("it is a member of the other role too", "revoke that role from it"))
        } else if !repo::has_role(connection, member_of, "usage").await? {
            Some(("it is not a member of its role, with its rights inherited", "grant its role to it"))
        } else {
            None
        };
        Ok(match wrong {
            None => {
                Finding::fine(what, format!("a member of {member_of} that owns nothing and bypasses nothing"))
            }
            Some((seen, to_do)) => Finding::to_do(
                what,
                seen,
                format!(
                    "{to_do} (it should be a member of {member_of} and not of {not_of}; see deploy/README.md)"
                ),
            ),
        })
    }
}

async fn version(connection: &mut PgConnection) -> Finding {
    match repo::server_version(connection).await.map(i32::cast_unsigned) {
        Ok(number) => judge_version(Version { major: number / 10_000, minor: number % 10_000 }),
        Err(error) => Finding::to_do("PostgreSQL", error.to_string(), "check the server"),
    }
}

fn judge_version(version: Version) -> Finding {
    let needed = PATCHED.into_iter().find(|patched| patched.major == version.major);
    if version.major < OLDEST_MAJOR {
        Finding::to_do("PostgreSQL", version.to_string(), format!("upgrade to {OLDEST_MAJOR} or newer"))
    } else if let Some(needed) = needed.filter(|needed| version < *needed) {
        let to_do = format!("upgrade to {needed} or newer: earlier ones have holes in row-level security");
        Finding::to_do("PostgreSQL", version.to_string(), to_do)
    } else {
        Finding::fine("PostgreSQL", version.to_string())
    }
}

/// The deployment's own work that has failed for good, which no alliance's people see. `None` where the schema, or the
/// right to look, is not there yet: that is said elsewhere.
async fn parked(connection: &mut PgConnection) -> Option<Finding> {
    let kinds = parked_of_deployment(connection).await.ok()?;
    if kinds.is_empty() {
        return Some(Finding::fine("own work", "none has failed for good"));
    }
    let kinds: Vec<_> = kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let seen = format!("failed for good: {}", kinds.join(", "));
    Some(Finding::to_do("own work", seen, "see why, then run again or discard: ensemble operator jobs"))
}

/// Whether the secret key is the one that second steps were stored with. `None` as for [`parked`].
async fn opens(connection: &mut PgConnection, key: &Hidden) -> Option<Finding> {
    let secret = Secret::new(key.expose().as_bytes());
    Some(match unopened_second_steps(connection, &secret).await.ok()? {
        (0, _) => Finding::fine("secret key", "no second step is stored that it has to open"),
        (_, 0) => Finding::fine("secret key", "opens every second step that is stored"),
        (all, unopened) => Finding::to_do(
            "secret key",
            format!(
                "SECRET_KEY is another one than {unopened} of {all} second steps were stored with, so codes of \
                 those apps do not work"
            ),
            "set it to the one that this database was used with; where that is lost, take them off one by one: \
             ensemble operator accounts --take-off-second-step EMAIL",
        ),
    })
}

async fn migrations(connection: &mut PgConnection) -> Finding {
    let applied = match repo::applied_migrations(connection).await {
        Ok(applied) => applied,
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => {
            return Finding::to_do("migrations", "none has run", "run: ensemble migrate");
        }
        // A login of ours may look only after the migration that permits it.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => {
            return Finding::to_do("migrations", "some have not run", "run: ensemble migrate");
        }
        Err(error) => return Finding::to_do("migrations", error.to_string(), "see the server's log"),
    };
    let ours = |version: i64| MIGRATOR.iter().find(|migration| migration.version == version);
    let missing =
        MIGRATOR.iter().filter(|ours| !applied.iter().any(|(version, _)| *version == ours.version)).count();
    let unknown = applied.iter().filter(|(version, _)| ours(*version).is_none()).count();
    let changed = applied.iter().any(|(version, sum)| ours(*version).is_some_and(|m| *m.checksum != **sum));
    if changed {
        Finding::to_do(
            "migrations",
            "one that has run was changed since",
            "run the release that belongs to this database",
        )
    } else if unknown > 0 {
        Finding::to_do(
            "migrations",
            format!("{unknown} {} newer than this program", if unknown == 1 { "is" } else { "are" }),
            "run the newer release",
        )
    } else if missing > 0 {
        let has = if missing == 1 { "has" } else { "have" };
        Finding::to_do("migrations", format!("{missing} {has} not run"), "run: ensemble migrate")
    } else {
        Finding::fine("migrations", format!("all {} have run", applied.len()))
    }
}

/// Whether the alliances' records of changes are as they were written.
async fn records(logins: &Logins) -> Finding {
    const WHAT: &str = "records of changes";
    let check = async {
        let db = Db::connect(&logins.urls(1)).await?;
        let checked = check_records(&db).await;
        db.close().await;
        checked
    };
    match check.await {
        Ok((count, broken)) if broken.is_empty() => {
            Finding::fine(WHAT, format!("{} as written", plural(count, "entry", "entries")))
        }
        Ok((_, broken)) => {
            let places: Vec<_> = broken
                .iter()
                .map(|one| match one.nth {
                    Some(nth) => format!("{} from entry {nth}", one.slug),
                    None => format!("{}, where changes belong to no entry", one.slug),
                })
                .collect();
            Finding::to_do(
                WHAT,
                format!("not as they were written: {}", places.join("; ")),
                "somebody changed them with a login of the database: find out who may, compare with a backup, and \
                 tell these alliances",
            )
        }
        Err(error) => Finding::to_do(WHAT, error.detail(), "see the server's log"),
    }
}

/// Alliances that were deleted and are there again; nothing to say when there are none.
async fn deletions(logins: &Logins, config: &Config, data: &Path) -> Option<Finding> {
    const WHAT: &str = "deleted alliances";
    // What is wrong with the store itself is said elsewhere.
    let store = store::open(config.store.as_ref(), data).ok()?;
    let stored = stored_tombstones(&*store).await.ok()?;
    let look = async {
        let db = Db::connect(&logins.urls(1)).await?;
        let returned = match tombstones(&db).await {
            Ok(known) => returned_alliances(&db, every_tombstone(known, stored)).await,
            Err(error) => Err(error),
        };
        db.close().await;
        returned
    };
    match look.await {
        Ok(returned) if returned.is_empty() => None,
        Ok(returned) => {
            let slugs: Vec<_> = returned.iter().map(|one| one.slug.as_str()).collect();
            Some(Finding::to_do(
                WHAT,
                format!("a backup has brought them back: {}", slugs.join(", ")),
                "delete them again: ensemble operator deletions --reapply",
            ))
        }
        Err(error) => Some(Finding::to_do(WHAT, error.detail(), "see the server's log")),
    }
}

async fn mail(config: &Config) -> Finding {
    let Some(url) = &config.mail.smtp else {
        return Finding::fine("mail", "the development mailbox at /dev/mail; nothing leaves this machine");
    };
    let check = "check SMTP_URL, and that this machine may reach the mail server";
    let transport: AsyncSmtpTransport<Tokio1Executor> =
        match AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()) {
            Ok(builder) => builder.timeout(Some(PATIENCE)).build(),
            Err(error) => return Finding::to_do("mail", error.to_string(), check),
        };
    match timeout(PATIENCE, transport.test_connection()).await {
        Ok(Ok(true)) => Finding::fine("mail", "the mail server answers and accepts the login"),
        Ok(Ok(false)) => Finding::to_do("mail", "the mail server answers, but not as one should", check),
        Ok(Err(error)) => Finding::to_do("mail", error.to_string(), check),
        Err(_) => Finding::to_do("mail", format!("no answer within {} s", PATIENCE.as_secs()), check),
    }
}

async fn file_store(config: &Config, data: &Path) -> Finding {
    let to_do =
        "check that STORE_URL is a file:// address which this user may write to, and that there is space";
    let store = match (&config.store, embedded::exists(data)) {
        (None, false) if config.database.is_none() => {
            return Finding::fine("file store", "none yet; the first `ensemble up` makes it");
        }
        (url, _) => match store::open(url.as_ref(), data) {
            Ok(store) => store,
            Err(error) => return Finding::to_do("file store", error.to_string(), to_do),
        },
    };
    match timeout(PATIENCE, probe(&*store)).await {
        Ok(Ok(())) => Finding::fine("file store", "can be written, read and tidied"),
        Ok(Err(error)) => Finding::to_do("file store", error.to_string(), to_do),
        Err(_) => Finding::to_do("file store", format!("no answer within {} s", PATIENCE.as_secs()), to_do),
    }
}

async fn probe(store: &dyn ObjectStore) -> object_store::Result<()> {
    let path = StorePath::from(format!("probe-{:016x}", u64::from_be_bytes(Rng::from_os().bytes())));
    store.put(&path, "probe".into()).await?;
    store.get(&path).await?.bytes().await?;
    store.delete(&path).await
}

async fn redis(config: &Config) -> Finding {
    let Some(url) = &config.redis else {
        return Finding::fine("Redis", "not used; each process counts limits by itself");
    };
    let ping = async {
        let mut connection = redis::Client::open(url.expose())?.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<String>(&mut connection).await
    };
    let to_do = "check REDIS_URL, its password too, and that the server runs; meanwhile each process counts limits by itself";
    match timeout(PATIENCE, ping).await {
        Ok(Ok(_)) => Finding::fine("Redis", "answers"),
        Ok(Err(error)) => Finding::to_do("Redis", error.to_string(), to_do),
        Err(_) => Finding::to_do("Redis", format!("no answer within {} s", PATIENCE.as_secs()), to_do),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn a_deployment_is_told_what_it_lacks() {
        let database = config::Database {
            app: Hidden::new("postgres://app@db/ensemble".into()),
            machine: Hidden::new("postgres://machine@db/ensemble".into()),
        };
        let mut config = Config::read(&|_| None).unwrap();
        assert_eq!(configuration(&config).len(), 1);
        assert_eq!(configuration(&config)[0].to_do, None);
        config.database = Some(database);
        let lacks = |config: &Config| -> Vec<_> {
            configuration(config).iter().filter(|one| one.to_do.is_some()).map(|one| one.what).collect()
        };
        assert_eq!(lacks(&config), ["secret key", "file store", "mail", "public address"]);
        config.secret_key = Some(Hidden::new("0".repeat(32)));
        config.store = Some("file:///files".parse().unwrap());
        config.mail.smtp = Some(Hidden::new("smtp://mail".into()));
        config.http.base_url = Some("https://ensemble.example".parse().unwrap());
        assert_eq!(lacks(&config), ["proxy"]);
        config.http.proxies = 1;
        assert_eq!(lacks(&config), [""; 0]);
    }

    fn to_do(major: u32, minor: u32) -> Option<String> {
        judge_version(Version { major, minor }).to_do
    }

    #[test]
    fn versions_with_holes_in_row_level_security_are_to_be_upgraded() {
        assert!(to_do(14, 20).unwrap().contains("15 or newer"));
        assert!(to_do(15, 13).unwrap().contains("15.14"));
        assert_eq!(to_do(15, 14), None);
        assert!(to_do(17, 5).unwrap().contains("17.6"));
        assert_eq!(to_do(18, 0), None);
    }
}
