//! GraphQL over HTTP as a program meets it: what it costs, what is refused, and what it can rely on.

use std::{fmt::Write, time::Duration};

use gateway::limits::{Allowance, Allowances};
use reqwest::{Method, header::RETRY_AFTER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::Executor;
use tests::{
    Client, TestApp,
    app::plenty,
    client::Answer,
    fixture::{FENLAND, HARBOUR},
};

use crate::{
    operations::Things,
    statements::{count_from_here, counted},
};

/// The document of a page: a trusted one.
const MEMBERS: &str = include_str!("../../crates/web/src/pages/members/query.graphql");

/// What a program asks for when it shows every member with the latest of what it gave and gained.
const NESTED: &str = "query($slug: String!) { alliance(slug: $slug) { members(first: 20) {
    nodes { name ledger { totalCount latest { occurredOn direction unit quantity note } } } } } }";

const NAME: &str = "query($slug: String!) { alliance(slug: $slug) { name } }";

async fn name(client: &Client, slug: &str) -> Answer {
    client.execute(NAME, json!({ "slug": slug })).await
}

fn code(answer: &Answer) -> String {
    answer.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

fn an_hour(points: u32) -> Allowance {
    Allowance { points, within: Duration::from_secs(3600) }
}

fn id_of(document: &str) -> String {
    Sha256::digest(document.as_bytes()).iter().fold("sha256:".to_owned(), |mut id, byte| {
        write!(id, "{byte:02x}").unwrap();
        id
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_what_it_cost_and_what_is_left() {
    let app = TestApp::allowing(Allowances { caller: an_hour(100), ..plenty() }).await;
    let director = app.sign_in("director@fenland.example").await;
    let cost = |answer: Answer| answer.json()["extensions"]["cost"].clone();
    let first = cost(name(&director, FENLAND).await);
    assert_eq!(
        (&first["requested"], &first["remaining"], &first["limit"]),
        (&json!(1), &json!(99), &json!(100))
    );
    assert!((3_590..=3_600).contains(&first["resetSeconds"].as_u64().unwrap()), "{first}");
    let list = "query($slug: String!) { alliance(slug: $slug) { members(first: 40) { nodes { id } } } }";
    let second = cost(director.execute(list, json!({ "slug": FENLAND })).await);
    assert_eq!((&second["requested"], &second["remaining"]), (&json!(42), &json!(57)));
    // What pages show is nobody's account.
    director.page("/fenland/members").await;
    assert_eq!(cost(name(&director, FENLAND).await)["remaining"], 56);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_too_much_waits_and_nobody_else_does() {
    let app = TestApp::allowing(Allowances { caller: an_hour(60), ..plenty() }).await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let list = "query($slug: String!) { alliance(slug: $slug) { members(first: 50) { nodes { id } } } }";
    assert_eq!(director.execute(list, json!({ "slug": FENLAND })).await.status, 200);
    let refused = director.execute(list, json!({ "slug": FENLAND })).await;
    assert_eq!((refused.status, code(&refused).as_str()), (429, "THROTTLED"));
    let seconds: u64 = refused.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((3_590..=3_600).contains(&seconds), "{seconds}");
    // What is left is still there for less, and others have their own.
    assert_eq!(name(&director, FENLAND).await.status, 200);
    assert_eq!(finance.execute(list, json!({ "slug": FENLAND })).await.status, 200);
    // A document that no allowance would cover says so, and is not counted.
    let much = "query($slug: String!) { alliance(slug: $slug) { members(first: 100) { nodes { invoices(first: 100) { nodes { id } } } } } }";
    let refused = finance.execute(much, json!({ "slug": FENLAND })).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "COST_TOO_HIGH"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_alliance_does_not_slow_its_neighbour() {
    let app = TestApp::allowing(Allowances { alliance: an_hour(3), ..plenty() }).await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let neighbour = app.sign_in("director@harbour.example").await;
    for _ in 0..3 {
        assert_eq!(name(&director, FENLAND).await.status, 200);
    }
    for person in [&director, &finance] {
        let refused = name(person, FENLAND).await;
        assert_eq!((refused.status, code(&refused).as_str()), (429, "THROTTLED"));
        assert!(refused.headers.contains_key(RETRY_AFTER) && refused.json()["data"]["alliance"].is_null());
    }
    let before = app.contents().await;
    let late = json!({ "alliance": FENLAND, "levels": [0] });
    let refused = finance.try_mutate("setReminderLevels", "", late).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "THROTTLED");
    assert_eq!(app.contents().await, before);
    // Who may not enter spends nothing of it.
    for _ in 0..5 {
        assert_eq!(name(&director, HARBOUR).await.json()["data"], json!({ "alliance": null }));
    }
    assert_eq!(name(&neighbour, HARBOUR).await.json()["data"]["alliance"]["name"], "Harbour Partnership");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_to_sign_in_are_counted_by_where_they_come_from() {
    let app = TestApp::allowing(Allowances { sign_in: an_hour(3), ..plenty() }).await;
    for n in 0..3 {
        let asked = app.stranger().post("/sign-in", &[("email", &format!("nobody{n}@x.example"))]).await;
        assert_eq!(asked.status, 200);
    }
    let refused = app.stranger().post("/sign-in", &[("email", "director@fenland.example")]).await;
    assert_eq!(refused.status, 429);
    assert!(
        refused.headers.contains_key(RETRY_AFTER) && refused.body.contains("Please try again in 60 minutes.")
    );
    assert_eq!(app.count("select count(*) from sign_in_codes where email like 'director@%'").await, 0);
}

/// Asks for `fields` in the address.
async fn over_get(client: &Client, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::GET, "/graphql").header("x-requested-by", "tests").query(fields)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_we_know_is_answered_over_get_and_nothing_is_changed() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let before = app.contents().await;
    let variables = json!({ "slug": FENLAND, "first": 2 }).to_string();
    let known = over_get(&finance, &[("query", MEMBERS), ("variables", &variables)]).await;
    assert_eq!(known.json()["data"]["alliance"]["members"]["totalCount"], 7, "{}", known.body);
    assert_eq!(known.headers["cache-control"], "private, no-store");
    let by_id = over_get(&finance, &[("documentId", &id_of(MEMBERS)), ("variables", &variables)]).await;
    assert_eq!(by_id.json()["data"], known.json()["data"]);
    let change =
        "mutation { setReminderLevels(input: { alliance: \"fenland\", levels: [3] }) { errors { code } } }";
    for document in [NAME, change, "subscription { changes(alliance: \"fenland\") { id } }"] {
        let refused = over_get(&finance, &[("query", document)]).await;
        assert_eq!((refused.status, code(&refused).as_str()), (405, "METHOD_NOT_ALLOWED"), "{document}");
        assert_eq!(refused.headers["allow"], "POST");
    }
    let unknown = over_get(&finance, &[("documentId", &id_of(NAME))]).await;
    assert_eq!((unknown.status, code(&unknown).as_str()), (400, "DOCUMENT_NOT_FOUND"));
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_document_is_named_by_its_hash() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let ask = async |body: Value| {
        let request = director.request(Method::POST, "/graphql").header("x-requested-by", "tests");
        director.send(request.json(&body)).await
    };
    let variables = json!({ "slug": FENLAND, "first": 2 });
    let answer = ask(json!({ "documentId": id_of(MEMBERS), "variables": variables })).await;
    assert_eq!(answer.json()["data"], director.graphql(MEMBERS, variables.clone()).await);
    let unknown = ask(json!({ "documentId": id_of(NAME), "variables": variables })).await;
    assert_eq!((unknown.status, code(&unknown).as_str()), (400, "DOCUMENT_NOT_FOUND"));
    let both = ask(json!({ "documentId": id_of(MEMBERS), "query": MEMBERS, "variables": variables })).await;
    assert_eq!((both.status, code(&both).as_str()), (400, "BAD_REQUEST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_does_not_learn_the_schema() {
    let app = TestApp::new().await;
    let (stranger, director) = (app.stranger(), app.sign_in("director@fenland.example").await);
    for (look, word) in [
        ("{ __schema { types { name } } }", "Invoice"),
        ("{ __type(name: \"Invoice\") { fields { name } } }", "outstanding"),
    ] {
        let refused = stranger.execute(look, json!({})).await;
        assert!(!refused.body.contains(word), "{}", refused.body);
        assert!(director.execute(look, json!({})).await.body.contains(word), "{look}");
    }
    for slip in ["{ viewr { email } }", "{ viewer { emial } }", "{ aliance(slug: \"x\") { name } }"] {
        let answer = stranger.execute(slip, json!({})).await;
        assert_eq!(code(&answer), "GRAPHQL_VALIDATION_FAILED", "{}", answer.body);
        for hint in ["Did you mean", "\"viewer\"", "\"email\"", "\"alliance\""] {
            assert!(!answer.body.replace('\\', "").contains(hint), "{slip}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn directives_fragments_and_root_fields_are_counted() {
    let app = TestApp::new().await;
    let stranger = app.stranger();
    let many =
        |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<Vec<_>>().join(" ");
    let directives = |count| format!("{{ __typename {} }}", many(count, &|_| "@include(if: true)".into()));
    let fragments = |count| {
        let spreads = many(count, &|n| format!("...F{n}"));
        format!("{{ {spreads} }} {}", many(count, &|n| format!("fragment F{n} on Query {{ __typename }}")))
    };
    let fields = |count| format!("{{ {} }}", many(count, &|n| format!("f{n}: __typename")));
    for (what, fits, document, word) in [
        ("directives", false, directives(21), "20 directives"),
        ("fragments", false, fragments(51), "fragments"),
        ("root fields", false, fields(21), "20 root fields"),
        ("few root fields", true, fields(20), ""),
        ("few fragments", true, fragments(20), ""),
    ] {
        let answer = stranger.execute(&document, json!({})).await;
        if fits {
            assert_eq!(answer.json()["errors"], Value::Null, "{what}: {}", answer.body);
        } else {
            assert_eq!((answer.status, code(&answer).as_str()), (400, "DOCUMENT_TOO_LARGE"), "{what}");
            assert!(answer.body.contains(word), "{what}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sees_one_state_of_an_alliance() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let both = "query($slug: String!) { alliance(slug: $slug) {
        payments(first: 1) { nodes { id } } members(first: 1) { totalCount } } }";
    // Payments cannot be read for now: the request has begun, and waits.
    let mut lock = app.owner.begin_with("begin").await.unwrap();
    lock.execute("lock table payments in access exclusive mode").await.unwrap();
    let reading = tokio::spawn({
        let director = director.clone();
        async move { director.graphql(both, json!({ "slug": FENLAND })).await }
    });
    let waiting = "select count(*) from pg_locks where not granted
                   and database = (select oid from pg_database where datname = current_database())";
    while app.count(waiting).await == 0 {
        tokio::task::yield_now().await;
    }
    let member = json!({ "alliance": FENLAND, "name": "Gorse Nursery School", "phase": "NURSERY", "joinedOn": "2026-11-01",
                         "newPayer": { "kind": "SCHOOL", "legalName": "Gorse", "address": "1 Lane", "purchaseOrder": "NONE" } });
    director.done("addMember", "", member).await;
    lock.rollback().await.unwrap();
    assert_eq!(reading.await.unwrap()["alliance"]["members"]["totalCount"], 7);
    let after = director.graphql(both, json!({ "slug": FENLAND })).await;
    assert_eq!(after["alliance"]["members"]["totalCount"], 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_document_costs_one_statement_a_level() {
    let app = TestApp::new().await;
    app.owner.execute("create extension pg_stat_statements").await.unwrap();
    let director = app.sign_in("director@fenland.example").await;
    let ask = async || {
        count_from_here(&app).await;
        let data = director.graphql(NESTED, json!({ "slug": FENLAND })).await;
        (data["alliance"]["members"]["nodes"].as_array().unwrap().clone(), counted(&app).await)
    };
    // The session, the roles, the alliance, its members, their ledgers.
    assert_eq!(ask().await.1, 5);
    for n in 0..14 {
        let name = format!("Hawthorn Primary School {n}");
        let member = json!({ "alliance": FENLAND, "name": name, "phase": "PRIMARY", "joinedOn": "2026-09-01",
                             "newPayer": { "kind": "SCHOOL", "legalName": name, "address": "1 Lane", "purchaseOrder": "NONE" } });
        director.done("addMember", "", member).await;
    }
    let entries = "insert into ledger_entries (alliance_id, id, member_id, occurred_on, direction, unit, quantity, kind, note, created_at)
        select m.alliance_id, gen_random_uuid(), m.id, date '2026-09-01' + n, 'gained', 'days', n, 'support', 'A day of support', now()
        from members m join alliances a using (alliance_id) cross join generate_series(1, 7) n where a.slug = 'fenland'";
    app.owner.execute(entries).await.unwrap();
    let (members, statements) = ask().await;
    assert_eq!((members.len(), statements), (20, 5));
    for member in &members {
        let ledger = &member["ledger"];
        let days: Vec<_> =
            ledger["latest"].as_array().unwrap().iter().map(|entry| &entry["quantity"]).collect();
        assert_eq!(days, [&json!(7), &json!(6), &json!(5), &json!(4), &json!(3)], "{member}");
        assert!(ledger["totalCount"].as_i64().unwrap() >= 7);
    }
}

/// Every list in pages, with what tells its entries apart.
const LISTS: [(&str, &str); 8] = [
    ("members", "name"),
    ("people", "id"),
    ("payers", "id"),
    ("budgets", "id"),
    ("invoices", "number"),
    ("payments", "id"),
    ("deliveries", "id"),
    ("jobs", "id"),
];

/// The page of `list` after a cursor.
async fn page(client: &Client, slug: &str, list: &str, after: Option<&str>) -> Answer {
    let key = LISTS.iter().find(|(name, _)| *name == list).unwrap().1;
    let query = format!(
        "query($slug: String!, $after: String) {{ alliance(slug: $slug) {{ list: {list}(first: 2, after: $after) {{
            nodes {{ {key} }} totalCount pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    client.execute(&query, json!({ "slug": slug, "after": after })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_walks_a_list_once_and_only_with_its_own_cursors() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let neighbour = app.sign_in("director@harbour.example").await;
    let things = Things::of(FENLAND, &director).await;
    for (list, key) in LISTS {
        let (mut seen, mut after) = (Vec::new(), None::<String>);
        loop {
            let body = page(&director, FENLAND, list, after.as_deref()).await.json();
            let found = &body["data"]["alliance"]["list"];
            seen.extend(found["nodes"].as_array().unwrap().iter().map(|node| node[key].to_string()));
            if found["pageInfo"]["hasNextPage"] == false {
                assert_eq!(found["totalCount"], seen.len(), "{list}");
                break;
            }
            after = Some(found["pageInfo"]["endCursor"].as_str().unwrap().to_owned());
        }
        let whole = things.all[list]["nodes"].as_array();
        let whole: Vec<_> = whole.into_iter().flatten().map(|node| node[key].to_string()).collect();
        assert!(seen.len() > 2 && (key != "id" || whole.is_empty() || seen == whole), "{list}: {seen:?}");
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{list}");
        // The cursor is of no use to another list, another alliance, or when it was changed.
        let cursor = after.unwrap();
        let changed = format!("{}A", &cursor[..cursor.len() - 1]);
        let (other, _) = LISTS.iter().find(|(other, _)| *other != list).unwrap();
        for (client, slug, list, cursor) in [
            (&director, FENLAND, *other, cursor.as_str()),
            (&neighbour, HARBOUR, list, cursor.as_str()),
            (&director, FENLAND, list, if changed == cursor { "x" } else { changed.as_str() }),
            (&director, FENLAND, list, "no cursor"),
        ] {
            let refused = page(client, slug, list, Some(cursor)).await;
            let error = &refused.json()["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{list}: {}", refused.body);
            assert_eq!(error["message"], "`after` is not a cursor of this list");
        }
    }
}

/// What an id of each kind finds: an object of its own, or nothing, because it is a part of one.
const KINDS: [(&str, Option<&str>); 14] = [
    ("/id", Some("Alliance")),
    ("/members/nodes/0/id", Some("Member")),
    ("/payers/nodes/0/id", Some("Payer")),
    ("/people/nodes/0/id", Some("Person")),
    ("/budgets/nodes/0/id", Some("Budget")),
    ("/invoices/nodes/0/id", Some("Invoice")),
    ("/payments/nodes/0/id", Some("Payment")),
    ("/jobs/nodes/0/id", Some("Job")),
    ("/invoices/nodes/0/deliveries/0/id", Some("Delivery")),
    ("/strands/0/id", None),
    ("/closures/0/id", None),
    ("/invoices/nodes/0/creditNotes/0/id", None),
    ("/invoices/nodes/1/allocations/0/id", None),
    ("/budgets/nodes/1/shares/0/id", None),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_for_itself_is_found_by_its_id() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let staff = app.sign_in("staff@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let query = "query($id: ID!) { node(id: $id) { __typename id } }";
    for (path, found) in KINDS {
        let id = things.all.pointer(path).unwrap_or_else(|| panic!("{path}: {:#}", things.all));
        let data = director.graphql(query, json!({ "id": id })).await;
        let node = found.map_or(Value::Null, |kind| json!({ "__typename": kind, "id": id }));
        assert_eq!(data["node"], node, "{path}");
        // What is not theirs to see is not there, and no error says otherwise.
        let is_seen = matches!(found, Some("Alliance" | "Member"));
        let data = staff.graphql(query, json!({ "id": id })).await;
        assert_eq!(data["node"], if is_seen { node } else { Value::Null }, "{path}");
    }
}
