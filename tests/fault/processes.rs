//! Processes that die without a word. A child is this test program itself, told by its environment to be a worker.

use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicI64},
    time::{Duration, Instant},
};

use domain::db::DatabaseUrls;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use worker::{Timing, WorkerOptions};

use crate::{
    bodies::{Deps, Good, LongOnce, Poison, registry},
    world::{World, alliance, app_at, hasty, options},
};

const DATABASE: &str = "ENSEMBLE_FAULT_DATABASE";
const NAME: &str = "ENSEMBLE_FAULT_NAME";
const LEASES: &str = "ENSEMBLE_FAULT_LEASES";

/// The worker of a child process; in the test run itself, nothing.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(database) = std::env::var(DATABASE) else { return };
    let as_user = |user: &str| database.replace("user=owner", &format!("user={user}"));
    let urls = DatabaseUrls {
        app: as_user("ensemble_app"),
        machine: as_user("ensemble_machine"),
        max_connections: 8,
    };
    let app = app_at(&urls, Arc::new(AtomicI64::new(0))).await;
    let deps = Deps { owner: PgPool::connect(&database).await.unwrap() };
    let timing =
        if std::env::var(LEASES).is_ok_and(|leases| leases == "hasty") { hasty() } else { Timing::default() };
    let options = WorkerOptions { name: std::env::var(NAME).unwrap(), timing, ..options() };
    worker::run(app, deps, registry(), options, CancellationToken::new()).await.unwrap();
}

/// Killed when dropped.
pub struct WorkerProcess(Child);

impl WorkerProcess {
    fn start(world: &World, name: &str, leases: &str) -> Self {
        let database = world.server.url("owner", &world.database);
        Self::spawn("processes::child", &[(DATABASE, &database), (NAME, name), (LEASES, leases)])
    }

    /// This program, running one of its tests with these settings.
    pub fn spawn(test: &str, settings: &[(&str, &str)]) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for WorkerProcess {
    /// SIGKILL.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn killed_and_replaced_by(successor: &str) {
    let world = World::new().await;
    world.enqueue(alliance(1), &(0..20).map(|n| LongOnce { n }).collect::<Vec<_>>()).await;
    world.enqueue(alliance(1), &(20..40).map(|n| Good { n }).collect::<Vec<_>>()).await;
    let first = WorkerProcess::start(&world, "steady", "default");
    world.wait_for(20, "state = 'done'", Duration::from_secs(30)).await;
    assert_eq!(world.jobs("kind = 'long_once' and state = 'running'").await, 20);
    let killed = Instant::now();
    drop(first);
    let second = WorkerProcess::start(&world, successor, "default");
    world.wait_for(40, "state = 'done'", Duration::from_secs(40)).await;
    assert!(killed.elapsed() < Duration::from_secs(25), "they ran again after {:?}", killed.elapsed());
    assert_eq!(world.jobs("kind = 'long_once' and attempts = 2 and lost = 1").await, 20);
    assert_eq!(world.jobs("kind = 'good' and attempts = 1 and lost = 0").await, 20);
    assert_eq!(world.effects().await, 60);
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_replaced_by_one_of_another_name() {
    killed_and_replaced_by("other").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_replaced_by_one_of_the_same_name() {
    killed_and_replaced_by("steady").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_process_stops_at_its_last_attempt_and_takes_no_other_with_it() {
    let world = World::new().await;
    world.enqueue(alliance(1), &[Poison { n: -1 }]).await;
    world.enqueue(alliance(1), &(0..200).map(|n| Good { n }).collect::<Vec<_>>()).await;
    let mut deaths = 0;
    let mut process = WorkerProcess::start(&world, "steady", "hasty");
    let started = Instant::now();
    while world.jobs("state in ('waiting', 'running')").await > 0 {
        assert!(started.elapsed() < Duration::from_secs(60));
        if !process.is_running() {
            deaths += 1;
            process = WorkerProcess::start(&world, "steady", "hasty");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(deaths, 3);
    assert_eq!(world.jobs("kind = 'poison' and state = 'parked' and attempts = 3 and lost = 3").await, 1);
    assert_eq!(world.jobs("kind = 'good' and state = 'done' and lost <= 2").await, 200);
    assert_eq!(world.count("select count(*) from effects where n = -1").await, 3);
    assert_eq!(world.count("select count(distinct n) from effects where n >= 0").await, 200);
}
