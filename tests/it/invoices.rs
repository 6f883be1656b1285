//! Numbers without gaps, and invoices that stand.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, day},
};

use crate::operations::Things;

struct World {
    app: TestApp,
    finance: Client,
    things: Things,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let director = app.sign_in("director@fenland.example").await;
        let finance = app.sign_in("finance@fenland.example").await;
        let things = Things::of(FENLAND, &director).await;
        Self { app, finance, things }
    }

    fn run(&self, label: &str, (count, total): (u32, i64), key: &str) -> Value {
        json!({ "alliance": FENLAND, "budgetId": self.things.budget(label), "expectedCount": count,
                "expectedTotal": total, "idempotencyKey": key })
    }

    async fn numbers(&self) -> Vec<String> {
        let numbers =
            "select number from invoices join alliances using (alliance_id) where slug = $1 order by 1";
        sqlx::query_scalar(numbers).bind(FENLAND).fetch_all(&self.app.owner).await.unwrap()
    }

    async fn credit_numbers(&self) -> Vec<String> {
        let numbers =
            "select number from credit_notes join alliances using (alliance_id) where slug = $1 order by 1";
        sqlx::query_scalar(numbers).bind(FENLAND).fetch_all(&self.app.owner).await.unwrap()
    }
}

const THIS_YEAR: (u32, i64) = (5, 503_500);

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_runs_leave_no_gap_and_invoice_nobody_twice() {
    let world = World::new().await;
    let next_year = json!({ "alliance": FENLAND, "budgetId": world.things.budget("2027-28") });
    world.finance.done("agreeBudget", "", next_year).await;
    let runs = (0..8).map(|n| {
        let label = if n % 2 == 0 { "2026-27" } else { "2027-28" };
        let input = world.run(label, THIS_YEAR, &format!("run {n}"));
        async { world.finance.mutate("issueInvoices", "", input).await }
    });
    let answers = join_all(runs).await;
    let done = answers.iter().filter(|answer| answer["errors"] == json!([])).count();
    assert_eq!(done, 2, "one run of each budget: {answers:#?}");
    let expected: Vec<_> = (1..=16).map(|n| format!("FEN-{n:04}")).collect();
    assert_eq!(world.numbers().await, expected);
    let twice = "select count(*) from (select from invoices group by alliance_id, budget_id, member_id having count(*) > 1) t";
    assert_eq!(world.app.count(twice).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_sent_again_is_the_same_run() {
    let world = World::new().await;
    let input = world.run("2026-27", THIS_YEAR, "once");
    let sent = join_all(
        (0..4).map(|_| world.finance.done("issueInvoices", "invoices { nodes { number } }", input.clone())),
    )
    .await;
    assert!(sent.iter().all(|answer| *answer == sent[0]), "{sent:#?}");
    assert_eq!(world.numbers().await.len(), 11);
    let before = world.app.contents().await;
    let other = world.run("2027-28", THIS_YEAR, "once");
    assert_eq!(world.finance.refused("issueInvoices", other).await, "MISMATCH");
    assert_eq!(world.app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_what_was_shown_stops() {
    let world = World::new().await;
    let before = world.app.contents().await;
    for (expected, code) in [((4, 503_500), "PLAN_CHANGED"), ((5, 503_501), "PLAN_CHANGED")] {
        let input = world.run("2026-27", expected, "key");
        assert_eq!(world.finance.refused("issueInvoices", input).await, code);
    }
    for (due_on, code) in [
        ("2026-12-25", "DUE_DATE_CLOSED"),
        ("2026-12-22", "DUE_DATE_CLOSED"),
        ("2026-11-28", "DUE_DATE_CLOSED"),
        ("2026-11-23", "DUE_DATE_OUT_OF_RANGE"),
        ("2028-01-10", "DUE_DATE_OUT_OF_RANGE"),
    ] {
        let mut input = world.run("2026-27", THIS_YEAR, "key");
        input["dueOn"] = due_on.into();
        assert_eq!(world.finance.refused("issueInvoices", input).await, code, "{due_on}");
    }
    let mut dry = world.run("2026-27", THIS_YEAR, "key");
    dry["dryRun"] = true.into();
    world.finance.done("issueInvoices", "", dry).await;
    assert_eq!(
        world.finance.refused("issueInvoices", world.run("2027-28", THIS_YEAR, "key")).await,
        "NOT_AGREED"
    );
    assert_eq!(world.app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_takes_back_no_more_than_was_asked() {
    let world = World::new().await;
    let credit = |gross: i64, key: &str| {
        json!({ "alliance": FENLAND, "invoiceId": world.things.invoice("Birch Infant School"), "gross": gross,
                "reason": "Agreed", "idempotencyKey": key })
    };
    let before = world.app.contents().await;
    for gross in [0, -1, 51_001] {
        let payload = world.finance.mutate("creditInvoice", "", credit(gross, "k")).await;
        assert_eq!(payload["errors"][0]["field"], "gross", "{gross}: {payload}");
    }
    assert_eq!(world.app.contents().await, before);
    let answer = world
        .finance
        .done("creditInvoice", "invoice { state outstanding credited }", credit(20_000, "a"))
        .await;
    assert_eq!(answer["invoice"], json!({ "state": "OVERDUE", "outstanding": 5_500, "credited": 20_000 }));
    // The same key, at once and twice.
    join_all((0..2).map(|_| world.finance.done("creditInvoice", "", credit(500, "b")))).await;
    let again = world.finance.done("creditInvoice", "invoice { credited }", credit(500, "b")).await;
    assert_eq!(again["invoice"]["credited"], 20_500);
    assert_eq!(world.credit_numbers().await, ["FEN-C0001", "FEN-C0002", "FEN-C0003"]);
}

/// The list filters by a state in SQL, the invoice says its state in Rust: both must mean the same on every day.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_means_the_same_in_a_list_and_on_an_invoice() {
    let world = World::new().await;
    world.finance.done("issueInvoices", "", world.run("2026-27", THIS_YEAR, "run")).await;
    let held = json!({ "alliance": FENLAND, "invoiceId": world.things.invoice("Birch Infant School"), "chasing": "HELD",
                       "reason": "The office is being moved" });
    world.finance.done("decideChasing", "", held).await;
    let query = "query($states: [InvoiceState!]) { alliance(slug: \"fenland\") {
        invoices(first: 100, filter: { states: $states }) { totalCount nodes { number state } }
        invoiceTotals(filter: { states: $states }) { count } } }";
    for date in [day(2026, 11, 24), day(2027, 1, 4), day(2027, 1, 5)] {
        world.app.set_date(date);
        let finance = world.app.sign_in("finance@fenland.example").await;
        let mut sum = 0;
        for state in ["DUE", "PART_PAID", "OVERDUE", "PAID", "CREDITED", "DISPUTED", "HELD"] {
            let data = finance.graphql(query, json!({ "states": [state] })).await;
            let nodes = data["alliance"]["invoices"]["nodes"].as_array().unwrap();
            assert!(nodes.iter().all(|node| node["state"] == state), "{date} {state}: {nodes:#?}");
            assert_eq!(data["alliance"]["invoices"]["totalCount"], nodes.len());
            assert_eq!(data["alliance"]["invoiceTotals"]["count"], nodes.len());
            sum += nodes.len();
        }
        assert_eq!(sum, 11, "every invoice is in one state on {date}");
    }
}
