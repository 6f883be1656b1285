//! How fast GraphQL answers, beside the least that Postgres needs for the same rows: one statement in the same kind of
//! transaction, with row-level security, at the same concurrency, in turns. Only the ratios mean anything on another
//! machine. The gateway is a process of its own: this program, told by its environment.
//!
//! `cargo bench -p tests --bench graphql`, and `ENSEMBLE_BENCH=full` for long rounds.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    access::{SignInMail, sign_in_mail},
    app::{App, Clock, Links, Rng, Secret},
    db::{DatabaseUrls, Db},
    ids::AllianceId,
    page::PageRequest,
    schools::members::{MemberFilter, members, payers_by_ids, rolls},
    viewer::{Reading, Viewer},
};
use ensemble::{config, node, node::Node, stop::Stop};
use gateway::limits::{Allowance, Allowances};
use object_store::memory::InMemory;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgPool, postgres::PgPoolOptions};
use tests::{Client, fixture, postgres::Server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use web::SiteOptions;
use worker::bodies::{Delivery, Post};

const ALLIANCES: usize = 200;
const CONCURRENCY: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const EMAIL: &str = "bench@ensemble.example";
const GATEWAY: &str = "ENSEMBLE_BENCH_GATEWAY";

/// 20 members, each with its 5 latest entries and how many it has.
const NESTED: &str = "query($slug: String!) { alliance(slug: $slug) { members(first: 20) { nodes {
    id name ledger { totalCount latest { id occurredOn direction unit quantity note } } } } } }";
const PLAIN: &str = "query($slug: String!) { alliance(slug: $slug) { members(first: 20) { nodes { id name phase joinedOn } } } }";
const PAGE: &str = include_str!("../../crates/web/src/pages/members/query.graphql");

const NESTED_SQL: &str = "select json_agg(json_build_object('id', m.id, 'name', m.name, 'latest', e.latest, 'count', c.count))::text
    from (select id, name from members where alliance_id = $1 and joined_on <= $2 and (left_on is null or left_on >= $2)
          order by name, id limit 21) m
    cross join lateral (select count(*) as count from ledger_entries l where l.alliance_id = $1 and l.member_id = m.id) c
    cross join lateral (select json_agg(row_to_json(top)) as latest
        from (select id, occurred_on, direction, unit, quantity, note from ledger_entries l
              where l.alliance_id = $1 and l.member_id = m.id order by occurred_on desc, id desc limit 5) top) e";
const PLAIN_SQL: &str = "select json_agg(row_to_json(m))::text from (select id, name, phase, joined_on from members
    where alliance_id = $1 and joined_on <= $2 and (left_on is null or left_on >= $2) order by name, id limit 21) m";

#[tokio::main]
async fn main() {
    if let Ok(database) = std::env::var(GATEWAY) {
        return serve(&database).await;
    }
    let is_full = std::env::var("ENSEMBLE_BENCH").is_ok_and(|how| how == "full");
    // Not of ten seconds: a connection that rested as long is closed just as the next round takes it up.
    let (rounds, length) = if is_full { (5, Duration::from_secs(8)) } else { (3, Duration::from_secs(2)) };
    let bench = Bench::new().await;
    let idle = bench.gateway.resident_mb();

    println!("{:<58}{:>10}  target", "name", "measured");
    // Connections open and statements are prepared before anything is measured.
    bench.sql(&bench.guarded, NESTED_SQL, WARM_UP).await;
    bench.graphql(NESTED, WARM_UP).await;
    let mut nested = Vec::new();
    let (mut bare, mut bare_plain, mut plain, mut unguarded) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        bare.push(bench.sql(&bench.guarded, NESTED_SQL, length).await.rate());
        nested.push(bench.graphql(NESTED, length).await);
        bare_plain.push(bench.sql(&bench.guarded, PLAIN_SQL, length).await.rate());
        plain.push(bench.graphql(PLAIN, length).await.rate());
        unguarded.push(bench.sql(&bench.owner, NESTED_SQL, length).await.rate());
    }
    let loaded = bench.gateway.resident_mb();
    let p99 = nested.iter().map(Run::p99).max().unwrap();
    let mut nested: Vec<_> = nested.iter().map(Run::rate).collect();
    let (nested, bare, plain, bare_plain) =
        (median(&mut nested), median(&mut bare), median(&mut plain), median(&mut bare_plain));
    let unguarded = median(&mut unguarded);
    line("20 members with 5 entries and a count, of one statement", nested / bare, "0.65 or more");
    line("  requests a second", nested, "");
    line("  the statement's, a second", bare, "");
    line("  p99 in ms", p99.as_secs_f64() * 1e3, "under 40");
    line("20 members, of one statement", plain / bare_plain, "0.45 or more");
    line("row-level security, of the same statement without", bare / unguarded, "");
    line("gateway's memory, idle, in MB", idle, "80 at most");
    line("gateway's memory, under load, in MB", loaded, "80 at most");
    let (page, document, direct) = bench.page_of_27(if is_full { 2_000 } else { 200 }).await;
    line("the page of 27 members, in ms", page, "");
    line("  of its document over HTTP", page / document, "");
    line("  of direct calls", page / direct, "");
}

fn line(name: &str, measured: f64, target: &str) {
    println!("{name:<58}{measured:>10.2}  {target}");
}

/// Requests of one round.
struct Run {
    took: Duration,
    each: Vec<Duration>,
}

impl Run {
    fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.each.len()).unwrap()) / self.took.as_secs_f64()
    }

    fn p99(&self) -> Duration {
        let mut each = self.each.clone();
        each.sort_unstable();
        each[each.len() * 99 / 100]
    }
}

struct Bench {
    gateway: Gateway,
    /// Whom row-level security binds.
    guarded: PgPool,
    owner: PgPool,
    app: App,
    alliances: Vec<(String, AllianceId)>,
    client: Client,
    next: AtomicUsize,
    /// Goes when the bench goes.
    _server: Server,
}

async fn app(urls: &DatabaseUrls, base: &str) -> App {
    App {
        db: Db::connect(urls).await.unwrap(),
        clock: Clock::system(),
        rng: Rng::from_os(),
        links: Links::new(base),
        secret: Secret::new(&[7; 32]),
    }
}

impl Bench {
    async fn new() -> Self {
        let server = Server::start();
        let database = server.new_database().await;
        let pool = async |user: &str| {
            let pool = PgPoolOptions::new().max_connections(u32::try_from(CONCURRENCY).unwrap());
            pool.test_before_acquire(false).connect(&server.url(user, &database)).await.unwrap()
        };
        let (guarded, owner) = (pool("ensemble_app").await, pool("owner").await);
        let urls = DatabaseUrls {
            app: server.url("ensemble_app", &database),
            machine: server.url("ensemble_machine", &database),
            max_connections: 4,
        };
        let gateway = Gateway::start(&server.url("USER", &database));
        let app = app(&urls, &gateway.base).await;
        let mut alliances = Vec::new();
        for n in 0..ALLIANCES {
            let slug = format!("alliance-{n}");
            let id = fixture::found(&app, &slug).await;
            alliances.push((slug, id));
        }
        fill(&owner).await;
        let client = sign_in(&app, &owner, &gateway.base).await;
        Self { gateway, guarded, owner, app, alliances, client, next: AtomicUsize::new(0), _server: server }
    }

    /// The alliances in an order that no cache likes.
    fn pick(&self) -> &(String, AllianceId) {
        &self.alliances[self.next.fetch_add(1, Ordering::Relaxed).wrapping_mul(7_919) % ALLIANCES]
    }

    async fn load(&self, length: Duration, one: impl AsyncFn()) -> Run {
        let started = Instant::now();
        let runs = (0..CONCURRENCY).map(|_| async {
            let mut each = Vec::new();
            while started.elapsed() < length {
                let begun = Instant::now();
                one().await;
                each.push(begun.elapsed());
            }
            each
        });
        let each = futures::future::join_all(runs).await.concat();
        Run { took: started.elapsed(), each }
    }

    async fn graphql(&self, document: &'static str, length: Duration) -> Run {
        self.load(length, async || {
            let (slug, _) = self.pick();
            let answer = self.client.execute(document, json!({ "slug": slug })).await;
            assert!(answer.status == 200 && answer.body.contains("Member 01"), "{}", answer.body);
        })
        .await
    }

    async fn sql(&self, pool: &PgPool, statement: &'static str, length: Duration) -> Run {
        let today = self.app.clock.now().date_naive();
        self.load(length, async || {
            let (_, id) = self.pick();
            let begin = AssertSqlSafe(format!("BEGIN; SET LOCAL app.alliance_id = '{id}'"));
            let mut tx = pool.begin_with(begin).await.unwrap();
            let rows: String =
                sqlx::query_scalar(statement).bind(id.0).bind(today).fetch_one(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
            assert!(rows.contains("Member 01"), "{rows}");
        })
        .await
    }

    /// Milliseconds of the page, of its document over HTTP, and of the reads that it makes.
    async fn page_of_27(&self, times: u32) -> (f64, f64, f64) {
        let (slug, id) = &self.alliances[0];
        let per = |took: Duration| took.as_secs_f64() * 1e3 / f64::from(times);
        let begun = Instant::now();
        for _ in 0..times {
            let page = self.client.get(&format!("/{slug}/members")).await;
            assert!(page.status == 200 && page.body.contains("Member 27"), "{}", page.body);
        }
        let page = per(begun.elapsed());
        let begun = Instant::now();
        for _ in 0..times {
            let answer = self.client.execute(PAGE, json!({ "slug": slug, "first": 50 })).await;
            assert!(answer.status == 200 && answer.body.contains("Member 27"), "{}", answer.body);
        }
        let document = per(begun.elapsed());
        let today = self.app.clock.now().date_naive();
        let begun = Instant::now();
        for _ in 0..times {
            let reading = Reading::new(self.app.db.clone(), Viewer::machinery(*id));
            let filter = MemberFilter { on: Some(today), ..MemberFilter::default() };
            let found = members(&reading, &filter, &PageRequest::first(50)).await.unwrap().items;
            let ids: Vec<_> = found.iter().map(|member| member.id).collect();
            let payers: Vec<_> = found.iter().map(|member| member.payer_id).collect();
            rolls(&reading, &ids, today).await.unwrap();
            assert_eq!((found.len(), payers_by_ids(&reading, &payers).await.unwrap().len()), (27, 27));
        }
        (page, document, per(begun.elapsed()))
    }
}

/// 27 members in each alliance, with 8 entries each.
async fn fill(owner: &PgPool) {
    for statement in [
        "insert into payers (alliance_id, id, kind, legal_name, address, created_at)
         select alliance_id, gen_random_uuid(), 'school', 'Member ' || lpad(n::text, 2, '0'), '1 Lane', now()
         from alliances cross join generate_series(1, 27) n",
        "insert into members (alliance_id, id, name, phase, payer_id, joined_on, created_at)
         select alliance_id, gen_random_uuid(), legal_name, 'primary', id, '2025-09-01', now() from payers",
        "insert into ledger_entries (alliance_id, id, member_id, occurred_on, direction, unit, quantity, kind, note, created_at)
         select alliance_id, gen_random_uuid(), id, date '2026-09-01' + n, 'gained', 'days', n, 'support', 'A day of support', now()
         from members cross join generate_series(1, 8) n",
        "update people set email = 'bench@ensemble.example' where email like 'director@%'",
        "analyze",
    ] {
        owner.execute(statement).await.unwrap();
    }
}

/// One person who directs every alliance.
async fn sign_in(app: &App, owner: &PgPool, base: &str) -> Client {
    let client = Client::new(base);
    assert_eq!(client.post("/sign-in", &[("email", EMAIL)]).await.status, 200);
    let code = sqlx::query_scalar("select id from sign_in_codes where email = $1");
    let code: Uuid = code.bind(EMAIL).fetch_one(owner).await.unwrap();
    let Some(SignInMail::Code { code, .. }) = sign_in_mail(app, code).await.unwrap() else {
        panic!("no code")
    };
    assert_eq!(client.post("/sign-in/code", &[("email", EMAIL), ("code", &code)]).await.status, 303);
    let seen: Value = client.graphql("{ viewer { alliances { slug } } }", json!({})).await;
    assert_eq!(seen["viewer"]["alliances"].as_array().unwrap().len(), ALLIANCES);
    client
}

/// The process that is measured; killed when dropped.
struct Gateway {
    process: Child,
    base: String,
}

impl Gateway {
    /// `database` has `USER` for the login's name.
    fn start(database: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(GATEWAY, database)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut base = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut base).unwrap();
        Self { process, base: base.trim().to_owned() }
    }

    fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `ensemble gateway` serves, until killed.
async fn serve(database: &str) {
    let urls = DatabaseUrls {
        app: database.replace("USER", "ensemble_app"),
        machine: database.replace("USER", "ensemble_machine"),
        max_connections: u32::try_from(CONCURRENCY).unwrap(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bind = listener.local_addr().unwrap();
    let base = format!("http://{bind}");
    let node = Node {
        app: app(&urls, &base).await,
        store: Arc::new(InMemory::new()),
        site: SiteOptions::Production,
        post: Post { from: "post@ensemble.example".into(), delivery: Delivery::DevelopmentMailbox },
        http: config::Http { bind, base_url: None, proxies: 0, metrics: None, allowances: boundless() },
        redis: None,
    };
    println!("{base}");
    let stop = Stop { asked: CancellationToken::new(), at_once: CancellationToken::new() };
    node::serve(&node, listener, &stop).await.unwrap();
}

/// A long round takes more points than anybody is given.
fn boundless() -> Allowances {
    let all = Allowance { points: 1_000_000_000, within: Duration::from_secs(60) };
    Allowances { caller: all, alliance: all, sign_in: all }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
