//! What each payer owes today, by age.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;
use domain::{funding::ageing::Age, money::Pence, viewer::Permission};

use crate::{
    csv, format,
    lists::ListAddress,
    page::{PageError, PageResult, render},
    pages::query,
    session::{Download, Within},
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
    /// Whether it is what all payers owe, or one school.
    is_of_alliance: bool,
}

impl Page {
    fn purpose(&self) -> String {
        let today = format::day(&self.today);
        let whose = if self.is_of_alliance { "each payer owes" } else { "your school owes" };
        format!("What {whose} on {today}, by how long it is overdue. What is disputed stands apart.")
    }

    /// The amounts of a payer.
    fn cells(&self, row: &Row) -> Vec<Cell> {
        let payer = row.payer.as_ref().map_or("", |payer| &payer.id);
        (0..).zip(amounts(row)).map(|(at, amount)| self.cell(payer, at, amount)).collect()
    }

    /// The sum of each column.
    fn totals(&self) -> Vec<Cell> {
        let mut totals = [Pence::ZERO; 7];
        for row in &self.rows {
            for (total, amount) in totals.iter_mut().zip(amounts(row)) {
                total.0 += amount.0;
            }
        }
        (0..).zip(totals).map(|(at, amount)| self.cell("", at, amount)).collect()
    }

    fn cell(&self, payer: &str, at: usize, amount: Pence) -> Cell {
        let (from, to) = Age::ALL.get(at).map_or((None, None), |age| age.due_between(self.today));
        let day = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
        let state = if at == DISPUTED { "DISPUTED" } else { "OWED" };
        let (from, to) = (day(from), day(to));
        let fields = [("state", state), ("payer", payer), ("from", &from), ("to", &to)];
        let href = ListAddress::new(format!("{}/invoices", self.base), &fields, None).here();
        Cell { column: COLUMNS[at], amount, href }
    }
}

/// An amount with the list of the invoices that it counts.
struct Cell {
    column: &'static str,
    amount: Pence,
    href: String,
}

/// The columns of amounts: the ages in their order, their sum, and what is in question.
const COLUMNS: [&str; 7] =
    ["Not yet due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "Over 90 days", "Owed", "Disputed"];

/// The same where there is little room: the caption says that they are days overdue.
const SHORT: [&str; 7] = ["Not due", "1–30", "31–60", "61–90", "Over 90", "Owed", "Disputed"];

/// The column of what is in question.
const DISPUTED: usize = 6;

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
    render(&Page {
        shell: within.shell(within.debt()),
        today: alliance.today,
        rows: alliance.aged_debt,
        base,
        is_of_alliance: within.may(Permission::SeeMoney),
    })
}

pub(crate) async fn csv(State(site): State<SharedSite>, Download(within): Download) -> PageResult {
    let rows = load(&site, &within).await?.aged_debt.into_iter().map(|row| {
        let name = row.payer.as_ref().map(|payer| payer.legal_name.clone()).unwrap_or_default();
        std::iter::once(name).chain(amounts(&row).map(csv::amount)).collect()
    });
    let heading: Vec<_> = std::iter::once("Payer").chain(COLUMNS).collect();
    csv::download((&site, &within), "aged-debt.csv", &heading, rows).await
}
