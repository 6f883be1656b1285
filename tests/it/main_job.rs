//! The main job from end to end.

use serde_json::json;
use tests::{TestApp, fixture::FENLAND};

#[tokio::test(flavor = "multi_thread")]
async fn start() {
    let app = TestApp::new().await;
    let finance = app.sign_in("finance@fenland.example").await;
    let data = finance
        .graphql(
            "query($slug: String!) { alliance(slug: $slug) { name members { nodes { name } } budgets { label total } invoices { nodes { number memberName state gross outstanding } } deliveryCounts { state count } } }",
            json!({ "slug": FENLAND }),
        )
        .await;
    println!("{data:#}");
    println!("{}", finance.page("/fenland/invoices").await.text());
}
