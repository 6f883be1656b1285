//! A payer's statement of account, on a page that prints and as a file.

use askama::Template;
use axum::extract::{Path, State};
use domain::money::Pence;
use gateway::schema::ids::Kind;
use uuid::Uuid;

use crate::{
    csv, format,
    ids::global,
    page::{PageError, PageResult, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Statement, "src/pages/statement/query.graphql");

type Payer = statement::StatementAlliancePayer;
type Line = statement::StatementAlliancePayerStatementLines;

#[derive(Template)]
#[template(path = "pages/statement/page.html")]
struct Page {
    shell: Shell,
    alliance: String,
    today: chrono::NaiveDate,
    payer: Payer,
    base: String,
    /// What the page above is called.
    debt: &'static str,
}

impl Page {
    fn purpose(&self) -> String {
        let today = format::day(&self.today);
        let balance = self.payer.statement.balance;
        match balance.0 {
            0 => format!("Nothing is owed to {} on {today}.", self.alliance),
            1.. => format!("{balance} is owed to {} on {today}.", self.alliance),
            _ => format!("{} holds {} for this payer on {today}.", self.alliance, Pence(-balance.0)),
        }
    }
}

/// What a line tells of, in words.
fn what(line: &Line) -> String {
    let kind = words::sentence(&words::name(&line.kind));
    let parts = [kind.as_str(), &line.reference].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

type Address = Path<(String, Uuid)>;

async fn load(site: &SharedSite, within: &Within, id: Uuid) -> Result<Page, PageError> {
    let variables = statement::Variables { slug: within.slug(), id: global(within, Kind::Payer, id) };
    let alliance = site.query::<Statement>(&within.signed, variables).await?.alliance;
    let alliance = alliance.ok_or(PageError::NotFound)?;
    let payer = alliance.payer.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell(&format!("Statement of account: {}", payer.legal_name)),
        debt: within.debt(),
        alliance: alliance.name,
        today: alliance.today,
        payer,
        base: within.path(&format!("/payers/{id}/statement")),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
) -> PageResult {
    render(&load(&site, &within, id).await?)
}

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Path((_, id)): Address,
) -> PageResult {
    let payer = load(&site, &within, id).await?.payer;
    let rows = payer.statement.lines.into_iter().map(|line| {
        let kind = words::sentence(&words::name(&line.kind));
        let (amount, balance) = (csv::amount(line.amount), csv::amount(line.balance));
        vec![csv::day(line.date), kind, line.reference, line.note, amount, balance]
    });
    let heading = ["Date", "What", "Reference", "For", "Amount", "Balance"];
    csv::download((&site, &within), &format!("statement-{}.csv", payer.legal_name), &heading, rows).await
}
