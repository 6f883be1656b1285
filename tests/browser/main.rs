//! The pages in a real browser: how they look at a desk and on a phone, in daylight and in the dark, and whether people
//! can use them who see, hear or point otherwise.

mod chromium;

use chromium::{Browser, Look};
use domain::viewer::Permission;
use fantoccini::{Locator, key::Key};
use tests::{
    TestApp,
    fixture::{FENLAND, ROLES},
    phone::Phone,
};

const DESK: Look = Look { width: 1280, scheme: "light" };
const DESK_AT_NIGHT: Look = Look { width: 1280, scheme: "dark" };
const PHONE: Look = Look { width: 390, scheme: "light" };
const PHONE_AT_NIGHT: Look = Look { width: 390, scheme: "dark" };

/// Every page that the site's router shows by `GET`, from its source: a page added later is looked at too.
fn routes() -> Vec<String> {
    let source = include_str!("../../crates/web/src/site.rs");
    let router = source.split("pub fn router").nth(1).unwrap().split(".fallback").next().unwrap();
    let (within, outside) = router.split_once("let mut router =").unwrap();
    let outside = outside.split("if site.options").next().unwrap();
    let shown = |block: &str, before: &str| -> Vec<String> {
        let routes = block.split(".route(").skip(1).filter(|rest| rest.contains("get("));
        routes
            .map(|rest| format!("{before}{}", rest.split('"').nth(1).unwrap().trim_end_matches('/')))
            .collect()
    };
    let all = [shown(within, &format!("/{FENLAND}")), shown(outside, "")].concat();
    let is_page = |path: &String| {
        !path.ends_with(".csv")
            && !path.ends_with("/pdf")
            && !path.ends_with("/zip")
            && !path.starts_with("/assets/")
            && !path.is_empty()
    };
    all.into_iter().filter(is_page).collect()
}

/// The page with an id of something that is there.
async fn with_id(app: &TestApp, route: &str) -> String {
    if !route.contains("{id}") {
        return route.to_owned();
    }
    let of_fenland = |table: &str, condition: &str| {
        format!(
            "select x.id::text from {table} x join alliances a using (alliance_id)
             where a.slug = '{FENLAND}' and {condition} order by x.id limit 1"
        )
    };
    if route.starts_with("/invitations/") {
        return route.replace("{id}", &app.text(&of_fenland("invitations", "true")).await);
    }
    let query = match route.split('/').nth(2).unwrap() {
        "members" => of_fenland("members", "x.name = 'Alder Primary School'"),
        "budgets" if route.ends_with("/edit") => of_fenland("budgets", "x.label = '2027-28'"),
        "budgets" => of_fenland("budgets", "x.label = '2026-27'"),
        "invoices" => of_fenland("invoices", "x.member_name = 'Alder Primary School'"),
        "mail" => of_fenland("deliveries", "x.state = 'refused'"),
        "payments" => of_fenland("payments", "true"),
        "people" => of_fenland("people", "x.email = 'head@fenland.example'"),
        "payers" => of_fenland("payers", "x.legal_name = 'Hedgerow Learning Trust'"),
        other => panic!("{route}: an id of what is {other}?"),
    };
    route.replace("{id}", &app.text(&query).await)
}

/// What is wrong with the page that is shown.
async fn faults(browser: &Browser) -> Vec<String> {
    let mut faults = browser.violations().await;
    let sideways = "const page = document.scrollingElement; return page.scrollWidth - window.innerWidth";
    if browser.script(sideways).await.as_i64().unwrap() > 0 {
        let wide = "return [...document.querySelectorAll('main *')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll'))
            .slice(0, 3).map(one => one.outerHTML.slice(0, 120)).join(' | ')";
        faults.push(format!("scrolls sideways: {}", browser.script(wide).await));
    }
    faults.extend(browser.complaints().await.into_iter().map(|said| format!("the browser says: {said}")));
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_for_everybody_at_a_desk_and_on_a_phone() {
    let app = TestApp::new().await;
    let mut paths = Vec::new();
    for route in routes() {
        paths.push(with_id(&app, &route).await);
    }
    assert!(paths.len() > 15, "{paths:?}");
    let mut wrong = Vec::new();
    let mut walked = Vec::new();
    for (role, local) in ROLES {
        // Whoever may do the same as somebody before sees the same pages, but for what is their own on the first.
        let may: Vec<_> = Permission::all()
            .map(|one| (one.everywhere().contains(&role), one.own().contains(&role)))
            .collect();
        let paths = if walked.contains(&may) { &paths[..1] } else { &paths[..] };
        walked.push(may);
        let browser = Browser::open(&app).await;
        browser.sign_in(&app, &format!("{local}@fenland.example")).await;
        // One sees most pages, and every look; the others the two that differ most.
        let looks = match local {
            "finance" => &[DESK, DESK_AT_NIGHT, PHONE, PHONE_AT_NIGHT][..],
            _ => &[DESK, PHONE_AT_NIGHT],
        };
        for look in looks {
            browser.look(*look).await;
            for path in paths {
                browser.goto(path).await;
                let found = faults(&browser).await;
                wrong.extend(found.into_iter().map(|fault| format!("{path}, {role:?}, {look:?}: {fault}")));
            }
        }
        browser.close().await;
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_sees_is_for_everybody_too() {
    let app = TestApp::new().await;
    let browser = Browser::open(&app).await;
    let mut wrong = Vec::new();
    for look in [DESK, PHONE_AT_NIGHT] {
        browser.look(look).await;
        browser.goto("/sign-in").await;
        wrong.extend(faults(&browser).await);
        browser.fill("email", "nobody@nowhere.example").await;
        browser.press("Send me a code").await;
        wrong.extend(faults(&browser).await);
        browser.fill("code", "000000").await;
        browser.press("Sign in").await;
        wrong.extend(faults(&browser).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    browser.close().await;
}

/// A second step, from its picture to the sign-in that asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_step_is_set_up_in_a_browser() {
    let app = TestApp::new().await;
    let browser = Browser::open(&app).await;
    let mut wrong = Vec::new();
    let mut look = async |state: &str| {
        for look in [DESK, DESK_AT_NIGHT, PHONE_AT_NIGHT, PHONE] {
            browser.look(look).await;
            let found = faults(&browser).await;
            wrong.extend(found.into_iter().map(|fault| format!("{state}, {look:?}: {fault}")));
        }
    };
    browser.sign_in(&app, "finance@fenland.example").await;
    browser.goto("/account/second-step").await;
    browser.press("Set up a second step").await;
    look("begun").await;
    let key = browser.client.find(Locator::Css("#secret")).await.unwrap();
    let phone = Phone::with_key(&key.text().await.unwrap());
    browser.fill("code", "000").await;
    browser.press("Ask me for it from now on").await;
    look("refused").await;
    browser.fill("code", &phone.code(app.app.clock.now())).await;
    browser.press("Ask me for it from now on").await;
    look("codes").await;
    browser.press("I have kept them").await;
    look("set").await;
    browser.goto("/account").await;
    browser.press("Sign out here").await;

    app.set_time(app.app.clock.now() + chrono::TimeDelta::seconds(30));
    browser.fill("email", "finance@fenland.example").await;
    browser.press("Send me a code").await;
    browser.fill("code", &app.code("finance@fenland.example").await).await;
    browser.press("Sign in").await;
    look("asked").await;
    browser.fill("code", "000").await;
    browser.press("Sign in").await;
    look("refused").await;
    browser.fill("code", &phone.code(app.app.clock.now())).await;
    browser.press("Sign in").await;
    assert_eq!(browser.path().await, "/fenland");
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
    browser.close().await;
}

/// With the keyboard alone: the way past the navigation, and to what is wrong with a form.
#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let app = TestApp::new().await;
    let browser = Browser::open(&app).await;
    browser.look(DESK).await;
    browser.sign_in(&app, "director@fenland.example").await;
    browser.goto("/fenland/settings").await;
    let focused = "const one = document.activeElement; return one.id || one.className || one.tagName";
    let press = async |key: Key| {
        let keys = String::from(char::from(key));
        browser.client.active_element().await.unwrap().send_keys(&keys).await.unwrap();
    };
    press(Key::Tab).await;
    assert_eq!(browser.script(focused).await, "skip");
    let shows =
        "const box = document.activeElement.getBoundingClientRect(); return box.width > 1 && box.top >= 0";
    assert_eq!(browser.script(shows).await, true, "the skip link is not seen when it has the focus");
    press(Key::Enter).await;
    assert_eq!(browser.script(focused).await, "main");

    browser.fill("sortCode", "12").await;
    browser.script("window.left = true").await;
    press(Key::Enter).await;
    browser.arrived().await;
    assert!(browser.text().await.contains("six digits"), "{}", browser.text().await);
    assert_eq!(browser.script(focused).await, "problems", "what is wrong has not the focus");
    let typed = browser.client.find(Locator::Css("#sortCode")).await.unwrap();
    assert_eq!(typed.prop("value").await.unwrap().unwrap(), "12", "what was typed is lost");
    assert_eq!(faults(&browser).await, Vec::<String>::new());
    press(Key::Tab).await;
    press(Key::Enter).await;
    assert_eq!(browser.script("return location.hash").await, "#sortCode", "the error leads to its field");
    browser.close().await;
}

/// The main job, as the finance lead does it. What each step does to the data is `it/main_job.rs`'s to say.
#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_contributions_is_raised_in_a_browser() {
    let app = TestApp::new().await;
    let browser = Browser::open(&app).await;
    browser.look(PHONE).await;
    browser.sign_in(&app, "finance@fenland.example").await;
    let says = async |words: &str| {
        let text = browser.text().await;
        assert!(text.contains(words), "{words} is missing on {}:\n{text}", browser.path().await);
    };

    // Next year by a flat fee, tried before it is agreed.
    browser.goto("/fenland/budgets").await;
    browser.press("2027-28").await;
    let tried = format!("{}?base=flat&amount=900.00", browser.path().await);
    browser.goto(&tried).await;
    for words in ["£825.00", "£900.00", "£75.00"] {
        says(words).await;
    }
    browser.goto("/fenland/budgets").await;
    browser.press("2027-28").await;
    browser.press("Agree").await;
    says("Alder Primary School").await;

    // This year's run.
    browser.goto("/fenland/budgets").await;
    browser.press("2026-27").await;
    let run = format!("{}/run", browser.path().await);
    browser.goto(&run).await;
    says("Fir Special School").await;
    browser.press("Issue 5 invoices").await;
    assert!(browser.client.source().await.unwrap().contains("5 invoices are issued"));
    app.work().await;

    // The PDF. Headless, the browser would keep it as a file: it is fetched where the link leads.
    browser.goto("/fenland/invoices?text=birch").await;
    browser.press("Birch Infant School").await;
    says("FEN-0008").await;
    let pdf = browser.client.find(Locator::LinkText("Open the PDF")).await.unwrap();
    let path = pdf.attr("href").await.unwrap().unwrap();
    let finance = app.sign_in("finance@fenland.example").await;
    assert!(finance.get(&path).await.bytes.starts_with(b"%PDF-"));

    // The mail, and the payment.
    browser.goto("/fenland/mail").await;
    says("FEN-0008").await;
    // Where "Record a payment" leads.
    browser.goto("/fenland/payments#amount").await;
    browser.fill("amount", "510.00").await;
    browser.fill("reference", "FEN-0008").await;
    browser.press("Record the payment").await;
    says("£510.00").await;
    browser.close().await;
}

/// The one thing that takes a script: a passkey is added, and signs in.
#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_added_and_signs_in() {
    let app = TestApp::with_a_name().await;
    let browser = Browser::open(&app).await;
    browser.with_authenticator().await;
    browser.sign_in(&app, "finance@fenland.example").await;
    browser.goto("/account/passkeys").await;
    browser.press("Add a passkey").await;
    assert_eq!(faults(&browser).await, Vec::<String>::new());
    browser.fill("name", "Office laptop").await;
    browser.press("Make the passkey").await;
    assert!(browser.text().await.contains("Office laptop"), "{}", browser.text().await);
    browser.goto("/account").await;
    browser.press("Sign out here").await;
    browser.press("Use a passkey instead").await;
    browser.comes_to("/fenland").await;
    browser.goto("/fenland/invoices").await;
    assert_eq!(browser.path().await, "/fenland/invoices");

    // And it confirms, an hour later, with the form that waits.
    app.set_time(app.app.clock.now() + chrono::TimeDelta::hours(1));
    browser.goto("/fenland/payments").await;
    browser.script("for (const one of document.querySelectorAll('details')) one.open = true").await;
    browser.fill("amount", "123.45").await;
    browser.press("Record the payment").await;
    assert!(browser.text().await.contains("Confirm that it is you"), "{}", browser.text().await);
    assert_eq!(faults(&browser).await, Vec::<String>::new());
    browser.press("Use your passkey").await;
    browser.comes_to("/fenland/payments/").await;
    assert!(browser.text().await.contains("123.45"), "{}", browser.text().await);
    assert_eq!(app.count("select count(*) from payments where pence = 12345").await, 1);
    browser.close().await;
}
