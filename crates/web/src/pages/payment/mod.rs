//! One payment: what it was set against, and setting the rest.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Request, State};
use domain::{
    funding::payments::{
        AllocatePayment, ChangePayerOfPayment, Part, RefundPayment, ReverseAllocation, ReversePayment,
        ReverseRefund, allocate_payment, change_payer_of_payment, refund_payment, reverse_allocation,
        reverse_payment, reverse_refund,
    },
    idempotency::IdempotencyKey,
    ids::{AllocationId, InvoiceId, PayerId, PaymentId, RefundId},
    money::Pence,
    problem::Problem,
    viewer::Permission,
};
use gateway::schema::ids::{Kind, decode};
use uuid::Uuid;

use crate::{
    csv, format,
    forms::{self, Fields, FormState, at, new_key, read_amount, read_form},
    ids::{self, global},
    lists::read_on,
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::{payers, query},
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(Payment, "src/pages/payment/query.graphql");

#[derive(Template)]
#[template(path = "pages/payment/page.html")]
struct Page {
    shell: Shell,
    today: String,
    payment: payment::PaymentAlliancePayment,
    /// Invoices that need money and that it may be for: those suggested, then others of its payer.
    likely: Vec<Row>,
    /// Invoices of other payers that need money.
    others: Vec<Row>,
    payers: Vec<payers::Named>,
    form: FormState,
    /// What was typed for each invoice and refused.
    typed: HashMap<String, String>,
    key: String,
    may_record: bool,
    base: String,
}

/// An invoice that needs money.
type Row = payment::PaymentAllianceInvoicesNodes;

/// The open invoices that the payment may be for, in the order of the suggestion and then by when they are due, and the
/// others.
fn by_likelihood(payment: &payment::PaymentAlliancePayment, mut open: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    let parts = payment.suggestions.first().map(|suggestion| suggestion.parts.as_slice()).unwrap_or_default();
    let suggested = |row: &Row| {
        parts.iter().position(|part| part.invoice.as_ref().is_some_and(|invoice| invoice.id == row.id))
    };
    let payer = payment.payer.as_ref().map(|payer| payer.id.as_str());
    let is_theirs = |row: &Row| payer.is_some() && row.payer.as_ref().map(|payer| payer.id.as_str()) == payer;
    open.sort_by_key(|row| (suggested(row).unwrap_or(usize::MAX), row.due_on));
    open.into_iter().partition(|row| suggested(row).is_some() || is_theirs(row))
}

impl Page {
    fn purpose(&self) -> String {
        let payment = &self.payment;
        let payer = payment.payer.as_ref().map_or(&payment.payer_text, |payer| &payer.legal_name);
        let from = if payer.is_empty() { "From a payer not known" } else { payer };
        let on = format::day(&payment.received_on);
        match payment.reference.as_str() {
            "" => format!("{from}, on {on}."),
            reference => format!("{from}, on {on}, quoting “{reference}”."),
        }
    }

    /// Whose account it is on, when known.
    fn payer(&self) -> Option<&str> {
        self.payment.payer.as_ref().map(|payer| payer.id.as_str())
    }

    /// Who may have paid instead.
    fn other_payers(&self) -> Vec<(&str, &str)> {
        let now = self.payer().unwrap_or_default();
        let payers = std::iter::once(("", "a payer not known")).chain(payers::options(&self.payers));
        payers.filter(|(id, _)| *id != now).collect()
    }

    /// Whether the payer stays while some of the payment is set or sent back.
    fn payer_is_fixed(&self) -> bool {
        self.payment.allocated > Pence::ZERO || self.payment.refunded > Pence::ZERO
    }

    /// What is free, as the form for sending it back has it.
    fn free(&self) -> String {
        csv::amount(self.payment.free)
    }

    /// What taking the payment back does besides.
    fn reversal_hint(&self) -> String {
        match self.payment.allocated {
            Pence::ZERO => "It stays in the list, and counts for nothing.".into(),
            set => format!(
                "It stays in the list, and counts for nothing. The {set} that is set against invoices is taken back \
                 with it: they are asked for again."
            ),
        }
    }

    /// Whether the form that was refused is the one of this `allocation` or `refund`.
    fn was_sent_for(&self, what: &str, id: &str) -> bool {
        self.form.is(what, id, "")
    }

    /// Whose the others are.
    fn others_words(&self) -> &'static str {
        match self.payer() {
            Some(_) => "Invoices of other payers",
            None if self.likely.is_empty() => "Invoices that need money",
            None => "Other invoices that need money",
        }
    }

    /// Where a refusal leads: to the first table there is.
    fn others_id(&self) -> &'static str {
        if self.likely.is_empty() { "parts" } else { "others" }
    }

    /// Whether the others are seen at once: nothing else may be meant, or something was typed there.
    fn shows_others(&self) -> bool {
        self.likely.is_empty() || self.others.iter().any(|row| !self.part(&row.id).is_empty())
    }

    /// What to set against an invoice: as it was typed, or as the surest suggestion has it.
    fn part(&self, invoice: &str) -> String {
        if self.form.was_sent("part") {
            return self.typed.get(invoice).cloned().unwrap_or_default();
        }
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
    let mut alliance = load(site, within, id, None).await?;
    // Any of them may be the one, however many there are.
    read_on!(alliance.invoices, |after| load(site, within, id, after));
    let payment = alliance.payment.ok_or(PageError::NotFound)?;
    let (likely, others) = by_likelihood(&payment, alliance.invoices.nodes);
    Ok(Page {
        today: alliance.today.to_string(),
        shell: within.shell(&format!("Payment of {}", payment.amount)),
        key: new_key(&site.gateway.app),
        may_record: within.may(Permission::RecordPayments),
        base: within.path(&format!("/payments/{id}")),
        likely,
        others,
        payers: payers::every!(site, within, alliance.payers)?,
        typed: HashMap::new(),
        payment,
        form,
    })
}

async fn load(
    site: &SharedSite,
    within: &Within,
    id: Uuid,
    after: Option<String>,
) -> Result<payment::PaymentAlliance, PageError> {
    let states = serde_json::json!(["DUE", "PART_PAID", "OVERDUE", "DISPUTED", "HELD"]);
    let variables = payment::Variables {
        slug: within.slug(),
        id: global(within, Kind::Payment, id),
        filter: payment::InvoiceFilter {
            text: None,
            states: serde_json::from_value(states).ok(),
            having: None,
            budget_id: None,
            member_id: None,
            payer_id: None,
            due_from: None,
            due_to: None,
        },
        after,
    };
    let data = site.query::<Payment>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
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
            let amount = read_amount("parts", typed)?;
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
                free => format!("Set. {free} of the payment is left."),
            };
            Ok(done(&within.path(&format!("/payments/{id}")), &said))
        }
        Err(problem) => {
            let typed = fields.all("invoice").zip(fields.all("part"));
            let typed = typed.map(|(id, part)| (id.to_owned(), part.to_owned())).collect();
            let page = page(&site, &within, id, FormState::refused(&fields, problem)).await?;
            render_refused(&Page { typed, ..page })
        }
    }
}

/// The payment's page after a form was taken, or the form again.
async fn answer<T>(
    (site, within, id): (&SharedSite, &Within, Uuid),
    fields: &Fields,
    result: Result<T, Problem>,
    said: &str,
) -> PageResult {
    let next = within.path(&format!("/payments/{id}"));
    forms::answer(result, fields, |form| page(site, within, id, form), |_| (next, said.to_owned())).await
}

pub(crate) async fn reverse_part(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let allocation = decode(fields.text("allocation")).map_or(Uuid::nil(), |(_, _, id)| id);
    let input = ReverseAllocation {
        allocation_id: AllocationId(allocation),
        reason: fields.text("reason").to_owned(),
    };
    let result = outcome(reverse_allocation(&site.gateway.app, within.viewer(), input, Some(&key)).await)?;
    answer((&site, &within, id), &fields, result, "Taken back: the amount can be used elsewhere.").await
}

pub(crate) async fn reverse(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let input = ReversePayment { payment_id: PaymentId(id), reason: fields.text("whyReversed").to_owned() };
    let result = outcome(reverse_payment(&site.gateway.app, within.viewer(), input, Some(&key)).await)?;
    let result = result.map_err(|problem| at(problem, "reason", "whyReversed"));
    answer((&site, &within, id), &fields, result, "The payment is taken back, and counts for nothing.").await
}

fn read_refund(fields: &Fields, id: Uuid) -> Result<RefundPayment, Problem> {
    Ok(RefundPayment {
        payment_id: PaymentId(id),
        amount: read_amount("amount", fields.text("amount"))?,
        sent_on: fields.date("sentOn")?,
        reason: fields.text("whySentBack").to_owned(),
    })
}

pub(crate) async fn refund(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let result = match read_refund(&fields, id) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(refund_payment(&site.gateway.app, within.viewer(), input, Some(&key)).await)?,
    };
    let result = result.map_err(|problem| at(problem, "reason", "whySentBack"));
    answer((&site, &within, id), &fields, result, "Recorded: that money was sent back.").await
}

pub(crate) async fn take_refund_back(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let refund = decode(fields.text("refund")).map_or(Uuid::nil(), |(_, _, id)| id);
    let input = ReverseRefund { refund_id: RefundId(refund), reason: fields.text("reason").to_owned() };
    let result = outcome(reverse_refund(&site.gateway.app, within.viewer(), input, Some(&key)).await)?;
    answer((&site, &within, id), &fields, result, "Taken back: that money is here again.").await
}

pub(crate) async fn change_payer(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let payer = decode(fields.text("payerId")).map(|(_, _, id)| PayerId(id));
    let reason = fields.text("whyPayer").to_owned();
    let input = ChangePayerOfPayment { payment_id: PaymentId(id), payer_id: payer, reason };
    let changed = change_payer_of_payment(&site.gateway.app, within.viewer(), input, Some(&key)).await;
    let result = outcome(changed)?.map_err(|problem| at(problem, "reason", "whyPayer"));
    answer((&site, &within, id), &fields, result, "The payer is changed.").await
}
