//! API tokens: what a program may do in a person's name, and when it may no longer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::TimeDelta;
use gateway::{
    limits::{Allowance, Allowances},
    schema::ids::{Kind, decode, encode},
};
use reqwest::{Method, header::WWW_AUTHENTICATE};
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    app::plenty,
    client::Answer,
    fixture::{self, FENLAND, HARBOUR},
    page::Page,
};

use crate::{
    operations::{OPERATIONS, Things},
    walls,
};

const FINANCE: &str = "finance@fenland.example";
const TOKENS: &str = "{ viewer { tokens { id name alliance { slug } permissions lastUsedAt } } }";

fn input(name: &str, permissions: &[&str]) -> Value {
    json!({ "alliance": FENLAND, "name": name, "permissions": permissions, "days": 30 })
}

/// Makes a token. Returns its id and what it looks like.
async fn token(person: &Client, name: &str, permissions: &[&str]) -> (String, String) {
    let made = person.done("createToken", "created { secret token { id } }", input(name, permissions)).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["created"]["token"]["id"]), text(&made["created"]["secret"]))
}

async fn alliance(program: &Client, slug: &str) -> Value {
    let query = "query($slug: String!) { alliance(slug: $slug) { me { permissions } } }";
    program.graphql(query, json!({ "slug": slug })).await["alliance"].clone()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_what_was_chosen_and_its_person_may() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    let things = Things::of(FENLAND, &director).await;
    let (_, secret) = token(&finance, "Ledger", &["SEE_MONEY"]).await;
    let program = app.program(&secret);

    let list =
        "query($slug: String!) { alliance(slug: $slug) { invoices { totalCount } people { nodes { id } } } }";
    let money = "query($slug: String!) { alliance(slug: $slug) { invoices { totalCount } } }";
    let seen = program.graphql(money, json!({ "slug": FENLAND })).await;
    assert_eq!(seen, finance.graphql(money, json!({ "slug": FENLAND })).await);
    assert_eq!(alliance(&program, FENLAND).await["me"]["permissions"], json!(["SEE_ALLIANCE", "SEE_MONEY"]));
    let people = program.execute(list, json!({ "slug": FENLAND })).await.json();
    assert_eq!(code(&people), "FORBIDDEN", "{people:#}");

    // Its person may; the token may not, and nothing happens.
    let before = app.contents().await;
    let payment = json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": 25_500, "reference": "BIRCH",
                          "payerId": things.payer("Birch Infant School"), "method": "BACS", "idempotencyKey": "one" });
    let refused = program.try_mutate("recordPayment", "", payment.clone()).await;
    assert_eq!(code(&refused), "FORBIDDEN");
    // It is no way into the pages, nor into the account.
    for path in ["/fenland", "/account", "/account/tokens"] {
        assert_eq!(program.get(path).await.status, 303, "{path}");
    }
    assert_eq!(code(&program.execute(TOKENS, json!({})).await.json()), "FORBIDDEN");
    let sessions = program.execute("{ viewer { sessions { id } } }", json!({})).await.json();
    assert_eq!(code(&sessions), "FORBIDDEN");
    let own = finance.graphql(TOKENS, json!({})).await["viewer"]["tokens"][0]["id"].clone();
    let session = finance.graphql("{ viewer { sessions { id } } }", json!({})).await;
    let session = &session["viewer"]["sessions"][0]["id"];
    for (name, input) in [
        ("createToken", input("Another", &["SEE_MONEY"])),
        ("revokeToken", json!({ "tokenId": own })),
        ("endSession", json!({ "sessionId": session })),
    ] {
        assert_eq!(code(&program.try_mutate(name, "", input).await), "FORBIDDEN", "{name}");
    }
    let others = program.execute("mutation { endOtherSessions { errors { code } } }", json!({})).await.json();
    assert_eq!(code(&others), "FORBIDDEN");
    assert_eq!(app.contents().await, before);
    assert_eq!(finance.get("/account").await.status, 200);

    // One that may, does; until its person may no longer.
    let (_, secret) = token(&finance, "Bank", &["RECORD_PAYMENTS"]).await;
    let bank = app.program(&secret);
    bank.done("recordPayment", "", payment.clone()).await;
    let grant = things.role_of("The finance lead of Fenland Alliance", "FINANCE_LEAD");
    director
        .done("endRole", "", json!({ "alliance": FENLAND, "grantId": grant, "endsOn": "2026-11-24" }))
        .await;
    app.set_time(fixture::now() + TimeDelta::days(1));
    for program in [&program, &bank] {
        assert_eq!(alliance(program, FENLAND).await, json!(null));
    }
    let before = app.contents().await;
    assert_eq!(bank.refused("recordPayment", payment).await, "UNKNOWN_ALLIANCE");
    assert_eq!(app.contents().await, before);
}

/// Of each thing that can be done, one permission does it, and a token without it does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn each_operation_asks_for_one_permission() {
    let app = TestApp::new().await;
    let things = Things::of(FENLAND, &app.sign_in("director@fenland.example").await).await;
    let mut programs = BTreeMap::new();
    for operation in OPERATIONS {
        let person = app.sign_in(&format!("{}@fenland.example", operation.roles()[0])).await;
        if !programs.contains_key(operation.roles()[0]) {
            let mut of_person = Vec::new();
            for permission in alliance(&person, FENLAND).await["me"]["permissions"].as_array().unwrap() {
                let permission = permission.as_str().unwrap();
                let (_, secret) = token(&person, permission, &[permission]).await;
                let program = app.program(&secret);
                // The first use leaves its trace before anything is compared.
                alliance(&program, FENLAND).await;
                of_person.push((permission.to_owned(), program));
            }
            programs.insert(operation.roles()[0], of_person);
        }
        let mut enough = Vec::new();
        for (permission, program) in &programs[operation.roles()[0]] {
            let before = app.contents().await;
            let answer = program.try_mutate(operation.name, "", (operation.input)(&things)).await;
            if code(&answer) == "FORBIDDEN" {
                assert_eq!(app.contents().await, before, "{} with {permission}", operation.name);
            } else {
                assert!(answer["errors"].is_null(), "{} with {permission}: {answer:#}", operation.name);
                enough.push(permission);
            }
        }
        assert_eq!(enough, [&operation.permission.as_str().to_uppercase()], "{}", operation.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_enters_its_own_alliance_only() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@harbour.example").await;
    let finance = app.sign_in(FINANCE).await;
    let person = json!({ "alliance": HARBOUR, "name": "A finance lead of two", "email": FINANCE });
    let person = director.done("addPerson", "person { id }", person).await["person"]["id"].clone();
    let role =
        json!({ "alliance": HARBOUR, "personId": person, "role": "FINANCE_LEAD", "startsOn": "2026-11-01" });
    director.done("grantRole", "", role).await;
    let finance = {
        // People are joined to their accounts when they sign in.
        drop(finance);
        app.sign_in_anew(FINANCE).await
    };
    assert!(alliance(&finance, HARBOUR).await.is_object());
    let (_, secret) = token(&finance, "Ledger", &["SEE_MONEY", "RECORD_PAYMENTS"]).await;
    let program = app.program(&secret);
    assert!(alliance(&program, FENLAND).await.is_object());
    let mine = program.graphql("{ viewer { alliances { slug } } }", json!({})).await;
    assert_eq!(mine["viewer"]["alliances"], json!([{ "slug": FENLAND }]));

    let before = app.contents().await;
    for slug in [HARBOUR, "nowhere"] {
        assert_eq!(alliance(&program, slug).await, json!(null));
        let late = json!({ "alliance": slug, "levels": [0] });
        assert_eq!(program.refused("setReminderLevels", late).await, "UNKNOWN_ALLIANCE");
    }
    let things = Things::of(HARBOUR, &director).await;
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for id in things.ids() {
        assert_eq!(program.graphql(node, json!({ "id": id })).await, json!({ "node": null }), "{id}");
    }
    assert_eq!(app.contents().await, before);
}

/// Every file that a page links to, and the permission that is enough for it.
fn files(things: &Things) -> Vec<(String, &'static str)> {
    let of = |id: &str| decode(id).unwrap().2;
    let (invoice, note) =
        (of(things.invoice("Birch Infant School")), of(things.credit_note("Fir Special School")));
    let (budget, payer) = (of(things.budget("2026-27")), of(things.payer("Birch Infant School")));
    vec![
        (format!("/invoices/{invoice}/pdf"), "SEE_MONEY"),
        (format!("/credit-notes/{note}/pdf"), "SEE_MONEY"),
        (format!("/payers/{payer}/statement.csv"), "SEE_MONEY"),
        (format!("/budgets/{budget}/shares.csv"), "SEE_MONEY"),
        ("/invoices.csv".into(), "SEE_MONEY"),
        ("/payments.csv".into(), "SEE_MONEY"),
        ("/debt.csv".into(), "SEE_MONEY"),
        ("/members.csv".into(), "SEE_ALLIANCE"),
        ("/people.csv".into(), "SEE_PEOPLE"),
        ("/mail.csv".into(), "SEE_MESSAGES"),
        ("/jobs.csv".into(), "MANAGE_JOBS"),
        ("/changes.csv".into(), "SEE_AUDIT"),
        (format!("/settings/data/{}/zip", of(things.first("exports"))), "MANAGE_DATA"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_downloads_what_its_token_may_see() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    director.done("requestExport", "", json!({ "alliance": FENLAND })).await;
    app.work().await;
    let finance = app.sign_in(FINANCE).await;
    let things = Things::of(FENLAND, &director).await;
    let files = files(&things);
    // None is left out that has a route.
    let routes = walls::pages()
        .into_iter()
        .filter(|page| [".csv", "/pdf", "/zip"].iter().any(|end| page.ends_with(end)));
    let shape = |path: &str| {
        path.split('/').map(|part| if part.len() == 36 { "{id}" } else { part }).collect::<Vec<_>>().join("/")
    };
    let known: BTreeSet<_> = files.iter().map(|(path, _)| shape(path)).collect();
    assert_eq!(routes.collect::<BTreeSet<_>>(), known);

    let foreign = app.sign_in("director@harbour.example").await;
    let input = json!({ "alliance": HARBOUR, "name": "Neighbour", "days": 30,
                        "permissions": ["SEE_MONEY", "SEE_PEOPLE", "SEE_MESSAGES", "MANAGE_JOBS"] });
    let made = foreign.done("createToken", "created { secret }", input).await;
    let foreign = app.program(made["created"]["secret"].as_str().unwrap());
    let (revoked_id, revoked) = token(&finance, "Revoked", &["SEE_MONEY"]).await;
    finance.done("revokeToken", "", json!({ "tokenId": revoked_id })).await;
    let worthless = [
        app.program(&revoked),
        app.program(&format!("ensemble_{}", "0".repeat(64))),
        app.program("not even one"),
    ];
    let mut programs = BTreeMap::new();
    let mut expired = None;
    for permission in
        ["SEE_ALLIANCE", "SEE_PEOPLE", "SEE_MONEY", "SEE_MESSAGES", "MANAGE_JOBS", "SEE_AUDIT", "MANAGE_DATA"]
    {
        let program = app.program(&token(&director, permission, &[permission]).await.1);
        programs.insert(permission, program.clone());
        expired = Some(program);
    }
    for (path, enough) in &files {
        let address = format!("/fenland{path}");
        let person = director.get(&address).await;
        let got = programs[enough].get(&address).await;
        assert_eq!((got.status, person.status), (200, 200), "{path} with {enough}: {}", got.body);
        assert_eq!(got.headers["content-type"], person.headers["content-type"], "{path}");
        // Without sight of the money, the list of members does not say who pays; and the record of changes says of the
        // first download.
        let is_whole = !["SEE_ALLIANCE", "SEE_AUDIT"].contains(enough);
        assert_eq!(got.body == person.body, is_whole, "{path}");
        for (permission, program) in programs.iter().filter(|(permission, _)| *permission != enough) {
            let status = program.get(&address).await.status;
            // Whoever sees who changed what sees people.
            let is_enough =
                *enough == "SEE_ALLIANCE" || (*permission, *enough) == ("SEE_AUDIT", "SEE_PEOPLE");
            let is_right = if is_enough { status == 200 } else { matches!(status, 403 | 404) };
            assert!(is_right, "{path} with {permission}: {status}");
        }
        // Another alliance's token gets what a missing thing gets, one that is worth nothing is told so, and whoever
        // sends none is sent to sign in.
        let (theirs, nowhere) =
            (foreign.get(&address).await, foreign.get(&address.replace("fenland", "nowhere")).await);
        assert_eq!((theirs.status, &theirs.body), (404, &nowhere.body), "{path}");
        for program in &worthless {
            let refused = program.get(&address).await;
            assert_eq!(refused.status, 401, "{path}");
            assert_eq!(refused.headers[WWW_AUTHENTICATE], "Bearer", "{path}");
        }
        assert_eq!(app.stranger().get(&address).await.status, 303, "{path}");
    }
    let missing = format!("/fenland/invoices/{}/pdf", uuid::Uuid::nil());
    assert_eq!(programs["SEE_MONEY"].get(&missing).await.status, 404);

    // GraphQL says where PDFs are.
    let query = "{ alliance(slug: \"fenland\") { invoices(first: 100) { nodes { isPrinted pdf creditNotes { pdf } } } } }";
    let found = programs["SEE_MONEY"].graphql(query, json!({})).await;
    let mut seen = 0;
    for invoice in found["alliance"]["invoices"]["nodes"].as_array().unwrap() {
        assert_eq!(invoice["pdf"].is_string(), invoice["isPrinted"] == true, "{invoice}");
        let notes = invoice["creditNotes"].as_array().unwrap().iter().map(|note| &note["pdf"]);
        for pdf in std::iter::once(&invoice["pdf"]).chain(notes).filter_map(Value::as_str) {
            let path = pdf.split_once("/fenland").unwrap().1;
            let file = programs["SEE_MONEY"].get(&format!("/fenland{path}")).await;
            assert_eq!(
                (file.status, file.headers["content-type"].as_bytes()),
                (200, &b"application/pdf"[..])
            );
            seen += 1;
        }
    }
    assert!(seen > 2, "{seen}");
    app.set_time(fixture::now() + TimeDelta::days(30));
    assert_eq!(expired.unwrap().get("/fenland/jobs.csv").await.status, 401);
}

/// What is answered to a token, and that it is told how to prove itself.
async fn unauthenticated(program: &Client) -> Answer {
    let answer = program.execute("{ viewer { email } }", json!({})).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer");
    assert_eq!(code(&answer.json()), "UNAUTHENTICATED");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_over_is_like_one_that_never_was() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let head = app.sign_in("head@fenland.example").await;
    let (id, secret) = token(&finance, "Ledger", &["SEE_MONEY"]).await;
    let (_, other) = token(&finance, "Bank", &["SEE_MONEY"]).await;
    let (revoked, expired) = (app.program(&secret), app.program(&other));
    for program in [&revoked, &expired] {
        let seen = program.graphql("{ viewer { email } }", json!({})).await;
        assert_eq!(seen["viewer"]["email"], FINANCE);
    }
    // Somebody else's is one that nobody has.
    let missing = encode(Kind::ApiToken, domain::jobs::DEPLOYMENT, uuid::Uuid::from_u128(1)).to_string();
    let missing = head.try_mutate("revokeToken", "", json!({ "tokenId": missing })).await;
    let before = app.contents().await;
    assert_eq!(head.try_mutate("revokeToken", "", json!({ "tokenId": id })).await, missing);
    assert_eq!(app.stranger().refused("revokeToken", json!({ "tokenId": id })).await, "SIGNED_OUT");
    assert_eq!(app.stranger().refused("createToken", input("Mine", &["SEE_MONEY"])).await, "SIGNED_OUT");
    assert_eq!(app.contents().await, before);

    let never = unauthenticated(&app.program(&format!("ensemble_{}", "0".repeat(64)))).await.body;
    finance.done("revokeToken", "viewer { email }", json!({ "tokenId": id })).await;
    assert_eq!(unauthenticated(&revoked).await.body, never);
    assert_eq!(finance.refused("revokeToken", json!({ "tokenId": id })).await, "UNKNOWN_TOKEN");
    app.set_time(fixture::now() + TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(expired.execute("{ viewer { email } }", json!({})).await.status, 200);
    app.set_time(fixture::now() + TimeDelta::days(30));
    assert_eq!(unauthenticated(&expired).await.body, never);
    // A browser's cookie does not stand in for it, and is no token itself.
    let finance = app.sign_in_anew(FINANCE).await;
    let request = finance.request(Method::POST, "/graphql").header("x-requested-by", "tests");
    let request = request.json(&json!({ "query": "{ viewer { email } }" }));
    for authorization in
        [format!("Bearer {other}"), "Bearer".to_owned(), "Basic YTpi".to_owned(), String::new()]
    {
        let request = request.try_clone().unwrap().header("authorization", authorization);
        assert_eq!(finance.send(request).await.status, 401);
    }
    let cookie = finance.cookies().unwrap();
    let session = cookie.to_str().unwrap().split_once("session=").unwrap().1.to_owned();
    unauthenticated(&app.program(&session)).await;
    let request = app.stranger().request(Method::POST, "/graphql").header("x-requested-by", "tests");
    let request = request.header("cookie", format!("session={other}"));
    let answer = app.stranger().send(request.json(&json!({ "query": "{ viewer { email } }" }))).await;
    assert_eq!(answer.json()["data"], json!({ "viewer": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_no_more_than_its_person() {
    let app = TestApp::new().await;
    let staff = app.sign_in("staff@fenland.example").await;
    let head = app.sign_in("head@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    token(&finance, "Ledger", &["SEE_MONEY"]).await;
    let before = app.contents().await;
    let with = |key: &str, value: Value| {
        let mut input = input("Another", &["SEE_ALLIANCE"]);
        input[key] = value;
        input
    };
    assert_eq!(staff.refused("createToken", input("Mine", &["SEE_MONEY"])).await, "BEYOND_YOURS");
    assert_eq!(
        finance.refused("createToken", input("Mine", &["SEE_MONEY", "MANAGE_ALLIANCE"])).await,
        "BEYOND_YOURS"
    );
    assert_eq!(finance.refused("createToken", with("permissions", json!([]))).await, "NO_PERMISSION");
    for days in [0, 366, -1, 70_000] {
        assert_eq!(finance.refused("createToken", with("days", days.into())).await, "INVALID_DAYS", "{days}");
    }
    for name in ["", "  ", &"x".repeat(61)] {
        assert_eq!(finance.refused("createToken", with("name", name.into())).await, "INVALID_NAME", "{name}");
    }
    assert_eq!(finance.refused("createToken", with("name", "Ledger".into())).await, "NAME_TAKEN");
    for slug in [HARBOUR, "nowhere"] {
        assert_eq!(finance.refused("createToken", with("alliance", slug.into())).await, "UNKNOWN_ALLIANCE");
    }
    assert_eq!(app.contents().await, before);

    // A head's token sees the head's school, as the head does.
    let (_, secret) = token(&head, "Ledger", &["SEE_MONEY"]).await;
    let invoices = "query($slug: String!) { alliance(slug: $slug) { invoices { nodes { memberName } } } }";
    let seen = app.program(&secret).graphql(invoices, json!({ "slug": FENLAND })).await;
    assert_eq!(seen, head.graphql(invoices, json!({ "slug": FENLAND })).await);
    assert!(!seen["alliance"]["invoices"]["nodes"].as_array().unwrap().is_empty());

    for n in 0..19 {
        token(&finance, &format!("Token {n}"), &["SEE_ALLIANCE"]).await;
    }
    let before = app.contents().await;
    assert_eq!(finance.refused("createToken", input("One more", &["SEE_MONEY"])).await, "TOO_MANY");
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_a_token_once_and_when_it_was_used() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let page = finance.page(&finance.page("/account").await.link("API tokens")).await;
    assert!(page.text().contains("No program asks in your name."), "{}", page.text());
    // Only what one may do oneself can be chosen.
    assert_eq!(page.count("#permissions-record_payments"), 1);
    assert_eq!(page.count("#permissions-manage_alliance"), 0);

    let form = page.form("/account/tokens").with(&[("days", "14")]).ticked("permissions", "see_money");
    let refused = finance.send_form(&form).await;
    assert_eq!(refused.status, 422);
    let shown = Page::new("/account/tokens", &refused.body);
    assert_eq!(shown.count("#permissions-see_money[checked]"), 1);
    assert_eq!(shown.count("#permissions-record_payments[checked]"), 0);
    assert_eq!(shown.count("#name[aria-invalid=true]"), 1);
    assert_eq!(shown.count("#days[value='14']"), 1);
    assert_eq!(app.count("select count(*) from api_tokens").await, 0);

    let made = finance.send_form(&shown.form("/account/tokens").with(&[("name", "Ledger")])).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let at = made.body.find("ensemble_").unwrap();
    let secret = made.body[at..at + "ensemble_".len() + 64].to_owned();
    assert_eq!(Page::new("", &made.body).count(&format!("#secret[readonly][value='{secret}']")), 1);
    let rows = app.text("select string_agg(t::text, '') from api_tokens t").await;
    assert!(!rows.contains(&secret) && !rows.contains(&secret["ensemble_".len()..]), "it is kept");
    let after = finance.page("/account/tokens").await;
    assert!(!after.text().contains(&secret) && after.text().contains("never used"), "{}", after.text());
    let program = app.program(&secret);
    program.graphql("{ viewer { email } }", json!({})).await;
    let used = finance.page("/account/tokens").await;
    assert!(used.text().contains("last used 24 Nov 2026"), "{}", used.text());
    assert!(used.text().contains("until 8 Dec 2026"), "{}", used.text());

    let id = finance.graphql(TOKENS, json!({})).await["viewer"]["tokens"][0]["id"].clone();
    let uuid = decode(id.as_str().unwrap()).unwrap().2;
    let action = format!("/account/tokens/{uuid}/revoke");
    let form = used.form(&action);
    let revoked = finance.send_form(&form).await;
    assert_eq!((revoked.status, revoked.location()), (303, "/account/tokens"));
    assert_eq!(finance.page("/account/tokens").await.count("main .flash[role=status]"), 1);
    unauthenticated(&program).await;
    let again = finance.send_form(&form).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("This token is revoked already."), "{}", again.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_asks_too_much_leaves_its_person_alone() {
    let hour = Allowance { points: 100, within: Duration::from_secs(3600) };
    let app = TestApp::allowing(Allowances { caller: hour, ..plenty() }).await;
    let finance = app.sign_in(FINANCE).await;
    let (_, secret) = token(&finance, "Ledger", &["SEE_MONEY"]).await;
    let (_, other) = token(&finance, "Bank", &["SEE_MONEY"]).await;
    let program = app.program(&secret);
    let list = "query($slug: String!) { alliance(slug: $slug) { members(first: 60) { nodes { id } } } }";
    assert_eq!(program.execute(list, json!({ "slug": FENLAND })).await.status, 200);
    assert_eq!(program.execute(list, json!({ "slug": FENLAND })).await.status, 429);
    for somebody in [&finance, &app.program(&other)] {
        assert_eq!(somebody.execute("{ viewer { email } }", json!({})).await.status, 200);
    }
}
