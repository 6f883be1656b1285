//! Mails whose sender dies, or whose server stalls: the real body, a real mail server. No mail is lost, and none goes
//! twice unless the mail server itself broke off.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, atomic::AtomicI64},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use domain::{
    db::DatabaseUrls,
    ids::{AllianceId, DeliveryId},
    messages::SendMail,
    viewer::{Permission, Viewer},
};
use futures::future::join_all;
use mail::{Email, Envelope, Mail, Mailbox, Smtp, compose, mails::SignInCode};
use tests::{TestApp, app::deps, fixture, postgres::Restart, smtp::Sink};
use tokio_util::sync::CancellationToken;
use worker::{WorkerOptions, bodies};

use crate::{
    processes::WorkerProcess,
    world::{Worker, app_at, hasty, options},
};

const DATABASE: &str = "ENSEMBLE_FAULT_MAIL_DATABASE";
const FILES: &str = "ENSEMBLE_FAULT_MAIL_FILES";
const SERVER: &str = "ENSEMBLE_FAULT_MAIL_SERVER";

/// Longer than the sender waits for a mail server.
const LIMIT: Duration = Duration::from_secs(75);
/// So many mails are sent at once.
const AT_ONCE: u16 = 8;
const AT_ONCE_I64: i64 = 8;
const MAILS: i64 = 40;

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
    // The fixture's day.
    let ahead = (fixture::now() - domain::app::Clock::system().now()).num_milliseconds();
    let app = app_at(&urls, Arc::new(AtomicI64::new(ahead))).await;
    let deps = deps(Path::new(&std::env::var(FILES).unwrap()), &std::env::var(SERVER).unwrap());
    worker::run(app, deps, bodies::registry(), few_at_once(), CancellationToken::new()).await.unwrap();
}

fn few_at_once() -> WorkerOptions {
    WorkerOptions { concurrency: AT_ONCE, timing: hasty(), ..options() }
}

/// Queues [`MAILS`] mails about an invoice that was issued, each to somebody else.
async fn queue_mails(app: &TestApp) {
    let rows: Vec<(uuid::Uuid, uuid::Uuid)> = sqlx::query_as(
        "insert into deliveries (alliance_id, id, rule, subject_id, recipient, reference_date, occurrence, member_id,
            state, message_id, created_at)
         select alliance_id, gen_random_uuid(), rule, subject_id, 'office' || n || '@many.example', reference_date,
            occurrence, member_id, 'waiting', '<' || n || '@many.example>', created_at
         from (select * from deliveries where rule = 'invoice_issued' and subject_id not in (select invoice_id from credit_notes)
               order by alliance_id, id limit 1) as example, generate_series(1, $1) as n
         returning alliance_id, id",
    )
    .bind(MAILS)
    .fetch_all(&app.owner)
    .await
    .unwrap();
    let scope = Viewer::machinery(AllianceId(rows[0].0)).require(Permission::ManageJobs).unwrap();
    let jobs: Vec<_> = rows.iter().map(|(_, id)| SendMail { delivery_id: DeliveryId(*id) }).collect();
    let mut tx = app.app.db.begin(scope).await.unwrap();
    tx.enqueue_all(&app.app, &jobs).await.unwrap();
    tx.commit().await.unwrap();
    app.mails.clear();
}

/// How many of the mails fulfil `condition`, together with what is known of their jobs.
fn mails(condition: &str) -> String {
    format!(
        "select count(*) from deliveries d join jobs j on (j.payload->>'delivery_id')::uuid = d.id
         where d.recipient like '%@many.example' and {condition}"
    )
}

async fn wait_for(app: &TestApp, expected: i64, condition: &str) {
    let started = Instant::now();
    loop {
        // The server may be restarting.
        let found: Result<i64, _> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(mails(condition))).fetch_one(&app.owner).await;
        if found.as_ref().is_ok_and(|found| *found == expected) {
            return;
        }
        assert!(started.elapsed() < LIMIT, "{condition}: {found:?} instead of {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The sender has handed over as many mails as it sends at once, and waits for the answers.
async fn wait_for_hand_over(app: &TestApp) {
    let started = Instant::now();
    while app.mails.received().len() < usize::from(AT_ONCE) {
        assert!(started.elapsed() < LIMIT, "{} mails came", app.mails.received().len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Each mail came once, under the Message-ID that its row has.
async fn assert_each_came_once(app: &TestApp) {
    let came: Vec<_> = app.mails.received().iter().map(|mail| format!("<{}>", mail.message_id())).collect();
    let stored: Vec<String> =
        sqlx::query_scalar("select message_id from deliveries where recipient like '%@many.example'")
            .fetch_all(&app.owner)
            .await
            .unwrap();
    assert_eq!(came.len(), stored.len());
    assert_eq!(BTreeSet::from_iter(came), BTreeSet::from_iter(stored));
}

/// The sender has died with mails in the server's hands. The next one sends the others, and finds those under leases.
async fn another_takes_over(app: &TestApp) {
    app.mails.answer();
    let next = Worker::of_the_product(app, few_at_once());
    wait_for(app, MAILS - AT_ONCE_I64, "d.state = 'sent' and j.state = 'done'").await;
    // The earlier sender may be alive for all anybody knows: its mails are left alone, and their jobs come again.
    let left_alone = "d.state = 'sending' and d.attempts = 1 and j.state = 'waiting' and j.attempts = 2
                      and j.last_error = 'an earlier attempt may still be sending it'";
    wait_for(app, AT_ONCE_I64, left_alone).await;

    app.set_time(fixture::now() + TimeDelta::minutes(4));
    wait_for(app, AT_ONCE_I64, "d.state = 'unknown' and d.attempts = 1 and j.state = 'done'").await;
    assert_eq!(
        app.count(&mails("d.state = 'sent' and d.attempts = 1 and j.state = 'done'")).await,
        MAILS - AT_ONCE_I64
    );
    assert_each_came_once(app).await;
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mails_of_a_killed_sender_are_neither_lost_nor_sent_twice() {
    let app = TestApp::new().await;
    queue_mails(&app).await;
    app.mails.stall();
    let database = app.server().url("owner", app.database());
    let files = app.server().files();
    let settings = [(DATABASE, &*database), (FILES, files.to_str().unwrap()), (SERVER, &*app.mails.url())];
    let sender = WorkerProcess::spawn("mail::child", &settings);
    wait_for_hand_over(&app).await;
    // SIGKILL.
    drop(sender);
    another_takes_over(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mails_of_a_body_that_is_cut_off_are_neither_lost_nor_sent_twice() {
    let app = TestApp::new().await;
    queue_mails(&app).await;
    app.mails.stall();
    let sender = Worker::of_the_product(&app, WorkerOptions { grace: Duration::ZERO, ..few_at_once() });
    wait_for_hand_over(&app).await;
    // As at a time-out, the body is dropped where it stands.
    sender.stop().await;
    app.set_time(fixture::now() + TimeDelta::seconds(10));
    another_takes_over(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mail_server_said_outlives_a_restart_of_the_database() {
    let app = TestApp::on_its_own_server().await;
    queue_mails(&app).await;
    app.mails.stall();
    let sender = Worker::of_the_product(&app, WorkerOptions { timing: Default::default(), ..few_at_once() });
    wait_for_hand_over(&app).await;
    let server = app.server().clone();
    let restart = tokio::task::spawn_blocking(move || server.restart(Restart::Immediate));
    // The answers come while the database is away.
    app.mails.answer();
    restart.await.unwrap();
    // What met the restart before it was begun waits for its next attempt.
    wait_for(&app, MAILS, "j.state in ('done', 'waiting') and d.state <> 'sending'").await;
    app.set_time(fixture::now() + TimeDelta::minutes(1));
    wait_for(&app, MAILS, "d.state = 'sent' and j.state = 'done'").await;
    assert_each_came_once(&app).await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_gets_the_same_mail_again() {
    let app = TestApp::new().await;
    queue_mails(&app).await;
    app.mails.stall();
    let sender = Worker::of_the_product(&app, WorkerOptions { concurrency: 64, ..few_at_once() });
    // The sender knows that it was not answered: the mail waits again at once, not when its lease has run out.
    wait_for(&app, MAILS, "d.state = 'waiting' and d.attempts = 1 and d.last_reply like '%took too long%'")
        .await;
    app.mails.answer();
    app.set_time(fixture::now() + TimeDelta::seconds(20));
    wait_for(&app, MAILS, "d.state = 'sent' and d.attempts = 2 and j.state = 'done'").await;
    let came = app.mails.received();
    assert_eq!(i64::try_from(came.len()).unwrap(), 2 * MAILS);
    let ids = BTreeSet::from_iter(came.iter().map(tests::smtp::Received::message_id));
    assert_eq!(i64::try_from(ids.len()).unwrap(), MAILS);
    sender.stop().await;
}

/// A short mail to a fictional office.
fn note() -> Email {
    let mailbox = |address: &str| Mailbox { name: None, address: address.into() };
    let envelope = Envelope {
        from: mailbox("post@ensemble.example"),
        reply_to: None,
        to: vec![mailbox("office@alder.example")],
        cc: Vec::new(),
        message_id: "<note@ensemble.example>".into(),
        date: fixture::now(),
        attachments: Vec::new(),
    };
    compose(&SignInCode::sample(), envelope).unwrap()
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_one_about_the_next_mail() {
    let server = Sink::start().await;
    let smtp = Smtp::from_url(&server.url()).unwrap();
    let (cut_off, others) = (4, 8);
    server.stall();
    let handed_over = async {
        let started = Instant::now();
        while server.received().len() < cut_off {
            assert!(started.elapsed() < LIMIT);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let note = note();
    tokio::select! {
        replies = join_all((0..cut_off).map(|_| smtp.send(&note))) => panic!("{replies:?}"),
        () = handed_over => {}
    }
    server.answer();
    // The first of these may find no connection that is free; the others find every one there is.
    for at_once in [1, others] {
        let before = server.received().len();
        for reply in join_all((0..at_once).map(|_| smtp.send(&note))).await {
            assert_eq!(reply.unwrap().to_string(), "250 Kept");
        }
        assert_eq!(server.received().len(), before + at_once);
    }
}
