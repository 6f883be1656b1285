//! What goes wrong outside: each gets a clear error, and nothing is lost or half done.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{TestApp, fixture::FENLAND};

use crate::{
    bank_statements::{take, upload},
    operations::Things,
    walls,
};

#[tokio::test(flavor = "multi_thread")]
async fn hostile_documents_are_refused_before_they_cost_anything() {
    let app = TestApp::new().await;
    let client = app.sign_in("director@fenland.example").await;
    let before = app.contents().await;
    let deep = format!("query {{ {} x {} }}", "a {".repeat(50), "}".repeat(50));
    let aliases = (0..10_000).map(|n| format!("a{n}: __typename")).collect::<Vec<_>>().join(" ");
    for (what, body, status) in [
        ("depth 50", json!({ "query": deep }).to_string(), 400),
        ("10,000 aliases", json!({ "query": format!("query {{ {aliases} }}") }).to_string(), 400),
        ("a batch", Value::Array(vec![json!({ "query": "{ __typename }" }); 500]).to_string(), 400),
        ("no JSON", "query { __typename }".to_owned(), 400),
        ("20 MB", json!({ "query": "x".repeat(20_000_000) }).to_string(), 413),
    ] {
        let request = client.request(Method::POST, "/graphql").header("x-requested-by", "tests");
        let answer = client.send(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert!(answer.body.len() < 1_000, "{what}: {}", answer.body);
    }
    let unasked = client
        .send(client.request(Method::POST, "/graphql").json(&json!({ "query": "{ __typename }" })))
        .await;
    assert_eq!(unasked.status, 403, "a cookie without our header is somebody else's form");
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn impossible_values_are_named_by_their_field() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let before = app.contents().await;
    let payment = |date: &str, amount: i64| {
        json!({ "alliance": FENLAND, "receivedOn": date, "amount": amount, "payerText": "A school", "method": "BACS",
                "idempotencyKey": "k" })
    };
    let budget = |change: Value| {
        let mut budget = json!({ "label": "2029-30", "startsOn": "2029-09-01", "endsOn": "2030-08-31",
                                 "formula": serde_json::to_value(tests::fixture::formula()).unwrap(),
                                 "lines": [{ "description": "All", "pence": 100 }] });
        change.as_object().unwrap().iter().for_each(|(key, value)| budget[key] = value.clone());
        json!({ "alliance": FENLAND, "budget": budget })
    };
    let person = |name: &str, email: &str| json!({ "alliance": FENLAND, "name": name, "email": email });
    let roll = |pupils: i64, date: &str| {
        json!({ "alliance": FENLAND, "memberId": things.member("Elm Academy"), "pupils": pupils, "censusDate": date,
                "source": "census" })
    };
    for (client, name, input, field) in [
        (&finance, "recordPayment", payment("2027-11-24", 100), "receivedOn"),
        (&finance, "recordPayment", payment("2026-11-24", 0), "amount"),
        (&finance, "recordPayment", payment("2026-11-24", -5), "amount"),
        (&finance, "draftBudget", budget(json!({ "endsOn": "2029-08-31" })), "endsOn"),
        (&finance, "draftBudget", budget(json!({ "endsOn": "2031-09-01" })), "endsOn"),
        (&finance, "draftBudget", budget(json!({ "label": "" })), "label"),
        (
            &finance,
            "draftBudget",
            budget(json!({ "lines": [{ "description": "One", "pence": LARGEST },
                                                           { "description": "Two", "pence": 1 }] })),
            "lines",
        ),
        (&director, "addPerson", person(" \r\n", "two@x.example"), "name"),
        (&director, "addPerson", person(&"x".repeat(201), "two@x.example"), "name"),
        (&director, "addPerson", person("Fine", "not an address"), "email"),
        (&director, "recordRoll", roll(20_001, "2026-10-01"), "pupils"),
        (&director, "recordRoll", roll(100, "2027-10-01"), "censusDate"),
        (
            &director,
            "endMembership",
            json!({ "alliance": FENLAND, "memberId": things.member("Elm Academy"), "leftOn": "2020-01-01" }),
            "leftOn",
        ),
    ] {
        let answer = client.try_mutate(name, "", input.clone()).await;
        let error = &answer["data"][name]["errors"][0];
        assert_eq!(error["field"], field, "{name} {input}: {answer:#}");
        let message = error["message"].as_str().unwrap();
        assert!(message.len() > 15 && message.ends_with(['.', '?']), "{message}");
    }
    assert_eq!(app.contents().await, before);
    // A line break and what a database cannot keep are put right rather than complained about.
    let pasted = person("Two\r\nBcc: lines@x.example\u{0}", "two@x.example");
    let added = director.done("addPerson", "person { name }", pasted).await;
    assert_eq!(added["person"]["name"], "Two Bcc: lines@x.example");
}

/// What pages read from their addresses, by the names of forms and filters.
const PARAMETERS: &[&str] = &[
    "after", "alliance", "budget", "cursor", "edit", "first", "flash", "from", "la", "level", "member",
    "name", "on", "page", "payer", "phase", "rule", "q", "role", "search", "state", "text", "to", "urn",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_anything_in_it_is_answered() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let before = app.contents_but_downloads().await;
    let odd = ["%FF", "%00", "-1", "99999999999999999999", "%27%22%3C", "NULL", &"x".repeat(300)];
    let mut asked = 0;
    for page in walls::pages().into_iter().filter(|page| !page.contains("{id}")) {
        let together = odd.map(|value| {
            PARAMETERS.iter().map(|name| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        });
        let alone = PARAMETERS.iter().map(|name| format!("{name}=%FF%3D"));
        for query in together.into_iter().chain(alone) {
            let address = format!("/fenland{page}?{query}");
            let answer = director.get(&address).await;
            if answer.status == 405 {
                break;
            }
            assert!(matches!(answer.status, 200 | 303 | 404), "{address}: {} {}", answer.status, answer.body);
            asked += 1;
        }
    }
    assert!(asked > 400, "{asked}");
    assert_eq!(app.contents_but_downloads().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_database_cannot_keep_is_no_fault() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let members = "query($slug: String!, $name: String) {
        alliance(slug: $slug) { members(name: $name) { totalCount } } }";
    let found = director.graphql(members, json!({ "slug": FENLAND, "name": "Al\u{0}der" })).await;
    assert_eq!(found["alliance"]["members"]["totalCount"], 1);
    let found = director.graphql(members, json!({ "slug": "fen\u{0}land" })).await;
    assert_eq!(found["alliance"]["members"]["totalCount"], json!(7));
    let inline = r#"{ alliance(slug: "fen\u0000land") { name } }"#;
    let answer = director.execute(inline, json!({})).await;
    assert!(answer.body.contains("no text holds the character U+0000"), "{}", answer.body);
    assert_eq!(director.get("/fen%00land").await.status, 404);
    let stranger = app.stranger();
    for (path, fields) in [
        ("/sign-in", [("email", "a\u{0}@b.example"), ("to", "\u{0}")]),
        ("/sign-in/code", [("email", "a\u{0}@b.example"), ("code", "\u{0}1")]),
        ("/sign-up", [("email", "a\u{0}@b.example"), ("to", "\u{0}")]),
    ] {
        assert!(stranger.post(path, &fields).await.status < 500, "{path}");
    }
}

/// Pence of £100,000,000.
const LARGEST: i64 = 10_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn no_amount_is_so_large_that_sums_fail() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let before = app.contents().await;
    let payment = |amount: i64, key: &str| {
        json!({ "alliance": FENLAND, "receivedOn": "2026-11-24", "amount": amount, "payerText": "A school",
                "method": "BACS", "idempotencyKey": key })
    };
    for amount in [LARGEST + 1, i64::MAX, i64::MIN] {
        let answer = finance.try_mutate("recordPayment", "", payment(amount, "k")).await;
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("an amount is at most £100,000,000.00, either way"), "{message}");
    }
    let fields = [("amount", "90,000,000,000,000,000.00"), ("receivedOn", "2026-11-24"), ("method", "bacs")];
    let typed = finance.submit("/fenland/payments", "/fenland/payments", &fields).await;
    assert_eq!(typed.status, 422);
    assert!(typed.body.contains("this number is too large"), "{}", typed.body);
    let csv = "Date,Description,Amount\n20/11/2026,A SCHOOL,92233720368547758.07\n";
    let file = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv, "idempotencyKey": "file" });
    let import = finance.done("importBankStatement", "import { taken rejected { reason } }", file).await;
    assert_eq!(import["import"]["taken"], 0, "{import:#}");
    assert_eq!(import["import"]["rejected"].as_array().unwrap().len(), 1, "{import:#}");
    let dear =
        json!({ "base": { "kind": "flat", "amount": i64::MAX }, "adjustments": [], "rounding": "penny" });
    let simulate = "query($slug: String!, $id: ID!, $formula: Formula) {
        alliance(slug: $slug) { simulate(budgetId: $id, formula: $formula) { errors { message } } } }";
    let budgets =
        finance.graphql("{ alliance(slug: \"fenland\") { budgets { nodes { id } } } }", json!({})).await;
    let id = &budgets["alliance"]["budgets"]["nodes"][0]["id"];
    let answer =
        finance.execute(simulate, json!({ "slug": FENLAND, "id": id, "formula": dear })).await.json();
    assert!(answer.to_string().contains("too large to work with"), "{answer:#}");
    let after = app.contents().await;
    let changed: Vec<_> = before.iter().filter(|(table, rows)| after[*table] != **rows).collect();
    assert!(
        changed.iter().all(|(table, _)| {
            ["audit_changes", "audit_records", "bank_imports", "idempotency_keys"].contains(&table.as_str())
        }),
        "{changed:?}"
    );

    // As many of the largest as anybody will ever have: every page still adds them up.
    for n in 0..30 {
        finance.done("recordPayment", "", payment(LARGEST, &format!("largest {n}"))).await;
    }
    for page in ["/fenland", "/fenland/payments", "/fenland/debt", "/fenland/payments.csv"] {
        assert_eq!(finance.get(page).await.status, 200, "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_a_spreadsheet_would_run_is_disarmed() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let name = "=HYPERLINK(\"http://x.example\")";
    let member = json!({ "alliance": FENLAND, "name": name, "phase": "PRIMARY", "joinedOn": "2026-11-01",
                         "newPayer": { "kind": "SCHOOL", "legalName": name, "address": "1 Lane", "purchaseOrder": "NONE" } });
    director.done("addMember", "", member).await;
    let list = director.get("/fenland/members.csv").await;
    assert!(list.body.contains("\"'=HYPERLINK("), "{}", list.body);
    // And on a page it is text.
    assert!(!director.get("/fenland/members").await.body.contains("=HYPERLINK(\"http"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_wrong_kind_loses_nothing() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let before = app.contents().await;
    for (what, bytes) in [
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0".to_vec()),
        ("nothing", Vec::new()),
        ("another list", b"Name,Colour\nA,red\n".to_vec()),
    ] {
        let answer = upload(&finance, bytes).await;
        assert_eq!(answer.status, 422, "{what}: {}", answer.body);
        assert!(answer.body.contains("role=\"alert\""), "{what} is not explained: {}", answer.body);
    }
    assert_eq!(app.contents().await, before);
    // A line that cannot be read is named, and the others are taken.
    let mixed = b"Date,Description,Amount\n20/11/2026,CEDAR,..\n20/11/2026,CEDAR,1.00\n".to_vec();
    let mixed = upload(&finance, mixed).await;
    assert!(mixed.status == 200 && mixed.body.contains("Line 2"), "{}", mixed.body);
    assert_eq!(take(&finance, &mixed).await.status, 303);
    assert_eq!(app.count("select count(*) from payments where pence = 100").await, 1);
    // Windows-1252, as many banks send it.
    let windows = b"Date,Description,Amount\n20/11/2026,ST B\xd6TOLPH,\xa31.50\n".to_vec();
    let taken = take(&finance, &upload(&finance, windows).await).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    assert!(
        app.text("select payer_text || reference from payments where pence = 150").await.contains("BÖTOLPH")
    );
}
