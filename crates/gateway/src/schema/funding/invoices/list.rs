//! Invoices in lists: what they are found by, what they come to, and in pages.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, InputObject, Result, SimpleObject};
use domain::{
    error::ReadError,
    funding::invoices::{self, InvoiceCursor, InvoiceFilter, InvoiceRecord, InvoiceSum},
    ids::{BudgetId, MemberId, PayerId},
    page::{Page, PageRequest},
};

use super::invoice::{InvoiceObject, InvoiceStateEnum};
use crate::schema::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors,
    ids::{Kind, local},
    scalars::{Date, Pence},
};

/// A sum of an invoice that a list can be asked for.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "InvoiceSum", remote = "InvoiceSum")]
pub(crate) enum InvoiceSumEnum {
    /// Still to be paid, disputed and held included.
    Outstanding,
    /// Payments set against it.
    Received,
    /// Taken back by credit notes.
    Credited,
}

/// Which invoices; empty fields filter nothing.
#[derive(InputObject, Default)]
#[graphql(name = "InvoiceFilter")]
pub(crate) struct InvoiceFilterInput {
    /// Part of a number, member's or payer's name.
    text: Option<String>,
    /// In any of these states today.
    states: Option<Vec<InvoiceStateEnum>>,
    /// With something of each of these sums.
    having: Option<Vec<InvoiceSumEnum>>,
    /// Of one budget.
    budget_id: Option<ID>,
    /// Of one member.
    member_id: Option<ID>,
    /// Of one payer.
    payer_id: Option<ID>,
    /// Due on this day or later.
    due_from: Option<Date>,
    /// Due on this day or before.
    due_to: Option<Date>,
}

impl InvoiceFilterInput {
    fn filter(self, inside: &Inside) -> InvoiceFilter {
        let id = |kind, id: Option<ID>| id.map(|id| local(kind, inside.id(), &id));
        InvoiceFilter {
            text: self.text.filter(|text| !text.trim().is_empty()).map(|text| text.trim().to_owned()),
            states: self.states.unwrap_or_default().into_iter().map(Into::into).collect(),
            having: self.having.unwrap_or_default().into_iter().map(Into::into).collect(),
            budget_id: id(Kind::Budget, self.budget_id).map(BudgetId),
            member_id: id(Kind::Member, self.member_id).map(MemberId),
            payer_id: id(Kind::Payer, self.payer_id).map(PayerId),
            due_from: self.due_from.map(|date| date.0),
            due_to: self.due_to.map(|date| date.0),
        }
    }
}

/// How many invoices there are, and what they come to.
#[derive(SimpleObject)]
#[graphql(name = "InvoiceTotals")]
pub(crate) struct InvoiceTotalsObject {
    /// How many.
    count: i64,
    /// What was billed.
    gross: Pence,
    /// Taken back by credit notes.
    credited: Pence,
    /// Payments set against them.
    received: Pence,
    /// Still to be paid.
    outstanding: Pence,
}

/// Counts the invoices of a list.
pub(crate) struct InvoiceTotal {
    inside: Arc<Inside>,
    filter: InvoiceFilter,
}

impl InvoiceTotal {
    async fn count(&self) -> Result<i64> {
        let totals = invoices::invoice_totals(&self.inside.reading, &self.filter, self.inside.today).await;
        Ok(totals.map_err(errors::read)?.count)
    }
}

connection::connection! {
    /// Invoices in pages.
    InvoiceConnection of InvoiceObject, total: InvoiceTotal
}

pub(crate) async fn invoices(
    inside: &Arc<Inside>,
    filter: InvoiceFilterInput,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<InvoiceConnection> {
    invoice_page(inside, filter.filter(inside), first, after).await
}

pub(crate) async fn invoice_page(
    inside: &Arc<Inside>,
    filter: InvoiceFilter,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<InvoiceConnection> {
    let page = inside.list("invoices").page(first, after)?;
    let page = invoices::invoices(&inside.reading, &filter, &page, inside.today).await;
    Ok(in_pages(inside, page.map_err(errors::read)?, filter))
}

/// The invoices of one member, read together with those of the other members that are asked for the same page.
pub(crate) async fn invoices_of_member(
    inside: &Arc<Inside>,
    member_id: MemberId,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<InvoiceConnection> {
    let page = inside.list("invoices").page(first, after)?;
    let found = inside.load::<InvoicesOfMember>((member_id, page)).await?;
    let page = found.unwrap_or(Page { items: Vec::new(), has_next: false });
    let filter = InvoiceFilter { member_id: Some(member_id), ..Default::default() };
    Ok(in_pages(inside, page, filter))
}

fn in_pages(inside: &Arc<Inside>, page: Page<InvoiceRecord>, filter: InvoiceFilter) -> InvoiceConnection {
    let list = inside.list("invoices");
    let cursor = |last: &InvoiceRecord| InvoiceCursor { sequence: last.invoice.sequence };
    let end_cursor = page.items.last().map(|last| list.cursor(&cursor(last)));
    let object = |record| InvoiceObject { inside: Arc::clone(inside), record };
    InvoiceConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: InvoiceTotal { inside: Arc::clone(inside), filter },
    }
}

pub(crate) async fn invoice_totals(
    inside: &Arc<Inside>,
    filter: InvoiceFilterInput,
) -> Result<InvoiceTotalsObject> {
    let filter = filter.filter(inside);
    let totals =
        invoices::invoice_totals(&inside.reading, &filter, inside.today).await.map_err(errors::read)?;
    Ok(InvoiceTotalsObject {
        count: totals.count,
        gross: totals.gross.into(),
        credited: totals.credited.into(),
        received: totals.received.into(),
        outstanding: totals.outstanding.into(),
    })
}

/// The page of a member's invoices; those who ask for the same page share a statement.
struct InvoicesOfMember;

impl Batch for InvoicesOfMember {
    type Key = (MemberId, PageRequest<InvoiceCursor>);
    type Value = Page<InvoiceRecord>;

    async fn read(
        inside: &Inside,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Page<InvoiceRecord>>, ReadError> {
        let mut wanted: HashMap<_, Vec<_>> = HashMap::new();
        for (member_id, page) in keys {
            wanted.entry(*page).or_default().push(*member_id);
        }
        let mut found = HashMap::new();
        for (page, members) in wanted {
            let pages = invoices::invoices_of_members(&inside.reading, &members, &page).await?;
            found.extend(pages.into_iter().map(|(member_id, invoices)| ((member_id, page), invoices)));
        }
        Ok(found)
    }
}
