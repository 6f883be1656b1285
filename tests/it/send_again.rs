//! A mail that failed is sent again by a person, and nobody gets it twice.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tests::{Client, TestApp, fixture::FENLAND};

use crate::operations::Things;

/// The director, the finance lead, and what there is.
async fn people(app: &TestApp) -> (Client, Client, Things) {
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    (director, finance, things)
}

/// Gives a school's payer these addresses.
async fn change_payer(director: &Client, things: &Things, school: &str, addresses: Value) {
    let mut payer =
        json!({ "kind": "SCHOOL", "legalName": school, "address": "2 Mill Road", "purchaseOrder": "NONE" });
    payer.as_object_mut().unwrap().extend(addresses.as_object().unwrap().clone());
    let input = json!({ "alliance": FENLAND, "payerId": things.payer(school), "payer": payer });
    director.done("changePayer", "", input).await;
}

async fn add_bursar(director: &Client, things: &Things, school: &str) -> Value {
    let person = json!({ "alliance": FENLAND, "name": "The bursar", "email": "bursar@cedar.example",
                         "memberId": things.member(school), "title": "Bursar", "startsOn": "2026-11-01" });
    director.done("addPerson", "person { id }", person).await["person"]["id"].clone()
}

/// A key that nobody has used.
fn key() -> String {
    static USED: AtomicU32 = AtomicU32::new(0);
    USED.fetch_add(1, Ordering::Relaxed).to_string()
}

fn again(things: &Things) -> Value {
    json!({ "alliance": FENLAND, "deliveryId": things.refused_mail("Cedar Secondary School"),
            "idempotencyKey": key() })
}

/// Recipient, state and how often it was sent again, of every mail with the invoice of Cedar.
async fn of_cedar(app: &TestApp) -> String {
    app.text(
        "select string_agg(split_part(recipient, '@', 1) || ' ' || d.state || ' ' || again, ', ' order by recipient, again)
         from deliveries d join alliances a using (alliance_id)
         join members m on (m.alliance_id, m.id) = (d.alliance_id, d.member_id)
         where rule = 'invoice_issued' and m.name = 'Cedar Secondary School' and slug = 'fenland'",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_goes_to_the_addresses_of_today_once() {
    let app = TestApp::new().await;
    let (director, finance, things) = people(&app).await;
    assert_eq!(of_cedar(&app).await, "cedar refused 0");
    let bursar = add_bursar(&director, &things, "Cedar Secondary School").await;
    let addresses = json!({ "accountsEmail": "cedar@fenland-schools.example", "financeContactId": bursar });
    change_payer(&director, &things, "Cedar Secondary School", addresses).await;
    app.mails.clear();

    let sent = finance.done("sendAgain", "deliveries { recipient state }", again(&things)).await;
    let mut to: Vec<_> = sent["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| mail["recipient"].as_str().unwrap())
        .collect();
    to.sort_unstable();
    assert_eq!(to, ["bursar@cedar.example", "cedar@fenland-schools.example"]);
    // Asked once more before it went, and once more after.
    assert_eq!(finance.refused("sendAgain", again(&things)).await, "NOTHING_TO_SEND");
    app.work().await;
    assert_eq!(finance.refused("sendAgain", again(&things)).await, "NOTHING_TO_SEND");
    let invoice = json!({ "alliance": FENLAND, "invoiceId": things.invoice("Cedar Secondary School"),
                          "idempotencyKey": key() });
    assert_eq!(finance.refused("sendInvoice", invoice).await, "NOTHING_TO_SEND");

    // The finance contact had no mail before: it is the first, the other the second.
    assert_eq!(of_cedar(&app).await, "bursar sent 0, cedar refused 0, cedar sent 1");
    let (first, second) =
        (app.mails.to("bursar@cedar.example"), app.mails.to("cedar@fenland-schools.example"));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].subject(), second[0].subject());
    assert_ne!(first[0].message_id(), second[0].message_id());
    assert_eq!(first[0].attachments().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_sends_once() {
    let app = TestApp::new().await;
    let (director, finance, things) = people(&app).await;
    let input = again(&things);
    let first = finance.done("sendAgain", "deliveries { id }", input.clone()).await;
    assert_eq!(first["deliveries"].as_array().unwrap().len(), 1);
    let before = app.contents().await;
    assert_eq!(
        finance.done("sendAgain", "deliveries { id }", input.clone()).await["deliveries"],
        first["deliveries"]
    );
    let send = |name: &str, key: &str| json!({ "alliance": FENLAND, "invoiceId": things.invoice(name), "idempotencyKey": key });
    // A key is for one request.
    let other = send("Cedar Secondary School", input["idempotencyKey"].as_str().unwrap());
    assert_eq!(finance.refused("sendInvoice", other).await, "MISMATCH");
    assert_eq!(app.contents().await, before);

    let bursar = add_bursar(&director, &things, "Birch Infant School").await;
    change_payer(&director, &things, "Birch Infant School", json!({ "financeContactId": bursar })).await;
    let input = send("Birch Infant School", "birch");
    let first = finance.done("sendInvoice", "invoice { id }", input.clone()).await;
    let before = app.contents().await;
    assert_eq!(finance.done("sendInvoice", "invoice { id }", input).await["invoice"], first["invoice"]);
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_nobody_knows_about_is_sent_again_to_whoever_may_not_have_it() {
    let app = TestApp::new().await;
    let (director, finance, things) = people(&app).await;
    let bursar = add_bursar(&director, &things, "Cedar Secondary School").await;
    let addresses = json!({ "accountsEmail": "cedar@fenland-schools.example", "financeContactId": bursar });
    change_payer(&director, &things, "Cedar Secondary School", addresses).await;
    finance.done("sendAgain", "", again(&things)).await;
    app.work().await;
    // Of the two mails, the sender of one died after its last attempt: it is still as if on its way.
    let died = "update deliveries set state = 'sending', sent_at = null, leased_until = created_at - interval '1 second'
                where recipient = 'cedar@fenland-schools.example' and again = 1 returning id";
    let died: uuid::Uuid = sqlx::query_scalar(died).fetch_one(&app.owner).await.unwrap();
    app.mails.clear();
    let (_, alliance, _) = gateway::schema::ids::decode(things.all["id"].as_str().unwrap()).unwrap();
    let id = gateway::schema::ids::encode(gateway::schema::ids::Kind::Delivery, alliance, died);
    finance
        .done("sendAgain", "", json!({ "alliance": FENLAND, "deliveryId": id, "idempotencyKey": key() }))
        .await;
    app.work().await;
    assert_eq!(of_cedar(&app).await, "bursar sent 0, cedar refused 0, cedar unknown 1, cedar sent 2");
    assert_eq!(app.mails.received().len(), 1);

    // What was sent is not sent again.
    let sent = "select id from deliveries where recipient = 'bursar@cedar.example'";
    let sent: uuid::Uuid = sqlx::query_scalar(sent).fetch_one(&app.owner).await.unwrap();
    let id = gateway::schema::ids::encode(gateway::schema::ids::Kind::Delivery, alliance, sent);
    let refused = finance
        .refused("sendAgain", json!({ "alliance": FENLAND, "deliveryId": id, "idempotencyKey": key() }))
        .await;
    assert_eq!(refused, "NOT_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_without_an_address_is_sent_once_there_is_one() {
    let app = TestApp::new().await;
    let (director, finance, things) = people(&app).await;
    change_payer(&director, &things, "Birch Infant School", json!({})).await;
    let run = json!({ "alliance": FENLAND, "budgetId": things.budget("2026-27"), "expectedCount": 5,
                      "expectedTotal": 503_500, "idempotencyKey": "run" });
    finance.done("issueInvoices", "", run).await;
    app.work().await;
    let things = Things::of(FENLAND, &director).await;
    let birch = things.invoice("Birch Infant School");
    let input = || json!({ "alliance": FENLAND, "invoiceId": birch, "idempotencyKey": key() });
    assert_eq!(finance.refused("sendInvoice", input()).await, "NO_ADDRESS");
    let page = format!("/fenland/invoices/{}", gateway::schema::ids::decode(birch).unwrap().2);
    let refused = finance.submit(&page, &format!("{page}/send"), &[]).await;
    assert!(refused.body.contains("The payer has no address"), "{}", refused.body);

    let addresses = json!({ "accountsEmail": "office@birch.example",
                            "financeContactId": add_bursar(&director, &things, "Birch Infant School").await });
    change_payer(&director, &things, "Birch Infant School", addresses).await;
    app.mails.clear();
    let sent = finance.submit(&page, &format!("{page}/send"), &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    assert_eq!(finance.refused("sendInvoice", input()).await, "NOTHING_TO_SEND");
    app.work().await;
    for address in ["office@birch.example", "bursar@cedar.example"] {
        let mails = app.mails.to(address);
        assert_eq!(mails.len(), 1, "{address}");
        assert_eq!(mails[0].attachments().len(), 1);
    }
    // The button is gone.
    assert!(!finance.page(&page).await.text().contains("Send the invoice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_sent_again_stops_at_a_credit_note() {
    let app = TestApp::new().await;
    let (_, finance, things) = people(&app).await;
    let (_, alliance, _) = gateway::schema::ids::decode(things.all["id"].as_str().unwrap()).unwrap();
    let viewer = domain::viewer::Viewer::machinery(alliance);
    let day = tests::fixture::day(2026, 11, 25);
    domain::funding::reminders::plan_reminders(&app.app, &viewer, day).await.unwrap();
    let lost = "update deliveries set state = 'unknown' where rule = 'invoice_reminder' and state = 'waiting' returning id";
    let lost: uuid::Uuid = sqlx::query_scalar(lost).fetch_one(&app.owner).await.unwrap();
    app.work().await;
    app.mails.clear();

    // By the button on the page of mails, which says to whom.
    let action = format!("/fenland/mail/{lost}/again");
    let sent = finance.submit("/fenland/mail", &action, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let credit = json!({ "alliance": FENLAND, "invoiceId": things.invoice("Birch Infant School"),
                         "reason": "Agreed with the school", "idempotencyKey": "credit" });
    finance.done("creditInvoice", "", credit).await;
    app.work().await;
    let states = "select string_agg(state || ' ' || again, ', ' order by again)
                  from deliveries join alliances using (alliance_id)
                  where rule = 'invoice_reminder' and slug = 'fenland'";
    assert_eq!(app.text(states).await, "unknown 0, withdrawn 1");
    // The credit note itself is all that came.
    let subjects: Vec<_> =
        app.mails.to("birch@fenland-schools.example").iter().map(|mail| mail.subject()).collect();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].starts_with("Credit note"), "{subjects:?}");
    // The level counts as made.
    domain::funding::reminders::plan_reminders(&app.app, &viewer, day).await.unwrap();
    assert_eq!(app.count("select count(*) from deliveries where state = 'waiting'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_sender_stopped_is_unknown_once_its_lease_has_run_out() {
    for job in ["parked", "cancelled"] {
        let app = TestApp::new().await;
        let (_, finance, things) = people(&app).await;
        // Its sender took the lease and died; what became of its job says nothing about the mail.
        let id = gateway::schema::ids::decode(things.refused_mail("Cedar Secondary School")).unwrap().2;
        let taken =
            "update deliveries set state = 'sending', last_reply = null, leased_until = $2 where id = $1";
        let until = tests::fixture::now() + chrono::TimeDelta::minutes(1);
        sqlx::query(taken).bind(id).bind(until).execute(&app.owner).await.unwrap();
        let ended = "update jobs set state = $2, finished_at = case $2 when 'cancelled' then created_at end
                     where payload ->> 'delivery_id' = $1";
        let ended = sqlx::query(ended).bind(id.to_string()).bind(job).execute(&app.owner).await.unwrap();
        assert_eq!(ended.rows_affected(), 1);
        let action = format!("/fenland/mail/{id}/again");
        let list = async |finance: &Client, state: &str| {
            let page = finance.page(&format!("/fenland/mail?state={state}")).await;
            page.texts("#mails tbody tr").iter().any(|row| row.contains("Cedar Secondary School"))
        };

        // Under the lease somebody may be sending it at this moment.
        assert!(list(&finance, "SENDING").await && !list(&finance, "UNKNOWN").await);
        let before = app.contents().await;
        assert_eq!(finance.refused("sendAgain", again(&things)).await, "BEING_SENT");
        assert!(!finance.get("/fenland/mail").await.body.contains(&action), "there is a button");
        assert_eq!(app.contents().await, before);

        // Afterwards nobody knows: every page says so, and a person decides.
        app.set_time(until + chrono::TimeDelta::seconds(1));
        let finance = app.sign_in("finance@fenland.example").await;
        assert!(!list(&finance, "SENDING").await && list(&finance, "UNKNOWN").await);
        let home = finance.page("/fenland").await;
        assert!(home.text().contains("1 mail may not have gone"), "{}", home.text());
        let shown = finance.page("/fenland/mail?state=UNKNOWN").await;
        for words in ["The sender stopped before it knew the answer.", "It may have arrived"] {
            assert!(shown.text().contains(words), "{words}: {}", shown.text());
        }
        app.mails.clear();
        let sent = finance.submit("/fenland/mail?state=UNKNOWN", &action, &[]).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        app.work().await;
        assert_eq!(of_cedar(&app).await, "cedar unknown 0, cedar sent 1");

        // Running the job again sends nothing more: the mail is given up.
        let retried =
            "update jobs set state = 'waiting', finished_at = null where payload ->> 'delivery_id' = $1";
        sqlx::query(retried).bind(id.to_string()).execute(&app.owner).await.unwrap();
        app.work().await;
        assert_eq!(
            (of_cedar(&app).await.as_str(), app.mails.received().len()),
            ("cedar unknown 0, cedar sent 1", 1)
        );
    }
}
