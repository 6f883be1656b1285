//! Somebody else's judgement of how we speak GraphQL over HTTP.

use std::path::Path;

use tests::TestApp;
use tokio::process::Command;

/// The released audit of the specification, 61 of 61, against the product as it is served to a stranger.
#[tokio::test(flavor = "multi_thread")]
async fn the_released_audit_finds_nothing() {
    let app = TestApp::empty().await;
    let audit = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphql-audit");
    let audited = Command::new(audit).arg(format!("{}/graphql", app.base)).output().await.unwrap();
    let said = String::from_utf8_lossy(&audited.stdout);
    let wrong = String::from_utf8_lossy(&audited.stderr);
    assert!(audited.status.success() && said.ends_with("61 of 61 audits passed\n"), "{said}{wrong}");
}
