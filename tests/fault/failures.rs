//! Bodies that fail.

use std::time::Duration;

use chrono::TimeDelta;

use crate::{
    bodies::{AlwaysFailing, Endless, Good, Hopeless, Panicking, Slow, Unreadable},
    world::{World, alliance, options},
};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn what_always_fails_waits_longer_each_time_and_is_parked() {
    let world = World::new().await;
    let worker = world.worker(options());
    world.enqueue(alliance(1), &[AlwaysFailing { n: 1 }]).await;

    world.wait_for(1, "state = 'waiting' and attempts = 1", LIMIT).await;
    // 5 seconds, a quarter more or less, by the application's clock.
    let first =
        world.count("select (extract(epoch from run_at - created_at) * 1000)::bigint from jobs").await;
    assert!((3_500..=12_000).contains(&first), "{first} ms");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(world.effects().await, 1, "it does not run before its time");

    world.advance(TimeDelta::seconds(8));
    world.wait_for(1, "state = 'waiting' and attempts = 2", LIMIT).await;
    world.advance(TimeDelta::seconds(14));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(world.effects().await, 2, "the second pause is four times the first");
    world.advance(TimeDelta::seconds(14));
    world.wait_for(1, "state = 'parked' and attempts = 3", LIMIT).await;

    world.advance(TimeDelta::days(2));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(world.effects().await, 3);
    assert_eq!(world.jobs("last_error = 'the server is busy' and lease_owner is null").await, 1);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_succeed_is_parked_at_once_and_a_person_decides() {
    let world = World::new().await;
    // What a person decides is recorded, which an alliance must be there for.
    world.found(&[alliance(1)]).await;
    let worker = world.worker(options());
    world.enqueue(alliance(1), &[Hopeless { n: 1 }, Hopeless { n: 2 }]).await;
    world.wait_for(2, "state = 'parked' and attempts = 1", LIMIT).await;

    let viewer = domain::viewer::Viewer::machinery(alliance(1));
    let reading = domain::viewer::Reading::new(world.app.db.clone(), viewer.clone());
    let filter = domain::jobs::JobFilter { state: Some(domain::jobs::JobState::Parked), kind: None };
    let page = domain::jobs::jobs(&reading, &filter, &domain::page::PageRequest::first(10)).await.unwrap();
    let [second, first] = &page.items[..] else { panic!("{page:?}") };
    assert_eq!(first.last_error.as_deref(), Some("there is no such mailbox"));

    domain::jobs::discard_job(&world.app, &viewer, first.id).await.unwrap();
    domain::jobs::retry_job(&world.app, &viewer, second.id).await.unwrap();
    world.wait_for(1, "state = 'parked' and attempts = 2 and max_attempts = 4", LIMIT).await;
    assert_eq!(world.jobs("state = 'cancelled'").await, 1);
    let stranger = domain::viewer::Viewer::machinery(alliance(2));
    let foreign = domain::jobs::retry_job(&world.app, &stranger, second.id).await;
    assert!(matches!(foreign, Err(domain::jobs::RetryJobError::UnknownJob)));
    assert_eq!(world.effects().await, 3);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_is_a_failure_and_frees_its_place() {
    let world = World::new().await;
    let worker = world.worker(worker::WorkerOptions { concurrency: 1, ..options() });
    world.enqueue(alliance(1), &[Endless { n: 1 }]).await;
    world.enqueue(alliance(1), &[Good { n: 2 }]).await;
    world.wait_for(1, "kind = 'good' and state = 'done'", LIMIT).await;
    world.wait_for(1, "kind = 'endless' and state = 'waiting' and attempts = 1", LIMIT).await;
    assert_eq!(world.jobs("last_error = 'it took longer than 0.2 seconds'").await, 1);
    assert_eq!(world.effects().await, 2);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failure_and_stays_inside() {
    let world = World::new().await;
    let worker = world.worker(options());
    world.enqueue(alliance(1), &[Panicking { n: 1 }]).await;
    world.wait_for(1, "state = 'waiting' and attempts = 1", LIMIT).await;
    world.advance(TimeDelta::seconds(10));
    world.wait_for(1, "state = 'parked' and attempts = 2", LIMIT).await;
    world.enqueue(alliance(1), &(0..50).map(|n| Good { n }).collect::<Vec<_>>()).await;
    world.wait_for(50, "state = 'done'", LIMIT).await;
    assert_eq!(world.effects().await, 52);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_a_payload_is_read_stays_inside_too() {
    let world = World::new().await;
    world.enqueue(alliance(1), &(0..10).map(|n| Slow { n }).collect::<Vec<_>>()).await;
    world.enqueue(alliance(2), &[Unreadable { n: 10 }]).await;
    world.enqueue(alliance(2), &(11..20).map(|n| Slow { n }).collect::<Vec<_>>()).await;
    let worker = world.worker(options());
    world.wait_for(19, "kind = 'slow' and state = 'done' and attempts = 1", LIMIT).await;
    world.wait_for(1, "kind = 'unreadable' and state = 'parked' and attempts = 1", LIMIT).await;
    assert_eq!(world.jobs("last_error like '%(panic)'").await, 1);
    assert_eq!(world.effects().await, 19);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_cannot_be_read_parks_its_own_job_alone() {
    let world = World::new().await;
    world.enqueue(alliance(1), &(0..20).map(|n| Good { n }).collect::<Vec<_>>()).await;
    // The second is valid for the database, and too large for any of our numbers.
    sqlx::query(
        "insert into jobs (alliance_id, id, kind, payload, run_at, priority, max_attempts, created_at)
         select $1, gen_random_uuid(), 'good', payload, now() - interval '1 hour', 1, 8, now()
         from unnest(array['{\"n\": \"five\"}', '{\"n\": 1e400}', '[]']::jsonb[]) as payload",
    )
    .bind(alliance(1).0)
    .execute(&world.owner)
    .await
    .unwrap();
    sqlx::query("update jobs set kind = 'of_tomorrow' where payload = '{\"n\": 7}'")
        .execute(&world.owner)
        .await
        .unwrap();
    let worker = world.worker(options());
    world.wait_for(19, "state = 'done'", LIMIT).await;
    world.wait_for(3, "state = 'parked' and attempts = 1", LIMIT).await;
    // An older process leaves work of a newer kind for others.
    world.wait_for(1, "kind = 'of_tomorrow' and state = 'waiting' and attempts = 1", LIMIT).await;
    assert_eq!(world.effects().await, 19);
    worker.stop().await;
}
