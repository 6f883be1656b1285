//! What is owed, by payer and age.

use std::sync::Arc;

use async_graphql::{ID, Object, Result, SimpleObject};
use domain::funding::{ageing::Age, invoices};

use crate::schema::{
    context::Inside,
    errors,
    ids::{self, Kind},
    scalars::Pence,
    schools::PayerObject,
};

/// What one payer owes, by age.
pub(crate) struct AgedPayerObject {
    inside: Arc<Inside>,
    row: invoices::AgedPayer,
}

#[Object(name = "AgedPayer")]
impl AgedPayerObject {
    /// Who.
    async fn payer(&self) -> Result<Option<PayerObject>> {
        self.inside.payer(self.row.payer_id).await
    }

    /// Not yet due.
    async fn not_yet_due(&self) -> Pence {
        self.row.owed.of(Age::NotYetDue).into()
    }

    /// 1 to 30 days overdue.
    async fn days_1_to_30(&self) -> Pence {
        self.row.owed.of(Age::Days1To30).into()
    }

    /// 31 to 60 days overdue.
    async fn days_31_to_60(&self) -> Pence {
        self.row.owed.of(Age::Days31To60).into()
    }

    /// 61 to 90 days overdue.
    async fn days_61_to_90(&self) -> Pence {
        self.row.owed.of(Age::Days61To90).into()
    }

    /// More than 90 days overdue.
    async fn over_90_days(&self) -> Pence {
        self.row.owed.of(Age::Over90Days).into()
    }

    /// All of it that is not in question.
    async fn owed(&self) -> Pence {
        self.row.owed.total().into()
    }

    /// What is disputed, of any age.
    async fn disputed(&self) -> Pence {
        self.row.disputed.into()
    }
}

pub(crate) async fn aged_debt(inside: &Arc<Inside>) -> Result<Vec<AgedPayerObject>> {
    let rows = invoices::aged_debt(&inside.reading, inside.today).await.map_err(errors::read)?;
    Ok(rows.into_iter().map(|row| AgedPayerObject { inside: Arc::clone(inside), row }).collect())
}

/// Shares of an agreed budget that are not invoiced because their payer's order number is missing.
#[derive(SimpleObject)]
#[graphql(name = "AwaitedOrders")]
pub(crate) struct AwaitedOrdersObject {
    /// The budget's id.
    budget_id: ID,
    /// How many shares.
    count: i64,
    /// What they come to, before VAT.
    total: Pence,
}

pub(crate) async fn awaited_orders(inside: &Inside) -> Result<Vec<AwaitedOrdersObject>> {
    let awaited = invoices::awaited_orders(&inside.reading).await.map_err(errors::read)?;
    let object = |one: invoices::AwaitedOrders| AwaitedOrdersObject {
        budget_id: ids::encode(Kind::Budget, inside.id(), one.budget_id.0),
        count: one.count,
        total: one.total.into(),
    };
    Ok(awaited.into_iter().map(object).collect())
}
