//! Money received: whatever is recorded, set, taken back and credited, in whatever order, the sums hold.

use proptest::prelude::*;
use serde_json::{Value, json};
use tests::{Client, TestApp, fixture::FENLAND};

use crate::operations::Things;

const STATE: &str = "query { alliance(slug: \"fenland\") {
    invoices(first: 100) { nodes { id gross credited received outstanding allocations { id amount isReversal isReversed } } }
    payments(first: 100) { nodes { id amount free allocations { id amount } } }
    invoiceTotals { gross credited received outstanding } paymentTotals { received free }
    agedDebt { notYetDue days1To30 days31To60 days61To90 over90Days owed disputed } } }";

fn pence(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no amount"))
}

fn sum(rows: &Value, field: &str) -> i64 {
    rows.as_array().unwrap().iter().map(|row| pence(&row[field])).sum()
}

/// Everything that must hold at any time.
async fn check(finance: &Client) -> Value {
    let state = finance.graphql(STATE, json!({})).await["alliance"].take();
    let (invoices, payments) = (&state["invoices"]["nodes"], &state["payments"]["nodes"]);
    for invoice in invoices.as_array().unwrap() {
        let received = sum(&invoice["allocations"], "amount");
        assert_eq!(pence(&invoice["received"]), received, "{invoice:#}");
        let outstanding = pence(&invoice["gross"]) - pence(&invoice["credited"]) - received;
        assert_eq!(pence(&invoice["outstanding"]), outstanding, "{invoice:#}");
        assert!(received >= 0 && pence(&invoice["credited"]) <= pence(&invoice["gross"]), "{invoice:#}");
    }
    for payment in payments.as_array().unwrap() {
        let free = pence(&payment["amount"]) - sum(&payment["allocations"], "amount");
        assert_eq!(pence(&payment["free"]), free, "{payment:#}");
        assert!((0..=pence(&payment["amount"])).contains(&free), "{payment:#}");
    }
    for field in ["gross", "credited", "received", "outstanding"] {
        assert_eq!(pence(&state["invoiceTotals"][field]), sum(invoices, field), "{field}");
    }
    assert_eq!(pence(&state["paymentTotals"]["received"]), sum(payments, "amount"));
    assert_eq!(pence(&state["paymentTotals"]["free"]), sum(payments, "free"));
    // What is set against invoices left the payments, to the penny.
    assert_eq!(sum(payments, "amount") - sum(payments, "free"), sum(invoices, "received"));
    let ages = ["notYetDue", "days1To30", "days31To60", "days61To90", "over90Days"];
    let aged: i64 = ages.iter().map(|age| sum(&state["agedDebt"], age)).sum();
    assert_eq!(aged, sum(&state["agedDebt"], "owed"));
    let asked: i64 =
        invoices.as_array().unwrap().iter().map(|invoice| pence(&invoice["outstanding"]).max(0)).sum();
    assert_eq!(aged + sum(&state["agedDebt"], "disputed"), asked);
    state
}

/// Something that a finance lead does; the numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Record { amount: i64 },
    Allocate { payment: usize, parts: Vec<(usize, i64)> },
    Reverse { invoice: usize, allocation: usize },
    Credit { invoice: usize, gross: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = prop_oneof![Just(1), 1..300_000_i64, Just(i64::from(u32::MAX)), -5..=0_i64];
    let step = prop_oneof![
        2 => amount.clone().prop_map(|amount| Step::Record { amount }),
        4 => (any::<usize>(), prop::collection::vec((any::<usize>(), amount.clone()), 1..4))
            .prop_map(|(payment, parts)| Step::Allocate { payment, parts }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(invoice, allocation)| Step::Reverse { invoice, allocation }),
        1 => (any::<usize>(), amount).prop_map(|(invoice, gross)| Step::Credit { invoice, gross }),
    ];
    prop::collection::vec(step, 1..25)
}

async fn take(finance: &Client, state: &Value, (at, step): (usize, &Step)) -> Option<Value> {
    let invoices = state["invoices"]["nodes"].as_array().unwrap();
    let payments = state["payments"]["nodes"].as_array().unwrap();
    let key = format!("step {at}");
    let (name, input) = match step {
        Step::Record { amount } => (
            "recordPayment",
            json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": amount, "payerText": "A school",
                    "method": "BACS", "idempotencyKey": key }),
        ),
        Step::Allocate { payment, parts } => {
            let parts = parts.iter().map(|(invoice, amount)| {
                json!({ "invoiceId": invoices[invoice % invoices.len()]["id"], "amount": amount })
            });
            let payment = &payments[payment % payments.len()]["id"];
            let parts: Vec<_> = parts.collect();
            (
                "allocatePayment",
                json!({ "alliance": FENLAND, "paymentId": payment, "parts": parts, "idempotencyKey": key }),
            )
        }
        Step::Reverse { invoice, allocation } => {
            let set = invoices[invoice % invoices.len()]["allocations"].as_array().unwrap();
            let chosen = set.get(allocation % set.len().max(1))?;
            (
                "reverseAllocation",
                json!({ "alliance": FENLAND, "allocationId": chosen["id"], "reason": "A mistake" }),
            )
        }
        Step::Credit { invoice, gross } => (
            "creditInvoice",
            json!({ "alliance": FENLAND, "invoiceId": invoices[invoice % invoices.len()]["id"], "gross": gross,
                    "reason": "Agreed", "idempotencyKey": key }),
        ),
    };
    Some(finance.mutate(name, "", input).await)
}

async fn run(steps: &[Step]) {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let mut state = check(&finance).await;
    for step in steps.iter().enumerate() {
        let before = app.contents().await;
        let Some(payload) = take(&finance, &state, step).await else { continue };
        state = check(&finance).await;
        if payload["errors"] != json!([]) {
            assert_eq!(
                app.contents().await,
                before,
                "{step:?} was refused and left something behind: {payload}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_sums_never_drift(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(run(&steps));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_payment_pays_several_invoices_and_none_when_one_is_wrong() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let payment = json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": 100_000, "payerText": "COUNTY",
                          "method": "BACS", "idempotencyKey": "p" });
    let recorded = finance.done("recordPayment", "payment { id free }", payment).await;
    let parts = |birch: i64, cedar: i64| {
        json!({ "alliance": FENLAND, "paymentId": recorded["payment"]["id"], "idempotencyKey": format!("{birch} {cedar}"),
                "parts": [{ "invoiceId": things.invoice("Birch Infant School"), "amount": birch },
                          { "invoiceId": things.invoice("Cedar Secondary School"), "amount": cedar }] })
    };
    let before = app.contents().await;
    // More than the payment has, more than an invoice asks, nothing, and the same invoice twice.
    for (birch, cedar) in [(25_500, 80_000), (25_501, 1), (0, 1), (-1, 1)] {
        let payload = finance.mutate("allocatePayment", "", parts(birch, cedar)).await;
        assert_ne!(payload["errors"], json!([]), "{birch} {cedar}");
    }
    let mut twice = parts(100, 100);
    twice["parts"][1] = twice["parts"][0].clone();
    assert_ne!(finance.mutate("allocatePayment", "", twice).await["errors"], json!([]));
    assert_eq!(app.contents().await, before);
    let set = finance
        .done(
            "allocatePayment",
            "payment { free allocations { amount invoice { state } } }",
            parts(25_500, 70_000),
        )
        .await;
    assert_eq!(set["payment"]["free"], 4_500);
    check(&finance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_statements_are_taken_once() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let import = async |csv: &str| {
        let input = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv });
        finance.mutate("importBankStatement", "import { taken known rejected { line reason } }", input).await
    };
    let first = import("Date,Description,Amount\n20/11/2026,BIRCH INFANT,255.00\n20/11/2026,BIRCH INFANT,255.00\n21/11/2026,FEE,-4.00\n").await;
    assert_eq!(first["errors"], json!([]), "{first:#}");
    assert_eq!(first["import"]["taken"], 2, "two alike on one day are two: {first:#}");
    let again = import("Date,Description,Amount\n20/11/2026,BIRCH INFANT,255.00\n20/11/2026,BIRCH INFANT,255.00\n23/11/2026,CEDAR,1.00\nsoon,CEDAR,1.00\n").await;
    assert_eq!((&again["import"]["taken"], &again["import"]["known"]), (&json!(1), &json!(2)), "{again:#}");
    assert_eq!(again["import"]["rejected"][0]["line"], 5);
    let before = app.contents().await;
    for nonsense in ["", "a,b\n1,2\n", "\u{0}\u{1}\u{2}", "<html></html>"] {
        let payload = import(nonsense).await;
        assert_eq!(payload["errors"].as_array().map(Vec::len), Some(1), "{nonsense:?}: {payload:#}");
    }
    assert_eq!(app.contents().await, before);
    check(&finance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_two_digits_is_of_this_century_by_every_entrance() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let fields =
        |on| [("receivedOn", on), ("amount", "1.11"), ("payerText", "A school"), ("reference", "TWO DIGITS")];
    // As it is typed, and as a browser's date field sends a year of which two digits were typed.
    for on in ["20/11/26", "0026-11-20"] {
        let recorded = finance.submit("/fenland/payments", "/payments", &fields(on)).await;
        assert_eq!(recorded.status, 303, "{on}: {}", recorded.body);
    }
    let csv = "Date,Description,Amount\n20/11/26,TWO DIGITS,1.11\n";
    let file = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv });
    assert_eq!(finance.done("importBankStatement", "import { taken }", file).await["import"]["taken"], 1);
    let days =
        "select string_agg(distinct received_on::text, ' ') || count(*) from payments where pence = 111";
    assert_eq!(app.text(days).await, "2026-11-203");

    // What lies outside of what can be recorded is refused, and the rest of a file is taken.
    let before = app.contents().await;
    for (on, words) in [
        ("20/11/2027", "cannot be after today"),
        ("20/11/2006", "more than ten years ago"),
        ("20/11/1999", "not between 2000 and 2099"),
        ("20/13/26", "could not be read as a date"),
    ] {
        let refused = finance.submit("/fenland/payments", "/payments", &fields(on)).await;
        assert_eq!(refused.status, 422, "{on}: {}", refused.body);
        assert!(refused.body.contains(words) && refused.body.contains(on), "{on}: {}", refused.body);
    }
    let payment = json!({ "alliance": FENLAND, "receivedOn": "26-11-20", "amount": 111, "method": "BACS",
                          "idempotencyKey": "k" });
    let answer = finance.try_mutate("recordPayment", "", payment).await;
    assert!(answer.to_string().contains("not between 2000 and 2099"), "{answer:#}");
    assert_eq!(app.contents().await, before);
    let csv = "Date,Description,Amount\n20/11/27,LATER,2.22\n20/11/1999,BEFORE,2.22\n20/11/2006,LONG AGO,2.22\n\
               20/11/26,NOW,2.22\n";
    let file = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv });
    let import = finance.done("importBankStatement", "import { taken rejected { line reason } }", file).await;
    assert_eq!(import["import"]["taken"], 1);
    let reasons = import["import"]["rejected"].as_array().unwrap().iter().map(|line| &line["reason"]);
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            "The day 20 November 2027 is in the future.",
            "The date “20/11/1999” is not between 2000 and 2099: please look at the year.",
            "The day 20 November 2006 is more than ten years ago.",
        ]
    );
}
