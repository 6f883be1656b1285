//! Who may do what, asked of the running product.

use std::fmt::Write;

use domain::{
    ids::{MemberId, StrandId},
    viewer::Role,
};
use gateway::schema::ids::decode;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, ROLES},
};
use uuid::Uuid;

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
        for role in operation.roles() {
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
    let mut table = format!("{:<22}", "");
    for (_, local) in ROLES {
        write!(table, "{local:<11}").unwrap();
    }
    for operation in OPERATIONS {
        let may = operation.roles();
        write!(table, "\n{:<22}", operation.name).unwrap();
        for (_, local) in ROLES {
            write!(table, "{:<11}", if may.contains(&local) { "does" } else { "no" }).unwrap();
        }
        let input = (operation.input)(&things);
        for (role, person) in people.iter().filter(|(role, _)| !may.contains(role)) {
            let answer = person.try_mutate(operation.name, "", input.clone()).await;
            let code = &answer["errors"][0]["extensions"]["code"];
            assert_eq!(code, "FORBIDDEN", "{role}, {}: {answer:#}", operation.name);
        }
        assert_eq!(stranger.refused(operation.name, input).await, "UNKNOWN_ALLIANCE", "{}", operation.name);
        assert_eq!(app.contents().await, before, "{}", operation.name);
    }
    // As the product's table has it, and as this test and the one above have found it.
    insta::assert_snapshot!(trimmed(&table));
}

/// A table without blanks at the ends of its lines.
fn trimmed(table: &str) -> String {
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
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
    let mut table = format!("{:<20}", "");
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
                ("personId", "auditRecords") => return None,
                ("id", "payer") => things.payer("Birch Infant School"),
                ("text", "registerSchools") => "school",
                ("urn", _) => return Some("urn: 1".to_owned()),
                ("schoolYear", _) => return Some("schoolYear: 2026".to_owned()),
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
        write!(table, "\n{:<20}", field.name).unwrap();
        for person in &people {
            let seen = outcome(person, &format!("{}{args} {below}", field.name)).await;
            write!(table, "{seen:<11}").unwrap();
        }
    }
    insta::assert_snapshot!(trimmed(&table));
}

/// A strand lead changes what they lead, and no other strand.
#[tokio::test(flavor = "multi_thread")]
async fn a_strand_lead_changes_their_own_strand_only() {
    let app = TestApp::new().await;
    let things = Things::of(FENLAND, &director(&app).await).await;
    let lead = app.sign_in("strand@fenland.example").await;
    let rename = |id: &str| json!({ "alliance": FENLAND, "strandId": id, "name": "Another name" });
    let before = app.contents().await;
    let answer = lead.try_mutate("renameStrand", "", rename(things.first("strands"))).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer:#}");
    assert_eq!(app.contents().await, before);
    lead.done("renameStrand", "", rename(things.led_strand())).await;

    // On the page the one is offered, and the others are shown.
    let page = lead.page("/fenland/settings/strands").await;
    let offered = page.texts("#strands tbody tr");
    assert_eq!(offered.len(), 6);
    let rename: Vec<_> = offered.iter().filter(|row| row.contains("Rename")).collect();
    assert_eq!(rename, ["Another name Rename Another name"]);
    assert!(page.texts("main form").is_empty(), "nothing is added or removed");
    let home = lead.page("/fenland").await;
    assert_eq!(home.texts("main h2"), ["Another name"]);

    // It stays on record for as long as somebody's role is of it.
    let director = director(&app).await;
    let remove = json!({ "alliance": FENLAND, "strandId": things.led_strand() });
    assert_eq!(director.refused("removeStrand", remove).await, "WAS_LED");
}

/// What somebody was invited to lead stays on record as their invitation does.
#[tokio::test(flavor = "multi_thread")]
async fn a_strand_that_somebody_was_invited_to_lead_stays() {
    let app = TestApp::new().await;
    let director = director(&app).await;
    let things = Things::of(FENLAND, &director).await;
    let invite = json!({ "alliance": FENLAND, "name": "A lead", "email": "lead@birch.example", "role": "STRAND_LEAD",
                         "strandId": things.first("strands") });
    let invited = director.done("invite", "invitation { id }", invite).await;
    let withdraw = json!({ "alliance": FENLAND, "invitationId": invited["invitation"]["id"] });
    director.done("withdrawInvitation", "", withdraw).await;
    let remove = json!({ "alliance": FENLAND, "strandId": things.first("strands") });
    let before = app.contents().await;
    assert_eq!(director.refused("removeStrand", remove).await, "WAS_LED");
    assert_eq!(app.contents().await, before);
}

/// The fixture's first payer has a finance contact. Who sees the money and not the people sees the payer without.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_sees_money_and_no_people_sees_a_payer_without_its_contact() {
    let app = TestApp::new().await;
    let things = Things::of(FENLAND, &director(&app).await).await;
    let alder = things.member("Alder Primary School");
    let path = format!("/fenland/members/{}", decode(alder).unwrap().2);
    let query = "query($id: ID!) { alliance(slug: \"fenland\") { member(id: $id) { payer {
        legalName financeContact { name } } } } }";
    let contact = Some("The school business manager of Alder");
    for (local, contact) in
        [("director", contact), ("finance", contact), ("head", contact), ("business", None), ("board", None)]
    {
        let person = app.sign_in(&format!("{local}@fenland.example")).await;
        assert_eq!(person.get(&path).await.status, 200, "{local}");
        let seen = person.graphql(query, json!({ "id": alder })).await["alliance"]["member"]["payer"].clone();
        assert_eq!(seen["legalName"], "Alder Primary School", "{local}");
        assert_eq!(seen["financeContact"]["name"], json!(contact), "{local}");
    }
}

/// A board member reads the money and is asked to do nothing about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_board_member_reads_the_money_and_is_asked_for_nothing() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await.page("/fenland").await;
    assert!(finance.texts("main h2").contains(&"Needs you".to_owned()));
    let board = app.sign_in("board@fenland.example").await;
    let home = board.page("/fenland").await;
    assert_eq!(home.texts("main h2"), ["Contributions"]);
    for path in ["/fenland/invoices", "/fenland/payments", "/fenland/budgets", "/fenland/debt"] {
        let page = board.page(path).await;
        assert!(page.texts("main form[method=post]").is_empty(), "{path}");
    }
}

/// The rule of what a role may be for is said twice: by the program, and by the database.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_what_each_role_may_be_for() {
    let app = TestApp::new().await;
    for role in Role::ALL {
        for (member, strand) in [(false, false), (true, false), (false, true), (true, true)] {
            let id = |is: bool, table: &str| {
                let first =
                    format!("(select min(id::text)::uuid from {table} where alliance_id = p.alliance_id)");
                if is { first } else { "null".to_owned() }
            };
            let insert = format!(
                "insert into role_grants (alliance_id, id, person_id, role, member_id, strand_id, starts_on)
                 select p.alliance_id, gen_random_uuid(), p.id, '{}', {}, {}, '2026-11-24' from people p limit 1",
                role.as_str(),
                id(member, "members"),
                id(strand, "strands")
            );
            let stored = sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&app.owner).await;
            let chosen =
                role.remit(member.then_some(MemberId(Uuid::nil())), strand.then_some(StrandId(Uuid::nil())));
            match stored {
                Ok(done) => assert_eq!(done.rows_affected(), 1),
                Err(sqlx::Error::Database(error)) => {
                    assert_eq!(error.constraint(), Some("role_grants_remit_check"), "{role:?}");
                    assert!(chosen.is_err(), "the database refuses {role:?} for {chosen:?}");
                    continue;
                }
                Err(error) => panic!("{error}"),
            }
            assert!(chosen.is_ok(), "the database takes {role:?} for {member} {strand}");
        }
    }
}
