//! People with dated posts and roles: who may give what, who is in and who is out, and what stays on record.

use chrono::TimeDelta;
use domain::viewer::{RemitKind, Role};
use gateway::schema::ids::decode;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, HARBOUR, ROLES, day},
};

use crate::operations::Things;

const STAFF: &str = "The staff member of Alder";

/// A role as the schema writes it.
fn name(role: Role) -> String {
    role.as_str().to_uppercase()
}

/// Adds a person and gives the id.
async fn add(director: &Client, person: Value) -> String {
    let mut input = json!({ "alliance": FENLAND });
    input.as_object_mut().unwrap().extend(person.as_object().unwrap().clone());
    let added = director.done("addPerson", "person { id }", input).await;
    added["person"]["id"].as_str().unwrap().to_owned()
}

/// The input of a grant, for Birch when the role may be of a school.
fn grant(things: &Things, person: &str, role: Role) -> Value {
    let may_be_for = |kind| role.remits().contains(&kind);
    let member = may_be_for(RemitKind::School).then(|| things.member("Birch Infant School"));
    let strand = may_be_for(RemitKind::Strand).then(|| things.first("strands"));
    json!({ "alliance": FENLAND, "personId": person, "role": name(role), "memberId": member, "strandId": strand })
}

/// What the API and a page of an alliance show to somebody.
async fn is_in(client: &Client, slug: &str) -> bool {
    let query = "query($slug: String!) { alliance(slug: $slug) { name } }";
    let sees = !client.graphql(query, json!({ "slug": slug })).await["alliance"].is_null();
    let status = client.get(&format!("/{slug}/members")).await.status;
    assert_eq!(status, if sees { 200 } else { 404 }, "the API and the pages do not agree");
    sees
}

/// Who a client is in Fenland.
async fn me(client: &Client) -> String {
    let data = client.graphql("{ alliance(slug: \"fenland\") { me { name } } }", json!({})).await;
    data["alliance"]["me"]["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_gives_and_ends_only_what_it_may() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    for (at, (viewer, local)) in (0..).zip(ROLES) {
        let client = app.sign_in(&format!("{local}@fenland.example")).await;
        for role in Role::ALL {
            let newcomer = add(&director, json!({ "name": "A newcomer" })).await;
            let holder = add(&director, json!({ "name": "A holder" })).await;
            let held =
                director.done("grantRole", "grant { id }", grant(&things, &holder, role)).await["grant"]["id"].clone();
            let person = json!({ "alliance": FENLAND, "name": "Another", "role": name(role), "title": "Post",
                                 "memberId": things.member("Birch Infant School"),
                                 "strandId": grant(&things, "", role)["strandId"] });
            let end = json!({ "alliance": FENLAND, "grantId": held, "endsOn": day(2026, 12, 20 - at) });
            let before = app.contents().await;
            for (operation, input) in
                [("grantRole", grant(&things, &newcomer, role)), ("addPerson", person), ("endRole", end)]
            {
                let answer = client.try_mutate(operation, "", input).await;
                let what = format!("{local}, {operation}, {role:?}: {answer:#}");
                if role.givers().contains(&viewer) {
                    assert_eq!(answer["data"][operation]["errors"], json!([]), "{what}");
                    continue;
                }
                match viewer {
                    Role::Director | Role::Manager => {
                        assert_eq!(
                            answer["data"][operation]["errors"][0]["code"], "ROLE_ABOVE_YOU",
                            "{what}"
                        );
                    }
                    _ => assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{what}"),
                }
            }
            let is_changed = app.contents().await != before;
            assert_eq!(is_changed, role.givers().contains(&viewer), "{local}, {role:?}");
        }
    }
    // Nobody raises themselves, whatever they may give to others.
    let before = app.contents().await;
    for (local, own) in
        [("director", "The director of Fenland Alliance"), ("manager", "The manager of Fenland Alliance")]
    {
        let client = app.sign_in(&format!("{local}@fenland.example")).await;
        let input = grant(&things, things.person_named(own), Role::SchoolHead);
        assert_eq!(client.refused("grantRole", input).await, "OWN_ROLE");
    }
    assert_eq!(app.contents().await, before);
}

/// A role is for what it may be for, said of the field that is wrong; nothing is stored otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_for_an_alliance_a_strand_or_a_school() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let person = add(&director, json!({ "name": "A newcomer" })).await;
    let (school, strand) = (things.member("Birch Infant School"), things.first("strands"));
    let input = |role: Role, school: Option<&str>, strand: Option<&str>| json!({ "alliance": FENLAND, "personId": person, "role": name(role), "memberId": school, "strandId": strand });
    let before = app.contents().await;
    for (role, school, strand, code, field) in [
        (Role::SchoolHead, None, None, "ROLE_NEEDS_SCHOOL", "memberId"),
        (Role::StrandLead, None, None, "ROLE_NEEDS_STRAND", "strandId"),
        (Role::StrandLead, Some(school), Some(strand), "NOT_OF_ONE_SCHOOL", "memberId"),
        (Role::BoardMember, Some(school), None, "NOT_OF_ONE_SCHOOL", "memberId"),
        (Role::Mentor, Some(school), Some(strand), "NOT_OF_ONE_STRAND", "strandId"),
        (Role::Manager, None, Some(strand), "NOT_OF_ONE_STRAND", "strandId"),
    ] {
        let answer = director.try_mutate("grantRole", "", input(role, school, strand)).await;
        let error = &answer["data"]["grantRole"]["errors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(field)), "{role:?}: {answer:#}");
    }
    assert_eq!(app.contents().await, before);

    let selection = "grant { id member { name } strand { id } }";
    let given = director.done("grantRole", selection, input(Role::StrandLead, None, Some(strand))).await;
    assert_eq!(given["grant"]["strand"]["id"], strand);
    assert_eq!(given["grant"]["member"], json!(null));
    let again = director.refused("grantRole", input(Role::StrandLead, None, Some(strand))).await;
    assert_eq!(again, "ALREADY_HELD");
    // Of another strand it is another role.
    let other = things.led_strand();
    director.done("grantRole", "", input(Role::StrandLead, None, Some(other))).await;
    for trainee in [input(Role::Trainee, None, None), input(Role::Trainee, Some(school), None)] {
        director.done("grantRole", "", trainee).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_a_role_is_out_at_the_next_request() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let staff = app.sign_in("staff@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    assert!(is_in(&staff, FENLAND).await);
    let end = |ends_on: &str| json!({ "alliance": FENLAND, "grantId": things.first_of(STAFF, "roles"), "endsOn": ends_on });
    assert_eq!(director.refused("endRole", end("2026-11-22")).await, "TOO_LONG_AGO");
    director.done("endRole", "", end("2026-11-23")).await;
    assert!(!is_in(&staff, FENLAND).await);
    assert!(staff.page("/").await.texts("main").concat().contains("no role"));
    assert_eq!(director.refused("endRole", end("2026-12-31")).await, "ENDS_SOONER");

    // Given again by mistake and taken back on the same day, it leaves a trace and no role.
    let staff_id = things.person_named(STAFF);
    let given = director
        .done(
            "grantRole",
            "grant { id startsOn endsOn member { name } }",
            grant(&things, staff_id, Role::StaffMember),
        )
        .await;
    assert_eq!(given["grant"]["startsOn"], "2026-11-24");
    assert_eq!(given["grant"]["member"]["name"], "Birch Infant School");
    assert!(is_in(&staff, FENLAND).await);
    let again = grant(&things, staff_id, Role::StaffMember);
    assert_eq!(director.refused("grantRole", again).await, "ALREADY_HELD");
    app.set_time(app.app.clock.now() + TimeDelta::minutes(1));
    let back = json!({ "alliance": FENLAND, "grantId": given["grant"]["id"], "endsOn": "2026-11-23" });
    let selection = "person { roles { role endsOn } changes { what before after changedBy { name } } }";
    let person = director.done("endRole", selection, back).await["person"].clone();
    assert!(!is_in(&staff, FENLAND).await);
    assert_eq!(person["roles"], json!([{ "role": "STAFF_MEMBER", "endsOn": "2026-11-23" }]));
    let change = json!({ "what": "ROLE", "before": "staff member, Birch Infant School, from 24 Nov 2026", "after": null,
                         "changedBy": { "name": "The director of Fenland Alliance" } });
    assert_eq!(person["changes"][0], change);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alliance_is_never_without_somebody_who_can_run_it() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let role_of = |name: &str| things.first_of(name, "roles").to_owned();
    let end = |id: &str, ends_on: &str| json!({ "alliance": FENLAND, "grantId": id, "endsOn": ends_on });
    let manager = role_of("The manager of Fenland Alliance");
    director.done("endRole", "", end(&manager, "2027-08-31")).await;
    let own = role_of("The director of Fenland Alliance");
    let before = app.contents().await;
    assert_eq!(director.refused("endRole", end(&own, "2026-12-31")).await, "LAST_ADMINISTRATOR");
    // A successor closes the gap only from the day after, and only with an address to sign in with.
    let successor = add(&director, json!({ "name": "The successor" })).await;
    let from = |person: &str, first: &str| json!({ "alliance": FENLAND, "personId": person, "role": "DIRECTOR", "startsOn": first });
    director.done("grantRole", "", from(&successor, "2027-09-01")).await;
    assert_eq!(director.refused("endRole", end(&own, "2026-12-31")).await, "LAST_ADMINISTRATOR");
    assert_ne!(app.contents().await, before);
    let named = json!({ "alliance": FENLAND, "personId": successor, "name": "The successor",
                        "email": "successor@fenland.example" });
    director.done("changePerson", "", named).await;
    director.done("endRole", "", end(&own, "2026-12-31")).await;
    let unnamed = json!({ "alliance": FENLAND, "personId": successor, "name": "The successor" });
    assert_eq!(director.refused("changePerson", unnamed).await, "LAST_ADMINISTRATOR");
}

/// Two directors end each other's role at the same moment: one of them must stay.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_leave_at_once_do_not_both_count_on_the_other() {
    let app = TestApp::new().await;
    let first = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &first).await;
    let end = |id: &str| json!({ "alliance": FENLAND, "grantId": id, "endsOn": "2026-11-23" });
    first.done("endRole", "", end(things.first_of("The manager of Fenland Alliance", "roles"))).await;
    add(&first, json!({ "name": "Another director", "email": "other@fenland.example", "role": "DIRECTOR" }))
        .await;
    let things = Things::of(FENLAND, &first).await;
    let second = app.sign_in("other@fenland.example").await;
    let of_first = end(things.first_of("The director of Fenland Alliance", "roles"));
    let of_second = end(things.first_of("Another director", "roles"));
    let (one, other) = futures::join!(
        first.try_mutate("endRole", "", of_second),
        second.try_mutate("endRole", "", of_first)
    );
    let left = [is_in(&first, FENLAND).await, is_in(&second, FENLAND).await];
    assert_eq!(left.iter().filter(|is_in| **is_in).count(), 1, "{one:#} {other:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_takes_nobodys_place() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let manager = app.sign_in("manager@fenland.example").await;
    let staff = app.sign_in("staff@fenland.example").await;
    app.sign_in("director@harbour.example").await;
    let things = Things::of(FENLAND, &director).await;
    let change = |person: &str, name: &str, email: &str| json!({ "alliance": FENLAND, "personId": things.person_named(person), "name": name, "email": email });
    // The address of an account that is somebody elsewhere, proved again after the change.
    let selection = "person { hasSignedIn changes { what before after } }";
    let input = change(STAFF, "The bursar of Alder", "director@harbour.example");
    let changed = manager.done("changePerson", selection, input).await["person"].clone();
    let email =
        json!({ "what": "EMAIL", "before": "staff@fenland.example", "after": "director@harbour.example" });
    let name = json!({ "what": "NAME", "before": STAFF, "after": "The bursar of Alder" });
    assert_eq!(changed["hasSignedIn"], true);
    for change in [email, name] {
        assert!(changed["changes"].as_array().unwrap().contains(&change), "{changed:#}");
    }
    let harbour = app.sign_in_anew("director@harbour.example").await;
    assert!(is_in(&harbour, HARBOUR).await && !is_in(&harbour, FENLAND).await);
    assert_eq!(me(&staff).await, "The bursar of Alder");

    // Before the first sign-in the address decides who it will be: not for those who could not give the role.
    let newcomer =
        json!({ "name": "The treasurer", "email": "treasurer@fenland.example", "role": "FINANCE_LEAD" });
    add(&director, newcomer).await;
    let things = Things::of(FENLAND, &director).await;
    let own = |name: &str, email: &str| json!({ "alliance": FENLAND, "personId": things.person_named("The treasurer"), "name": name, "email": email });
    let before = app.contents().await;
    let input = own("The treasurer", "manager2@fenland.example");
    assert_eq!(manager.refused("changePerson", input).await, "ADDRESS_ABOVE_YOU");
    for slip in ["no address", "a@b.example\r\nBcc: c@d.example"] {
        assert_eq!(director.refused("changePerson", own("The treasurer", slip)).await, "INVALID_EMAIL");
    }
    assert_eq!(director.refused("changePerson", own(" ", "treasurer@fenland.example")).await, "INVALID_NAME");
    assert_eq!(app.contents().await, before);
    manager.done("changePerson", "", own("The new treasurer", "treasurer@fenland.example")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_share_one_mailbox() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    for name in ["The secretary of Birch", "The bursar of Birch"] {
        let person = json!({ "name": name, "email": "office@birch.example", "role": "STAFF_MEMBER",
                             "memberId": things.member("Birch Infant School"), "title": "Office" });
        add(&director, person).await;
        app.set_time(app.app.clock.now() + TimeDelta::minutes(1));
    }
    let office = app.sign_in("office@birch.example").await;
    assert_eq!(me(&office).await, "The secretary of Birch", "the mailbox signs in as who was known first");
    let people = "{ alliance(slug: \"fenland\") { people(name: \"OF BIRCH\") { totalCount nodes { name email hasSignedIn } } } }";
    let found = director.graphql(people, json!({})).await["alliance"]["people"].clone();
    let of = |name: &str, has_signed_in: bool| json!({ "name": name, "email": "office@birch.example", "hasSignedIn": has_signed_in });
    let both = [of("The bursar of Birch", false), of("The secretary of Birch", true)];
    assert_eq!(found, json!({ "totalCount": 2, "nodes": both }));
    // Once the other has an address of their own, they sign in as themselves.
    let things = Things::of(FENLAND, &director).await;
    let own = json!({ "alliance": FENLAND, "personId": things.person_named("The bursar of Birch"),
                      "name": "The bursar of Birch", "email": "bursar@birch.example" });
    director.done("changePerson", "", own).await;
    let bursar = app.sign_in("bursar@birch.example").await;
    assert_eq!(
        (me(&bursar).await, me(&office).await),
        ("The bursar of Birch".into(), "The secretary of Birch".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_holds_two_posts_and_a_head_sees_their_own_schools() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let head = app.sign_in("head@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let post = json!({ "alliance": FENLAND, "personId": things.person_named(STAFF),
                       "memberId": things.member("Birch Infant School"), "title": "Clerk to the governors" });
    let added =
        director.done("addPost", "post { startsOn person { name } member { name } }", post.clone()).await;
    let expected = json!({ "startsOn": "2026-11-24", "person": { "name": STAFF }, "member": { "name": "Birch Infant School" } });
    assert_eq!(added["post"], expected);
    let before = app.contents().await;
    assert_eq!(director.refused("addPost", post).await, "ALREADY_HELD");
    assert_eq!(app.contents().await, before);
    director.done("grantRole", "", grant(&things, things.person_named(STAFF), Role::SchoolHead)).await;

    let query = "query($id: ID!) { alliance(slug: \"fenland\") { person(id: $id) {
        posts { title member { name } } roles { role } changes { what } } } }";
    let seen = async |client: &Client| {
        let data = client.graphql(query, json!({ "id": things.person_named(STAFF) })).await;
        data["alliance"]["person"].clone()
    };
    let all = seen(&director).await;
    assert_eq!(all["posts"].as_array().unwrap().len(), 2);
    assert_eq!(all["roles"], json!([{ "role": "SCHOOL_HEAD" }, { "role": "STAFF_MEMBER" }]));
    let own = seen(&head).await;
    assert_eq!(
        own["posts"],
        json!([{ "title": "staff member", "member": { "name": "Alder Primary School" } }])
    );
    assert_eq!((&own["roles"], &own["changes"]), (&json!([{ "role": "STAFF_MEMBER" }]), &Value::Null));
    for school in ["Alder Primary School", "Birch Infant School"] {
        let (.., id) = decode(things.member(school)).unwrap();
        assert!(director.page(&format!("/fenland/members/{id}")).await.text().contains(STAFF), "{school}");
    }

    // A post that ends keeps its place on record and leaves the member's page.
    let things = Things::of(FENLAND, &director).await;
    let clerk = things.first_of(STAFF, "posts");
    let change = |first: &str, last: &str| json!({ "alliance": FENLAND, "postId": clerk, "title": "Clerk", "startsOn": first, "endsOn": last });
    assert_eq!(director.refused("changePost", change("2026-11-01", "2026-10-31")).await, "ENDS_BEFORE_START");
    director.done("changePost", "", change("2026-11-01", "2026-11-20")).await;
    let (.., birch) = decode(things.member("Birch Infant School")).unwrap();
    assert!(!director.page(&format!("/fenland/members/{birch}")).await.text().contains(STAFF));
    assert_eq!(seen(&director).await["posts"][0]["title"], "Clerk");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_a_part_of_the_name_and_by_role() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let head = app.sign_in("head@fenland.example").await;
    let found = async |client: &Client, filter: &str| {
        client.page(&format!("/fenland/people{filter}")).await.texts("tbody th")
    };
    assert_eq!(found(&director, "").await.len(), ROLES.len());
    let of_alder = [
        "The CPD leader of Alder",
        "The head of Alder",
        "The mentor of Alder",
        "The school business manager of Alder",
        "The specialist leader of Alder",
        STAFF,
        "The trainee of Alder",
    ];
    assert_eq!(found(&director, "?name=of%20ALDER").await, of_alder);
    assert_eq!(found(&director, "?role=strand_lead").await, ["The strand lead of them all"]);
    assert_eq!(found(&director, "?role=finance_lead").await, ["The finance lead of Fenland Alliance"]);
    assert_eq!(found(&director, "?name=100%25").await, Vec::<String>::new());
    assert_eq!(found(&head, "").await, of_alder);
    let csv = director.get("/fenland/people.csv?role=school_head").await;
    assert_eq!(
        csv.body,
        "\u{feff}\"Name\",\"Email\",\"Posts\",\"Roles\",\"Sign-in\"\r\n\"The head of Alder\",\"head@fenland.example\",\
         \"head, Alder Primary School\",\"Head, Alder Primary School\",\"signs in\"\r\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_take_what_is_right_and_keep_what_was_typed() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let birch = things.member("Birch Infant School");
    let typed = [
        ("name", "The bursar of Birch"),
        ("email", "bursar@birch"),
        ("memberId", birch),
        ("title", "Bursar"),
        ("role", "staff_member"),
    ];
    let before = app.contents().await;
    let refused = director.submit("/fenland/people/new", "/people/new", &typed).await;
    assert_eq!(refused.status, 422);
    let form = tests::page::Page::new("/fenland/people/new", &refused.body).form("/people/new");
    for (name, value) in typed {
        assert!(form.fields.contains(&(name.into(), value.into())), "{name} was lost: {:?}", form.fields);
    }
    assert_eq!(app.contents().await, before);
    let right = [typed[0], ("email", "bursar@birch.example"), typed[2], typed[3], typed[4]];
    let added = director.submit("/fenland/people/new", "/people/new", &right).await;
    assert_eq!(added.status, 303, "{}", added.body);
    let person = added.location().to_owned();

    let edit = async |what: &str, action: &str, fields: &[(&str, &str)]| {
        director.submit(&format!("{person}?edit={what}"), action, fields).await
    };
    let own = person.clone();
    assert_eq!(edit("person", &own, &[("name", ""), ("email", "kept@birch.example")]).await.status, 422);
    assert!(edit("person", &own, &[("name", "")]).await.body.contains("Please give a name"));
    assert_eq!(edit("person", &own, &[("name", "The business manager")]).await.status, 303);
    let posts = format!("{person}/posts");
    assert_eq!(edit("post", &posts, &[("memberId", birch), ("title", " ")]).await.status, 422);
    assert_eq!(edit("post", &posts, &[("memberId", ""), ("title", "Clerk")]).await.status, 422);
    assert_eq!(edit("post", &posts, &[("memberId", birch), ("title", "Clerk")]).await.status, 303);
    let roles = format!("{person}/roles");
    let needs_school = edit("role", &roles, &[("role", "school_head")]).await;
    assert!(needs_school.status == 422 && needs_school.body.contains("please choose the school"));
    assert_eq!(edit("role", &roles, &[("role", "manager"), ("memberId", birch)]).await.status, 422);
    assert_eq!(edit("role", &roles, &[("role", "manager")]).await.status, 303);

    let things = Things::of(FENLAND, &director).await;
    let uuid = |id: &str| decode(id).unwrap().2.to_string();
    let post = uuid(things.first_of("The business manager", "posts"));
    let role = uuid(things.role_of("The business manager", "MANAGER"));
    let wrong = edit(&post, "/posts/change", &[("endsOn", "2020-01-01")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("value=\"2020-01-01\""), "{}", wrong.body);
    assert_eq!(edit(&post, "/posts/change", &[("endsOn", "2026-12-31")]).await.status, 303);
    assert_eq!(edit(&role, "/roles/end", &[("endsOn", "")]).await.status, 422);
    assert_eq!(edit(&role, "/roles/end", &[("endsOn", "2026-12-31")]).await.status, 303);
    let page = director.page(&person).await.text();
    for said in [
        "since 24 Nov 2026, until 31 Dec 2026",
        "manager, from 24 Nov 2026 to 31 Dec 2026",
        "Can sign in with bursar@birch.example; has not yet.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }

    // A manager is not offered what is above them, and who may not manage is offered nothing.
    let manager = app.sign_in("manager@fenland.example").await;
    let offered = manager.page("/fenland/people/new").await.texts("select[name=role] option");
    let expected = Role::ALL.into_iter().filter(|role| role.givers().contains(&Role::Manager));
    let expected: Vec<_> = expected.map(|role| role.label().to_lowercase()).collect();
    assert_eq!(offered[0], "none: they do not sign in");
    assert_eq!(offered[1..].iter().map(|one| one.to_lowercase()).collect::<Vec<_>>(), expected);
    for above in ["Director", "Finance lead", "Board member"] {
        assert!(!offered.contains(&above.to_owned()), "{above}");
    }
    let finance = app.sign_in("finance@fenland.example").await;
    assert_eq!(finance.page(&format!("{person}?edit=role")).await.texts("main form"), Vec::<String>::new());
}
