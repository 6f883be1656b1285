//! Numbers without gaps, and invoices that stand.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use futures::future::join_all;
use proptest::prelude::*;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{self, FENLAND, day},
    page::Page,
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
    dry["dueOn"] = "2027-01-18".into();
    let selection = "invoices { nodes { id } } plan { count total dueOn goesOut { member { name } gross } }";
    let planned = world.finance.done("issueInvoices", selection, dry).await;
    assert_eq!(planned["invoices"], Value::Null);
    let plan = &planned["plan"];
    assert_eq!(
        (&plan["count"], &plan["total"], &plan["dueOn"]),
        (&json!(5), &json!(503_500), &json!("2027-01-18"))
    );
    assert_eq!(plan["goesOut"][0], json!({ "member": { "name": "Alder Primary School" }, "gross": 82_500 }));
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

/// What a payer reads, by poppler's `pdftotext`.
fn pdf_text(pdf: &[u8]) -> String {
    let piped = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut reader = piped.unwrap();
    reader.stdin.take().unwrap().write_all(pdf).unwrap();
    let read = reader.wait_with_output().unwrap();
    assert!(read.status.success());
    String::from_utf8(read.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The page of the member's invoice that `number` names.
async fn page_of(world: &World, number: &str, member: &str) -> Page {
    let list = world.finance.page(&format!("/fenland/invoices?text={number}")).await;
    world.finance.page(&list.link(member)).await
}

/// Settings of Fenland as a body of this kind.
fn supplier(kind: &str, vat_number: Option<&str>) -> Value {
    json!({
        "alliance": FENLAND, "name": "Fenland Alliance", "legalName": "Fenland Services Ltd", "address": "1 Church Lane",
        "contactEmail": "office@fenland.example", "vatNumber": vat_number, "bankAccountName": "Fenland",
        "sortCode": "12-34-56", "accountNumber": "12345678", "supplierKind": kind, "paymentTermsDays": 30,
        "invoicePrefix": "FEN-", "creditPrefix": "FEN-C", "timezone": "Europe/London", "yearStartMonth": 9,
        "allianceWord": "alliance", "memberWord": "member", "strandWord": "strand",
    })
}

/// Whoever is not registered for VAT charges none and has no number for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_registered_bills_no_vat() {
    let world = World::new().await;
    let director = world.app.sign_in("director@fenland.example").await;
    let before = world.app.contents().await;
    let with_number = supplier("NOT_REGISTERED", Some("GB123456789"));
    assert_eq!(director.refused("changeSettings", with_number).await, "VAT_NUMBER_NOT_WANTED");
    assert_eq!(world.app.contents().await, before);

    let chosen = [("supplierKind", "not_registered")];
    assert_eq!(director.submit("/fenland/settings", "/settings", &chosen).await.status, 303);
    let kind = "query { alliance(slug: \"fenland\") { terms { supplierKind } letterhead { vatNumber } } }";
    let kept = director.graphql(kind, json!({})).await;
    let expected =
        json!({ "terms": { "supplierKind": "NOT_REGISTERED" }, "letterhead": { "vatNumber": null } });
    assert_eq!(kept["alliance"], expected);

    world.finance.done("issueInvoices", "", world.run("2026-27", THIS_YEAR, "run")).await;
    world.app.work().await;
    let birch = page_of(&world, "FEN-0008", "Birch Infant School").await;
    let text = birch.text();
    assert!(text.contains("not registered for VAT, so none is charged"), "{text}");
    let pdf = pdf_text(&world.finance.get(&birch.link("Open the PDF")).await.bytes);
    for words in ["Outside the scope of VAT", "not registered for VAT", "510.00"] {
        assert!(pdf.contains(words), "{words}: {pdf}");
    }
    for words in ["VAT invoice", "VAT number", "tax point", "20%"] {
        assert!(!pdf.contains(words), "{words}: {pdf}");
    }
    let line = "select vat_code || ' ' || vat_pence from invoice_lines
                where invoice_id = (select id from invoices where number = 'FEN-0008')";
    assert_eq!(world.app.text(line).await, "outside_scope 0");
}

/// A trading company charges VAT on everything: contributions are compared without it and billed with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_trading_company_bills_vat_and_compares_without_it() {
    let world = World::new().await;
    let director = world.app.sign_in("director@fenland.example").await;
    let settings = supplier("TRADING_COMPANY", Some("GB123456789"));
    director.done("changeSettings", "", settings).await;
    let roll = json!({ "alliance": FENLAND, "memberId": world.things.member("Birch Infant School"), "pupils": 140,
                       "censusDate": "2026-10-01", "source": "autumn census" });
    director.done("recordRoll", "", roll).await;
    for operation in ["reopenBudget", "agreeBudget"] {
        let budget = json!({ "alliance": FENLAND, "budgetId": world.things.budget("2026-27") });
        world.finance.done(operation, "", budget).await;
    }

    // Birch has 20 more pupils at £1.75; Holly is new; nobody else's contribution changed, VAT or not.
    let run = format!("{}/run", world.finance.page("/fenland/budgets").await.link("2026-27"));
    let preview = world.finance.page(&run).await;
    let rows = preview.texts("#goes-out tbody tr");
    let row = |name: &str| rows.iter().find(|row| row.starts_with(name)).unwrap();
    assert!(row("Birch Infant School").ends_with("£545.00 +£35.00 £654.00 VAT £109.00"), "{rows:#?}");
    assert!(row("Cedar Secondary School").ends_with("£2,050.00 same £2,460.00 VAT £410.00"), "{rows:#?}");
    assert!(row("Holly Nursery School").ends_with("£303.75 new £364.50 VAT £60.75"), "{rows:#?}");
    let total = preview.texts("#goes-out tfoot tr").join(" ");
    assert!(total.ends_with("£5,373.75 +£338.75 £6,448.50"), "{total}");

    let issued = world.finance.submit(&run, "/run", &[]).await;
    assert_eq!(issued.status, 303, "{}", issued.body);
    world.app.work().await;
    let birch = page_of(&world, "FEN-0008", "Birch Infant School").await;
    let text = pdf_text(&world.finance.get(&birch.link("Open the PDF")).await.bytes);
    for words in ["Fenland Services Ltd", "GB123456789", "545.00", "109.00", "654.00", "20%"] {
        assert!(text.contains(words), "{words}: {text}");
    }

    let list = "query { alliance(slug: \"fenland\") { invoices(first: 100, filter: { text: \"FEN-0008\" }) {
        nodes { id net vat gross outstanding creditNotes { net vat gross } } } } }";
    let read = async || {
        let mut data = world.finance.graphql(list, json!({})).await;
        data["alliance"]["invoices"]["nodes"][0].take()
    };
    let invoice = read().await;
    let credit = json!({ "alliance": FENLAND, "invoiceId": invoice["id"], "gross": 6_000, "reason": "Agreed",
                         "idempotencyKey": "credit" });
    world.finance.done("creditInvoice", "", credit).await;
    let credited = read().await;
    assert_eq!(
        (&credited["net"], &credited["vat"], &credited["gross"]),
        (&json!(54_500), &json!(10_900), &json!(65_400))
    );
    assert_eq!(credited["outstanding"], 59_400);
    assert_eq!(credited["creditNotes"], json!([{ "net": 5_000, "vat": 1_000, "gross": 6_000 }]));
    world.app.work().await;
    let page = page_of(&world, "FEN-0008", "Birch Infant School").await;
    let text = pdf_text(&world.finance.get(&page.link("Open the PDF of FEN-C0002")).await.bytes);
    for words in ["FEN-C0002", "FEN-0008", "50.00", "10.00", "60.00"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let totals = "query($id: ID!) { alliance(slug: \"fenland\") { invoiceTotals(filter: { budgetId: $id }) {
        count gross credited outstanding } } }";
    let data = world.finance.graphql(totals, json!({ "id": world.things.budget("2026-27") })).await;
    assert_eq!(
        data["alliance"]["invoiceTotals"],
        json!({ "count": 6, "gross": 644_850, "credited": 6_000, "outstanding": 638_850 })
    );
}

/// Whoever pays by order gives its number before the run, required or not, and may correct it.
#[tokio::test(flavor = "multi_thread")]
async fn every_payer_that_pays_by_order_gives_its_number_on_the_page() {
    let world = World::new().await;
    let budget = world.finance.page("/fenland/budgets").await.link("2026-27");
    let run = format!("{budget}/run");
    let page = world.finance.page(&run).await;
    // The one that must give its number stands open; the others are folded away.
    assert_eq!(page.texts("#orders > ul > li strong"), ["Fir Special School"]);
    assert_eq!(page.texts("#orders summary"), ["Record another order number"]);
    let others =
        ["Alder Primary School", "Birch Infant School", "Cedar Secondary School", "Hedgerow Learning Trust"];
    assert_eq!(page.texts("#orders details li strong"), others);
    assert_eq!(page.texts("#orders li .field:first-of-type label"), ["Order number"; 5]);
    let record = async |payer: &str, number: &str| {
        let typed = [("number", number), ("requestedBy", "The bursar")];
        let mut form = world.finance.page(&run).await.form("/orders").with(&typed);
        let field = form.fields.iter_mut().find(|(name, _)| name == "payer").unwrap();
        world.things.payer(payer).clone_into(&mut field.1);
        let fields: Vec<_> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        world.finance.post(&form.action, &fields).await
    };
    for number in ["B 1", "B 2"] {
        assert_eq!(record("Birch Infant School", number).await.status, 303);
    }
    assert_eq!(record("Fir Special School", "F 1").await.status, 303);
    let before = world.app.contents().await;
    let long = "x".repeat(41);
    let refused = record("Cedar Secondary School", &long).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains(&long) && refused.body.contains("1 to 40 characters"), "{}", refused.body);
    assert_eq!(Page::new(&run, &refused.body).count("#orders details[open] #number"), 1);
    assert_eq!(world.app.contents().await, before);

    let issued = world.finance.submit(&run, "/run", &[]).await;
    assert_eq!(issued.status, 303, "{}", issued.body);
    let orders =
        "select string_agg(concat_ws(' ', member_name, purchase_order, requested_by), ', ' order by member_name) from invoices
                  join alliances using (alliance_id) where slug = 'fenland' and issued_on = '2026-11-24' and purchase_order is not null";
    assert_eq!(
        world.app.text(orders).await,
        "Birch Infant School B 2 The bursar, Fir Special School F 1 The bursar"
    );
    world.app.work().await;
    let fir = page_of(&world, "FEN-0012", "Fir Special School").await;
    let text = pdf_text(&world.finance.get(&fir.link("Open the PDF")).await.bytes);
    assert!(text.contains("Purchase order F") && text.contains("Requested by The bursar"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_note_is_opened_as_it_was_mailed_by_those_whom_it_concerns() {
    let world = World::new().await;
    for (member, key) in [("Alder Primary School", "a"), ("Birch Infant School", "b")] {
        let credit = json!({ "alliance": FENLAND, "invoiceId": world.things.invoice(member), "gross": 1_000,
                             "reason": "Agreed", "idempotencyKey": key });
        let done = world.finance.done("creditInvoice", "invoice { creditNotes { isPrinted } }", credit).await;
        assert_eq!(done["invoice"]["creditNotes"], json!([{ "isPrinted": false }]));
    }
    let waiting = page_of(&world, "FEN-0001", "Alder Primary School").await;
    assert!(waiting.text().contains("The PDF is being made"), "{}", waiting.text());
    world.app.mails.clear();
    world.app.work().await;
    let links = [
        page_of(&world, "FEN-0001", "Alder Primary School").await.link("Open the PDF of FEN-C0002"),
        page_of(&world, "FEN-0002", "Birch Infant School").await.link("Open the PDF of FEN-C0003"),
    ];
    let file = world.finance.get(&links[1]).await;
    assert_eq!(file.headers["content-type"], "application/pdf");
    let mails = world.app.mails.to("birch@fenland-schools.example");
    assert!(mails[0].attachments()[0].1 == file.bytes, "the mail's PDF is another than the page's");
    // The head of Alder opens Alder's, and finds no other; staff see no money; Harbour finds nothing.
    let head = world.app.sign_in("head@fenland.example").await;
    assert_eq!(head.get(&links[0]).await.status, 200);
    assert_eq!(head.get(&links[1]).await.status, 404);
    let staff = world.app.sign_in("staff@fenland.example").await;
    assert_eq!(staff.get(&links[0]).await.status, 403);
    let harbour = world.app.sign_in("finance@harbour.example").await;
    assert_eq!(harbour.get(&links[0].replace("/fenland/", "/harbour/")).await.status, 404);
}

/// What contributions are for VAT is the budget's: a school that shares costs charges none for a part of them, and 20% for
/// what members buy.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_says_whether_contributions_are_shared_costs_or_services() {
    let world = World::new().await;
    let line = "select vat_code || ' ' || vat_basis_points || ' ' || net_pence || ' ' || vat_pence from invoice_lines
                where invoice_id = (select id from invoices where number = 'FEN-0008')";
    let budget = world.finance.page("/fenland/budgets").await.link("2026-27");
    let run = format!("{budget}/run");
    let page = world.finance.page(&budget).await;
    assert!(page.text().contains("For VAT, contributions are shared costs of a voluntary alliance."));
    let preview = world.finance.page(&run).await;
    assert!(preview.text().contains("A contribution to common costs"), "{}", preview.text());
    assert!(!preview.texts("#goes-out thead th").contains(&"To pay".to_owned()));

    // Draft it again as services that members buy.
    let id = json!({ "alliance": FENLAND, "budgetId": world.things.budget("2026-27") });
    world.finance.done("reopenBudget", "", id.clone()).await;
    let edit = format!("{budget}/edit");
    let before = world.app.contents().await;
    let refused = world.finance.submit(&edit, "/edit", &[("contributionsAre", "gifts")]).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("Say what contributions are for VAT."), "{}", refused.body);
    assert_eq!(world.app.contents().await, before);
    let saved = world.finance.submit(&edit, "/edit", &[("contributionsAre", "services")]).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    // Saved as it was opened, it stays.
    assert_eq!(world.finance.submit(&edit, "/edit", &[]).await.status, 303);
    let selection = "budget { contributionsAre }";
    let agreed = world.finance.done("agreeBudget", selection, id).await;
    assert_eq!(agreed["budget"]["contributionsAre"], "SERVICES");
    // Without a VAT number the invoices could not be printed.
    let before = world.app.contents().await;
    let issue = world.run("2026-27", (5, 604_200), "run");
    assert_eq!(world.finance.refused("issueInvoices", issue).await, "NO_VAT_NUMBER");
    assert_eq!(world.app.contents().await, before);
    let director = world.app.sign_in("director@fenland.example").await;
    director.done("changeSettings", "", supplier("EDUCATION_BODY", Some("GB123456789"))).await;
    let preview = world.finance.page(&run).await;
    let text = preview.text();
    assert!(text.contains("neither education nor closely related to it"), "{text}");
    let rows = preview.texts("#goes-out tbody tr");
    let birch = rows.iter().find(|row| row.starts_with("Birch")).unwrap();
    assert!(birch.ends_with("£510.00 same £612.00 VAT £102.00"), "{birch}");
    assert_eq!(world.finance.submit(&run, "/run", &[]).await.status, 303);
    assert_eq!(world.app.text(line).await, "standard 2000 51000 10200");

    // A budget that does not say is one of shared costs, as all were.
    let other = World::new().await;
    other.finance.done("issueInvoices", "", other.run("2026-27", THIS_YEAR, "run")).await;
    assert_eq!(other.app.text(line).await, "outside_scope 0 51000 0");
    let draft = json!({ "label": "2028-29", "startsOn": "2028-09-01", "endsOn": "2029-08-31",
                        "formula": { "base": { "kind": "flat", "amount": 1_000 } },
                        "lines": [{ "description": "Co-ordination", "pence": 7_000 }] });
    let silent = json!({ "alliance": FENLAND, "budget": draft });
    let drafted = other.finance.done("draftBudget", selection, silent.clone()).await;
    assert_eq!(drafted["budget"]["contributionsAre"], "SHARED_COSTS");
    let head = other.app.sign_in("head@fenland.example").await;
    let before = other.app.contents().await;
    let mut by_a_head = silent;
    by_a_head["budget"]["contributionsAre"] = json!("SERVICES");
    let denied = head.try_mutate("draftBudget", "", by_a_head).await;
    assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(other.app.contents().await, before);
}

/// One line may be treated otherwise, for a reason that the preview says first and the invoice after it.
#[tokio::test(flavor = "multi_thread")]
async fn finance_decides_the_vat_of_a_single_line() {
    let world = World::new().await;
    let director = world.app.sign_in("director@fenland.example").await;
    let foreign_director = world.app.sign_in("director@harbour.example").await;
    let foreign = Things::of(fixture::HARBOUR, &foreign_director).await;
    let line = |member: &str, treatment: Value, reason: &str| {
        json!({ "alliance": FENLAND, "budgetId": world.things.budget("2026-27"), "reason": reason,
                "memberId": world.things.member(member), "treatment": treatment })
    };
    let standard = |member: &str| line(member, json!("STANDARD"), "It buys room hire");
    let with = |key: &str, value: &str| {
        let mut input = line("Birch Infant School", json!("EXEMPT"), "It buys training only");
        input[key] = value.into();
        input
    };

    let mut others = Vec::new();
    for (_, role) in fixture::ROLES {
        if role != "finance" {
            others.push((role, world.app.sign_in(&format!("{role}@fenland.example")).await));
        }
    }
    // What cannot be decided is refused, each for its reason, and changes nothing.
    let before = world.app.contents().await;
    for (input, code) in [
        (standard("Birch Infant School"), "NO_VAT_NUMBER"),
        (with("reason", " "), "INVALID_REASON"),
        (with("reason", &"x".repeat(301)), "INVALID_REASON"),
        (with("budgetId", world.things.budget("2027-28")), "NOT_AGREED"),
        (with("budgetId", "nothing"), "UNKNOWN_BUDGET"),
        (with("budgetId", foreign.budget("2026-27")), "UNKNOWN_BUDGET"),
        (with("memberId", "nothing"), "UNKNOWN_MEMBER"),
        (with("memberId", foreign.member("Birch Infant School")), "UNKNOWN_MEMBER"),
        (with("memberId", world.things.member(fixture::JOINER)), "UNKNOWN_MEMBER"),
        (line("Birch Infant School", Value::Null, "As it was"), "ALREADY_DECIDED"),
    ] {
        assert_eq!(world.finance.refused("overrideVat", input.clone()).await, code, "{input}");
    }
    let unknown = world.finance.try_mutate("overrideVat", "", with("treatment", "REDUCED")).await;
    assert!(unknown["errors"][0]["message"].as_str().unwrap().contains("REDUCED"), "{unknown}");
    for (role, person) in &others {
        let denied = person.try_mutate("overrideVat", "", with("reason", "Mine")).await;
        assert_eq!(denied["errors"][0]["extensions"]["code"], "FORBIDDEN", "{role}");
    }
    let run = format!("{}/run", world.finance.page("/fenland/budgets").await.link("2026-27"));
    let birch = world.things.member("Birch Infant School");
    for (treatment, reason, words) in [
        ("reduced", "It buys books", "Please choose one of these."),
        ("exempt", " ", "Please say why, in at most 300 characters: the invoice says it too."),
        (
            "standard",
            "It buys room hire",
            "VAT can be charged once the alliance’s VAT number is in its settings.",
        ),
    ] {
        let typed = [("member", birch), ("treatment", treatment), ("reason", reason)];
        let refused = world.finance.submit(&run, "/vat", &typed).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body.replace("&#39;", "’").contains(words), "{words}: {}", refused.body);
    }
    assert_eq!(world.app.contents().await, before);

    // Decided by the form, decided anew, taken back, and decided again: the last holds.
    director.done("changeSettings", "", supplier("EDUCATION_BODY", Some("GB123456789"))).await;
    let typed = [("member", birch), ("treatment", "exempt"), ("reason", "It buys training only")];
    assert_eq!(world.finance.submit(&run, "/vat", &typed).await.status, 303);
    let row = |page: &Page, member: &str| {
        let rows = page.texts("#goes-out tbody tr");
        rows.into_iter().find(|row| row.starts_with(member)).unwrap()
    };
    let preview = world.finance.page(&run).await;
    assert!(row(&preview, "Birch").contains("Exempt from VAT: It buys training only"), "{}", preview.text());
    assert!(preview.text().contains("A contribution to common costs"), "the rule for the others stays");
    let again = with("reason", "It buys training only");
    assert_eq!(world.finance.refused("overrideVat", again).await, "ALREADY_DECIDED");
    world
        .finance
        .done("overrideVat", "member { id }", line("Birch Infant School", Value::Null, "As usual"))
        .await;
    assert!(!row(&world.finance.page(&run).await, "Birch").contains("Exempt"));
    let recorded =
        &director.page("/fenland/changes?about=decision+about+VAT").await.texts("#changes tbody tr")[0];
    assert!(recorded.contains("decision about VAT Birch Infant School"), "{recorded}");
    assert!(recorded.contains("reason: As usual"), "{recorded}");
    world.finance.done("overrideVat", "", with("reason", "Training, says our accountant")).await;
    world.finance.done("overrideVat", "", standard("Cedar Secondary School")).await;
    let kept = "select string_agg(coalesce(vat_code, 'rules') || ' ' || reason, ', ' order by nth) from vat_overrides
                join members on members.id = member_id where name = 'Birch Infant School'";
    let all = "exempt It buys training only, rules As usual, exempt Training, says our accountant";
    assert_eq!(world.app.text(kept).await, all);

    let preview = world.finance.page(&run).await;
    let cedar = row(&preview, "Cedar");
    assert!(cedar.contains("Taxable at the standard rate, 20%: It buys room hire"), "{cedar}");
    assert!(cedar.ends_with("£2,050.00 same £2,460.00 VAT £410.00"), "{cedar}");
    let plan = "query($id: ID!) { alliance(slug: \"fenland\") { planRun(budgetId: $id) { plan { total netTotal goesOut {
        member { name } vat vatTreatment vatReason isVatOverridden } } } } }";
    let id = json!({ "id": world.things.budget("2026-27") });
    let plan = world.finance.graphql(plan, id).await["alliance"]["planRun"]["plan"].take();
    let planned = plan["goesOut"].as_array().unwrap();
    let overridden: Vec<_> =
        planned.iter().filter(|one| one["isVatOverridden"] == true).map(|one| &one["vatTreatment"]).collect();
    assert_eq!(overridden, ["EXEMPT", "STANDARD"]);
    assert!(
        planned
            .iter()
            .filter(|one| one["isVatOverridden"] == false)
            .all(|one| one["vatTreatment"] == "OUTSIDE_SCOPE")
    );
    assert_eq!(plan["total"].as_i64().unwrap() - plan["netTotal"].as_i64().unwrap(), 41_000);

    // Nothing that charges VAT goes out without the number, though it was there when that was decided.
    director.done("changeSettings", "", supplier("EDUCATION_BODY", None)).await;
    let before = world.app.contents().await;
    let total = plan["total"].as_i64().unwrap();
    let refused = world.finance.refused("issueInvoices", world.run("2026-27", (5, total), "without")).await;
    assert_eq!(refused, "NO_VAT_NUMBER");
    assert_eq!(world.app.contents().await, before);
    director.done("changeSettings", "", supplier("EDUCATION_BODY", Some("GB123456789"))).await;

    // The run issues what was shown, and the invoice stands.
    assert_eq!(world.finance.submit(&run, "/run", &[]).await.status, 303);
    world.app.work().await;
    let lines = "select string_agg(vat_code || ' ' || l.vat_pence, ', ' order by member_name)
                 from invoice_lines l join invoices i on i.id = invoice_id
                 where member_name in ('Birch Infant School', 'Cedar Secondary School') and issued_on = '2026-11-24'";
    assert_eq!(world.app.text(lines).await, "exempt 0, standard 41000");
    for (number, member, words) in [
        (
            "FEN-0008",
            "Birch Infant School",
            &["Exempt from VAT", "Training, says our accountant", "510.00"][..],
        ),
        ("FEN-0009", "Cedar Secondary School", &["VAT invoice", "It buys room hire", "20%", "2,460.00"]),
    ] {
        let page = page_of(&world, number, member).await;
        assert!(page.text().contains(words[1]), "{number}: {}", page.text());
        let pdf = pdf_text(&world.finance.get(&page.link("Open the PDF")).await.bytes);
        for words in words {
            assert!(pdf.contains(words), "{words}: {pdf}");
        }
    }
    let issued = world.app.contents().await;
    assert_eq!(
        world.finance.refused("overrideVat", standard("Birch Infant School")).await,
        "ALREADY_INVOICED"
    );
    assert_eq!(world.app.contents().await, issued);
}

async fn issue_a_mix(treatments: &[Option<&str>]) {
    let world = World::new().await;
    let director = world.app.sign_in("director@fenland.example").await;
    director.done("changeSettings", "", supplier("EDUCATION_BODY", Some("GB123456789"))).await;
    let budget_id = world.things.budget("2026-27");
    let plan = async || {
        let query = "query($id: ID!) { alliance(slug: \"fenland\") { planRun(budgetId: $id) { plan {
            total netTotal goesOut { member { id } net vat gross } } } } }";
        world.finance.graphql(query, json!({ "id": budget_id })).await["alliance"]["planRun"]["plan"].take()
    };
    let before = plan().await;
    let lines = before["goesOut"].as_array().unwrap();
    assert_eq!(lines.len(), treatments.len());
    for (one, treatment) in lines.iter().zip(treatments) {
        let Some(treatment) = treatment else { continue };
        let input = json!({ "alliance": FENLAND, "budgetId": budget_id, "memberId": one["member"]["id"],
                            "treatment": treatment, "reason": "Decided" });
        world.finance.done("overrideVat", "", input).await;
    }
    let after = plan().await;
    let pence = |value: &Value| value.as_i64().unwrap();
    let mut vat = 0;
    for ((before, one), treatment) in lines.iter().zip(after["goesOut"].as_array().unwrap()).zip(treatments) {
        assert_eq!((&one["member"], &one["net"]), (&before["member"], &before["net"]));
        let expected = if *treatment == Some("STANDARD") { (2 * pence(&one["net"]) + 5) / 10 } else { 0 };
        assert_eq!(pence(&one["vat"]), expected, "{treatment:?}: {one}");
        assert_eq!(pence(&one["net"]) + pence(&one["vat"]), pence(&one["gross"]), "{one}");
        vat += expected;
    }
    let total = pence(&after["total"]);
    assert_eq!((pence(&after["netTotal"]), total), (THIS_YEAR.1, THIS_YEAR.1 + vat));
    world.finance.done("issueInvoices", "", world.run("2026-27", (THIS_YEAR.0, total), "run")).await;
    let issued = "select concat_ws(' ', count(*), sum(i.net_pence), sum(i.vat_pence), sum(i.gross_pence), sum(l.net_pence),
                      sum(l.vat_pence), bool_and(i.net_pence + i.vat_pence = i.gross_pence and i.vat_pence = l.vat_pence))
                  from invoices i join invoice_lines l on l.alliance_id = i.alliance_id and l.invoice_id = i.id
                  join alliances a on a.alliance_id = i.alliance_id where slug = 'fenland' and issued_on = '2026-11-24'";
    let net = THIS_YEAR.1;
    assert_eq!(world.app.text(issued).await, format!("5 {net} {vat} {total} {net} {vat} t"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 20, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_issued_adds_up_for_any_mix_of_overrides(
        treatments in prop::collection::vec(
            prop::option::weighted(0.8, prop::sample::select(vec!["EXEMPT", "OUTSIDE_SCOPE", "ZERO", "STANDARD"])), 5)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(issue_a_mix(&treatments));
    }
}

/// Whoever gives up the registration bills nothing that VAT looks at, whatever was decided before.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_registered_overrides_nothing() {
    let world = World::new().await;
    let director = world.app.sign_in("director@fenland.example").await;
    let exempt = json!({ "alliance": FENLAND, "budgetId": world.things.budget("2026-27"), "treatment": "EXEMPT",
                         "memberId": world.things.member("Birch Infant School"), "reason": "It buys training only" });
    world.finance.done("overrideVat", "", exempt.clone()).await;
    director.done("changeSettings", "", supplier("NOT_REGISTERED", None)).await;
    let before = world.app.contents().await;
    let other = json!({ "alliance": FENLAND, "budgetId": world.things.budget("2026-27"), "treatment": "ZERO",
                        "memberId": world.things.member("Birch Infant School"), "reason": "Books" });
    assert_eq!(world.finance.refused("overrideVat", other).await, "NOT_REGISTERED");
    assert_eq!(world.app.contents().await, before);
    let run = format!("{}/run", world.finance.page("/fenland/budgets").await.link("2026-27"));
    let rows = world.finance.page(&run).await.texts("#goes-out tbody tr");
    assert!(rows.iter().all(|row| !row.contains("It buys training only")), "{rows:#?}");
}
