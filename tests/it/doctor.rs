//! `ensemble doctor` on a deployment that lacks something: what it sees, and what it says to do.

use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};
use tests::{
    TestApp,
    binary::{Folder, ensemble, fail, run, succeed},
    postgres::Server,
    redis::{Redis, free_port},
    smtp::Sink,
};
use tokio::process::Command;

/// A deployment without a fault, but for what `changed` sets.
struct Patient {
    database: String,
    mails: Sink,
    redis: Redis,
    files: Folder,
}

impl Patient {
    async fn new() -> Self {
        Self::with(Server::shared().new_database().await).await
    }

    async fn with(database: String) -> Self {
        Self { database, mails: Sink::start().await, redis: Redis::start().await, files: Folder::make() }
    }

    fn url(&self, user: &str) -> String {
        Server::shared().url(user, &self.database)
    }

    async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.url("owner")).await.unwrap()
    }

    /// A command of the program, in this deployment's environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ensemble(arguments);
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
        command
    }

    /// What `ensemble operator alliances` says.
    async fn alliances(&self, arguments: &[&str]) -> String {
        succeed(self.command(&[&["operator", "alliances"], arguments].concat())).await
    }

    /// What `ensemble operator jobs` says.
    async fn operator(&self, arguments: &[&str]) -> String {
        succeed(self.command(&[&["operator", "jobs"], arguments].concat())).await
    }

    /// What the doctor writes, and whether all is well.
    async fn report(&self, format: &[&str], changed: &[(&str, String)]) -> (String, bool) {
        let mut command = self.command(&[&["doctor", "--data", "/nowhere"], format].concat());
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
        "fine   own work: none has failed for good",
        "fine   secret key: no second step is stored that it has to open",
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
async fn a_record_of_changes_that_somebody_altered() {
    let app = TestApp::new().await;
    let patient = Patient::with(app.database().to_owned()).await;
    let (report, _) = patient.report(&[], &[]).await;
    let count = app.count("select count(*) from audit_records").await;
    let fine = format!("fine   records of changes: {count} entries as written");
    assert!(report.contains(&fine), "{report}");

    let altered = "update audit_records set at = at + interval '1 hour' where nth = 3 and alliance_id =
                   (select alliance_id from alliances where slug = 'fenland')";
    patient.owner().await.execute(altered).await.unwrap();
    let [what, seen, to_do] = patient.to_do(&[]).await;
    assert_eq!(what, "records of changes");
    assert_eq!(seen, "not as they were written: fenland from entry 3");
    assert!(to_do.contains("with a login of the database"), "{to_do}");
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

/// A backup of the database alone, or a key of another deployment.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_key_that_is_another() {
    let patient = Patient::new().await;
    let key = "0123456789abcdef0123456789abcdef";
    let secret = domain::app::Secret::new(key.as_bytes());
    let account = uuid::Uuid::from_u128(7);
    let rng = domain::app::Rng::seeded(1);
    let sealed = secret.seal(&rng, "second step", account.as_bytes(), &[7; 20]).unwrap();
    let mut owner = patient.owner().await;
    sqlx::query("insert into accounts (id, email, created_at) values ($1, 'dana@woldedge.example', now())")
        .bind(account)
        .execute(&mut owner)
        .await
        .unwrap();
    sqlx::query("insert into second_steps (account_id, secret, set_at, last_step) values ($1, $2, now(), 1)")
        .bind(account)
        .bind(sealed)
        .execute(&mut owner)
        .await
        .unwrap();
    let (report, _) = patient.report(&[], &[]).await;
    assert!(report.contains("fine   secret key: opens every second step that is stored"), "{report}");
    let [what, seen, to_do] = patient.to_do(&[("SECRET_KEY", "f".repeat(32))]).await;
    assert_eq!(what, "secret key");
    assert!(
        seen.starts_with("SECRET_KEY is another one than 1 of 1 second steps were stored with"),
        "{seen}"
    );
    assert!(to_do.contains("--take-off-second-step") && !seen.contains(key), "{to_do}");
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

/// Puts a job of the deployment itself into the queue, or of the alliance whose number is not 0.
async fn queue(patient: &Patient, id: u8, (alliance, state): (u8, &str), error: Option<&str>) {
    let insert =
        "insert into jobs (alliance_id, id, kind, payload, run_at, priority, max_attempts, attempts, state,
                                    last_error, created_at)
                  values ($1, $2, 'send_sign_in_code', '{}', '2026-11-25T08:00Z', 0, 8, 8, $3, $4, now())";
    sqlx::query(insert)
        .bind(uuid::Uuid::from_u128(alliance.into()))
        .bind(uuid::Uuid::from_u128(id.into()))
        .bind(state)
        .bind(error)
        .execute(&mut patient.owner().await)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_confirms_an_alliance() {
    let patient = Patient::new().await;
    assert_eq!(patient.alliances(&[]).await, "0 in all, 0 on trial.\n");
    let found = "insert into accounts (id, email, created_at)
                 values ('00000000-0000-0000-0000-000000000007', 'founder@wold.example', now());
                 insert into alliances (alliance_id, slug, name, legal_name, address, contact_email, supplier_kind,
                     created_at, founder_id, confirmed_at)
                 select gen_random_uuid(), slug, name, '', '', '', 'education_body', '2026-11-24 12:00Z', founder::uuid,
                     confirmed::timestamptz
                 from (values ('fen', 'Fen Alliance', null, '2026-11-24 12:00Z'),
                              ('wold', 'Wold Alliance', '00000000-0000-0000-0000-000000000007', null))
                          as a (slug, name, founder, confirmed)";
    sqlx::Executor::execute(&mut patient.owner().await, found).await.unwrap();
    assert_eq!(
        patient.alliances(&[]).await,
        "trial  wold  Wold Alliance, since 2026-11-24 by founder@wold.example
       fen  Fen Alliance, since 2026-11-24
2 in all, 1 on trial.
Once you know who they are, confirm one with --confirm ADDRESS.
"
    );
    let said = fail(patient.command(&["operator", "alliances", "--confirm", "nowhere"])).await;
    assert!(said.contains("there is no alliance with the short address nowhere"), "{said}");
    let confirmed = patient.alliances(&["--confirm", "wold"]).await;
    assert_eq!(confirmed, "wold is confirmed: its mail goes to everybody from now on.\n");
    assert_eq!(patient.alliances(&["--confirm", "wold"]).await, "wold was confirmed already.\n");
    assert!(patient.alliances(&[]).await.ends_with("2 in all, 0 on trial.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_takes_a_second_step_off() {
    let patient = Patient::new().await;
    let email = "dana@woldedge.example";
    let take_off = ["operator", "accounts", "--take-off-second-step", email];
    let said = fail(patient.command(&take_off)).await;
    assert!(said.contains("no account with this address has a second step"), "{said}");
    let set = "insert into accounts (id, email, created_at)
               values ('00000000-0000-0000-0000-000000000007', 'dana@woldedge.example', now());
               insert into second_steps (account_id, secret, set_at, last_step)
               values ('00000000-0000-0000-0000-000000000007', '', now(), 1);
               insert into sessions (id, account_id, token_hash, agent, network, created_at, last_seen_at, expires_at)
               values (gen_random_uuid(), '00000000-0000-0000-0000-000000000007', '', '', '', now(), now(), now())";
    sqlx::Executor::execute(&mut patient.owner().await, set).await.unwrap();
    let said = succeed(patient.command(&take_off)).await;
    assert!(said.starts_with("The second step is taken off"), "{said}");
    assert!(said.contains("\n1 device signed out, 0 API tokens revoked.\n"), "{said}");
    let left: i64 = sqlx::query_scalar("select count(*) from second_steps")
        .fetch_one(&mut patient.owner().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
    assert!(patient.operator(&[]).await.contains("send_second_step_notice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn own_work_that_has_failed_is_seen_and_decided_by_the_operator() {
    let patient = Patient::new().await;
    assert_eq!(patient.operator(&[]).await, "0 failed for good, 0 waiting.\n");

    queue(&patient, 1, (0, "parked"), Some("550 5.1.1 <dana@woldedge.example> is unknown")).await;
    queue(&patient, 2, (0, "parked"), None).await;
    queue(&patient, 3, (0, "waiting"), None).await;
    queue(&patient, 4, (9, "parked"), None).await;
    let to_do = patient.to_do(&[]).await;
    let what_to_do = "see why, then run again or discard: ensemble operator jobs";
    assert_eq!(to_do, ["own work", "failed for good: 2 send_sign_in_code", what_to_do]);
    let [first, second, waiting, of_an_alliance] =
        [1, 2, 3, 4].map(|id| uuid::Uuid::from_u128(id).to_string());
    let due = "send_sign_in_code, 8 of 8 attempts, due 2026-11-25 08:00 UTC";
    assert_eq!(
        patient.operator(&[]).await,
        format!(
            "failed   {second}  {due}
failed   {first}  {due}
         550 5.1.1 (address) is unknown
waiting  {waiting}  {due}
2 failed for good, 1 waiting.
Run one again with --retry ID, or discard it with --discard ID.
"
        )
    );

    for (refused, reason) in [
        (["--retry", &waiting], "Only work that has failed for good can be run again."),
        (["--retry", &of_an_alliance], "There is no such job."),
        (["--discard", &of_an_alliance], "There is no such job."),
    ] {
        let said = fail(patient.command(&[&["operator", "jobs"], &refused[..]].concat())).await;
        assert!(said.contains(reason), "{refused:?}: {said}");
    }
    patient.operator(&["--retry", &first]).await;
    patient.operator(&["--discard", &second]).await;
    let states: Vec<String> = sqlx::query_scalar("select state || ' ' || max_attempts from jobs order by id")
        .fetch_all(&mut patient.owner().await)
        .await
        .unwrap();
    assert_eq!(states, ["waiting 11", "cancelled 8", "waiting 8", "parked 8"]);
    assert!(patient.operator(&[]).await.ends_with("0 failed for good, 2 waiting.\n"));
    let (report, _) = patient.report(&[], &[]).await;
    assert!(report.contains("fine   own work: none has failed for good"), "{report}");
}
