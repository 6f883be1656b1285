//! The main job from end to end, as the finance lead does it with the pages: try a formula, agree, issue, open the PDF,
//! find the mail, record the payment, and see who is reminded.

use tests::{Client, TestApp, fixture::day, page::Page};

async fn finance(app: &TestApp) -> Client {
    app.sign_in("finance@fenland.example").await
}

/// Follows the redirect of a form that was taken.
async fn after(client: &Client, answer: tests::client::Answer) -> Page {
    assert_eq!(answer.status, 303, "{}", answer.body);
    client.page(answer.location()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_contributions_from_formula_to_reminder() {
    let app = TestApp::new().await;
    let finance = finance(&app).await;

    // The draft of 2027-28 with a flat fee, tried before anybody commits: each school's share, now and then.
    let budgets = finance.page("/fenland/budgets").await;
    let budget = budgets.link("2027-28");
    let tried = finance.page(&format!("{budget}?base=flat&amount=900.00")).await;
    for words in ["£825.00", "£900.00", "£75.00"] {
        assert!(tried.text().contains(words), "{words}: {}", tried.text());
    }
    let agreed = finance.submit(&budget, "/agree", &[]).await;
    let agreed = after(&finance, agreed).await;
    assert!(agreed.text().contains("Alder Primary School"));

    // The run of the current year: five go out, Fir waits for its order.
    let budget = budgets.link("2026-27");
    let run = format!("{budget}/run");
    let preview = finance.page(&run).await;
    assert!(preview.text().contains("5,035.00"), "{}", preview.text());
    assert!(preview.text().contains("Fir Special School"));
    let issued = after(&finance, finance.submit(&run, "/run", &[]).await).await;
    assert!(issued.text().contains("5 invoices are issued"), "{}", issued.text());
    app.work().await;

    // The mail has the very file that the page shows.
    let mails = app.mails.to("birch@fenland-schools.example");
    let mail = mails.iter().find(|mail| mail.subject().contains("FEN-0008")).unwrap();
    assert!(mail.text().contains("£510.00"), "{}", mail.text());
    assert!(mail.text().contains("12-34-56") && mail.html().contains("FEN-0008"));
    let invoices = finance.page("/fenland/invoices?text=birch").await;
    assert_eq!(
        invoices.links("Alder Primary School"),
        Vec::<String>::new(),
        "the filter lets others through"
    );
    let mut shown = Vec::new();
    for link in invoices.links("Birch Infant School") {
        shown.push(finance.page(&link).await);
    }
    let shown = shown.iter().find(|page| page.text().contains("FEN-0008")).unwrap();
    let pdf = finance.get(&shown.link("Open the PDF")).await;
    assert_eq!(pdf.headers["content-type"], "application/pdf");
    assert!(pdf.bytes.starts_with(b"%PDF-"));
    let attachments = mail.attachments();
    assert_eq!(attachments.len(), 1);
    assert!(attachments[0].1 == pdf.bytes, "the mail's PDF is another than the page's");

    // Birch pays; the reference it quotes fills in the form.
    let payment = [("receivedOn", "2026-11-24"), ("amount", "510.00"), ("reference", "FEN-0008")];
    let recorded = after(&finance, finance.submit("/fenland/payments", "/payments", &payment).await).await;
    assert!(recorded.text().contains("£510.00"), "{}", recorded.text());

    let parts = finance.submit(&recorded.path, &recorded.path, &[]).await;
    after(&finance, parts).await;

    // A month later those who have not paid are reminded, and nobody else: not Birch for this year, and not Fir, who
    // was not asked.
    app.mails.clear();
    app.pass_days_to(day(2027, 1, 4)).await;
    let mut reminded: Vec<_> =
        app.mails.received().iter().map(|mail| format!("{}: {}", mail.to[0], mail.subject())).collect();
    reminded.retain(|line| line.contains("@fenland-"));
    reminded.sort();
    assert_eq!(
        reminded,
        [
            "alder@fenland-schools.example: Invoice FEN-0007 for Alder Primary School: due on 4 January 2027",
            "birch@fenland-schools.example: Can we help with invoice FEN-0002 for Birch Infant School?",
            "cedar@fenland-schools.example: Invoice FEN-0009 for Cedar Secondary School: due on 4 January 2027",
            "hedgerow@fenland-schools.example: Invoice FEN-0010 for Dogwood Academy: due on 4 January 2027",
            "hedgerow@fenland-schools.example: Invoice FEN-0011 for Elm Academy: due on 4 January 2027",
        ]
    );
}
