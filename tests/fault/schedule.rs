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
    world::{World, alliance, options},
};

const SCHEDULE: &[Entry] = &[
    Entry { name: "midday", when: When::Daily { hour: 12, minute: 0 }, job: |_| Planned::of(&Good { n: 1 }) },
    Entry { name: "hourly", when: When::Every { minutes: 60 }, job: |_| Planned::of(&Good { n: 2 }) },
];

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_queue_a_tick_once() {
    let world = World::new().await;
    world.found(&(1..=20).map(alliance).collect::<Vec<_>>()).await;
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
    world.found(&(1..=3).map(alliance).collect::<Vec<_>>()).await;
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
        // Others that the schedule queued may wait still: the worker stopped once these were deleted.
        assert_eq!(world.jobs("kind = 'good' and state = 'waiting'").await, 5);
        world.advance(TimeDelta::days(3));
        expected = [0, 0];
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_deletes_what_sign_in_retries_and_the_mailbox_have_left() {
    let world = World::new().await;
    world.found(&(1..=1).map(alliance).collect::<Vec<_>>()).await;
    sqlx::raw_sql(
        "insert into accounts (id, email, created_at) values (gen_random_uuid(), 'head@fenland.example', now());
         insert into people (alliance_id, id, name, created_at)
         select alliance_id, gen_random_uuid(), 'Head', now() from alliances;
         insert into sign_in_codes (id, email, expires_at, created_at)
         select gen_random_uuid(), 'head@fenland.example', now() + left_over, now()
         from unnest(array['-61 minutes', '-30 minutes', '10 minutes']::interval[]) as left_over;
         insert into sessions (id, account_id, token_hash, created_at, last_seen_at, expires_at)
         select gen_random_uuid(), id, sha256(name::bytea), now(), now() + seen, now() + ends
         from accounts, (values ('old', interval '-1 day', interval '-1 minute'),
                                ('idle', '-15 days', '60 days'),
                                ('live', '-13 days', '60 days')) as kept (name, seen, ends);
         insert into started_sign_ins (token_hash, account_id, expires_at)
         select sha256(left_over::text::bytea), id, now() + left_over
         from accounts, unnest(array['-1 minute', '10 minutes']::interval[]) as left_over;
         insert into api_tokens (id, account_id, alliance_id, name, token_hash, permissions, created_at, expires_at)
         select gen_random_uuid(), id, alliance_id, days::text, sha256(days::text::bytea), '{see_alliance}', now(),
                now() - make_interval(days => days)
         from accounts, alliances, unnest(array[91, 89, -1]) as days;
         insert into idempotency_keys (alliance_id, person_id, key, operation, input_hash, result_id, created_at)
         select alliance_id, id, hours::text, 'any', '', gen_random_uuid(), now() - make_interval(hours => hours)
         from people, unnest(array[100, 71, 0]) as hours;
         insert into development_mails (id, sent_at, sender, recipients, subject, body_text, body_html, attachments,
                                        message_id)
         select gen_random_uuid(), now() - make_interval(mins => n), '', '', n::text, '', '', '[]', n::text
         from generate_series(1, 1005) as n",
    )
    .execute(&world.owner)
    .await
    .unwrap();
    let worker = world.worker(WorkerOptions { schedule: schedule::SCHEDULE, ..options() });
    world.wait_for(4, "kind like 'prune_%' and state = 'done'", Duration::from_secs(30)).await;
    worker.stop().await;
    for (left, query) in [
        (2, "select count(*) from sign_in_codes where expires_at > now() - interval '1 hour'"),
        (0, "select count(*) from sign_in_codes where expires_at < now() - interval '1 hour'"),
        (1, "select count(*) from started_sign_ins"),
        (1, "select count(*) from sessions"),
        (1, "select count(*) from sessions where token_hash = sha256('live')"),
        (2, "select count(*) from api_tokens"),
        (0, "select count(*) from api_tokens where name = '91'"),
        (2, "select count(*) from idempotency_keys"),
        (0, "select count(*) from idempotency_keys where key = '100'"),
        (1000, "select count(*) from development_mails"),
        (0, "select count(*) from development_mails where subject::int > 1000"),
    ] {
        assert_eq!(world.count(query).await, left, "{query}");
    }
}
