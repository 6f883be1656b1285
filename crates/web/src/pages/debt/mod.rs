//! What each payer owes today, by age.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;
use domain::money::Pence;

use crate::{
    csv, format,
    page::{PageError, PageResult, render},
    pages::{budget::plain, query},
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
    /// The sum of each column.
    fn totals(&self) -> [Pence; 7] {
        let mut totals = [Pence::ZERO; 7];
        for row in &self.rows {
            for (total, (_, amount)) in totals.iter_mut().zip(cells(row)) {
                total.0 += amount.0;
            }
        }
        totals
    }
}

/// A payer's amounts with the names of their columns.
fn cells(row: &Row) -> [(&'static str, Pence); 7] {
    [
        ("Not yet due", row.not_yet_due),
        ("1 to 30 days", row.days1_to30),
        ("31 to 60 days", row.days31_to60),
        ("61 to 90 days", row.days61_to90),
        ("Over 90 days", row.over90_days),
        ("Owed", row.owed),
        ("Disputed", row.disputed),
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
        std::iter::once(name).chain(cells(&row).map(|(_, amount)| plain(amount))).collect()
    });
    let heading = [
        "Payer",
        "Not yet due",
        "1 to 30 days",
        "31 to 60 days",
        "61 to 90 days",
        "Over 90 days",
        "Owed",
        "Disputed",
    ];
    csv::download("aged-debt.csv", &heading, rows)
}
