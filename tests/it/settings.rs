//! What an alliance changes about itself by hand.

use serde_json::{Value, json};
use tests::{TestApp, fixture::FENLAND};

const SETTINGS: &str = "/fenland/settings";

/// Sends the settings with one field as typed; what the page then says is wrong, at the field.
async fn refusal(app: &TestApp, field: &str, typed: &str) -> String {
    let manager = app.sign_in("manager@fenland.example").await;
    let before = app.contents().await;
    let refused = manager.submit(SETTINGS, "/settings", &[(field, typed)]).await;
    assert_eq!(refused.status, 422, "{field} {typed}: {}", refused.body);
    assert_eq!(app.contents().await, before, "{field} {typed}");
    let page = tests::page::Page::new(SETTINGS, &refused.body);
    let kept = page.form("/settings").fields.iter().any(|(name, value)| name == field && value == typed);
    assert!(kept || field == "yearStartMonth", "{field} {typed} is not kept");
    page.texts(&format!("#{field}-error")).join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_at_its_field() {
    let app = TestApp::new().await;
    let long = "x".repeat(41);
    for (field, typed, said) in [
        ("timezone", "Europe/Lincoln", "That time zone is not known. Most schools are in Europe/London."),
        ("timezone", "", "That time zone is not known. Most schools are in Europe/London."),
        ("yearStartMonth", "13", "A year begins in one of the months 1 to 12."),
        ("yearStartMonth", "0", "A year begins in one of the months 1 to 12."),
        ("yearStartMonth", "May", "A year begins in one of the months 1 to 12."),
        ("allianceWord", "  ", "in at most 40 characters, such as partnership"),
        ("memberWord", &long, "in at most 40 characters, such as partner school"),
        ("strandWord", "", "in at most 40 characters, such as programme"),
    ] {
        let error = refusal(&app, field, typed).await;
        assert!(error.contains(said), "{field} {typed}: {error}");
    }
}

/// The words are the alliance's own, on every page that names its parts, for everybody in it and nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_speak_the_alliances_words() {
    let app = TestApp::new().await;
    let manager = app.sign_in("manager@fenland.example").await;
    let nav = async |page: &str| manager.page(page).await.texts("nav[aria-label=Main] :is(h2, a)");
    let usual = nav("/fenland").await;
    assert!(usual.contains(&"Members".into()) && usual.contains(&"Alliance".into()), "{usual:?}");

    // A line break that was pasted with a word does not reach the pages.
    let words = [("allianceWord", "hub"), ("memberWord", "partner\r\nacademy"), ("strandWord", "programme")];
    assert_eq!(manager.submit(SETTINGS, "/settings", &words).await.status, 303);
    let own = nav("/fenland").await;
    assert!(own.contains(&"Partner academies".into()) && own.contains(&"Hub".into()), "{own:?}");
    assert!(!own.contains(&"Members".into()), "{own:?}");
    let members = manager.page("/fenland/members").await;
    assert_eq!(members.texts("h1"), ["Partner academies"]);
    assert!(members.text().contains("7 partner academies"), "{}", members.text());
    let adding = members.link("Add a partner academy");
    let adding = manager.page(&adding).await;
    assert_eq!(adding.texts("h1"), ["Add a partner academy"]);
    assert_eq!(adding.link("Partner academies"), "/fenland/members");
    assert!(manager.page("/fenland").await.texts(".figures a").contains(&"7 partner academies".into()));
    assert!(manager.page(SETTINGS).await.texts("h2").contains(&"Programmes".into()));
    let head = app.sign_in("head@fenland.example").await.page("/fenland").await;
    assert_eq!(head.texts(".figures a"), ["7 partner academies of the hub"]);
    let harbour = app.sign_in("director@harbour.example").await.page("/harbour").await;
    assert!(harbour.texts("nav[aria-label=Main] a").contains(&"Members".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_start_of_the_year_leaves_budgets_as_they_are() {
    let app = TestApp::new().await;
    let manager = app.sign_in("manager@fenland.example").await;
    let director = app.sign_in("director@fenland.example").await;
    let budgets = "query { alliance(slug: \"fenland\") { budgets { label startsOn endsOn shares { amount } }
                   terms { yearStartMonth timezone } } }";
    let mut before = director.graphql(budgets, json!({})).await["alliance"].take();
    let first_day = async || {
        let form = director.page("/fenland/budgets/new").await.form("/budgets/new");
        form.fields.into_iter().find(|(name, _)| name == "startsOn").unwrap().1
    };
    assert!(first_day().await.ends_with("-09-01"));

    let typed = [("yearStartMonth", "4"), ("timezone", "Pacific/Kiritimati")];
    assert_eq!(manager.submit(SETTINGS, "/settings", &typed).await.status, 303);
    let after = director.graphql(budgets, json!({})).await["alliance"].take();
    before["terms"] = json!({ "yearStartMonth": 4, "timezone": "Pacific/Kiritimati" });
    assert_eq!(after, before);
    assert!(first_day().await.ends_with("-04-01"));
    // Ten in the morning at Greenwich is midnight there.
    let today = "query($slug: String!) { alliance(slug: $slug) { today } }";
    let date = director.graphql(today, json!({ "slug": FENLAND })).await["alliance"]["today"].take();
    assert_eq!(date, Value::from("2026-11-25"));
}
