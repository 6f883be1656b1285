//! What an invoice run costs beside the least that Postgres needs: the very same rows, copied by one plain `INSERT`
//! with `SELECT` into each table, with the same keys to check and indices to fill. Only the ratio means anything on
//! another machine.
//!
//! `cargo bench -p tests --bench invoices`, and `ENSEMBLE_BENCH=full` for 1,000 alliances.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::{
    app::{App, Clock, Links, Rng, Secret},
    db::{DatabaseUrls, Db},
    funding::{
        budgets::{DraftBudget, DraftLine, agree_budget, draft_budget},
        formula::{Base, Formula, Rounding},
        invoices::{IssueInvoices, issue_invoices},
    },
    ids::{AllianceId, BudgetId},
    money::Pence,
    viewer::Viewer,
};
use futures::{StreamExt, TryStreamExt};
use sqlx::{AssertSqlSafe, Executor, PgPool, postgres::PgPoolOptions};
use tests::{fixture, postgres::Server};

const MEMBERS: i64 = 27;
/// Alliances that issue at once.
const CONCURRENCY: usize = 4;
/// What a run writes, in the order of its keys.
const TABLES: [&str; 5] = ["invoice_runs", "number_series", "invoices", "invoice_lines", "jobs"];

#[tokio::main]
async fn main() {
    let is_full = std::env::var("ENSEMBLE_BENCH").is_ok_and(|how| how == "full");
    let (alliances, rounds) = if is_full { (1_000, 3) } else { (100, 3) };
    let bench = Bench::new(alliances).await;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(bench.issue().await);
        plain.push(bench.copy().await);
    }
    ours.sort_unstable();
    plain.sort_unstable();
    let (ours, plain) = (ours[rounds / 2].as_secs_f64(), plain[rounds / 2].as_secs_f64());
    let invoices = f64::from(i32::try_from(bench.invoices()).unwrap());
    println!("{:<58}{:>10}  target", "name", "measured");
    line("invoices without PDFs, of INSERT … SELECT", plain / ours, "0.3 or more");
    line("  invoices", invoices, "");
    line("  a second", invoices / ours, "");
    line("  the statements', a second", invoices / plain, "");
}

fn line(name: &str, measured: f64, target: &str) {
    println!("{name:<58}{measured:>10.2}  {target}");
}

struct Bench {
    app: App,
    owner: PgPool,
    budgets: Vec<(AllianceId, BudgetId)>,
    /// Goes when the bench goes.
    _server: Server,
}

impl Bench {
    async fn new(alliances: usize) -> Self {
        let server = Server::start_durable();
        let database = server.new_database().await;
        let urls = DatabaseUrls {
            app: server.url("ensemble_app", &database),
            machine: server.url("ensemble_machine", &database),
            max_connections: u32::try_from(CONCURRENCY).unwrap(),
        };
        let owner = PgPoolOptions::new().connect(&server.url("owner", &database)).await.unwrap();
        // Begins in the fixture's days and goes on as time does, so that ids are in order.
        let system = Clock::system();
        let ahead: TimeDelta = fixture::now() - system.now();
        let app = App {
            db: Db::connect(&urls).await.unwrap(),
            clock: Clock::from_fn(move || system.now() + ahead),
            rng: Rng::from_os(),
            links: Links::new("https://ensemble.example"),
            secret: Secret::new(&[7; 32]),
        };
        let mut founded = Vec::new();
        for n in 0..alliances {
            founded.push(fixture::found(&app, &format!("alliance-{n}")).await);
        }
        fill(&owner).await;
        let mut budgets = Vec::new();
        for alliance in founded {
            budgets.push((alliance, budget(&app, alliance).await));
        }
        owner.execute("vacuum analyze").await.unwrap();
        Self { app, owner, budgets, _server: server }
    }

    fn invoices(&self) -> i64 {
        i64::try_from(self.budgets.len()).unwrap() * MEMBERS
    }

    async fn clear(&self) {
        let clear = format!("truncate {} cascade", TABLES.join(", "));
        self.owner.execute(AssertSqlSafe(clear)).await.unwrap();
        self.owner.execute("checkpoint").await.unwrap();
    }

    async fn assert_issued(&self) {
        let invoices = "select count(*) from invoices join invoice_lines
                            on (invoices.alliance_id, id) = (invoice_lines.alliance_id, invoice_id)";
        let issued: i64 = sqlx::query_scalar(invoices).fetch_one(&self.owner).await.unwrap();
        assert_eq!(issued, self.invoices());
    }

    /// A run for every alliance.
    async fn issue(&self) -> Duration {
        self.clear().await;
        let started = Instant::now();
        let runs = futures::stream::iter(&self.budgets).map(async |(alliance, budget_id)| {
            let run = IssueInvoices { budget_id: *budget_id, due_on: None, expected: None };
            issue_invoices(&self.app, &Viewer::machinery(*alliance), run, None).await
        });
        runs.buffer_unordered(CONCURRENCY).try_collect::<Vec<_>>().await.unwrap();
        let took = started.elapsed();
        self.assert_issued().await;
        took
    }

    /// What the run wrote, once more.
    async fn copy(&self) -> Duration {
        for table in TABLES {
            let keep =
                format!("drop table if exists kept_{table}; create table kept_{table} as table {table}");
            self.owner.execute(AssertSqlSafe(keep)).await.unwrap();
        }
        self.clear().await;
        let copies = TABLES.map(|table| format!("insert into {table} select * from kept_{table};")).concat();
        let started = Instant::now();
        self.owner.execute(AssertSqlSafe(format!("begin; {copies} commit"))).await.unwrap();
        let took = started.elapsed();
        self.assert_issued().await;
        took
    }
}

/// The same members in each alliance.
async fn fill(owner: &PgPool) {
    let payers = format!(
        "insert into payers (alliance_id, id, kind, legal_name, address, created_at)
         select alliance_id, gen_random_uuid(), 'school', 'Member ' || lpad(n::text, 2, '0'), '1 Lane', now()
         from alliances cross join generate_series(1, {MEMBERS}) n"
    );
    owner.execute(AssertSqlSafe(payers)).await.unwrap();
    let members = "insert into members (alliance_id, id, name, phase, payer_id, joined_on, created_at)
         select alliance_id, gen_random_uuid(), legal_name, 'primary', id, '2025-09-01', now() from payers";
    owner.execute(members).await.unwrap();
}

async fn budget(app: &App, alliance: AllianceId) -> BudgetId {
    let viewer = Viewer::machinery(alliance);
    let line = DraftLine { description: "Co-ordination".into(), pence: Pence(1_350_000) };
    let draft = DraftBudget {
        label: "2026-27".into(),
        starts_on: fixture::day(2026, 9, 1),
        ends_on: fixture::day(2027, 8, 31),
        formula: Formula {
            base: Base::Flat { amount: Pence(50_000) },
            adjustments: vec![],
            rounding: Rounding::Penny,
        },
        contributions_are: domain::funding::vat::ContributionKind::SharedCosts,
        lines: vec![line],
        agreed_amounts: Vec::new(),
        in_kind_offers: vec![],
    };
    let budget = draft_budget(app, &viewer, draft).await.unwrap();
    agree_budget(app, &viewer, budget.id).await.unwrap();
    budget.id
}
