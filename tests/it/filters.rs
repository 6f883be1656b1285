//! The filters above lists.

use tests::{Client, TestApp, page::Page};

/// A filter that is shown as it is and sent as it is shown leaves nothing out.
#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_nobody_touched_filters_nothing() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    for list in ["members", "invoices"] {
        let page = finance.page(&format!("/fenland/{list}")).await;
        let selects = page.texts("form.filters select").len();
        assert!(selects > 0, "{list}: no filter");
        let open = page.texts("form.filters select option[value='']").len();
        assert_eq!(open, selects, "{list}: a filter that cannot be left open");
        assert_eq!(page.texts("form.filters option[selected]").join(""), "Any".repeat(selects), "{list}");
    }
}

/// What the rows of a list are about, and what is said of how it is narrowed.
fn shown(page: &Page) -> (Vec<String>, String) {
    (page.texts("table tbody th[scope=row] a"), page.texts("main .note").join(" "))
}

/// Sends the form above a list with these fields as typed.
async fn send(client: &Client, page: &Page, typed: &[(&str, &str)]) -> Page {
    client.page(&page.filter().with(typed).address()).await
}

/// An address from another page asks for more than the form has fields for.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_address_asks_for_besides_stays_until_it_is_taken_away() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let all = shown(&finance.page("/fenland/invoices").await).0;
    let paid = finance.page("/fenland/invoices?has=received").await;
    let some = shown(&paid);
    assert!(!some.0.is_empty() && some.0.len() < all.len(), "{some:?} of {all:?}");
    assert!(some.1.contains("Only invoices with money received."), "{some:?}");

    // Sent as it is, the form changes nothing; with a state, it asks for both.
    assert_eq!(shown(&send(&finance, &paid, &[]).await), some);
    let none = send(&finance, &paid, &[("state", "DUE")]).await;
    assert!(shown(&none).0.iter().all(|row| some.0.contains(row)), "{none:?}");
    let back = send(&finance, &none, &[("state", "")]).await;
    assert_eq!(shown(&back), some);
    assert_eq!(
        shown(&finance.page(&back.link("Show those without it too")).await),
        (all.clone(), String::new())
    );

    // Payer and dates at once: each has words and its own way out, and what cannot be read is dropped.
    let payers =
        r#"{ alliance(slug: "fenland") { invoices(first: 1) { nodes { billToName dueOn payer { id } } } } }"#;
    let mut one =
        finance.graphql(payers, serde_json::json!({})).await["alliance"]["invoices"]["nodes"][0].take();
    let (payer, due) = (one["payer"]["id"].take(), one["dueOn"].take());
    let (payer, due) = (payer.as_str().unwrap(), due.as_str().unwrap());
    let asked = format!("/fenland/invoices?payer={payer}&from={due}&to={due}&has=rubbish");
    let page = send(&finance, &finance.page(&asked).await, &[("text", "fen")]).await;
    let name = one["billToName"].as_str().unwrap();
    for words in [&format!("Only invoices of {name}."), "Only invoices due from"] {
        assert!(shown(&page).1.contains(words), "{words}: {:?}", shown(&page));
    }
    assert!(!page.path.contains("rubbish"), "{}", page.path);
    assert!(page.link("Download as CSV").contains(&format!("payer={payer}&from={due}&to={due}")));
    let any_day = page.link("Show any due date");
    assert!(
        any_day.contains("payer=") && any_day.contains("text=fen") && !any_day.contains(due),
        "{any_day}"
    );
    let any_payer = page.link("Show those of every payer");
    assert!(
        !any_payer.contains("payer=") && any_payer.contains(&format!("from={due}&to={due}")),
        "{any_payer}"
    );
    assert_eq!(page.link("Show all"), "/fenland/invoices");

    // What members lack is kept in the same way.
    let of_birch = "delete from member_rolls where member_id in (select id from members where name = 'Birch Infant School')";
    sqlx::Executor::execute(&app.owner, of_birch).await.unwrap();
    let lacking = finance.page("/fenland/members?without=ROLL").await;
    assert_eq!(shown(&lacking).0, ["Birch Infant School"]);
    let none = send(&finance, &lacking, &[("name", "cedar")]).await;
    assert!(shown(&none).0.is_empty(), "{:?}", shown(&none));
    let back = send(&finance, &none, &[("name", "")]).await;
    assert_eq!(shown(&back), shown(&lacking));
    assert!(shown(&finance.page(&back.link("Show the others too")).await).0.len() > 1);
}
