//! Signing in by a code that comes by mail.

use chrono::TimeDelta;
use serde_json::json;
use tests::{
    Client, TestApp,
    fixture::{FENLAND, day},
};

use crate::operations::Things;

const FINANCE: &str = "finance@fenland.example";

/// Asks for a code and reads it from the mail.
async fn code(app: &TestApp, client: &Client, email: &str) -> String {
    app.mails.clear();
    assert_eq!(client.post("/sign-in", &[("email", email)]).await.status, 200);
    app.work().await;
    let mails = app.mails.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, [email]);
    let text = mails[0].text();
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6);
    digits.unwrap_or_else(|| panic!("no code in: {text}")).to_owned()
}

async fn try_code(client: &Client, code: &str) -> u16 {
    client.post("/sign-in/code", &[("email", FINANCE), ("code", code)]).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_signs_in_once() {
    let app = TestApp::new().await;
    let client = app.stranger();
    assert_eq!(client.get("/fenland/members").await.status, 303);
    let code = code(&app, &client, FINANCE).await;
    assert_eq!(try_code(&client, &code).await, 303);
    assert!(client.page("/fenland/members").await.text().contains("Alder Primary School"));
    let cookie = client.post("/sign-in/code", &[("email", FINANCE), ("code", &code)]).await;
    assert_eq!(cookie.status, 422, "a code was taken twice");
    // The address is kept for another try, and the field is empty for the right code.
    let again = tests::page::Page::new("/sign-in/code", &cookie.body).form("/sign-in/code").fields;
    for (name, value) in [("email", FINANCE), ("code", "")] {
        assert!(again.contains(&(name.to_owned(), value.to_owned())), "{name}: {again:?}");
    }
    assert!(app.mails.to(FINANCE)[0].text().contains("within 15 minutes"));

    let out = client.submit("/fenland/members", "/sign-out", &[]).await;
    assert_eq!(out.status, 303);
    assert_eq!(client.get("/fenland/members").await.status, 303);
    assert_eq!(app.count("select count(*) from sessions").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_to_be_guessed_and_does_not_last() {
    let app = TestApp::new().await;
    let client = app.stranger();
    let right = code(&app, &client, FINANCE).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(try_code(&client, wrong).await, 422);
    }
    assert_eq!(try_code(&client, &right).await, 422, "the sixth attempt was let in");

    let late = code(&app, &client, FINANCE).await;
    app.set_time(app.app.clock.now() + TimeDelta::minutes(16));
    assert_eq!(try_code(&client, &late).await, 422, "a code of a quarter of an hour ago was taken");
    assert_eq!(app.count("select count(*) from sessions").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_from_the_page() {
    let app = TestApp::new().await;
    let client = app.stranger();
    let known = client.post("/sign-in", &[("email", FINANCE)]).await;
    let unknown = client.post("/sign-in", &[("email", "nemo@nowhere.example")]).await;
    assert_eq!(known.status, unknown.status);
    assert_eq!(known.body.replace(FINANCE, ""), unknown.body.replace("nemo@nowhere.example", ""));
    app.work().await;
    let mail = &app.mails.to("nemo@nowhere.example")[0];
    assert!(!mail.text().split(|c: char| !c.is_ascii_digit()).any(|word| word.len() == 6), "{}", mail.text());
    for nonsense in ["", "not an address", "a@b@c", "a@b.example\r\nBcc: c@d.example"] {
        assert_eq!(client.post("/sign-in", &[("email", nonsense)]).await.status, 422, "{nonsense:?}");
    }
    // Not more than five in a quarter of an hour, and the page says the same.
    for _ in 0..8 {
        assert_eq!(client.post("/sign-in", &[("email", FINANCE)]).await.status, known.status);
    }
    let codes = format!(
        "select count(*) from sign_in_codes where email = '{FINANCE}' and used_at is null and expires_at > now()"
    );
    assert!(app.count(&codes).await <= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_elsewhere_is_refused() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let before = app.contents().await;
    for csrf in ["", "x", "00000000000000000000000000000000"] {
        let fields = [("csrf", csrf), ("name", "Taken over")];
        assert_eq!(director.post("/fenland/settings", &fields).await.status, 403);
    }
    assert_eq!(app.contents().await, before);
}

/// Nobody is signed in by another site as somebody whom they do not know.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_elsewhere_is_refused() {
    let app = TestApp::new().await;
    let client = app.stranger();
    client.post("/sign-in", &[("email", FINANCE)]).await;
    let code = app.code(FINANCE).await;
    let fields = [("email", FINANCE), ("code", &code), ("started", "0")];
    let own = client.base();
    let send = async |path: &str, headers: &[(&str, &str)]| {
        let request = client.request(reqwest::Method::POST, path).form(&fields);
        client
            .send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
            .await
    };
    let before = app.contents().await;
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://other.127.0.0.1")],
        &[("sec-fetch-site", "cross-site"), ("origin", own)],
    ] {
        for path in ["/sign-in", "/sign-in/code", "/sign-in/second-step", "/sign-up"] {
            let refused = send(path, headers).await;
            assert_eq!(refused.status, 403, "{path} {headers:?}");
            assert!(refused.body.contains("came from a page of another site, so nobody was signed in"));
            assert!(refused.headers.get("set-cookie").is_none());
        }
    }
    assert_eq!(app.contents().await, before);
    // A link from elsewhere is followed; our own pages sign in, and so do programs, which say nothing.
    let link = client.request(reqwest::Method::GET, "/sign-in").header("sec-fetch-site", "cross-site");
    assert_eq!(client.send(link).await.status, 200);
    assert_eq!(
        send("/sign-in/code", &[("origin", own), ("sec-fetch-site", "same-origin")]).await.status,
        303
    );
    for headers in [&[("origin", own)][..], &[("sec-fetch-site", "same-origin")], &[]] {
        assert_eq!(send("/sign-in", headers).await.status, 200, "{headers:?}");
    }
}

/// A role that has ended, or that begins later, is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_holds_from_its_first_day_to_its_last() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    let things = Things::of(FENLAND, &director).await;
    let status = async || finance.get("/fenland/invoices").await.status;

    let name = "The finance lead of Fenland Alliance";
    let ended =
        json!({ "alliance": FENLAND, "grantId": things.first_of(name, "roles"), "endsOn": "2026-11-24" });
    director.done("endRole", "", ended).await;
    assert_eq!(status().await, 200, "the last day is over before it began");
    app.set_date(day(2026, 11, 25));
    assert_eq!(status().await, 404, "the role outlived its last day");
    let again = json!({ "alliance": FENLAND, "personId": things.person_named(name), "role": "FINANCE_LEAD",
                        "startsOn": "2026-11-26", "endsOn": "2026-11-27" });
    let director = app.sign_in("director@fenland.example").await;
    director.done("grantRole", "", again).await;
    assert_eq!(status().await, 404, "the role began before its first day");
    app.set_date(day(2026, 11, 26));
    assert_eq!(status().await, 200);
    app.set_date(day(2026, 11, 28));
    assert_eq!(status().await, 404);
}

const SESSIONS: &str = "{ viewer { sessions { id agent isCurrent } } }";

/// The ids of the sessions of whoever asks: their own first, then the others.
async fn sessions(client: &Client) -> Vec<String> {
    let data = client.graphql(SESSIONS, json!({})).await;
    let mut all = data["viewer"]["sessions"].as_array().unwrap().clone();
    all.sort_by_key(|session| session["isCurrent"] != true);
    all.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

async fn is_signed_in(client: &Client) -> bool {
    client.get("/account").await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_where_they_are_signed_in_and_sign_out_there() {
    let app = TestApp::new().await;
    let here = app.sign_in(FINANCE).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(app.sign_in_anew(FINANCE).await);
    }
    let page = here.page("/account").await;
    assert_eq!(page.texts("main li .why").len(), 4);
    assert_eq!(page.texts("main li .tag"), ["this device"]);

    // By the page, then by the API.
    let ids = sessions(&here).await;
    let first = sessions(&others[0]).await.remove(0);
    let uuid = gateway::schema::ids::decode(&first).unwrap().2;
    let ended = here.submit("/account", &format!("/account/sessions/{uuid}/end"), &[]).await;
    assert_eq!((ended.status, ended.location()), (303, "/account"));
    assert!(!is_signed_in(&others[0]).await && is_signed_in(&others[1]).await && is_signed_in(&here).await);
    let again = here.post(&format!("/account/sessions/{uuid}/end"), &[("csrf", "x")]).await;
    assert_eq!(again.status, 403, "a form from elsewhere was taken");
    let second = sessions(&others[1]).await.remove(0);
    assert!(ids.contains(&second));
    here.done("endSession", "viewer { sessions { id } }", json!({ "sessionId": second })).await;
    assert!(!is_signed_in(&others[1]).await);
    assert_eq!(
        here.refused("endSession", json!({ "sessionId": second })).await,
        "UNKNOWN_SESSION",
        "a session ended twice"
    );

    let ended = here.submit("/account", "/account/sessions/end-others", &[]).await;
    assert_eq!(ended.status, 303);
    assert!(!is_signed_in(&others[2]).await && is_signed_in(&here).await);
    assert_eq!(sessions(&here).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_a_session_of_somebody_else() {
    let app = TestApp::new().await;
    let (finance, head) = (app.sign_in(FINANCE).await, app.sign_in("head@fenland.example").await);
    let theirs = json!({ "sessionId": sessions(&head).await[0] });
    let missing = gateway::schema::ids::encode(
        gateway::schema::ids::Kind::Session,
        domain::jobs::DEPLOYMENT,
        uuid::Uuid::from_u128(1),
    );
    let missing = finance.try_mutate("endSession", "", json!({ "sessionId": missing.to_string() })).await;
    assert_eq!(finance.try_mutate("endSession", "", theirs.clone()).await, missing);
    assert_eq!(app.stranger().refused("endSession", theirs).await, "SIGNED_OUT");
    assert!(is_signed_in(&head).await && is_signed_in(&finance).await);
    assert_eq!(app.stranger().get("/account").await.status, 303);
}

/// A browser that signs in again has a new token, and the old one is worth nothing: a token planted before sign-in is
/// never signed in, and one that was copied does not outlive the next sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn signing_in_ends_the_session_that_the_browser_had() {
    let app = TestApp::new().await;
    let client = app.stranger();
    let before = code(&app, &client, FINANCE).await;
    assert_eq!(try_code(&client, &before).await, 303);
    let old = app.text("select encode(token_hash, 'hex') from sessions").await;
    let after = code(&app, &client, FINANCE).await;
    assert_eq!(try_code(&client, &after).await, 303);
    assert_eq!(app.count("select count(*) from sessions").await, 1);
    assert_ne!(app.text("select encode(token_hash, 'hex') from sessions").await, old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_want_of_use_and_by_age() {
    let app = TestApp::new().await;
    let idle = app.sign_in(FINANCE).await;
    let start = app.app.clock.now();
    app.set_time(start + TimeDelta::days(15));
    assert!(!is_signed_in(&idle).await, "a session lasted two weeks without use");
    let used = app.sign_in(FINANCE).await;
    for week in 1..13 {
        app.set_time(start + TimeDelta::days(15) + TimeDelta::weeks(week));
        assert!(is_signed_in(&used).await, "week {week}");
    }
    app.set_time(start + TimeDelta::days(15 + 91));
    assert!(!is_signed_in(&used).await, "a session lasted for more than 90 days");
}
