//! The deletion of an alliance: in stages, called off by any director until the end, and then nothing is left but a tombstone.

use std::collections::BTreeMap;

use domain::{
    alliances::deletions::{
        AdvanceDeletions, PurgeAlliance, Tombstone, begin_purge, returned_alliances, tombstones,
    },
    ids::{AllianceId, DeletionId},
};
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, HARBOUR, day},
    page::Page,
};
use worker::bodies::{purge, stored_tombstones};

const DATA: &str = "/fenland/settings/data";

fn asking() -> Value {
    json!({ "alliance": FENLAND, "typed": FENLAND, "reason": "We have merged.", "keepsFinanceRecords": true })
}

async fn enters(client: &Client) -> bool {
    client.get("/fenland/members").await.status == 200
}

async fn id_of(app: &TestApp, slug: &str) -> AllianceId {
    app.text(&format!("select alliance_id::text from alliances where slug = '{slug}'")).await.parse().unwrap()
}

/// What the clock brings every hour, and nothing else of the schedule.
async fn advance(app: &TestApp) {
    let mut tx = app.app.db.machine().await.unwrap();
    tx.enqueue(&app.app, &AdvanceDeletions {}).await.unwrap();
    tx.commit().await.unwrap();
    // What is parked goes with its alliance.
    app.work_off().await;
}

/// Rows of an alliance in each table that has any alliance's, as a digest of them.
async fn rows(app: &TestApp, id: AllianceId) -> BTreeMap<String, (i64, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.table_name::text from information_schema.columns c join information_schema.tables t using (table_name)
         where c.table_schema = 'public' and c.column_name = 'alliance_id' and t.table_type = 'BASE TABLE'
           and c.table_name <> 'tombstones'",
    )
    .fetch_all(&app.owner)
    .await
    .unwrap();
    assert!(tables.len() > 40, "{tables:?}");
    let mut found = BTreeMap::new();
    for table in tables {
        let query = format!(
            "select count(*), coalesce(md5(string_agg(t::text, '' order by t::text)), '') from {table} t
             where alliance_id = '{id}'"
        );
        let row: (i64, String) = sqlx::query_as(AssertSqlSafe(query)).fetch_one(&app.owner).await.unwrap();
        found.insert(table, row);
    }
    found
}

async fn files(app: &TestApp, id: AllianceId) -> Vec<String> {
    let prefix = Path::from(id.to_string());
    let listed: Vec<_> = app.deps.store.list(Some(&prefix)).try_collect().await.unwrap();
    let mut keys: Vec<_> = listed.into_iter().map(|file| file.location.to_string()).collect();
    keys.sort_unstable();
    keys
}

/// A job of the alliance that waits for a day to come.
async fn plan_work(app: &TestApp, id: AllianceId, run_at: &str) {
    let plan = format!(
        "update jobs set state = 'waiting', finished_at = null, attempts = 0, run_at = '{run_at}'
         where alliance_id = '{id}' and id = (select min(id::text)::uuid from jobs
             where alliance_id = '{id}' and state = 'done' and kind = 'render_invoice')"
    );
    assert_eq!(sqlx::query(AssertSqlSafe(plan)).execute(&app.owner).await.unwrap().rows_affected(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_called_off_by_any_director_until_the_end() {
    let app = TestApp::new().await;
    let fenland = id_of(&app, FENLAND).await;
    let director = app.sign_in("director@fenland.example").await;
    let before = app.contents().await;
    let form = director.page(DATA).await.form("/fenland/settings/data/delete");
    for (field, fields) in [
        ("typed", [("typed", "Fenland"), ("reason", "We have merged."), ("keepsFinanceRecords", "yes")]),
        ("reason", [("typed", FENLAND), ("reason", " "), ("keepsFinanceRecords", "yes")]),
        (
            "keepsFinanceRecords",
            [("typed", FENLAND), ("reason", "We have merged."), ("keepsFinanceRecords", "no")],
        ),
    ] {
        let refused = director.send_form(&form.clone().with(&fields)).await;
        assert_eq!(refused.status, 422, "{field}");
        let page = Page::new(DATA, &refused.body);
        assert_eq!(page.count("details.more[open]"), 1, "{field}: the form is shut");
    }
    assert_eq!(app.contents().await, before);

    let typed = [("typed", FENLAND), ("reason", "We have merged."), ("keepsFinanceRecords", "yes")];
    let asked = director.send_form(&form.with(&typed)).await;
    assert_eq!((asked.status, asked.location()), (303, DATA), "{}", asked.body);
    let page = director.page(DATA).await;
    assert!(page.text().contains("Fenland Alliance is to be deleted"), "{}", page.text());
    assert!(page.text().contains("We have merged."));
    assert_eq!(director.refused("requestDeletion", asking()).await, "ALREADY_REQUESTED");
    app.work().await;
    let mail = app.mails.to("director@fenland.example");
    assert!(mail.iter().any(|one| one.subject() == "Fenland Alliance is to be deleted on 7 January 2027"));
    let mail = mail.iter().find(|one| one.subject().contains("deleted")).unwrap().text();
    for said in ["We have merged.", "Tuesday 8 December 2026", "keep them for six years", DATA] {
        assert!(mail.contains(said), "{said}: {mail}");
    }
    assert!(app.mails.to("manager@fenland.example").is_empty());
    let told = "Fenland Alliance is to be deleted";
    assert!(director.page("/fenland").await.text().contains(told));
    let manager = app.sign_in("manager@fenland.example").await;
    assert!(!manager.page("/fenland").await.text().contains(told));
    assert!(enters(&manager).await, "all goes on as usual");

    // Until it is closed.
    plan_work(&app, fenland, "2026-12-09T00:00Z").await;
    app.set_date(day(2026, 12, 7));
    advance(&app).await;
    let manager = app.sign_in("manager@fenland.example").await;
    assert!(enters(&manager).await);
    let token = json!({ "alliance": FENLAND, "name": "Ledger", "permissions": ["SEE_MONEY"], "days": 90 });
    let director = app.sign_in("director@fenland.example").await;
    let token = director.done("createToken", "created { secret }", token).await;
    let program = app.program(token["created"]["secret"].as_str().unwrap());
    app.set_date(day(2026, 12, 8));
    advance(&app).await;

    let nobody = "{ alliance(slug: \"fenland\") { name } }";
    for who in ["manager", "finance", "head", "staff"] {
        let client = app.sign_in(&format!("{who}@fenland.example")).await;
        assert_eq!(client.get("/fenland").await.status, 404, "{who}");
        assert_eq!(client.graphql(nobody, json!({})).await["alliance"], json!(null), "{who}");
        assert!(!client.get("/").await.body.contains("Fenland"), "{who}");
        assert!(client.page("/").await.text().contains("An alliance of yours is closed"), "{who}");
    }
    let money =
        program.execute("{ alliance(slug: \"fenland\") { invoices { totalCount } } }", json!({})).await;
    assert!(!money.body.contains("\"totalCount\""), "{}", money.body);
    let director = app.sign_in("director@fenland.example").await;
    for path in ["/fenland", "/fenland/members", "/fenland/settings", "/fenland/invoices.csv"] {
        let answer = director.get(path).await;
        assert_eq!((answer.status, answer.location()), (303, DATA), "{path}");
    }
    let page = director.page(DATA).await;
    assert!(page.text().contains("Fenland Alliance is closed"), "{}", page.text());
    assert_eq!(page.texts("nav a").iter().filter(|link| link.as_str() == "Members").count(), 0);
    assert!(page.texts("#exports tbody tr")[0].contains("ready"), "{:?}", page.texts("#exports tbody tr"));
    let closure =
        json!({ "alliance": FENLAND, "name": "Snow", "startsOn": "2027-01-04", "endsOn": "2027-01-05" });
    let refused = director.try_mutate("addClosure", "", closure).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let notices = app.mails.to("director@fenland.example");
    assert!(notices.iter().any(|mail| mail.subject().contains("is closed, and deleted on 7 January 2027")));

    // No work is done, and none is planned: of the neighbour it is.
    let planned =
        format!("select count(*) from jobs where alliance_id = '{fenland}' and kind = 'plan_reminders'");
    let planned_before = app.count(&planned).await;
    let held = format!("select count(*) from jobs where alliance_id = '{fenland}' and state = 'waiting'");
    assert!(app.count(&held).await >= 1);
    let held_before = app.count(&held).await;
    app.pass_days_to(day(2026, 12, 12)).await;
    assert_eq!((app.count(&planned).await, app.count(&held).await), (planned_before, held_before));

    let director = app.sign_in("director@fenland.example").await;
    let done = director.submit(DATA, "/fenland/settings/data/call-off", &[]).await;
    assert_eq!((done.status, done.location()), (303, DATA), "{}", done.body);
    assert!(enters(&app.sign_in("manager@fenland.example").await).await);
    app.work().await;
    assert_eq!(app.count(&held).await, 0, "work that was held goes on");
    app.pass_days_to(day(2026, 12, 13)).await;
    assert!(app.count(&planned).await > planned_before, "and so does what is planned each day");
    let director = app.sign_in("director@fenland.example").await;
    let notices = app.mails.to("director@fenland.example");
    assert!(notices.iter().any(|mail| mail.subject() == "Fenland Alliance is not deleted after all"));
    assert_eq!(director.refused("callOffDeletion", json!({ "alliance": FENLAND })).await, "NOT_REQUESTED");
    app.set_date(day(2027, 2, 1));
    advance(&app).await;
    assert!(enters(&app.sign_in("manager@fenland.example").await).await);
    let record = app.sign_in("director@fenland.example").await;
    assert!(record.page("/fenland/changes").await.text().contains("deletion of the alliance"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_day_nothing_is_left_but_a_tombstone() {
    // With files of its own: other tests have the same alliance's.
    let app = TestApp::on_its_own_server().await;
    let (fenland, harbour) = (id_of(&app, FENLAND).await, id_of(&app, HARBOUR).await);
    // Somebody is in both.
    let both = "manager@fenland.example";
    let of_harbour = app.sign_in("director@harbour.example").await;
    let person = json!({ "alliance": HARBOUR, "name": "A manager of two", "email": both });
    let person = of_harbour.done("addPerson", "person { id }", person).await["person"]["id"].clone();
    let role = json!({ "alliance": HARBOUR, "personId": person, "role": "MANAGER" });
    of_harbour.done("grantRole", "", role).await;
    app.sign_in(both).await;
    let director = app.sign_in("director@fenland.example").await;
    let token = json!({ "alliance": FENLAND, "name": "Ledger", "permissions": ["SEE_MONEY"], "days": 90 });
    director.done("createToken", "", token).await;
    director.done("requestDeletion", "", asking()).await;
    app.work().await;
    app.set_date(day(2026, 12, 8));
    advance(&app).await;
    app.set_date(day(2027, 1, 6));
    advance(&app).await;
    assert!(app.count(&format!("select count(*) from alliances where alliance_id = '{fenland}'")).await == 1);
    let (rows_before, neighbour) = (rows(&app, fenland).await, rows(&app, harbour).await);
    let (files_before, neighbours_files) = (files(&app, fenland).await, files(&app, harbour).await);
    assert!(files_before.len() > 5 && !neighbours_files.is_empty());

    app.set_date(day(2027, 1, 7));
    // Begun and interrupted: nobody can call it off any more, and some files are gone.
    let deletion =
        format!("select id::text from deletions where alliance_id = '{fenland}' and called_off_at is null");
    let deletion_id: DeletionId = app.text(&deletion).await.parse().unwrap();
    let job = PurgeAlliance { alliance_id: fenland, deletion_id };
    let tombstone = begin_purge(&app.app, &job).await.unwrap().unwrap();
    let director = app.sign_in("director@fenland.example").await;
    assert_eq!(director.refused("callOffDeletion", json!({ "alliance": FENLAND })).await, "NOT_REQUESTED");
    app.deps.store.delete(&Path::from(files_before[0].as_str())).await.unwrap();
    advance(&app).await;

    for (table, (count, _)) in rows(&app, fenland).await {
        assert_eq!(count, 0, "{table} still has rows");
    }
    assert_eq!(files(&app, fenland).await, Vec::<String>::new());
    assert_eq!(rows(&app, harbour).await, neighbour, "the neighbour's rows");
    assert_eq!(files(&app, harbour).await, neighbours_files);
    let left = "select coalesce(string_agg(email, ' ' order by email), '') from accounts where email like '%fenland%'";
    assert_eq!(app.text(left).await, both, "only who is in another alliance signs in");
    assert_eq!(app.sign_in(both).await.get("/harbour").await.status, 200);
    assert_eq!(app.count("select count(*) from sign_in_codes where email like 'director@fenland%'").await, 0);

    let known = tombstones(&app.app.db).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].tombstone, tombstone);
    let report = known[0].report.clone().unwrap();
    assert_eq!(
        (report.files, known[0].purged_at),
        (files_before.len() as u64 - 1, Some(app.app.clock.now()))
    );
    assert!(report.accounts > 1, "{report:?}");
    for (table, (count, _)) in &rows_before {
        let went = report.rows.get(table).copied().unwrap_or_default();
        // The record of the last day is more than it was, and jobs were pruned.
        assert!(
            went == *count || table.starts_with("audit_") || table == "jobs",
            "{table}: {went} of {count}, {report:?}"
        );
        assert!(went > 0 || *count == 0 || table == "jobs", "{table}: {count}");
    }
    // Once more changes nothing.
    let before = app.contents().await;
    assert_eq!(begin_purge(&app.app, &job).await.unwrap(), None);
    purge(&app.app, &*app.deps.store, &tombstone).await.unwrap();
    assert_eq!(app.contents().await, before);

    // A backup of the database from before brings it back, without the tombstone: the file store has that.
    for restore in [
        "delete from tombstones".to_owned(),
        format!(
            "insert into alliances (alliance_id, slug, name, legal_name, address, contact_email, supplier_kind, created_at)
             values ('{fenland}', 'fenland', 'Fenland Alliance', 'F', 'F', 'f@f.example', 'education_body', now())"
        ),
        format!("insert into people (alliance_id, id, name, created_at) values ('{fenland}', '{fenland}', 'Back', now())"),
    ] {
        sqlx::query(AssertSqlSafe(restore)).execute(&app.owner).await.unwrap();
    }
    assert_eq!(tombstones(&app.app.db).await.unwrap().len(), 0);
    let stored = stored_tombstones(&*app.deps.store).await.unwrap();
    let returned: Vec<Tombstone> = returned_alliances(&app.app.db, stored).await.unwrap();
    assert_eq!(returned, [tombstone]);
    purge(&app.app, &*app.deps.store, &returned[0]).await.unwrap();
    for (table, (count, _)) in rows(&app, fenland).await {
        assert_eq!(count, 0, "{table} has rows again");
    }
    assert_eq!(rows(&app, harbour).await, neighbour);
    assert!(returned_alliances(&app.app.db, returned).await.unwrap().is_empty());

    // Of whom there is no tombstone, nothing is deleted, whoever asks.
    for login in ["ensemble_machine", "ensemble_app"] {
        let mut login = PgConnection::connect(&app.server().url(login, app.database())).await.unwrap();
        let purge = format!("select purge_alliance('{harbour}')::text");
        assert!(sqlx::query_scalar::<_, String>(AssertSqlSafe(purge)).fetch_one(&mut login).await.is_err());
    }
    assert_eq!(rows(&app, harbour).await, neighbour);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_director_of_the_alliance_asks_and_calls_off() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let token = json!({ "alliance": FENLAND, "name": "Data", "permissions": ["MANAGE_DATA"], "days": 30 });
    let token = director.done("createToken", "created { secret }", token).await;
    let program = app.program(token["created"]["secret"].as_str().unwrap());
    let foreign = app.sign_in("director@harbour.example").await;
    let mut others = Vec::new();
    for who in ["manager", "finance", "board", "head", "staff"] {
        others.push(app.sign_in(&format!("{who}@fenland.example")).await);
    }
    let query = "{ alliance(slug: \"fenland\") { deletion { reason } } }";
    for is_under_way in [false, true] {
        let before = app.contents().await;
        for (name, input) in
            [("requestDeletion", asking()), ("callOffDeletion", json!({ "alliance": FENLAND }))]
        {
            for client in others.iter().chain([&program]) {
                let refused = client.try_mutate(name, "", input.clone()).await;
                assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{name}: {refused}");
            }
            let of_foreign = foreign.try_mutate(name, "", input.clone()).await;
            let mut missing = input.clone();
            missing["alliance"] = "nowhere".into();
            assert_eq!(of_foreign, foreign.try_mutate(name, "", missing).await);
            assert_eq!(of_foreign["data"][name]["errors"][0]["code"], "UNKNOWN_ALLIANCE", "{of_foreign}");
            assert_eq!(app.stranger().refused(name, input).await, "SIGNED_OUT");
        }
        let mut after = app.contents().await;
        // That the token was used is noted.
        after.insert("api_tokens".to_owned(), before["api_tokens"].clone());
        assert_eq!(after, before);
        assert_eq!(others[0].graphql(query, json!({})).await["alliance"]["deletion"], json!(null));
        if !is_under_way {
            for (code, field, value) in [
                ("WRONG_ADDRESS", "typed", json!("harbour")),
                ("INVALID_REASON", "reason", json!("")),
                ("FINANCE_RECORDS_NOT_KEPT", "keepsFinanceRecords", json!(false)),
            ] {
                let mut input = asking();
                input[field] = value;
                assert_eq!(director.refused("requestDeletion", input).await, code);
            }
            director.done("requestDeletion", "", asking()).await;
        }
    }
    let seen = director.graphql(query, json!({})).await;
    assert_eq!(seen["alliance"]["deletion"]["reason"], "We have merged.");
}
