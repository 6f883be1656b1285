//! What takes a recent proof of who asks: being asked for one, giving it, and going on with all that was typed.

use chrono::TimeDelta;
use domain::viewer::Act;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    client::Answer,
    fixture::FENLAND,
    page::{Form, Page},
    phone::Phone,
};

use crate::{
    operations::{OPERATIONS, Things},
    pages::address,
    walls,
};

const FINANCE: &str = "finance@fenland.example";

fn pass(app: &TestApp, time: TimeDelta) {
    app.set_time(app.app.clock.now() + time);
}

/// `issueInvoices` of `issue_invoices`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| format!("{name}{}{}", word[..1].to_uppercase(), &word[1..]))
}

fn asks(payload: &Value) -> bool {
    payload["errors"][0]["code"] == "CONFIRM_IT_IS_YOU"
}

/// The operations of an account that take a recent proof, with an input.
fn of_the_account() -> [(&'static str, Value); 5] {
    [
        (
            "createToken",
            json!({ "alliance": FENLAND, "name": "Ledger", "permissions": ["SEE_MONEY"], "days": 30 }),
        ),
        ("changeAddress", json!({ "email": "new.post@elsewhere.example" })),
        (
            "requestDeletion",
            json!({ "alliance": FENLAND, "typed": FENLAND, "reason": "We part", "keepsFinanceRecords": true }),
        ),
        ("leaveAlliance", json!({ "alliance": FENLAND, "endsOn": "2026-12-31" })),
        ("removePasskey", json!({ "passkeyId": "x" })),
    ]
}

/// The table of acts, and what the product does: every mutation, and every file.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_table_names_takes_a_recent_proof_and_nothing_else_does() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    let things = Things::of(FENLAND, &director).await;
    let mut people = std::collections::BTreeMap::new();
    for operation in OPERATIONS {
        let role = operation.roles()[0];
        people.insert(role, app.sign_in(&format!("{role}@fenland.example")).await);
    }
    pass(&app, TimeDelta::hours(1));

    let before = app.contents().await;
    let mut left: Vec<String> = Act::all().map(|act| camel(act.as_str())).collect();
    let (acts, others): (Vec<_>, Vec<_>) =
        OPERATIONS.iter().partition(|operation| left.iter().any(|name| name == operation.name));
    for operation in acts {
        let person = &people[operation.roles()[0]];
        let payload = person.mutate(operation.name, "", (operation.input)(&things)).await;
        assert!(asks(&payload), "{}: {payload:#}", operation.name);
        left.retain(|name| name != operation.name);
    }
    for (name, input) in of_the_account() {
        let payload = finance.mutate(name, "", input).await;
        assert!(asks(&payload), "{name}: {payload:#}");
        left.retain(|act| act != name);
    }
    for name in ["beginSecondStep", "beginPasskey"] {
        let begun =
            finance.graphql(&format!("mutation {{ {name} {{ errors {{ code }} }} }}"), json!({})).await;
        assert!(asks(&begun[name]), "{begun:#}");
        left.retain(|act| act != name);
    }
    for page in walls::pages().into_iter().filter(|page| page.ends_with(".csv") || page.ends_with("/zip")) {
        let address = address(&page, &things);
        let answer = director.get(&address).await;
        let asked = answer.location().strip_prefix("/confirm?before=").map(str::to_owned);
        match asked.as_deref().and_then(|asked| asked.split_once('&')) {
            Some((act, to)) => {
                assert_eq!(to, format!("to={}", address.replace('/', "%2F")), "{page}");
                let known = left.iter().position(|one| *one == camel(act));
                left.remove(known.unwrap_or_else(|| panic!("{page}: {act}")));
            }
            None => assert_eq!(answer.status, 200, "{page}: {}", answer.body),
        }
    }
    assert_eq!(left, Vec::<String>::new(), "these take no recent proof, or no test tries them");
    let mut after = app.contents().await;
    // The other files were downloaded, and their record says so.
    after.insert("audit_records".to_owned(), before["audit_records"].clone());
    after.insert("audit_changes".to_owned(), before["audit_changes"].clone());
    assert_eq!(after, before, "what was refused changed something");

    for operation in others {
        let person = &people[operation.roles()[0]];
        let payload = person.mutate(operation.name, "", (operation.input)(&things)).await;
        assert!(!asks(&payload), "{}", operation.name);
    }
    let page = director.page("/fenland/roles").await;
    assert_eq!(page.texts("#confirmed li").len(), Act::all().count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_not_asked() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let input =
        json!({ "alliance": FENLAND, "name": "Bank", "permissions": ["RECORD_PAYMENTS"], "days": 30 });
    let made = finance.done("createToken", "created { secret }", input).await;
    let program = app.program(made["created"]["secret"].as_str().unwrap());
    pass(&app, TimeDelta::days(1));
    let payment = json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": 25_500, "reference": "BIRCH",
                          "method": "BACS", "idempotencyKey": "payment" });
    assert_eq!(finance.refused("recordPayment", payment.clone()).await, "CONFIRM_IT_IS_YOU");
    program.done("recordPayment", "", payment).await;
}

/// Sends the form for a payment of £123.45 and words that a form could spoil.
async fn pay(person: &Client) -> Answer {
    let form = person.page("/fenland/payments").await.form("/fenland/payments");
    let typed = [("amount", "123.45"), ("receivedOn", "2026-11-20"), ("reference", "\"B\" & <b> ’ +1")];
    person.send_form(&form.with(&typed)).await
}

const PAID: &str = "select count(*) from payments where pence = 12345 and reference = '\"B\" & <b> ’ +1'";

/// What a browser does that is sent on with the form.
async fn follow(person: &Client, sent: &Form, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 307, "{}", answer.body);
    let fields: Vec<_> = sent.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    person.post(answer.location(), &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_waits_for_the_proof_and_goes_on_as_it_was_typed() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    pass(&app, TimeDelta::minutes(59));
    assert_eq!(
        finance.refused("reopenBudget", json!({ "alliance": FENLAND, "budgetId": "x" })).await,
        "UNKNOWN_BUDGET"
    );
    pass(&app, TimeDelta::minutes(1));

    let old = finance.cookies().unwrap();
    let asked = pay(&finance).await;
    assert_eq!(asked.status, 422, "{}", asked.body);
    let page = Page::new("/fenland/payments", &asked.body);
    assert!(page.text().contains("Before you record a payment, please confirm that it is you."));
    assert_eq!(app.count(PAID).await, 0);
    // Nothing is mailed before somebody asks for it.
    assert_eq!(app.count("select count(*) from jobs where kind = 'send_sign_in_code'").await, 0);
    let asked = finance.send_form(&page.form("/confirm/code")).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let form = Page::new("/confirm/code", &asked.body).form("/confirm");
    let wrong = finance.send_form(&form.with(&[("confirmCode", "12")])).await;
    assert_eq!(wrong.status, 422);
    let page = Page::new("/confirm", &wrong.body);
    assert_eq!(page.count("#confirmCode[aria-invalid=true][value='']"), 1);
    let form = page.form("/confirm").with(&[("confirmCode", &app.code(FINANCE).await)]);
    let right = finance.send_form(&form).await;
    assert_eq!((right.status, right.location()), (307, "/fenland/payments"));
    let paid = follow(&finance, &form, &right).await;
    assert_eq!(paid.status, 303, "{}", paid.body);
    assert_eq!(app.count(PAID).await, 1);

    // The session has another token, and the old one opens nothing.
    assert_ne!(finance.cookies().unwrap(), old);
    let with = app.stranger().request(reqwest::Method::GET, "/account").header("cookie", old);
    assert_eq!(app.stranger().send(with).await.status, 303);
    assert_eq!(app.count("select count(*) from sessions s join accounts a on a.id = s.account_id where a.email = 'finance@fenland.example'").await, 1);
    // The code was good once, and the proof is for an hour.
    assert_eq!(finance.send_form(&form).await.status, 422);
    pass(&app, TimeDelta::minutes(59));
    assert_eq!(pay(&finance).await.status, 303);
    pass(&app, TimeDelta::minutes(1));
    assert_eq!(pay(&finance).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_second_step_proves_it_and_a_mail_is_not_enough() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let (phone, recovery) = Phone::set_up(&app, &finance).await;
    pass(&app, TimeDelta::hours(1));
    let asked = pay(&finance).await;
    let page = Page::new("/fenland/payments", &asked.body);
    assert_eq!(page.count("form[action='/confirm/code']"), 0, "a code by mail is offered");
    let form = page.form("/confirm");
    assert_eq!(app.stranger().post("/sign-in", &[("email", FINANCE)]).await.status, 200);
    let mailed = app.code(FINANCE).await;
    let now = app.app.clock.now();
    for wrong in [mailed.as_str(), &phone.wrong_code(now), ""] {
        let form = form.clone().with(&[("confirmCode", wrong)]);
        assert_eq!(finance.send_form(&form).await.status, 422, "{wrong}");
    }
    assert_eq!(
        app.count("select failures::bigint from second_steps").await,
        3,
        "a wrong code was not counted"
    );
    let form = form.with(&[("confirmCode", &phone.code(now))]);
    let right = finance.send_form(&form).await;
    assert_eq!(follow(&finance, &form, &right).await.status, 303);
    assert_eq!(app.count(PAID).await, 1);

    pass(&app, TimeDelta::hours(1));
    let page = Page::new("/fenland/payments", &pay(&finance).await.body);
    let form = page.form("/confirm").with(&[("confirmCode", &recovery[0])]);
    assert_eq!(finance.send_form(&form).await.status, 307);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_after_the_proof_and_nobody_is_led_off_the_site() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    pass(&app, TimeDelta::hours(1));
    let asked = director.get("/fenland/people.csv?role=director").await;
    assert_eq!(
        (asked.status, asked.location()),
        (303, "/confirm?before=download_people&to=%2Ffenland%2Fpeople.csv%3Frole%3Ddirector")
    );
    let page = director.page(asked.location()).await;
    assert!(page.text().contains("Before you download the list of people"));
    let asked = director.send_form(&page.form("/confirm/code")).await;
    let form = Page::new("/confirm/code", &asked.body).form("/confirm");
    // Not from another session's page, and not without one.
    let form = form.with(&[("confirmCode", &app.code("director@fenland.example").await)]);
    let forged = form.clone().with(&[("csrf", "0".repeat(32).as_str())]);
    assert_eq!(director.send_form(&forged).await.status, 403);
    assert_eq!(app.stranger().send_form(&form).await.location(), "/sign-in");
    let right = director.send_form(&form).await;
    assert_eq!((right.status, right.location()), (303, "/fenland/people.csv?role=director"));
    assert_eq!(director.get(right.location()).await.status, 200);

    for to in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let page = director.page(&format!("/confirm?to={}", to.replace('/', "%2F"))).await;
        let form = page.form("/confirm/code");
        assert!(form.fields.contains(&("confirmTo".to_owned(), "/".to_owned())), "{form:?}");
    }
}

/// Of two sessions of one person, the one that proved it.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_counts_for_its_own_session() {
    let app = TestApp::new().await;
    let one = app.sign_in(FINANCE).await;
    sqlx::query("delete from sign_in_codes").execute(&app.owner).await.unwrap();
    let other = app.sign_in_anew(FINANCE).await;
    pass(&app, TimeDelta::hours(1));
    let page = one.page("/confirm?to=%2Ffenland").await;
    sqlx::query("delete from sign_in_codes").execute(&app.owner).await.unwrap();
    let asked = one.send_form(&page.form("/confirm/code")).await;
    let form = Page::new("/confirm/code", &asked.body).form("/confirm");
    let right = one.send_form(&form.with(&[("confirmCode", &app.code(FINANCE).await)])).await;
    assert_eq!((right.status, right.location()), (303, "/fenland"));
    assert_eq!(pay(&one).await.status, 303);
    assert_eq!(pay(&other).await.status, 422);
}
