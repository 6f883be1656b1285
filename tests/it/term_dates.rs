//! When schools are open: what local authorities publish, and what each alliance keeps.

use domain::schools::{ImportRun, Imported, import_term_dates};
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, day},
};

use crate::{
    register::{self, Rejects},
    sign_up::{founder, wold},
};

const HEADING: &str = "Authority,School year,Name,From,To\n";
const LINCOLNSHIRE: &str = "925,2026-27,Autumn term,03-09-2026,18-12-2026\n\
                            925,2026-27,Spring term,05-01-2027,25-03-2027\n\
                            925,2026-27,Summer term,13-04-2027,22-07-2027\n";

/// What became of the rows, and the list of those that were left out.
async fn import(app: &TestApp, rows: &str, run: ImportRun) -> (Imported, String) {
    let rejects = Rejects::default();
    let file = std::io::Cursor::new(format!("{HEADING}{rows}").into_bytes());
    let imported = import_term_dates(&app.app.db, file, rejects.clone(), run).await.unwrap();
    let list = String::from_utf8(rejects.0.lock().unwrap().clone()).unwrap();
    (imported, list)
}

const TERMS: &str =
    "query($slug: String!) { alliance(slug: $slug) { termDates(since: 2026) { name startsOn endsOn }
                       closedDays { name startsOn endsOn } } }";

async fn terms(client: &Client, slug: &str) -> Value {
    client.graphql(TERMS, json!({ "slug": slug })).await["alliance"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_term_dates_is_taken_as_far_as_it_can_be_used() {
    let app = TestApp::new().await;
    let kept = "select string_agg(authority_code || ' ' || name || ' ' || ends_on, ', ' order by authority_code, starts_on)
                from authority_term_dates";
    let before = app.contents().await;
    let (dry, _) = import(&app, LINCOLNSHIRE, ImportRun::Dry).await;
    assert_eq!(app.contents().await, before);
    let other = "860,2026-27,Autumn term,02-09-2026,17-12-2026\n";
    let (first, rejects) = import(&app, LINCOLNSHIRE, ImportRun::Real).await;
    assert_eq!((first.written.new, first.rejected, first, rejects.as_str()), (3, 0, dry, ""));
    import(&app, other, ImportRun::Real).await;
    let before = app.contents().await;
    let (second, _) = import(&app, LINCOLNSHIRE, ImportRun::Real).await;
    assert_eq!((second.written.new, second.written.updated, second.written.unchanged), (0, 0, 3));
    assert_eq!(app.contents().await, before);

    // A row that cannot be used loses nothing else, and takes nothing away.
    let rows =
        "925,2026-27,Autumn term,03-09-2026,17-12-2026\n925,2026-27,Spring term,05-01-2028,25-03-2027\n";
    let (partly, rejects) = import(&app, rows, ImportRun::Real).await;
    assert_eq!((partly.written.updated, partly.rejected), (1, 1));
    assert_eq!(
        rejects,
        "line,Authority,reason\n3,925,The day 05-01-2028 in the cell From is not between August 2026 and July 2027.\n"
    );
    assert_eq!(
        app.text(kept).await,
        "860 Autumn term 2026-12-17, 925 Autumn term 2026-12-17, 925 Spring term 2027-03-25, 925 Summer term 2027-07-22"
    );
    // A whole file says what there is of each year that it has.
    let rows = "925,2026-27,Autumn,03-09-2026,18-12-2026\n925,2027-28,Autumn,03-09-2027,18-12-2027\n";
    import(&app, rows, ImportRun::Real).await;
    assert_eq!(
        app.text(kept).await,
        "860 Autumn term 2026-12-17, 925 Autumn 2026-12-18, 925 Autumn 2027-12-18"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_alliance_begins_with_the_terms_of_its_authority() {
    let app = TestApp::new().await;
    register::schools(&app, "schools_140_columns.csv").await;
    import(&app, LINCOLNSHIRE, ImportRun::Real).await;
    let client = founder(&app).await;
    client.done("foundAlliance", "", wold(json!({ "urn": 137_551 }))).await;
    let found = terms(&client, "wold-edge").await;
    assert_eq!(
        found["termDates"],
        json!([
            { "name": "Autumn term", "startsOn": "2026-09-03", "endsOn": "2026-12-18" },
            { "name": "Spring term", "startsOn": "2027-01-05", "endsOn": "2027-03-25" },
            { "name": "Summer term", "startsOn": "2027-04-13", "endsOn": "2027-07-22" },
        ])
    );
    assert_eq!(
        found["closedDays"][0],
        json!({ "name": "school holiday", "startsOn": "2026-12-19", "endsOn": "2027-01-04" })
    );
    app.set_date(day(2026, 12, 10));
    let client = app.sign_in("founder@wold.example").await;
    let home = client.page("/wold-edge").await.text();
    assert!(home.contains("School holiday: schools are closed from 19 Dec 2026 to 4 Jan 2027"), "{home}");
    let settings = client.page("/wold-edge/settings").await;
    assert!(settings.text().contains("Summer term 13 Apr 2027 to 22 Jul 2027"), "{}", settings.text());

    // What another authority publishes, or none, is a usual year; and what contradicts itself is not taken.
    import(
        &app,
        "860,2026-27,A,02-09-2026,17-12-2026\n860,2026-27,B,03-09-2026,17-12-2026\n",
        ImportRun::Real,
    )
    .await;
    for (slug, lead) in
        [("w2", json!({ "urn": 137_666 })), ("w3", json!({})), ("w4", json!({ "urn": 124_087 }))]
    {
        let mut input = wold(lead);
        input["shortAddress"] = slug.into();
        let founded = match slug {
            // One person has three alliances on trial at most.
            "w4" => app.sign_in("head@fenland.example").await,
            _ => client.clone(),
        };
        founded.done("foundAlliance", "", input).await;
        let found = terms(&founded, slug).await;
        assert_eq!(found["termDates"].as_array().unwrap().len(), 6, "{slug}: {found}");
        assert_eq!(found["termDates"][0]["endsOn"], "2026-10-23", "{slug}: {found}");
    }
    let usual = client.page("/w3/settings/terms?year=2027").await.text();
    assert!(usual.contains("These are the dates of a usual year"), "{usual}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terms_of_a_year_are_written_down_together() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let input = |year: i32, terms: &[(&str, &str, &str)]| {
        let terms: Vec<_> = terms
            .iter()
            .map(|(name, first, last)| json!({ "name": name, "startsOn": first, "endsOn": last }))
            .collect();
        json!({ "alliance": FENLAND, "schoolYear": year, "terms": terms })
    };
    let before = app.contents().await;
    let autumn = ("Autumn", "2026-09-01", "2026-12-18");
    for (year, terms, code, message) in [
        (2026, vec![(" ", "2026-09-01", "2026-12-18")], "INVALID_NAME", "Line 1: please say what it is"),
        (
            2026,
            vec![autumn, ("Spring", "2027-03-02", "2027-03-01")],
            "ENDS_BEFORE_START",
            "Line 2: the last day",
        ),
        (
            2026,
            vec![autumn, ("Spring", "2028-01-04", "2028-03-01")],
            "OUTSIDE_YEAR",
            "Line 2: the school year 2026-27",
        ),
        (2026, vec![autumn, ("Spring", "2026-12-18", "2027-03-01")], "OVERLAP", "Line 2: it begins before"),
        (2026, vec![autumn; 9], "TOO_MANY", "A school year has eight parts"),
        (2040, vec![], "INVALID_YEAR", "Term dates are kept from"),
    ] {
        let answer = director.mutate("setTermDates", "", input(year, &terms)).await;
        let error = &answer["errors"][0];
        assert_eq!(error["code"], code);
        assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
    }
    assert_eq!(app.contents().await, before);

    // Reminders keep off the days between two terms, like off closures; a weekend between halves is no holiday.
    let open = "{ alliance(slug: \"fenland\") { closedDays { startsOn } plannedReminders(on: \"2026-12-15\") { go { __typename } } } }";
    let go = async || director.graphql(open, json!({})).await["alliance"].clone();
    let reminded = go().await["plannedReminders"]["go"].as_array().unwrap().len();
    assert!(reminded > 0);
    let halves = [("First", "2026-09-01", "2026-12-11"), ("Second", "2026-12-14", "2026-12-18")];
    director.done("setTermDates", "", input(2026, &halves)).await;
    assert_eq!(go().await["plannedReminders"]["go"].as_array().unwrap().len(), reminded);
    let apart = [("First", "2026-09-01", "2026-12-11"), ("Second", "2027-01-04", "2027-02-12")];
    director.done("setTermDates", "", input(2026, &apart)).await;
    let after = go().await;
    assert_eq!(after["plannedReminders"]["go"], json!([]));
    assert_eq!(after["closedDays"][0]["startsOn"], "2026-12-12");
    // Other years stay as they are, and an empty list is as good as any.
    director.done("setTermDates", "", input(2026, &[])).await;
    let kept = terms(&director, FENLAND).await;
    assert_eq!(kept["termDates"][0]["startsOn"], "2027-09-06");

    let page = director.page("/fenland/settings/terms?year=2026").await;
    let form = page.form("/fenland/settings/terms");
    let saved = director.send_form(&form.with(&[("name1", "Autumn term 1")])).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(app.count("select count(*) from term_dates where school_year = 2026").await, 6);
    for (far, status) in [("2030", 404), ("2024", 404), ("x", 200)] {
        assert_eq!(
            director.get(&format!("/fenland/settings/terms?year={far}")).await.status,
            status,
            "{far}"
        );
    }
}
