//! `ensemble up`: everything in one process, on a data directory of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, test_kill_process};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tests::{
    Client,
    binary::{Folder, Process, ensemble, eventually, fail},
};

/// A running `ensemble up`, and whoever is at its pages.
struct Up {
    process: Process,
    client: Client,
    data: PathBuf,
}

impl Up {
    async fn start(data: &str, more: &[&str]) -> Self {
        let mut process = Process::start(ensemble(&[&["up", "--port", "0", "--data", data], more].concat()));
        let at = process.says("Ensemble is running at ").await;
        process.says("Press Ctrl-C").await;
        let client = Client::new(at.trim_start_matches("Ensemble is running at "));
        Self { process, client, data: data.into() }
    }

    /// Whom the welcome offers to sign in as.
    fn people(&self) -> Vec<String> {
        let said = self.process.said();
        let words = said.iter().filter_map(|line| line.split_whitespace().next());
        words.filter(|word| word.contains('@')).map(str::to_owned).collect()
    }

    /// Signs in with the code from the mailbox.
    async fn sign_in(&self, email: &str) -> Client {
        let client = Client::new(self.client.base());
        let codes = async || {
            let mails = client.page("/dev/mail").await;
            let rows = mails.texts("tbody tr").into_iter().filter(|row| row.contains("sign-in code"));
            let own = rows.zip(mails.links("sign-in code")).filter(|(row, _)| row.contains(email));
            own.map(|(_, link)| link).collect::<Vec<_>>()
        };
        let before = codes().await;
        assert_eq!(client.post("/sign-in", &[("email", email)]).await.status, 200);
        let newest = eventually("a code is mailed", async || {
            codes().await.into_iter().find(|link| !before.contains(link))
        });
        let mail = client.page(&newest.await).await.text();
        let code = &mail.split("code is ").nth(1).unwrap()[..6];
        let signed_in = client.post("/sign-in/code", &[("email", email), ("code", code)]).await;
        assert_eq!(signed_in.status, 303, "{}", signed_in.body);
        client
    }

    /// What `query` selects in the private database, as its owner.
    async fn texts(&self, query: &str) -> Vec<String> {
        let mut owner = PgConnection::connect(&owner_url(&self.data)).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&mut owner).await.unwrap()
    }

    /// Ctrl-C. Nothing goes on after it.
    async fn interrupt(mut self) {
        let pid_file = self.data.join("postgres/postmaster.pid");
        let text = fs::read_to_string(&pid_file).unwrap();
        let postgres = Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap();
        test_kill_process(postgres).unwrap();
        assert!(self.process.end(Signal::INT).await.success());
        assert!(test_kill_process(postgres).is_err(), "PostgreSQL goes on");
        assert!(!pid_file.exists(), "PostgreSQL did not stop in good order");
    }
}

/// The owner's way to the database of a data directory.
pub fn owner_url(data: &Path) -> String {
    let cluster = fs::canonicalize(data.join("postgres")).unwrap();
    let run = cluster.with_file_name("run");
    format!("postgres:///postgres?host={}&port=5432&user=ensemble_owner", run.display())
}

/// The one line that a command complains with.
fn complaint(standard_error: &str) -> &str {
    let line = standard_error.trim_end();
    assert!(!line.contains('\n'), "more than a sentence: {line}");
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_starts_stays_and_reminds_the_right_schools_a_month_later() {
    let folder = Folder::make();
    let data = folder.join("data");
    let up = Up::start(&data, &["--now", "2026-11-02T09:00"]).await;
    assert!(up.client.page("/sign-in").await.text().contains("Sign in"));
    let people = up.people();
    assert_eq!(people.len(), 6, "{people:?}");
    for email in &people {
        let home = up.sign_in(email).await.get("/").await;
        assert!(matches!(home.status, 200 | 303), "{email}: {}", home.status);
    }
    let dana = up.sign_in("dana.whitlock@woldedge.example").await;
    let members = dana.page("/wold-edge/members").await.text();
    assert!(members.contains("Quarry Bank Junior School"));

    // A second start on the same data is refused, and says where the first one is.
    let second = fail(ensemble(&["up", "--port", "0", "--data", &data])).await;
    assert!(complaint(&second).contains("Ensemble is already running on"), "{second}");
    up.interrupt().await;

    // Everything is kept: the data, the mails, and who is signed in.
    let up = Up::start(&data, &["--now", "2026-11-02T10:00"]).await;
    let dana = dana.at(up.client.base());
    assert_eq!(dana.page("/wold-edge/members").await.text(), members);
    assert_eq!(up.texts("select slug from alliances order by slug").await, ["harbour-coast", "wold-edge"]);
    assert!(dana.page("/dev/mail").await.links("sign-in code").len() > 6);
    reminded(&up, "2026-11-02").await;
    up.interrupt().await;

    // A month later: whoever has not paid and is neither held nor disputed, at the level that has come since.
    let up = Up::start(&data, &["--now", "2026-12-02T09:00"]).await;
    assert_eq!(
        reminded(&up, "2026-12-02").await,
        [
            "Ashby Lane Primary School, 42 days",
            "Ferry Lane Primary School, 21 days",
            "Greetham Park Primary School, 42 days",
            "Jetty Street Primary School, 21 days",
            "Marsh Lane Special School, 21 days",
            "Orby Meadow Primary School, 42 days",
            "Partney Cross Secondary School, 7 days",
            "Tealby Vale Primary School, 7 days",
            "Wainfleet Road Primary School, 42 days",
        ]
    );
    let dana = up.sign_in("dana.whitlock@woldedge.example").await;
    assert!(!dana.page("/dev/mail").await.links("Greetham Park Primary School").is_empty());
    up.interrupt().await;
}

/// Whom the morning of `date` reminds, and how long after the due date, once all of it is mailed.
async fn reminded(up: &Up, date: &str) -> Vec<String> {
    let planned = format!(
        "select id::text from jobs where kind = 'plan_reminders' and state = 'done' and payload ->> 'date' = '{date}'"
    );
    let under_way = format!(
        "select id::text from jobs where state in ('waiting', 'running') and run_at < timestamptz '{date}' + '1 day'"
    );
    eventually("the reminders are mailed", async || {
        (up.texts(&planned).await.len() == 2 && up.texts(&under_way).await.is_empty()).then_some(())
    })
    .await;
    let mailed = format!(
        "select distinct member_name || ', ' || occurrence || ' days'
         from deliveries join invoices on invoices.id = deliveries.subject_id
         where rule = 'invoice_reminder' and deliveries.state = 'sent' and sent_at::date = date '{date}' order by 1"
    );
    up.texts(&mailed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_one_sentence_with_its_remedy() {
    let folder = Folder::make();
    let data = folder.join("data");
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let taken = fail(ensemble(&["up", "--port", &port, "--data", &data])).await;
    let words = format!("ensemble: port {port} is taken by another program: choose another, such as --port ");
    assert!(complaint(&taken).starts_with(&words), "{taken}");
    assert!(!Path::new(&data).exists(), "something was started before the port was known to be free");

    // A cluster whose server programs this machine has not. (That it has none at all is told by the same line; which
    // one it is, is tested where they are chosen.)
    fs::create_dir_all(Path::new(&data).join("postgres")).unwrap();
    fs::write(Path::new(&data).join("postgres/PG_VERSION"), "9\n").unwrap();
    let missing = fail(ensemble(&["up", "--port", "0", "--data", &data])).await;
    let missing = complaint(&missing);
    assert!(
        missing.starts_with("ensemble: the database was made by PostgreSQL 9, and this machine has "),
        "{missing}"
    );
    assert!(
        missing.ends_with("install PostgreSQL 9 again, or start a new database with --data DIR"),
        "{missing}"
    );

    let bad_now = fail_of_usage(&["up", "--now", "tomorrow"]).await;
    assert!(bad_now.contains("not a moment in London such as 2026-10-05T09:00"), "{bad_now}");
    let mut open_mailbox = ensemble(&["up", "--data", &data]);
    open_mailbox.env("BIND", "0.0.0.0:0");
    let open_mailbox = fail(open_mailbox).await;
    assert!(
        complaint(&open_mailbox).contains("set SMTP_URL, or listen on this machine only"),
        "{open_mailbox}"
    );
}

async fn fail_of_usage(arguments: &[&str]) -> String {
    let output = tests::binary::run(ensemble(arguments)).await;
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

/// Started by root, the server runs as a user of its own, who often may not enter the folder.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_folder_will_do_and_what_people_made_gets_no_demo() {
    let folder = Folder::make();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let data = folder.join("data");
    let up = Up::start(&data, &["--no-demo"]).await;
    assert_eq!(up.people(), [""; 0]);
    assert!(up.client.page("/sign-in").await.text().contains("Sign in"));
    assert_eq!(up.texts("select slug from alliances").await, [""; 0]);
    up.texts(
        "insert into accounts (id, email, created_at) values (gen_random_uuid(), 'first@school.example', now())
         returning email",
    )
    .await;
    let link = Path::new(&data).join("postgres");
    let cluster = fs::canonicalize(&link).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    assert_eq!(link.is_symlink(), is_root);
    assert_eq!(cluster.starts_with("/var/lib/ensemble"), is_root, "{}", cluster.display());
    up.interrupt().await;

    // Nobody says --no-demo this time.
    let up = Up::start(&data, &[]).await;
    assert_eq!(up.people(), [""; 0]);
    assert_eq!(up.texts("select slug from alliances").await, [""; 0]);
    assert_eq!(up.texts("select email from accounts").await, ["first@school.example"]);
    assert_eq!(fs::canonicalize(&link).unwrap(), cluster);
    up.interrupt().await;
    if is_root {
        fs::remove_dir_all(cluster.parent().unwrap()).unwrap();
    }
}
