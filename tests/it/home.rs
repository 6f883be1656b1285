//! The first page: what needs whom.

use domain::money::Pence;
use serde_json::json;
use sqlx::Executor;
use tests::{
    Client, TestApp,
    fixture::{FENLAND, found},
    page::Page,
};

use crate::operations::Things;

/// What `local` is asked to do, each with its reason and its button.
async fn needs(app: &TestApp, local: &str) -> Vec<String> {
    app.sign_in(&format!("{local}@fenland.example")).await.page("/fenland").await.texts("main .todo li")
}

fn has(needs: &[String], words: &str) -> bool {
    needs.iter().any(|need| need.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_nobody_matched_is_the_finance_leads() {
    let app = TestApp::new().await;
    let finance = needs(&app, "finance").await;
    assert!(has(&finance, "payments to match"), "{finance:?}");
    let home = app.sign_in("finance@fenland.example").await.page("/fenland").await;
    assert_eq!(home.link("Match"), "/fenland/payments?state=OPEN", "the list that it names");
    // Who may not match it is not asked to.
    let director = needs(&app, "director").await;
    assert!(!has(&director, "to match"), "{director:?}");
}

/// A role for the whole alliance that sees no money takes nothing from whoever is asked about a school's.
#[tokio::test(flavor = "multi_thread")]
async fn a_finance_contact_finds_their_school_whatever_their_role() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let reviewer = app.sign_in("reviewer@fenland.example").await;
    assert!(!reviewer.page("/fenland").await.text().contains("Birch Infant School"));
    let payer = json!({ "alliance": FENLAND, "payerId": things.payer("Birch Infant School"),
                        "payer": { "kind": "SCHOOL", "legalName": "Birch Infant School", "address": "2 Mill Road",
                                   "purchaseOrder": "NONE",
                                   "financeContactId": things.person_named("The peer reviewer of them all") } });
    director.done("changePayer", "", payer).await;
    let home = reviewer.page("/fenland").await;
    assert_eq!(home.texts("main h2"), ["Birch Infant School"]);
    assert!(home.text().contains("FEN-"), "{}", home.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_was_given_up_needs_somebody_until_it_is_settled() {
    let app = TestApp::new().await;
    let director = needs(&app, "director").await;
    assert!(has(&director, "1 piece of work was given up"), "{director:?}");
    app.owner
        .execute("update jobs set state = 'cancelled', finished_at = now() where state = 'parked'")
        .await
        .unwrap();
    let director = needs(&app, "director").await;
    assert!(!has(&director, "given up"), "{director:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_nobody_got_are_told() {
    let app = TestApp::new().await;
    let refused = needs(&app, "finance").await;
    assert!(has(&refused, "1 mail was refused"), "{refused:?}");
    app.owner
        .execute("update deliveries set state = 'sent', sent_at = now() where state = 'refused'")
        .await
        .unwrap();
    let sent = needs(&app, "finance").await;
    assert!(!has(&sent, "refused"), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_lacks_is_told_by_its_name_with_a_way_there() {
    let app = TestApp::new().await;
    let before = needs(&app, "manager").await;
    assert!(!has(&before, "Birch Infant School"), "{before:?}");
    let of_birch = "(select id from members where name = 'Birch Infant School')";
    let forget = format!("delete from member_rolls where member_id in {of_birch}");
    app.owner.execute(sqlx::AssertSqlSafe(forget)).await.unwrap();
    app.owner
        .execute("update payers set accounts_email = null where legal_name = 'Cedar Secondary School'")
        .await
        .unwrap();
    let after = needs(&app, "manager").await;
    assert!(has(&after, "rolls that are not known Birch Infant School."), "{after:?}");
    assert!(has(&after, "where invoices go Cedar Secondary School."), "{after:?}");
    let manager = app.sign_in("manager@fenland.example").await;
    let home = manager.page(&format!("/{FENLAND}")).await;
    let see = |words: &str| home.links("See which").into_iter().find(|link| link.contains(words)).unwrap();
    for (lack, name) in [("ROLL", "Birch Infant School"), ("ADDRESS", "Cedar Secondary School")] {
        let list = manager.page(&see(lack)).await;
        assert_eq!(list.texts("#members tbody th a"), [name], "{lack}: {}", list.text());
    }
}

/// Every member counts, however many there are; who may not see money is not told who has no address.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_members_all_that_lack_something_are_counted() {
    let app = TestApp::new().await;
    app.owner
        .execute(
            "insert into members (alliance_id, id, name, phase, payer_id, joined_on, created_at)
             select alliance_id, gen_random_uuid(), 'Zinnia School ' || n, 'primary', payer_id, '2026-09-01', created_at
             from members cross join generate_series(1, 120) n where name = 'Birch Infant School'",
        )
        .await
        .unwrap();
    let manager = needs(&app, "manager").await;
    assert!(
        has(&manager, "Zinnia School 1, Zinnia School 10, Zinnia School 100, and 117 more."),
        "{manager:?}"
    );
    let count = "query($lack: Lack!) { alliance(slug: \"fenland\") {
        members(without: $lack, first: 1) { totalCount nodes { name } } } }";
    let head = app.sign_in("head@fenland.example").await;
    let told = head.graphql(count, json!({ "lack": "ROLL" })).await;
    assert_eq!(told["alliance"]["members"]["totalCount"], 120);
    let answer = head.execute(count, json!({ "lack": "ADDRESS" })).await;
    assert!(answer.body.contains("FORBIDDEN") && !answer.body.contains("totalCount"), "{}", answer.body);
}

/// A list as its file has it: the values of a column in pence, one for each invoice.
async fn column(client: &Client, list: &Page, name: &str) -> Vec<i64> {
    let file = client.get(&list.link("Download as CSV")).await.body;
    let mut rows =
        file.trim_start_matches('\u{feff}').lines().map(|line| line.trim_matches('"').split("\",\""));
    let at = rows.next().unwrap().position(|heading| heading == name).unwrap();
    rows.map(|mut row| Pence::parse(row.nth(at).unwrap()).unwrap().0).collect()
}

/// Each figure with what it says in pence, and what its link lists: exactly the invoices that it counts.
async fn figures_count_what_they_link_to(client: &Client, path: &str, figures: &[(&str, &str)]) {
    let page = client.page(path).await;
    let said = page.texts(".figures a");
    for (words, name) in figures {
        let figure = said.iter().find(|text| text.ends_with(words));
        let figure = figure.unwrap_or_else(|| panic!("{path}: no figure for {words}: {said:?}"));
        let pence = Pence::parse(figure.split(' ').next().unwrap()).unwrap().0;
        let list = client.page(&page.link(figure)).await;
        let listed = column(client, &list, name).await;
        assert_eq!(listed.iter().sum::<i64>(), pence, "{path}: {words}");
        assert!(*name == "Billed" || listed.iter().all(|pence| *pence > 0), "{path}: {words}: {listed:?}");
        let again = list.texts(".figures a");
        assert!(
            again.iter().any(|text| text.split(' ').next() == figure.split(' ').next()),
            "{path}: {again:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_counts_what_its_link_lists() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let run = format!("{}/run", finance.page("/fenland/budgets").await.link("2026-27"));
    assert_eq!(finance.submit(&run, "/run", &[]).await.status, 303);
    let held = finance.page("/fenland/invoices?state=DUE").await.links("Alder Primary School").remove(0);
    let pause = [("chasing", "held"), ("why", "The head is away.")];
    assert_eq!(finance.submit(&held, "/chasing", &pause).await.status, 303);
    assert!(has(&needs(&app, "finance").await, "1 invoice is held"));

    let home = [
        ("invoiced", "Billed"),
        ("paid on invoices", "Received"),
        ("credited", "Credited"),
        ("still to come", "Outstanding"),
    ];
    figures_count_what_they_link_to(&finance, "/fenland", &home).await;
    let list = [("received", "Received"), ("credited", "Credited"), ("still to come", "Outstanding")];
    for filter in
        ["", "?text=school", "?state=DISPUTED", "?state=PAID&text=trust", "?has=received", "?state=OWED"]
    {
        figures_count_what_they_link_to(&finance, &format!("/fenland/invoices{filter}"), &list).await;
    }
    // What a credit took back was not received.
    let fir = finance.page("/fenland/invoices?has=credited").await;
    assert_eq!(
        (fir.count("rect.gone[width='1000']"), fir.count("rect.got[width='0']")),
        (1, 1),
        "{}",
        fir.text()
    );

    let head = app.sign_in("head@fenland.example").await;
    let list = [("paid", "Received"), ("still to pay", "Outstanding")];
    figures_count_what_they_link_to(&head, "/fenland/invoices", &list).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_that_wait_for_an_order_number_are_told_with_a_way_to_their_run() {
    let app = TestApp::new().await;
    let before = needs(&app, "finance").await;
    assert!(has(&before, "1 share waits for an order number £"), "{before:?}");
    let finance = app.sign_in("finance@fenland.example").await;
    let home = finance.page("/fenland").await;
    let run = finance.page(&home.link("Give it")).await;
    assert!(run.text().contains("order number"), "{}", run.text());
    let other = app.sign_in("finance@harbour.example").await.page("/harbour").await;
    assert_eq!(
        other.texts("main .todo li").len(),
        before.len(),
        "each alliance has its own: {}",
        other.text()
    );
    app.owner
        .execute("update payers set purchase_order = 'requested' where purchase_order = 'required'")
        .await
        .unwrap();
    let after = needs(&app, "finance").await;
    assert!(!has(&after, "order number"), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_reads_first_what_the_school_is_asked_for() {
    let app = TestApp::new().await;
    let head = app.sign_in("head@fenland.example").await;
    let before = head.page("/fenland").await.text();
    assert!(!before.contains("still to be paid"), "{before}");
    // Others owe something; a head reads of their own school.
    let owes = head.page("/fenland/debt").await;
    assert_eq!(
        (owes.texts("h1"), owes.texts(".nav [aria-current]")[0].as_str()),
        (vec!["What you owe".into()], "What you owe")
    );
    assert!(owes.text().contains("Your school owes nothing."), "{}", owes.text());
    let finance = app.sign_in("finance@fenland.example").await;
    let run = format!("{}/run", finance.page("/fenland/budgets").await.link("2026-27"));
    assert_eq!(finance.submit(&run, "/run", &[]).await.status, 303);
    let after = head.page("/fenland").await.text();
    assert!(after.contains("1 invoice of your school is still to be paid: £"), "{after}");
    let staff = app.sign_in("staff@fenland.example").await.page("/fenland").await.text();
    assert!(!staff.contains("still to be paid"), "{staff}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_alliance_is_told_what_to_begin_with() {
    let app = TestApp::empty().await;
    found(&app.app, FENLAND).await;
    let director = needs(&app, "director").await;
    assert!(has(&director, "Add the members") && has(&director, "Draft the first budget"), "{director:?}");
    assert_eq!(needs(&app, "finance").await, Vec::<String>::new());
    let member = json!({ "alliance": FENLAND, "name": "Gorse Nursery School", "phase": "NURSERY",
                         "joinedOn": "2026-11-01", "newPayer": { "kind": "SCHOOL", "legalName": "Gorse",
                         "address": "1 Lane", "purchaseOrder": "NONE" } });
    app.sign_in("director@fenland.example").await.done("addMember", "", member).await;
    for local in ["director", "finance"] {
        let needs = needs(&app, local).await;
        assert!(has(&needs, "Draft the first budget"), "{needs:?}");
    }
}
