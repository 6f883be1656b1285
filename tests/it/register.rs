//! The national register: three widths, its links, and today's school for an old number.

use std::{
    fs::File,
    io::Cursor,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use domain::schools::{ImportError, ImportRun, Imported, import_links, import_register};
use serde_json::{Value, json};
use tests::{Client, TestApp, fixture::FENLAND};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/register").join(name)
}

/// The list of rejects, to be read afterwards.
#[derive(Clone, Default)]
pub struct Rejects(pub Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Rejects {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Imports a file of the register. Returns what became of its rows, and the list of those that were left out.
pub async fn schools(app: &TestApp, name: &str) -> (Imported, String) {
    let rejects = Rejects::default();
    let imported =
        import_register(&app.app.db, File::open(file(name)).unwrap(), rejects.clone(), ImportRun::Real)
            .await
            .unwrap();
    let text = String::from_utf8(rejects.0.lock().unwrap().clone()).unwrap();
    (imported, text)
}

/// Imports the register's links.
pub async fn links(app: &TestApp) {
    let links = File::open(file("links.csv")).unwrap();
    import_links(&app.app.db, links, Rejects::default(), ImportRun::Real).await.unwrap();
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
    let links = import_links(
        &app.app.db,
        File::open(file("links.csv")).unwrap(),
        Rejects::default(),
        ImportRun::Real,
    )
    .await
    .unwrap();
    assert!(links.written.new > 0, "{links:?}");
    let before = app.contents().await;
    import_links(&app.app.db, File::open(file("links.csv")).unwrap(), Rejects::default(), ImportRun::Real)
        .await
        .unwrap();
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_the_true_one_does_and_changes_nothing() {
    let app = TestApp::empty().await;
    schools(&app, "schools_120_columns.csv").await;
    let links =
        |bytes: &[u8], run| import_links(&app.app.db, Cursor::new(bytes.to_owned()), Rejects::default(), run);
    let schools = async |bytes: &[u8], run| {
        let rejects = Rejects::default();
        let imported =
            import_register(&app.app.db, Cursor::new(bytes.to_owned()), rejects.clone(), run).await;
        (imported.unwrap(), String::from_utf8(rejects.0.lock().unwrap().clone()).unwrap())
    };
    // New rows, newer ones, one that is twice in the file and one that is no row at all.
    let mut register = std::fs::read(file("schools_140_columns.csv")).unwrap();
    let last = register.trim_ascii_end().iter().rposition(|byte| *byte == b'\n').unwrap();
    let again = register[last + 1..].to_owned();
    register.extend(again);
    register.extend(b"no,row\n");
    let list = std::fs::read(file("links.csv")).unwrap();

    let before = app.contents().await;
    let said = schools(&register, ImportRun::Dry).await;
    let said_of_links = links(&list, ImportRun::Dry).await.unwrap();
    assert_eq!(app.contents().await, before);
    assert!(said.0.written.new > 0 && said.0.written.updated > 0 && said.0.rejected == 2, "{said:?}");
    assert!(said.1.contains("This row has 2 columns"), "{said:?}");
    assert!(said_of_links.written.new > 0, "{said_of_links:?}");

    assert_eq!(schools(&register, ImportRun::Real).await, said);
    assert_eq!(links(&list, ImportRun::Real).await.unwrap(), said_of_links);
    assert_ne!(app.contents().await, before);
    let nothing_new = schools(&register, ImportRun::Dry).await.0;
    assert_eq!((nothing_new.written.new, nothing_new.written.updated), (0, 0), "{nothing_new:?}");
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
        let error = import_register(&app.app.db, Cursor::new(bytes), Rejects::default(), ImportRun::Real)
            .await
            .unwrap_err();
        assert!(!matches!(error, ImportError::Internal(_)), "{what}: {error:?}");
        assert!(error.to_string().len() > 15, "{what}: {error}");
    }
    assert_eq!(app.contents().await, before);
}

/// The register as it was in 2017, 2024 and 2025, one file after the other, with its links.
async fn with_register() -> (TestApp, Client) {
    let app = TestApp::new().await;
    for name in ["schools_120_columns.csv", "schools_140_columns.csv", "schools_135_columns.csv"] {
        schools(&app, name).await;
    }
    links(&app).await;
    let director = app.sign_in("director@fenland.example").await;
    (app, director)
}

async fn search(client: &Client, text: &str) -> Vec<i64> {
    let query = "query($slug: String!, $text: String!) { alliance(slug: $slug) { registerSchools(text: $text) { urn } } }";
    let data = client.graphql(query, json!({ "slug": FENLAND, "text": text })).await;
    let found = data["alliance"]["registerSchools"].as_array().unwrap();
    found.iter().map(|school| school["urn"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_is_found_by_the_words_that_people_type() {
    let (app, director) = with_register().await;
    let staff = app.sign_in("staff@fenland.example").await;
    for (text, urns) in [
        ("westbury leigh", &[150_893, 126_370][..]),
        ("WESTBURY wiltshire", &[150_893, 126_370]),
        ("saint thomas a becket", &[149_557]),
        ("st. thomas à Becket", &[149_557]),
        ("120694", &[120_694]),
        // The open one first.
        ("mount street lincoln", &[137_551, 120_694]),
        ("no such words", &[]),
        (" - ", &[]),
    ] {
        assert_eq!(search(&director, text).await, urns, "{text}");
        assert_eq!(search(&staff, text).await, urns, "{text}: everybody may read the register");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schools_of_the_authorities_where_members_are_come_first() {
    let (_app, director) = with_register().await;
    let (devon, wiltshire) = (137_666, 149_557);
    assert_eq!(search(&director, "school").await[0], devon, "by name, as long as no member is anywhere");
    let member = json!({ "alliance": FENLAND, "urn": wiltshire, "joinedOn": "2026-11-01" });
    director.done("addMember", "", member).await;
    assert_eq!(search(&director, "school").await[..2], [wiltshire, 150_893]);
}

/// What became of a school, and what it was: numbers, with the sentences that lead there.
async fn linked(client: &Client, urn: i32) -> (Value, Value) {
    let query = "query($slug: String!, $urn: Int!) { alliance(slug: $slug) {
        todaysSchools(urn: $urn) { urn steps } formerSchools(urn: $urn) { urn steps } } }";
    let data = client.graphql(query, json!({ "slug": FENLAND, "urn": urn })).await;
    (data["alliance"]["todaysSchools"].clone(), data["alliance"]["formerSchools"].clone())
}

fn urns(schools: &Value) -> Vec<i64> {
    schools.as_array().unwrap().iter().map(|school| school["urn"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_number_leads_to_todays_school_and_back() {
    let (_app, director) = with_register().await;
    for (old, today) in [
        (126_370, &[150_893][..]),
        (120_694, &[137_551]),
        (137_551, &[137_551]),
        // Three schools made one, with dates and without.
        (105_888, &[136_079]),
        (109_641, &[131_851]),
        // One was split in two.
        (135_721, &[150_934, 150_935]),
        // Said by the old school alone.
        (100_952, &[133_288]),
        // Neither register nor links know it.
        (999_998, &[]),
    ] {
        assert_eq!(urns(&linked(&director, old).await.0), today, "{old}");
    }
    for (new, former) in [
        (150_893, &[126_370][..]),
        (136_079, &[105_885, 105_888, 105_890]),
        (131_851, &[109_544, 109_545, 109_641]),
        (150_935, &[135_721]),
        (133_288, &[100_947, 100_952]),
        (120_694, &[]),
    ] {
        assert_eq!(urns(&linked(&director, new).await.1), former, "{new}");
    }
    let (today, _) = linked(&director, 120_694).await;
    assert_eq!(
        today[0]["steps"],
        json!([
            "Mount Street Infant and Nursery School (120694) became Mount Street Academy (137551) on 1 October 2011."
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_finds_a_school_and_names_its_successor() {
    let (app, director) = with_register().await;
    let found = director.page("/fenland/members/new?q=mount+street").await;
    assert_eq!(found.links("Choose").len(), 2, "{}", found.text());
    let old = director.page("/fenland/members/new?urn=120694").await;
    assert!(old.text().contains("became Mount Street Academy (137551) on 1 October 2011"), "{}", old.text());
    let successor = old.link("Choose Mount Street Academy instead");
    let chosen = format!("/fenland/members/new{successor}");
    let added = director.submit(&chosen, "/members/new?urn=137551", &[("joinedOn", "2026-11-01")]).await;
    assert_eq!(added.status, 303, "{}", added.body);
    assert_eq!(app.count("select count(*) from members where urn = 137551").await, 1);
    // A number typed in full is as good as a choice; words that nothing has are said.
    assert!(director.page("/fenland/members/new?q=126370").await.text().contains("Westbury Leigh"));
    let nothing = director.page("/fenland/members/new?q=zzzz").await;
    assert!(nothing.text().contains("no school of these words"), "{}", nothing.text());
    let unknown = director.page("/fenland/members/new?q=999998").await;
    assert!(unknown.text().contains("no school with the number 999998"), "{}", unknown.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_page_says_what_the_register_knows_and_what_to_do() {
    let (app, director) = with_register().await;
    let page = async |urn: i32| {
        let member = json!({ "alliance": FENLAND, "urn": urn, "joinedOn": "2020-09-01" });
        let added = director.done("addMember", "member { id }", member).await;
        let id = gateway::schema::ids::decode(added["member"]["id"].as_str().unwrap()).unwrap().2;
        (format!("/fenland/members/{id}"), director.page(&format!("/fenland/members/{id}")).await)
    };
    let (path, old) = page(126_370).await;
    assert!(old.text().contains("became Westbury Leigh CofE Primary School (150893) on 1 September 2024"));
    let change = old.link("Go on as Westbury Leigh");
    assert_eq!(change, format!("{path}/change?urn=150893"));
    let saved = director.submit(&change, "/change?urn=150893", &[]).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let new = director.page(&path).await;
    assert_eq!(new.links("Go on as"), Vec::<String>::new());
    assert!(new.text().contains("URN 150893") && new.text().contains("URN 126370"), "{}", new.text());
    assert_eq!(app.count("select count(*) from members where urn in (126370, 150893)").await, 1);

    let (path, closed) = page(100_004).await;
    assert!(closed.text().contains("closed") && closed.text().contains("knows no successor"));
    assert_eq!(closed.link("End the membership"), "#leaving");
    // A head is told, and has nothing to press.
    let head = app.sign_in("head@fenland.example").await.page(&path).await;
    assert!(head.text().contains("knows no successor"));
    assert_eq!(head.links("End the membership"), Vec::<String>::new());
}

/// Gives the same bytes over and over, and counts what was taken of them.
struct Endless {
    line: &'static [u8],
    taken: Arc<Mutex<u64>>,
    left: u64,
}

impl std::io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut taken = self.taken.lock().unwrap();
        let count = buffer.len().min(usize::try_from(self.left).unwrap());
        for (at, byte) in buffer[..count].iter_mut().enumerate() {
            *byte = self.line[(usize::try_from(*taken).unwrap() + at) % self.line.len()];
        }
        *taken += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_of_another_shape_are_not_read() {
    let app = TestApp::empty().await;
    let before = app.contents().await;
    for line in [&b"Name,Colour\nA,red\n"[..], b"no end ", b"\"a quotation mark that is never closed\n"] {
        let taken = Arc::new(Mutex::new(0));
        let endless = Endless { line, taken: taken.clone(), left: 100_000_000 };
        let error =
            import_register(&app.app.db, endless, Rejects::default(), ImportRun::Real).await.unwrap_err();
        assert!(matches!(error, ImportError::File(_)), "{error:?}");
        assert!(*taken.lock().unwrap() < 2_000_000, "{} bytes were read", taken.lock().unwrap());
    }
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_schools_are_imported_once() {
    const SCHOOLS: i64 = 50_000;
    let app = TestApp::empty().await;
    let sample = std::fs::read(file("schools_135_columns.csv")).unwrap();
    let mut lines = sample.split(|byte| *byte == b'\n');
    let (heading, row) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(row.starts_with(b"100000,"));
    let mut bytes = heading.to_vec();
    for urn in 100_000..100_000 + SCHOOLS {
        bytes.push(b'\n');
        bytes.extend(urn.to_string().bytes());
        bytes.extend(&row[6..]);
    }
    let import = async || {
        import_register(&app.app.db, Cursor::new(bytes.clone()), Rejects::default(), ImportRun::Real)
            .await
            .unwrap()
            .written
    };
    let first = import().await;
    assert_eq!((first.new, first.updated), (SCHOOLS, 0));
    let second = import().await;
    assert_eq!((second.new, second.updated, second.unchanged), (0, 0, SCHOOLS));
}
