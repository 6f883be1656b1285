//! Leaving an alliance: everybody may, for nobody but themselves, and somebody learns what is to be taken over.

use chrono::NaiveDate;
use serde_json::{Value, json};
use tests::{
    Client, TestApp,
    fixture::{FENLAND, HARBOUR, TODAY, day},
    page::Page,
};

use crate::operations::Things;

const LEAVE: &str = "/account/leave?alliance=fenland";

fn leaving(ends_on: NaiveDate) -> Value {
    json!({ "alliance": FENLAND, "endsOn": ends_on })
}

async fn enters(client: &Client) -> bool {
    client.get("/fenland/members").await.status == 200
}

/// A person of Fenland as its director sees them.
async fn seen(director: &Client, name: &str) -> Value {
    let query = "query($name: String!) { alliance(slug: \"fenland\") { people(name: $name) { nodes {
        roles { role endsOn } posts { title endsOn } changes { what before after changedBy { name } } } } } }";
    director.graphql(query, json!({ "name": name })).await["alliance"]["people"]["nodes"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_is_let_in_until_the_day_is_over_and_those_who_run_it_are_told() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let business = app.sign_in("business@fenland.example").await;
    let before = app.contents().await;
    let page = business.page(&business.page("/account").await.link("Leave this alliance")).await;
    let expected =
        ["School business manager, Alder Primary School", "school business manager, Alder Primary School"];
    assert_eq!(page.texts("main li strong"), expected);
    for said in
        ["Role, since 1 Aug 2025", "Post, since 1 Aug 2025", "finance contact of Alder Primary School"]
    {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    assert_eq!(app.contents().await, before, "looking at it leaves");
    let form = page.form("/account/leave");
    let refused = business.send_form(&form.with(&[("endsOn", "2026-11-23")])).await;
    assert_eq!(refused.status, 422);
    let refused = Page::new(LEAVE, &refused.body);
    assert_eq!(refused.count("#endsOn[aria-invalid=true][value='2026-11-23']"), 1);
    assert_eq!(app.contents().await, before);

    let left = business.send_form(&refused.form("/account/leave").with(&[("endsOn", "2026-11-24")])).await;
    assert_eq!((left.status, left.location()), (303, "/account"), "{}", left.body);
    assert!(business.page("/account").await.text().contains("You leave on 24 Nov 2026."));
    assert!(enters(&business).await);
    let page = business.page(LEAVE).await;
    assert!(page.text().contains("Your last day is Tuesday 24 November 2026"), "{}", page.text());
    assert_eq!(page.count("form[action='/account/leave']"), 0);

    app.work().await;
    for (who, mails) in [("director", 1), ("manager", 1), ("finance", 0), ("business", 0), ("head", 0)] {
        assert_eq!(app.mails.to(&format!("{who}@fenland.example")).len(), mails, "{who}");
    }
    assert!(app.mails.to("director@harbour.example").is_empty());
    let mail = &app.mails.to("director@fenland.example")[0];
    assert_eq!(mail.subject(), "The school business manager of Alder leaves on 24 November 2026");
    for said in [
        "leaves Fenland Alliance. The last day is Tuesday 24 November 2026",
        "- school business manager, Alder Primary School",
        "finance contact of the payers below",
        "- Alder Primary School",
        "/fenland/people/",
    ] {
        assert!(mail.text().contains(said), "{said}: {}", mail.text());
    }

    let person = seen(&director, "business manager of Alder").await;
    assert_eq!(person["roles"], json!([{ "role": "SCHOOL_BUSINESS_MANAGER", "endsOn": "2026-11-24" }]));
    assert_eq!(person["posts"], json!([{ "title": "school business manager", "endsOn": "2026-11-24" }]));
    let changes = person["changes"].as_array().unwrap();
    for what in ["school business manager", "school business manager, Alder Primary School"] {
        let is_told = |change: &Value| {
            change["before"] == format!("{what}, from 1 Aug 2025")
                && change["after"] == format!("{what}, from 1 Aug 2025 to 24 Nov 2026")
        };
        assert_eq!(changes.iter().filter(|change| is_told(change)).count(), 1, "{what}: {changes:#?}");
    }
    assert_eq!(person["changes"][0]["changedBy"]["name"], "The school business manager of Alder");

    app.set_date(day(2026, 11, 25));
    let business = app.sign_in_anew("business@fenland.example").await;
    assert!(!enters(&business).await);
    assert_eq!(business.refused("leaveAlliance", leaving(day(2026, 11, 25))).await, "UNKNOWN_ALLIANCE");
    assert!(!business.page("/account").await.text().contains("Fenland"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_said_ahead_once_and_a_token_stops_with_its_person() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let head = app.sign_in("head@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    // What would begin after the last day is taken back; what is over by then stays as it is.
    let id = things.person_named("The head of Alder");
    let later = json!({ "alliance": FENLAND, "personId": id, "role": "MENTOR", "memberId": things.member("Elm Academy"),
                        "startsOn": "2027-01-04" });
    director.done("grantRole", "", later).await;
    let sooner =
        json!({ "alliance": FENLAND, "personId": id, "role": "BOARD_MEMBER", "endsOn": "2026-11-26" });
    director.done("grantRole", "", sooner).await;
    let post = json!({ "alliance": FENLAND, "personId": id, "memberId": things.member("Elm Academy"),
                       "title": "Interim head", "startsOn": "2027-01-04" });
    director.done("addPost", "", post).await;
    let token = json!({ "alliance": FENLAND, "name": "Ledger", "permissions": ["SEE_MONEY"], "days": 90 });
    let token = head.done("createToken", "created { secret }", token).await;
    let program = app.program(token["created"]["secret"].as_str().unwrap());

    let selection = "holdings { leavesOn roles { role endsOn } posts { title endsOn } }";
    let left = head.done("leaveAlliance", selection, leaving(day(2026, 11, 27))).await;
    let expected = json!({ "leavesOn": "2026-11-27", "posts": [{ "title": "head", "endsOn": "2026-11-27" }],
                           "roles": [{ "role": "BOARD_MEMBER", "endsOn": "2026-11-26" },
                                     { "role": "SCHOOL_HEAD", "endsOn": "2026-11-27" }] });
    assert_eq!(left["holdings"], expected);
    assert_eq!(head.refused("leaveAlliance", leaving(day(2026, 11, 25))).await, "ALREADY_LEAVING");
    app.work().await;
    let text = app.mails.to("manager@fenland.example")[0].text();
    assert!(text.contains("- head, Alder Primary School") && !text.contains("finance contact"), "{text}");

    let sees = async |client: &Client| {
        let seen = client.graphql("{ alliance(slug: \"fenland\") { name } }", json!({})).await;
        !seen["alliance"].is_null()
    };
    app.set_date(day(2026, 11, 27));
    let head = app.sign_in_anew("head@fenland.example").await;
    assert!(enters(&head).await && sees(&program).await);
    app.set_date(day(2026, 11, 28));
    assert!(!enters(&head).await && !sees(&program).await);

    // Who is given a role again is back, and may leave again.
    let director = app.sign_in_anew("director@fenland.example").await;
    let again = json!({ "alliance": FENLAND, "personId": id, "role": "SCHOOL_HEAD",
                        "memberId": things.member("Alder Primary School") });
    director.done("grantRole", "", again).await;
    let head = app.sign_in_anew("head@fenland.example").await;
    assert!(enters(&head).await);
    head.done("leaveAlliance", "", leaving(day(2026, 11, 30))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stays_longer_after_all_may_leave_later() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let staff = app.sign_in("staff@fenland.example").await;
    let things = Things::of(FENLAND, &director).await;
    staff.done("leaveAlliance", "", leaving(day(2026, 11, 30))).await;
    let again = json!({ "alliance": FENLAND, "personId": things.person_named("The staff member of Alder"),
                        "role": "STAFF_MEMBER", "memberId": things.member("Alder Primary School"),
                        "startsOn": "2026-12-01" });
    director.done("grantRole", "", again).await;
    let query = "{ alliance(slug: \"fenland\") { me { holdings { leavesOn } } } }";
    let seen = staff.graphql(query, json!({})).await;
    assert_eq!(seen["alliance"]["me"]["holdings"]["leavesOn"], json!(null));
    staff.done("leaveAlliance", "", leaving(day(2026, 12, 11))).await;
    // What ended on the earlier day is not lengthened.
    let seen = seen_roles(&director).await;
    assert_eq!(
        seen,
        json!([{ "role": "STAFF_MEMBER", "endsOn": "2026-12-11" },
                            { "role": "STAFF_MEMBER", "endsOn": "2026-11-30" }])
    );
}

async fn seen_roles(director: &Client) -> Value {
    seen(director, "staff member of Alder").await["roles"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_who_can_run_an_alliance_does_not_leave_it() {
    let app = TestApp::new().await;
    let manager = app.sign_in("manager@fenland.example").await;
    let director = app.sign_in("director@fenland.example").await;
    manager.done("leaveAlliance", "", leaving(day(2026, 12, 4))).await;
    app.work().await;
    let before = app.contents().await;
    for ends_on in [TODAY, day(2026, 12, 3), day(2026, 12, 4), day(2027, 2, 1)] {
        assert_eq!(
            director.refused("leaveAlliance", leaving(ends_on)).await,
            "LAST_ADMINISTRATOR",
            "{ends_on}"
        );
    }
    let form = director.page(LEAVE).await.form("/account/leave");
    let refused = director.send_form(&form).await;
    assert_eq!(refused.status, 422);
    let refused = Page::new(LEAVE, &refused.body);
    assert!(
        refused.text().contains("First give somebody who can sign in the role of a director or a manager")
    );
    assert_eq!(refused.link("People of Fenland Alliance"), "/fenland/people");
    assert_eq!(app.contents().await, before);
    assert!(enters(&director).await);

    // Once somebody takes over, the way is open.
    let things = Things::of(FENLAND, &director).await;
    let next = json!({ "alliance": FENLAND, "personId": things.person_named("The head of Alder"), "role": "DIRECTOR" });
    director.done("grantRole", "", next).await;
    director.done("leaveAlliance", "", leaving(TODAY)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_left_is_refused_and_nothing_changes() {
    let app = TestApp::new().await;
    let staff = app.sign_in("staff@fenland.example").await;
    let director = app.sign_in("director@fenland.example").await;
    let token = json!({ "alliance": FENLAND, "name": "Ledger", "permissions": ["SEE_ALLIANCE"], "days": 30 });
    let token = director.done("createToken", "created { secret }", token).await;
    let program = app.program(token["created"]["secret"].as_str().unwrap());
    let before = app.contents().await;
    assert_eq!(staff.refused("leaveAlliance", leaving(day(2026, 11, 23))).await, "IN_PAST");
    assert_eq!(staff.refused("leaveAlliance", leaving(day(2027, 2, 23))).await, "TOO_FAR_AHEAD");
    let mut answers = Vec::new();
    for slug in [HARBOUR, "nowhere", ""] {
        let input = json!({ "alliance": slug, "endsOn": TODAY });
        answers.push(staff.try_mutate("leaveAlliance", "", input).await);
        let page = staff.page(&format!("/account/leave?alliance={slug}")).await;
        assert!(page.text().contains("Which one?") && !page.text().contains("Harbour"), "{}", page.text());
    }
    assert_eq!(answers[0]["data"]["leaveAlliance"]["errors"][0]["code"], "UNKNOWN_ALLIANCE");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(app.stranger().refused("leaveAlliance", leaving(TODAY)).await, "SIGNED_OUT");
    let by_token = program.try_mutate("leaveAlliance", "", leaving(TODAY)).await;
    assert_eq!(by_token["errors"][0]["extensions"]["code"], "FORBIDDEN", "{by_token:#}");
    let mut after = app.contents().await;
    // That the token was used is noted.
    after.insert("api_tokens".to_owned(), before["api_tokens"].clone());
    assert_eq!(after, before);
    // The latest day that can be.
    staff.done("leaveAlliance", "", leaving(day(2027, 2, 22))).await;
}
