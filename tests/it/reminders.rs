//! Who is reminded, when, and when it stops.

use serde_json::json;
use sqlx::Executor;
use tests::{
    TestApp,
    fixture::{FENLAND, day},
};

use crate::operations::Things;

/// Date, member and level of every reminder that was sent, but for the copies of Alder's finance contact.
async fn reminders(app: &TestApp) -> Vec<String> {
    let sent = "select d.sent_at::date || ' ' || split_part(m.name, ' ', 1) || ' ' || d.occurrence
                from deliveries d join alliances a using (alliance_id)
                join members m on (m.alliance_id, m.id) = (d.alliance_id, d.member_id)
                where d.rule = 'invoice_reminder' and d.state = 'sent' and a.slug = $1 and d.recipient not like 'business@%'
                order by 1";
    sqlx::query_scalar(sent).bind(FENLAND).fetch_all(&app.owner).await.unwrap()
}

/// A day that is entered by hand counts as any other day on which nobody is in the office.
#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_waits_for_the_end_of_a_closure() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let run = json!({ "alliance": FENLAND, "budgetId": Things::of(FENLAND, &director).await.budget("2026-27"),
                      "expectedCount": 5, "expectedTotal": 503_500, "dueOn": "2026-12-15", "idempotencyKey": "run" });
    finance.done("issueInvoices", "", run).await;
    let training = json!({ "alliance": FENLAND, "name": "Training day", "startsOn": "2026-12-08", "endsOn": "2026-12-08" });
    director.done("addClosure", "", training).await;
    app.work().await;
    app.pass_days_to(day(2026, 12, 9)).await;
    let of_alder: Vec<_> = reminders(&app).await.into_iter().filter(|sent| sent.contains("Alder")).collect();
    assert_eq!(of_alder, ["2026-12-09 Alder -7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_comes_once_and_stops_when_it_is_settled() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let run = json!({ "alliance": FENLAND, "budgetId": Things::of(FENLAND, &director).await.budget("2026-27"),
                      "expectedCount": 5, "expectedTotal": 503_500, "dueOn": "2026-12-15", "idempotencyKey": "run" });
    finance.done("issueInvoices", "", run).await;
    app.work().await;
    // Last year's debt of Birch is there already, and reached its last level long ago.
    app.pass_days_to(day(2026, 12, 8)).await;
    let first = [
        "2026-11-25 Birch 30",
        "2026-12-08 Alder -7",
        "2026-12-08 Birch -7",
        "2026-12-08 Cedar -7",
        "2026-12-08 Dogwood -7",
        "2026-12-08 Elm -7",
    ];
    assert_eq!(reminders(&app).await, first);

    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let invoice = |name: &str| {
        let invoices = things.all["invoices"]["nodes"].as_array().unwrap();
        // The list begins with the newest.
        invoices.iter().find(|row| row["memberName"] == name).unwrap()["id"].clone()
    };
    let pay = async |name: &str, amount: i64| {
        let payment = json!({ "alliance": FENLAND, "receivedOn": "2026-12-08", "amount": amount, "payerText": name,
                              "method": "BACS", "idempotencyKey": format!("pay {name}") });
        let recorded = finance.done("recordPayment", "payment { id }", payment).await;
        let parts = json!({ "alliance": FENLAND, "paymentId": recorded["payment"]["id"],
                            "parts": [{ "invoiceId": invoice(name), "amount": amount }],
                            "idempotencyKey": format!("set {name}") });
        finance.done("allocatePayment", "", parts).await;
    };
    pay("Alder Primary School", 82_500).await;
    pay("Birch Infant School", 100).await;
    for (name, chasing) in [("Cedar Secondary School", "DISPUTED"), ("Dogwood Academy", "HELD")] {
        let decision = json!({ "alliance": FENLAND, "invoiceId": invoice(name), "chasing": chasing, "reason": "They asked" });
        finance.done("decideChasing", "", decision).await;
    }
    // 15 December is the due date; 29 December, the next level, is in the closure, which ends on Friday 1 January.
    app.pass_days_to(day(2026, 12, 31)).await;
    let finance = app.sign_in("finance@fenland.example").await;
    let usual = json!({ "alliance": FENLAND, "invoiceId": invoice("Dogwood Academy"), "chasing": "USUAL" });
    finance.done("decideChasing", "", usual.clone()).await;
    let before = app.contents().await;
    assert_eq!(finance.refused("decideChasing", usual).await, "ALREADY_DECIDED");
    assert_eq!(app.contents().await, before);
    app.pass_days_to(day(2027, 1, 15)).await;
    let then = [
        "2026-12-15 Birch 0",
        "2026-12-15 Elm 0",
        "2027-01-04 Birch 14",
        "2027-01-04 Dogwood 14",
        "2027-01-04 Elm 14",
        "2027-01-14 Birch 30",
        "2027-01-14 Dogwood 30",
        "2027-01-14 Elm 30",
    ];
    assert_eq!(reminders(&app).await, [&first[..], &then[..]].concat());

    // What each one says is true on its day.
    let mails = app.mails.to("birch@fenland-schools.example");
    let last = mails.last().unwrap();
    assert!(last.text().contains("£509.00"), "{}", last.text());
    let ids: std::collections::BTreeSet<_> = mails.iter().map(tests::smtp::Received::message_id).collect();
    assert_eq!(ids.len(), mails.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_is_no_longer_true_is_withdrawn() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let alliance = gateway::schema::ids::decode(things.all["id"].as_str().unwrap()).unwrap().1;
    let viewer = domain::viewer::Viewer::machinery(alliance);
    domain::funding::reminders::plan_reminders(&app.app, &viewer, day(2026, 11, 25)).await.unwrap();
    assert_eq!(app.count("select count(*) from deliveries where state = 'waiting'").await, 1);
    let held = json!({ "alliance": FENLAND, "invoiceId": things.invoice("Birch Infant School"), "chasing": "HELD",
                       "reason": "They asked" });
    finance.done("decideChasing", "", held).await;
    app.mails.clear();
    app.work().await;
    assert_eq!(app.mails.to("birch@fenland-schools.example").len(), 0);
    let state = "select state from deliveries join alliances using (alliance_id)
                 where rule = 'invoice_reminder' and slug = 'fenland'";
    assert_eq!(app.text(state).await, "withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_exist_is_told_and_not_tried_again() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    for (name, mailbox) in
        [("Birch Infant School", "nobody@birch.example"), ("Cedar Secondary School", "busy@cedar.example")]
    {
        let payer = json!({ "alliance": FENLAND, "payerId": things.payer(name),
                            "payer": { "kind": "SCHOOL", "legalName": name, "address": "2 Mill Road",
                                       "purchaseOrder": "NONE", "accountsEmail": mailbox } });
        director.done("changePayer", "", payer).await;
    }
    let run = json!({ "alliance": FENLAND, "budgetId": things.budget("2026-27"), "expectedCount": 5,
                      "expectedTotal": 503_500, "idempotencyKey": "run" });
    finance.done("issueInvoices", "", run).await;
    app.work().await;
    let of = |state: &str| {
        format!("select count(*) from deliveries where state = '{state}' and recipient ~ '^(nobody|busy)@'")
    };
    assert_eq!(app.count(&of("refused")).await, 1);
    assert!(app.text("select last_reply from deliveries where state = 'refused'").await.contains("550"));
    // The busy one waits for its next attempt, later each time.
    assert_eq!(
        app.count(
            "select count(*) from jobs where kind = 'send_mail' and state = 'waiting' and attempts = 1"
        )
        .await,
        1
    );
    let page = finance.page("/fenland/mail").await.text();
    assert!(page.contains("nobody@birch.example"), "{page}");
}

/// Clocks of several gateways differ: what was decided last holds, whatever time it says.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_decision_holds_whatever_the_clocks_say() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let finance = app.sign_in("finance@fenland.example").await;
    let invoice = things.invoice("Birch Infant School");
    let decide = async |chasing: &str, reason: &str| {
        let input =
            json!({ "alliance": FENLAND, "invoiceId": invoice, "chasing": chasing, "reason": reason });
        finance.done("decideChasing", "", input).await;
        let query = "query($id: ID!) { alliance(slug: \"fenland\") { invoice(id: $id) { chasingReason } } }";
        finance.graphql(query, json!({ "id": invoice })).await["alliance"]["invoice"]["chasingReason"].take()
    };
    // All at the same instant, and then by a clock that is slow.
    for slow in [0, 90] {
        app.set_time(tests::fixture::now() - chrono::TimeDelta::seconds(slow));
        for turn in 0..4 {
            let reason = format!("Turn {turn}, {slow} s");
            assert_eq!(decide("HELD", &reason).await, reason.as_str());
            assert_eq!(decide("DISPUTED", &reason).await, reason.as_str());
            assert_eq!(decide("USUAL", "").await, serde_json::Value::Null);
        }
    }
    let counted = "select string_agg(nth::text, ' ' order by nth) from chasing_decisions
                   where invoice_id = (select invoice_id from chasing_decisions where reason like 'Turn 0%' limit 1)";
    let all: Vec<_> = (1..=24).map(|nth| nth.to_string()).collect();
    assert_eq!(app.text(counted).await, all.join(" "));

    // The program before this one counts nothing; what it adds stands where its time puts it.
    let uncounted = "insert into chasing_decisions (alliance_id, id, invoice_id, state, reason, decided_at)
                     select alliance_id, gen_random_uuid(), invoice_id, 'held', 'Said by the one before', now() + interval '9 years'
                     from chasing_decisions where reason like 'Turn 0%' limit 1";
    app.owner.execute(uncounted).await.unwrap();
    let query = "query($id: ID!) { alliance(slug: \"fenland\") { invoice(id: $id) { chasingReason } } }";
    let seen = finance.graphql(query, json!({ "id": invoice })).await;
    assert_eq!(seen["alliance"]["invoice"]["chasingReason"], "Said by the one before");
    assert_eq!(decide("HELD", "And then").await, "And then");
}
