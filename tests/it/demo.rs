//! The demo: every state that the product has, the same whenever it is made, and whole or not there.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tests::{
    TestApp,
    binary::{Folder, Process, ensemble, fail, succeed},
    postgres::Server,
};
use tokio::process::Command;

use crate::up::owner_url;

/// `ensemble seed` on a database of the shared server.
fn seed(database: &str) -> Command {
    let server = Server::shared();
    let mut command = ensemble(&["seed"]);
    command
        .env("DATABASE_URL", server.url("ensemble_app", database))
        .env("MACHINE_DATABASE_URL", server.url("ensemble_machine", database))
        .env("SECRET_KEY", "0123456789abcdef0123456789abcdef");
    command
}

async fn text(owner: &mut PgConnection, query: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(owner).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_every_state_there_is() {
    let database = Server::shared().new_database().await;
    assert_eq!(succeed(seed(&database)).await, "The demo is made.\n");
    let app = TestApp::on(database.clone()).await;
    app.set_time(sqlx::query_scalar("select now()").fetch_one(&app.owner).await.unwrap());
    assert_eq!(
        app.text("select string_agg(slug, ' ' order by slug) from alliances").await,
        "harbour-coast wold-edge"
    );

    let dana = app.sign_in("dana.whitlock@woldedge.example").await;
    let query = "query { alliance(slug: \"wold-edge\") {
        members(first: 100) { nodes { name phase payer { kind legalName } } }
        invoices(first: 100) { nodes { memberName state issuedOn dueOn outstanding } }
        payments(first: 100) { nodes { amount free allocations { id } refunds { amount } } }
        closures { name } budgets { nodes { agreedAt shares { explanation member { name joinedOn } } } } } }";
    let alliance = dana.graphql(query, json!({})).await["alliance"].take();
    let each = |list: &Value, field: &str| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in list.as_array().unwrap() {
            *counts.entry(row[field].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts
    };
    let members = &alliance["members"]["nodes"];
    assert_eq!(members.as_array().unwrap().len(), 27);
    let phases = each(members, "phase");
    for phase in ["NURSERY", "INFANT", "JUNIOR", "PRIMARY", "SECONDARY", "ALL_THROUGH", "SPECIAL"] {
        assert!(phases.contains_key(phase), "no {phase}: {phases:?}");
    }
    let paid_by_trusts: Vec<_> =
        members.as_array().unwrap().iter().filter(|member| member["payer"]["kind"] == "TRUST").collect();
    assert_eq!(paid_by_trusts.len(), 3);
    assert!(paid_by_trusts.iter().all(|member| member["payer"] == paid_by_trusts[0]["payer"]));

    let states = each(&alliance["invoices"]["nodes"], "state");
    let known =
        dana.graphql("query { __type(name: \"InvoiceState\") { enumValues { name } } }", json!({})).await;
    for state in known["__type"]["enumValues"].as_array().unwrap() {
        assert!(states.contains_key(state["name"].as_str().unwrap()), "no invoice is {state}: {states:?}");
    }
    let payments = alliance["payments"]["nodes"].as_array().unwrap();
    let of_parts =
        |parts: usize| move |one: &&Value| one["allocations"].as_array().map(Vec::len) == Some(parts);
    assert!(payments.iter().any(|one| of_parts(3)(&one)), "no payment for three schools");
    assert!(payments.iter().any(|one| of_parts(0)(&one)), "no payment from nobody knows whom");
    let budgets = alliance["budgets"]["nodes"].as_array().unwrap();
    let drafts = budgets.iter().filter(|budget| budget["agreedAt"].is_null()).count();
    assert_eq!((budgets.len(), drafts), (3, 1));
    assert!(
        payments.iter().any(|one| one["refunds"].as_array().is_some_and(|refunds| !refunds.is_empty())),
        "no money was sent back"
    );
    let share_of = |name: &str| {
        let shares = budgets.iter().flat_map(|budget| budget["shares"].as_array().unwrap());
        shares.filter(|share| share["member"]["name"] == name).cloned().collect::<Vec<_>>()
    };
    let late = share_of("Tealby Vale Primary School");
    assert_eq!(late.len(), 1, "{late:#?}");
    let explanation = late[0]["explanation"].as_str().unwrap();
    assert!(explanation.contains("of 12 months") && explanation.contains("had joined"), "{explanation}");
    assert!(alliance["closures"].as_array().unwrap().len() > 3, "schools are never closed");

    let owen = app.sign_in("owen.tarrant@woldedge.example").await;
    let query = "query { alliance(slug: \"harbour-coast\") { closures { name } members(first: 100) { nodes { name } } } }";
    let harbour = owen.graphql(query, json!({})).await;
    assert_eq!(harbour["alliance"]["members"]["nodes"].as_array().map(Vec::len), Some(11));
    assert!(harbour["alliance"]["closures"].as_array().unwrap().len() > 3);
    let ruth = app.sign_in("ruth.adeyemi@woldedge.example").await;
    assert_eq!(ruth.send(ruth.request(Method::GET, "/wold-edge")).await.status, 200);

    // A second time changes nothing, whatever people have done meanwhile.
    let before = app.contents().await;
    assert_eq!(succeed(seed(&database)).await, "The demo is there already.\n");
    assert_eq!(app.contents().await, before);
}

/// Rows of every table, without their ids and what is made of these, and without the true time of each change.
async fn rows(database: &str) -> BTreeMap<String, Vec<String>> {
    let owner = PgPool::connect(&Server::shared().url("owner", database)).await.unwrap();
    let tables =
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
                  and relname <> '_sqlx_migrations'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&owner).await.unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let row = match table.as_str() {
            "audit_changes" => "(nth, table_name, action, label, before, after)",
            "audit_records" => "(nth, proof, event)",
            _ => "t",
        };
        let query = format!(
            "select regexp_replace({row}::text, '[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}', '', 'g')
             from {table} t order by 1"
        );
        rows.insert(table, sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&owner).await.unwrap());
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn two_demos_of_one_day_are_the_same() {
    let server = Server::shared();
    let (one, other) = (server.new_database().await, server.new_database().await);
    succeed(seed(&one)).await;
    succeed(seed(&other)).await;
    let (one, other) = (rows(&one).await, rows(&other).await);
    assert!(one["invoices"].len() > 60 && one["payments"].len() > 30);
    for (table, rows) in &one {
        assert_eq!(rows, &other[table], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_people_use_gets_no_demo() {
    let app = TestApp::new().await;
    let before = app.contents().await;
    let said = succeed(seed(app.database())).await;
    assert_eq!(
        said,
        "Nothing was changed: the demo goes into an empty database, and this one has alliances.\n"
    );
    assert_eq!(app.contents().await, before);
}

/// The first payment fails, as if the machine had been switched off there; the second is taken.
const FAIL_ONCE: &str = "
    create sequence tried;
    create function fail_once() returns trigger language plpgsql security definer as $$
    begin
        if nextval('public.tried') = 1 then raise exception 'the power fails'; end if;
        return new;
    end $$;
    create trigger fail_once before insert on payments for each row execute function fail_once()";

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_was_interrupted_is_not_taken_for_whole() {
    let database = Server::shared().new_database().await;
    let mut owner = PgConnection::connect(&Server::shared().url("owner", &database)).await.unwrap();
    owner.execute(FAIL_ONCE).await.unwrap();
    assert!(fail(seed(&database)).await.contains("the power fails"));
    // Others may use this server: it is for a person to say that nothing of worth is there.
    let said = fail(seed(&database)).await;
    assert!(said.contains("begun in this database and not finished") && said.contains("dropdb"), "{said}");
    assert_eq!(text(&mut owner, "select count(*)::text from alliances").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_database_is_filled_without_logins_and_begun_again_after_an_interruption() {
    let folder = Folder::make();
    let data = folder.join("data");
    let register = format!("{}/fixtures/register/schools_140_columns.csv", env!("CARGO_MANIFEST_DIR"));
    let mut import = ensemble(&["import", "register", &register, "--data", &data]);
    import.current_dir(folder.path());
    assert!(succeed(import).await.starts_with("Read "));
    let mut dry = ensemble(&["import", "register", &register, "--dry-run", "--data", &data]);
    dry.current_dir(folder.path());
    let said = succeed(dry).await;
    assert!(said.contains(": 0 new, 0 updated, ") && said.contains("This was a dry run"), "{said}");
    let up = async |more: &[&str]| {
        let arguments = [&["up", "--port", "0", "--data", &data], more].concat();
        let mut process = Process::start(ensemble(&arguments));
        process.says("Press Ctrl-C").await;
        let owner = PgConnection::connect(&owner_url(data.as_ref())).await.unwrap();
        (process, owner)
    };
    let (process, mut owner) = up(&["--no-demo"]).await;
    let schools = text(&mut owner, "select count(*)::text from schools").await;
    assert_ne!(schools, "0");
    owner.execute(FAIL_ONCE).await.unwrap();
    drop(process);
    assert!(fail(ensemble(&["seed", "--data", &data])).await.contains("the power fails"));

    // Nobody else uses this database, and nobody was let in since.
    assert_eq!(succeed(ensemble(&["seed", "--data", &data])).await, "The demo is made.\n");
    assert_eq!(succeed(ensemble(&["seed", "--data", &data])).await, "The demo is there already.\n");
    let (process, mut owner) = up(&[]).await;
    assert!(process.said().iter().any(|line| line.contains("dana.whitlock@woldedge.example")));
    assert_eq!(text(&mut owner, "select count(*)::text from members").await, "38");
    assert_eq!(text(&mut owner, "select count(*)::text from schools").await, schools, "the register is gone");
}
