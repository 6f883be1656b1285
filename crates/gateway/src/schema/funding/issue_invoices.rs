use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    funding::invoices::{Expected, InvoiceFilter, IssueInvoices, RunPlan, check_run, issue_invoices},
    idempotency::IdempotencyKey,
    ids::BudgetId,
};

use super::{InvoiceConnection, invoice_page, invoices::RunPlanObject};
use crate::schema::{
    context::{Inside, Session},
    errors::{UserError, answer, unknown_alliance},
    ids::{Kind, local},
    scalars::{Date, Pence},
};

/// A run to be issued.
#[derive(InputObject)]
struct IssueInvoicesInput {
    /// The alliance's short address.
    alliance: String,
    /// From which agreed budget.
    budget_id: ID,
    /// When payment is due; by the alliance's terms when not given.
    due_on: Option<Date>,
    /// How many invoices the plan showed: the run stops when it would now be another number.
    expected_count: usize,
    /// What the plan came to.
    expected_total: Pence,
    /// Your key: the same key issues once.
    idempotency_key: String,
    /// Checks everything, answers with the errors or the plan, and issues nothing.
    #[graphql(default)]
    dry_run: bool,
}

/// The invoices that were issued; of a dry run, the plan.
#[derive(SimpleObject)]
pub(crate) struct IssueInvoicesPayload {
    /// The first page of the budget's invoices; null when there are errors and for a dry run.
    invoices: Option<InvoiceConnection>,
    /// What would be issued; null unless it was a dry run that found no errors.
    plan: Option<RunPlanObject>,
    /// What the caller can put right; empty when it was done.
    errors: Vec<UserError>,
}

impl From<std::result::Result<Self, UserError>> for IssueInvoicesPayload {
    fn from(answer: std::result::Result<Self, UserError>) -> Self {
        answer.unwrap_or_else(|error| Self { invoices: None, plan: None, errors: vec![error] })
    }
}

#[derive(Default)]
pub(crate) struct IssueInvoicesMutation;

#[Object]
impl IssueInvoicesMutation {
    /// Issue every invoice of a budget's plan, with numbers that have no gaps. A worker prints and mails them.
    async fn issue_invoices(
        &self,
        ctx: &Context<'_>,
        input: IssueInvoicesInput,
    ) -> Result<IssueInvoicesPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let budget_id = BudgetId(local(Kind::Budget, change.id(), &input.budget_id));
        let expected = Expected { count: input.expected_count, total: input.expected_total.0 };
        let run =
            IssueInvoices { budget_id, due_on: input.due_on.map(|date| date.0), expected: Some(expected) };
        let key = IdempotencyKey(input.idempotency_key);
        let done = if input.dry_run {
            answer(check_run(session.app(), change.viewer(), run).await.map(Some))?
        } else {
            answer(issue_invoices(session.app(), change.viewer(), run, Some(&key)).await.map(|_| None))?
        };
        let object = async |inside: Arc<Inside>, plan: Option<RunPlan>| {
            let (invoices, plan) = if let Some(plan) = plan {
                (None, Some(RunPlanObject { inside, plan }))
            } else {
                let filter = InvoiceFilter { budget_id: Some(budget_id), ..Default::default() };
                (Some(invoice_page(&inside, filter, None, None).await?), None)
            };
            Ok(IssueInvoicesPayload { invoices, plan, errors: Vec::new() })
        };
        Ok(change.answer(done, object).await?.into())
    }
}
