//! The filters above lists.

use tests::TestApp;

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
