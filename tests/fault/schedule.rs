//! The clock, read by several processes.

use std::time::Duration;

use chrono::TimeDelta;
use domain::jobs::Planned;
use worker::{
    WorkerOptions,
    schedule::{Entry, When, queue_ticks},
};

use crate::{
    bodies::Good,
    world::{World, options},
};

const SCHEDULE: &[Entry] = &[
    Entry { name: "midday", when: When::Daily { hour: 12, minute: 0 }, job: |_| Planned::of(&Good { n: 1 }) },
    Entry { name: "hourly", when: When::Every { minutes: 60 }, job: |_| Planned::of(&Good { n: 2 }) },
];

async fn found_alliances(world: &World, count: i32) {
    sqlx::query(
        "insert into alliances (alliance_id, slug, name, legal_name, address, contact_email, supplier_kind, created_at)
         select gen_random_uuid(), 'alliance-' || n, 'Alliance', 'Alliance', '', '', 'education_body', '2020-01-01'
         from generate_series(1, $1) as n",
    )
    .bind(count)
    .execute(&world.owner)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_queue_a_tick_once() {
    let world = World::new().await;
    found_alliances(&world, 20).await;
    let now = world.app.clock.now();
    let both = [0; 8].map(|_| queue_ticks(&world.app, SCHEDULE, (now - TimeDelta::days(1), now)));
    for queued in futures::future::join_all(both).await {
        queued.unwrap();
    }
    // A day has one midday, and the last full hour stands for those missed.
    assert_eq!(world.jobs("dedupe_key like 'midday@%'").await, 20);
    assert_eq!(world.jobs("dedupe_key like 'hourly@%'").await, 1);

    let replicas = [(); 2].map(|()| world.worker(WorkerOptions { schedule: SCHEDULE, ..options() }));
    world.wait_for(21, "state = 'done'", Duration::from_secs(20)).await;
    assert_eq!((world.jobs("true").await, world.effects().await), (21, 21));
    for replica in replicas {
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_missed_while_nobody_ran_is_caught_up_and_older_ones_are_not() {
    let world = World::new().await;
    found_alliances(&world, 3).await;
    let worker = world.worker(WorkerOptions { schedule: SCHEDULE, ..options() });
    world.wait_for(4, "state = 'done'", Duration::from_secs(20)).await;
    worker.stop().await;

    world.advance(TimeDelta::days(5));
    let worker = world.worker(WorkerOptions { schedule: SCHEDULE, ..options() });
    world.wait_for(8, "state = 'done'", Duration::from_secs(20)).await;
    worker.stop().await;
    assert_eq!(world.jobs("dedupe_key like 'midday@%'").await, 6);
    assert_eq!(world.effects().await, 8);
}
