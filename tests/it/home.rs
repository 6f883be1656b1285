//! The first page: what needs whom.

use serde_json::json;
use sqlx::Executor;
use tests::{
    TestApp,
    fixture::{FENLAND, found},
};

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
    assert!(has(&finance, "payments are to be matched"), "{finance:?}");
    let home = app.sign_in("finance@fenland.example").await.page("/fenland").await;
    assert_eq!(home.link("Match"), "/fenland/payments?state=OPEN", "the list that it names");
    // Who may not match it is not asked to.
    let director = needs(&app, "director").await;
    assert!(!has(&director, "to be matched"), "{director:?}");
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
    let member = manager.page(&home.links("Open the first")[0]).await;
    assert_eq!(member.texts("h1"), ["Birch Infant School"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_reads_first_what_the_school_is_asked_for() {
    let app = TestApp::new().await;
    let head = app.sign_in("head@fenland.example").await;
    let before = head.page("/fenland").await.text();
    assert!(!before.contains("still to be paid"), "{before}");
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
    assert!(has(&director, "Add the first member") && director.len() == 1, "{director:?}");
    assert_eq!(needs(&app, "finance").await, Vec::<String>::new());
    let member = json!({ "alliance": FENLAND, "name": "Gorse Nursery School", "phase": "NURSERY",
                         "joinedOn": "2026-11-01", "newPayer": { "kind": "SCHOOL", "legalName": "Gorse",
                         "address": "1 Lane", "purchaseOrder": "NONE" } });
    app.sign_in("director@fenland.example").await.done("addMember", "", member).await;
    for local in ["director", "finance"] {
        let needs = needs(&app, local).await;
        assert!(has(&needs, "Draft the first budget") && !has(&needs, "first member"), "{needs:?}");
    }
}
