//! Invoices: what was asked, what came in, what is late.

use askama::Template;
use axum::extract::{Query, State};
use domain::{dates::read_date, money::Pence, viewer::Permission};
use serde::Deserialize;

use crate::{
    csv, format, ids,
    lists::{ListAddress, Narrowing, every_entry},
    page::{PageError, PageResult, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Invoices, "src/pages/invoices/query.graphql");

const STATES: [&str; 8] = ["OWED", "DUE", "PART_PAID", "OVERDUE", "PAID", "CREDITED", "DISPUTED", "HELD"];

/// The sums that a list may be of, as the address names them.
const SUMS: [(&str, &str); 3] = [
    ("outstanding", "with money still to come"),
    ("received", "with money received"),
    ("credited", "with a credit"),
];

/// What is owed and not in question, as the aged debt counts it: a word for several states.
const OWED: [&str; 4] = ["DUE", "PART_PAID", "OVERDUE", "HELD"];

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    text: String,
    #[serde(default)]
    state: String,
    /// Names of [`SUMS`] with a hyphen between them: invoices with something of each.
    #[serde(default)]
    has: String,
    /// A payer's id: an address from another page has it, and dates, as the form of this page has not.
    #[serde(default)]
    payer: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/invoices/page.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    at: ListAddress,
    list: invoices::InvoicesAlliance,
    base: String,
    /// Whether the viewer sees what every school is asked for, or pays.
    is_of_alliance: bool,
}

/// A row of the list.
type Row = invoices::InvoicesAllianceInvoicesNodes;

impl Page {
    /// The invoices that a figure counts: those of this list with something of that sum.
    fn with(&self, sum: &str) -> String {
        let mut has = self.filter.sums();
        if !has.contains(&sum) {
            has.push(sum);
        }
        self.at.with(&[("has", &has.join("-"))])
    }

    /// What came in, and what is still to come, in the words of who gets it or who pays it.
    fn sides(&self) -> (&'static str, &'static str) {
        if self.is_of_alliance { ("received", "still to come") } else { ("paid", "still to pay") }
    }

    /// What the address asks for besides the fields of the form.
    fn narrowings(&self) -> Vec<Narrowing> {
        let only = |words: &str, act, changed: &[(&'static str, &str)]| Narrowing {
            words: format!("Only invoices {words}."),
            act,
            href: self.at.with(changed),
        };
        let of = (!self.filter.payer.is_empty()).then(|| {
            let name = self.list.invoices.nodes.first().map_or("one payer", |row| &row.bill_to_name);
            only(&format!("of {name}"), "Show those of every payer", &[("payer", "")])
        });
        let day = |text: &str| read_date(text).ok().map(|date| format::day(&date));
        let due = match (day(&self.filter.from), day(&self.filter.to)) {
            (Some(from), Some(to)) => Some(format!("due from {from} to {to}")),
            (Some(from), None) => Some(format!("due from {from} on")),
            (None, Some(to)) => Some(format!("due until {to}")),
            (None, None) => None,
        };
        let due = due.map(|due| only(&due, "Show any due date", &[("from", ""), ("to", "")]));
        let asked = self.filter.sums();
        let sums = SUMS.into_iter().filter(|(sum, _)| asked.contains(sum)).map(|(sum, words)| {
            let others: Vec<_> = asked.iter().copied().filter(|other| *other != sum).collect();
            only(words, "Show those without it too", &[("has", &others.join("-"))])
        });
        of.into_iter().chain(due).chain(sums).collect()
    }

    /// The state in a word, or by how long it is overdue.
    fn state(&self, row: &Row) -> words::Tag {
        let state = words::invoice_state(&row.state);
        match row.state {
            invoices::InvoiceState::OVERDUE => {
                words::Tag { label: format::due_in(&row.due_on, &self.list.today), ..state }
            }
            _ => state,
        }
    }

    /// The bar of an invoice: received, not yet due, late and credited, in thousandths of what was billed.
    fn parts(&self, row: &Row) -> (i64, i64, i64, i64) {
        let whole = row.gross.0.max(1);
        let part = |pence: Pence| pence.0.clamp(0, whole) * 1_000 / whole;
        let (got, gone) = (part(row.received), part(row.credited));
        let rest = if row.outstanding.0 > 0 { 1_000 - got - gone } else { 0 };
        let is_late = row.due_on < self.list.today || matches!(row.state, invoices::InvoiceState::DISPUTED);
        if is_late { (got, 0, rest, gone) } else { (got, rest, 0, gone) }
    }
}

impl Filter {
    /// The sums that it asks for.
    fn sums(&self) -> Vec<&str> {
        self.has.split('-').filter(|has| SUMS.iter().any(|(sum, _)| sum == has)).collect()
    }

    /// Without what cannot be read, which filters nothing.
    fn tidied(mut self) -> Self {
        self.has = self.sums().join("-");
        for day in [&mut self.from, &mut self.to] {
            if read_date(day).is_err() {
                day.clear();
            }
        }
        self
    }

    fn address(&self, base: String) -> ListAddress {
        let fields = [("text", self.text.as_str()), ("state", &self.state)];
        let kept =
            [("has", self.has.as_str()), ("payer", &self.payer), ("from", &self.from), ("to", &self.to)];
        ListAddress::new(base, &fields, self.after.as_deref()).narrowed(&kept)
    }
}

async fn load(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<invoices::InvoicesAlliance, PageError> {
    let states = match filter.state.as_str() {
        "OWED" => Some(serde_json::json!(OWED)),
        state => STATES.contains(&state).then(|| serde_json::json!([state])),
    };
    let day = |text: &str| read_date(text).ok();
    let variables = invoices::Variables {
        slug: within.slug(),
        filter: invoices::InvoiceFilter {
            text: Some(filter.text.clone()),
            states: states.and_then(|states| serde_json::from_value(states).ok()),
            having: serde_json::from_value(serde_json::json!(
                filter.sums().iter().map(|sum| sum.to_uppercase()).collect::<Vec<_>>()
            ))
            .ok(),
            budget_id: None,
            member_id: None,
            payer_id: Some(filter.payer.clone()).filter(|id| !id.is_empty()),
            due_from: day(&filter.from),
            due_to: day(&filter.to),
        },
        first,
        after,
    };
    let data = site.query::<Invoices>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    let filter = filter.tidied();
    let list = load(&site, &within, &filter, (50, filter.after.clone())).await?;
    let page = Page {
        shell: within.shell("Invoices"),
        at: filter.address(within.path("/invoices")),
        is_of_alliance: within.may(Permission::SeeMoney),
        base: within.path("/invoices"),
        filter,
        list,
    };
    render(&page)
}

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Query(filter): Query<Filter>,
) -> PageResult {
    let rows = every_entry(|part| async {
        let list = load(&site, &within, &filter, part).await?;
        let rows = list.invoices.nodes.into_iter().map(|row| {
            vec![
                row.number,
                row.member_name,
                row.bill_to_name,
                row.purchase_order.unwrap_or_default(),
                csv::day(row.issued_on),
                csv::day(row.due_on),
                csv::amount(row.gross),
                csv::amount(row.credited),
                csv::amount(row.received),
                csv::amount(row.outstanding),
                words::invoice_state(&row.state).label,
            ]
        });
        let part = list.invoices.page_info;
        Ok((rows.collect(), part.end_cursor.filter(|_| part.has_next_page)))
    })
    .await?;
    let heading = [
        "Number",
        "Member",
        "Payer",
        "Purchase order",
        "Issued",
        "Due",
        "Billed",
        "Credited",
        "Received",
        "Outstanding",
        "State",
    ];
    csv::download((&site, &within), "invoices.csv", &heading, rows).await
}
