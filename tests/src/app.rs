//! The whole product for one test: its own database, its own port, its own clock.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::London;
use domain::{
    access::{SignInMail, sign_in_mail},
    app::{App, Clock, Links, Rng, Secret},
    db::{DatabaseUrls, Db},
};
use ensemble::{config, node, node::Node, stop::Stop};
use gateway::limits::{Allowance, Allowances};
use object_store::local::LocalFileSystem;
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use web::SiteOptions;
use worker::{
    WorkerOptions,
    bodies::{self, Delivery, Deps, Post},
    schedule,
};

use crate::{client::Client, fixture, postgres::Server, smtp::Sink};

/// How long the queue may take to be worked off.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than any test asks for that is not about limits.
pub fn plenty() -> Allowances {
    let much = Allowance { points: 10_000_000, within: Duration::from_secs(3600) };
    Allowances { caller: much, alliance: much, sign_in: much }
}

/// The product with the fixture.
pub struct TestApp {
    pub app: App,
    /// The owner of the tables, whom row-level security does not bind: for looking.
    pub owner: PgPool,
    /// What was mailed.
    pub mails: Sink,
    /// Where the product answers.
    pub base: String,
    /// What bodies share.
    pub deps: Deps,
    server: Server,
    database: String,
    shift: Arc<AtomicI64>,
    signed_in: Mutex<BTreeMap<String, Client>>,
    _stop_when_dropped: DropGuard,
}

impl TestApp {
    /// With a copy of the fixture, on the fixture's day.
    pub async fn new() -> Self {
        Self::on(Server::shared().copy_of(fixture::database().await).await).await
    }

    /// Without anything.
    pub async fn empty() -> Self {
        Self::on(Server::shared().new_database().await).await
    }

    /// With a copy of the fixture, and no more than `allowances`.
    pub async fn allowing(allowances: Allowances) -> Self {
        let server = Server::shared();
        let database = server.copy_of(fixture::database().await).await;
        Self::start((server, database), allowances, "127.0.0.1").await
    }

    /// With the fixture, at an address with a name: browsers tie passkeys to one.
    pub async fn with_a_name() -> Self {
        let server = Server::shared();
        let database = server.copy_of(fixture::database().await).await;
        Self::start((server, database), plenty(), "localhost").await
    }

    /// Over a database of the shared server.
    pub async fn on(database: String) -> Self {
        Self::at(Server::shared(), database).await
    }

    /// With the fixture, on a server of its own, for who stops the server.
    pub async fn on_its_own_server() -> Self {
        let server = Server::start();
        let database = fixture::build(&server).await;
        Self::at(server, database).await
    }

    /// Over a database of `server`.
    pub async fn at(server: Server, database: String) -> Self {
        Self::start((server, database), plenty(), "127.0.0.1").await
    }

    /// Serves what a node of a deployment serves, by the same function, to people who know it as `host`.
    async fn start((server, database): (Server, String), allowances: Allowances, host: &str) -> Self {
        let log = tracing_subscriber::fmt()
            .with_test_writer()
            .with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
        // The first test of the process sets it up for all.
        let _ = log.try_init();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shift = Arc::new(AtomicI64::new(0));
        let urls = DatabaseUrls {
            app: server.url("ensemble_app", &database),
            machine: server.url("ensemble_machine", &database),
            max_connections: 8,
        };
        let elapsed = shift.clone();
        let app = App {
            db: Db::connect(&urls).await.unwrap(),
            clock: Clock::from_fn(move || {
                fixture::now() + TimeDelta::milliseconds(elapsed.load(Ordering::Relaxed))
            }),
            rng: Rng::from_os(),
            links: Links::new(&base.replace("127.0.0.1", host)),
            secret: Secret::new(&[7; 32]),
        };
        let owner =
            PgPoolOptions::new().max_connections(2).connect(&server.url("owner", &database)).await.unwrap();
        let mails = Sink::start().await;
        let deps = deps(&server.files(), &mails.url());
        let node = Node {
            app: app.clone(),
            store: deps.store.clone(),
            site: SiteOptions::Production,
            post: deps.post.clone(),
            http: config::Http {
                bind: listener.local_addr().unwrap(),
                base_url: None,
                proxies: 0,
                metrics: None,
                allowances,
            },
            redis: None,
        };
        let stop = CancellationToken::new();
        let told = Stop { asked: stop.clone(), at_once: stop.clone() };
        tokio::spawn(async move { node::serve(&node, listener, &told).await });
        let _stop_when_dropped = stop.drop_guard();
        Self {
            app,
            owner,
            mails,
            base,
            deps,
            server,
            database,
            shift,
            signed_in: Default::default(),
            _stop_when_dropped,
        }
    }

    /// Where the database is.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Somebody who is not signed in.
    pub fn stranger(&self) -> Client {
        Client::new(&self.base)
    }

    /// A program that asks with a token.
    pub fn program(&self, token: &str) -> Client {
        Client::with_token(&self.base, token)
    }

    /// Somebody who is signed in; the same session until the clock is moved, as sessions end.
    pub async fn sign_in(&self, email: &str) -> Client {
        let known = self.signed_in.lock().unwrap().get(email).cloned();
        if let Some(client) = known {
            return client;
        }
        let client = self.sign_in_anew(email).await;
        self.signed_in.lock().unwrap().insert(email.to_owned(), client.clone());
        client
    }

    /// A new session, on another device as it were, by the pages. Only the code is not read from a mail: that has a test of its own.
    pub async fn sign_in_anew(&self, email: &str) -> Client {
        let client = self.stranger();
        let asked = client.post("/sign-in", &[("email", email)]).await;
        assert_eq!(asked.status, 200, "{}", asked.body);
        let code = self.code(email).await;
        let signed = client.post("/sign-in/code", &[("email", email), ("code", &code)]).await;
        assert_eq!(signed.status, 303, "{}", signed.body);
        // The mail with the code has nothing to do with what is tested.
        let clear = sqlx::query("delete from jobs where kind = 'send_sign_in_code'");
        clear.execute(&self.owner).await.unwrap();
        client
    }

    /// The six digits that were asked for.
    pub async fn code(&self, email: &str) -> String {
        let code_id = sqlx::query_scalar("select id from sign_in_codes where email = $1 and used_at is null");
        let code_id: uuid::Uuid = code_id.bind(email).fetch_one(&self.owner).await.unwrap();
        let mail = sign_in_mail(&self.app, code_id).await.unwrap();
        let Some(SignInMail::Code { code, .. }) = mail else { panic!("{email}: {mail:?}") };
        code
    }

    /// Runs the worker until nothing is due. Fails when anything is parked that was not parked before.
    pub async fn work(&self) {
        let parked = self.count("select count(*) from jobs where state = 'parked'").await;
        self.work_off().await;
        let errors: Vec<Option<String>> =
            sqlx::query_scalar("select kind || ': ' || last_error from jobs where state = 'parked'")
                .fetch_all(&self.owner)
                .await
                .unwrap();
        assert_eq!(i64::try_from(errors.len()).unwrap(), parked, "{errors:?}");
    }

    /// Runs the worker until nothing is due, whatever becomes of it.
    pub async fn work_off(&self) {
        let shutdown = CancellationToken::new();
        let options = WorkerOptions { schedule: &[], ..WorkerOptions::default() };
        let working =
            worker::run(self.app.clone(), self.deps.clone(), bodies::registry(), options, shutdown.clone());
        let working = tokio::spawn(working);
        let started = Instant::now();
        while self.due_jobs().await > 0 {
            assert!(started.elapsed() < PATIENCE, "jobs are still due after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        shutdown.cancel();
        working.await.unwrap().unwrap();
    }

    async fn due_jobs(&self) -> i64 {
        let due = "select count(*) from jobs where state = 'running' or (state = 'waiting' and run_at <= $1)";
        sqlx::query_scalar(due).bind(self.app.clock.now()).fetch_one(&self.owner).await.unwrap()
    }

    /// Moves the clock to noon of `date`, in London.
    pub fn set_date(&self, date: NaiveDate) {
        let noon = London.from_local_datetime(&date.and_hms_opt(12, 0, 0).unwrap()).unwrap();
        self.set_time(noon.with_timezone(&Utc));
    }

    /// Moves the clock.
    pub fn set_time(&self, now: DateTime<Utc>) {
        self.shift.store((now - fixture::now()).num_milliseconds(), Ordering::Relaxed);
        self.signed_in.lock().unwrap().clear();
    }

    /// Lets the days up to `date` pass, with the work of the schedule on each of them.
    pub async fn pass_days_to(&self, date: NaiveDate) {
        let today = self.app.clock.now().with_timezone(&London).date_naive();
        for day in today.iter_days().skip(1).take_while(|day| *day <= date) {
            self.set_date(day);
            let now = self.app.clock.now();
            let window = (now - TimeDelta::days(1), now);
            schedule::queue_ticks(&self.app, schedule::SCHEDULE, window).await.unwrap();
            self.work().await;
        }
    }

    /// The number that `query` selects, seen by the owner.
    pub async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.owner).await.unwrap()
    }

    /// The text that `query` selects, seen by the owner.
    pub async fn text(&self, query: &str) -> String {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.owner).await.unwrap()
    }

    /// A digest of each table, to assert that nothing changed.
    pub async fn contents(&self) -> BTreeMap<String, String> {
        let tables: Vec<String> = sqlx::query_scalar(
            "select relname::text from pg_class
             where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'sessions'",
        )
        .fetch_all(&self.owner)
        .await
        .unwrap();
        let mut contents = BTreeMap::new();
        for table in tables {
            let digest = format!(
                "select md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) from {table} t"
            );
            contents.insert(table, self.text(&digest).await);
        }
        contents
    }

    /// The same without the record that files were downloaded.
    pub async fn contents_but_downloads(&self) -> BTreeMap<String, String> {
        let mut contents = self.contents().await;
        let others = "select md5(string_agg(r::text, '' order by r.alliance_id, r.nth)) from audit_records r
                      where event is null or event not like 'Downloaded %'";
        contents.insert("audit_records".to_owned(), self.text(others).await);
        contents
    }
}

/// What bodies share, with files in `folder` and mails to the server of `smtp_url`.
pub fn deps(folder: &Path, smtp_url: &str) -> Deps {
    let smtp = mail::Smtp::from_url(smtp_url).unwrap();
    Deps {
        store: Arc::new(LocalFileSystem::new_with_prefix(folder).unwrap()),
        renderer: Arc::new(documents::Renderer::new()),
        post: Post { from: "post@ensemble.example".into(), delivery: Delivery::Smtp(smtp) },
    }
}
