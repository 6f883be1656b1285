//! One database, a clock that can be moved, and workers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use domain::{
    app::{App, Clock, Links, Rng, Secret},
    db::{DatabaseUrls, Db, Tx},
    ids::AllianceId,
    jobs::Job,
    viewer::{Permission, Viewer},
};
use sqlx::{AssertSqlSafe, Executor, PgPool, postgres::PgPoolOptions};
use tests::{TestApp, postgres::Server};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{RunError, Timing, WorkerOptions, bodies};

use crate::bodies::{Deps, registry};

/// What an experiment works on.
pub struct World {
    pub app: App,
    /// The owner, whom row-level security does not bind: for looking, and for breaking things.
    pub owner: PgPool,
    pub server: Server,
    pub database: String,
    shift: Arc<AtomicI64>,
}

impl World {
    pub async fn new() -> Self {
        Self::on(Server::shared()).await
    }

    pub async fn on(server: Server) -> Self {
        let database = server.new_database().await;
        let owner = PgPoolOptions::new()
            .max_connections(4)
            .test_before_acquire(true)
            .connect(&server.url("owner", &database))
            .await
            .unwrap();
        owner
            .execute(
                "create table effects (seq bigint generated always as identity, n bigint not null,
                                       at timestamptz not null default clock_timestamp())",
            )
            .await
            .unwrap();
        let shift = Arc::new(AtomicI64::new(0));
        let app = app(&server, &database, &shift).await;
        Self { app, owner, server, database, shift }
    }

    /// Moves the application's clock on.
    pub fn advance(&self, by: TimeDelta) {
        self.shift.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }

    pub async fn begin(&self, alliance: AllianceId) -> Tx {
        let scope = Viewer::machinery(alliance).require(Permission::ManageJobs).unwrap();
        self.app.db.begin(scope).await.unwrap()
    }

    /// Queues and commits.
    pub async fn enqueue<'a, J: Job>(&self, alliance: AllianceId, jobs: impl IntoIterator<Item = &'a J>) {
        let mut tx = self.begin(alliance).await;
        tx.enqueue_all(&self.app, jobs).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Alliances without anybody in them.
    pub async fn found(&self, ids: &[AllianceId]) {
        sqlx::query(
            "insert into alliances (alliance_id, slug, name, legal_name, address, contact_email, supplier_kind, created_at)
             select id, 'alliance-' || n, 'Alliance', 'Alliance', '', '', 'education_body', '2020-01-01'
             from unnest($1::uuid[]) with ordinality as named (id, n)",
        )
        .bind(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .execute(&self.owner)
        .await
        .unwrap();
    }

    /// Connects the application anew, for settings of the database that connections read when they begin.
    pub async fn reconnect(&mut self) {
        self.app = app(&self.server, &self.database, &self.shift).await;
    }

    /// Starts a worker in this process.
    pub fn worker(&self, options: WorkerOptions) -> Worker {
        let shutdown = CancellationToken::new();
        let deps = Deps { owner: self.owner.clone() };
        let running =
            tokio::spawn(worker::run(self.app.clone(), deps, registry(), options, shutdown.clone()));
        Worker { shutdown, running }
    }

    /// The number that `query` selects.
    pub async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.owner).await.unwrap()
    }

    /// How many jobs fulfil `condition`.
    pub async fn jobs(&self, condition: &str) -> i64 {
        self.count(&format!("select count(*) from jobs where {condition}")).await
    }

    /// How many effects there are.
    pub async fn effects(&self) -> i64 {
        self.count("select count(*) from effects").await
    }

    /// Waits until so many jobs fulfil `condition`; fails after `limit`. Returns how long it took.
    pub async fn wait_for(&self, jobs: i64, condition: &str, limit: Duration) -> Duration {
        let started = Instant::now();
        loop {
            // The server may be restarting.
            let query = AssertSqlSafe(format!("select count(*) from jobs where {condition}"));
            let found: Result<i64, _> = sqlx::query_scalar(query).fetch_one(&self.owner).await;
            if found.as_ref().is_ok_and(|found| *found == jobs) {
                return started.elapsed();
            }
            assert!(started.elapsed() < limit, "{condition}: {found:?} instead of {jobs} after {limit:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The application on a database, with a clock that is `shift` milliseconds ahead.
pub async fn app(server: &Server, database: &str, shift: &Arc<AtomicI64>) -> App {
    let urls = DatabaseUrls {
        app: server.url("ensemble_app", database),
        machine: server.url("ensemble_machine", database),
        max_connections: 8,
    };
    app_at(&urls, shift.clone()).await
}

pub async fn app_at(urls: &DatabaseUrls, shift: Arc<AtomicI64>) -> App {
    let system = Clock::system();
    let now = move || system.now() + TimeDelta::milliseconds(shift.load(Ordering::Relaxed));
    App {
        db: Db::connect(urls).await.unwrap(),
        clock: Clock::from_fn(now),
        rng: Rng::from_os(),
        links: Links::new("https://ensemble.example"),
        secret: Secret::new(&[7; 32]),
    }
}

/// A worker in this process.
pub struct Worker {
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
}

impl Worker {
    /// Starts the product's own worker, with all its bodies.
    pub fn of_the_product(app: &TestApp, options: WorkerOptions) -> Self {
        let shutdown = CancellationToken::new();
        let (on, deps) = (app.app.clone(), app.deps.clone());
        let running = tokio::spawn(worker::run(on, deps, bodies::registry(), options, shutdown.clone()));
        Self { shutdown, running }
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

/// An alliance, by number. Jobs refer to nothing, so it needs no row.
pub fn alliance(number: u128) -> AllianceId {
    AllianceId(uuid::Uuid::from_u128(number))
}

/// Without a schedule, so that only the experiment's jobs run.
pub fn options() -> WorkerOptions {
    WorkerOptions { schedule: &[], ..WorkerOptions::default() }
}

/// Leases that run out soon, for experiments about what happens then.
pub fn hasty() -> Timing {
    Timing {
        lease: Duration::from_millis(1500),
        renew_every: Duration::from_millis(400),
        reclaim_every: Duration::from_millis(300),
        ..Timing::default()
    }
}
