//! What each payer owes today, by age.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;
use domain::money::Pence;

use crate::{
    csv, format,
    page::{PageError, PageResult, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(Debt, "src/pages/debt/query.graphql");

type Row = debt::DebtAllianceAgedDebt;

#[derive(Template)]
#[template(path = "pages/debt/page.html")]
struct Page {
    shell: Shell,
    today: NaiveDate,
    rows: Vec<Row>,
    base: String,
}

impl Page {
    fn purpose(&self) -> String {
        let today = format::day(&self.today);
        format!("What each payer owes on {today}, by how long it is overdue. What is disputed stands apart.")
    }

    /// The sum of each column.
    fn totals(&self) -> [Pence; 7] {
        let mut totals = [Pence::ZERO; 7];
        for row in &self.rows {
            for (total, amount) in totals.iter_mut().zip(amounts(row)) {
                total.0 += amount.0;
            }
        }
        totals
    }
}

/// The columns of amounts.
const COLUMNS: [&str; 7] =
    ["Not yet due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "Over 90 days", "Owed", "Disputed"];

/// A payer's amounts, a column each.
fn amounts(row: &Row) -> [Pence; 7] {
    [
        row.not_yet_due,
        row.days1_to30,
        row.days31_to60,
        row.days61_to90,
        row.over90_days,
        row.owed,
        row.disputed,
    ]
}

async fn load(site: &SharedSite, within: &Within) -> Result<debt::DebtAlliance, PageError> {
    let data = site.query::<Debt>(&within.signed, debt::Variables { slug: within.slug() }).await?;
    data.alliance.ok_or(PageError::NotFound)
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    let alliance = load(&site, &within).await?;
    let base = within.path("");
    render(&Page { shell: within.shell("Aged debt"), today: alliance.today, rows: alliance.aged_debt, base })
}

pub(crate) async fn csv(State(site): State<SharedSite>, within: Within) -> PageResult {
    let rows = load(&site, &within).await?.aged_debt.into_iter().map(|row| {
        let name = row.payer.as_ref().map(|payer| payer.legal_name.clone()).unwrap_or_default();
        std::iter::once(name).chain(amounts(&row).map(csv::amount)).collect()
    });
    let heading: Vec<_> = std::iter::once("Payer").chain(COLUMNS).collect();
    csv::download("aged-debt.csv", &heading, rows)
}
