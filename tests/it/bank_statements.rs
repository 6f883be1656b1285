//! A bank's statement: what it would bring is shown first, and exactly that is taken.

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use sqlx::Executor;
use tests::{
    Client, TestApp,
    client::Answer,
    fixture::{FENLAND, day},
    page::Page,
};

use crate::operations::Things;

/// Sends a file with the form of the payments page.
pub async fn upload(client: &Client, bytes: Vec<u8>) -> Answer {
    let form = client.page("/fenland/payments").await.form("/import");
    let csrf = form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let file = Part::bytes(bytes).file_name("bank.csv");
    let body = Form::new().text("csrf", csrf).part("file", file);
    client.send(client.request(Method::POST, &form.action).multipart(body)).await
}

/// Sends on what the preview of a statement holds.
pub async fn take(client: &Client, preview: &Answer) -> Answer {
    assert_eq!(preview.status, 200, "{}", preview.body);
    let form = Page::new("/fenland/payments/import", &preview.body).form("/import/take");
    let body = form.fields.into_iter().fold(Form::new(), |body, (name, value)| body.text(name, value));
    client.send(client.request(Method::POST, &form.action).multipart(body)).await
}

const STATEMENT: &str = "Date,Description,Reference,Amount\n\
    20/11/26,FENLAND UNKNOWN,,12.00\n\
    20/11/26,BIRCH INFANT SCHO,SEE LETTER,100.00\n\
    20/11/26,BIRCH INFANT SCHO,SEE LETTER,100.00\n\
    21/11/26,COUNTY COUNCIL,FEN 0002,155.00\n\
    24/11/27,CEDAR,,1.00\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_preview_shows_is_what_is_taken() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let before = app.contents().await;
    let preview = upload(&finance, STATEMENT.into()).await;
    let shown = Page::new("", &preview.body).text();
    for words in [
        "4 new payments in bank.csv, £367.00 in all. Nothing has been taken.",
        "Birch Infant School Line 3: BIRCH INFANT SCHO SEE LETTER",
        "Birch Infant School Line 5: COUNTY COUNCIL FEN 0002",
        "It quotes FEN-0002.",
        "Payer not known Line 2: FENLAND UNKNOWN",
        "Line 6 The day 24 November 2027 is in the future.",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(app.contents().await, before, "a preview takes nothing");

    // Another statement with some of the lines comes in between: what was shown is no longer true.
    let other = "Date,Description,Reference,Amount\n20/11/26,BIRCH INFANT SCHO,SEE LETTER,100.00\n";
    let taken = take(&finance, &upload(&finance, other.into()).await).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    let between = app.contents().await;
    let refused = take(&finance, &preview).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("now 3 new payments, £267.00"), "{}", refused.body);
    assert_eq!(app.contents().await, between);
    let more =
        format!("{other}20/11/26,BIRCH INFANT SCHO,SEE LETTER,100.00\n20/11/26,FENLAND UNKNOWN,,12.00\n");
    let taken = take(&finance, &upload(&finance, more.into()).await).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    let refused = take(&finance, &preview).await;
    assert!(refused.body.contains("now 1 new payment, £155.00"), "{}", refused.body);

    // The new preview is right, and sending it twice takes once.
    let preview = upload(&finance, STATEMENT.into()).await;
    assert!(preview.body.contains("3 lines were taken before"), "{}", preview.body);
    for _ in 0..2 {
        let taken = take(&finance, &preview).await;
        assert_eq!(taken.status, 303, "{}", taken.body);
    }
    let of_birch = "select count(*) from payments join payers on payers.id = payer_id
                    where import_id is not null and legal_name = 'Birch Infant School'";
    assert_eq!(app.count(of_birch).await, 3);
    let nothing = upload(&finance, STATEMENT.into()).await;
    assert!(nothing.body.contains("There is nothing new in this file."), "{}", nothing.body);
    let list = finance.page("/fenland/payments?text=see+letter").await;
    assert_eq!(list.links("Birch Infant School").len(), 2, "{}", list.text());
}

/// A bank's lines, of which some tell of what [`recorded_by_hand`] recorded.
const AGAIN: &str = "Date,Description,Reference,Amount\n\
    20/11/26,BIRCH INFANT SCHO,,700.00\n\
    20/11/26,BIRCH INFANT SCHO,,700.00\n\
    20/11/26,BIRCH INFANT SCHO,,700.01\n\
    23/11/26,COUNTY COUNCIL,FEN 0002,10.00\n\
    20/11/26,HALL HIRE,,-60.00\n";

/// Records by hand what Birch paid, and what somebody else paid for its invoice.
async fn recorded_by_hand(finance: &Client) {
    let payers = "{ alliance(slug: \"fenland\") { payers { nodes { id legalName } }
        invoices(first: 100, filter: { text: \"FEN-0002\" }) { nodes { id } } } }";
    let found = finance.graphql(payers, json!({})).await["alliance"].take();
    let payer = |name: &str| {
        let payers = found["payers"]["nodes"].as_array().unwrap();
        payers.iter().find(|payer| payer["legalName"] == name).unwrap()["id"].clone()
    };
    for (name, amount, key) in
        [("Birch Infant School", 70_000, "one"), ("Alder Primary School", 1_000, "two")]
    {
        let input = json!({ "alliance": FENLAND, "receivedOn": "2026-11-20", "amount": amount, "payerId": payer(name),
                            "payerText": "", "method": "CHEQUE", "idempotencyKey": key });
        let payment = finance.done("recordPayment", "payment { id }", input).await["payment"]["id"].take();
        if amount == 1_000 {
            let parts = json!([{ "invoiceId": found["invoices"]["nodes"][0]["id"], "amount": amount }]);
            let input =
                json!({ "alliance": FENLAND, "paymentId": payment, "parts": parts, "idempotencyKey": "set" });
            finance.done("allocatePayment", "", input).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_by_hand_is_held_back_unless_it_is_ticked() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    // Twice the same line is two payments, as long as no payment like it is there.
    let twice = Page::new("", &upload(&finance, AGAIN.into()).await.body).text();
    assert!(twice.contains("4 new payments in bank.csv, £2,110.01 in all."), "{twice}");
    assert!(twice.contains("1 line of money out is left out."), "{twice}");
    recorded_by_hand(&finance).await;

    let before = app.contents().await;
    let preview = upload(&finance, AGAIN.into()).await;
    let shown = Page::new("/fenland/payments/import", &preview.body);
    for words in [
        "2 new payments in bank.csv, £1,400.01 in all. Nothing has been taken.",
        "Line 2: BIRCH INFANT SCHO Looks like the payment of £700.00 recorded on 24 Nov 2026 .",
        "Line 5: COUNTY COUNCIL FEN 0002 Looks like the payment of £10.00 recorded on 24 Nov 2026 .",
        "Take 2 payments, and what is ticked",
    ] {
        assert!(shown.text().contains(words), "{words}: {}", shown.text());
    }
    assert_eq!(app.contents().await, before, "a preview takes nothing");
    let payment = finance.page(&shown.link("the payment of £700.00")).await;
    assert_eq!(payment.texts("h1"), ["Payment of £700.00"]);

    // What is ticked is taken with the rest, once.
    let mut form = shown.form("/import/take");
    form.fields.push(("takeAnyway".into(), "2 70000".into()));
    for _ in 0..2 {
        let body = form
            .fields
            .iter()
            .fold(Form::new(), |body, (name, value)| body.text(name.clone(), value.clone()));
        let taken = finance.send(finance.request(Method::POST, &form.action).multipart(body)).await;
        assert_eq!(taken.status, 303, "{}", taken.body);
    }
    let of_seven_hundred = "select count(*) from payments where pence in (70000, 70001) and alliance_id =
                            (select alliance_id from alliances where slug = 'fenland')";
    assert_eq!(app.count(of_seven_hundred).await, 4);
    // A payment that was taken back is none.
    let mut refused = shown.form("/import/take");
    refused.fields.push(("takeAnyway".into(), "2 70000".into()));
    refused.fields.iter_mut().find(|(name, _)| name == "key").unwrap().1 = "another".into();
    let between = app.contents().await;
    let body = refused.fields.into_iter().fold(Form::new(), |body, (name, value)| body.text(name, value));
    let answer = finance.send(finance.request(Method::POST, &refused.action).multipart(body)).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert_eq!(app.contents().await, between);
    app.owner
        .execute(
            "insert into payment_reversals (alliance_id, payment_id, reason, reversed_at)
             select alliance_id, id, 'It bounced.', now() from payments where pence = 1000 and method = 'cheque'",
        )
        .await
        .unwrap();
    let shown = Page::new("", &upload(&finance, AGAIN.into()).await.body).text();
    assert!(shown.contains("1 new payment in bank.csv, £10.00 in all."), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_says_which_held_lines_to_take_anyway() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    recorded_by_hand(&finance).await;
    let before = app.contents().await;
    let import = async |change: Value| {
        let mut input =
            json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": AGAIN, "idempotencyKey": "file" });
        change.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
        let selection = "import { taken total moneyOut receipts { line }
            held { receipt { line amount } like { amount payer { legalName } } recordedOn } }";
        finance.done("importBankStatement", selection, input).await["import"].take()
    };
    let dry = import(json!({ "dryRun": true })).await;
    assert_eq!((&dry["taken"], &dry["total"], &dry["moneyOut"]), (&json!(2), &json!(140_001), &json!(1)));
    let like = json!({ "amount": 70_000, "payer": { "legalName": "Birch Infant School" } });
    let first =
        json!({ "receipt": { "line": 2, "amount": 70_000 }, "like": like, "recordedOn": "2026-11-24" });
    assert_eq!(dry["held"][0], first);
    assert_eq!(dry["held"][1]["receipt"]["line"], 5);
    assert_eq!(app.contents().await, before);

    let all = json!({ "takeAnyway": [2, 5], "dryRun": true });
    assert_eq!(
        import(all).await["receipts"],
        json!([{ "line": 2 }, { "line": 3 }, { "line": 4 }, { "line": 5 }])
    );
    let some = json!({ "takeAnyway": [5], "expectedCount": 3, "expectedTotal": 141_001 });
    let taken = import(some.clone()).await;
    assert_eq!((&taken["taken"], &taken["held"]), (&json!(3), &json!([first])));
    assert_eq!(import(some).await, taken, "the same request gives the same answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_a_program_the_same() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let before = app.contents().await;
    let import = async |change: Value| {
        let mut input = json!({ "alliance": FENLAND, "fileName": "bank.csv", "csv": STATEMENT, "idempotencyKey": "file" });
        change.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
        let selection = "import { taken total known knownLines rejected { line reason }
            receipts { line receivedOn amount payerText reference payer { legalName }
                       suggestions { reason parts { amount invoice { number } } } } }";
        finance.mutate("importBankStatement", selection, input).await
    };
    let dry = import(json!({ "dryRun": true })).await;
    assert_eq!(dry["errors"], json!([]));
    assert_eq!((&dry["import"]["taken"], &dry["import"]["total"]), (&json!(4), &json!(36_700)));
    assert_eq!(dry["import"]["rejected"][0]["line"], 6);
    let quoted = &dry["import"]["receipts"][3];
    assert_eq!(quoted["payer"]["legalName"], "Birch Infant School");
    assert_eq!(
        quoted["suggestions"][0]["parts"],
        json!([{ "amount": 15_500, "invoice": { "number": "FEN-0002" } }])
    );
    assert_eq!(app.contents().await, before);

    let wrong = import(json!({ "expectedCount": 3, "expectedTotal": 36_700 })).await;
    assert_eq!(wrong["errors"][0]["code"], "PLAN_CHANGED");
    assert_eq!(app.contents().await, before);
    let expected = json!({ "expectedCount": 4, "expectedTotal": 36_700 });
    let taken = import(expected.clone()).await;
    assert_eq!(taken["import"], dry["import"]);
    let after = app.contents().await;
    assert_eq!(import(expected).await["import"]["taken"], 4, "the same request gives the same answer");
    assert_eq!(import(json!({ "csv": "Date,Description,Amount\n" })).await["errors"][0]["code"], "MISMATCH");
    let again = import(json!({ "idempotencyKey": "another", "dryRun": true })).await;
    assert_eq!(
        (&again["import"]["taken"], &again["import"]["knownLines"]),
        (&json!(0), &json!([2, 3, 4, 5]))
    );
    assert_eq!(app.contents().await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_too_large_is_told_so() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let before = app.contents().await;
    for megabytes in [5.5, 7.0, 20.0] {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few whole bytes")]
        let answer = upload(&finance, vec![b'x'; (megabytes * 1_048_576.0) as usize]).await;
        assert_eq!(answer.status, 422, "{megabytes} MB: {}", answer.body);
        assert!(answer.body.contains("This file is larger than 5 MB"), "{megabytes} MB: {}", answer.body);
    }
    assert_eq!(app.contents().await, before);
}

/// Nine academies of one trust, invoiced for 2027-28; the ids of their invoices, and what they come to.
async fn trust_of_nine(director: &Client, finance: &Client) -> (Vec<Value>, i64) {
    let mut payer = json!({ "newPayer": { "kind": "TRUST", "legalName": "Washlands Learning Trust",
                                          "address": "1 Sluice Road", "purchaseOrder": "NONE" } });
    for school in ["Ash", "Beech", "Bramble", "Chestnut", "Hawthorn", "Hazel", "Maple", "Oak", "Rowan"] {
        let mut member = json!({ "alliance": FENLAND, "name": format!("{school} Academy"), "phase": "PRIMARY",
                                 "joinedOn": "2026-11-01" });
        payer.as_object().unwrap().iter().for_each(|(key, value)| member[key] = value.clone());
        let added = director.done("addMember", "member { id payer { id } }", member).await["member"].take();
        payer = json!({ "payerId": added["payer"]["id"] });
        let roll = json!({ "alliance": FENLAND, "memberId": added["id"], "pupils": 210, "censusDate": "2026-10-01",
                           "source": "autumn census" });
        director.done("recordRoll", "", roll).await;
    }
    let budget = Things::of(FENLAND, director).await.budget("2027-28").to_owned();
    finance.done("agreeBudget", "", json!({ "alliance": FENLAND, "budgetId": budget })).await;
    let plan =
        "query($id: ID!) { alliance(slug: \"fenland\") { planRun(budgetId: $id) { plan { count total } } } }";
    let plan = finance.graphql(plan, json!({ "id": budget })).await["alliance"]["planRun"]["plan"].take();
    let run = json!({ "alliance": FENLAND, "budgetId": budget, "expectedCount": plan["count"],
                      "expectedTotal": plan["total"], "idempotencyKey": "run" });
    finance.done("issueInvoices", "", run).await;
    let theirs = "query($payer: ID!) { alliance(slug: \"fenland\") { invoices(filter: { payerId: $payer }, first: 100) {
        nodes { id outstanding } } } }";
    let theirs = finance.graphql(theirs, json!({ "payer": payer["payerId"] })).await;
    let theirs = theirs["alliance"]["invoices"]["nodes"].as_array().unwrap().clone();
    assert_eq!(theirs.len(), 9);
    let sum = theirs.iter().map(|invoice| invoice["outstanding"].as_i64().unwrap()).sum();
    (theirs, sum)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_payment_for_nine_schools_in_part_in_whole_and_too_much() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let (invoices, sum) = trust_of_nine(&director, &finance).await;

    // A first part, by the page: who it is from is known by the name, cut short by the bank; what is due first is filled in.
    let pounds = |pence: i64| format!("{}.{:02}", pence / 100, pence % 100);
    let line = |pence: i64| {
        format!("Date,Description,Amount\n20/11/26,WASHLANDS LEARNING,{}\n", pounds(pence)).into_bytes()
    };
    let preview = upload(&finance, line(1_000)).await;
    assert!(preview.body.contains("what is due first is paid first"), "{}", preview.body);
    assert_eq!(take(&finance, &preview).await.status, 303);
    let open = finance.page("/fenland/payments?state=OPEN&text=washlands").await;
    let payment = open.link("Washlands Learning Trust");
    assert_eq!(finance.submit(&payment, &payment, &[]).await.status, 303);
    let parts = "select count(*) from allocations where pence = 1000 and alliance_id =
                 (select alliance_id from alliances where slug = 'fenland')";
    assert_eq!(app.count(parts).await, 1);

    // The rest in one sum, by a program: it is exactly what the trust owes for its nine.
    let input = json!({ "alliance": FENLAND, "fileName": "bank.csv", "idempotencyKey": "rest",
                        "csv": String::from_utf8(line(sum - 1_000)).unwrap() });
    finance.done("importBankStatement", "", input).await;
    let query =
        "{ alliance(slug: \"fenland\") { payments(filter: { states: [OPEN], text: \"Washlands\" }, first: 2) { nodes {
        id suggestions { reason parts { amount invoice { id } } } } } } }";
    let payments = finance.graphql(query, json!({})).await["alliance"]["payments"]["nodes"].take();
    assert_eq!(payments.as_array().unwrap().len(), 1);
    let suggestion = &payments[0]["suggestions"][0];
    assert_eq!(suggestion["reason"], "It is exactly what Washlands Learning Trust owes for 9 invoices.");
    let parts = suggestion["parts"].as_array().unwrap().iter();
    let parts: Vec<_> =
        parts.map(|part| json!({ "invoiceId": part["invoice"]["id"], "amount": part["amount"] })).collect();
    assert_eq!(parts.len(), 9);
    let split = json!({ "alliance": FENLAND, "paymentId": payments[0]["id"], "parts": parts, "idempotencyKey": "split" });
    let set =
        finance.done("allocatePayment", "payment { free allocations { invoice { id state } } }", split).await;
    assert_eq!(set["payment"]["free"], 0);
    let paid = set["payment"]["allocations"].as_array().unwrap();
    assert!(paid.iter().all(|row| row["invoice"]["state"] == "PAID"), "{paid:#?}");
    assert_eq!(paid.len(), invoices.len());

    // Paid once more by mistake: nothing needs it, it is free, and goes back.
    assert_eq!(take(&finance, &upload(&finance, line(5_000)).await).await.status, 303);
    let open = finance.page("/fenland/payments?state=OPEN&text=washlands").await;
    let payment = open.link("Washlands Learning Trust");
    let back = [("amount", "20.00"), ("sentOn", "24/11/26"), ("whySentBack", "Paid twice")];
    assert_eq!(finance.submit(&payment, "/refund", &back).await.status, 303);
    let shown = finance.page(&payment).await;
    assert!(shown.text().contains("£20.00 sent back £30.00 not yet used"), "{}", shown.text());
    // The form has what is left filled in.
    assert_eq!(finance.submit(&payment, "/refund", &[("whySentBack", "Paid twice")]).await.status, 303);
    assert!(finance.page(&payment).await.text().contains("£50.00 sent back £0.00 not yet used"));
    // All of it stands on the trust's account, which comes to nothing.
    let account = finance.page(&finance.page(&payment).await.link("Statement of account")).await;
    assert!(account.text().contains("Nothing is owed to"), "{}", account.text());
    let lines = account.texts("#statement tbody td:last-child");
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (9 + 3 + 2, "£0.00"), "{}", account.text());
    let file = finance.get(&account.link("Download as CSV")).await;
    assert_eq!(file.body.lines().count(), 1 + lines.len(), "{}", file.body);
    assert!(file.body.contains("\"24/11/2026\",\"Refund\",\"\",\"Paid twice\",\"20.00\""), "{}", file.body);
    let list = finance.get("/fenland/payments.csv?state=REFUNDED&text=washlands").await;
    let row = "\"20/11/2026\",\"Washlands Learning Trust\",\"WASHLANDS LEARNING\",\"\",\"Bacs\",\"50.00\",\"0.00\",\"50.00\",\"0.00\",\"Sent back\",\"\"";
    assert!(list.body.lines().count() == 2 && list.body.contains(row), "{}", list.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debt_grows_old_from_column_to_column_and_each_amount_shows_its_invoices() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let run = format!("{}/run", finance.page("/fenland/budgets").await.link("2026-27"));
    let issued = finance.submit(&run, "/run", &[("dueOn", "08/12/26")]).await;
    assert_eq!(issued.status, 303, "{}", issued.body);
    for (today, column) in [
        (day(2026, 12, 8), 0),
        (day(2026, 12, 9), 1),
        (day(2027, 1, 7), 1),
        (day(2027, 1, 8), 2),
        (day(2027, 2, 7), 3),
        (day(2027, 3, 8), 3),
        (day(2027, 3, 9), 4),
    ] {
        app.set_date(today);
        let finance = app.sign_in("finance@fenland.example").await;
        let debt = finance.page("/fenland/debt").await;
        let cells = |row: &str| debt.texts(&format!("#debt {row} td"));
        let mut expected = vec!["–"; 7];
        (expected[column], expected[5]) = ("£825.00", "£825.00");
        assert_eq!(cells("tbody tr:first-child"), expected, "Alder Primary School on {today}");
        // Cedar disputes last year's: that stands apart from what it owes for this year.
        (expected[column], expected[5], expected[6]) = ("£2,050.00", "£2,050.00", "£2,050.00");
        assert_eq!(cells("tbody tr:nth-child(3)"), expected, "Cedar Secondary School on {today}");
        assert_eq!(cells("tfoot tr")[6], "£2,050.00");
        // Each amount leads to invoices that come to it.
        let links: Vec<_> = debt.links("£").into_iter().filter(|link| link.contains("/invoices?")).collect();
        let amounts = debt.texts("#debt a[href*='state=']");
        let amounts: Vec<_> = amounts.iter().filter(|text| text.starts_with('£')).collect();
        assert!(links.len() == amounts.len() && links.len() > 6, "{links:?} {amounts:?}");
        for (link, amount) in links.iter().zip(amounts) {
            let list = finance.page(link).await;
            let sum: i64 = list.texts("td[data-label='Still to come']").iter().map(|text| pence(text)).sum();
            assert_eq!(sum, pence(amount), "{link} on {today}: {}", list.text());
        }
    }
}

fn pence(pounds: &str) -> i64 {
    let digits: String = pounds.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_and_work_are_lists_that_a_spreadsheet_opens() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    for (list, field, state) in [("mail", "deliveries", "SENT"), ("jobs", "jobs", "PARKED")] {
        let query = format!(
            "{{ alliance(slug: \"fenland\") {{ some: {field}(state: {state}) {{ totalCount }} all: {field} {{ totalCount }} }} }}"
        );
        let counts = director.graphql(&query, json!({})).await["alliance"].take();
        let count = |which: &str| counts[which]["totalCount"].as_u64().unwrap();
        let page = director.page(&format!("/fenland/{list}?state={state}")).await;
        let file = director.get(&page.link("Download as CSV")).await;
        assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
        assert_eq!(file.body.lines().count() as u64, count("some") + 1, "{}", file.body);
        let all = director.get(&format!("/fenland/{list}.csv")).await;
        assert_eq!(all.body.lines().count() as u64, count("all") + 1, "{}", all.body);
        assert!(count("some") > 0);
    }
    let file = director.get("/fenland/jobs.csv?state=PARKED").await;
    assert_eq!(file.body.lines().count(), 2, "the filter lets others through: {}", file.body);
    assert!(file.body.contains("\"Parked\",\"the file store was full\""), "{}", file.body);
}
