//! Passkeys: adding one, signing in with it, confirming with it, and every answer that is none.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    Client, TestApp, authenticator::Authenticator, client::Answer, fixture::FENLAND, page::Page, phone::Phone,
};

const FINANCE: &str = "finance@fenland.example";
const HEAD: &str = "head@fenland.example";
const PASSKEYS: &str = "{ viewer { passkeys { id name lastUsedAt } } }";

fn pass(app: &TestApp, time: TimeDelta) {
    app.set_time(app.app.clock.now() + time);
}

fn device(app: &TestApp) -> Authenticator {
    Authenticator::at(&app.app.links.origin())
}

async fn passkeys(person: &Client) -> Vec<Value> {
    person.graphql(PASSKEYS, json!({})).await["viewer"]["passkeys"].as_array().unwrap().clone()
}

/// Begins to add a passkey by the API: the challenge, and what the device is asked.
async fn begin(person: &Client) -> (String, String) {
    let begun = person
        .graphql("mutation { beginPasskey { begun { challenge options } errors { code } } }", json!({}))
        .await;
    let begun = &begun["beginPasskey"]["begun"];
    (begun["challenge"].as_str().unwrap().to_owned(), begun["options"].as_str().unwrap().to_owned())
}

/// A device with a passkey of this person. Returns the passkey's id too.
async fn with_passkey(app: &TestApp, person: &Client) -> (Authenticator, Value) {
    let mut device = device(app);
    let (challenge, options) = begin(person).await;
    let input = json!({ "challenge": challenge, "answer": device.create(&options), "name": "Phone" });
    let added = person.done("addPasskey", "passkey { id }", input).await;
    (device, added["passkey"]["id"].clone())
}

/// Presses the button that asks for a passkey: the page with what the device is asked.
async fn asked(client: &Client) -> Page {
    let page = client.page("/sign-in?to=%2Ffenland%2Finvoices").await;
    let answer = client.send_form(&page.form("/sign-in/passkey")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Page::new("/sign-in/passkey", &answer.body)
}

fn options(page: &Page) -> String {
    page.attribute("form[data-passkey]", "data-passkey")
}

async fn answered(client: &Client, page: &Page, action: &str, answer: &str) -> Answer {
    client.send_form(&page.form(action).with(&[("answer", answer)])).await
}

/// Signs in with what the device answers, whatever comes of it.
async fn sign_in(app: &TestApp, device: &mut Authenticator) -> (Client, Answer) {
    let client = app.stranger();
    let page = asked(&client).await;
    let answer = device.get(&options(&page));
    let answer = answered(&client, &page, "/sign-in/passkey/answer", &answer).await;
    (client, answer)
}

async fn subjects(app: &TestApp, email: &str) -> Vec<String> {
    app.work().await;
    let subjects = app.mails.to(email).iter().map(|mail| mail.subject()).collect();
    app.mails.clear();
    subjects
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_added_on_its_page_and_signs_in_by_itself() {
    let app = TestApp::with_a_name().await;
    let finance = app.sign_in(FINANCE).await;
    let page = finance.page(&finance.page("/account").await.link("Add a passkey")).await;
    assert_eq!(page.count("script"), 0, "a script where no device is asked");
    let begun = finance.send_form(&page.form("/account/passkeys/begin")).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    let policy = begun.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.ends_with("; script-src 'self'"), "{policy}");
    let add = Page::new("/account/passkeys/begin", &begun.body);
    assert_eq!((add.count("script"), add.count("script[src^='/assets/passkeys.js?v=']")), (1, 1));
    let script = finance.get(&add.attribute("script", "src")).await;
    assert_eq!(
        (script.status, &script.headers["content-type"]),
        (200, &"text/javascript; charset=utf-8".parse().unwrap())
    );

    let mut device = device(&app);
    let form = add.form("/account/passkeys");
    let form = form.with(&[("name", " Office laptop "), ("answer", &device.create(&options(&add)))]);
    let added = finance.send_form(&form).await;
    assert_eq!((added.status, added.location()), (303, "/account/passkeys"), "{}", added.body);
    assert!(finance.page("/account/passkeys").await.text().contains("Office laptop Added 24 Nov 2026"));
    assert_eq!(subjects(&app, FINANCE).await, ["A passkey was added to your account at localhost"]);

    let (client, signed) = sign_in(&app, &mut device).await;
    assert_eq!((signed.status, signed.location()), (303, "/fenland/invoices"), "{}", signed.body);
    assert_eq!(client.get("/fenland/invoices").await.status, 200);
    assert!(client.page("/account").await.text().contains("You sign in as finance@fenland.example"));
    assert!(!passkeys(&client).await[0]["lastUsedAt"].is_null());
    // And again: its counter has gone on.
    assert_eq!(sign_in(&app, &mut device).await.1.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_stands_for_the_second_step_too() {
    let app = TestApp::with_a_name().await;
    let finance = app.sign_in(FINANCE).await;
    with_passkey(&app, &finance).await;
    Phone::set_up(&app, &finance).await;
    assert_eq!(passkeys(&finance).await, Vec::<Value>::new(), "one that one step was enough for is left");
    let (mut device, _) = with_passkey(&app, &finance).await;

    let client = app.stranger();
    sqlx::query("delete from sign_in_codes").execute(&app.owner).await.unwrap();
    client.post("/sign-in", &[("email", FINANCE)]).await;
    let fields = [("email", FINANCE), ("code", &app.code(FINANCE).await), ("to", "/fenland")];
    let half = client.post("/sign-in/code", &fields).await;
    let page = Page::new("/sign-in/code", &half.body);
    let asked = client.send_form(&page.form("/sign-in/passkey")).await;
    let page = Page::new("/sign-in/passkey", &asked.body);
    let answer = device.get(&options(&page));
    let signed = answered(&client, &page, "/sign-in/passkey/answer", &answer).await;
    assert_eq!((signed.status, signed.location()), (303, "/fenland"), "{}", signed.body);
    assert_eq!(client.get("/fenland").await.status, 200);
}

/// Each of these is refused alike, and signs nobody in.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_right_signs_nobody_in() {
    let app = TestApp::with_a_name().await;
    let finance = app.sign_in(FINANCE).await;
    let (mut device, _) = with_passkey(&app, &finance).await;
    let honest = app.app.links.origin();
    let sessions = app.count("select count(*) from sessions").await;
    let client = app.stranger();
    let mut bodies = Vec::new();
    let mut refused = async |page: &Page, answer: &str, what: &str| {
        let refused = answered(&client, page, "/sign-in/passkey/answer", answer).await;
        assert_eq!(refused.status, 422, "{what}: {}", refused.body);
        assert!(refused.headers.get("set-cookie").is_none(), "{what}");
        bodies.push(refused.body);
    };

    for origin in
        ["https://localhost", "http://evil.example", "http://localhost.evil.example", "http://localhost:1"]
    {
        device.origin = origin.to_owned();
        let page = asked(&client).await;
        let answer = device.get(&options(&page));
        refused(&page, &answer, origin).await;
    }
    device.origin.clone_from(&honest);

    device.makes_sure = false;
    let page = asked(&client).await;
    let answer = device.get(&options(&page));
    refused(&page, &answer, "nobody made sure of the person").await;
    device.makes_sure = true;

    // What was answered once is not asked again, right or wrong; nor is one challenge's answer that of another.
    let page = asked(&client).await;
    refused(&page, "{}", "no answer at all").await;
    let answer = device.get(&options(&page));
    refused(&page, &answer, "the second answer to one challenge").await;
    let other = asked(&client).await;
    refused(&other, &answer, "the answer to another challenge").await;
    let page = asked(&client).await;
    let answer = device.get(&options(&page));
    pass(&app, TimeDelta::minutes(5));
    refused(&page, &answer, "too late").await;

    // Whose it is has to be said, and rightly.
    let head = account(&app, HEAD).await;
    for handle in [Value::Null, json!(head)] {
        let page = asked(&client).await;
        let mut answer: Value = serde_json::from_str(&device.get(&options(&page))).unwrap();
        answer["response"]["userHandle"] = handle.clone();
        refused(&page, &answer.to_string(), &format!("whose: {handle}")).await;
    }
    // A signature over something else.
    let page = asked(&client).await;
    let mut answer: Value = serde_json::from_str(&device.get(&options(&page))).unwrap();
    let before: Value = serde_json::from_str(&device.get(&options(&page))).unwrap();
    answer["response"]["signature"] = before["response"]["signature"].clone();
    refused(&page, &answer.to_string(), "the signature of another answer").await;
    // A device that nobody knows here.
    let mut stranger = self::device(&app);
    stranger.create(&begin(&app.sign_in(HEAD).await).await.1);
    let page = asked(&client).await;
    let answer = stranger.get(&options(&page));
    refused(&page, &answer, "a passkey that is not here").await;
    for nonsense in ["", "null", "[]", "{\"id\":1}", "\u{0}", &"[".repeat(100_000)] {
        let page = asked(&client).await;
        refused(&page, nonsense, "nonsense").await;
    }
    assert_eq!(app.count("select count(*) from sessions").await, sessions + 1, "beside the head's");
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "it tells what was wrong");
    // Once a right one: what was refused has cost the passkey nothing.
    assert_eq!(sign_in(&app, &mut device).await.1.status, 303);

    // A copy of the device answers with a counter that is behind.
    device.counter -= 1;
    assert_eq!(sign_in(&app, &mut device).await.1.status, 422, "the counter stood still");
    device.counter = 0;
    assert_eq!(sign_in(&app, &mut device).await.1.status, 422, "the counter went back");
}

async fn account(app: &TestApp, email: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    app.sign_in(email).await;
    let id = app.text(&format!("select id::text from accounts where email = '{email}'")).await;
    URL_SAFE_NO_PAD.encode(id.parse::<uuid::Uuid>().unwrap().as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_made_is_added_once_and_only_by_whoever_asked_for_it() {
    let app = TestApp::with_a_name().await;
    let finance = app.sign_in(FINANCE).await;
    let head = app.sign_in(HEAD).await;
    let mut device = device(&app);
    let input = |challenge: &str, answer: &str, name: &str| json!({ "challenge": challenge, "answer": answer, "name": name });

    let (challenge, options) = begin(&finance).await;
    let answer = device.create(&options);
    for name in [" ", &"x".repeat(61)] {
        assert_eq!(finance.refused("addPasskey", input(&challenge, &answer, name)).await, "INVALID_NAME");
    }
    assert_eq!(head.refused("addPasskey", input(&challenge, &answer, "Mine")).await, "WRONG_ANSWER");
    assert_eq!(
        finance.refused("addPasskey", input(&challenge, &answer, "Phone")).await,
        "WRONG_ANSWER",
        "a challenge that somebody answered is still good"
    );
    let (challenge, options) = begin(&finance).await;
    let answer = device.create(&options);
    finance.done("addPasskey", "", input(&challenge, &answer, "Phone")).await;
    assert_eq!(finance.refused("addPasskey", input(&challenge, &answer, "Phone")).await, "WRONG_ANSWER");

    let (challenge, options) = begin(&finance).await;
    device.origin = "https://evil.example".to_owned();
    let elsewhere = device.create(&options);
    assert_eq!(finance.refused("addPasskey", input(&challenge, &elsewhere, "Phone")).await, "WRONG_ANSWER");
    device.origin = app.app.links.origin();
    device.makes_sure = false;
    let (challenge, options) = begin(&finance).await;
    let unsure = device.create(&options);
    assert_eq!(finance.refused("addPasskey", input(&challenge, &unsure, "Phone")).await, "WRONG_ANSWER");
    device.makes_sure = true;
    let (challenge, options) = begin(&finance).await;
    let late = device.create(&options);
    pass(&app, TimeDelta::minutes(5));
    assert_eq!(finance.refused("addPasskey", input(&challenge, &late, "Phone")).await, "WRONG_ANSWER");
    // What signs in does not add, and the other way round.
    let page = asked(&app.stranger()).await;
    let (_, options) = begin(&finance).await;
    let made = device.create(&options);
    let form = page.form("/sign-in/passkey/answer");
    let challenge = &form.fields.iter().find(|(name, _)| name == "challenge").unwrap().1;
    assert_eq!(finance.refused("addPasskey", input(challenge, &made, "Phone")).await, "WRONG_ANSWER");
    assert_eq!(passkeys(&finance).await.len(), 1);
    assert_eq!(app.count("select count(*) from passkeys").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn passkeys_are_renamed_and_removed_by_their_person_and_a_removed_one_is_worth_nothing() {
    let app = TestApp::with_a_name().await;
    let finance = app.sign_in(FINANCE).await;
    let head = app.sign_in(HEAD).await;
    let (mut device, id) = with_passkey(&app, &finance).await;
    subjects(&app, FINANCE).await;
    let missing = head.try_mutate("removePasskey", "", json!({ "passkeyId": "x" })).await;
    assert_eq!(head.try_mutate("removePasskey", "", json!({ "passkeyId": id })).await, missing);
    assert_eq!(
        head.refused("renamePasskey", json!({ "passkeyId": id, "name": "Mine" })).await,
        "UNKNOWN_PASSKEY"
    );
    assert_eq!(app.stranger().refused("removePasskey", json!({ "passkeyId": id })).await, "SIGNED_OUT");
    let token = json!({ "alliance": FENLAND, "name": "x", "permissions": ["SEE_MONEY"], "days": 1 });
    let token = finance.done("createToken", "created { secret }", token).await;
    let program = app.program(token["created"]["secret"].as_str().unwrap());
    for (name, input) in [
        ("removePasskey", json!({ "passkeyId": id })),
        ("renamePasskey", json!({ "passkeyId": id, "name": "x" })),
        ("addPasskey", json!({ "challenge": "x", "answer": "x", "name": "x" })),
    ] {
        let answer = program.try_mutate(name, "", input).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{name}");
    }

    let page = finance.page("/account/passkeys").await;
    let renamed = finance.send_form(&page.form("/rename").with(&[("name", "My phone")])).await;
    assert_eq!(renamed.status, 303, "{}", renamed.body);
    assert_eq!(passkeys(&finance).await[0]["name"], "My phone");
    let page = finance.page("/account/passkeys").await;
    // Whoever finds a device open takes nobody's passkey away, and adds none.
    pass(&app, TimeDelta::minutes(15));
    let asked = finance.send_form(&page.form("/remove")).await;
    assert!(Page::new("", &asked.body).text().contains("Before you remove a passkey"));
    let asked = finance.send_form(&page.form("/account/passkeys/begin")).await;
    assert!(Page::new("", &asked.body).text().contains("Before you add a passkey"));
    assert_eq!(passkeys(&finance).await.len(), 1);

    let (client, signed) = sign_in(&app, &mut device).await;
    assert_eq!(signed.status, 303);
    let removed = client.send_form(&client.page("/account/passkeys").await.form("/remove")).await;
    assert_eq!(removed.status, 303, "{}", removed.body);
    assert_eq!(subjects(&app, FINANCE).await, ["A passkey was removed from your account at localhost"]);
    assert_eq!(sign_in(&app, &mut device).await.1.status, 422);
    assert_eq!(client.refused("removePasskey", json!({ "passkeyId": id })).await, "UNKNOWN_PASSKEY");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_confirms_that_it_is_its_own_person() {
    let app = TestApp::with_a_name().await;
    let finance = app.sign_in(FINANCE).await;
    let (mut own, _) = with_passkey(&app, &finance).await;
    let (mut other, _) = with_passkey(&app, &app.sign_in(HEAD).await).await;
    pass(&app, TimeDelta::hours(1));
    let form = finance.page("/fenland/payments").await.form("/fenland/payments");
    let form = form.with(&[("amount", "123.45"), ("receivedOn", "2026-11-20")]);
    let waits = finance.send_form(&form).await;
    let page = Page::new("/fenland/payments", &waits.body);
    let asked = async || {
        let asked = finance.send_form(&page.form("/confirm/passkey")).await;
        assert_eq!(asked.status, 200, "{}", asked.body);
        Page::new("/confirm/passkey", &asked.body)
    };
    let shown = asked().await;
    assert_eq!(
        answered(&finance, &shown, "/confirm/passkey/answer", &other.get(&options(&shown))).await.status,
        422
    );
    let shown = asked().await;
    let answer = own.get(&options(&shown));
    // What signs in does not confirm, and the other way round.
    let stranger = app.stranger();
    let sign_in_page = self::asked(&stranger).await;
    let challenge = shown.form("/confirm/passkey/answer").fields;
    let challenge = &challenge.iter().find(|(name, _)| name == "confirmChallenge").unwrap().1;
    let form = sign_in_page.form("/sign-in/passkey/answer");
    assert_eq!(
        stranger.send_form(&form.with(&[("challenge", challenge), ("answer", &answer)])).await.status,
        422
    );

    let shown = asked().await;
    let sent = shown.form("/confirm/passkey/answer").with(&[("answer", &own.get(&options(&shown)))]);
    let right = finance.send_form(&sent).await;
    assert_eq!((right.status, right.location()), (307, "/fenland/payments"), "{}", right.body);
    let fields: Vec<_> = sent.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(finance.post(right.location(), &fields).await.status, 303);
    assert_eq!(app.count("select count(*) from payments where pence = 12345").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_reached_by_a_number_has_none_and_offers_none() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    assert_eq!(finance.page("/account/passkeys").await.count("form[action='/account/passkeys/begin']"), 0);
    let begun = finance.graphql("mutation { beginPasskey { errors { code } } }", json!({})).await;
    assert_eq!(begun["beginPasskey"]["errors"][0]["code"], "SITE_HAS_NO_NAME");
    assert_eq!(app.stranger().page("/sign-in").await.count("form[action='/sign-in/passkey']"), 0);
    assert_eq!(app.stranger().post("/sign-in/passkey", &[]).await.status, 404);
}
