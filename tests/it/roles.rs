//! Who may do what, asked of the running product.

use std::fmt::Write;

use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, ROLES},
};

use crate::{
    operations::{ACCOUNT_OPERATIONS, OPERATIONS, Things},
    schema::Schema,
};

async fn director(app: &TestApp) -> Client {
    app.sign_in("director@fenland.example").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_is_here() {
    let app = TestApp::new().await;
    let schema = Schema::of(&director(&app).await).await;
    let mut there: Vec<_> = schema.fields("Mutation").into_iter().map(|field| field.name).collect();
    let mut here: Vec<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
    here.extend(ACCOUNT_OPERATIONS);
    there.sort_unstable();
    here.sort_unstable();
    assert_eq!(there, here);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_does_what_it_may() {
    for operation in OPERATIONS {
        for role in operation.roles {
            let app = TestApp::new().await;
            let things = Things::of(FENLAND, &director(&app).await).await;
            let before = app.contents().await;
            let person = app.sign_in(&format!("{role}@fenland.example")).await;
            person.done(operation.name, "", (operation.input)(&things)).await;
            assert_ne!(app.contents().await, before, "{} changed nothing", operation.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_does_what_they_may_not() {
    let app = TestApp::new().await;
    let things = Things::of(FENLAND, &director(&app).await).await;
    let stranger = app.stranger();
    let mut people = Vec::new();
    for (_, local) in ROLES {
        people.push((local, app.sign_in(&format!("{local}@fenland.example")).await));
    }
    let before = app.contents().await;
    for operation in OPERATIONS {
        let input = (operation.input)(&things);
        for (role, person) in people.iter().filter(|(role, _)| !operation.roles.contains(role)) {
            let answer = person.try_mutate(operation.name, "", input.clone()).await;
            let code = &answer["errors"][0]["extensions"]["code"];
            assert_eq!(code, "FORBIDDEN", "{role}, {}: {answer:#}", operation.name);
        }
        assert_eq!(stranger.refused(operation.name, input).await, "UNKNOWN_ALLIANCE", "{}", operation.name);
        assert_eq!(app.contents().await, before, "{}", operation.name);
    }
}

/// What a field of an alliance answers: `sees`, `nothing` (null or empty) or `forbidden`.
async fn outcome(person: &Client, selection: &str) -> &'static str {
    let query = format!("query($slug: String!) {{ alliance(slug: $slug) {{ it: {selection} }} }}");
    let body = person.execute(&query, json!({ "slug": FENLAND })).await.json();
    if let Some(errors) = body["errors"].as_array() {
        assert_eq!(errors[0]["extensions"]["code"], "FORBIDDEN", "{selection}: {body:#}");
        return "forbidden";
    }
    match &body["data"]["alliance"]["it"] {
        Value::Null => "nothing",
        Value::Array(rows) if rows.is_empty() => "nothing",
        Value::Object(fields) if fields.get("nodes") == Some(&json!([])) => "nothing",
        _ => "sees",
    }
}

/// What each role sees of an alliance. Read every change of this table as a change of who may see what.
#[tokio::test(flavor = "multi_thread")]
async fn each_role_sees_what_it_may() {
    let app = TestApp::new().await;
    let director = director(&app).await;
    let schema = Schema::of(&director).await;
    let things = Things::of(FENLAND, &director).await;
    let mut people = Vec::new();
    let mut table = format!("{:<16}", "");
    for (_, local) in ROLES {
        people.push(app.sign_in(&format!("{local}@fenland.example")).await);
        write!(table, "{local:<11}").unwrap();
    }
    for field in schema.fields("Alliance") {
        let args = field.args.iter().filter_map(|(name, ty)| {
            let value = match (name.as_str(), field.name.as_str()) {
                // Of another school than the head's.
                ("id", "member") => things.member("Birch Infant School"),
                ("id", "person") => things.person_named("The director of Fenland Alliance"),
                ("id", "budget") | ("budgetId", _) => things.budget("2026-27"),
                ("id", "invoice") => things.invoice("Birch Infant School"),
                ("id", "payment") => things.free_payment(),
                ("id", "delivery") => things.refused_mail("Cedar Secondary School"),
                ("id", "payer") => things.payer("Birch Infant School"),
                ("text", "registerSchools") => "school",
                ("urn", _) => return Some("urn: 1".to_owned()),
                _ => {
                    assert_ne!(ty, "ID", "{}: which {name}?", field.name);
                    return None;
                }
            };
            Some(format!("{name}: \"{value}\""))
        });
        let args: Vec<_> = args.collect();
        let args = if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) };
        let below = match field.gives.as_str() {
            leaf if schema.is_leaf(leaf) => "",
            connection if connection.ends_with("Connection") => "{ nodes { __typename } }",
            _ => "{ __typename }",
        };
        write!(table, "\n{:<16}", field.name).unwrap();
        for person in &people {
            let seen = outcome(person, &format!("{}{args} {below}", field.name)).await;
            write!(table, "{seen:<11}").unwrap();
        }
    }
    let table: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"));
}
