//! A second step at sign-in: setting it up, being asked for it, its recovery codes, taking it off.

use chrono::TimeDelta;
use domain::access::take_off_second_step;
use gateway::limits::{Allowance, Allowances};
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    app::plenty,
    binary::eventually,
    client::Answer,
    fixture::{FENLAND, HARBOUR},
    page::{Form, Page},
    phone::Phone,
};

use crate::{operations::Things, subscriptions::Socket};

const FINANCE: &str = "finance@fenland.example";
const STEP: &str = "{ viewer { secondStep { setAt recoveryCodesLeft } } }";

/// The code from the mail, typed: what is answered, and the form for the second step.
async fn started(app: &TestApp, client: &Client, email: &str) -> Form {
    let answer = with_mail_code(app, client, email).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.headers.get("set-cookie").is_none(), "a cookie before the second step");
    Page::new("/sign-in/code", &answer.body).form("/sign-in/second-step")
}

async fn with_mail_code(app: &TestApp, client: &Client, email: &str) -> Answer {
    // How many codes an address is sent in a while has a test of its own.
    sqlx::query("delete from sign_in_codes").execute(&app.owner).await.unwrap();
    assert_eq!(client.post("/sign-in", &[("email", email)]).await.status, 200);
    let code = app.code(email).await;
    client.post("/sign-in/code", &[("email", email), ("code", &code), ("to", "/fenland/invoices")]).await
}

/// Signs in with the second step, whatever comes of it.
async fn signed_with(app: &TestApp, field: &str, code: &str) -> (Client, Answer) {
    let client = app.stranger();
    let form = started(app, &client, FINANCE).await.with(&[(field, code)]);
    let answer = client.send_form(&form).await;
    (client, answer)
}

async fn left(client: &Client) -> Value {
    client.graphql(STEP, json!({})).await["viewer"]["secondStep"]["recoveryCodesLeft"].clone()
}

fn pass(app: &TestApp, time: TimeDelta) {
    app.set_time(app.app.clock.now() + time);
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// The subjects of the mails to somebody, in the order in which they came.
async fn subjects(app: &TestApp, email: &str) -> Vec<String> {
    app.work().await;
    let subjects = app.mails.to(email).iter().map(|mail| mail.subject()).collect();
    app.mails.clear();
    subjects
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_step_is_set_up_on_its_page_and_then_asked_for() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let elsewhere = app.sign_in_anew(FINANCE).await;
    let page = finance.page(&finance.page("/account").await.link("Set up a second step")).await;
    assert_eq!(page.count("#set-up") + page.count("#remove") + page.count("#renew"), 0);

    let begun = finance.send_form(&page.form("/account/second-step/begin")).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    let shown = Page::new("/account/second-step", &begun.body);
    // Drawn in the page: the key goes to nobody else.
    assert_eq!(shown.count("svg.qr[role=img] path"), 1);
    assert_eq!(shown.count("img, script, iframe"), 0);
    let address = shown.link("Open it in the app");
    let site = "127.0.0.1";
    assert!(address.starts_with(&format!("otpauth://totp/{site}:finance%40fenland.example?")), "{address}");
    let key = |page: &Page| page.texts("#secret").remove(0);
    let phone = Phone::with_key(&key(&shown));
    let now = app.app.clock.now();
    assert_eq!(Phone::that_scanned(&address).code(now), phone.code(now));
    assert_eq!(app.count("select count(*) from second_steps").await, 0, "it is kept before it is proved");

    // A slip leaves the key as it is, and the field empty.
    let form = shown.form("/account/second-step/confirm");
    let slip = finance.send_form(&form.clone().with(&[("code", &phone.wrong_code(now))])).await;
    assert_eq!(slip.status, 422);
    let again = Page::new("/account/second-step", &slip.body);
    assert_eq!(key(&again), key(&shown));
    assert_eq!(again.count("#code[aria-invalid=true][value='']"), 1);
    assert_eq!(app.count("select count(*) from second_steps").await, 0);

    let again = again.form("/account/second-step/confirm");
    let spaced = phone.code(now);
    let spaced = format!(" {} {} ", &spaced[..3], &spaced[3..]);
    let set = finance.send_form(&again.with(&[("code", &spaced)])).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let codes = Page::new("/account/second-step", &set.body).texts(".codes li");
    assert_eq!(codes.len(), 10);
    let after = finance.page("/account/second-step").await;
    assert!(after.text().contains("10 recovery codes left"), "{}", after.text());
    let rows = app
        .text("select (select string_agg(c::text, '') from recovery_codes c) || s::text from second_steps s")
        .await;
    for code in &codes {
        assert!(!after.text().contains(code), "a recovery code is shown twice");
        assert!(!rows.contains(code) && !rows.contains(&code.replace('-', "")), "a recovery code is kept");
    }
    let secret = app.text("select encode(secret, 'hex') from second_steps").await;
    let raw = app.app.secret.open("second step", account(&app).await.as_bytes(), &unhex(&secret)).unwrap();
    assert!(!secret.contains(&hex(&raw)), "the key is kept as it is");

    // What came in by one step is out; this device stays in.
    assert_eq!(elsewhere.get("/account").await.status, 303);
    assert_eq!(finance.get("/account").await.status, 200);
    assert_eq!(subjects(&app, FINANCE).await, ["A second step was set for your account at 127.0.0.1"]);

    pass(&app, TimeDelta::seconds(30));
    let client = app.stranger();
    let form = started(&app, &client, FINANCE).await;
    let form = form.with(&[("code", &phone.code(app.app.clock.now()))]);
    let signed = client.send_form(&form).await;
    assert_eq!((signed.status, signed.location()), (303, "/fenland/invoices"), "{}", signed.body);
    assert_eq!(client.get("/fenland/invoices").await.status, 200);
    // Neither what was begun nor the code is good a second time.
    pass(&app, TimeDelta::seconds(30));
    let form = form.with(&[("code", &phone.code(app.app.clock.now()))]);
    assert_eq!(app.stranger().send_form(&form).await.status, 422);
    assert_eq!(app.count("select count(*) from started_sign_ins").await, 0);
}

async fn account(app: &TestApp) -> uuid::Uuid {
    let id = app.text(&format!("select id::text from accounts where email = '{FINANCE}'")).await;
    id.parse().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

/// What stands between the two steps is no session by any way in.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_sign_in_opens_nothing() {
    let app = TestApp::new().await;
    let (phone, _) = Phone::set_up(&app, &app.sign_in(FINANCE).await).await;
    pass(&app, TimeDelta::seconds(30));
    let client = app.stranger();
    let form = started(&app, &client, FINANCE).await;
    let half = form.fields.iter().find(|(name, _)| name == "started").unwrap().1.clone();
    assert_eq!(half.len(), 64);
    let sessions = app.count("select count(*) from sessions").await;
    for path in ["/", "/account", "/fenland", "/account/second-step"] {
        assert_eq!(client.get(path).await.status, 303, "{path}");
        let with = client.request(reqwest::Method::GET, path).header("cookie", format!("session={half}"));
        assert_eq!(app.stranger().send(with).await.status, 303, "{path}");
    }
    let asks = json!({ "query": "{ viewer { email } }" });
    let request = client.request(reqwest::Method::POST, "/graphql").header("x-requested-by", "tests");
    let request = request.header("cookie", format!("session={half}")).json(&asks);
    assert_eq!(app.stranger().send(request).await.json()["data"], json!({ "viewer": null }));
    assert_eq!(app.program(&half).execute("{ viewer { email } }", json!({})).await.status, 401);
    assert_eq!(app.count("select count(*) from sessions").await, sessions);

    // It ends after a quarter of an hour, and is then like one that never was.
    let now = form.clone().with(&[("code", &phone.wrong_code(app.app.clock.now()))]);
    let wrong = client.send_form(&now).await;
    pass(&app, TimeDelta::minutes(16));
    let late = form.clone().with(&[("code", &phone.code(app.app.clock.now()))]);
    let late = client.send_form(&late).await;
    assert_eq!((late.status, &late.body), (422, &wrong.body));
    let never = form.with(&[("started", &"0".repeat(64)), ("code", &phone.code(app.app.clock.now()))]);
    let never = client.send_form(&never).await;
    assert_eq!((never.status, never.body.replace(&"0".repeat(64), &half)), (422, wrong.body));
    assert_eq!(app.count("select count(*) from sessions").await, sessions);
}

/// Whether an account has a second step is told to nobody who has not its mail.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_from_the_mail_is_answered_alike_with_and_without_a_second_step() {
    let app = TestApp::new().await;
    Phone::set_up(&app, &app.sign_in(FINANCE).await).await;
    let mut answers = Vec::new();
    for email in [FINANCE, "head@fenland.example", "nobody@nowhere.example"] {
        let client = app.stranger();
        client.post("/sign-in", &[("email", email)]).await;
        let wrong = client.post("/sign-in/code", &[("email", email), ("code", "12")]).await;
        answers.push((wrong.status, wrong.body.replace(email, "")));
    }
    assert_eq!(answers[0].0, 422);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_once_and_one_half_minute_around_its_own() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let (phone, _) = Phone::set_up(&app, &finance).await;
    let start = app.app.clock.now();
    let at = |steps: i32| phone.code(start + TimeDelta::seconds(30) * steps);
    let status = async |code: &str| signed_with(&app, "code", code).await.1.status;
    assert_eq!(status(&at(0)).await, 422, "the code of the set-up was taken again");
    assert_eq!(status(&at(-1)).await, 422, "a code older than one that counted was taken");
    assert_eq!(status(&at(2)).await, 422, "a code of a minute ahead was taken");
    assert_eq!(status(&at(1)).await, 303, "the next half minute's code was refused");
    assert_eq!(status(&at(1)).await, 422, "a code was taken twice");
    app.set_time(start + TimeDelta::seconds(30) * 4);
    assert_eq!(status(&at(2)).await, 422, "a code of a minute ago was taken");
    assert_eq!(status(&at(3)).await, 303, "the last half minute's code was refused");

    // Ten at once, with one code: one of them.
    app.set_time(start + TimeDelta::minutes(20));
    let code = phone.code(app.app.clock.now());
    let mut forms = Vec::new();
    for _ in 0..5 {
        let client = app.stranger();
        let form = started(&app, &client, FINANCE).await.with(&[("code", &code)]);
        forms.push((client, form));
    }
    let all = forms.iter().flat_map(|(client, form)| [client.send_form(form), client.send_form(form)]);
    let statuses: Vec<u16> =
        futures::future::join_all(all).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_stopped_without_a_word() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let (phone, recovery) = Phone::set_up(&app, &finance).await;
    pass(&app, TimeDelta::minutes(1));
    let client = app.stranger();
    let form = started(&app, &client, FINANCE).await;
    let try_code = async |code: &str| client.send_form(&form.clone().with(&[("code", code)])).await;
    let wrong = phone.wrong_code(app.app.clock.now());
    let right = || phone.code(app.app.clock.now());
    let refused = try_code(&wrong).await;
    // Guesses at once count each.
    futures::future::join_all((0..4).map(|_| try_code(&wrong))).await;
    assert_eq!(app.count("select failures::bigint from second_steps").await, 5);
    let locked = try_code(&right()).await;
    assert_eq!((locked.status, &locked.body), (422, &refused.body), "it tells that it is locked");
    assert!(
        locked
            .body
            .contains("sign in again from the beginning; after many wrong codes it can take up to a day")
    );
    // Nor by another way.
    for way in ["removeSecondStep", "renewRecoveryCodes"] {
        assert_eq!(finance.refused(way, json!({ "code": right() })).await, "WRONG_CODE");
    }
    let wrong = client.send_form(&form.clone().with(&[("recoveryCode", &recovery[0][..20])])).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(left(&finance).await, 10);
    assert_eq!(
        app.count("select failures::bigint from second_steps").await,
        5,
        "the lock is not to be prolonged"
    );

    // After a quarter of an hour it counts again; five more lock it for twice as long.
    pass(&app, TimeDelta::minutes(15));
    let form = started(&app, &client, FINANCE).await;
    let try_code = async |code: &str| client.send_form(&form.clone().with(&[("code", code)])).await.status;
    for _ in 0..5 {
        assert_eq!(try_code(&phone.wrong_code(app.app.clock.now())).await, 422);
    }
    pass(&app, TimeDelta::minutes(14));
    assert_eq!(try_code(&right()).await, 422);
    // So whoever reads the mail could keep its owner out. A recovery code lets them in all the same, and the app counts
    // again from then on.
    let signed = client.send_form(&form.clone().with(&[("recoveryCode", &recovery[0])])).await;
    assert_eq!(signed.status, 303, "a recovery code is locked too: {}", signed.body);
    assert_eq!(client.get("/fenland").await.status, 200);
    assert_eq!(left(&client).await, 9);
    assert_eq!(app.count("select failures::bigint from second_steps where locked_until is null").await, 0);
    assert_eq!(signed_with(&app, "code", &right()).await.1.status, 303);

    // Without one it is over when its time is.
    let form = started(&app, &client, FINANCE).await;
    for _ in 0..5 {
        let wrong = form.clone().with(&[("code", &phone.wrong_code(app.app.clock.now()))]);
        assert_eq!(client.send_form(&wrong).await.status, 422);
    }
    pass(&app, TimeDelta::minutes(14));
    assert_eq!(signed_with(&app, "code", &right()).await.1.status, 422);
    pass(&app, TimeDelta::minutes(1));
    assert_eq!(signed_with(&app, "code", &right()).await.1.status, 303);
    assert_eq!(app.count("select failures::bigint from second_steps").await, 0);
}

/// Of a form that is sent twice, the second is no guess.
#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_is_no_wrong_code() {
    let app = TestApp::new().await;
    let (phone, _) = Phone::set_up(&app, &app.sign_in(FINANCE).await).await;
    pass(&app, TimeDelta::seconds(30));
    let client = app.stranger();
    let form = started(&app, &client, FINANCE).await.with(&[("code", &phone.code(app.app.clock.now()))]);
    // Both are on their way before either is judged.
    let mut holding = app.owner.begin_with("begin").await.unwrap();
    sqlx::query("select from second_steps for update").execute(&mut *holding).await.unwrap();
    let release = async {
        let waits = "select count(*) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'";
        let both = async || (app.count(waits).await == 2).then_some(());
        eventually("two sign-ins that wait", both).await;
        holding.commit().await.unwrap();
    };
    let (first, second, ()) =
        futures::future::join3(client.send_form(&form), client.send_form(&form), release).await;
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    assert_eq!(app.count("select failures::bigint from second_steps").await, 0);
}

/// Until the sign-in is whole, no alliance sees that somebody with this address signed in.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_sign_in_joins_nobody() {
    let app = TestApp::new().await;
    let (phone, _) = Phone::set_up(&app, &app.sign_in(FINANCE).await).await;
    pass(&app, TimeDelta::seconds(30));
    sqlx::query("update people set account_id = null where email = $1")
        .bind(FINANCE)
        .execute(&app.owner)
        .await
        .unwrap();
    let joined =
        "select count(*) from people where email = 'finance@fenland.example' and account_id is not null";
    let client = app.stranger();
    let form = started(&app, &client, FINANCE).await;
    assert_eq!(app.count(joined).await, 0);
    let signed = client.send_form(&form.with(&[("code", &phone.code(app.app.clock.now()))])).await;
    assert_eq!(signed.status, 303, "{}", signed.body);
    assert_eq!(app.count(joined).await, 1);
    assert_eq!(client.get("/fenland").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_stands_in_for_the_phone_once() {
    let app = TestApp::new().await;
    let (phone, codes) = Phone::set_up(&app, &app.sign_in(FINANCE).await).await;
    subjects(&app, FINANCE).await;
    let mut distinct = codes.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 10);
    // As it is typed from paper.
    let typed = format!(" {} ", codes[3].to_uppercase().replace('-', " "));
    let (client, signed) = signed_with(&app, "recoveryCode", &typed).await;
    assert_eq!(signed.status, 303, "{}", signed.body);
    assert_eq!(left(&client).await, 9);
    let mail = {
        app.work().await;
        app.mails.to(FINANCE).remove(0)
    };
    assert_eq!(mail.subject(), "A recovery code of yours was used at 127.0.0.1");
    assert!(mail.text().contains("24 November 2026 at 10:00") && mail.text().contains("You have 9 left."));
    assert!(!mail.text().contains(&codes[3]));
    app.mails.clear();

    let (_, again) = signed_with(&app, "recoveryCode", &codes[3]).await;
    assert_eq!(again.status, 422);
    let page = Page::new("/sign-in/second-step", &again.body);
    assert_eq!(page.count("details[open] #recoveryCode[aria-invalid=true][value=''][autofocus]"), 1);
    assert_eq!(page.count("[autofocus]"), 1);
    assert_eq!(page.texts("#recoveryCode-error").len(), 1);
    assert_eq!(subjects(&app, FINANCE).await, Vec::<String>::new(), "a refused code is told");
    for other in ["", "0000-0000-0000-0000-0000-0000", &codes[4][..20]] {
        assert_eq!(signed_with(&app, "recoveryCode", other).await.1.status, 422, "{other}");
    }

    // With few left the page says so; new ones take the place of all.
    for code in &codes[4..] {
        assert_eq!(signed_with(&app, "recoveryCode", code).await.1.status, 303);
        pass(&app, TimeDelta::minutes(16));
    }
    let page = client.page("/account/second-step").await;
    assert_eq!(page.texts(".note.warn"), ["3 recovery codes left. Make new ones before you need them."]);
    subjects(&app, FINANCE).await;
    let form = page.form("/account/second-step/codes");
    let wrong = client.send_form(&form.clone().with(&[("code", &codes[9])])).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(Page::new("", &wrong.body).count("#code[aria-invalid=true]"), 1);
    assert_eq!(left(&client).await, 3);
    let made = client.send_form(&form.with(&[("code", &phone.code(app.app.clock.now()))])).await;
    let new = Page::new("", &made.body).texts(".codes li");
    assert_eq!((made.status, new.len()), (200, 10), "{}", made.body);
    assert_eq!(left(&client).await, 10);
    assert_eq!(subjects(&app, FINANCE).await, ["You have new recovery codes at 127.0.0.1"]);
    assert_eq!(signed_with(&app, "recoveryCode", &codes[0]).await.1.status, 422, "an old code was taken");
    assert_eq!(signed_with(&app, "recoveryCode", &new[0]).await.1.status, 303);
    // By the API too, and with a recovery code in the app's place.
    let renewed = client.done("renewRecoveryCodes", "recoveryCodes", json!({ "code": new[1] })).await;
    assert_eq!(renewed["recoveryCodes"].as_array().unwrap().len(), 10);
    assert_eq!(left(&client).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_taken_off_by_whoever_proves_it_and_nobody_else() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let (phone, _) = Phone::set_up(&app, &finance).await;
    subjects(&app, FINANCE).await;
    pass(&app, TimeDelta::seconds(30));
    let form = finance.page("/account/second-step").await.form("/account/second-step/remove");
    let wrong = form.clone().with(&[("removalCode", &phone.wrong_code(app.app.clock.now()))]);
    let refused = finance.send_form(&wrong).await;
    assert_eq!(refused.status, 422);
    let page = Page::new("", &refused.body);
    assert_eq!(page.count("#removalCode[aria-invalid=true][value='']"), 1);
    assert_eq!(page.count("#code[aria-invalid=true]"), 0);
    assert_eq!(app.count("select count(*) from second_steps").await, 1);
    let forged = finance
        .post("/account/second-step/remove", &[("removalCode", &phone.code(app.app.clock.now()))])
        .await;
    assert_eq!(forged.status, 403);

    let right = form.with(&[("removalCode", &phone.code(app.app.clock.now()))]);
    let removed = finance.send_form(&right).await;
    assert_eq!((removed.status, removed.location()), (303, "/account/second-step"));
    let page = finance.page("/account/second-step").await;
    assert_eq!(page.count("main .flash[role=status]"), 1);
    page.form("/account/second-step/begin");
    assert_eq!(app.count("select count(*) from recovery_codes").await, 0);
    assert_eq!(subjects(&app, FINANCE).await, ["The second step of your account at 127.0.0.1 was taken off"]);
    assert_eq!(with_mail_code(&app, &app.stranger(), FINANCE).await.status, 303);
    assert_eq!(finance.refused("removeSecondStep", json!({ "code": "123456" })).await, "WRONG_CODE");

    // By the API; and by the operator, for whom has lost everything.
    let (_, codes) = Phone::set_up(&app, &finance).await;
    let done = finance
        .done("removeSecondStep", "viewer { secondStep { setAt } }", json!({ "code": codes[0] }))
        .await;
    assert_eq!(done["viewer"]["secondStep"], Value::Null);
    Phone::set_up(&app, &finance).await;
    // Whoever set it may not be the person who asks the operator: nothing that they hold is left.
    let program = program_of(&app, &finance, "Ledger").await;
    let head = app.sign_in("head@fenland.example").await;
    subjects(&app, FINANCE).await;
    for unknown in ["head@fenland.example", "nobody@nowhere.example", "no address"] {
        assert!(take_off_second_step(&app.app, unknown).await.is_err(), "{unknown}");
    }
    assert_eq!(finance.get("/account").await.status, 200);
    let taken_off = take_off_second_step(&app.app, " Finance@Fenland.example").await.unwrap();
    assert_eq!((taken_off.sessions, taken_off.tokens), (1, 1));
    assert_eq!(app.count("select count(*) from second_steps").await, 0);
    assert_eq!(finance.get("/account").await.status, 303);
    assert_eq!(program.execute("{ viewer { email } }", json!({})).await.status, 401);
    assert_eq!(head.get("/account").await.status, 200, "somebody else was signed out");
    app.work().await;
    let mail = app.mails.to(FINANCE).remove(0);
    assert_eq!(mail.subject(), "The second step of your account at 127.0.0.1 was taken off");
    assert!(
        mail.text().contains("every device was signed out. Your API token was revoked"),
        "{}",
        mail.text()
    );
}

/// A program with a new token of this person.
async fn program_of(app: &TestApp, person: &Client, name: &str) -> Client {
    let token = json!({ "alliance": FENLAND, "name": name, "permissions": ["SEE_ALLIANCE"], "days": 9 });
    let made = person.done("createToken", "created { secret }", token).await;
    app.program(made["created"]["secret"].as_str().unwrap())
}

/// One step was enough to make them, so they end when there are two; and so that none is made at the last moment.
#[tokio::test(flavor = "multi_thread")]
async fn api_tokens_made_by_one_step_end_when_there_are_two() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let head = app.sign_in("head@fenland.example").await;
    let programs = [program_of(&app, &finance, "Ledger").await, program_of(&app, &finance, "Board").await];
    let of_head = program_of(&app, &head, "Ledger").await;
    let asks = async |program: &Client| program.execute("{ viewer { email } }", json!({})).await.status;

    // It is said beforehand, where there are any.
    let said = "It revokes your 2 API tokens: programs that still need one need a new one.";
    let page = finance.page("/account/second-step").await;
    assert!(page.text().contains(said), "{}", page.text());
    assert!(page.text().contains("Do several people use this mailbox?"), "{}", page.text());
    let begun = finance.send_form(&page.form("/account/second-step/begin")).await;
    let begun = Page::new("", &begun.body);
    assert!(begun.text().contains(said), "{}", begun.text());
    let manager = app.sign_in("manager@fenland.example").await.page("/account/second-step").await;
    assert!(!manager.text().contains("revokes"), "{}", manager.text());
    assert_eq!([asks(&programs[0]).await, asks(&programs[1]).await], [200, 200]);

    let phone = Phone::with_key(&begun.texts("#secret")[0]);
    let form = begun.form("/account/second-step/confirm");
    let set = finance.send_form(&form.with(&[("code", &phone.code(app.app.clock.now()))])).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!([asks(&programs[0]).await, asks(&programs[1]).await], [401, 401]);
    assert_eq!(asks(&of_head).await, 200, "a token of somebody else ended");
    assert_eq!(app.count("select count(*) from api_tokens").await, 1);
    app.work().await;
    let mail = app.mails.to(FINANCE).remove(0);
    assert!(
        mail.text().contains("Your 2 API tokens were revoked: programs that still need one need a new one.")
    );
    // From then on they are made by two.
    program_of(&app, &finance, "Ledger").await;

    // A device that is being signed out makes no more.
    let mut ending = app.owner.begin_with("begin").await.unwrap();
    let account = account(&app).await;
    sqlx::query("delete from sessions where account_id = $1")
        .bind(account)
        .execute(&mut *ending)
        .await
        .unwrap();
    let token = json!({ "alliance": FENLAND, "name": "Late", "permissions": ["SEE_ALLIANCE"], "days": 9 });
    let end = async {
        let waits = "select count(*) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'";
        let waits = async || (app.count(waits).await > 0).then_some(());
        eventually("a token that waits", waits).await;
        ending.commit().await.unwrap();
    };
    let (late, ()) = futures::future::join(finance.try_mutate("createToken", "", token), end).await;
    assert_eq!(code(&late), "FORBIDDEN");
    assert_eq!(app.count("select count(*) from api_tokens where name = 'Late'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_the_second_step_of_somebody_else() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let head = app.sign_in("head@fenland.example").await;
    let begin = "mutation { beginSecondStep { begun { setUp secret } errors { code } } }";
    let begun = finance.graphql(begin, json!({})).await["beginSecondStep"]["begun"].clone();
    let phone = Phone::with_key(begun["secret"].as_str().unwrap());
    let input = json!({ "setUp": begun["setUp"], "code": phone.code(app.app.clock.now()) });
    let token = json!({ "alliance": FENLAND, "name": "Ledger", "permissions": ["SEE_MONEY"], "days": 9 });
    let made = finance.done("createToken", "created { secret }", token).await;
    let program = app.program(made["created"]["secret"].as_str().unwrap());
    program.graphql("{ viewer { email } }", json!({})).await;

    let before = app.contents().await;
    assert_eq!(head.refused("confirmSecondStep", input.clone()).await, "SET_UP_TOO_OLD");
    for set_up in ["", "no set-up", &"A".repeat(200)] {
        let input = json!({ "setUp": set_up, "code": "123456" });
        assert_eq!(finance.refused("confirmSecondStep", input).await, "SET_UP_TOO_OLD");
    }
    // A program is no way to it, nor is a stranger.
    assert_eq!(code(&program.execute(STEP, json!({})).await.json()), "FORBIDDEN");
    assert_eq!(code(&program.execute(begin, json!({})).await.json()), "FORBIDDEN");
    let stranger = app.stranger().graphql(begin, json!({})).await;
    assert_eq!(stranger["beginSecondStep"]["errors"][0]["code"], "SIGNED_OUT");
    for name in ["confirmSecondStep", "renewRecoveryCodes", "removeSecondStep"] {
        let input = if name == "confirmSecondStep" { input.clone() } else { json!({ "code": "123456" }) };
        assert_eq!(code(&program.try_mutate(name, "", input.clone()).await), "FORBIDDEN", "{name}");
        assert_eq!(app.stranger().refused(name, input).await, "SIGNED_OUT", "{name}");
    }
    for path in ["", "/begin", "/confirm", "/codes", "/remove"] {
        assert_eq!(
            program.post(&format!("/account/second-step{path}"), &[]).await.status / 100,
            3 + u16::from(path.is_empty()),
            "{path}"
        );
    }
    assert_eq!(app.contents().await, before);

    // One's own is there for a quarter of an hour, and once.
    finance.done("confirmSecondStep", "recoveryCodes", input.clone()).await;
    let before = app.contents().await;
    assert_eq!(finance.refused("confirmSecondStep", input.clone()).await, "ALREADY_SET");
    let again = finance.graphql(begin, json!({})).await;
    assert_eq!(again["beginSecondStep"]["errors"][0]["code"], "ALREADY_SET");
    assert_eq!(app.contents().await, before);
    let begun = head.graphql(begin, json!({})).await["beginSecondStep"]["begun"].clone();
    let phone = Phone::with_key(begun["secret"].as_str().unwrap());
    pass(&app, TimeDelta::minutes(15));
    let late = json!({ "setUp": begun["setUp"], "code": phone.code(app.app.clock.now()) });
    assert_eq!(head.refused("confirmSecondStep", late).await, "SET_UP_TOO_OLD");
}

/// Whoever finds a device open does not set a second step up in its person's place.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_set_up_by_whoever_has_just_signed_in() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    pass(&app, TimeDelta::minutes(15));
    let before = app.contents().await;
    let begin = "mutation { beginSecondStep { begun { setUp } errors { code } } }";
    let refused = finance.graphql(begin, json!({})).await;
    assert_eq!(
        refused["beginSecondStep"],
        json!({ "begun": null, "errors": [{ "code": "CONFIRM_IT_IS_YOU" }] })
    );
    let page = finance.page("/account/second-step?alliance=fenland").await;
    // The alliance of the address asks nobody for one.
    assert_eq!(page.count(".note.warn"), 0, "{}", page.text());
    let asked = finance.send_form(&page.form("/account/second-step/begin")).await;
    assert_eq!(asked.status, 422);
    assert_eq!(app.contents().await, before);

    // With another proof, in this browser, it goes on.
    let asked = finance.send_form(&Page::new("", &asked.body).form("/confirm/code")).await;
    let form = Page::new("/confirm/code", &asked.body).form("/confirm");
    let form = form.with(&[("confirmCode", &app.code(FINANCE).await)]);
    let confirmed = finance.send_form(&form).await;
    assert_eq!((confirmed.status, confirmed.location()), (307, "/account/second-step/begin"));
    let begun = finance.send_form(&Form { action: confirmed.location().to_owned(), ..form }).await;
    assert_eq!(Page::new("", &begun.body).count("#set-up"), 1, "{}", begun.body);
    pass(&app, TimeDelta::minutes(15) - TimeDelta::seconds(1));
    Phone::set_up(&app, &finance).await;
}

/// Signing in and setting the second step at once: whoever comes in by one step does so before it is set, and is signed
/// out by it.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_slips_in_while_it_is_being_set() {
    let app = TestApp::new().await;
    app.sign_in(FINANCE).await;
    let mut setting = app.owner.begin_with("begin").await.unwrap();
    let account = account(&app).await;
    let lock = sqlx::query("select from accounts where id = $1 for no key update").bind(account);
    lock.execute(&mut *setting).await.unwrap();
    let client = app.stranger();
    let set = async {
        let waits = "select count(*) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'";
        let waits = async || (app.count(waits).await > 0).then_some(());
        eventually("a sign-in that waits", waits).await;
        let set =
            "insert into second_steps (account_id, secret, set_at, last_step) values ($1, '', now(), 1)";
        sqlx::query(set).bind(account).execute(&mut *setting).await.unwrap();
        setting.commit().await.unwrap();
    };
    let (answer, ()) = futures::future::join(with_mail_code(&app, &client, FINANCE), set).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Page::new("", &answer.body).form("/sign-in/second-step");
}

/// One identity, many alliances: a second step is the person's, and no alliance's.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_step_says_nothing_to_an_alliance() {
    let app = TestApp::new().await;
    let harbour = app.sign_in("director@harbour.example").await;
    let people = "query($slug: String!) { alliance(slug: $slug) { people { nodes { name email } } } }";
    let before = harbour.graphql(people, json!({ "slug": HARBOUR })).await;
    Phone::set_up(&app, &harbour).await;
    assert_eq!(harbour.graphql(people, json!({ "slug": HARBOUR })).await, before);
    assert_eq!(left(&app.sign_in(FINANCE).await).await, Value::Null);
}

/// Requires a second step in Fenland, or no longer.
async fn require(director: &Client, required: bool) -> Answer {
    let fields = [("requiresSecondStep", if required { "true" } else { "false" })];
    director.submit("/fenland/settings", "/settings/second-step", &fields).await
}

/// A form of the settings that was open in the meantime changes what it shows, and not what signing in takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_stale_form_of_the_settings_leaves_the_requirement() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    Phone::set_up(&app, &director).await;
    let stale = director.page("/fenland/settings").await;
    assert_eq!(require(&director, true).await.status, 303);
    let required = "select count(*) from alliances where requires_second_step and name = 'Fens'";
    let form = stale.form("/settings");
    assert!(form.fields.iter().all(|(name, _)| name != "requiresSecondStep"), "{:?}", form.fields);
    // Not even where something sends it along.
    let mut form = form.with(&[("name", "Fens")]);
    form.fields.push(("requiresSecondStep".into(), "false".into()));
    assert_eq!(director.send_form(&form).await.status, 303);
    assert_eq!(app.count(required).await, 1);

    // Nor does the other form change the settings, and it works before the letterhead is complete.
    sqlx::query("update alliances set bank_sort_code = '' where slug = 'fenland'")
        .execute(&app.owner)
        .await
        .unwrap();
    assert_eq!(require(&director, false).await.status, 303);
    assert_eq!(app.count(required).await, 0);
    assert_eq!(
        app.count("select count(*) from alliances where name = 'Fens' and bank_sort_code = ''").await,
        1
    );
    // What is neither leaves it.
    let form = director.page("/fenland/settings").await.form("/settings/second-step");
    let before = app.contents().await;
    assert_eq!(
        director.send_form(&form.clone().with(&[("requiresSecondStep", "perhaps")])).await.status,
        303
    );
    assert_eq!(app.contents().await, before);
    let finance = app.sign_in(FINANCE).await;
    let own = finance.page("/fenland").await.form("/sign-out").fields;
    let csrf = &own.iter().find(|(name, _)| name == "csrf").unwrap().1;
    let before = app.contents().await;
    let fields = [("csrf", csrf.as_str()), ("requiresSecondStep", "true")];
    assert_eq!(finance.post("/fenland/settings/second-step", &fields).await.status, 403);
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alliance_requires_a_second_step_of_everybody() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    let things = Things::of(FENLAND, &director).await;
    let token =
        |name: &str| json!({ "alliance": FENLAND, "name": name, "permissions": ["SEE_MONEY"], "days": 9 });
    let made = finance.done("createToken", "created { secret }", token("Ledger")).await;
    let program = app.program(made["created"]["secret"].as_str().unwrap());
    let alliance = "query($slug: String!) { alliance(slug: $slug) { requiresSecondStep } }";
    assert_eq!(program.execute(alliance, json!({ "slug": FENLAND })).await.status, 200);

    // Whoever asks it of all has it.
    let before = app.contents().await;
    let refused = require(&director, true).await;
    assert_eq!(refused.status, 422);
    let page = Page::new("/fenland/settings", &refused.body);
    assert_eq!(page.texts("#requiresSecondStep-error").len(), 1);
    let shown = director.page("/fenland/settings").await.form("/fenland/settings");
    assert_eq!(page.form("/fenland/settings").fields, shown.fields, "the other form is not as it was");
    assert_eq!(
        page.texts("#requiresSecondStep option[selected]"),
        ["A code by mail, and a second step of everybody"]
    );
    let mut settings = crate::operations::change_settings(&things);
    settings["requiresSecondStep"] = true.into();
    assert_eq!(director.refused("changeSettings", settings.clone()).await, "NO_SECOND_STEP");
    assert_eq!(code(&finance.try_mutate("changeSettings", "", settings).await), "FORBIDDEN");
    assert_eq!(app.contents().await, before);
    let people = "query($slug: String!) { alliance(slug: $slug) { people(first: 30) { nodes { name hasSecondStep } } } }";
    let of = async |person: &Client, slug: &str, name: &str| {
        let seen = person.graphql(people, json!({ "slug": slug })).await;
        let nodes = seen["alliance"]["people"]["nodes"].as_array().unwrap().clone();
        nodes.iter().find(|one| one["name"].as_str().unwrap().contains(name)).unwrap()["hasSecondStep"]
            .clone()
    };
    let (phone, _) = Phone::set_up(&app, &director).await;
    // Until it is required it is the person's own affair.
    assert_eq!(of(&director, FENLAND, "director").await, Value::Null);
    assert_eq!(require(&director, true).await.status, 303);
    let shown = director.graphql(alliance, json!({ "slug": FENLAND })).await;
    assert_eq!(shown["alliance"]["requiresSecondStep"], true);

    // Nobody without one comes in, by any way; and nothing happens.
    let before = app.contents().await;
    let led = "/account/second-step?alliance=fenland";
    for path in ["/fenland", "/fenland/invoices", "/fenland/invoices.csv", "/fenland/nothing/to/see"] {
        let answer = finance.get(path).await;
        let there = if path.ends_with("see") { (404, "") } else { (303, led) };
        assert_eq!((answer.status, answer.location()), there, "{path}");
    }
    let payment = json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": 25_500, "reference": "BIRCH",
                          "payerId": things.payer("Birch Infant School"), "method": "BACS", "idempotencyKey": "one" });
    // A program gets no page.
    let csv = program.get("/fenland/members.csv").await;
    assert_eq!((csv.status, code(&csv.json())), (403, "NEEDS_SECOND_STEP"));
    for caller in [&finance, &program] {
        let answer = caller.execute(alliance, json!({ "slug": FENLAND })).await.json();
        assert_eq!(code(&answer), "NEEDS_SECOND_STEP");
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let answer = caller.execute(node, json!({ "id": things.member("Elm Academy") })).await.json();
        assert_eq!(code(&answer), "NEEDS_SECOND_STEP");
        assert_eq!(code(&caller.try_mutate("recordPayment", "", payment.clone()).await), "NEEDS_SECOND_STEP");
    }
    assert_eq!(finance.refused("createToken", token("Another")).await, "NEEDS_SECOND_STEP");
    let mine = finance.graphql("{ viewer { alliances { slug } } }", json!({})).await;
    assert_eq!(mine["viewer"]["alliances"], json!([{ "slug": FENLAND }]));
    // Its tokens can be seen and revoked all the same; another is not made.
    let tokens = finance.page("/account/tokens").await;
    assert!(tokens.text().contains("Ledger"), "{}", tokens.text());
    assert_eq!(finance.get("/account/tokens?alliance=fenland").await.location(), led);
    assert_eq!(app.contents().await, before);

    // Other alliances go on as they were, and strangers learn nothing.
    let harbour = app.sign_in("director@harbour.example").await;
    assert_eq!(harbour.get("/harbour").await.status, 200);
    assert_eq!(of(&harbour, HARBOUR, "director").await, Value::Null);
    assert_eq!(harbour.get("/fenland").await.status, 404);
    assert_eq!(harbour.graphql(alliance, json!({ "slug": FENLAND })).await["alliance"], Value::Null);

    // The list of people says who has none, to whoever manages them.
    let list = director.page("/fenland/people").await;
    let tags = list.texts("#people tbody th:has(.tag)");
    assert!(
        tags.iter().any(|row| row.contains("finance lead") && row.contains("no second step")),
        "{tags:?}"
    );
    assert!(!tags.iter().any(|row| row.contains("The director")), "{tags:?}");
    assert_eq!(of(&director, FENLAND, "director").await, true);
    assert_eq!(of(&director, FENLAND, "finance lead").await, false);
    let csv = director.get("/fenland/people.csv").await.body;
    assert!(csv.lines().any(|line| line.contains(FINANCE) && line.contains("no second step")), "{csv}");

    // They are led to set one up, and from there back.
    let page = finance.page(finance.get("/fenland").await.location()).await;
    assert!(page.texts(".note.warn")[0].contains("asks everybody for a second step"), "{}", page.text());
    let begun = finance.send_form(&page.form("/account/second-step/begin")).await;
    let begun = Page::new("/account/second-step", &begun.body);
    let own = Phone::with_key(&begun.texts("#secret")[0]);
    let form = begun.form("/account/second-step/confirm");
    let set = finance.send_form(&form.with(&[("code", &own.code(app.app.clock.now()))])).await;
    assert_eq!(Page::new("", &set.body).link("I have kept them"), "/fenland");
    assert_eq!(finance.get("/fenland").await.status, 200);
    // Its token was made by one step.
    assert_eq!(program.execute(alliance, json!({ "slug": FENLAND })).await.status, 401);
    assert_eq!(of(&director, FENLAND, "finance lead").await, true);
    // Who may not manage people is not told.
    assert_eq!(of(&finance, FENLAND, "director").await, Value::Null);

    // Whoever takes it off again stands outside; when it is not required any more, everybody comes in.
    pass(&app, TimeDelta::seconds(30));
    finance.done("removeSecondStep", "", json!({ "code": own.code(app.app.clock.now()) })).await;
    assert_eq!(finance.get("/fenland").await.location(), led);
    assert_eq!(require(&director, false).await.status, 303);
    assert_eq!(finance.get("/fenland").await.status, 200);
    // It can be given up by whoever requires it, too.
    director.done("removeSecondStep", "", json!({ "code": phone.code(app.app.clock.now()) })).await;
    assert_eq!(director.get("/fenland").await.status, 200);
}

/// Who follows an alliance that begins to require a second step is sent away, as one whose role has ended is.
#[tokio::test(flavor = "multi_thread")]
async fn a_follower_without_a_second_step_is_sent_away() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    let mut of_finance = Socket::following(&app, &finance, FENLAND).await;
    Phone::set_up(&app, &director).await;
    assert_eq!(require(&director, true).await.status, 303);
    app.set_time(app.app.clock.now() + TimeDelta::seconds(61));
    assert_eq!(of_finance.hear().await.error("a"), "FORBIDDEN");
    of_finance.follow("b", FENLAND).await;
    assert_eq!(of_finance.hear().await.error("b"), "NEEDS_SECOND_STEP");
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_by_the_place_that_they_come_from_too() {
    let hour = Allowance { points: 3, within: std::time::Duration::from_secs(3600) };
    let app = TestApp::allowing(Allowances { sign_in: hour, ..plenty() }).await;
    let client = app.stranger();
    let fields = [("started", "0"), ("code", "123456")];
    for _ in 0..3 {
        assert_eq!(client.post("/sign-in/second-step", &fields).await.status, 422);
    }
    for way in ["/sign-in/second-step", "/sign-in/passkey", "/sign-in/passkey/answer", "/confirm"] {
        assert_eq!(client.post(way, &fields).await.status, 429, "{way}");
    }
}
