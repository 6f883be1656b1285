//! A deployment of several processes over one database and one Redis, all of it the built program: migrated, filled with
//! the demo, and then two gateways and two workers.

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use tests::{
    Client,
    binary::{Folder, Process, ensemble, eventually, succeed},
    client::Answer,
    postgres::{Restart, Server},
    redis::{Redis, free_port},
    smtp::Sink,
};
use tokio::process::Command;

/// Finance lead of the smaller alliance.
const OWEN: &str = "owen.tarrant@woldedge.example";
/// The allowance of a caller, in points a minute.
const POINTS: i64 = 5_000;

struct Deployment {
    server: Server,
    database: String,
    owner: PgPool,
    redis_url: String,
    mails: Sink,
    files: Folder,
}

impl Deployment {
    /// With an empty schema, made by `ensemble migrate`.
    async fn new(server: Server, redis_url: String) -> Self {
        let database = server.new_empty_database().await;
        let owner = PgPool::connect(&server.url("owner", &database)).await.unwrap();
        let (mails, files) = (Sink::start().await, Folder::make());
        let deployment = Self { server, database, owner, redis_url, mails, files };
        let mut migrate = ensemble(&["migrate"]);
        migrate.env("OWNER_DATABASE_URL", deployment.server.url("owner", &deployment.database));
        succeed(migrate).await;
        deployment
    }

    fn command(&self, name: &str) -> Command {
        let url = |user| self.server.url(user, &self.database);
        let mut command = ensemble(&[name]);
        command
            .env("DATABASE_URL", url("ensemble_app"))
            .env("MACHINE_DATABASE_URL", url("ensemble_machine"))
            .env("REDIS_URL", &self.redis_url)
            .env("SMTP_URL", self.mails.url())
            .env("MAIL_FROM", "Ensemble <post@ensemble.example>")
            .env("STORE_URL", format!("file://{}", self.files.path().display()))
            .env("BASE_URL", "http://ensemble.example")
            .env("SECRET_KEY", "0123456789abcdef0123456789abcdef")
            .env("POINTS_PER_CALLER", POINTS.to_string())
            .env("BIND", "127.0.0.1:0")
            .env("METRICS_BIND", "127.0.0.1:0")
            .env("DATABASE_CONNECTIONS", "6")
            .env("LOG_FORMAT", "json")
            .env("RUST_LOG", "debug");
        command
    }

    async fn gateway(&self) -> (Process, Client) {
        let mut process = Process::start(self.command("gateway"));
        let client = Client::new(&address(&mut process, "answering").await);
        (process, client)
    }

    /// A worker, and where it shows its metrics.
    async fn worker(&self) -> (Process, Client) {
        let mut process = Process::start(self.command("worker"));
        let client = Client::new(&address(&mut process, "showing metrics").await);
        (process, client)
    }

    async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.owner).await.unwrap()
    }

    async fn texts(&self, query: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&self.owner).await.unwrap()
    }

    async fn worked_off(&self) {
        let unfinished =
            "select count(*) from jobs where state = 'running' or (state = 'waiting' and run_at <= now())";
        eventually("the work is done", async || (self.count(unfinished).await == 0).then_some(())).await;
    }

    /// Signs in with the code from the mail.
    async fn sign_in(&self, client: &Client, email: &str) {
        let codes = || {
            let mails = self.mails.to(email).into_iter();
            mails.filter(|mail| mail.subject().contains("sign-in code")).collect::<Vec<_>>()
        };
        let before = codes().len();
        assert_eq!(client.post("/sign-in", &[("email", email)]).await.status, 200);
        let mail = eventually("a code is mailed", async || codes().into_iter().nth(before)).await.text();
        let code = mail.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6).unwrap();
        let signed_in = client.post("/sign-in/code", &[("email", email), ("code", code)]).await;
        assert_eq!(signed_in.status, 303, "{}", signed_in.body);
    }
}

/// Where a process says that it listens.
async fn address(process: &mut Process, message: &str) -> String {
    let line: Value = serde_json::from_str(&process.logs(message).await).unwrap();
    format!("http://{}", line["address"].as_str().unwrap())
}

async fn ready(client: &Client, status: u16) -> Value {
    let what = format!("/health/ready is {status}");
    let answer = eventually(&what, async || {
        let answer = client.get("/health/ready").await;
        (answer.status == status).then_some(answer)
    });
    answer.await.json()
}

/// What a request cost its caller, and how many points are left.
async fn ask(client: &Client) -> (i64, i64) {
    let query = "query { alliance(slug: \"harbour-coast\") { members(first: 50) { nodes { name } } } }";
    let answer = client.execute(query, json!({})).await.json();
    assert_eq!(answer["data"]["alliance"]["members"]["nodes"].as_array().map(Vec::len), Some(11));
    let cost = &answer["extensions"]["cost"];
    (cost["requested"].as_i64().unwrap(), cost["remaining"].as_i64().unwrap())
}

/// The value of a metric of one kind of job; `None` while it is not shown.
fn gauge(metrics: &Answer, name: &str, kind: &str) -> Option<f64> {
    let start = format!("{name}{{kind=\"{kind}\"}} ");
    metrics.body.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_and_workers_are_one_product() {
    let mut redis = Redis::start().await;
    let deployment = Deployment::new(Server::shared(), redis.url()).await;
    assert_eq!(succeed(deployment.command("seed")).await, "The demo is made.\n");
    // What the demo's years left to do is not what this is about.
    let busy = "delete from jobs;
                update payers set accounts_email = 'busy@quay.example' where legal_name like 'Ferry Lane%'";
    deployment.owner.execute(busy).await.unwrap();

    let (one, at_one) = deployment.gateway().await;
    let (two, at_two) = deployment.gateway().await;
    let (mut first, _) = deployment.worker().await;
    let (second, _) = deployment.worker().await;
    ready(&at_one, 200).await;
    ready(&at_two, 200).await;

    // Signed in at one gateway is signed in at the other.
    deployment.sign_in(&at_one, OWEN).await;
    let owen_at_two = at_one.at(at_two.base());
    let budgets = owen_at_two.page("/harbour-coast/budgets").await;
    assert_eq!(at_two.get("/harbour-coast/budgets").await.status, 303, "a stranger");

    // A run agreed at the one and issued at the other, printed and mailed by whichever worker takes it, once.
    let invoiced = deployment.count("select count(*) from invoices").await;
    let draft = "select label from budgets where state = 'draft'
                 and alliance_id = (select alliance_id from alliances where slug = 'harbour-coast')";
    let budget = budgets.link(&deployment.texts(draft).await[0]);
    assert_eq!(at_one.submit(&budget, "/agree", &[]).await.status, 303);
    let form = owen_at_two.page(&format!("{budget}/run")).await.form("/run");
    let request = owen_at_two
        .request(Method::POST, &form.action)
        .header("x-request-id", "issued-by-owen")
        .form(&form.fields);
    assert_eq!(owen_at_two.send(request).await.status, 303);
    deployment.worked_off().await;
    assert_eq!(deployment.count("select count(*) from invoices").await, invoiced + 11);
    let printed = "select count(*) from documents join invoices on invoices.id = documents.subject_id
                   where issued_on = (select max(issued_on) from invoices)";
    assert_eq!(deployment.count(printed).await, 11);
    let kept_back = "select recipient from deliveries join invoices on invoices.id = deliveries.subject_id
                     where rule = 'invoice_issued' and deliveries.state <> 'sent'
                       and issued_on = (select max(issued_on) from invoices)";
    assert_eq!(deployment.texts(kept_back).await, ["busy@quay.example"]);
    let mails = deployment.mails.received();
    let mut ids: Vec<_> = mails.iter().map(tests::smtp::Received::message_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), mails.len(), "a mail came twice");
    let of_invoices = mails.iter().filter(|mail| !mail.subject().contains("sign-in code")).count();
    let sent = deployment.count("select count(*) from deliveries where state = 'sent'").await;
    assert_eq!(i64::try_from(of_invoices).unwrap(), sent);

    // One worker is told to stop, and the other goes on.
    assert!(first.end(Signal::TERM).await.success());
    deployment.sign_in(&at_two, "finance@harbourcoast.example").await;

    // Limits are counted together, and by each alone while Redis is away.
    let (cost, left) = ask(&at_one).await;
    assert!(cost > 0 && left < POINTS);
    assert_eq!(ask(&owen_at_two).await, (cost, left - cost));
    assert_eq!(ask(&at_one).await, (cost, left - 2 * cost));
    redis.stop();
    assert_eq!(ask(&at_one).await, (cost, POINTS - cost));
    assert_eq!(ask(&owen_at_two).await, (cost, POINTS - cost));
    deployment.sign_in(&at_one, OWEN).await;

    // The logs are read by machines, tell requests and jobs, and know nobody's address.
    let log: Vec<_> = [&one, &two, &first, &second].iter().flat_map(|process| process.logged()).collect();
    let events: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    let answered = |event: &&Value| event["message"] == "answered" && event["span"]["id"] == "issued-by-owen";
    assert_eq!(events.iter().filter(answered).count(), 1);
    let in_span = |name: &str, event: &Value| {
        let span = &event["span"];
        span["name"] == name && span["id"].as_str().is_some_and(|id| id.len() > 30)
    };
    assert!(events.iter().any(|event| event["message"] == "an attempt failed" && in_span("job", event)));
    assert!(events.iter().any(|event| event["message"] == "answered" && in_span("request", event)));
    let addresses = deployment
        .texts("select email from accounts union select accounts_email from payers where accounts_email is not null
                union select recipient from deliveries")
        .await;
    assert!(addresses.len() > 30);
    for line in log {
        let lower = line.to_lowercase();
        assert!(!addresses.iter().any(|address| lower.contains(address.as_str())), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_says_whether_it_lives_and_whether_it_is_ready() {
    let server = Server::start();
    // A Redis that was never there keeps nobody from anything.
    let redis_url = format!("redis://127.0.0.1:{}/0", free_port());
    let deployment = Deployment::new(server.clone(), redis_url).await;
    let (_gateway, client) = deployment.gateway().await;
    let (_worker, of_worker) = deployment.worker().await;
    for client in [&client, &of_worker] {
        assert_eq!(ready(client, 200).await, json!({ "database": "answers", "migrations": "current" }));
    }

    let newest = "create table newest as
                  select * from _sqlx_migrations where version = (select max(version) from _sqlx_migrations);
                  delete from _sqlx_migrations where version in (select version from newest)";
    deployment.owner.execute(newest).await.unwrap();
    for client in [&client, &of_worker] {
        assert_eq!(ready(client, 503).await, json!({ "database": "answers", "migrations": "behind" }));
    }
    deployment.owner.execute("insert into _sqlx_migrations select * from newest").await.unwrap();
    ready(&client, 200).await;

    server.stop();
    for client in [&client, &of_worker] {
        assert_eq!(
            ready(client, 503).await,
            json!({ "database": "does not answer", "migrations": "unknown" })
        );
        assert_eq!(client.get("/health/live").await.status, 200);
    }
    server.restart(Restart::Fast);
    ready(&client, 200).await;
    ready(&of_worker, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_how_much_work_waits_and_for_how_long() {
    let deployment = Deployment::new(Server::shared(), format!("redis://127.0.0.1:{}/0", free_port())).await;
    let nobody = uuid::Uuid::nil();
    let queue =
        "insert into jobs (alliance_id, id, kind, payload, run_at, priority, max_attempts, created_at)
                 select $1, gen_random_uuid(), 'prune_jobs', '{}', now() + wait, 1, 3, now()
                 from unnest(array['-2 hours', '-1 hour', '1 day']::interval[]) as wait";
    sqlx::query(queue).bind(nobody).execute(&deployment.owner).await.unwrap();
    // What is locked is passed over, and so it waits.
    let mut held = deployment.owner.acquire().await.unwrap();
    held.execute("begin; select from jobs for update").await.unwrap();

    let (_worker, client) = deployment.worker().await;
    let shown = eventually("the queue is measured", async || {
        let metrics = client.get("/metrics").await;
        gauge(&metrics, "jobs_waiting", "prune_jobs").map(|waiting| (waiting, metrics))
    });
    let (waiting, metrics) = shown.await;
    // The schedule's own has been queued meanwhile, or not yet.
    assert!((3.0..=4.0).contains(&waiting), "{waiting}");
    let age = gauge(&metrics, "jobs_oldest_due_seconds", "prune_jobs").unwrap();
    assert!((7_200.0..7_500.0).contains(&age), "{age}");
    assert_eq!(gauge(&metrics, "jobs_parked", "prune_jobs"), Some(0.0));
    assert!(metrics.body.contains("# HELP jobs_oldest_due_seconds"), "{}", metrics.body);
    held.execute("rollback").await.unwrap();
    deployment.worked_off().await;
    assert_eq!(
        deployment.count("select count(*) from jobs where kind = 'prune_jobs' and state = 'waiting'").await,
        1
    );
}
