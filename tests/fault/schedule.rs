//! The clock, read by several processes.

use std::time::Duration;

use chrono::TimeDelta;
use domain::jobs::Planned;
use worker::{
    WorkerOptions,
    schedule::{self, Entry, When, queue_ticks},
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

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_deletes_what_was_finished_a_week_ago() {
    let world = World::new().await;
    sqlx::query(
        "insert into jobs (alliance_id, id, kind, payload, run_at, priority, max_attempts, attempts, state, created_at,
                           finished_at)
         select '00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'good', '{}', at, 1, 8, 1, state, at,
                case when state in ('done', 'cancelled') then at end
         from (values ('done', 8, 12000), ('done', 5, 40), ('cancelled', 8, 30), ('cancelled', 5, 20),
                      ('parked', 400, 10), ('waiting', -400, 5)) as kept (state, days, count)
         cross join lateral (select now() - make_interval(days => days) as at) as moment
         cross join lateral generate_series(1, count)",
    )
    .execute(&world.owner)
    .await
    .unwrap();
    let pruned = "kind = 'prune_jobs' and state = 'done'";
    let mut expected = [40, 20];
    for ticks in 1..=2 {
        let worker = world.worker(WorkerOptions { schedule: schedule::SCHEDULE, ..options() });
        world.wait_for(ticks, pruned, Duration::from_secs(30)).await;
        worker.stop().await;
        let left =
            [world.jobs("kind = 'good' and state = 'done'").await, world.jobs("state = 'cancelled'").await];
        assert_eq!(left, expected);
        assert_eq!(world.jobs("state = 'parked'").await, 10, "a person decides about these");
        assert_eq!(world.jobs("state = 'waiting'").await, 5);
        world.advance(TimeDelta::days(3));
        expected = [0, 0];
    }
}
