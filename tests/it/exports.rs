//! The export of an alliance: complete, as of one moment, for a director, and there for some days.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read},
};

use chrono::TimeDelta;
use domain::alliances::exports::{COLUMNS_LEFT_OUT, EXPORTED, LEFT_OUT};
use object_store::ObjectStoreExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;
use tests::{
    Client, TestApp,
    fixture::{FENLAND, HARBOUR, TODAY, day},
};
use zip::ZipArchive;

use crate::catalogue::TENANT;

const DATA: &str = "/fenland/settings/data";

/// What does not leave may not be decided by forgetting it: whoever adds a table or a column of an alliance describes it in
/// `domain::alliances::exports::tables`, or gives the reason there why it stays.
#[tokio::test]
async fn every_table_and_column_leaves_or_has_a_reason_to_stay() {
    let app = TestApp::empty().await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns
         where table_schema = 'public' and table_name = any($1) order by 1, ordinal_position",
    )
    .bind(TENANT.iter().map(|table| (*table).to_owned()).collect::<Vec<_>>())
    .fetch_all(&app.owner)
    .await
    .unwrap();
    let there: BTreeSet<_> =
        columns.iter().map(|(table, column)| (table.as_str(), column.as_str())).collect();
    let exported = EXPORTED.iter().flat_map(|table| table.columns.iter().map(|one| (table.name, one.name)));
    let withheld = COLUMNS_LEFT_OUT.iter().map(|(table, column, _)| (*table, *column));
    let stays = there.iter().filter(|(table, _)| LEFT_OUT.iter().any(|(name, _)| name == table)).copied();
    let mut known: Vec<_> = exported.chain(withheld).chain(stays).collect();
    let count = known.len();
    known.sort_unstable();
    known.dedup();
    assert_eq!(known.len(), count, "something is named twice");
    assert_eq!(known, there.into_iter().collect::<Vec<_>>());
    for (table, about) in EXPORTED.iter().flat_map(|table| {
        table.columns.iter().map(|one| (table.name, one.about)).chain([(table.name, table.about)])
    }) {
        assert!(about.ends_with('.') && about.len() > 3, "{table}: {about}");
    }
}

/// The files of a zip by their names.
fn unzipped(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut contents = Vec::new();
        file.read_to_end(&mut contents).unwrap();
        files.insert(file.name().unwrap().into_owned(), contents);
    }
    files
}

fn text(files: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

/// The exports as a director sees them, the newest first.
async fn exports(director: &Client) -> Vec<Value> {
    let query = "{ alliance(slug: \"fenland\") { exports { id state askedBy readyAt expiresAt bytes rows files address } } }";
    director.graphql(query, json!({})).await["alliance"]["exports"].as_array().unwrap().clone()
}

/// The path of the newest export's file.
async fn newest(app: &TestApp, director: &Client) -> String {
    let address = exports(director).await[0]["address"].as_str().unwrap().to_owned();
    address.strip_prefix(&app.base).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_every_row_and_file_and_is_told_to_whoever_asked() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let danger =
        json!({ "alliance": FENLAND, "name": "=HYPERLINK(\"http://x\")", "email": "danger@x.example" });
    director.done("addPerson", "", danger).await;

    let page =
        director.page(&director.page("/fenland/settings").await.link("Take a copy of everything")).await;
    let asked = director.send_form(&page.form(DATA)).await;
    assert_eq!((asked.status, asked.location()), (303, DATA), "{}", asked.body);
    let page = director.page(DATA).await;
    assert!(page.texts("#exports tbody tr")[0].contains("being made"), "{}", page.text());
    assert_eq!(page.count(&format!("form[action='{DATA}']")), 0, "one at a time");
    assert_eq!(director.refused("requestExport", json!({ "alliance": FENLAND })).await, "ALREADY_BUILDING");
    app.work().await;

    // What changes afterwards is not in it.
    let later = json!({ "alliance": FENLAND, "name": "Much later", "email": "later@x.example" });
    director.done("addPerson", "", later).await;
    let mail = &app.mails.to("director@fenland.example")[0];
    assert_eq!(mail.subject(), "The export of Fenland Alliance is ready");
    for said in ["/fenland/settings/data", "Tuesday 24 November 2026", "until Monday 30 November 2026"] {
        assert!(mail.text().contains(said), "{said}: {}", mail.text());
    }
    assert!(app.mails.to("manager@fenland.example").is_empty(), "nobody else is told");

    let path = newest(&app, &director).await;
    let answer = director.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/zip");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"fenland-2026-11-24.zip\"");
    let files = unzipped(&answer.bytes);
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();

    let seen = &exports(&director).await[0];
    assert_eq!(seen["bytes"].as_u64().unwrap(), answer.bytes.len() as u64);
    let mut rows_in_all = 0;
    for table in EXPORTED {
        let lines = text(&files, &format!("tables/{}.jsonl", table.name));
        let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        rows_in_all += rows.len();
        assert!(!rows.is_empty(), "the fixture has nothing in {}", table.name);
        let names: BTreeSet<_> = table.columns.iter().map(|column| column.name).collect();
        for row in &rows {
            let keys: BTreeSet<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, names, "{}", table.name);
        }
        let described = schema["tables"].as_array().unwrap().iter().find(|one| one["name"] == table.name);
        let described = described.unwrap();
        assert_eq!(described["rows"], rows.len(), "{}", table.name);
        for column in described["columns"].as_array().unwrap() {
            assert!(column["type"].is_string() && column["about"].is_string(), "{}: {column}", table.name);
        }
        let list = text(&files, &format!("tables/{}.csv", table.name));
        let mut list = csv::Reader::from_reader(list.strip_prefix('\u{feff}').unwrap().as_bytes());
        let heading: Vec<_> = list.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(heading, table.columns.iter().map(|column| column.name).collect::<Vec<_>>());
        let cells: Vec<_> = list.records().map(|record| record.unwrap()).collect();
        assert_eq!(cells.len(), rows.len(), "{}", table.name);
        for cell in cells.iter().flatten() {
            let is_number = cell.parse::<f64>().is_ok();
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@']), "{}: {cell}", table.name);
        }
    }
    assert_eq!(seen["rows"].as_u64().unwrap(), rows_in_all as u64);

    // All of it, of nobody else: but for what was added since, each table has what the database has.
    let since = ["people", "person_changes", "audit_records", "audit_changes", "exports"];
    for table in EXPORTED.iter().filter(|table| !since.contains(&table.name)) {
        let columns: Vec<_> = table.columns.iter().map(|column| column.name).collect();
        let query = format!(
            "select row_to_json(t)::text from (select {} from {} where alliance_id =
                 (select a.alliance_id from alliances a where a.slug = '{FENLAND}')) t",
            columns.join(", "),
            table.name
        );
        let stored: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&app.owner).await.unwrap();
        let stored: BTreeSet<_> = stored.iter().map(String::as_str).collect();
        let lines = text(&files, &format!("tables/{}.jsonl", table.name));
        assert_eq!(lines.lines().collect::<BTreeSet<_>>(), stored, "{}", table.name);
    }
    let people = text(&files, "tables/people.csv");
    assert!(people.contains("'=HYPERLINK") && !people.contains("Much later"), "{people}");
    assert!(text(&files, "tables/people.jsonl").contains("\"=HYPERLINK"), "as it is, for a program");

    // Each PDF, whole.
    let documents = text(&files, "tables/documents.jsonl");
    let pdfs: BTreeSet<_> =
        files.iter().filter(|(name, _)| name.starts_with("files/")).map(|(_, pdf)| digest(pdf)).collect();
    let recorded: BTreeSet<_> = documents
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["sha256"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pdfs, recorded);
    assert!(files.keys().any(|name| name.starts_with("files/invoice/FEN-")), "{:?}", files.keys());

    let readme = text(&files, "README.txt");
    for said in [
        "Everything that Fenland Alliance holds, as it was on 24 November 2026 at 10:00",
        "What is not here",
        "people.account_id",
    ] {
        assert!(readme.contains(said), "{said}: {readme}");
    }
    // Whatever opens an account stays, and so does the neighbour.
    for (name, contents) in &files {
        let contents = String::from_utf8_lossy(contents);
        for secret in ["token_hash", "code_hash", "\"secret\"", "harbour", "Harbour"] {
            assert!(!contents.contains(secret), "{name} has {secret}");
        }
    }

    let record = director.page("/fenland/changes").await.texts("#changes tbody tr");
    assert!(
        record.iter().any(|row| row.contains("Downloaded everything that the alliance holds")),
        "{record:#?}"
    );
    assert_eq!(finance.get(&path).await.status, 404, "as one that is not there");
    assert_eq!(finance.get(DATA).await.status, 403);
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_gone_after_its_days_and_no_more_are_made_than_five_a_day() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let manager = app.sign_in("manager@fenland.example").await;
    for _ in 0..5 {
        director.done("requestExport", "", json!({ "alliance": FENLAND })).await;
        app.work().await;
    }
    let before = app.contents().await;
    assert_eq!(director.refused("requestExport", json!({ "alliance": FENLAND })).await, "TOO_MANY");
    let refused = manager.try_mutate("requestExport", "", json!({ "alliance": FENLAND })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let query = "{ alliance(slug: \"fenland\") { exports { id } } }";
    assert_eq!(manager.graphql(query, json!({})).await["alliance"]["exports"], json!(null));
    assert_eq!(app.contents().await, before);

    let path = newest(&app, &director).await;
    let key = format!(
        "{}/export/{}.zip",
        app.text(&format!("select alliance_id::text from alliances where slug = '{FENLAND}'")).await,
        path.split('/').nth(4).unwrap()
    );
    let is_stored = async || app.deps.store.head(&key.clone().into()).await.is_ok();
    assert!(is_stored().await);
    // To the minute, although the file goes at night.
    app.set_time(app.app.clock.now() + TimeDelta::days(7) - TimeDelta::seconds(1));
    let director = app.sign_in("director@fenland.example").await;
    assert_eq!(director.get(&path).await.status, 200);
    app.set_time(app.app.clock.now() + TimeDelta::seconds(1));
    let director = app.sign_in("director@fenland.example").await;
    assert_eq!(director.get(&path).await.status, 404);
    assert!(is_stored().await);
    app.pass_days_to(day(2026, 12, 2)).await;
    assert!(!is_stored().await, "the file is still there");
    let director = app.sign_in("director@fenland.example").await;
    let seen = exports(&director).await;
    assert!(seen.iter().all(|one| one["state"] == "EXPIRED" && one["address"].is_null()), "{seen:#?}");
    assert!(director.page(DATA).await.texts("#exports tbody tr")[0].contains("deleted"));
    director.done("requestExport", "", json!({ "alliance": FENLAND })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_given_up_after_a_day_and_another_can_be_asked_for() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    director.done("requestExport", "", json!({ "alliance": FENLAND })).await;
    // Somebody discards the work.
    let discard = "update jobs set state = 'cancelled', finished_at = created_at where kind = 'build_export' and state = 'waiting'";
    sqlx::query(discard).execute(&app.owner).await.unwrap();
    assert_eq!(director.refused("requestExport", json!({ "alliance": FENLAND })).await, "ALREADY_BUILDING");
    app.pass_days_to(TODAY + TimeDelta::days(2)).await;
    let director = app.sign_in("director@fenland.example").await;
    assert_eq!(exports(&director).await[0]["state"], "FAILED");
    assert!(director.page(DATA).await.texts("#exports tbody tr")[0].contains("failed"));
    director.done("requestExport", "", json!({ "alliance": FENLAND })).await;
    app.work().await;
    assert_eq!(exports(&director).await[0]["state"], "READY");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_alliance_is_like_a_missing_one() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let foreign = app.sign_in("director@harbour.example").await;
    director.done("requestExport", "", json!({ "alliance": FENLAND })).await;
    app.work().await;
    let path = newest(&app, &director).await;
    let before = app.contents().await;
    let missing = path.replace(path.split('/').nth(4).unwrap(), "01930000-0000-7000-8000-000000000000");
    let of_own = foreign.get(&missing.replace(FENLAND, HARBOUR)).await;
    let of_foreign = foreign.get(&path.replace(FENLAND, HARBOUR)).await;
    assert_eq!((of_own.status, of_foreign.status), (404, 404));
    assert_eq!(of_own.body, of_foreign.body);
    assert_eq!(foreign.get(&path).await.status, 404);
    assert_eq!(app.stranger().get(&path).await.status, 303);
    assert_eq!(app.contents().await, before);
}
