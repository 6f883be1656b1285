//! The national register: three widths, its links, and today's school for an old number.

use std::{
    fs::File,
    io::Cursor,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use domain::schools::{ImportError, Imported, import_links, import_register};
use serde_json::json;
use tests::{TestApp, fixture::FENLAND};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/register").join(name)
}

/// The list of rejects, to be read afterwards.
#[derive(Clone, Default)]
struct Rejects(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Rejects {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn schools(app: &TestApp, name: &str) -> (Imported, String) {
    let rejects = Rejects::default();
    let imported =
        import_register(&app.app.db, File::open(file(name)).unwrap(), rejects.clone()).await.unwrap();
    let text = String::from_utf8(rejects.0.lock().unwrap().clone()).unwrap();
    (imported, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_changes_nothing_and_a_newer_one_updates() {
    let app = TestApp::empty().await;
    let (first, rejects) = schools(&app, "schools_120_columns.csv").await;
    assert!(first.written.new > 0 && first.written.updated == 0, "{first:?}");
    assert_eq!(rejects.lines().count().saturating_sub(1) as u64, first.rejected, "{rejects}");
    let before = app.contents().await;
    let (second, _) = schools(&app, "schools_120_columns.csv").await;
    assert_eq!((second.written.new, second.written.updated), (0, 0), "{second:?}");
    assert_eq!(app.contents().await, before);
    for newer in ["schools_135_columns.csv", "schools_140_columns.csv"] {
        let (imported, _) = schools(&app, newer).await;
        assert!(imported.written.new + imported.written.updated > 0, "{newer}: {imported:?}");
    }
    // An older file does not take back what is known since.
    let before = app.contents().await;
    schools(&app, "schools_120_columns.csv").await;
    assert_eq!(app.contents().await, before);
    let links =
        import_links(&app.app.db, File::open(file("links.csv")).unwrap(), Rejects::default()).await.unwrap();
    assert!(links.written.new > 0, "{links:?}");
    let before = app.contents().await;
    import_links(&app.app.db, File::open(file("links.csv")).unwrap(), Rejects::default()).await.unwrap();
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_of_the_register_joins_with_what_the_register_knows() {
    let app = TestApp::new().await;
    schools(&app, "schools_140_columns.csv").await;
    let director = app.sign_in("director@fenland.example").await;
    let urn = app.count("select urn::bigint from schools where closed_on is null and number_of_pupils > 0 order by urn limit 1").await;
    let member = json!({ "alliance": FENLAND, "urn": urn, "joinedOn": "2026-11-01" });
    let joined = director.done("addMember", "member { name urn roll { pupils } }", member.clone()).await;
    assert_eq!(joined["member"]["urn"], urn);
    assert_eq!(director.refused("addMember", member).await, "ALREADY_MEMBER");
    let unknown = json!({ "alliance": FENLAND, "urn": 999_999, "joinedOn": "2026-11-01" });
    assert_eq!(director.refused("addMember", unknown).await, "UNKNOWN_URN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_kind_changes_nothing() {
    let app = TestApp::empty().await;
    let before = app.contents().await;
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("another list", b"Name,Colour\nA,red\n".to_vec()),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0".to_vec()),
        ("the links", std::fs::read(file("links.csv")).unwrap()),
    ] {
        let error = import_register(&app.app.db, Cursor::new(bytes), Rejects::default()).await.unwrap_err();
        assert!(!matches!(error, ImportError::Internal(_)), "{what}: {error:?}");
        assert!(error.to_string().len() > 15, "{what}: {error}");
    }
    assert_eq!(app.contents().await, before);
}
