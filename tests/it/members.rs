//! A member goes on: it leaves and stays after all, becomes an academy, gets another payer.

use gateway::schema::ids::decode;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::{Client, TestApp, fixture::FENLAND, page::Page};

use crate::operations::Things;

/// A school of the register, as the register would have it.
async fn register(app: &TestApp, urn: i32, name: &str) {
    let insert = "insert into schools (urn, name, type_code, status_code, search_text) values ($1, $2, 1, 1, lower($2))";
    sqlx::query(insert).bind(urn).bind(name).execute(&app.owner).await.unwrap();
}

struct World {
    app: TestApp,
    director: Client,
    things: Things,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        for (urn, name) in [(120_001, "Gorse Primary School"), (140_001, "Gorse Academy")] {
            register(&app, urn, name).await;
        }
        let director = app.sign_in("director@fenland.example").await;
        let things = Things::of(FENLAND, &director).await;
        Self { app, director, things }
    }

    async fn join(&self, urn: i32, joined_on: &str) -> String {
        let member = json!({ "alliance": FENLAND, "urn": urn, "joinedOn": joined_on });
        let added = self.director.done("addMember", "member { id }", member).await;
        added["member"]["id"].as_str().unwrap().to_owned()
    }

    async fn refused_to_join(&self, urn: i32, joined_on: &str) -> String {
        let before = self.app.contents().await;
        let member = json!({ "alliance": FENLAND, "urn": urn, "joinedOn": joined_on });
        let code = self.director.refused("addMember", member).await;
        assert_eq!(self.app.contents().await, before);
        code
    }

    fn leave(id: &str, left_on: Option<&str>) -> Value {
        json!({ "alliance": FENLAND, "memberId": id, "leftOn": left_on })
    }

    fn page(id: &str) -> String {
        format!("/fenland/members/{}", decode(id).unwrap().2)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_is_a_member_once_at_a_time() {
    let world = World::new().await;
    let director = &world.director;
    let first = world.join(120_001, "2024-09-01").await;
    assert_eq!(world.refused_to_join(120_001, "2026-11-01").await, "ALREADY_MEMBER");
    // Its leaving is planned: until then it is a member still.
    director.done("endMembership", "", World::leave(&first, Some("2027-08-31"))).await;
    for day in ["2026-11-01", "2027-08-31", "2020-01-01"] {
        assert_eq!(world.refused_to_join(120_001, day).await, "ALREADY_MEMBER", "{day}");
    }
    let again = world.join(120_001, "2027-09-01").await;
    // Neither the last day nor the first may now run into the other membership.
    for left_on in [Some("2027-09-01"), None] {
        assert_eq!(director.refused("endMembership", World::leave(&first, left_on)).await, "ALREADY_MEMBER");
    }
    let earlier = json!({ "alliance": FENLAND, "memberId": again, "name": "Gorse", "urn": 120_001, "phase": "PRIMARY",
                          "joinedOn": "2027-08-31" });
    assert_eq!(director.refused("changeMember", earlier).await, "ALREADY_MEMBER");
    // Bodies outside the register may bear one name.
    for _ in 0..2 {
        let outside =
            json!({ "alliance": FENLAND, "name": "The diocese", "phase": "OTHER", "joinedOn": "2026-11-01" });
        director.done("addMember", "", outside).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_day_is_changed_and_taken_back() {
    let world = World::new().await;
    let id = world.join(120_001, "2024-09-01").await;
    let left_on = async |input: Value| {
        let done = world.director.done("endMembership", "member { leftOn }", input).await;
        done["member"]["leftOn"].clone()
    };
    assert_eq!(left_on(World::leave(&id, Some("2026-12-31"))).await, "2026-12-31");
    assert_eq!(left_on(World::leave(&id, Some("2027-07-31"))).await, "2027-07-31");
    assert_eq!(left_on(World::leave(&id, None)).await, Value::Null);
    assert_eq!(
        world.director.refused("endMembership", World::leave(&id, Some("2024-08-31"))).await,
        "BEFORE_JOINING"
    );

    // By the page.
    let page = World::page(&id);
    let ended = world.director.submit(&page, "/end", &[("leftOn", "31/08/2027")]).await;
    assert_eq!(ended.status, 303, "{}", ended.body);
    let left = world.director.page(&page).await;
    assert!(left.text().contains("The last day of membership is 31 Aug 2027"), "{}", left.text());
    let csrf = left.form("/end").fields.into_iter().find(|(name, _)| name == "csrf").unwrap().1;
    let stays = [("csrf", csrf.as_str()), ("stays", "yes")];
    assert_eq!(world.director.post(&format!("{page}/end"), &stays).await.status, 303);
    assert_eq!(
        world.app.count("select count(*) from members where urn = 120001 and left_on is null").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_that_nobody_means_is_refused() {
    let world = World::new().await;
    for day in ["2029-01-01", "2062-09-01"] {
        assert_eq!(world.refused_to_join(120_001, day).await, "INVALID_JOINED_ON", "{day}");
    }
    world.join(120_001, "2028-12-31").await;
}

/// The register's school becomes an academy: the member goes on, its old invoice stays with the old payer, and the next
/// one goes to the trust.
#[tokio::test(flavor = "multi_thread")]
async fn a_school_becomes_an_academy_and_its_trust_pays_from_then_on() {
    let world = World::new().await;
    let (director, things) = (&world.director, &world.things);
    let birch = things.member("Birch Infant School");
    let bill_to = "select string_agg(bill_to_name, ', ' order by issued_on) from invoices i
                   join alliances a using (alliance_id)
                   where a.slug = 'fenland' and member_name like 'Birch%'";
    let before = world.app.text(bill_to).await;
    assert_eq!(before, "Birch Infant School");

    let change = json!({ "alliance": FENLAND, "memberId": birch, "name": "Birch Academy", "urn": 140_001,
                         "phase": "INFANT", "joinedOn": "2025-08-01" });
    let changed = director.done("changeMember", "member { id name urn phase }", change).await;
    assert_eq!(
        changed["member"],
        json!({ "id": birch, "name": "Birch Academy", "urn": 140_001, "phase": "INFANT" })
    );
    let assign =
        json!({ "alliance": FENLAND, "memberId": birch, "payerId": things.payer("Hedgerow Learning Trust") });
    let assigned = director.done("assignPayer", "member { payer { legalName memberCount } }", assign).await;
    assert_eq!(
        assigned["member"]["payer"],
        json!({ "legalName": "Hedgerow Learning Trust", "memberCount": 4 })
    );
    assert_eq!(world.app.text(bill_to).await, before, "what was issued stays");
    let of_member = "query($slug: String!, $id: ID!) { alliance(slug: $slug) {
        member(id: $id) { invoices { nodes { memberName } } } } }";
    let finance = world.app.sign_in("finance@fenland.example").await;
    let kept = finance.graphql(of_member, json!({ "slug": FENLAND, "id": birch })).await;
    assert_eq!(
        kept["alliance"]["member"]["invoices"]["nodes"],
        json!([{ "memberName": "Birch Infant School" }])
    );

    let plan = json!({ "alliance": FENLAND, "budgetId": things.budget("2026-27"), "expectedCount": 5,
                       "expectedTotal": 503_500, "idempotencyKey": "run" });
    finance.done("issueInvoices", "", plan).await;
    assert_eq!(world.app.text(bill_to).await, "Birch Infant School, Hedgerow Learning Trust");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_cannot_be_are_named_and_change_nothing() {
    let world = World::new().await;
    let (director, things) = (&world.director, &world.things);
    let id = world.join(120_001, "2024-09-01").await;
    let other = world.join(140_001, "2024-09-01").await;
    director.done("endMembership", "", World::leave(&other, Some("2026-12-31"))).await;
    let before = world.app.contents().await;
    let change = |id: &str, name: &str, urn: i32, day: &str| json!({ "alliance": FENLAND, "memberId": id, "name": name, "urn": urn, "phase": "PRIMARY", "joinedOn": day });
    for (input, code) in [
        (change(&id, " ", 120_001, "2024-09-01"), "INVALID_NAME"),
        (change(&id, "Gorse", 999_999, "2024-09-01"), "UNKNOWN_URN"),
        (change(&id, "Gorse", 140_001, "2024-09-01"), "ALREADY_MEMBER"),
        (change(&id, "Gorse", 120_001, "2062-09-01"), "INVALID_JOINED_ON"),
        (change(&other, "Gorse", 140_001, "2027-01-01"), "AFTER_LEAVING"),
    ] {
        assert_eq!(director.refused("changeMember", input).await, code);
    }
    let payer = json!({ "kind": "TRUST", "legalName": "", "address": "1 Lane", "purchaseOrder": "NONE" });
    let nameless = json!({ "alliance": FENLAND, "memberId": id, "newPayer": payer });
    assert_eq!(director.refused("assignPayer", nameless).await, "INVALID_PAYER_NAME");
    let unknown = json!({ "alliance": FENLAND, "memberId": id, "payerId": things.member("Elm Academy") });
    assert_eq!(director.refused("assignPayer", unknown).await, "UNKNOWN_PAYER");
    assert_eq!(world.app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_change_a_member_and_its_payer() {
    let world = World::new().await;
    let (app, director) = (&world.app, &world.director);
    let id = world.join(120_001, "2024-09-01").await;
    let page = World::page(&id);
    // The register has no phase for it: a question that the page puts.
    let asked = director.page(&page).await;
    assert!(asked.text().contains("does not say which ages"), "{}", asked.text());
    let change = asked.link("Say which phase it is");
    let before = app.contents().await;
    let typed = [("name", "Gorse, a school of many"), ("urn", "12"), ("phase", "PRIMARY")];
    let refused = director.submit(&change, "/change", &typed).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("Gorse, a school of many"), "what was typed is shown again");
    assert_eq!(app.contents().await, before);
    let saved = director.submit(&change, "/change", &[("phase", "PRIMARY")]).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert!(!director.page(&page).await.text().contains("does not say which ages"));
    assert_eq!(app.text("select phase from members where urn = 120001").await, "primary");

    let assign = format!("{page}/assign");
    let before = app.contents().await;
    let nameless = director.submit(&assign, "/assign", &[("payer", "new"), ("address", "County Hall")]).await;
    assert_eq!(nameless.status, 422, "{}", nameless.body);
    assert!(nameless.body.contains("County Hall"));
    assert_eq!(app.contents().await, before);
    let named = [("payer", "new"), ("legalName", "Wold County Council"), ("kind", "authority")];
    assert_eq!(director.submit(&assign, "/assign", &named).await.status, 303);
    let paid = director.page(&page).await;
    assert!(paid.text().contains("Wold County Council"), "{}", paid.text());
    assert!(paid.text().contains("this school’s alone"), "{}", paid.text());
    // A trust that pays for three says so where it is corrected.
    let elm = director.page(&World::page(world.things.member("Elm Academy"))).await;
    assert!(elm.text().contains("for 3 schools"), "{}", elm.text());

    // Who may not has neither page.
    let head = app.sign_in("head@fenland.example").await;
    for path in [change, assign] {
        assert_eq!(head.get(&path).await.status, 403, "{path}");
    }
}

/// Schools of the register by their numbers, of which the first has closed.
async fn three_schools(app: &TestApp) {
    app.owner
        .execute(
            "insert into schools (urn, name, local_authority_code, local_authority_name, type_code, status_code, town, postcode,
                                  search_text)
             select 300000 + n, 'Jay School', 997, 'Jay County', 1, case n when 0 then 2 else 1 end, 'Town ' || n,
                    'LN99 ' || n || 'JA', 'jay school town ' || n
             from generate_series(0, 220) n",
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_schools_join_at_once() {
    let app = TestApp::new().await;
    three_schools(&app).await;
    let director = app.sign_in("director@fenland.example").await;
    let selection = "result { joins { urn town } leftOut { urn name reason } members { name urn joinedOn payer { legalName } } }";
    let input = |urns: &[i32], dry_run: bool| json!({ "alliance": FENLAND, "urns": urns, "joinedOn": "2026-11-01", "dryRun": dry_run });
    let urns = [300_002, 300_000, 300_001, 300_001, 111_111];
    let before = app.contents().await;
    let dry = director.done("addMembers", selection, input(&urns, true)).await["result"].clone();
    assert_eq!(app.contents().await, before);
    assert_eq!(
        dry["leftOut"],
        json!([
            { "urn": 111_111, "name": null, "reason": "The national register has no school with this number." },
            { "urn": 300_000, "name": "Jay School", "reason": "It has closed." },
        ])
    );
    let real = director.done("addMembers", selection, input(&urns, false)).await["result"].clone();
    assert_eq!((&real["joins"], &real["leftOut"]), (&dry["joins"], &dry["leftOut"]));
    assert_eq!(
        real["members"][0],
        json!({ "name": "Jay School", "urn": 300_001, "joinedOn": "2026-11-01", "payer": { "legalName": "Jay School" } })
    );
    assert_eq!((dry["members"].clone(), real["members"].as_array().unwrap().len()), (json!([]), 2));

    let before = app.contents().await;
    let many: Vec<i32> = (0..=200).map(|n| 300_000 + n).collect();
    for (urns, code) in
        [(&[][..], "NOBODY_CHOSEN"), (&many[..], "TOO_MANY"), (&[300_001, 300_002][..], "NOBODY_JOINS")]
    {
        assert_eq!(director.refused("addMembers", input(urns, false)).await, code);
    }
    let mut early = input(&[300_003], false);
    early["joinedOn"] = "2090-11-01".into();
    assert_eq!(director.refused("addMembers", early).await, "INVALID_JOINED_ON");
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn schools_are_ticked_over_several_pages_and_looked_at_before_they_join() {
    let app = TestApp::new().await;
    three_schools(&app).await;
    let manager = app.sign_in("manager@fenland.example").await;
    let first = manager.page("/fenland/members/several?la=997").await;
    assert_eq!(first.texts("#schools-caption"), ["220 schools found; those on the list are left out here"]);
    assert_eq!(first.count("#schools tbody tr"), 100);
    assert_eq!(first.count("form[action='/fenland/members/several']"), 0, "nobody is on the list yet");
    // What is ticked stays ticked on the next page and in another search.
    let ticked = manager.page("/fenland/members/several?la=997&urn=300001&urn=300002&urn=x").await;
    assert_eq!(ticked.count("fieldset input[name=urn][checked]"), 2);
    let next = manager.page(&ticked.link("Next page")).await;
    assert_eq!((next.count("fieldset input[name=urn][checked]"), next.count("#schools tbody tr")), (2, 100));
    let other = manager.page("/fenland/members/several?q=ivy&urn=300001&urn=300002").await;
    assert_eq!((other.count("fieldset input[name=urn][checked]"), other.count("#schools tbody tr")), (2, 1));

    let before = app.contents().await;
    let looked =
        manager.send_form(&other.form("/fenland/members/several").with(&[("joinedOn", "2026-11-01")])).await;
    assert_eq!(looked.status, 200, "{}", looked.body);
    assert_eq!(app.contents().await, before);
    let preview = Page::new("/fenland/members/several", &looked.body);
    assert_eq!(preview.texts("main h2"), ["2 schools from 1 Nov 2026 on"]);
    let taken = manager.send_form(&preview.form("/fenland/members/several/take")).await;
    assert_eq!((taken.status, taken.location()), (303, "/fenland/members"), "{}", taken.body);
    assert_eq!(app.count("select count(*) from members where urn in (300001, 300002)").await, 2);
    // Once more by a page that was open: nothing happens twice.
    let again = manager.send_form(&preview.form("/fenland/members/several/take")).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("None of these schools can join."), "{}", again.body);
    let wrong =
        manager.send_form(&other.form("/fenland/members/several").with(&[("joinedOn", "soon")])).await;
    assert_eq!(wrong.status, 422);
    let shown = Page::new("/fenland/members/several", &wrong.body);
    assert_eq!(shown.count("fieldset input[name=urn][checked]"), 2, "the list is kept");
}
