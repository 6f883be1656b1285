//! Money received: whatever is recorded, set, taken back and credited, in whatever order, the sums hold.

use gateway::schema::ids::decode;
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::{Client, TestApp, fixture::FENLAND};

use crate::operations::Things;

const STATE: &str = "query { alliance(slug: \"fenland\") {
    payers(first: 100) { nodes { id statement { balance lines { amount balance } } } }
    invoices(first: 100) { nodes { id payer { id } gross credited received outstanding allocations { id amount isReversal isReversed } } }
    payments(first: 100) { nodes { id payer { id } amount allocated refunded free reversalReason allocations { id amount }
                                   refunds { id amount reversalReason } } }
    invoiceTotals { gross credited received outstanding } paymentTotals { count received refunded free reversed }
    agedDebt { notYetDue days1To30 days31To60 days61To90 over90Days owed disputed } } }";

fn pence(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no amount"))
}

fn sum(rows: &Value, field: &str) -> i64 {
    rows.as_array().unwrap().iter().map(|row| pence(&row[field])).sum()
}

/// Whether a payment, or a refund, was never taken back.
fn stands(row: &Value) -> bool {
    row["reversalReason"].is_null()
}

/// What was sent back of a payment, without what of that was taken back.
fn sent_back(payment: &Value) -> i64 {
    let refunds = payment["refunds"].as_array().unwrap();
    refunds.iter().filter(|refund| stands(refund)).map(|refund| pence(&refund["amount"])).sum()
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
        let (set, refunded) = (sum(&payment["allocations"], "amount"), sent_back(payment));
        assert_eq!(
            (pence(&payment["allocated"]), pence(&payment["refunded"])),
            (set, refunded),
            "{payment:#}"
        );
        let stands = stands(payment);
        assert!(
            stands || (set, refunded) == (0, 0),
            "a payment that never was counts for nothing: {payment:#}"
        );
        let free = if stands { pence(&payment["amount"]) - set - refunded } else { 0 };
        assert_eq!(pence(&payment["free"]), free, "{payment:#}");
        assert!((0..=pence(&payment["amount"])).contains(&free) && set >= 0, "{payment:#}");
    }
    for field in ["gross", "credited", "received", "outstanding"] {
        assert_eq!(pence(&state["invoiceTotals"][field]), sum(invoices, field), "{field}");
    }
    let standing = payments.as_array().unwrap().iter().filter(|payment| stands(payment));
    let received: i64 = standing.clone().map(|payment| pence(&payment["amount"])).sum();
    let totals = &state["paymentTotals"];
    assert_eq!(pence(&totals["received"]), received);
    assert_eq!(
        pence(&totals["count"]) - pence(&totals["reversed"]),
        i64::try_from(standing.count()).unwrap()
    );
    for field in ["free", "refunded"] {
        assert_eq!(pence(&totals[field]), sum(payments, field), "{field}");
    }
    // What is set against invoices left the payments, to the penny.
    assert_eq!(received - sum(payments, "refunded") - sum(payments, "free"), sum(invoices, "received"));
    // An account shows what its invoices need, less what is free of its payments.
    for payer in state["payers"]["nodes"].as_array().unwrap() {
        let of = |rows: &Value| -> Value {
            rows.as_array().unwrap().iter().filter(|row| row["payer"]["id"] == payer["id"]).cloned().collect()
        };
        let account = &payer["statement"];
        let balance = sum(&of(invoices), "outstanding") - sum(&of(payments), "free");
        assert_eq!(pence(&account["balance"]), balance, "{payer:#}");
        assert_eq!(sum(&account["lines"], "amount"), balance, "{payer:#}");
    }
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
    ReversePayment { payment: usize },
    Refund { payment: usize, amount: i64 },
    ReverseRefund { payment: usize, refund: usize },
    ChangePayer { payment: usize, invoice: usize },
    Credit { invoice: usize, gross: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = prop_oneof![Just(1), 1..300_000_i64, Just(i64::from(u32::MAX)), -5..=0_i64];
    let step = prop_oneof![
        2 => amount.clone().prop_map(|amount| Step::Record { amount }),
        4 => (any::<usize>(), prop::collection::vec((any::<usize>(), amount.clone()), 1..4))
            .prop_map(|(payment, parts)| Step::Allocate { payment, parts }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(invoice, allocation)| Step::Reverse { invoice, allocation }),
        1 => any::<usize>().prop_map(|payment| Step::ReversePayment { payment }),
        2 => (any::<usize>(), amount.clone()).prop_map(|(payment, amount)| Step::Refund { payment, amount }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(payment, refund)| Step::ReverseRefund { payment, refund }),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(payment, invoice)| Step::ChangePayer { payment, invoice }),
        2 => (any::<usize>(), amount).prop_map(|(invoice, gross)| Step::Credit { invoice, gross }),
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
                    "payerId": invoices[at % invoices.len()]["payer"]["id"], "method": "BACS", "idempotencyKey": key }),
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
                json!({ "alliance": FENLAND, "allocationId": chosen["id"], "reason": "A mistake", "idempotencyKey": key }),
            )
        }
        Step::ReversePayment { payment } => (
            "reversePayment",
            json!({ "alliance": FENLAND, "paymentId": payments[payment % payments.len()]["id"], "reason": "It bounced",
                    "idempotencyKey": key }),
        ),
        Step::Refund { payment, amount } => {
            let payment = &payments[payment % payments.len()];
            // As often as not all that is free: an amount by chance is mostly too much.
            let amount = if amount % 2 == 0 { pence(&payment["free"]) } else { *amount };
            (
                "refundPayment",
                json!({ "alliance": FENLAND, "paymentId": payment["id"], "amount": amount, "sentOn": "2026-11-24",
                        "reason": "Paid twice", "idempotencyKey": key }),
            )
        }
        Step::ReverseRefund { payment, refund } => {
            // Among those that had one: by chance most payments had none.
            let had: Vec<_> = payments.iter().filter(|payment| payment["refunds"] != json!([])).collect();
            let refunds = had.get(payment % had.len().max(1))?["refunds"].as_array().unwrap();
            let chosen = &refunds[refund % refunds.len()];
            (
                "reverseRefund",
                json!({ "alliance": FENLAND, "refundId": chosen["id"], "reason": "Never sent", "idempotencyKey": key }),
            )
        }
        Step::ChangePayer { payment, invoice } => (
            "changePayerOfPayment",
            json!({ "alliance": FENLAND, "paymentId": payments[payment % payments.len()]["id"], "reason": "Another's",
                    "payerId": invoices[invoice % invoices.len()]["payer"]["id"], "idempotencyKey": key }),
        ),
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
        let key = format!("{csv:?}");
        let input = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv, "idempotencyKey": key });
        finance.mutate("importBankStatement", "import { taken known rejected { line reason } }", input).await
    };
    let first = import("Date,Description,Amount\n20/11/2026,BIRCH INFANT,255.00\n20/11/2026,BIRCH INFANT,255.00\n21/11/2026,FEE,-4.00\n").await;
    assert_eq!(first["errors"], json!([]), "{first:#}");
    assert_eq!(first["import"]["taken"], 2, "two alike on one day are two: {first:#}");
    let again = import("Date,Description,Amount\n20/11/2026,BIRCH INFANT,255.00\n20/11/2026,BIRCH INFANT,255.00\n23/11/2026,CEDAR,1.00\nsoon,CEDAR,1.00\n").await;
    assert_eq!((&again["import"]["taken"], &again["import"]["known"]), (&json!(1), &json!(2)), "{again:#}");
    assert_eq!(again["import"]["rejected"][0]["line"], 5);
    let before = app.contents().await;
    for nonsense in ["\n", "a,b\n1,2\n", "\u{0}\u{1}\u{2}", "<html></html>"] {
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
    let file = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv, "idempotencyKey": "one" });
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
    let file = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv, "idempotencyKey": "four" });
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

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_second_finds_only_what_is_left() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let (birch, cedar) = (things.invoice("Birch Infant School"), things.invoice("Cedar Secondary School"));
    let record = async |amount: i64, key: &str| {
        let payment = json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": amount,
                              "payerText": "COUNTY", "method": "BACS", "idempotencyKey": key });
        finance.done("recordPayment", "payment { id }", payment).await["payment"]["id"].clone()
    };
    let allocate = |payment: &Value, invoice: &str, amount: i64, key: &str| {
        let input = json!({ "alliance": FENLAND, "paymentId": payment, "idempotencyKey": key,
                            "parts": [{ "invoiceId": invoice, "amount": amount }] });
        finance.mutate("allocatePayment", "", input)
    };
    for round in 0..4 {
        // One payment, two invoices, each asking for more than half of it; and sending it all back besides.
        let payment = record(10_000, &format!("p {round}")).await;
        let refund = json!({ "alliance": FENLAND, "paymentId": payment, "amount": 10_000, "sentOn": "2026-11-24",
                             "reason": "Paid twice", "idempotencyKey": format!("r {round}") });
        let (one, two, back) = tokio::join!(
            allocate(&payment, birch, 6_000, &format!("b {round}")),
            allocate(&payment, cedar, 6_000, &format!("c {round}")),
            finance.mutate("refundPayment", "", refund),
        );
        let done = [&one, &two, &back].into_iter().filter(|answer| answer["errors"] == json!([])).count();
        assert_eq!(done, 1, "{one} {two} {back}");
        check(&finance).await;

        // Money for an invoice, and a credit note that takes the same money off it.
        let state = check(&finance).await;
        let nodes = state["invoices"]["nodes"].as_array().unwrap();
        let left = pence(&nodes.iter().find(|node| node["id"] == birch).unwrap()["outstanding"]);
        let payment = record(left, &format!("q {round}")).await;
        let credit = json!({ "alliance": FENLAND, "invoiceId": birch, "gross": (left / 2).max(1), "reason": "Agreed",
                             "idempotencyKey": format!("n {round}") });
        let (set, credited) = tokio::join!(
            allocate(&payment, birch, left, &format!("a {round}")),
            finance.mutate("creditInvoice", "", credit),
        );
        assert_eq!(credited["errors"], json!([]), "{credited}");
        let state = check(&finance).await;
        let nodes = state["invoices"]["nodes"].as_array().unwrap();
        let now = pence(&nodes.iter().find(|node| node["id"] == birch).unwrap()["outstanding"]);
        assert!(now >= 0, "{set} {credited}: {now}");

        let never = json!({ "alliance": FENLAND, "paymentId": payment, "reason": "It bounced",
                            "idempotencyKey": format!("w {round}") });
        finance.done("reversePayment", "", never).await;

        // Taking a payment back while it is set against an invoice.
        let payment = record(500, &format!("s {round}")).await;
        let never = json!({ "alliance": FENLAND, "paymentId": payment, "reason": "It bounced",
                            "idempotencyKey": format!("v {round}") });
        let (_, back) = tokio::join!(
            allocate(&payment, cedar, 500, &format!("d {round}")),
            finance.mutate("reversePayment", "", never),
        );
        assert_eq!(back["errors"], json!([]), "{back}");
        check(&finance).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_never_was_is_taken_back_with_all_it_was_set_against() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let before = check(&finance).await;
    let fields =
        [("amount", "300.00"), ("payerText", "BIRCH"), ("reference", "CHEQUE 7"), ("method", "cheque")];
    let recorded = finance.submit("/fenland/payments", "/payments", &fields).await;
    let page = recorded.location().to_owned();
    let id = page.rsplit('/').next().unwrap().to_owned();
    let payments = finance.graphql(STATE, json!({})).await["alliance"]["payments"]["nodes"].take();
    let payment =
        payments.as_array().unwrap().iter().find(|payment| payment["amount"] == 30_000).unwrap().clone();
    let parts = json!({ "alliance": FENLAND, "paymentId": payment["id"], "idempotencyKey": "parts",
                        "parts": [{ "invoiceId": things.invoice("Birch Infant School"), "amount": 25_500 },
                                  { "invoiceId": things.invoice("Cedar Secondary School"), "amount": 2_000 }] });
    finance.done("allocatePayment", "", parts).await;

    // Part of what is free is sent back; no more than is free can be, nor a payment taken back of which money went.
    let shown = finance.page(&page).await;
    assert!(
        shown.text().contains("The £275.00 that is set against invoices is taken back"),
        "{}",
        shown.text()
    );
    let too_much =
        finance.submit(&page, "/refund", &[("amount", "25.01"), ("whySentBack", "Paid twice")]).await;
    assert_eq!(too_much.status, 422);
    assert!(too_much.body.contains("Only £25.00 of this payment is left"), "{}", too_much.body);
    assert!(too_much.body.contains("Paid twice"), "what was typed is lost");
    for (field, value) in [("sentOn", "19/11/2026"), ("sentOn", "25/11/2026"), ("whySentBack", " ")] {
        let typed = [("amount", "1.00"), ("whySentBack", "Paid twice"), (field, value)];
        let refused =
            finance.submit(&page, "/refund", &typed[if field == "whySentBack" { 1 } else { 0 }..]).await;
        assert_eq!(refused.status, 422, "{field} {value}");
    }
    let never = [("whyReversed", "The cheque bounced")];
    let taken_back = finance.submit(&page, &format!("{page}/reverse"), &never).await;
    assert_eq!(taken_back.status, 303, "{}", taken_back.body);
    assert_eq!(
        app.count(&format!("select count(*) from payment_reversals where payment_id = '{id}'")).await,
        1
    );
    let shown = finance.page(&page).await;
    for words in ["Taken back. The cheque bounced", "£255.00", "−£255.00", "−£20.00"] {
        assert!(shown.text().contains(words), "{words}: {}", shown.text());
    }
    let after = check(&finance).await;
    for sum in ["agedDebt", "invoiceTotals"] {
        assert_eq!(after[sum], before[sum], "the invoices need their money again");
    }
    let list = finance.page("/fenland/payments?state=REVERSED").await;
    assert_eq!(list.links("BIRCH").len(), 1, "{}", list.text());

    // Once is once, whoever asks again; and nothing can be done with it any more.
    let contents = app.contents().await;
    let reverse = |key: &str| json!({ "alliance": FENLAND, "paymentId": payment["id"], "reason": "The cheque bounced", "idempotencyKey": key });
    assert_eq!(finance.refused("reversePayment", reverse("another")).await, "ALREADY_REVERSED");
    let refund = json!({ "alliance": FENLAND, "paymentId": payment["id"], "amount": 1, "sentOn": "2026-11-24",
                         "reason": "Paid twice", "idempotencyKey": "r" });
    assert_eq!(finance.refused("refundPayment", refund).await, "MORE_THAN_FREE");
    assert_eq!(app.contents().await, contents);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_never_was_is_taken_back_once() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let fields = [("amount", "90.00"), ("payerText", "BIRCH"), ("reference", "TWICE"), ("method", "bacs")];
    let page = finance.submit("/fenland/payments", "/payments", &fields).await.location().to_owned();
    let mistyped = [("amount", "80.00"), ("whySentBack", "Paid twice")];
    assert_eq!(finance.submit(&page, "/refund", &mistyped).await.status, 303);
    let refund = async || {
        let state = check(&finance).await;
        let payments = state["payments"]["nodes"].as_array().unwrap();
        payments.iter().find(|payment| payment["amount"] == 9_000).unwrap().clone()
    };
    let id = refund().await["refunds"][0]["id"].clone();

    // Without a reason nothing happens, and the page says so.
    let before = app.contents().await;
    let refused = finance.submit(&page, "/refund/reverse", &[("reason", " ")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Please say why"), "{}", refused.body);
    assert_eq!(app.contents().await, before);

    // Two at once: one of them comes second.
    let reverse = |key: &str| {
        let input =
            json!({ "alliance": FENLAND, "refundId": id, "reason": "It was £8.00", "idempotencyKey": key });
        finance.mutate("reverseRefund", "payment { free refunded }", input)
    };
    let (one, two) = tokio::join!(reverse("one"), reverse("two"));
    let (done, second) = if one["errors"] == json!([]) { (one, two) } else { (two, one) };
    assert_eq!(done["payment"], json!({ "free": 9_000, "refunded": 0 }));
    assert_eq!(second["errors"][0]["code"], "ALREADY_REVERSED");
    let after = refund().await;
    assert_eq!(
        (&after["free"], &after["refunds"][0]["reversalReason"]),
        (&json!(9_000), &json!("It was £8.00"))
    );
    let before = app.contents().await;
    let again =
        json!({ "alliance": FENLAND, "refundId": id, "reason": "It was £8.00", "idempotencyKey": "three" });
    assert_eq!(finance.refused("reverseRefund", again).await, "ALREADY_REVERSED");
    assert_eq!(app.contents().await, before);

    // Both stay on the page; what was meant is sent back then, and taken back by the page's form.
    let shown = finance.page(&page).await;
    assert!(shown.text().contains("taken back: It was £8.00"), "{}", shown.text());
    let meant = [("amount", "8.00"), ("whySentBack", "Paid twice")];
    assert_eq!(finance.submit(&page, "/refund", &meant).await.status, 303);
    assert!(finance.page(&page).await.text().contains("£8.00 sent back £82.00 not yet used"));
    let back = finance.submit(&page, "/refund/reverse", &[("reason", "The bank sent it back to us")]).await;
    assert_eq!(back.status, 303, "{}", back.body);
    let shown = finance.page(&page).await;
    assert!(shown.text().contains("£90.00 not yet used"), "{}", shown.text());
    // Nothing of it counts as sent back, so the payment itself can be taken back.
    let never = finance.submit(&page, "/reverse", &[("whyReversed", "It bounced")]).await;
    assert_eq!(never.status, 303, "{}", never.body);
    check(&finance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_the_wrong_payer_gets_another_while_all_of_it_is_free() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let (birch, cedar) = (things.payer("Birch Infant School"), things.payer("Cedar Secondary School"));
    // The bank's words name one school, and it was another's money.
    let csv = "Date,Description,Amount\n20/11/2026,BIRCH INFANT SCHOOL,90.00\n";
    let file = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": csv, "idempotencyKey": "file" });
    finance.done("importBankStatement", "", file).await;
    let payment = async || {
        let state = check(&finance).await;
        let payments = state["payments"]["nodes"].as_array().unwrap();
        payments.iter().find(|payment| payment["amount"] == 9_000).unwrap().clone()
    };
    let balance = async |payer: &str| {
        let state = check(&finance).await;
        let payers = state["payers"]["nodes"].as_array().unwrap().clone();
        pence(&payers.iter().find(|one| one["id"] == payer).unwrap()["statement"]["balance"])
    };
    let taken = payment().await;
    assert_eq!(taken["payer"]["id"], birch);
    let page = format!(
        "/fenland/payments/{}",
        gateway::schema::ids::decode(taken["id"].as_str().unwrap()).unwrap().2
    );
    let change = |to: Value, key: &str| {
        json!({ "alliance": FENLAND, "paymentId": taken["id"], "payerId": to, "reason": "Cedar's bursar rang",
                "idempotencyKey": key })
    };

    // Not while some of it is set or sent back, in words that say what to do.
    let parts = json!({ "alliance": FENLAND, "paymentId": taken["id"], "idempotencyKey": "parts",
                        "parts": [{ "invoiceId": things.invoice("Birch Infant School"), "amount": 1_000 }] });
    let set = finance.done("allocatePayment", "payment { allocations { id } }", parts).await;
    let before = app.contents().await;
    let refused = finance.mutate("changePayerOfPayment", "", change(json!(cedar), "set")).await;
    let words = "£10.00 of this payment is set against invoices. Take that back first.";
    assert_eq!(refused["errors"][0]["message"], words);
    assert_eq!(app.contents().await, before);
    let shown = finance.page(&page).await;
    assert!(shown.text().contains("The payer can be changed once nothing"), "{}", shown.text());
    let back = json!({ "alliance": FENLAND, "allocationId": set["payment"]["allocations"][0]["id"],
                       "reason": "Another school's", "idempotencyKey": "back" });
    finance.done("reverseAllocation", "", back).await;
    let refund = json!({ "alliance": FENLAND, "paymentId": taken["id"], "amount": 500, "sentOn": "2026-11-24",
                         "reason": "Paid twice", "idempotencyKey": "refund" });
    let refund = finance.done("refundPayment", "payment { refunds { id } }", refund).await;
    assert_eq!(finance.refused("changePayerOfPayment", change(json!(cedar), "sent")).await, "REFUNDED");
    let never = json!({ "alliance": FENLAND, "refundId": refund["payment"]["refunds"][0]["id"],
                        "reason": "Never sent", "idempotencyKey": "never" });
    finance.done("reverseRefund", "", never).await;

    // To the same payer, or without a reason: nothing happens, and what was chosen stays chosen.
    assert_eq!(finance.refused("changePayerOfPayment", change(json!(birch), "same")).await, "SAME_PAYER");
    let before = app.contents().await;
    let refused = finance.submit(&page, "/payer", &[("payerId", cedar), ("whyPayer", "")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains(&format!("value=\"{cedar}\" selected")), "{}", refused.body);
    assert_eq!(app.contents().await, before);

    // By the page: both accounts follow, and the page tells the story.
    let (of_birch, of_cedar) = (balance(birch).await, balance(cedar).await);
    let fields = [("payerId", cedar), ("whyPayer", "Cedar's bursar rang")];
    let changed = finance.submit(&page, "/payer", &fields).await;
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(payment().await["payer"]["id"], cedar);
    assert_eq!((balance(birch).await, balance(cedar).await), (of_birch + 9_000, of_cedar - 9_000));
    let shown = finance.page(&page).await;
    let story = "put down to Cedar Secondary School, not Birch Infant School: Cedar's bursar rang";
    assert!(shown.text().contains(story), "{}", shown.text());
    let list = finance.page("/fenland/payments?text=cedar").await;
    assert_eq!(list.links("Cedar Secondary School").len(), 1, "{}", list.text());

    // The same line of a statement is known as before; and nobody may be the payer, and somebody again.
    let again =
        json!({ "alliance": FENLAND, "fileName": "again.csv", "csv": csv, "idempotencyKey": "again" });
    assert_eq!(finance.done("importBankStatement", "import { taken }", again).await["import"]["taken"], 0);
    for (to, key) in [(Value::Null, "nobody"), (json!(cedar), "somebody")] {
        let changed =
            finance.done("changePayerOfPayment", "payment { payer { id } }", change(to.clone(), key)).await;
        assert_eq!(changed["payment"]["payer"]["id"], to);
        check(&finance).await;
    }
    // Not one that was taken back.
    let never = json!({ "alliance": FENLAND, "paymentId": taken["id"], "reason": "It bounced", "idempotencyKey": "w" });
    finance.done("reversePayment", "", never).await;
    assert_eq!(finance.refused("changePayerOfPayment", change(json!(birch), "late")).await, "REVERSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invoices_that_a_payment_is_probably_for_come_first() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let birch = finance.page("/fenland/payments").await.form("/payments");
    let payers = "{ alliance(slug: \"fenland\") { payers { nodes { id legalName } } } }";
    let payers = finance.graphql(payers, json!({})).await["alliance"]["payers"]["nodes"].take();
    let payer = payers.as_array().unwrap().iter().find(|payer| payer["legalName"] == "Birch Infant School");
    let payer = payer.unwrap()["id"].as_str().unwrap();
    let empty = finance.send_form(&birch.clone().with(&[("payerId", payer)])).await;
    assert_eq!(empty.status, 422);
    assert!(empty.body.contains("Type the amount.") && empty.body.contains("<details class=\"more\" open>"));
    let recorded = finance.send_form(&birch.with(&[("payerId", payer), ("amount", "700.00")])).await;
    assert_eq!(recorded.status, 303, "{}", recorded.body);
    let path = recorded.location().to_owned();
    let page = finance.page(&path).await;
    assert_eq!(page.texts("#parts tbody th a"), ["FEN-0002"], "{}", page.text());
    let others = page.texts("details:not([open]) #others tbody th a");
    assert!(!others.is_empty() && !others.contains(&"FEN-0002".to_owned()), "{}", page.text());
    assert_eq!(finance.page(&page.link(&others[0])).await.texts("h1"), [format!("Invoice {}", others[0])]);

    let before = app.contents().await;
    let form = page.form(&path);
    let too_much = finance.send_form(&form.clone().with(&[("part", "10,699.00")])).await;
    assert_eq!(too_much.status, 422);
    assert!(
        too_much.body.contains("These add up to £10,699.00, but only £700.00 is left."),
        "{}",
        too_much.body
    );
    // What was typed for the invoice of another payer is seen again.
    let mut elsewhere = form;
    elsewhere.fields.iter_mut().find(|(name, _)| name == "part").unwrap().1.clear();
    elsewhere.fields.iter_mut().rfind(|(name, _)| name == "part").unwrap().1 = "10,699.00".into();
    let refused = finance.send_form(&elsewhere).await;
    assert_eq!(
        tests::page::Page::new("", &refused.body).count("details[open] #others"),
        1,
        "{}",
        refused.body
    );
    let no_sum = finance.submit(&path, "/refund", &[("amount", ""), ("whySentBack", "Paid twice")]).await;
    assert!(no_sum.body.contains("Type the amount."), "{}", no_sum.body);
    assert_eq!(app.contents().await, before);
}

/// A form that names payers has all of them, however long the list.
#[tokio::test(flavor = "multi_thread")]
async fn a_payer_is_chosen_among_all_of_them() {
    let app = TestApp::new().await;
    let more = "insert into payers (alliance_id, id, kind, legal_name, address, purchase_order, created_at)
                select alliance_id, gen_random_uuid(), 'other', 'Payer ' || nth, '1 Lane', 'none', now()
                from alliances, generate_series(1, 210) nth where slug = 'fenland'";
    app.owner.execute(more).await.unwrap();
    let all = app
        .count("select count(*) from payers join alliances using (alliance_id) where slug = 'fenland'")
        .await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let finance = app.sign_in("finance@fenland.example").await;
    let (.., member) = decode(things.member("Birch Infant School")).unwrap();
    // Beside every payer stand a word for none or another, and, when the school has one, not its own again.
    for (client, page, select, besides) in [
        (&finance, "/fenland/payments".to_owned(), "payerId", 1),
        (&director, "/fenland/members/new".to_owned(), "payer", 2),
        (&director, format!("/fenland/members/{member}/assign"), "payer", 1),
    ] {
        let page = client.page(&page).await;
        let options = page.texts(&format!("select[name={select}] option"));
        let mut once = options.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!((once.len(), options.len() as i64), (options.len(), all + besides), "{}", page.path);
    }
}
