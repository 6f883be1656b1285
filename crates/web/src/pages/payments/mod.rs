//! Money received: the list, recording one by hand, and taking a bank statement.

use askama::Template;
use axum::extract::{FromRequest, Multipart, Query, Request, State};
use domain::{
    funding::payments::{
        BankImport, ImportBankStatement, RecordPayment, import_bank_statement, record_payment,
    },
    idempotency::IdempotencyKey,
    ids::PayerId,
    money::Pence,
    problem::Problem,
    viewer::Permission,
};
use gateway::schema::ids::decode;
use serde::Deserialize;

use crate::{
    format,
    forms::{Fields, FormState, new_key, problem, read_form},
    ids,
    lists::ListAddress,
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(Payments, "src/pages/payments/query.graphql");

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    unmatched: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/payments/page.html")]
struct Page {
    shell: Shell,
    at: ListAddress,
    list: payments::PaymentsAlliance,
    form: FormState,
    /// What a statement just brought, when lines of it could not be read.
    imported: Option<BankImport>,
    key: String,
    may_record: bool,
    base: String,
}

/// How money comes in, as the domain names it.
const METHODS: [(&str, &str); 5] = [
    ("bacs", "Bank transfer"),
    ("cheque", "Cheque"),
    ("card", "Card"),
    ("journal", "Journal"),
    ("other", "Other"),
];

impl Page {
    /// The payers that a payment may be from.
    fn payers(&self) -> Vec<(&str, &str)> {
        let payers = self.list.payers.iter().map(|payer| (payer.id.as_str(), payer.legal_name.as_str()));
        std::iter::once(("", "somebody else")).chain(payers).collect()
    }
}

async fn page(
    site: &SharedSite,
    within: &Within,
    filter: Filter,
    form: FormState,
) -> Result<Page, PageError> {
    let variables = payments::Variables {
        slug: within.slug(),
        unmatched: !filter.unmatched.is_empty(),
        first: 50,
        after: filter.after.clone(),
    };
    let data = site.query::<Payments>(&within.signed, variables).await?;
    let list = data.alliance.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell("Payments"),
        key: new_key(&site.gateway.app),
        may_record: within.may(Permission::RecordPayments),
        base: within.path("/payments"),
        at: ListAddress::new(
            within.path("/payments"),
            &[("unmatched", &filter.unmatched)],
            filter.after.as_deref(),
        ),
        imported: None,
        list,
        form,
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    render(&page(&site, &within, filter, FormState::default()).await?)
}

fn read(fields: &Fields) -> Result<RecordPayment, Problem> {
    let typed = fields.text("amount");
    Ok(RecordPayment {
        received_on: fields.date("receivedOn")?,
        amount: Pence::parse(typed).map_err(|error| problem("amount", &format!("“{typed}”: {error}")))?,
        payer_id: decode(fields.text("payerId")).map(|(_, _, id)| PayerId(id)),
        payer_text: fields.text("payerText").to_owned(),
        reference: fields.text("reference").to_owned(),
        method: fields.text("method").to_owned(),
    })
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let result = match read(&fields) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(record_payment(&site.gateway.app, within.viewer(), input, Some(&key)).await)?,
    };
    match result {
        Ok(id) => {
            Ok(done(&within.path(&format!("/payments/{id}")), "The payment is recorded. Say what it is for."))
        }
        Err(problem) => render_refused(
            &page(&site, &within, Filter::default(), FormState::refused(&fields, problem)).await?,
        ),
    }
}

/// Takes a bank statement: a form with a file.
pub(crate) async fn import(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| PageError::Forged)?;
    let (mut csrf, mut file) = (String::new(), None);
    while let Some(field) = form.next_field().await.map_err(|_| PageError::Forged)? {
        match field.name() {
            Some("csrf") => csrf = field.text().await.map_err(|_| PageError::Forged)?,
            Some("file") => {
                let file_name = field.file_name().unwrap_or_default().to_owned();
                // Beyond the body's limit the read fails: that is a file too large, not a forgery.
                let bytes = field.bytes().await.map(|bytes| bytes.to_vec()).ok();
                file = Some((file_name, bytes));
            }
            _ => {}
        }
    }
    within.signed.check(&csrf)?;
    let result = match file {
        Some((file_name, Some(bytes))) => {
            let input = ImportBankStatement { file_name, bytes };
            outcome(import_bank_statement(&site.gateway.app, within.viewer(), input).await)?
        }
        Some((_, None)) => {
            Err(problem("file", "This file is larger than 5 MB. Export a shorter period from the bank"))
        }
        None => Err(problem("file", "Choose the file that the bank's website gave you")),
    };
    match result {
        Ok(import) if import.rejected.is_empty() => {
            let said = import_said(&import);
            Ok(done(&within.path("/payments?unmatched=yes"), &said))
        }
        Ok(import) => {
            let filter = Filter { unmatched: "yes".into(), after: None };
            let mut page = page(&site, &within, filter, FormState::default()).await?;
            page.imported = Some(import);
            render(&page)
        }
        Err(problem) => {
            let form = FormState::refused(&Fields::default(), problem);
            render_refused(&page(&site, &within, Filter::default(), form).await?)
        }
    }
}

/// What a statement brought.
fn import_said(import: &BankImport) -> String {
    let taken = i64::try_from(import.taken).unwrap_or(i64::MAX);
    format!("{} taken, {} known before.", format::plural(&taken, "payment", "payments"), import.known)
}
