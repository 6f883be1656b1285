//! The steps by which an alliance is set up: done by what they leave behind, or set aside.

use serde_json::{Value, json};
use tests::{Client, TestApp, fixture::FENLAND};

use crate::{
    operations::{Things, change_settings},
    sign_up::{founder, wold},
};

const WOLD: &str = "wold-edge";

/// The steps that are open, each with who sees to it.
async fn open(client: &Client, slug: &str) -> Vec<(String, Value)> {
    let query =
        "query($slug: String!) { alliance(slug: $slug) { setUpTasks { task state owner { name } } } }";
    let tasks = client.graphql(query, json!({ "slug": slug })).await["alliance"]["setUpTasks"].clone();
    let open = tasks.as_array().unwrap().iter().filter(|task| task["state"] == "OPEN");
    open.map(|task| (task["task"].as_str().unwrap().to_owned(), task["owner"]["name"].clone())).collect()
}

async fn names(client: &Client) -> Vec<String> {
    open(client, WOLD).await.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_off_the_list_once_what_it_is_about_is_there() {
    let app = TestApp::new().await;
    let client = founder(&app).await;
    client.done("foundAlliance", "", wold(json!({}))).await;
    // Term dates come by themselves.
    let steps = ["LEAD_SCHOOL", "MEMBERS", "INVITATIONS", "BANK_ACCOUNT", "VAT", "WORDING", "FIRST_BUDGET"];
    assert_eq!(names(&client).await, steps);
    assert!(open(&client, WOLD).await.iter().all(|(_, owner)| owner == "The founder"));
    let home = client.page("/wold-edge").await;
    assert!(home.texts("main h2").contains(&"Left to set up".to_owned()));
    assert!(!home.text().contains("sees to it"), "they know: {}", home.text());

    let mut first = String::new();
    for name in ["Ash School", "Beech School"] {
        let joins = json!({ "alliance": WOLD, "name": name, "phase": "PRIMARY", "joinedOn": "2026-09-01" });
        let member = client.done("addMember", "member { id }", joins).await;
        member["member"]["id"].as_str().unwrap().clone_into(&mut first);
    }
    assert_eq!(
        names(&client).await,
        ["LEAD_SCHOOL", "INVITATIONS", "BANK_ACCOUNT", "VAT", "WORDING", "FIRST_BUDGET"]
    );
    client.done("setLeadSchool", "", json!({ "alliance": WOLD, "memberId": first })).await;
    let asked =
        json!({ "alliance": WOLD, "name": "A manager", "email": "manager@wold.example", "role": "MANAGER" });
    client.done("invite", "", asked).await;
    assert_eq!(names(&client).await, ["BANK_ACCOUNT", "VAT", "WORDING", "FIRST_BUDGET"]);

    let things = Things::of(WOLD, &client).await;
    let mut settings = change_settings(&things);
    settings["supplierKind"] = "NOT_REGISTERED".into();
    for (key, word) in [("allianceWord", "hub"), ("memberWord", "member"), ("strandWord", "programme")] {
        settings[key] = word.into();
    }
    client.done("changeSettings", "", settings).await;
    assert_eq!(names(&client).await, ["WORDING", "FIRST_BUDGET"], "words of a template are nobody's own");
    client.done("setTaskAside", "", json!({ "alliance": WOLD, "task": "WORDING" })).await;
    let budget = json!({ "label": "2026-27", "startsOn": "2026-09-01", "endsOn": "2027-08-31",
                         "formula": serde_json::to_value(tests::fixture::formula()).unwrap(),
                         "lines": [{ "description": "Co-ordination", "pence": 700_000 }] });
    client.done("draftBudget", "", json!({ "alliance": WOLD, "budget": budget })).await;

    // Nothing is left, so the list is gone, and what was set aside can be taken up again.
    assert!(names(&client).await.is_empty());
    let home = client.page("/wold-edge").await;
    assert!(!home.texts("main h2").contains(&"Left to set up".to_owned()));
    assert!(client.page("/wold-edge/settings").await.text().contains("Every step is done or set aside."));
    let steps = client.page("/wold-edge/settings/set-up").await;
    assert_eq!(steps.count("#steps tbody tr"), 8);
    let resumed = client.send_form(&steps.form("/wold-edge/settings/set-up/resume")).await;
    assert_eq!(resumed.status, 303, "{}", resumed.body);
    assert_eq!(names(&client).await, ["WORDING"]);
    // What is no longer there has to be done again.
    let left = json!({ "alliance": WOLD, "memberId": first, "leftOn": "2026-10-01" });
    client.done("endMembership", "", left).await;
    assert_eq!(names(&client).await, ["MEMBERS", "WORDING"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_runs_the_alliance_sees_to_a_step() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let assign = |person: &str| json!({ "alliance": FENLAND, "task": "TERM_DATES", "ownerId": things.person_named(person) });
    let before = app.contents().await;
    assert_eq!(director.refused("assignTask", assign("The trainee of Alder")).await, "UNKNOWN_OWNER");
    assert_eq!(app.contents().await, before);

    // Nobody is said to have founded it, so nobody sees to what is open.
    assert_eq!(open(&director, FENLAND).await, [("TERM_DATES".to_owned(), Value::Null)]);
    assert!(open(&finance, FENLAND).await.is_empty());
    let owner = "The finance lead of Fenland Alliance";
    director.done("assignTask", "task { owner { name } }", assign(owner)).await;
    assert_eq!(director.refused("assignTask", assign(owner)).await, "OWNS_ALREADY");
    assert_eq!(open(&finance, FENLAND).await, [("TERM_DATES".to_owned(), json!(owner))]);
    for (client, is_told) in [(&director, true), (&finance, false)] {
        let home = client.page("/fenland").await.text();
        assert!(home.contains("Write down this year’s term dates"), "{home}");
        assert_eq!(home.contains(&format!("{owner} sees to it.")), is_told, "{home}");
    }

    // Set aside once, taken up once; what is done is neither.
    let task = |name: &str| json!({ "alliance": FENLAND, "task": name });
    director.done("setTaskAside", "task { state }", task("TERM_DATES")).await;
    assert!(open(&finance, FENLAND).await.is_empty());
    assert_eq!(director.refused("setTaskAside", task("TERM_DATES")).await, "NOT_OPEN");
    assert_eq!(director.refused("setTaskAside", task("MEMBERS")).await, "NOT_OPEN");
    assert_eq!(director.refused("resumeTask", task("MEMBERS")).await, "NOT_SET_ASIDE");
    director.done("resumeTask", "task { state }", task("TERM_DATES")).await;
    assert_eq!(open(&finance, FENLAND).await, [("TERM_DATES".to_owned(), json!(owner))], "the owner stays");
}
