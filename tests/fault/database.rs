//! Postgres goes away and comes back, and is busy.

use std::time::Duration;

use tests::postgres::{Restart, Server};
use worker::{Timing, WorkerOptions};

use crate::{
    bodies::{Brief, Gated, Good, OPEN, Slow},
    world::{World, alliance, options},
};

async fn restarts(how: Restart) {
    let server = Server::start();
    let world = World::on(server.clone()).await;
    world.enqueue(alliance(1), &(0..60).map(|n| Slow { n }).collect::<Vec<_>>()).await;
    world.enqueue(alliance(2), &(60..2_000).map(|n| Brief { n }).collect::<Vec<_>>()).await;
    let worker = world.worker(WorkerOptions { concurrency: 8, ..options() });
    for round in 1..=2 {
        while world.effects().await < round * 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let server = server.clone();
        tokio::task::spawn_blocking(move || server.restart(how)).await.unwrap();
    }
    // A body that lost its connection failed, and waits its five seconds.
    world.wait_for(2_000, "state = 'done'", Duration::from_secs(60)).await;
    assert_eq!(world.count("select count(distinct n) from effects").await, 2_000);
    assert_eq!(world.jobs("lease_owner is not null or state <> 'done'").await, 0);
    // Nobody was declared dead: only what failed itself ran again.
    assert_eq!(world.jobs("lost > 0").await, 0);
    let repeated = world.effects().await - 2_000;
    assert!(repeated <= 2 * 8, "{repeated} effects happened again");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fast_restart_loses_nothing() {
    restarts(Restart::Fast).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immediate_restart_loses_nothing() {
    restarts(Restart::Immediate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_connection_to_spare_loses_nothing_and_repeats_nothing() {
    let world = World::new().await;
    // Leases outlast the siege: what is tried is the pool.
    let timing = Timing { lease: Duration::from_secs(300), ..Timing::default() };
    let worker = world.worker(WorkerOptions { concurrency: 8, timing, ..options() });
    world.enqueue(alliance(1), &(0..8).map(|n| Gated { n }).collect::<Vec<_>>()).await;
    world.wait_for(8, "state = 'running'", Duration::from_secs(20)).await;
    while world.effects().await < 8 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    // Everything that the pool gives: the figures it shows of itself may be a moment old.
    let mut others = Vec::new();
    while let Ok(other) = tokio::time::timeout(Duration::from_secs(1), world.app.db.machine()).await {
        others.push(other.unwrap());
    }
    world.enqueue(alliance(2), &(8..500).map(|n| Good { n }).collect::<Vec<_>>()).await;
    sqlx::query("insert into effects (n) values ($1)").bind(OPEN).execute(&world.owner).await.unwrap();
    // Longer than anybody waits for a connection: every statement has failed once.
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(world.jobs("state = 'done'").await, 0, "what ended is not written");
    assert_eq!(world.effects().await, 9, "and nothing new is taken");

    drop(others);
    world.wait_for(500, "state = 'done' and attempts = 1 and lost = 0", Duration::from_secs(60)).await;
    assert_eq!(world.count("select count(distinct n) from effects where n >= 0").await, 500);
    assert_eq!(world.effects().await, 501);
    worker.stop().await;
}
