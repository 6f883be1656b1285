//! One alliance's flood and everybody else.

use std::time::Duration;

use domain::{
    ids::AllianceId,
    jobs::queue::{self, Claim, Lane},
};
use worker::WorkerOptions;

use crate::{
    bodies::{Brief, Good},
    world::{World, alliance, options},
};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_job_does_not_wait_for_another_alliances_ten_thousand() {
    let world = World::new().await;
    world.enqueue(alliance(1), &(0..10_000).map(|n| Brief { n }).collect::<Vec<_>>()).await;
    world.enqueue(alliance(2), &[Good { n: -1 }]).await;
    let worker = world.worker(WorkerOptions { concurrency: 4, ..options() });
    // The first lone job was queued after the flood, the second in the middle of it.
    while world.effects().await < 1_000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.enqueue(alliance(3), &[Good { n: -2 }]).await;
    let before = world.effects().await;
    world.wait_for(2, "kind = 'good' and state = 'done'", LIMIT).await;
    let first =
        world.count("select count(*) from effects where seq < (select seq from effects where n = -1)").await;
    assert!(first < 100, "{first} jobs of the flood went before the first");
    let place =
        world.count("select count(*) from effects where seq < (select seq from effects where n = -2)").await;
    assert!(place - before < 1_000, "{} jobs of the flood went before the second", place - before);
    world.wait_for(10_002, "state = 'done'", LIMIT).await;
    assert_eq!(world.effects().await, 10_002);
    worker.stop().await;
}

/// How many jobs of others are taken, from the queueing of `small`'s lone job until it is taken itself, by a process
/// that has just taken from the lane `after`.
async fn taken_before(world: &World, small: AllianceId, mut after: Lane) -> usize {
    world.enqueue(small, &[Good { n: -1 }]).await;
    let mut taken = 0;
    loop {
        let claim = Claim { owner: "test", after, batch: 24, lease: Duration::from_secs(600) };
        let jobs = queue::claim(&world.app, &claim).await.unwrap();
        taken += jobs.iter().filter(|job| job.alliance_id != small).count();
        if jobs.iter().any(|job| job.alliance_id == small) {
            return taken;
        }
        let last = jobs.iter().map(|job| Lane { alliance_id: job.alliance_id, priority: job.priority }).max();
        // As the claim loop goes on.
        after = last.filter(|_| jobs.len() >= 24).unwrap_or(Lane::START);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_gains_nothing_by_an_early_date() {
    let world = World::new().await;
    let flood = alliance(2);
    world.enqueue(flood, &(0..10_000).map(|n| Good { n }).collect::<Vec<_>>()).await;
    for date in ["now()", "'2020-01-01'"] {
        let back_dated = format!("update jobs set run_at = {date} where state = 'waiting'");
        sqlx::query(sqlx::AssertSqlSafe(back_dated)).execute(&world.owner).await.unwrap();
        // Before the flood in the order of lanes and behind it, wherever the process has come to.
        for small in [alliance(1), alliance(3)] {
            for after in [Lane::START, Lane { alliance_id: flood, priority: 1 }] {
                let taken = taken_before(&world, small, after).await;
                assert!(taken <= 24, "{taken} jobs of the flood, dated {date}, went before {small}'s");
            }
        }
    }

    // The same by workers, to the end.
    world.enqueue(alliance(1), &[Good { n: -2 }]).await;
    world.enqueue(alliance(3), &[Good { n: -3 }]).await;
    let release = "update jobs set state = 'waiting', attempts = 0, lease_owner = null, lease_until = null
                   where state = 'running'";
    sqlx::query(release).execute(&world.owner).await.unwrap();
    let worker = world.worker(WorkerOptions { concurrency: 4, ..options() });
    world.wait_for(10_010, "state = 'done' and attempts = 1", LIMIT).await;
    for n in [-2, -3] {
        let before =
            format!("select count(*) from effects where seq < (select seq from effects where n = {n})");
        let before = world.count(&before).await;
        assert!(before < 100, "{before} jobs of the flood went before {n}");
    }
    assert_eq!(world.effects().await, 10_010);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_alliance_has_its_turn_however_small_the_batch() {
    let world = World::new().await;
    for number in 1..=30 {
        world.enqueue(alliance(number), &(0..20).map(|n| Good { n }).collect::<Vec<_>>()).await;
    }
    // Nobody before the others, nobody left out, also when there are more alliances than a batch has places.
    let mut after = Lane::START;
    for round in 1..=3 {
        for _ in 0..3 {
            let claim = Claim { owner: "test", after, batch: 10, lease: Duration::from_secs(60) };
            let jobs = queue::claim(&world.app, &claim).await.unwrap();
            assert_eq!(jobs.len(), 10);
            let last = jobs.iter().max_by_key(|job| job.alliance_id).unwrap();
            after = Lane { alliance_id: last.alliance_id, priority: last.priority };
        }
        let query = "select count(*) from (select from jobs where state = 'running'
                     group by alliance_id having count(*) = ";
        assert_eq!(world.count(&format!("{query} {round}) as alliances")).await, 30);
        after = Lane::START;
    }
    // Enough places for all: shared alike.
    let claim = Claim { owner: "test", after, batch: 300, lease: Duration::from_secs(60) };
    assert_eq!(queue::claim(&world.app, &claim).await.unwrap().len(), 300);
    assert_eq!(world.jobs("state = 'running'").await, 390);
}
