//! Every page by every role, and the pages that belong to no alliance.

use std::{fmt::Write, sync::Arc};

use axum::{body::Body, http::Request};
use domain::messages::{NewDevelopmentMail, deliver_to_development_mailbox};
use gateway::{Gateway, schema::ids::decode};
use http_body_util::BodyExt;
use object_store::memory::InMemory;
use serde_json::json;
use tests::{
    TestApp,
    fixture::{FENLAND, ROLES},
};
use tower::ServiceExt;
use web::{Site, SiteOptions};

use crate::{operations::Things, walls::pages};

/// The address of a page, with an id of a thing that is not of the head's own school.
pub fn address(page: &str, things: &Things) -> String {
    let id = match page.split('/').nth(1).unwrap_or_default() {
        "members" => things.member("Birch Infant School"),
        "people" => things.person_named("The director of Fenland Alliance"),
        "budgets" if page.ends_with("/edit") => things.budget("2027-28"),
        "budgets" => things.budget("2026-27"),
        "invoices" => things.invoice("Birch Infant School"),
        "credit-notes" => things.credit_note("Fir Special School"),
        "mail" if page.contains("{id}") => things.refused_mail("Cedar Secondary School"),
        "payers" => things.payer("Birch Infant School"),
        "payments" => things.free_payment(),
        "jobs" => things.parked_job(),
        "settings" if page.contains("/data/") => things.first("exports"),
        "settings" if page.contains("/closures/") => things.first("closures"),
        "settings" if page.contains("/strands/") => things.first("strands"),
        _ if page.contains("{id}") => panic!("{page}: which id?"),
        _ => return format!("/fenland{page}"),
    };
    format!("/fenland{}", page.replace("{id}", &decode(id).unwrap().2.to_string()))
}

/// What each role gets of each page. Read every change of this table as a change of who may see what.
#[tokio::test(flavor = "multi_thread")]
async fn each_role_gets_the_pages_it_may() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    director.done("requestExport", "", json!({ "alliance": FENLAND })).await;
    app.work().await;
    let things = Things::of(FENLAND, &director).await;
    let mut people = Vec::new();
    let mut table = format!("{:<28}", "");
    for (_, local) in ROLES {
        people.push(app.sign_in(&format!("{local}@fenland.example")).await);
        write!(table, "{local:<10}").unwrap();
    }
    let before = app.contents_but_downloads().await;
    for page in pages() {
        let address = address(&page, &things);
        if app.stranger().get(&address).await.status == 405 {
            continue;
        }
        write!(table, "\n{:<28}", if page.is_empty() { "/" } else { &page }).unwrap();
        for person in &people {
            let status = person.get(&address).await.status;
            assert!(matches!(status, 200 | 403 | 404), "{address}: {status}");
            write!(table, "{status:<10}").unwrap();
        }
    }
    let table: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"));
    assert_eq!(app.contents_but_downloads().await, before, "a page that was looked at changed something");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_no_page_could_have_is_one_where_nothing_is() {
    let app = TestApp::new().await;
    let director = app.sign_in("director@fenland.example").await;
    let nothing = director.get("/fenland/nothing").await;
    assert_eq!(nothing.status, 404);
    let mut seen = 0;
    for page in pages().into_iter().filter(|page| page.contains("{id}")) {
        for id in ["half-an-id", "%FF", "0192", "%00"] {
            let answer = director.get(&format!("/fenland{}", page.replace("{id}", id))).await;
            if answer.status != 405 {
                assert_eq!((answer.status, &answer.body), (404, &nothing.body), "{page} with {id}");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen}");
    for query in ["/members?first=%FF", "/members/new?urn=%00&urn=1", "/invoices?state=%FF"] {
        let answer = director.get(&format!("/fenland{query}")).await;
        assert!(matches!(answer.status, 200 | 404), "{query}: {}", answer.body);
        assert!(answer.body.starts_with("<!doctype html>"), "{query}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn home_shows_a_head_their_own_school_and_no_other() {
    let app = TestApp::new().await;
    let home = app.sign_in("head@fenland.example").await.page("/fenland").await;
    assert_eq!(home.texts("main h2"), ["Alder Primary School"]);
    let text = home.text();
    assert!(text.contains("300 pupils") && text.contains("FEN-"), "{text}");
    for other in ["Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hedgerow"] {
        assert!(!text.contains(other), "{other} is shown: {text}");
    }
    let staff = app.sign_in("staff@fenland.example").await.page("/fenland").await;
    assert_eq!(staff.texts("main h2"), ["Alder Primary School"]);
    assert!(!staff.text().contains("FEN-") && !staff.text().contains('£'), "{}", staff.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_the_role_table_that_the_product_goes_by() {
    let app = TestApp::new().await;
    for (_, local) in ROLES {
        let page = app.sign_in(&format!("{local}@fenland.example")).await.page("/fenland/roles").await;
        let rows = page.texts("#permissions tbody tr");
        assert_eq!(rows.len(), domain::viewer::Permission::all().count());
        for row in [
            "See the alliance, its members and its strands everybody nobody",
            "Issue invoices and credit notes, hold and dispute Finance lead nobody",
            "See budgets, shares, invoices and payments Director, Manager, Finance lead, Board member \
             Head, School business manager",
            "Change a strand of work Director, Manager Strand lead",
        ] {
            assert!(rows.contains(&row.to_owned()), "{row}: {rows:?}");
        }
        let roles = page.texts("#givers tbody tr");
        assert_eq!(roles.len(), ROLES.len());
        for row in [
            "Finance lead Raises and collects contributions the whole alliance Director",
            "Strand lead Leads one strand of its work one strand Director, Manager",
            "CPD leader Leads professional development at a school one school Director, Manager",
            "Trainee Trains to teach one school, or the whole alliance Director, Manager",
        ] {
            assert!(roles.contains(&row.to_owned()), "{row}: {roles:?}");
        }
    }
}

/// A page of a site that is not a node's: what it answers, and its text.
async fn visit(site: &axum::Router, path: &str) -> (u16, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = site.clone().oneshot(request).await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, policy, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_development_mailbox_is_there_in_development_only() {
    let app = TestApp::empty().await;
    let site =
        |options| web::router(Site::new(Gateway::new(app.app.clone(), Arc::new(InMemory::new())), options));
    let (development, production) = (site(SiteOptions::Development), site(SiteOptions::Production));
    assert!(visit(&development, "/dev/mail").await.2.contains("No mail yet."));
    let mail = NewDevelopmentMail {
        sender: "post@ensemble.example".into(),
        recipients: vec!["office@birch.example".into()],
        subject: "Your <invoice>".into(),
        text: "Dear & kind <b>office</b>".into(),
        html: "<p>Dear office</p><script>alert(1)</script>".into(),
        attachments: vec!["FEN-1.pdf".into()],
        message_id: "<1@ensemble.example>".into(),
    };
    deliver_to_development_mailbox(&app.app, &mail).await.unwrap();
    let id = app.text("select id::text from development_mails").await;
    let one = format!("/dev/mail/{id}");
    let list = tests::page::Page::new("/dev/mail", &visit(&development, "/dev/mail").await.2);
    assert_eq!(list.link("Your <invoice>"), one);
    let shown = tests::page::Page::new(&one, &visit(&development, &one).await.2);
    assert_eq!(shown.texts("pre"), ["Dear & kind <b>office</b>"]);
    assert!(shown.text().contains("FEN-1.pdf") && shown.text().contains("office@birch.example"));
    let (status, policy, html) = visit(&development, &format!("{one}/html")).await;
    assert_eq!((status, html), (200, mail.html), "the frame shows the mail as it was sent");
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    let missing = "/dev/mail/01920000-0000-7000-8000-000000000001";
    for (site, path) in [(&development, missing), (&production, "/dev/mail"), (&production, one.as_str())] {
        assert!(matches!(visit(site, path).await.0, 303 | 404), "{path}");
    }
    assert!(!visit(&production, &one).await.2.contains("Dear"));
}
