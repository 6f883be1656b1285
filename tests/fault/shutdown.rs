//! A worker that is asked to stop.

use std::time::{Duration, Instant};

use domain::jobs::queue;
use worker::{Timing, WorkerOptions};

use crate::{
    bodies::{Gated, Good, LongOnce, OPEN, Slow},
    world::{World, alliance, options},
};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_may_end_and_what_waits_is_given_back() {
    let world = World::new().await;
    world.enqueue(alliance(1), &(0..40).map(|n| Slow { n }).collect::<Vec<_>>()).await;
    let worker = world.worker(WorkerOptions { concurrency: 2, ..options() });
    while world.effects().await < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    worker.stop().await;
    let done = world.jobs("state = 'done' and attempts = 1").await;
    assert!((2..=4).contains(&done), "{done} ended");
    assert_eq!(world.effects().await, done);
    assert_eq!(world.jobs("state = 'waiting' and attempts = 0 and lease_owner is null").await, 40 - done);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_on_after_the_grace_is_stopped_and_waits_again() {
    let world = World::new().await;
    world.enqueue(alliance(1), &[LongOnce { n: 1 }]).await;
    world.enqueue(alliance(1), &[Slow { n: 2 }]).await;
    let worker = world.worker(WorkerOptions { grace: Duration::from_secs(1), ..options() });
    world.wait_for(2, "state = 'running'", LIMIT).await;
    let asked = Instant::now();
    worker.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!(world.jobs("kind = 'slow' and state = 'done'").await, 1);
    let stopped = "kind = 'long_once' and state = 'waiting' and attempts = 1 and last_error like 'the process was stopped%'";
    assert_eq!(world.jobs(stopped).await, 1);

    world.advance(chrono::TimeDelta::seconds(10));
    let worker = world.worker(options());
    world.wait_for(2, "state = 'done'", LIMIT).await;
    worker.stop().await;
    assert_eq!(world.effects().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_renewed_while_what_runs_may_end() {
    let world = World::new().await;
    world.enqueue(alliance(1), &[Gated { n: 1 }]).await;
    let timing = Timing {
        lease: Duration::from_secs(3),
        renew_every: Duration::from_millis(300),
        ..Timing::default()
    };
    let worker = world.worker(WorkerOptions { timing, grace: Duration::from_secs(60), ..options() });
    world.wait_for(1, "state = 'running'", LIMIT).await;
    let stopping = tokio::spawn(worker.stop());

    // Three leases would have run out since, and another process looks for such all the time.
    let until = "select (extract(epoch from lease_until) * 1000)::bigint from jobs where kind = 'gated'";
    let first = world.count(until).await;
    while world.count(until).await < first + 9_000 {
        assert_eq!(queue::reclaim_expired(&world.app).await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!stopping.is_finished());
    // Nothing new is taken.
    world.enqueue(alliance(1), &[Good { n: 2 }]).await;
    sqlx::query("insert into effects (n) values ($1)").bind(OPEN).execute(&world.owner).await.unwrap();
    stopping.await.unwrap();
    assert_eq!(world.jobs("kind = 'gated' and state = 'done' and attempts = 1 and lost = 0").await, 1);
    assert_eq!(world.count("select count(*) from effects where n = 1").await, 1);
    assert_eq!(world.jobs("kind = 'good' and state = 'waiting' and attempts = 0").await, 1);
}
