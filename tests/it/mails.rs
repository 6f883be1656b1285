//! What a mail leads to and says: whoever gets a link can follow it, whoever cannot gets none, and an office can read what
//! was sent.

use serde_json::json;
use tests::{TestApp, fixture::FENLAND, smtp::Received};

use crate::operations::Things;

/// The pages that a mail leads to, in both of its parts alike.
fn links(mail: &Received) -> Vec<String> {
    let links = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| c.is_whitespace() || c == '"' || c == '<');
        let addresses = words.filter(|word| word.starts_with("http") && word.contains("/fenland/"));
        addresses.map(|word| word[word.find("/fenland/").unwrap()..].to_owned()).collect()
    };
    let of_text = links(&mail.text());
    assert_eq!(links(&mail.html()), of_text);
    of_text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_leads_whoever_may_see_the_invoice_to_it_and_nobody_else() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let person = |name: &str, role: Option<&str>| {
        json!({ "alliance": FENLAND, "name": name, "email": format!("{name}@cedar.example"), "role": role,
                "memberId": things.member("Cedar Secondary School"), "title": name, "startsOn": "2026-11-01" })
    };
    let cedar = |contact: &serde_json::Value, accounts: &str| {
        json!({ "alliance": FENLAND, "payerId": things.payer("Cedar Secondary School"),
                "payer": { "kind": "SCHOOL", "legalName": "Cedar Secondary School", "address": "2 Mill Road",
                           "purchaseOrder": "NONE", "accountsEmail": accounts, "financeContactId": contact } })
    };
    let again = json!({ "alliance": FENLAND, "deliveryId": things.refused_mail("Cedar Secondary School"),
                        "idempotencyKey": "again" });
    let bursar = director.done("addPerson", "person { id }", person("bursar", Some("STAFF_MEMBER"))).await;
    let bursar_id = &bursar["person"]["id"];
    // A colleague with the same role who is not the contact, and one who may not sign in.
    director.done("addPerson", "", person("teacher", Some("STAFF_MEMBER"))).await;
    director.done("changePayer", "", cedar(bursar_id, "accounts@cedar.example")).await;
    app.mails.clear();
    finance.done("sendAgain", "", again).await;
    app.work().await;

    let [of_bursar] = &app.mails.to("bursar@cedar.example")[..] else { panic!("one mail to the bursar") };
    let [of_accounts] = &app.mails.to("accounts@cedar.example")[..] else { panic!("one to the office") };
    assert_eq!(links(of_accounts), [""; 0]);
    assert!(!of_accounts.html().contains("See invoice") && !of_accounts.text().contains("See invoice"));
    assert_eq!(of_accounts.attachments().len(), 1);
    let [link] = &links(of_bursar)[..] else { panic!("{}", of_bursar.text()) };
    let bursar = app.sign_in("bursar@cedar.example").await;
    assert_eq!(bursar.get(link).await.status, 200);
    assert_eq!(bursar.get(&format!("{link}/pdf")).await.status, 200);
    let page = bursar.page(link).await;
    assert!(page.text().contains("Cedar Secondary School"), "{}", page.text());
    // The list, and the statement of the payer; of others, nothing.
    let list = bursar.page("/fenland/invoices").await.text();
    assert!(list.contains("Cedar") && !list.contains("Birch") && !list.contains("Alder"), "{list}");
    for (payer, status) in [("Cedar Secondary School", 200), ("Birch Infant School", 404)] {
        let id = gateway::schema::ids::decode(things.payer(payer)).unwrap().2;
        assert_eq!(bursar.get(&format!("/fenland/payers/{id}/statement")).await.status, status, "{payer}");
    }
    assert_eq!(app.sign_in("teacher@cedar.example").await.get(link).await.status, 403);

    // Who is no longer the contact no longer sees it.
    director.done("changePayer", "", cedar(&json!(null), "accounts@cedar.example")).await;
    assert_eq!(bursar.get(link).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_leads_a_head_to_their_invoice() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let payer = json!({ "alliance": FENLAND, "payerId": things.payer("Alder Primary School"),
                        "payer": { "kind": "SCHOOL", "legalName": "Alder Primary School", "address": "2 Mill Road",
                                   "purchaseOrder": "NONE", "accountsEmail": "head@fenland.example" } });
    director.done("changePayer", "", payer).await;
    let run = json!({ "alliance": FENLAND, "budgetId": things.budget("2026-27"), "expectedCount": 5,
                      "expectedTotal": 503_500, "dueOn": "2026-12-15", "idempotencyKey": "run" });
    finance.done("issueInvoices", "", run).await;
    app.work().await;
    app.pass_days_to(tests::fixture::day(2026, 12, 8)).await;
    let mails = app.mails.to("head@fenland.example");
    let subjects: Vec<_> = mails.iter().map(Received::subject).collect();
    assert!(mails.len() >= 2 && subjects.iter().any(|subject| subject.contains("is due on")), "{subjects:?}");
    let head = app.sign_in("head@fenland.example").await;
    for mail in mails.iter().filter(|mail| mail.subject().contains("nvoice")) {
        let [link] = &links(mail)[..] else { panic!("{}", mail.text()) };
        assert_eq!(head.get(link).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_can_be_read_as_it_was_sent() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let again = json!({ "alliance": FENLAND, "deliveryId": things.refused_mail("Cedar Secondary School"),
                        "idempotencyKey": "again" });
    app.mails.clear();
    finance.done("sendAgain", "", again).await;
    let list = finance.page("/fenland/mail").await;
    let waiting = list.link("Invoice issued for Cedar Secondary School");
    let shown = finance.page(&waiting).await.text();
    assert!(shown.contains("It has no words yet") && !shown.contains("Send it again"), "{shown}");

    app.work().await;
    let [mail] = &app.mails.to("cedar@fenland-schools.example")[..] else { panic!("one mail to Cedar") };
    let page = finance.page(&waiting).await;
    assert_eq!(page.texts("h1"), [mail.subject()]);
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(page.texts("pre"), [squeezed(&mail.text())]);
    assert_eq!(finance.get(&page.link("The invoice as a PDF")).await.body.get(..4), Some("%PDF"));
    let again = "select id from deliveries where recipient = 'cedar@fenland-schools.example' and again = 1";
    let id: uuid::Uuid = sqlx::query_scalar(again).fetch_one(&app.owner).await.unwrap();
    assert_eq!(waiting, format!("/fenland/mail/{id}"));
    assert_eq!(finance.page("/fenland/mail").await.links(&mail.subject())[0], waiting);
    // A word that is no state filters nothing.
    let all = finance.page("/fenland/mail").await.texts("#mails tbody tr");
    assert_eq!(finance.page("/fenland/mail?state=FAILED").await.texts("#mails tbody tr"), all);

    // The refused one is sent again from its own page.
    let refused = gateway::schema::ids::decode(things.refused_mail("Cedar Secondary School")).unwrap().2;
    let page = finance.page(&format!("/fenland/mail/{refused}")).await;
    assert!(page.text().contains("550 No such mailbox"), "{}", page.text());
    let sent = finance.send_form(&page.form(&format!("/fenland/mail/{refused}/again"))).await;
    assert_eq!(sent.status, 422, "it is there already: {}", sent.body);
    assert_eq!(app.sign_in("head@fenland.example").await.get(&waiting).await.status, 403);
    let of_harbour = app.sign_in("finance@harbour.example").await;
    assert_eq!(of_harbour.get(&format!("/harbour/mail/{id}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_are_seen_before_they_go() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let planned = async |on: &str| {
        let query = "query($on: Date) { alliance(slug: \"fenland\") { plannedReminders(on: $on) { on
            go { daysFromDue recipients invoice { memberName outstanding } }
            leftOut { daysFromDue reason invoice { memberName } } } } }";
        let on = if on.is_empty() { json!(null) } else { json!(on) };
        finance.graphql(query, json!({ "on": on })).await["alliance"]["plannedReminders"].clone()
    };
    let before = app.contents().await;
    // Birch's debt of last year has reached its last level; Cedar disputes its own.
    let tomorrow = planned("").await;
    assert_eq!(tomorrow["on"], "2026-11-25");
    let birch = json!([{ "daysFromDue": 30, "recipients": ["birch@fenland-schools.example"],
                         "invoice": { "memberName": "Birch Infant School", "outstanding": 25_500 } }]);
    assert_eq!(tomorrow["go"], birch);
    let cedar = json!([{ "daysFromDue": 30, "reason": "DISPUTED", "invoice": { "memberName": "Cedar Secondary School" } }]);
    assert_eq!(tomorrow["leftOut"], cedar);
    // A Saturday.
    assert_eq!(planned("2026-11-28").await["go"], json!([]));
    let page = finance.page("/fenland/mail").await;
    assert!(page.text().contains("Tomorrow 1 reminder goes"), "{}", page.text());
    let [row] = &page.texts("#planned tbody tr")[..] else { panic!("{}", page.text()) };
    assert!(row.contains("Birch Infant School") && row.contains("birch@fenland-schools.example"), "{row}");
    assert!(
        page.text().contains("Cedar Secondary School") && page.text().contains("Disputed"),
        "{}",
        page.text()
    );
    assert_eq!(app.contents().await, before);

    // What is planned is what goes, and nobody is planned without an address.
    app.mails.clear();
    app.pass_days_to(tests::fixture::day(2026, 11, 25)).await;
    assert_eq!(app.mails.received().len(), 2, "one in each alliance");
    let finance = app.sign_in("finance@fenland.example").await;
    let page = finance.page("/fenland/mail").await.text();
    assert!(page.contains("Tomorrow no reminder goes."), "{page}");
    let payer = json!({ "alliance": FENLAND, "payerId": things.payer("Birch Infant School"),
                        "payer": { "kind": "SCHOOL", "legalName": "Birch Infant School", "address": "2 Mill Road",
                                   "purchaseOrder": "NONE" } });
    let director = app.sign_in("director@fenland.example").await;
    director.done("changePayer", "", payer).await;
    finance.done("setReminderLevels", "", json!({ "alliance": FENLAND, "levels": [60] })).await;
    let page = finance.page("/fenland/mail").await.text();
    assert!(page.contains("Its payer has no address for mails"), "{page}");
    let head = app.sign_in("head@fenland.example").await;
    let query = "{ alliance(slug: \"fenland\") { plannedReminders { on } } }";
    let answer = head.execute(query, json!({})).await.json();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

/// A request whose statement fails says so once: what fails after it in the same transaction only repeats that.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_a_reading_is_said_once() {
    use domain::{
        error::ReadError,
        jobs, messages,
        viewer::{Reading, Viewer},
    };
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let alliance = gateway::schema::ids::decode(things.all["id"].as_str().unwrap()).unwrap().1;
    let reading = Reading::new(app.app.db.clone(), Viewer::machinery(alliance));
    sqlx::query("alter table deliveries rename to lost").execute(&app.owner).await.unwrap();
    let now = tests::fixture::now();
    let Err(ReadError::Internal(first)) = messages::delivery_counts(&reading, now).await else {
        panic!("it reads")
    };
    assert!(!first.is_echo() && first.detail().contains("deliveries"), "{}", first.detail());
    let Err(ReadError::Internal(second)) = jobs::count_jobs(&reading, &jobs::JobFilter::default()).await
    else {
        panic!("it reads on")
    };
    assert!(second.is_echo(), "{}", second.detail());

    drop(reading);
    app.app.db.close().await;
    let reading = Reading::new(app.app.db.clone(), Viewer::machinery(alliance));
    for is_echo in [false, true, true] {
        let Err(ReadError::Internal(fault)) = messages::delivery_counts(&reading, now).await else {
            panic!("it reads")
        };
        assert_eq!(fault.is_echo(), is_echo, "{}", fault.detail());
    }
}
