//! A page costs as many statements for a hundred rows as for six.

use std::path::Path;

use async_graphql::parser::{
    parse_query,
    types::{Selection, SelectionSet},
};
use domain::viewer::Viewer;
use gateway::schema::ids::decode;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::{Client, TestApp, fixture::FENLAND};

use crate::{operations::Things, walls::pages};

/// What the page of a document may cost at most, however many rows it shows: who is signed in, what they may do there, for
/// the page and for its document, and one statement for each field that gives objects, or that counts.
fn most(document: &str) -> i64 {
    fn reads(set: &SelectionSet) -> i64 {
        let counts = set.items.iter().map(|item| match &item.node {
            Selection::Field(field) => {
                let inner = &field.node.selection_set.node;
                let by_itself = READ.contains(&field.node.name.node.as_str());
                i64::from(!inner.items.is_empty()) + i64::from(by_itself) + reads(inner)
            }
            Selection::InlineFragment(fragment) => reads(&fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => panic!("no page has one yet"),
        });
        counts.sum()
    }
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    3 + reads(&operation.node.selection_set.node)
}

/// Fields for which something is read beside the objects that they give.
const READ: [&str; 9] = [
    "totalCount",
    "isPrinted",
    "reminderLevels",
    "planRun",
    "plannedReminders",
    "about",
    "text",
    "registerIsLoaded",
    "hasSecondStep",
];

/// Forgets the statements of this test's database so far.
pub async fn count_from_here(app: &TestApp) {
    let reset = "select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()))";
    app.owner.execute(reset).await.unwrap();
}

/// How many there were since, by both logins.
pub async fn counted(app: &TestApp) -> i64 {
    app.count(
        "select coalesce(sum(calls), 0)::bigint from pg_stat_statements
         join pg_roles on pg_roles.oid = userid join pg_database d on d.oid = dbid
         where d.datname = current_database() and rolname like 'ensemble%'",
    )
    .await
}

/// How many statements `path` costs, and in how many parts it reads what it shows: a file takes a hundred rows at a time.
async fn cost(app: &TestApp, client: &Client, path: &str) -> (i64, i64) {
    count_from_here(app).await;
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let rows = if path.ends_with(".csv") { answer.body.matches("\r\n").count() - 1 } else { 0 };
    (counted(app).await, i64::try_from(rows.div_ceil(100).max(1)).unwrap())
}

/// A page's route as the router has it.
fn route(page: &str) -> &str {
    if page.is_empty() { "/" } else { page }
}

/// The router's source from the handler of `GET` on, if the route has one.
fn handler(route: &str) -> Option<&'static str> {
    let site = include_str!("../../crates/web/src/site.rs");
    Some(site.split_once(&format!("(\"{route}\", get(pages::"))?.1)
}

/// The document that the page at a route executes.
fn document(route: &str) -> String {
    let folder = handler(route).unwrap().split_once("::").unwrap().0;
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/web/src/pages");
    std::fs::read_to_string(pages.join(folder).join("query.graphql")).unwrap()
}

/// Every page that is read, with an id of a thing that is there, and what it may cost.
fn paths(things: &Things) -> Vec<(String, i64)> {
    let uuid = |id: &str| decode(id).unwrap().2.to_string();
    let read = pages().into_iter().filter(|page| handler(route(page)).is_some() && !page.ends_with("/pdf"));
    let paths = read.filter_map(|page| {
        let id = match page.split('/').nth(1)? {
            "members" => things.member("Alder Primary School"),
            "people" => things.person(),
            "budgets" if page.ends_with("/edit") => things.budget("2027-28"),
            "budgets" => things.budget("2026-27"),
            "invoices" => things.invoice("Birch Infant School"),
            "mail" if page.contains("{id}") => things.refused_mail("Cedar Secondary School"),
            "payments" => things.free_payment(),
            "payers" => things.payer("Birch Infant School"),
            _ if page.contains("{id}") => return None,
            _ => "",
        };
        let id = if page.contains("{id}") { uuid(id) } else { String::new() };
        Some((format!("/fenland{}", page.replace("{id}", &id)), most(&document(route(&page)))))
    });
    paths.collect()
}

/// More schools, all with people and a payment, and this year's invoices for everybody.
async fn more_schools(
    (director, finance): (&Client, &Client),
    things: &Things,
    app: &TestApp,
    how_many: u32,
) {
    for n in 0..how_many {
        let name = format!("Hawthorn Primary School {n}");
        let member = json!({ "alliance": FENLAND, "name": name, "phase": "PRIMARY", "joinedOn": "2026-09-01",
                             "newPayer": { "kind": "SCHOOL", "legalName": name, "address": "1 Lane", "purchaseOrder": "NONE",
                                           "accountsEmail": format!("accounts{n}@hawthorn.example") } });
        let added = director.done("addMember", "member { id }", member).await;
        let id = &added["member"]["id"];
        let roll = json!({ "alliance": FENLAND, "memberId": id, "pupils": 100 + n, "censusDate": "2026-10-01", "source": "census" });
        director.done("recordRoll", "", roll).await;
        let person =
            json!({ "alliance": FENLAND, "name": format!("Head {n}"), "memberId": id, "title": "Head" });
        director.done("addPerson", "", person).await;
        let payment = json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": 100, "payerText": name,
                              "method": "BACS", "idempotencyKey": format!("{n}") });
        finance.done("recordPayment", "", payment).await;
    }
    let budget = json!({ "alliance": FENLAND, "budgetId": things.budget("2026-27") });
    for operation in ["reopenBudget", "agreeBudget"] {
        finance.done(operation, "", budget.clone()).await;
    }
    let alliance = decode(things.all["id"].as_str().unwrap()).unwrap().1;
    let run = domain::funding::invoices::IssueInvoices {
        budget_id: domain::ids::BudgetId(decode(things.budget("2026-27")).unwrap().2),
        due_on: None,
        expected: None,
    };
    domain::funding::invoices::issue_invoices(&app.app, &Viewer::machinery(alliance), run, None)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_rows_cost_no_more_statements() {
    let app = TestApp::new().await;
    app.owner.execute("create extension pg_stat_statements").await.unwrap();
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let paths = paths(&things);
    assert!(paths.len() > 15, "{paths:?}");
    let of_director = [
        "/settings",
        "/settings/data",
        "/closures",
        "/strands",
        "/terms",
        "/set-up",
        "/several",
        "/invitations",
        "/new",
        "/change",
        "/assign",
        "/changes",
        "/changes.csv",
    ];
    let client = |path: &str| {
        if of_director.iter().any(|end| path.ends_with(end)) { &director } else { &finance }
    };
    let client = |path: &str| if path.contains("/budgets") { &finance } else { client(path) };
    let mut before = Vec::new();
    for (path, _) in &paths {
        before.push(cost(&app, client(path), path).await.0);
    }

    // Forty more schools, all with people, invoiced, mailed, some paid.
    more_schools((&director, &finance), &things, &app, 40).await;
    assert_eq!(app.count("select count(*) from invoices").await, 12 + 46);

    let mut worse = Vec::new();
    for ((path, most), before) in paths.iter().zip(before) {
        let (after, parts) = cost(&app, client(path), path).await;
        // That a file was taken is recorded.
        let most = most * parts + i64::from(path.ends_with(".csv"));
        // A list that was empty may need one more, and a second page of a CSV file is a second document.
        if after > before * parts + 3 || after > most {
            worse.push(format!("{path}: {before}, then {after} of {most}"));
        }
    }
    assert!(worse.is_empty(), "{worse:#?}");
}

const INVOICES_OF_MEMBERS: &str =
    "query($members: Int!, $first: Int!, $after: String) { alliance(slug: \"fenland\") {
    members(first: $members) { nodes { id name invoices(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { number memberName outstanding payer { legalName } allocations { amount } } } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_invoices_of_many_members_are_read_together() {
    let app = TestApp::new().await;
    app.owner.execute("create extension pg_stat_statements").await.unwrap();
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    more_schools((&director, &finance), &things, &app, 14).await;
    let members = async |client: &Client, members: u8, first: u8, after: &Value| {
        let variables = json!({ "members": members, "first": first, "after": after });
        let data = client.graphql(INVOICES_OF_MEMBERS, variables).await;
        data["alliance"]["members"]["nodes"].as_array().unwrap().clone()
    };
    let mut costs = Vec::new();
    for many in [2, 20] {
        count_from_here(&app).await;
        let found = members(&finance, many, 5, &Value::Null).await;
        assert_eq!(found.len(), usize::from(many));
        costs.push(counted(&app).await);
    }
    assert!(costs[1] <= costs[0] && costs[1] <= most(INVOICES_OF_MEMBERS), "{costs:?}");

    // Each has its own, the newest first, as the list of invoices has them; and page by page the same.
    let found = members(&finance, 20, 5, &Value::Null).await;
    let mut of_two_years = 0;
    for member in &found {
        let filter = json!({ "memberId": member["id"] });
        let list =
            "query($filter: InvoiceFilter!) { alliance(slug: \"fenland\") { invoices(filter: $filter) {
            nodes { number memberName outstanding payer { legalName } allocations { amount } } } } }";
        let list = finance.graphql(list, json!({ "filter": filter })).await;
        assert_eq!(member["invoices"]["nodes"], list["alliance"]["invoices"]["nodes"], "{}", member["name"]);
        assert_eq!(member["invoices"]["pageInfo"]["hasNextPage"], false);
        of_two_years += usize::from(member["invoices"]["nodes"].as_array().unwrap().len() == 2);
    }
    assert!(of_two_years > 2, "{found:#?}");
    for (at, member) in members(&finance, 20, 1, &Value::Null).await.iter().enumerate() {
        let all = found[at]["invoices"]["nodes"].as_array().unwrap();
        let page = &member["invoices"];
        assert_eq!(page["nodes"].as_array().unwrap()[..], all[..all.len().min(1)]);
        assert_eq!(page["pageInfo"]["hasNextPage"], all.len() > 1);
        if all.len() > 1 {
            let next = members(&finance, 20, 1, &page["pageInfo"]["endCursor"]).await;
            assert_eq!(next[at]["invoices"]["nodes"].as_array().unwrap()[..], all[1..2]);
        }
    }

    // A head sees the invoices of the own school, and of no other.
    let head = app.sign_in("head@fenland.example").await;
    for member in members(&head, 20, 5, &Value::Null).await {
        assert_eq!(member["invoices"].is_null(), member["name"] != "Alder Primary School", "{member:#}");
    }
}
