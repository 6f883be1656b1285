//! Another address to sign in with: proving it, what follows in the alliances, two accounts that become one, undoing it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, HARBOUR},
    page::Page,
    phone::Phone,
    smtp::Received,
};

const FINANCE: &str = "finance@fenland.example";
const NEW: &str = "new.post@elsewhere.example";

fn pass(app: &TestApp, time: TimeDelta) {
    app.set_time(app.app.clock.now() + time);
}

/// The newest mail to somebody, of the two it may be.
async fn mail(app: &TestApp, email: &str) -> Received {
    app.work().await;
    app.mails.to(email).pop().unwrap_or_else(|| panic!("no mail to {email}"))
}

fn digits(mail: &Received) -> String {
    let text = mail.text();
    let mut words = text.split(|c: char| !c.is_ascii_digit()).filter(|word| word.len() == 6);
    words.next().unwrap_or_else(|| panic!("no code in: {text}")).to_owned()
}

fn wrong(right: &str) -> &'static str {
    if right == "000000" { "000001" } else { "000000" }
}

/// Asks for a code at `email` and types it. Returns the code of what was answered, or nothing.
async fn change(app: &TestApp, client: &Client, email: &str) -> Option<String> {
    let asked = client.mutate("changeAddress", "viewer { email }", json!({ "email": email })).await;
    if let Some(error) = asked["errors"].get(0) {
        return Some(error["code"].as_str().unwrap().to_owned());
    }
    let code = digits(&mail(app, email).await);
    let done = client.mutate("confirmAddress", "viewer { email }", json!({ "code": code })).await;
    if let Some(error) = done["errors"].get(0) {
        return Some(error["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(done["viewer"]["email"], email);
    None
}

/// What the mail to the old address says: the page that undoes the change, and the code.
async fn undoing(app: &TestApp, email: &str) -> (String, String) {
    let told = mail(app, email).await;
    let text = told.text();
    let page = text.split_whitespace().find(|word| word.contains("/account/address/undo?change=")).unwrap();
    (page[page.find("/account").unwrap()..].to_owned(), digits(&told))
}

async fn undo(client: &Client, (page, code): &(String, String)) -> u16 {
    let form = client.page(page).await.form("/account/address/undo");
    client.send_form(&form.with(&[("code", code)])).await.status
}

async fn alliances(client: &Client) -> Vec<String> {
    let found = client.graphql("{ viewer { alliances { slug } } }", json!({})).await;
    let entries = found["viewer"]["alliances"].as_array().unwrap();
    entries.iter().map(|one| one["slug"].as_str().unwrap().to_owned()).collect()
}

/// How the alliance knows its finance lead, and what it says was changed.
async fn known(director: &Client) -> Value {
    let query = "{ alliance(slug: \"fenland\") { people(role: FINANCE_LEAD) { nodes {
        email changes { what before after changedBy { name } } } } } }";
    director.graphql(query, json!({})).await["alliance"]["people"]["nodes"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_proves_the_new_address_and_the_alliance_follows() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    let elsewhere = app.sign_in_anew(FINANCE).await;
    let before = app.contents().await;
    let page = finance.page(&finance.page("/account").await.link("Sign in with another address")).await;
    let form = page.form("/account/address");
    for (typed, field) in [("by post", "by post"), (FINANCE, FINANCE)] {
        let refused = finance.send_form(&form.clone().with(&[("email", typed)])).await;
        assert_eq!(refused.status, 422, "{typed}");
        let refused = Page::new("/account/address", &refused.body);
        assert_eq!(refused.count(&format!("#email[aria-invalid=true][value='{field}']")), 1, "{typed}");
    }
    assert_eq!(app.contents().await, before);

    let asked = finance.send_form(&form.with(&[("email", " New.Post@Elsewhere.example ")])).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let code = digits(&mail(&app, NEW).await);
    assert!(app.mails.to(FINANCE).is_empty(), "the old address is told of what nobody has proved");
    let form = Page::new("/account/address", &asked.body).form("/account/address/confirm");
    let refused = finance.send_form(&form.clone().with(&[("code", wrong(&code))])).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("That code does not work"));
    assert_eq!(app.count(&format!("select count(*) from accounts where email = '{FINANCE}'")).await, 1);
    // Nobody but the account that asked.
    assert_eq!(director.refused("confirmAddress", json!({ "code": code })).await, "WRONG_CODE");

    let form = Page::new("/account/address", &refused.body).form("/account/address/confirm");
    let done = finance.send_form(&form.clone().with(&[("code", &code)])).await;
    assert_eq!((done.status, done.location()), (303, "/account"), "{}", done.body);
    assert!(finance.page("/account").await.text().contains(&format!("You sign in as {NEW} from now on.")));
    assert_eq!(elsewhere.get("/account").await.status, 303, "another device stays signed in");
    assert_eq!(finance.send_form(&form.with(&[("code", &code)])).await.status, 422, "the code counts twice");

    app.work().await;
    let now = known(&director).await;
    assert_eq!(now["email"], NEW);
    assert_eq!(
        now["changes"][0],
        json!({ "what": "EMAIL", "before": FINANCE, "after": NEW, "changedBy": null })
    );
    // The same person, with what they may do, and by the new address alone.
    app.mails.clear();
    let again = app.sign_in_anew(NEW).await;
    assert_eq!(again.get("/fenland/payments").await.status, 200);
    let stranger = app.stranger();
    assert_eq!(stranger.post("/sign-in", &[("email", FINANCE)]).await.status, 200);
    assert!(mail(&app, FINANCE).await.text().contains("No alliance here knows the address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_alliances_own_for_a_person_stays() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in(FINANCE).await;
    let own = "money@fenland.example";
    sqlx::query("update people set email = $1 where email = $2")
        .bind(own)
        .bind(FINANCE)
        .execute(&app.owner)
        .await
        .unwrap();
    assert_eq!(change(&app, &finance, NEW).await, None);
    app.work().await;
    assert_eq!(known(&director).await["email"], own);
    // The second change finds what the first one left.
    assert_eq!(change(&app, &finance, "third@elsewhere.example").await, None);
    app.work().await;
    assert_eq!(known(&director).await["email"], own);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_to_be_guessed_and_the_session_is_to_be_new() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    finance.done("changeAddress", "viewer { email }", json!({ "email": NEW })).await;
    let code = digits(&mail(&app, NEW).await);
    for _ in 0..5 {
        assert_eq!(finance.refused("confirmAddress", json!({ "code": wrong(&code) })).await, "WRONG_CODE");
    }
    assert_eq!(
        finance.refused("confirmAddress", json!({ "code": code })).await,
        "WRONG_CODE",
        "a sixth guess"
    );
    // Four more are sent, and no fifth; to that address nobody else sends one either.
    for _ in 0..4 {
        finance.done("changeAddress", "viewer { email }", json!({ "email": NEW })).await;
    }
    assert_eq!(finance.refused("changeAddress", json!({ "email": NEW })).await, "TOO_MANY_CODES");
    let head = app.sign_in("head@fenland.example").await;
    assert_eq!(head.refused("changeAddress", json!({ "email": NEW })).await, "TOO_MANY_CODES");
    app.work().await;
    assert_eq!(app.mails.to(NEW).len(), 5);

    let last = digits(&mail(&app, NEW).await);
    pass(&app, TimeDelta::minutes(15));
    assert_eq!(finance.refused("confirmAddress", json!({ "code": last })).await, "WRONG_CODE", "too late");
    assert_eq!(finance.refused("changeAddress", json!({ "email": NEW })).await, "CONFIRM_IT_IS_YOU");
    assert_eq!(app.count("select count(*) from address_changes where changed_at is not null").await, 0);

    let token = app.sign_in_anew(FINANCE).await;
    let input = json!({ "alliance": FENLAND, "name": "Reports", "permissions": ["SEE_ALLIANCE"], "days": 7 });
    let token = token.done("createToken", "created { secret }", input).await["created"]["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let program = app.program(&token);
    let refused = program.execute(
        "mutation($input: ChangeAddressInput!) { changeAddress(input: $input) { errors { code } } }",
        json!({ "input": { "email": NEW } }),
    );
    assert!(refused.await.body.contains("FORBIDDEN"), "a program changes how its person signs in");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_one_person_become_one_and_are_two_again() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let harbour = "manager@harbour.example";
    let other = app.sign_in(harbour).await;
    let neighbour = app.contents().await;
    assert_eq!(change(&app, &finance, harbour).await, None);
    assert_eq!(alliances(&finance).await, [FENLAND, HARBOUR]);
    assert_eq!(other.get("/account").await.status, 303, "the account that is gone has a session");
    let (page, code) = undoing(&app, FINANCE).await;
    assert_eq!(alliances(&app.sign_in_anew(harbour).await).await, [FENLAND, HARBOUR]);

    // To look at the page undoes nothing, nor does a wrong code.
    let stranger = app.stranger();
    assert_eq!(undo(&stranger, &(page.clone(), wrong(&code).to_owned())).await, 422);
    assert_eq!(alliances(&finance).await, [FENLAND, HARBOUR]);
    assert_eq!(undo(&stranger, &(page.clone(), code.clone())).await, 200);
    assert_eq!(finance.get("/account").await.status, 303, "a device stays signed in");
    assert_eq!(undo(&stranger, &(page, code)).await, 422, "it is undone twice");
    assert!(mail(&app, harbour).await.subject().starts_with("You do not sign in at"));

    app.work().await;
    assert_eq!(alliances(&app.sign_in_anew(FINANCE).await).await, [FENLAND]);
    assert_eq!(alliances(&app.sign_in_anew(harbour).await).await, [HARBOUR]);
    let addresses = "select string_agg(email, ' ' order by email) from people where email in
        ('finance@fenland.example', 'manager@harbour.example')";
    assert_eq!(app.text(addresses).await, format!("{FINANCE} {harbour}"));
    let after = app.contents().await;
    for table in ["role_grants", "posts", "members", "alliances"] {
        assert_eq!(after[table], neighbour[table], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_a_second_step_or_roles_beside_ones_own_is_not_taken_over() {
    let app = TestApp::new().await;
    let finance = app.sign_in(FINANCE).await;
    let harbour = app.sign_in("manager@harbour.example").await;
    Phone::set_up(&app, &harbour).await;
    app.sign_in("head@fenland.example").await;
    app.work().await;
    app.mails.clear();
    for (email, code) in
        [("manager@harbour.example", "HAS_SECOND_STEP"), ("head@fenland.example", "TWO_PEOPLE")]
    {
        let accounts = app.text("select string_agg(a::text, ' ' order by id) from accounts a").await;
        // The newest code counts.
        pass(&app, TimeDelta::seconds(1));
        assert_eq!(change(&app, &finance, email).await.as_deref(), Some(code));
        assert_eq!(app.text("select string_agg(a::text, ' ' order by id) from accounts a").await, accounts);
    }
    assert_eq!(alliances(&finance).await, [FENLAND]);
    assert_eq!(alliances(&harbour).await, [HARBOUR]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_address_undoes_what_came_after_too() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let thief = app.sign_in(FINANCE).await;
    assert_eq!(change(&app, &thief, NEW).await, None);
    let first = undoing(&app, FINANCE).await;
    pass(&app, TimeDelta::minutes(1));
    let third = "third@elsewhere.example";
    assert_eq!(change(&app, &thief, third).await, None);
    let second = undoing(&app, NEW).await;
    Phone::set_up(&app, &thief).await;
    app.work().await;
    assert_eq!(known(&director).await["email"], third);

    assert_eq!(undo(&app.stranger(), &first).await, 200);
    // Whoever had it meanwhile cannot take it back.
    assert_eq!(undo(&app.stranger(), &second).await, 422);
    app.work().await;
    assert_eq!(known(&director).await["email"], FINANCE);
    app.mails.clear();
    let back = app.sign_in_anew(FINANCE).await;
    assert_eq!(back.get("/fenland/payments").await.status, 200, "a second step of the thief's is asked for");
    assert_eq!(thief.get("/account").await.status, 303);

    // For a week, and no longer.
    assert_eq!(change(&app, &back, NEW).await, None);
    let late = undoing(&app, FINANCE).await;
    pass(&app, TimeDelta::days(7));
    assert_eq!(undo(&app.stranger(), &late).await, 422);
    assert_eq!(app.count(&format!("select count(*) from accounts where email = '{NEW}'")).await, 1);
}
