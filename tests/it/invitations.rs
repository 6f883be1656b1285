//! Invitations: asked at an address, answered only by whoever has proved it, and by a button only.

use chrono::TimeDelta;
use gateway::schema::ids::decode;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    binary::eventually,
    fixture::{FENLAND, HARBOUR, now},
    page::Page,
};

use crate::operations::Things;

const NEXT: &str = "next@fenland.example";
const CLERK: &str = "clerk@birch.example";

fn clerk(things: &Things, change: Value) -> Value {
    let mut input = json!({ "alliance": FENLAND, "name": "The clerk of Birch", "email": CLERK, "role": "STAFF_MEMBER",
                            "memberId": things.member("Birch Infant School"), "message": "Welcome." });
    change.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
    input
}

/// The page to which an invitation's mail leads.
fn page(id: &str) -> String {
    format!("/invitations/{}", decode(id).unwrap().2)
}

async fn enters(client: &Client, slug: &str) -> bool {
    client.get(&format!("/{slug}/members")).await.status == 200
}

/// How an invitation stands, as those see it who invite.
async fn state(director: &Client, id: &str) -> Value {
    let query = "{ alliance(slug: \"fenland\") { invitations { id state } } }";
    let all = director.graphql(query, json!({})).await["alliance"]["invitations"].clone();
    all.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap()["state"].clone()
}

async fn answer(client: &Client, what: &str, id: &str) -> Value {
    client.try_mutate(what, "", json!({ "invitationId": id })).await["data"][what]["errors"][0]["code"]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_invited_is_told_and_accepts() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let invited = director.done("invite", "invitation { id state }", clerk(&things, json!({}))).await;
    assert_eq!(invited["invitation"]["state"], "OPEN");
    let id = invited["invitation"]["id"].as_str().unwrap().to_owned();
    app.work().await;
    let mails = app.mails.to(CLERK);
    assert_eq!(mails.len(), 1);
    let text = mails[0].text();
    for said in [
        "For The clerk of Birch: The director of Fenland Alliance invites you to join Fenland Alliance",
        "staff member, Birch Infant School",
        "They write: Welcome.",
        "until 15 December 2026",
        &page(&id),
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }

    // A stranger is asked to sign in; a code is mailed to an address that nobody but the invitation knows.
    assert_eq!(app.stranger().get(&page(&id)).await.status, 303);
    let guest = app.sign_in(CLERK).await;
    let before = app.contents().await;
    let shown = guest.page(&page(&id)).await;
    for said in ["For The clerk of Birch", "The director of Fenland Alliance invites you"] {
        assert!(shown.text().contains(said), "{said}: {}", shown.text());
    }
    assert_eq!(app.contents().await, before, "looking at it answers it");
    assert!(!enters(&guest, FENLAND).await);
    let list =
        guest.graphql("{ viewer { invitations { id name roleInWords allianceName } } }", json!({})).await;
    let expected = json!([{ "id": id, "name": "The clerk of Birch", "roleInWords": "staff member, Birch Infant School",
                            "allianceName": "Fenland Alliance" }]);
    assert_eq!(list["viewer"]["invitations"], expected);
    let path = page(&id);
    let taken = guest.submit(&path, &format!("{path}/accept"), &[]).await;
    assert_eq!((taken.status, taken.location()), (303, "/fenland"), "{}", taken.body);
    assert!(enters(&guest, FENLAND).await);
    assert_eq!(state(&director, &id).await, "ACCEPTED");
    assert_eq!(answer(&guest, "acceptInvitation", &id).await, "NOT_OPEN");
    assert!(guest.page(&path).await.text().contains("You have accepted it."));

    let things = Things::of(FENLAND, &director).await;
    let query = "query($id: ID!) { alliance(slug: \"fenland\") { person(id: $id) {
        hasSignedIn email roles { role startsOn member { name } } changes { after changedBy { name } } } } }";
    let id = things.person_named("The clerk of Birch");
    let person = director.graphql(query, json!({ "id": id })).await["alliance"]["person"].clone();
    let role = json!([{ "role": "STAFF_MEMBER", "startsOn": "2026-11-24", "member": { "name": "Birch Infant School" } }]);
    assert_eq!((&person["roles"], &person["hasSignedIn"]), (&role, &json!(true)));
    assert_eq!(person["changes"][0]["changedBy"]["name"], "The director of Fenland Alliance");
    let after = "staff member, Birch Infant School, from 24 Nov 2026";
    assert_eq!(person["changes"][0]["after"], after);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_answers_it() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let id = things.first("invitations");
    let other = app.sign_in("director@harbour.example").await;
    let before = app.contents().await;
    let shown = other.page(&page(id)).await.text();
    assert!(shown.contains("n…@fenland.example") && shown.contains("director@harbour.example"), "{shown}");
    assert!(shown.contains("Sign out"), "{shown}");
    for secret in [NEXT, "Fenland Alliance", "Birch", "We spoke"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    let missing = page(id).replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(other.get(&missing).await.status, 404);
    let form = other.page(&page(id)).await.form("/sign-out");
    let csrf = form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    for what in ["accept", "decline"] {
        assert_eq!(answer(&other, &format!("{what}Invitation"), id).await, "UNKNOWN_INVITATION");
        assert_eq!(answer(&app.stranger(), &format!("{what}Invitation"), id).await, "SIGNED_OUT");
        let posted = other.post(&format!("{}/{what}", page(id)), &[("csrf", &csrf)]).await;
        assert_eq!(posted.status, 422, "{}", posted.body);
    }
    assert_eq!(app.contents().await, before);
    assert!(!enters(&other, FENLAND).await && enters(&other, HARBOUR).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_declined_withdrawn_or_runs_out_and_sent_anew() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let invite = async |change: Value| {
        let done = director.done("invite", "invitation { id }", clerk(&things, change)).await;
        done["invitation"]["id"].as_str().unwrap().to_owned()
    };
    let declined = invite(json!({})).await;
    assert_eq!(director.refused("invite", clerk(&things, json!({}))).await, "ALREADY_INVITED");
    let guest = app.sign_in(CLERK).await;
    let path = page(&declined);
    assert_eq!(guest.submit(&path, &format!("{path}/decline"), &[]).await.status, 303);
    assert_eq!(state(&director, &declined).await, "DECLINED");
    assert!(!enters(&guest, FENLAND).await);

    let withdrawn = invite(json!({})).await;
    let input = json!({ "alliance": FENLAND, "invitationId": withdrawn });
    director.done("withdrawInvitation", "", input.clone()).await;
    assert_eq!(answer(&guest, "acceptInvitation", &withdrawn).await, "NOT_OPEN");
    assert_eq!(director.refused("withdrawInvitation", input).await, "NOT_OPEN");

    // Once a day, and no longer than three weeks.
    let late = invite(json!({})).await;
    let again = json!({ "alliance": FENLAND, "invitationId": late });
    assert_eq!(director.refused("sendInvitationAgain", again.clone()).await, "MAILED_TODAY");
    app.work().await;
    let so_far = app.mails.to(CLERK).iter().filter(|mail| mail.text().contains("invites you")).count();
    app.set_time(now() + TimeDelta::days(1));
    director.done("sendInvitationAgain", "", again.clone()).await;
    app.work().await;
    let mails = app.mails.to(CLERK);
    assert_eq!(mails.iter().filter(|mail| mail.text().contains("invites you")).count(), so_far + 1);
    app.set_time(now() + TimeDelta::days(21));
    let director = app.sign_in_anew("director@fenland.example").await;
    let guest = app.sign_in_anew(CLERK).await;
    assert_eq!(state(&director, &late).await, "EXPIRED");
    assert_eq!(answer(&guest, "acceptInvitation", &late).await, "NOT_OPEN");
    assert!(guest.page(&page(&late)).await.text().contains("Its time has run out"));
    assert_eq!(director.refused("sendInvitationAgain", again).await, "NOT_OPEN");
    let fresh = director.done("invite", "invitation { id }", clerk(&things, json!({}))).await;
    let fresh = fresh["invitation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(answer(&guest, "acceptInvitation", &fresh).await, json!(null));
    assert!(enters(&guest, FENLAND).await);

    // Whoever left comes back as the person they were.
    let things = Things::of(FENLAND, &director).await;
    let end = json!({ "alliance": FENLAND, "grantId": things.first_of("The clerk of Birch", "roles"),
                      "endsOn": "2026-12-14" });
    director.done("endRole", "", end).await;
    assert!(!enters(&guest, FENLAND).await);
    let back = clerk(&things, json!({ "role": "SCHOOL_HEAD", "name": "By another name" }));
    let back = director.done("invite", "invitation { id }", back).await;
    let back = back["invitation"]["id"].as_str().unwrap();
    let shown = guest.page(&page(back)).await.text();
    for said in ["For By another name", "If you accept, The clerk of Birch gets this role."] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert_eq!(answer(&guest, "acceptInvitation", back).await, json!(null));
    assert!(enters(&guest, FENLAND).await);
    let people = "{ alliance(slug: \"fenland\") { people(name: \"name\") { totalCount } } }";
    assert_eq!(director.graphql(people, json!({})).await["alliance"]["people"]["totalCount"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_nothing_is_sent() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let manager = app.sign_in("manager@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let before = app.contents().await;
    for (change, code) in [
        (json!({ "name": " " }), "INVALID_NAME"),
        (json!({ "email": "a@b.example\r\nBcc: c@d.example" }), "INVALID_EMAIL"),
        (json!({ "message": "x".repeat(501) }), "INVALID_MESSAGE"),
        (json!({ "memberId": null }), "ROLE_NEEDS_SCHOOL"),
        (json!({ "role": "DIRECTOR" }), "ROLE_ABOVE_YOU"),
    ] {
        assert_eq!(manager.refused("invite", clerk(&things, change)).await, code);
    }
    assert_eq!(app.contents().await, before);

    // Nobody raises themselves by inviting themselves.
    let own = clerk(&things, json!({ "email": "manager@fenland.example" }));
    let own = manager.done("invite", "invitation { id }", own).await;
    assert_eq!(
        answer(&manager, "acceptInvitation", own["invitation"]["id"].as_str().unwrap()).await,
        "OWN_ROLE"
    );

    // An office's mailbox serves several people, and is not filled.
    for name in ["One", "Two", "Three", "Four", "Five"] {
        director
            .done("invite", "", clerk(&things, json!({ "email": "office@birch.example", "name": name })))
            .await;
    }
    let more = clerk(&things, json!({ "email": "office@birch.example", "name": "Six" }));
    assert_eq!(director.refused("invite", more.clone()).await, "TOO_MANY_TO_ADDRESS");
    app.set_time(now() + TimeDelta::days(1));
    let director = app.sign_in("director@fenland.example").await;
    director.done("invite", "", more).await;
}

/// Mailing again fills a mailbox as inviting does.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_not_filled_by_mailing_again() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let to_office = |name: &str| clerk(&things, json!({ "email": "office@birch.example", "name": name }));
    let first = director.done("invite", "invitation { id }", to_office("One")).await;
    let again = json!({ "alliance": FENLAND, "invitationId": first["invitation"]["id"] });
    app.set_time(now() + TimeDelta::days(1));
    let director = app.sign_in("director@fenland.example").await;
    for name in ["Two", "Three", "Four", "Five", "Six"] {
        director.done("invite", "", to_office(name)).await;
    }
    let before = app.contents().await;
    assert_eq!(director.refused("sendInvitationAgain", again.clone()).await, "TOO_MANY_TO_ADDRESS");
    assert_eq!(app.contents().await, before);
    app.set_time(now() + TimeDelta::days(2));
    director.done("sendInvitationAgain", "", again).await;
}

/// Whoever may no longer give a role gives none by what they sent before.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends_with_the_role_of_whoever_invited() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let manager = app.sign_in("manager@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let invite = async |change: Value| {
        let done = director.done("invite", "invitation { id }", clerk(&things, change)).await;
        done["invitation"]["id"].as_str().unwrap().to_owned()
    };
    let above = invite(json!({ "role": "DIRECTOR", "memberId": null })).await;
    let below = invite(json!({})).await;
    let guest = app.sign_in(CLERK).await;
    let person = |name: &str| things.person_named(name);
    let grant =
        |name: &str, role: &str| json!({ "alliance": FENLAND, "personId": person(name), "role": role });
    director.done("grantRole", "", grant("The manager of Fenland Alliance", "DIRECTOR")).await;
    let end = json!({ "alliance": FENLAND, "endsOn": "2026-11-23",
                      "grantId": things.role_of("The director of Fenland Alliance", "DIRECTOR") });
    manager.done("endRole", "", end).await;

    let before = app.contents().await;
    for id in [&above, &below] {
        assert_eq!(answer(&guest, "acceptInvitation", id).await, "NOT_OPEN");
    }
    assert_eq!(app.contents().await, before);
    assert!(!enters(&guest, FENLAND).await);
    // As a manager they may give the one role and not the other.
    manager.done("grantRole", "", grant("The director of Fenland Alliance", "MANAGER")).await;
    assert_eq!(answer(&guest, "acceptInvitation", &above).await, "NOT_OPEN");
    assert_eq!(answer(&guest, "acceptInvitation", &below).await, json!(null));
    let roles = "{ alliance(slug: \"fenland\") { me { roles } } }";
    let roles = guest.graphql(roles, json!({})).await["alliance"]["me"]["roles"].clone();
    assert_eq!(roles, json!(["STAFF_MEMBER"]));
}

/// Two invitations are accepted while somebody adds the very person.
#[tokio::test(flavor = "multi_thread")]
async fn accepting_at_the_same_moment_makes_one_person() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let mut ids = Vec::new();
    for role in ["STAFF_MEMBER", "MENTOR"] {
        let done =
            director.done("invite", "invitation { id }", clerk(&things, json!({ "role": role }))).await;
        ids.push(done["invitation"]["id"].as_str().unwrap().to_owned());
    }
    let guest = app.sign_in(CLERK).await;
    let mut adding = app.owner.begin_with("begin").await.unwrap();
    sqlx::query("select from alliances where slug = 'fenland' for update")
        .execute(&mut *adding)
        .await
        .unwrap();
    let accepting: Vec<_> = ids
        .into_iter()
        .map(|id| (guest.clone(), id))
        .map(|(guest, id)| tokio::spawn(async move { answer(&guest, "acceptInvitation", &id).await }))
        .collect();
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    eventually("both wait", async || (app.count(waiting).await == 2).then_some(())).await;
    let add = "insert into people (alliance_id, id, name, email, created_at)
               select alliance_id, gen_random_uuid(), 'The clerk', $1, now() from alliances where slug = 'fenland'";
    sqlx::query(add).bind(CLERK).execute(&mut *adding).await.unwrap();
    adding.commit().await.unwrap();
    for accepted in accepting {
        assert_eq!(accepted.await.unwrap(), json!(null));
    }
    let people = format!("select count(*) from people where email = '{CLERK}'");
    assert_eq!(app.count(&people).await, 1);
    let roles = "{ alliance(slug: \"fenland\") { me { name roles } } }";
    let me = guest.graphql(roles, json!({})).await["alliance"]["me"].clone();
    assert_eq!((&me["name"], me["roles"].as_array().map(Vec::len)), (&json!("The clerk"), Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_accepts_has_the_role_from_that_day_on_and_no_day_twice() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let added = json!({ "alliance": FENLAND, "name": "The clerk", "email": CLERK });
    let person = director.done("addPerson", "person { id }", added).await["person"]["id"].clone();
    for (first, last) in [("2026-11-01", "2026-12-31"), ("2027-03-01", "2027-03-31")] {
        let grant = json!({ "alliance": FENLAND, "personId": person, "role": "STAFF_MEMBER", "startsOn": first,
                            "endsOn": last, "memberId": things.member("Birch Infant School") });
        director.done("grantRole", "", grant).await;
    }
    let invited = director.done("invite", "invitation { id }", clerk(&things, json!({}))).await;
    let guest = app.sign_in(CLERK).await;
    let id = invited["invitation"]["id"].as_str().unwrap();
    assert_eq!(answer(&guest, "acceptInvitation", id).await, json!(null));
    let query =
        "query($id: ID!) { alliance(slug: \"fenland\") { person(id: $id) { roles { startsOn endsOn } } } }";
    let roles = director.graphql(query, json!({ "id": person })).await;
    let term = |first: &str, last: Option<&str>| json!({ "startsOn": first, "endsOn": last });
    assert_eq!(
        roles["alliance"]["person"]["roles"],
        json!([
            term("2027-04-01", None),
            term("2027-03-01", Some("2027-03-31")),
            term("2027-01-01", Some("2027-02-28")),
            term("2026-11-01", Some("2026-12-31")),
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_is_told_to_those_who_invite() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let input = clerk(&things, json!({ "email": "nobody@birch.example" }));
    let id = director.done("invite", "invitation { id refusal }", input).await["invitation"].clone();
    assert_eq!(id["refusal"], json!(null));
    let refusal = async |director: &Client| {
        let query = "{ alliance(slug: \"fenland\") { invitations { id state refusal } } }";
        let all = director.graphql(query, json!({})).await["alliance"]["invitations"].clone();
        let mut all = all.as_array().unwrap().clone().into_iter();
        let one = all.find(|one| one["id"] == id["id"]).unwrap();
        assert_eq!(one["state"], "OPEN");
        one["refusal"].clone()
    };
    app.work().await;
    let said = refusal(&director).await;
    assert!(said.as_str().unwrap().contains("No such mailbox"), "{said}");
    let rows = director.page("/fenland/people/invitations").await.texts("#invitations tbody tr");
    assert!(rows[0].contains("mail refused") && rows[0].contains("No such mailbox"), "{rows:?}");
    assert!(!rows[1].contains("refused"), "{rows:?}");

    // It is said of the last mail only.
    app.set_time(now() + TimeDelta::days(1));
    let director = app.sign_in("director@fenland.example").await;
    let again = json!({ "alliance": FENLAND, "invitationId": id["id"] });
    director.done("sendInvitationAgain", "", again).await;
    assert_eq!(refusal(&director).await, json!(null));
    app.work().await;
    assert_eq!(refusal(&director).await, said);
}

/// The list is cut at its end, and what waits for an answer is not at its end.
#[tokio::test(flavor = "multi_thread")]
async fn the_open_ones_are_listed_first() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let done = director.done("invite", "invitation { id }", clerk(&things, json!({}))).await;
    let withdraw = json!({ "alliance": FENLAND, "invitationId": done["invitation"]["id"] });
    director.done("withdrawInvitation", "", withdraw).await;
    let rows = director.page("/fenland/people/invitations").await.texts("#invitations tbody tr");
    assert!(rows[0].contains(NEXT) && rows[1].contains(CLERK), "{rows:?}");
}

/// On trial an alliance may not be a way to write to strangers.
#[tokio::test(flavor = "multi_thread")]
async fn an_alliance_on_trial_invites_few_and_says_nothing_of_its_own() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let trial = "update alliances set confirmed_at = null where slug = 'fenland'";
    sqlx::query(trial).execute(&app.owner).await.unwrap();
    // The fixture's is the first.
    for at in 1..10 {
        let email = format!("guest{at}@birch.example");
        director.done("invite", "", clerk(&things, json!({ "email": email, "message": "Buy this." }))).await;
    }
    assert_eq!(director.refused("invite", clerk(&things, json!({}))).await, "TOO_MANY_ON_TRIAL");
    let again = json!({ "alliance": FENLAND, "invitationId": things.first("invitations") });
    assert_eq!(director.refused("sendInvitationAgain", again).await, "ON_TRIAL");
    app.work().await;
    let mail = app.mails.to("guest1@birch.example")[0].text();
    assert!(mail.contains("Fenland Alliance") && !mail.contains("Buy this."), "{mail}");
    assert!(!mail.contains("The clerk of Birch"), "a name is words of their own: {mail}");
    let home = director.page("/fenland").await.text();
    assert!(home.contains("and to ten people at most whom you invite"), "{home}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_people_are_invited_by_the_lines_of_a_list() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let birch = things.member("Birch Infant School");
    let selection = "result { invited { name email role } leftOut { line text reason } }";
    let list = "A Head <head@gorse.example>\nnobody\n\njo.bloggs@gorse.example\nA Head, head@gorse.example\n";
    let input = |dry_run: bool| json!({ "alliance": FENLAND, "list": list, "role": "STAFF_MEMBER", "memberId": birch, "dryRun": dry_run });
    let before = app.contents().await;
    let dry = director.done("inviteSeveral", selection, input(true)).await["result"].clone();
    assert_eq!(app.contents().await, before);
    app.work().await;
    assert!(app.mails.to("head@gorse.example").is_empty());
    let role = "STAFF_MEMBER";
    assert_eq!(
        dry["invited"],
        json!([{ "name": "A Head", "email": "head@gorse.example", "role": role },
               { "name": "Jo Bloggs", "email": "jo.bloggs@gorse.example", "role": role }])
    );
    assert_eq!(
        dry["leftOut"],
        json!([
            { "line": 2, "text": "nobody", "reason": "That does not look like an email address. It should be like name@school.org.uk." },
            { "line": 5, "text": "A Head, head@gorse.example",
              "reason": "This address is invited to that role already. The invitation is still open." },
        ])
    );
    assert_eq!(director.done("inviteSeveral", selection, input(false)).await["result"], dry);
    app.work().await;
    assert_eq!(app.mails.to("head@gorse.example").len(), 1);
    assert_eq!(app.mails.to("jo.bloggs@gorse.example").len(), 1);

    let manager = app.sign_in("manager@fenland.example").await;
    let before = app.contents().await;
    let changed = |change: Value| {
        let mut input = input(false);
        change.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
        input
    };
    for (change, code) in [
        (json!({ "list": " \n " }), "NOBODY_NAMED"),
        (json!({ "list": "x\n".repeat(101) }), "TOO_MANY"),
        (json!({ "message": "x".repeat(501) }), "INVALID_MESSAGE"),
        (json!({ "memberId": null }), "ROLE_NEEDS_SCHOOL"),
    ] {
        let refused = director.refused("inviteSeveral", changed(change.clone())).await;
        assert_eq!(refused, code, "{change}");
    }
    let above = changed(json!({ "role": "FINANCE_LEAD", "memberId": null }));
    assert_eq!(manager.refused("inviteSeveral", above).await, "ROLE_ABOVE_YOU");
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_list_is_looked_at_first_and_loses_no_line() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    let several = "/fenland/people/invitations/several";
    let fields = [
        ("list", "head@gorse.example\nbroken line"),
        ("role", "staff_member"),
        ("memberId", things.member("Birch Infant School")),
    ];
    let before = app.contents().await;
    let looked = director.submit(several, several, &fields).await;
    assert_eq!(looked.status, 200, "{}", looked.body);
    assert_eq!(app.contents().await, before);
    let preview = Page::new(several, &looked.body);
    assert!(preview.text().contains("Line 2: broken line"), "{}", preview.text());
    let sent = director.send_form(&preview.form("/several/send")).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let shown = Page::new(several, &sent.body);
    assert_eq!(shown.texts("textarea#list"), ["broken line"], "what is wrong is kept, what is right is gone");
    assert_eq!(app.count("select count(*) from invitations where email = 'head@gorse.example'").await, 1);
    let mended = director.send_form(&shown.form(several).with(&[("list", "clerk@gorse.example")])).await;
    let preview = Page::new(several, &mended.body);
    let sent = director.send_form(&preview.form("/several/send")).await;
    assert_eq!((sent.status, sent.location()), (303, "/fenland/people/invitations"), "{}", sent.body);
    // What is wrong with the whole is said at its field, with the list as it was typed.
    let refused = director.submit(several, several, &[("list", "head@gorse.example")]).await;
    assert_eq!(refused.status, 422);
    let shown = Page::new(several, &refused.body);
    assert_eq!(shown.texts("#role-error"), ["Please choose a role."]);
    assert_eq!(shown.texts("textarea#list"), ["head@gorse.example"]);
}
