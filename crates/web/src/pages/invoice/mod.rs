//! One invoice: as printed, what was paid and credited, and what was mailed about it.

use askama::Template;
use axum::{
    extract::{Path, Request, State},
    http::header,
    response::IntoResponse,
};
use chrono::NaiveDate;
use domain::{
    error::ReadError,
    funding::invoices::{self as operations, Chasing, CreditInvoice, DecideChasing, Printed},
    idempotency::IdempotencyKey,
    ids::{CreditNoteId, InvoiceId},
    money::Pence,
    problem::Problem,
    viewer::{Permission, Reading},
};
use gateway::schema::ids::Kind;
use object_store::ObjectStoreExt;
use uuid::Uuid;

use crate::{
    format,
    forms::{self, Fields, FormState, at, new_key, read_amount, read_form},
    ids::{self, global},
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Invoice, "src/pages/invoice/query.graphql");

#[derive(Template)]
#[template(path = "pages/invoice/page.html")]
struct Page {
    shell: Shell,
    today: NaiveDate,
    invoice: invoice::InvoiceAllianceInvoice,
    form: FormState,
    key: String,
    may_issue: bool,
    base: String,
}

/// How an invoice may be asked for.
const CHASING: [(&str, &str); 3] =
    [("usual", "as usual"), ("held", "paused"), ("disputed", "stopped while disputed")];

impl Page {
    fn purpose(&self) -> String {
        let (from, to) = (format::day(&self.invoice.period_start), format::day(&self.invoice.period_end));
        format!("{}, {from} to {to}.", self.invoice.member_name)
    }

    fn billed(&self) -> String {
        match self.invoice.vat {
            Pence::ZERO => "billed".into(),
            vat => format!("billed, VAT {vat}"),
        }
    }

    fn to_come(&self) -> String {
        if self.invoice.outstanding > Pence::ZERO {
            format::due_in(&self.invoice.due_on, &self.today)
        } else {
            "nothing to come".into()
        }
    }

    /// Nobody was sent it, nor is about to be.
    fn is_to_be_sent(&self) -> bool {
        let is_on_its_way = |mail: &invoice::InvoiceAllianceInvoiceDeliveries| {
            mail.rule == invoice::MailRule::INVOICE_ISSUED
                && !matches!(mail.state, invoice::DeliveryState::REFUSED | invoice::DeliveryState::UNKNOWN)
        };
        self.invoice.gross > self.invoice.credited
            && !self.invoice.deliveries.iter().flatten().any(is_on_its_way)
    }

    fn chasing(&self) -> &'static str {
        match self.invoice.state {
            invoice::InvoiceState::HELD => "held",
            invoice::InvoiceState::DISPUTED => "disputed",
            _ => "usual",
        }
    }
}

type Address = Path<(String, Uuid)>;

async fn page(site: &SharedSite, within: &Within, id: Uuid, form: FormState) -> Result<Page, PageError> {
    let variables = invoice::Variables { slug: within.slug(), id: global(within, Kind::Invoice, id) };
    let data = site.query::<Invoice>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let invoice = alliance.invoice.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell(&format!("Invoice {}", invoice.number)),
        key: new_key(&site.gateway.app),
        may_issue: within.may(Permission::IssueInvoices),
        base: within.path(&format!("/invoices/{id}")),
        today: alliance.today,
        invoice,
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

pub(crate) async fn pdf(
    State(site): State<SharedSite>,
    Download(within): Download,
    Path((_, id)): Address,
) -> PageResult {
    file(&site, &within, Printed::Invoice(InvoiceId(id))).await
}

pub(crate) async fn credit_note_pdf(
    State(site): State<SharedSite>,
    Download(within): Download,
    Path((_, id)): Address,
) -> PageResult {
    file(&site, &within, Printed::CreditNote(CreditNoteId(id))).await
}

/// The PDF. Uses `domain` directly: a document carries no files.
async fn file(site: &SharedSite, within: &Within, printed: Printed) -> PageResult {
    let reading = Reading::new(site.gateway.app.db.clone(), within.viewer().clone());
    let found = operations::document(&reading, printed).await.map_err(|error| match error {
        ReadError::Forbidden(_) => PageError::Forbidden,
        ReadError::Internal(error) => PageError::internal(error),
    })?;
    let document = found.ok_or(PageError::NotFound)?;
    let object = site.gateway.store.get(&document.store_key.into()).await.map_err(PageError::internal)?;
    let bytes = object.bytes().await.map_err(PageError::internal)?;
    let name: String =
        document.number.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}.pdf\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// The invoice's page after a form was taken, or the form again.
async fn answer<T>(
    (site, within, id): (&SharedSite, &Within, Uuid),
    fields: &Fields,
    result: Result<T, Problem>,
    said: &str,
) -> PageResult {
    let next = within.path(&format!("/invoices/{id}"));
    forms::answer(result, fields, |form| page(site, within, id, form), |_| (next, said.to_owned())).await
}

pub(crate) async fn credit(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let gross = match fields.text("gross") {
        "" => Ok(None),
        text => read_amount("gross", text).map(Some),
    };
    let result = match gross {
        Err(problem) => Err(problem),
        Ok(gross) => {
            let input =
                CreditInvoice { invoice_id: InvoiceId(id), gross, reason: fields.text("reason").to_owned() };
            let key = IdempotencyKey(fields.text("key").to_owned());
            outcome(operations::credit_invoice(&site.gateway.app, within.viewer(), input, Some(&key)).await)?
        }
    };
    answer((&site, &within, id), &fields, result, "The credit note is issued.").await
}

pub(crate) async fn chasing(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let reason = fields.text("why").to_owned();
    let chasing = match fields.text("chasing") {
        "held" => Chasing::Held { reason },
        "disputed" => Chasing::Disputed { reason },
        _ => Chasing::Usual,
    };
    let input = DecideChasing { invoice_id: InvoiceId(id), chasing };
    let result = outcome(operations::decide_chasing(&site.gateway.app, within.viewer(), input).await)?;
    let result = result.map_err(|problem| at(problem, "reason", "why"));
    answer((&site, &within, id), &fields, result, "Recorded. Reminders follow it from now on.").await
}

pub(crate) async fn send(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let sent = operations::send_invoice(&site.gateway.app, within.viewer(), InvoiceId(id), None).await;
    answer((&site, &within, id), &fields, outcome(sent)?, "The invoice is on its way.").await
}
