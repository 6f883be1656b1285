//! What is promised to whoever queues work.

use std::time::Duration;

use chrono::TimeDelta;
use domain::jobs::{Enqueued, queue};
use sqlx::Executor;
use worker::{Timing, WorkerOptions};

use crate::{
    bodies::{Exact, ExactSlow, Good, Slow, Unique},
    world::{World, alliance, hasty, options},
};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_key_is_a_quiet_no_op() {
    let world = World::new().await;
    let mut tx = world.begin(alliance(1)).await;
    assert_eq!(tx.enqueue(&world.app, &Unique { n: 1 }).await.unwrap(), Enqueued::New);
    assert_eq!(tx.enqueue(&world.app, &Unique { n: 1 }).await.unwrap(), Enqueued::Duplicate);
    // The transaction goes on.
    assert_eq!(tx.enqueue_all(&world.app, &[Unique { n: 1 }, Unique { n: 2 }]).await.unwrap(), 1);
    tx.commit().await.unwrap();
    world.enqueue(alliance(2), &[Unique { n: 1 }]).await;
    assert_eq!(world.jobs("alliance_id = '00000000-0000-0000-0000-000000000001'").await, 2);
    assert_eq!(world.jobs("true").await, 3);

    let worker = world.worker(options());
    world.wait_for(3, "state = 'done'", LIMIT).await;
    world.enqueue(alliance(1), &[Unique { n: 1 }]).await;
    assert_eq!(world.jobs("true").await, 3, "the key is taken as long as the row is there");
    world.advance(domain::jobs::KEEP_FINISHED + TimeDelta::seconds(1));
    assert_eq!(domain::jobs::prune_jobs(&world.app).await.unwrap(), 3);
    world.enqueue(alliance(1), &[Unique { n: 1 }]).await;
    world.wait_for(1, "state = 'done'", LIMIT).await;
    assert_eq!(world.effects().await, 4);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rolled_back_never_happens() {
    let world = World::new().await;
    let worker = world.worker(options());
    let mut tx = world.begin(alliance(1)).await;
    tx.enqueue(&world.app, &Good { n: 1 }).await.unwrap();
    drop(tx);
    world.enqueue(alliance(1), &[Good { n: 2 }]).await;
    world.wait_for(1, "state = 'done'", LIMIT).await;
    assert_eq!((world.jobs("true").await, world.effects().await), (1, 1));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alliance_queues_and_sees_its_own_work_alone() {
    let world = World::new().await;
    world.enqueue(alliance(1), &[Good { n: 1 }]).await;
    let mut app = sqlx::PgPool::connect(&world.server.url("ensemble_app", &world.database))
        .await
        .unwrap()
        .acquire()
        .await
        .unwrap()
        .detach();
    app.execute("begin; set local app.alliance_id = '00000000-0000-0000-0000-000000000002'").await.unwrap();
    let seen: i64 = sqlx::query_scalar("select count(*) from jobs").fetch_one(&mut app).await.unwrap();
    assert_eq!(seen, 0);
    let forged = "insert into jobs (alliance_id, id, kind, payload, run_at, priority, max_attempts, created_at)
         values ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'good', '{\"n\": 2}', now(), 1, 8, now())";
    assert!(app.execute(forged).await.is_err());
    assert_eq!(world.jobs("true").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn delayed_work_runs_when_its_time_has_come() {
    let world = World::new().await;
    let worker = world.worker(options());
    let mut tx = world.begin(alliance(1)).await;
    let later = world.app.clock.now() + TimeDelta::seconds(3);
    tx.enqueue_at(&world.app, &Good { n: 1 }, later).await.unwrap();
    tx.commit().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!((world.jobs("state = 'waiting' and attempts = 0").await, world.effects().await), (1, 0));
    world.wait_for(1, "state = 'done' and finished_at >= run_at", LIMIT).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wake_up_is_lost() {
    let world = World::new().await;
    // Without the poll, a lost wake-up would never be made good.
    let timing = Timing { poll: Duration::from_secs(600), ..Timing::default() };
    let worker = world.worker(WorkerOptions { timing, ..options() });
    for n in 0..300 {
        world.enqueue(alliance(1), &[Good { n }]).await;
        // The next comes while the last is claimed, run, or settled, at another moment each time.
        tokio::time::sleep(Duration::from_micros(u64::try_from(n).unwrap() * 13 % 4000)).await;
    }
    world.wait_for(300, "state = 'done'", LIMIT).await;
    assert_eq!(world.effects().await, 300);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_listening_connection_is_made_good() {
    let world = World::new().await;
    let worker = world.worker(options());
    world.enqueue(alliance(1), &[Good { n: 0 }]).await;
    world.wait_for(1, "state = 'done'", LIMIT).await;
    for n in 1..4 {
        let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where datname = current_database() and query like 'LISTEN%'";
        assert_eq!(world.count(cut).await, 1);
        world.enqueue(alliance(1), &[Good { n }]).await;
        world.wait_for(n + 1, "state = 'done'", LIMIT).await;
        let listening = "select count(*) from pg_stat_activity
                         where datname = current_database() and query like 'LISTEN%'";
        while world.count(listening).await == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(world.effects().await, 4);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_hold_while_jobs_wait_in_the_buffer() {
    let world = World::new().await;
    world.enqueue(alliance(1), &(0..12).map(|n| Slow { n }).collect::<Vec<_>>()).await;
    // One at a time: five seconds of work under leases of one and a half, with another process waiting to take over.
    let first = world.worker(WorkerOptions { concurrency: 1, timing: hasty(), ..options() });
    let second = world.worker(WorkerOptions { concurrency: 1, timing: hasty(), ..options() });
    world.wait_for(12, "state = 'done'", LIMIT).await;
    assert_eq!(world.jobs("attempts = 1 and lost = 0").await, 12);
    assert_eq!(world.effects().await, 12);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_in_the_database_happens_exactly_once() {
    let world = World::new().await;
    let worker = world.worker(options());
    world.enqueue(alliance(1), &(0..20).map(|n| Exact { n }).collect::<Vec<_>>()).await;
    world.wait_for(40, "state = 'done'", LIMIT).await;
    assert_eq!(world.jobs("kind = 'exact' and attempts = 1").await, 20);
    assert_eq!(world.effects().await, 20);

    // The lease is taken away while the body works: what it did is not committed.
    world.enqueue(alliance(1), &[ExactSlow { n: 100 }]).await;
    world.wait_for(1, "kind = 'exact_slow' and state = 'running'", LIMIT).await;
    sqlx::query("update jobs set lease_owner = 'another', attempts = 2 where kind = 'exact_slow'")
        .execute(&world.owner)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(2000)).await;
    assert_eq!(world.jobs("kind = 'exact_slow' and state = 'running' and lease_owner = 'another'").await, 1);
    assert_eq!(world.jobs("payload = '{\"n\": 100}' and kind = 'good'").await, 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_without_its_lease_changes_nothing() {
    let world = World::new().await;
    world.enqueue(alliance(1), &[Good { n: 1 }]).await;
    let claim = queue::Claim {
        owner: "first",
        after: queue::Lane::START,
        batch: 10,
        lease: Duration::from_millis(1),
    };
    let lease = |owner: &str, job: &queue::Claimed| queue::Lease {
        owner: owner.into(),
        alliance_id: job.alliance_id,
        job_id: job.id,
        attempt: job.attempt,
    };
    let old = queue::claim(&world.app, &claim).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(queue::reclaim_expired(&world.app).await.unwrap(), 1);
    // The same process takes it again: the attempt tells the leases apart.
    let claim = queue::Claim { lease: Duration::from_secs(60), ..claim };
    let new = queue::claim(&world.app, &claim).await.unwrap();
    let outcome = |job: &queue::Claimed| [(lease("first", job), queue::Outcome::Done)];
    assert_eq!(queue::settle(&world.app, &outcome(&old[0])).await.unwrap(), 0);
    assert_eq!(world.jobs("state = 'running' and attempts = 2 and lost = 1").await, 1);
    assert_eq!(queue::settle(&world.app, &outcome(&new[0])).await.unwrap(), 1);
    assert_eq!(queue::settle(&world.app, &outcome(&new[0])).await.unwrap(), 0);
    assert_eq!(world.jobs("state = 'done'").await, 1);
}
