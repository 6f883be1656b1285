//! What an alliance changes about itself by hand.

use serde_json::{Value, json};
use tests::{TestApp, fixture::FENLAND};

use crate::operations::Things;

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
    let budgets =
        "query { alliance(slug: \"fenland\") { budgets { nodes { label startsOn endsOn shares { amount } } }
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

const CLOSURES: &str = "/fenland/settings/closures";

/// What a link to a form changes; it leads to the form itself, below the list.
fn edited(link: &str) -> &str {
    link.split("edit=").nth(1).unwrap().strip_suffix("#edit").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_on_which_schools_are_closed_are_entered_changed_and_removed() {
    let app = TestApp::new().await;
    let manager = app.sign_in("manager@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &app.sign_in("director@fenland.example").await).await;
    let rows = async || manager.page(CLOSURES).await.texts("#closures tbody :is(th, .day)");
    let plan =
        "query($id: ID!) { alliance(slug: \"fenland\") { planRun(budgetId: $id) { plan { dueOn } } } }";
    let due_on = async || {
        let id = things.budget("2026-27");
        finance.graphql(plan, json!({ "id": id })).await["alliance"]["planRun"]["plan"]["dueOn"].take()
    };
    assert_eq!(rows().await, ["Christmas", "21 Dec 2026", "1 Jan 2027"]);
    // Thirty days from now are in the holiday.
    assert_eq!(due_on().await, "2027-01-04");

    let training = [("name", "Training day"), ("startsOn", "04/01/2027"), ("endsOn", "2027-01-04")];
    assert_eq!(manager.submit(CLOSURES, "/closures", &training).await.status, 303);
    assert_eq!(rows().await[3..], ["Training day", "4 Jan 2027", "4 Jan 2027"]);
    assert_eq!(due_on().await, "2027-01-05");

    let edit = manager.page(CLOSURES).await.link("Change Christmas");
    let christmas = edited(&edit).to_owned();
    let typed = [("name", "Winter"), ("endsOn", "2026-12-23")];
    assert_eq!(manager.submit(&edit, &format!("/closures/{christmas}"), &typed).await.status, 303);
    assert_eq!(rows().await[..3], ["Winter", "21 Dec 2026", "23 Dec 2026"]);
    assert_eq!(due_on().await, "2026-12-24");

    let remove = format!("/closures/{christmas}/remove");
    let removed = manager.submit(CLOSURES, &remove, &[]).await;
    assert_eq!((removed.status, removed.location()), (303, CLOSURES));
    assert_eq!(rows().await, ["Training day", "4 Jan 2027", "4 Jan 2027"]);
    // Somebody else was faster.
    let csrf = manager.page(CLOSURES).await.form("/closures").fields.remove(0).1;
    let gone = manager.post(&format!("/fenland/settings{remove}"), &[("csrf", &csrf)]).await;
    assert_eq!(gone.status, 422);
    let said = tests::page::Page::new(CLOSURES, &gone.body).text();
    assert!(said.contains("not among this alliance's closures"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_cannot_be_closures_are_refused_at_their_field() {
    let app = TestApp::new().await;
    let manager = app.sign_in("manager@fenland.example").await;
    let before = app.contents().await;
    let long = "x".repeat(101);
    let edit = manager.page(CLOSURES).await.link("Change Christmas");
    let change = format!("/closures/{}", edited(&edit));
    for (page, action) in [(CLOSURES, "/closures"), (edit.as_str(), change.as_str())] {
        for (name, first, last, field, said) in [
            ("", "2027-02-15", "2027-02-19", "name", "at most 100 characters, such as Autumn half term"),
            (long.as_str(), "2027-02-15", "2027-02-19", "name", "at most 100 characters"),
            ("Half term", "2027-02-15", "2027-02-14", "endsOn", "cannot be before the first day"),
            ("Half term", "2027-02-15", "2027-05-26", "endsOn", "more than 100 days"),
            ("Half term", "soon", "2027-02-19", "startsOn", "date"),
            ("Half term", "2027-02-15", "", "endsOn", "Please give a date"),
        ] {
            let typed = [("name", name), ("startsOn", first), ("endsOn", last)];
            let refused = manager.submit(page, action, &typed).await;
            assert_eq!(refused.status, 422, "{typed:?}");
            let shown = tests::page::Page::new(page, &refused.body);
            let error = shown.texts(&format!("#{field}-error")).join(" ");
            assert!(error.contains(said), "{typed:?}: {error}");
            let kept = shown.form(action).fields;
            for (name, value) in typed {
                assert!(kept.contains(&(name.to_owned(), value.to_owned())), "{name} is not kept: {kept:?}");
            }
        }
    }
    assert_eq!(app.contents().await, before);
    // A hundred days are a long time, and may be.
    let hundred = [("name", "Building work"), ("startsOn", "2027-02-15"), ("endsOn", "2027-05-25")];
    assert_eq!(manager.submit(CLOSURES, "/closures", &hundred).await.status, 303);
}

const STRANDS: &str = "/fenland/settings/strands";

#[tokio::test(flavor = "multi_thread")]
async fn strands_are_added_renamed_and_removed() {
    let app = TestApp::new().await;
    let manager = app.sign_in("manager@fenland.example").await;
    let names = async || manager.page(STRANDS).await.texts("#strands tbody th");
    let usual = names().await;
    assert_eq!(usual.len(), 6);
    assert_eq!(manager.submit(STRANDS, "/strands", &[("name", " Peer \n review ")]).await.status, 303);
    assert_eq!(names().await, [&usual[..], &["Peer review".to_owned()]].concat());

    let before = app.contents().await;
    let edit = manager.page(STRANDS).await.link("Rename Professional development");
    let id = edited(&edit).to_owned();
    let rename = format!("/strands/{id}");
    let long = "x".repeat(101);
    for (page, action, typed, said) in [
        (STRANDS, "/strands", "Peer review", "There is one of this name already."),
        (STRANDS, "/strands", " ", "Please give it a name, in at most 100 characters."),
        (STRANDS, "/strands", &long, "Please give it a name, in at most 100 characters."),
        (&edit, &rename, "Peer review", "There is one of this name already."),
        (&edit, &rename, "", "Please give it a name, in at most 100 characters."),
    ] {
        let refused = manager.submit(page, action, &[("name", typed)]).await;
        assert_eq!(refused.status, 422, "{typed}");
        let shown = tests::page::Page::new(page, &refused.body);
        assert_eq!(shown.texts("#name-error"), [said], "{typed}");
        assert!(shown.form(action).fields.contains(&("name".to_owned(), typed.to_owned())), "{typed}");
    }
    assert_eq!(app.contents().await, before);

    assert_eq!(manager.submit(&edit, &rename, &[("name", "Training")]).await.status, 303);
    assert_eq!(names().await[1], "Training", "it stays in its place");
    let removed = manager.submit(STRANDS, &format!("/strands/{id}/remove"), &[]).await;
    assert_eq!((removed.status, removed.location()), (303, STRANDS));
    let left = names().await;
    assert_eq!(left.len(), 6);
    assert!(!left.contains(&"Training".to_owned()), "{left:?}");
    assert!(manager.page(SETTINGS).await.texts("li").contains(&"Peer review".to_owned()));
}
