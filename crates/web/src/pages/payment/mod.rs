//! One payment: what it was set against, and setting the rest.

use askama::Template;
use axum::extract::{Path, Request, State};
use domain::{
    funding::payments::{AllocatePayment, Part, ReverseAllocation, allocate_payment, reverse_allocation},
    idempotency::IdempotencyKey,
    ids::{AllocationId, InvoiceId, PaymentId},
    money::Pence,
    problem::Problem,
    viewer::Permission,
};
use gateway::schema::ids::{Kind, decode};
use uuid::Uuid;

use crate::{
    format,
    forms::{Fields, FormState, problem, read_form},
    ids::global,
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(Payment, "src/pages/payment/query.graphql");

#[derive(Template)]
#[template(path = "pages/payment/page.html")]
struct Page {
    shell: Shell,
    payment: payment::PaymentAlliancePayment,
    open: Vec<payment::PaymentAllianceInvoicesNodes>,
    form: FormState,
    key: String,
    may_record: bool,
    base: String,
}

impl Page {
    /// What the surest suggestion would set against an invoice.
    fn suggested(&self, invoice: &str) -> String {
        let parts = self.payment.suggestions.first().map(|suggestion| &suggestion.parts);
        let part = parts
            .into_iter()
            .flatten()
            .find(|part| part.invoice.as_ref().is_some_and(|one| one.id == invoice));
        part.map(|part| part.amount.to_string()).unwrap_or_default()
    }
}

type Address = Path<(String, Uuid)>;

async fn page(site: &SharedSite, within: &Within, id: Uuid, form: FormState) -> Result<Page, PageError> {
    let states = serde_json::json!(["DUE", "PART_PAID", "OVERDUE", "DISPUTED", "HELD"]);
    let variables = payment::Variables {
        slug: within.slug(),
        id: global(within, Kind::Payment, id),
        filter: payment::InvoiceFilter {
            text: None,
            states: serde_json::from_value(states).ok(),
            budget_id: None,
            member_id: None,
            payer_id: None,
        },
    };
    let data = site.query::<Payment>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let payment = alliance.payment.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell(&format!("Payment of {}", payment.amount)),
        key: u128::from_be_bytes(site.gateway.app.rng.bytes()).to_string(),
        may_record: within.may(Permission::RecordPayments),
        base: within.path(&format!("/payments/{id}")),
        open: alliance.invoices.nodes,
        payment,
        form,
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
) -> PageResult {
    render(&page(&site, &within, id, FormState::default()).await?)
}

fn read(fields: &Fields, id: Uuid) -> Result<AllocatePayment, Problem> {
    let parts = fields
        .all("invoice")
        .zip(fields.all("part"))
        .filter(|(_, typed)| !typed.is_empty())
        .map(|(invoice, typed)| {
            let amount =
                Pence::parse(typed).map_err(|error| problem("parts", &format!("“{typed}”: {error}")))?;
            let invoice_id = InvoiceId(decode(invoice).map_or(Uuid::nil(), |(_, _, id)| id));
            Ok(Part { invoice_id, amount })
        })
        .collect::<Result<_, Problem>>()?;
    Ok(AllocatePayment { payment_id: PaymentId(id), parts })
}

pub(crate) async fn post(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let result = match read(&fields, id) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(allocate_payment(&site.gateway.app, within.viewer(), input, Some(&key)).await)?,
    };
    match result {
        Ok(payment) => {
            let said = match payment.free() {
                Pence::ZERO => "The payment is matched.".to_owned(),
                free => format!("Set. {free} of the payment is still free."),
            };
            Ok(done(&within.path(&format!("/payments/{id}")), &said))
        }
        Err(problem) => {
            render_refused(&page(&site, &within, id, FormState::refused(&fields, problem)).await?)
        }
    }
}

pub(crate) async fn reverse(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let allocation = decode(fields.text("allocation")).map_or(Uuid::nil(), |(_, _, id)| id);
    let input = ReverseAllocation {
        allocation_id: AllocationId(allocation),
        reason: fields.text("reason").to_owned(),
    };
    match outcome(reverse_allocation(&site.gateway.app, within.viewer(), input).await)? {
        Ok(_) => Ok(done(&within.path(&format!("/payments/{id}")), "Taken back: the amount is free again.")),
        Err(problem) => {
            render_refused(&page(&site, &within, id, FormState::refused(&fields, problem)).await?)
        }
    }
}
