//! How fast the queue is, beside the least that any queue on Postgres does: a bare loop of two statements, on the same
//! server in the same minutes. Prints ratios; only those mean anything on another machine.
//!
//! `cargo bench -p tests --bench jobs`

use std::{
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

/// Where bodies say that they have started.
type Started = Arc<Mutex<Option<mpsc::UnboundedSender<Instant>>>>;

struct Bench {
    /// Goes when the bench goes.
    _server: Server,
    app: App,
    owner: PgPool,
    started: Started,
}

#[tokio::main]
async fn main() {
    let bench = Bench::new().await;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        bare.push(bench.bare_loop().await);
        ours.push(bench.drain().await);
        println!("round {round}: bare loop {:.0}/s, ours {:.0}/s", bare[round - 1], ours[round - 1]);
    }
    let (bare, ours) = (median(&mut bare), median(&mut ours));
    println!(
        "{JOBS} jobs of {ALLIANCES} alliances to settled: {:.2} x the bare loop ({ours:.0}/s, {bare:.0}/s)",
        ours / bare
    );

    let (single, batch) = bench.enqueue().await;
    println!("enqueue: {single:.0}/s singly, {batch:.0}/s in batches of 1,000");

    let mut latencies = bench.idle_latencies().await;
    latencies.sort_unstable();
    let at = |part: usize| latencies[latencies.len() * part / 100];
    println!("idle, commit to start: median {:?}, p95 {:?}, p99 {:?}", at(50), at(95), at(99));

    println!("a lone job behind another alliance's 10,000 mails of 50 ms: {:?}", bench.lone_job().await);
}

impl Bench {
    async fn new() -> Self {
        let server = Server::start_durable();
        let database = server.new_database().await;
        let urls = DatabaseUrls {
            app: server.url("ensemble_app", &database),
            machine: server.url("ensemble_machine", &database),
            max_connections: 8,
        };
        let owner =
            PgPoolOptions::new().max_connections(4).connect(&server.url("owner", &database)).await.unwrap();
        let app = App {
            db: Db::connect(&urls).await.unwrap(),
            clock: Clock::system(),
            rng: Rng::from_os(),
            links: Links::new("https://ensemble.example"),
            secret: Secret::new(&[7; 32]),
        };
        Self { _server: server, app, owner, started: Started::default() }
    }

    async fn enqueue_for<J: Job>(&self, alliance: i64, jobs: &[J]) {
        let alliance = AllianceId(uuid::Uuid::from_u64_pair(1, alliance.unsigned_abs()));
        let scope = Viewer::machinery(alliance).require(Permission::ManageJobs).unwrap();
        let mut tx = self.app.db.begin(scope).await.unwrap();
        tx.enqueue_all(&self.app, jobs).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn worker(&self) -> (CancellationToken, tokio::task::JoinHandle<Result<(), worker::RunError>>) {
        let started = self.started.clone();
        let registry = Registry::new()
            .on(move |_: worker::JobContext<()>, _: Trivial| {
                if let Some(sender) = &*started.lock().unwrap() {
                    sender.send(Instant::now()).unwrap();
                }
                async { Ok(()) }
            })
            .on(|_, _: Mail| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(())
            });
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
                 create index on bare (run_at, id) where state = 'waiting';
                 vacuum analyze bare"
            )))
            .await
            .unwrap();
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
