//! Postgres goes away and comes back.

use std::time::Duration;

use tests::postgres::{Restart, Server};
use worker::WorkerOptions;

use crate::{
    bodies::{Brief, Slow},
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
