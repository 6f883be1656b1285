//! The record of changes: who changed what, by what and from where; nothing changes without it, and nobody changes it.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tests::{Client, TestApp, fixture::FENLAND};

use crate::operations::{OPERATIONS, Things};

/// The newest records, the newest first.
async fn records(director: &Client) -> Vec<Value> {
    let query = "query($slug: String!) { alliance(slug: $slug) { auditRecords(first: 5) { nodes {
        number madeBy address event fingerprint changeCount person { id name }
        changes { about name action fields { name before after } } } } } }";
    let data = director.graphql(query, json!({ "slug": FENLAND })).await;
    data["alliance"]["auditRecords"]["nodes"].as_array().unwrap().clone()
}

async fn newest(director: &Client) -> Value {
    records(director).await.swap_remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_what_is_told_with_what_stood_there() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let manager = app.sign_in("manager@fenland.example").await;
    let closure = json!({ "alliance": FENLAND, "closureId": things.first("closures"), "name": "Fen day",
                          "startsOn": "2027-02-15", "endsOn": "2027-02-19" });
    let before = newest(&director).await;
    manager.done("changeClosure", "", closure.clone()).await;
    let record = newest(&director).await;
    assert_eq!(record["number"], before["number"].as_i64().unwrap() + 1);
    assert_eq!(record["person"]["name"], "The manager of Fenland Alliance");
    assert_eq!((&record["madeBy"], &record["address"]), (&json!("SESSION"), &json!("127.0.0.1")));
    assert_eq!((&record["event"], &record["changeCount"]), (&Value::Null, &json!(1)));
    let change = &record["changes"][0];
    assert_eq!(
        (&change["about"], &change["action"], &change["name"]),
        (&json!("closure"), &json!("CHANGED"), &json!("Fen day"))
    );
    let fields = change["fields"].as_array().unwrap();
    let name = fields.iter().find(|field| field["name"] == "name").unwrap();
    assert!(name["before"].is_string() && name["after"] == "Fen day", "{name}");

    // The same once more changes nothing, and one that is refused neither.
    manager.done("changeClosure", "", closure.clone()).await;
    let mut refused = closure;
    refused["endsOn"] = "2027-02-01".into();
    manager.refused("changeClosure", refused).await;
    assert_eq!(newest(&director).await, record);

    let page = director.page("/fenland/changes").await;
    let row = &page.texts("#changes tbody tr")[0];
    for words in
        ["The manager of Fenland Alliance", "from 127.0.0.1", "Changed closure Fen day", "now Fen day"]
    {
        assert!(row.contains(words), "{words}: {row}");
    }
}

/// What changes nothing but what the service makes by itself from what is recorded: its queue and its mails.
const EVENTS: &[&str] = &["discardJob", "retryJob", "sendAgain", "sendInvoice"];

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_leaves_its_record() {
    for operation in OPERATIONS {
        let app = TestApp::new().await;
        let director = app.sign_in("director@fenland.example").await;
        let things = Things::of(FENLAND, &director).await;
        let email = format!("{}@fenland.example", operation.roles()[0]);
        let person = app.sign_in(&email).await;
        let before = newest(&director).await;
        person.done(operation.name, "", (operation.input)(&things)).await;
        let record = newest(&director).await;
        let is_new = record["number"] == before["number"].as_i64().unwrap() + 1;
        assert!(is_new && record["person"].is_object(), "{}: {record}", operation.name);
        assert_eq!(record["event"].is_string(), EVENTS.contains(&operation.name), "{}", operation.name);
        assert_eq!(
            record["changeCount"] == 0,
            EVENTS.contains(&operation.name),
            "{}: {record}",
            operation.name
        );
        for change in record["changes"].as_array().unwrap() {
            assert_ne!(change["about"], "row", "{}", operation.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_downloads_and_tokens_are_told_as_what_they_are() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let input =
        json!({ "alliance": FENLAND, "name": "Website", "permissions": ["MANAGE_ALLIANCE"], "days": 30 });
    let made =
        director.done("createToken", "created { secret token { id } }", input).await["created"].clone();
    let event = newest(&director).await;
    assert!(
        event["event"].as_str().unwrap().starts_with("Made the API token “Website”, good until "),
        "{event}"
    );

    let program = app.program(made["secret"].as_str().unwrap());
    program.done("addStrand", "", json!({ "alliance": FENLAND, "name": "Music" })).await;
    let record = newest(&director).await;
    assert_eq!((&record["madeBy"], &record["changes"][0]["name"]), (&json!("TOKEN"), &json!("Music")));
    assert_eq!(record["person"]["name"], "The director of Fenland Alliance");

    director.done("revokeToken", "", json!({ "tokenId": made["token"]["id"] })).await;
    assert_eq!(newest(&director).await["event"], "Revoked the API token “Website”");

    let head = app.sign_in("head@fenland.example").await;
    assert_eq!(head.get("/fenland/members.csv").await.status, 200);
    let record = newest(&director).await;
    let event = record["event"].as_str().unwrap();
    assert!(event.starts_with("Downloaded members.csv (") && event.ends_with(" rows)"), "{event}");
    assert_eq!(record["person"]["name"], "The head of Alder");
    // What is refused is not downloaded.
    assert_eq!(head.get("/fenland/payments.csv").await.status, 403);
    assert_eq!(newest(&director).await, record);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_outsider_writes_is_recorded_as_that() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    app.owner.execute("update members set left_on = null, joined_on = joined_on - 1").await.unwrap();
    let record = newest(&director).await;
    assert_eq!((&record["madeBy"], &record["person"]), (&json!("OUTSIDER"), &Value::Null));
    let page = director.page("/fenland/changes?about=member").await;
    assert!(page.texts("#changes tbody tr")[0].contains("Somebody with a login of the database"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_is_told_apart_by_what_it_is_about_and_by_whom() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let manager = app.sign_in("manager@fenland.example").await;
    manager.done("addStrand", "", json!({ "alliance": FENLAND, "name": "Music" })).await;
    director.done("addStrand", "", json!({ "alliance": FENLAND, "name": "Drama" })).await;
    let query = "query($slug: String!, $who: ID, $about: String) { alliance(slug: $slug) {
        auditRecords(personId: $who, about: $about) { totalCount nodes { changes { name } } } } }";
    let manager_id = things.person_named("The manager of Fenland Alliance");
    let names = async |filter: Value| -> Vec<String> {
        let mut variables = filter.clone();
        variables["slug"] = FENLAND.into();
        let data = director.graphql(query, variables).await;
        let list = &data["alliance"]["auditRecords"];
        let nodes = list["nodes"].as_array().unwrap();
        assert_eq!(list["totalCount"], nodes.len(), "{filter}");
        nodes.iter().map(|node| node["changes"][0]["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(json!({ "who": manager_id, "about": "strand" })).await, ["Music"]);
    let of_strands = names(json!({ "about": "strand" })).await;
    assert_eq!(of_strands[..2], ["Drama", "Music"]);
    assert_eq!(names(json!({ "about": "nothing of ours" })).await, Vec::<String>::new());
}

/// What the doctor sees of the records after somebody with the owner's login did this.
async fn seen_after(tampering: &str) -> Option<(Option<i64>, i64)> {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    for name in ["Music", "Drama", "Dance"] {
        director.done("addStrand", "", json!({ "alliance": FENLAND, "name": name })).await;
    }
    let last = newest(&director).await["number"].as_i64().unwrap();
    let (count, broken) = domain::access::check_records(&app.app.db).await.unwrap();
    assert!(count > last && broken.is_empty(), "{broken:?}");
    let url = app.server().url("owner", app.database());
    let mut owner = PgConnection::connect(&url).await.unwrap();
    // Whoever owns the tables can switch the triggers off.
    owner.execute("set session_replication_role = replica").await.unwrap();
    let of_fenland = "alliance_id = (select alliance_id from alliances where slug = 'fenland')";
    let tampering = tampering.replace("OURS", of_fenland).replace("LAST", &last.to_string());
    owner.execute(AssertSqlSafe(tampering)).await.unwrap();
    let (_, broken) = domain::access::check_records(&app.app.db).await.unwrap();
    let ours = broken.into_iter().find(|one| one.slug == FENLAND)?;
    Some((ours.nth, last))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_altered_is_seen() {
    let altered = [
        ("update audit_records set person_id = null where OURS and nth = LAST - 1", 1),
        ("update audit_records set address = '192.0.2.1' where OURS and nth = LAST", 0),
        ("update audit_records set at = at - interval '1 day' where OURS and nth = LAST - 2", 2),
        (
            "update audit_changes set after = after || '{\"name\": \"Chess\"}' where OURS
               and record_id = (select id from audit_records where OURS and nth = LAST - 1)",
            1,
        ),
        (
            "delete from audit_changes where OURS
               and record_id = (select id from audit_records where OURS and nth = LAST - 1)",
            1,
        ),
        // One taken out, with all that it was about: the next one has no place any more.
        (
            "with gone as (delete from audit_records where OURS and nth = LAST - 1 returning alliance_id, id)
             delete from audit_changes c using gone where c.alliance_id = gone.alliance_id and c.record_id = gone.id",
            0,
        ),
        // Altered, and sealed again with its own fingerprint: the next one tells.
        (
            "update audit_records set event = 'Nothing' where OURS and nth = LAST - 1;
             update audit_records r set hash = audit_hash(r, audit_digests(r.alliance_id, r.id)) where OURS and nth = LAST - 1",
            0,
        ),
    ];
    for (tampering, back) in altered {
        let (nth, last) = seen_after(tampering).await.unwrap_or_else(|| panic!("not seen: {tampering}"));
        assert_eq!(nth, Some(last - back), "{tampering}");
    }
    assert_eq!(seen_after("update strands set name = name where OURS").await, None);
}

/// The app's login may add to the record, and that is all.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_itself_cannot_alter_it() {
    let app = TestApp::new().await;
    let mut service = PgConnection::connect(&app.server().url("ensemble_app", app.database())).await.unwrap();
    for table in ["audit_records", "audit_changes"] {
        for change in
            [format!("delete from {table}"), format!("update {table} set alliance_id = alliance_id")]
        {
            let refused = service.execute(AssertSqlSafe(change.clone())).await.unwrap_err();
            assert!(refused.to_string().contains("permission denied"), "{change}: {refused}");
        }
    }
}
