//! Starting an alliance by oneself, and what it may not do until it is confirmed.

use std::collections::BTreeSet;

use domain::alliances::{confirm_alliance, every_alliance};
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, HARBOUR},
    page::Page,
};

use crate::{operations::Things, register, walls};

const FOUNDER: &str = "founder@wold.example";

/// Somebody whom no alliance knows, from the first page to the form for an alliance.
pub async fn founder(app: &TestApp) -> Client {
    let client = app.stranger();
    let asked = client.submit("/sign-up", "/sign-up", &[("email", FOUNDER)]).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    app.work().await;
    let mail = &app.mails.to(FOUNDER)[0];
    let text = mail.text();
    let code = text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6);
    let code = code.unwrap_or_else(|| panic!("no code in: {text}"));
    let form = Page::new("/sign-up", &asked.body).form("/sign-in/code").with(&[("code", code)]);
    let signed = client.send_form(&form).await;
    assert_eq!((signed.status, signed.location()), (303, "/alliances/new"), "{}", signed.body);
    client
}

pub fn wold(change: Value) -> Value {
    let mut input = json!({ "name": "Wold Edge Alliance", "shortAddress": "wold-edge",
                            "template": "TEACHING_SCHOOL_HUB", "yourName": "The founder" });
    change.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
    input
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_no_alliance_knows_starts_one() {
    let app = TestApp::new().await;
    let client = founder(&app).await;
    let start = client.page("/").await;
    assert!(start.text().contains(FOUNDER) && start.text().contains("Start an alliance"), "{}", start.text());

    // Refused, and nothing typed is lost.
    let fields = [
        ("name", "Wold Edge Alliance"),
        ("slug", "fenland"),
        ("template", "hub"),
        ("yourName", "The founder"),
    ];
    let before = app.contents().await;
    let taken = client.submit("/alliances/new?other=yes", "/alliances/new", &fields).await;
    assert_eq!(taken.status, 422);
    let shown = Page::new("/alliances/new", &taken.body);
    assert_eq!(shown.texts("#slug-error"), ["That short address is taken. Try another."]);
    assert_eq!(shown.count("#template-hub[checked]"), 1);
    assert_eq!(shown.count("#name[value='Wold Edge Alliance']"), 1);
    assert_eq!(app.contents().await, before);

    let founded = client.send_form(&shown.form("/alliances/new").with(&[("slug", " Wold-Edge ")])).await;
    assert_eq!((founded.status, founded.location()), (303, "/wold-edge"), "{}", founded.body);
    let home = client.page("/wold-edge").await;
    assert_eq!(home.count("main .flash[role=status]"), 1);
    assert!(home.text().contains("On trial.") && home.text().contains("Add the members"), "{}", home.text());
    assert_eq!(home.link("Fill it in"), "/wold-edge/settings");
    let query = "{ alliance(slug: \"wold-edge\") { name isOnTrial wording { alliance } strands { name } \
                   me { name roles } terms { invoicePrefix } } }";
    let alliance = client.graphql(query, json!({})).await["alliance"].clone();
    assert_eq!(
        (&alliance["isOnTrial"], &alliance["wording"]["alliance"], &alliance["strands"][1]["name"]),
        (&json!(true), &json!("hub"), &json!("Early career teachers"))
    );
    assert_eq!(alliance["me"], json!({ "name": "The founder", "roles": ["DIRECTOR"] }));
    assert_eq!(alliance["terms"]["invoicePrefix"], "WOL-");
    // Every page that a new director looks at is there.
    for page in ["members", "people", "budgets", "invoices", "payments", "settings", "mail", "jobs", "roles"]
    {
        assert_eq!(client.get(&format!("/wold-edge/{page}")).await.status, 200, "{page}");
    }

    // Nobody else is in it, and its founder is in no other.
    let director = app.sign_in("director@fenland.example").await;
    assert_eq!(director.get("/wold-edge").await.status, 404);
    for other in [FENLAND, HARBOUR] {
        assert_eq!(client.get(&format!("/{other}")).await.status, 404);
    }
    // Signing in again needs no other way.
    app.sign_in_anew(FOUNDER).await.page("/wold-edge").await;
}

/// As many schools of one name as a large authority has of any, each in a town of its own.
async fn many_schools(app: &TestApp) {
    sqlx::Executor::execute(
        &app.owner,
        "insert into schools (urn, name, local_authority_code, local_authority_name, type_code, status_code, town, postcode,
                              search_text)
         select 200000 + n, 'St Mary’s Primary School', 999, 'Wold County', 1, 1, 'Town ' || n, 'LN99 ' || n,
                'st marys primary school town ' || n || ' ' || (200000 + n)
         from generate_series(1, 230) n",
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lead_school_is_found_by_its_authority_and_then_its_name() {
    let app = TestApp::new().await;
    register::schools(&app, "schools_140_columns.csv").await;
    register::links(&app).await;
    many_schools(&app).await;
    let client = founder(&app).await;
    let start = client.page("/alliances/new").await;
    let authorities = start.texts("select#filter-la option");
    assert_eq!(authorities[0], "Any");
    assert!(
        authorities.contains(&"Lincolnshire".to_owned())
            && authorities.is_sorted_by_key(|name| name != "Any")
    );
    assert_eq!(start.count("#schools tbody tr") + start.count("form[action='/alliances/new']"), 0);

    // Schools that are closed are not offered; a number leads on to what came after.
    let lincolnshire = client.page("/alliances/new?la=925").await;
    assert_eq!(lincolnshire.texts("#schools tbody th"), ["Mount Street Academy"]);
    let old = client.page("/alliances/new?q=120694").await;
    assert_eq!(old.count("form[action='/alliances/new']"), 0);
    assert_eq!(old.link("Choose Mount Street Academy instead"), "?urn=137551");
    for nothing in ["?q=999998", "?la=925&q=zzzz", "?la=925&q=!", "?la=x&q=%00"] {
        let page = client.page(&format!("/alliances/new{nothing}")).await;
        assert_eq!(page.count("#schools tbody tr"), 0, "{nothing}");
    }

    // Hundreds in one authority: fifty a page, told apart by town and postcode, narrowed by a word.
    let mut page = client.page("/alliances/new?la=999&q=mary").await;
    let mut towns = BTreeSet::new();
    assert_eq!(page.texts("#schools-caption"), ["230 schools"]);
    for rows in [50, 50, 50, 50, 30] {
        assert_eq!(page.count("#schools tbody tr"), rows);
        towns.extend(page.texts("#schools td[data-label=Town]"));
        if rows == 50 {
            page = client.page(&page.link("Next page")).await;
        }
    }
    assert_eq!(towns.len(), 230);
    let one = client.page("/alliances/new?la=999&q=mary+town+217").await;
    assert_eq!(one.texts("#schools td[data-label=Postcode]"), ["LN99 217"]);

    let chosen = client.page("/alliances/new?urn=137551").await;
    assert!(chosen.text().contains("Mount Street Academy"), "{}", chosen.text());
    let fields = [("name", "Wold Edge Alliance"), ("slug", "fenland"), ("yourName", "The founder")];
    let refused = client.send_form(&chosen.form("/alliances/new").with(&fields)).await;
    assert_eq!(refused.status, 422);
    let again = Page::new("/alliances/new", &refused.body);
    assert!(again.text().contains("Mount Street Academy"), "the school is kept: {}", again.text());
    let founded = client.send_form(&again.form("/alliances/new").with(&[("slug", "wold-edge")])).await;
    assert_eq!(founded.status, 303, "{}", founded.body);
    let query = "{ alliance(slug: \"wold-edge\") { leadSchool { urn joinedOn payer { legalName } } today
                   members { totalCount } } }";
    let alliance = client.graphql(query, json!({})).await["alliance"].clone();
    assert_eq!(
        alliance["leadSchool"],
        json!({ "urn": 137_551, "joinedOn": alliance["today"], "payer": { "legalName": "Mount Street Academy" } })
    );
    assert_eq!(alliance["members"]["totalCount"], 1);
    assert_eq!(
        client.page("/wold-edge/settings").await.link("Mount Street Academy").split('/').nth(2),
        Some("members")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_school_may_be_outside_the_register_and_may_come_later() {
    let app = TestApp::new().await;
    register::schools(&app, "schools_140_columns.csv").await;
    let client = founder(&app).await;
    let lead = "alliance { slug }";
    for (slug, change, expected) in [
        ("w1", json!({}), Value::Null),
        (
            "w2",
            json!({ "leadName": " Gorse  School ", "leadPhase": "SPECIAL" }),
            json!({ "name": "Gorse School", "phase": "SPECIAL", "urn": null }),
        ),
    ] {
        let mut input = wold(change);
        input["shortAddress"] = slug.into();
        client.done("foundAlliance", lead, input).await;
        let query = "query($slug: String!) { alliance(slug: $slug) { leadSchool { name phase urn } } }";
        let found = client.graphql(query, json!({ "slug": slug })).await;
        assert_eq!(found["alliance"]["leadSchool"], expected);
    }
    let before = app.contents().await;
    for (change, code) in [
        (json!({ "urn": 999_999 }), "UNKNOWN_URN"),
        (json!({ "urn": -1 }), "UNKNOWN_URN"),
        (json!({ "urn": 120_694 }), "CLOSED_SCHOOL"),
        (json!({ "leadName": "x".repeat(301) }), "INVALID_LEAD_NAME"),
        (json!({ "leadName": " " }), "INVALID_LEAD_NAME"),
    ] {
        assert_eq!(client.refused("foundAlliance", wold(change.clone())).await, code, "{change}");
    }
    assert_eq!(app.contents().await, before);

    // By the page, without either.
    let form = client.page("/alliances/new?other=yes").await.form("/alliances/new");
    let fields = [("name", "Wold Edge Alliance"), ("slug", "w3"), ("yourName", "The founder")];
    assert_eq!(client.send_form(&form.with(&fields)).await.status, 303);
    let members = "select count(*) from members join alliances using (alliance_id) where slug = 'w3'";
    assert_eq!(app.count(members).await, 0);
    let nobody =
        app.stranger().graphql("{ viewer { register { localAuthorities { code } } } }", json!({})).await;
    assert_eq!(nobody, json!({ "viewer": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_leads_from_today_on() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let lead = |member: &str| json!({ "alliance": FENLAND, "memberId": things.member(member) });
    let before = app.contents().await;
    assert_eq!(director.refused("setLeadSchool", lead("Alder Primary School")).await, "LEADS_ALREADY");
    assert_eq!(app.contents().await, before);
    director.done("setLeadSchool", "member { name }", lead("Elm Academy")).await;
    // Of two on one day, the later counts.
    director.done("setLeadSchool", "member { name }", lead("Fir Special School")).await;
    let query = "{ alliance(slug: \"fenland\") { leadSchool { name } } }";
    let found = director.graphql(query, json!({})).await;
    assert_eq!(found["alliance"]["leadSchool"]["name"], "Fir Special School");
    assert_eq!(app.count("select count(*) from lead_schools where starts_on = '2026-11-24'").await, 1);
    // Who has left leads nobody.
    let left =
        json!({ "alliance": FENLAND, "memberId": things.member("Elm Academy"), "leftOn": "2026-11-23" });
    director.done("endMembership", "", left).await;
    assert_eq!(director.refused("setLeadSchool", lead("Elm Academy")).await, "UNKNOWN_MEMBER");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alliance_that_cannot_be_is_not_started() {
    let app = TestApp::new().await;
    let client = founder(&app).await;
    let finance = app.sign_in("finance@fenland.example").await;
    let before = app.contents().await;
    for (change, code) in [
        (json!({ "name": " " }), "INVALID_NAME"),
        (json!({ "name": "x".repeat(201) }), "INVALID_NAME"),
        (json!({ "yourName": "" }), "INVALID_PERSON_NAME"),
        (json!({ "shortAddress": FENLAND }), "SLUG_TAKEN"),
        (json!({ "shortAddress": "sign-in" }), "SLUG_TAKEN"),
        (json!({ "shortAddress": "graphql" }), "SLUG_TAKEN"),
        (json!({ "shortAddress": "w" }), "INVALID_SLUG"),
        (json!({ "shortAddress": "wold--edge" }), "INVALID_SLUG"),
        (json!({ "shortAddress": "wold edge" }), "INVALID_SLUG"),
        (json!({ "shortAddress": "../wold" }), "INVALID_SLUG"),
        (json!({ "shortAddress": "w".repeat(200) }), "INVALID_SLUG"),
    ] {
        assert_eq!(client.refused("foundAlliance", wold(change.clone())).await, code, "{change}");
    }
    assert_eq!(app.stranger().refused("foundAlliance", wold(json!({}))).await, "SIGNED_OUT");
    let token = json!({ "alliance": FENLAND, "name": "x", "permissions": ["SEE_MONEY"], "days": 1 });
    let token = finance.done("createToken", "created { secret }", token).await;
    let program = app.program(token["created"]["secret"].as_str().unwrap());
    let answer = program.try_mutate("foundAlliance", "", wold(json!({}))).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let after = app.contents().await;
    assert!(
        before.iter().all(|(table, rows)| ["api_tokens", "audit_records"].contains(&table.as_str())
            || after[table] == *rows)
    );

    for n in 0..3 {
        client
            .done("foundAlliance", "alliance { slug }", wold(json!({ "shortAddress": format!("w{n}") })))
            .await;
    }
    assert_eq!(client.refused("foundAlliance", wold(json!({}))).await, "TOO_MANY_TRIALS");
    // A page of the service is nobody's address.
    let head = app.sign_in("head@fenland.example").await;
    let routes = walls::routes();
    let parts = routes.iter().filter_map(|route| route.split('/').nth(1));
    let own: BTreeSet<_> = parts.filter(|part| !part.is_empty() && !part.starts_with('{')).collect();
    assert!(own.len() >= 6, "{own:?}");
    for part in own {
        let input = wold(json!({ "shortAddress": part }));
        assert_eq!(head.refused("foundAlliance", input).await, "SLUG_TAKEN", "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alliance_on_trial_mails_its_own_team_only() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let finance = app.sign_in("finance@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    // The deployment's own are confirmed from the beginning.
    let listed = every_alliance(&app.app).await.unwrap();
    assert!(listed.iter().all(|alliance| !alliance.is_on_trial), "{listed:?}");
    sqlx::Executor::execute(&app.owner, "update alliances set confirmed_at = null where slug = 'fenland'")
        .await
        .unwrap();
    let again = |key: &str| {
        json!({ "alliance": FENLAND, "deliveryId": things.refused_mail("Cedar Secondary School"),
                "idempotencyKey": key })
    };
    let payer = |email: &str| {
        json!({ "alliance": FENLAND, "payerId": things.payer("Cedar Secondary School"),
                "payer": { "kind": "SCHOOL", "legalName": "Cedar Secondary School", "address": "2 Mill Road",
                           "purchaseOrder": "NONE", "accountsEmail": email } })
    };
    let states = "select string_agg(recipient || ' ' || state, ', ' order by created_at, recipient) from deliveries
                  where member_id = (select id from members where name = 'Cedar Secondary School'
                                     and alliance_id = (select alliance_id from alliances where slug = 'fenland'))
                    and rule = 'invoice_issued'";
    app.mails.clear();

    // A school's office, and those who are no part of the team, whatever their role is for: not yet.
    for local in ["head", "board", "reviewer"] {
        app.sign_in(&format!("{local}@fenland.example")).await;
    }
    for email in
        ["office@cedar.example", "head@fenland.example", "board@fenland.example", "reviewer@fenland.example"]
    {
        director.done("changePayer", "", payer(email)).await;
        finance.done("sendAgain", "", again(email)).await;
        app.work().await;
        assert!(app.mails.received().is_empty(), "{email} got a mail");
    }
    let said = app.text("select last_reply from deliveries where recipient = 'office@cedar.example' and state = 'withdrawn'").await;
    assert!(said.contains("on trial"), "{said}");
    // Nor somebody who was given a role in the team and has never signed in.
    director.done("changePayer", "", payer("manager@fenland.example")).await;
    finance.done("sendAgain", "", again("given")).await;
    app.work().await;
    assert!(app.mails.received().is_empty(), "a role alone got a mail");
    // The team's own address, to see what the mail looks like.
    app.sign_in("manager@fenland.example").await;
    finance.done("sendAgain", "", again("team")).await;
    app.work().await;
    assert_eq!(app.mails.to("manager@fenland.example").len(), 1);
    let seen = app.text(states).await;
    assert!(
        seen.contains("office@cedar.example withdrawn") && seen.contains("manager@fenland.example sent"),
        "{seen}"
    );

    // Confirmed, once; another alliance by the same words is not there.
    assert!(confirm_alliance(&app.app, "nowhere").await.is_err());
    assert!(confirm_alliance(&app.app, FENLAND).await.unwrap());
    assert!(!confirm_alliance(&app.app, FENLAND).await.unwrap());
    director.done("changePayer", "", payer("office@cedar.example")).await;
    finance.done("sendAgain", "", again("confirmed")).await;
    app.work().await;
    assert_eq!(app.mails.to("office@cedar.example").len(), 1);
}
