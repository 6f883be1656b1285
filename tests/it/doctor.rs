//! `ensemble doctor` on a deployment that lacks something: what it sees, and what it says to do.

use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};
use tests::{
    binary::{Folder, ensemble, run},
    postgres::Server,
    redis::{Redis, free_port},
    smtp::Sink,
};

/// A deployment without a fault, but for what `changed` sets.
struct Patient {
    database: String,
    mails: Sink,
    redis: Redis,
    files: Folder,
}

impl Patient {
    async fn new() -> Self {
        let database = Server::shared().new_database().await;
        Self { database, mails: Sink::start().await, redis: Redis::start().await, files: Folder::make() }
    }

    fn url(&self, user: &str) -> String {
        Server::shared().url(user, &self.database)
    }

    async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.url("owner")).await.unwrap()
    }

    /// What the doctor writes, and whether all is well.
    async fn report(&self, format: &[&str], changed: &[(&str, String)]) -> (String, bool) {
        let mut command = ensemble(&[&["doctor", "--data", "/nowhere"], format].concat());
        command
            .env("DATABASE_URL", self.url("ensemble_app"))
            .env("MACHINE_DATABASE_URL", self.url("ensemble_machine"))
            .env("REDIS_URL", self.redis.url())
            .env("SMTP_URL", self.mails.url())
            .env("MAIL_FROM", "post@ensemble.example")
            .env("STORE_URL", format!("file://{}", self.files.path().display()))
            .env("BASE_URL", "https://ensemble.example")
            .env("TRUSTED_PROXIES", "1")
            .env("SECRET_KEY", "0123456789abcdef0123456789abcdef");
        for (name, value) in changed {
            command.env(name, value);
        }
        let output = run(command).await;
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{report}");
        (report, output.status.success())
    }

    /// The only thing to do: what it concerns, what was seen, and what to do.
    async fn to_do(&self, changed: &[(&str, String)]) -> [String; 3] {
        let (report, is_fine) = self.report(&["--json"], changed).await;
        assert!(!is_fine);
        let report: Value = serde_json::from_str(&report).unwrap();
        let findings = report["findings"].as_array().unwrap();
        // How old the machine's own server is, is not what is tested here.
        let to_do: Vec<_> = findings
            .iter()
            .filter(|finding| !finding["to_do"].is_null() && finding["what"] != "PostgreSQL")
            .collect();
        assert_eq!(to_do.len(), 1, "{report:#}");
        let (text, _) = self.report(&[], changed).await;
        let words = ["what", "seen", "to_do"].map(|field| to_do[0][field].as_str().unwrap().to_owned());
        let said = text.lines().find(|line| line.starts_with(&format!("TO DO  {}: ", words[0])));
        assert!(said.is_some() && text.contains(&format!("\n       -> {}\n", words[2])), "{text}");
        words
    }
}

fn nowhere(scheme: &str) -> String {
    format!("{scheme}://127.0.0.1:{}", free_port())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_deployment_is_told_so() {
    let patient = Patient::new().await;
    let (report, _) = patient.report(&[], &[]).await;
    for line in [
        "fine   configuration: complete",
        "fine   login DATABASE_URL: a member of ensemble_app that owns nothing and bypasses nothing",
        "fine   login MACHINE_DATABASE_URL: a member of ensemble_machine that owns nothing and bypasses nothing",
        "fine   mail: the mail server answers and accepts the login",
        "fine   file store: can be written, read and tidied",
        "fine   Redis: answers",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert!(report.contains("fine   migrations: all "), "{report}");
    assert!(
        std::fs::read_dir(patient.files.path()).unwrap().next().is_none(),
        "the probe is left in the store"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_not_there_or_may_too_much() {
    let patient = Patient::new().await;
    let [what, seen, to_do] = patient.to_do(&[("MACHINE_DATABASE_URL", patient.url("nobody_of_ours"))]).await;
    assert_eq!(what, "login MACHINE_DATABASE_URL");
    assert!(seen.contains("nobody_of_ours") && to_do.contains("ensemble migrate"), "{seen} -> {to_do}");

    let [what, seen, to_do] = patient.to_do(&[("DATABASE_URL", patient.url("owner"))]).await;
    assert_eq!((what.as_str(), seen.as_str()), ("login DATABASE_URL", "it may bypass row-level security"));
    assert!(to_do.contains("nosuperuser"), "{to_do}");

    let [_, seen, to_do] = patient.to_do(&[("DATABASE_URL", patient.url("ensemble_machine"))]).await;
    assert_eq!(seen, "it is a member of the other role too");
    assert!(to_do.contains("it should be a member of ensemble_app"), "{to_do}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_behind() {
    let patient = Patient::new().await;
    let behind = "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    patient.owner().await.execute(behind).await.unwrap();
    let to_do = patient.to_do(&[]).await;
    assert_eq!(to_do, ["migrations", "1 has not run", "run: ensemble migrate"]);

    let changed = "update _sqlx_migrations set checksum = '\\x00' where version = (select min(version) from _sqlx_migrations);
                   insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                   values (29990101000000, 'later', true, '\\x00', 0)";
    patient.owner().await.execute(changed).await.unwrap();
    let [what, seen, _] = patient.to_do(&[]).await;
    assert_eq!((what.as_str(), seen.as_str()), ("migrations", "one that has run was changed since"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down() {
    let patient = Patient::new().await;
    for (name, value, what, remedy) in [
        ("SMTP_URL", nowhere("smtp"), "mail", "check SMTP_URL"),
        ("REDIS_URL", nowhere("redis"), "Redis", "check REDIS_URL"),
        ("STORE_URL", "file:///dev/null/files".to_owned(), "file store", "this user may write to"),
    ] {
        let [said, seen, to_do] = patient.to_do(&[(name, value)]).await;
        assert_eq!(said, what, "{seen}");
        assert!(!seen.is_empty() && to_do.contains(remedy), "{what}: {seen} -> {to_do}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_cannot_be_read() {
    let patient = Patient::new().await;
    let [what, seen, to_do] = patient.to_do(&[("TRUSTED_PROXIES", "one".into())]).await;
    assert_eq!(what, "configuration");
    assert_eq!(seen, "TRUSTED_PROXIES is not the number of proxies in front, from 0 to 9");
    assert_eq!(to_do, "correct it; deploy/env.example explains each");
}
