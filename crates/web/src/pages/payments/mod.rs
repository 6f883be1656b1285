//! Money received: the list, recording one by hand, and taking a bank statement after its preview.

use askama::Template;
use axum::{
    body::Bytes,
    extract::{FromRequest, Multipart, Query, Request, State, multipart::MultipartError},
    http::{StatusCode, header},
};
use domain::{
    funding::payments::{
        BankImport, ExpectedReceipts, HeldReceipt, ImportBankStatement, RecordPayment, bank_text,
        import_bank_statement, plan_bank_import, record_payment,
    },
    idempotency::IdempotencyKey,
    ids::PayerId,
    money::Pence,
    problem::Problem,
    viewer::Permission,
};
use gateway::schema::ids::decode;
use http_body_util::BodyExt;
use serde::Deserialize;

use crate::{
    csv, format,
    forms::{Fields, FormState, new_key, problem, read_amount, read_form},
    ids,
    lists::{ListAddress, every_entry},
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::{payers, query},
    session::{Download, Within},
    shell::Shell,
    site::{LARGEST_BODY, SharedSite},
    words,
};

query!(Payments, "src/pages/payments/query.graphql");

const STATES: [&str; 4] = ["OPEN", "MATCHED", "REFUNDED", "REVERSED"];

/// The same in words, for the filter.
const STATE_WORDS: [(&str, &str); 5] = [
    ("", "Any"),
    ("OPEN", "Not fully used"),
    ("MATCHED", "Matched"),
    ("REFUNDED", "Sent back in part or whole"),
    ("REVERSED", "Taken back"),
];

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    text: String,
    #[serde(default)]
    state: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/payments/page.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    at: ListAddress,
    list: payments::PaymentsAlliance,
    payers: Vec<payers::Named>,
    form: FormState,
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

/// What a statement would bring, before anything is taken.
#[derive(Template)]
#[template(path = "pages/payments/preview.html")]
struct Preview {
    shell: Shell,
    import: BankImport,
    expected: ExpectedReceipts,
    file_name: String,
    /// The file itself, which goes with the form: what is taken is what was shown.
    csv: String,
    key: String,
    base: String,
}

impl Preview {
    fn purpose(&self) -> String {
        let ExpectedReceipts { count, total } = self.expected;
        let count = format::plural(&count_of(count), "new payment", "new payments");
        format!("{count} in {}, {total} in all. Nothing has been taken.", self.file_name)
    }

    /// What the button does.
    fn take(&self) -> String {
        let payments = format::plural(&count_of(self.expected.count), "payment", "payments");
        match (self.expected.count, self.import.held.len()) {
            (_, 0) => format!("Take {payments}"),
            (0, _) => "Take what is ticked".into(),
            _ => format!("Take {payments}, and what is ticked"),
        }
    }

    /// A receipt that is held back, as the form sends its line and sum.
    fn ticked(held: &HeldReceipt) -> String {
        format!("{} {}", held.receipt.line, held.receipt.payment.amount.0)
    }

    fn like(held: &HeldReceipt) -> String {
        let recorded = format::day(&held.recorded_on);
        format!("the payment of {} recorded on {recorded}", held.like.amount)
    }

    fn money_out_words(&self) -> String {
        let lines = format::plural(&count_of(self.import.money_out), "line", "lines");
        let verb = if self.import.money_out == 1 { "is" } else { "are" };
        format!("{lines} of money out {verb} left out.")
    }

    fn known_words(&self) -> String {
        let known = format::plural(&count_of(self.import.known.len()), "line was", "lines were");
        format!("{known} taken before, from this statement or another.")
    }
}

fn count_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A row of the list.
type Row = payments::PaymentsAlliancePaymentsNodes;

/// Who paid, as far as it is known.
fn payer(row: &Row) -> &str {
    match &row.payer {
        Some(payer) => &payer.legal_name,
        None if row.payer_text.is_empty() => "Not known",
        None => &row.payer_text,
    }
}

/// Where a payment stands.
fn state(row: &Row) -> words::Tag {
    let (tone, label) = if row.reversal_reason.is_some() {
        ("", "Taken back".to_owned())
    } else if row.free == Pence::ZERO && row.allocated == Pence::ZERO {
        ("calm", "Sent back".to_owned())
    } else if row.free == Pence::ZERO {
        ("good", "Matched".to_owned())
    } else if row.free == row.amount {
        ("warn", "Not matched".to_owned())
    } else {
        ("calm", format!("{} left", row.free))
    };
    words::Tag { tone, label }
}

impl Page {
    /// The payers that a payment may be from.
    fn payers(&self) -> Vec<(&str, &str)> {
        let unknown = ("", "Choose the payer, or name it below");
        std::iter::once(unknown).chain(payers::options(&self.payers)).collect()
    }
}

async fn load(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<payments::PaymentsAlliance, PageError> {
    let states = STATES.contains(&filter.state.as_str()).then(|| serde_json::json!([filter.state]));
    let variables = payments::Variables {
        slug: within.slug(),
        filter: payments::PaymentFilter {
            text: Some(filter.text.clone()),
            states: states.and_then(|states| serde_json::from_value(states).ok()),
            payer_id: None,
        },
        first,
        after,
    };
    let data = site.query::<Payments>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

async fn page(
    site: &SharedSite,
    within: &Within,
    filter: Filter,
    form: FormState,
) -> Result<Page, PageError> {
    let list = load(site, within, &filter, (50, filter.after.clone())).await?;
    let fields = [("text", filter.text.as_str()), ("state", &filter.state)];
    Ok(Page {
        shell: within.shell("Payments"),
        key: new_key(&site.gateway.app),
        may_record: within.may(Permission::RecordPayments),
        base: within.path("/payments"),
        at: ListAddress::new(within.path("/payments"), &fields, filter.after.as_deref()),
        filter,
        payers: payers::every!(site, within, list.payers.clone())?,
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
        amount: read_amount("amount", typed)?,
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

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Query(filter): Query<Filter>,
) -> PageResult {
    let rows = every_entry(|part| async {
        let list = load(&site, &within, &filter, part).await?;
        let rows = list.payments.nodes.into_iter().map(|row| {
            vec![
                csv::day(row.received_on),
                payer(&row).to_owned(),
                row.payer_text.clone(),
                row.reference.clone(),
                words::sentence(&words::name(&row.method)),
                csv::amount(row.amount),
                csv::amount(row.allocated),
                csv::amount(row.refunded),
                csv::amount(row.free),
                state(&row).label,
                row.reversal_reason.unwrap_or_default(),
            ]
        });
        let part = list.payments.page_info;
        Ok((rows.collect(), part.end_cursor.filter(|_| part.has_next_page)))
    })
    .await?;
    let heading = [
        "Received",
        "Payer",
        "Payer in words",
        "Reference",
        "How",
        "Amount",
        "Matched",
        "Sent back",
        "Not yet used",
        "State",
        "Taken back because",
    ];
    csv::download((&site, &within), "payments.csv", &heading, rows).await
}

/// A form with a statement: the file that was chosen, or the text of the one that was shown.
#[derive(Default)]
struct StatementForm {
    fields: Fields,
    file: Option<(String, Vec<u8>)>,
}

/// How much of a file that is too large is read before the answer.
const LARGEST_PASSED_OVER: usize = 64 * 1024 * 1024;

const TOO_LARGE: &str = "This file is larger than 5 MB. Export a shorter period from the bank";

/// Reads the form. `Err` inside is for the person: beyond the limit of a body, reading fails before the end, so that a
/// file too large looks like a form cut short.
async fn read_statement(
    within: &Within,
    request: Request,
) -> Result<Result<StatementForm, Problem>, PageError> {
    let broken = |error: &MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Ok(Err(problem("file", TOO_LARGE))),
        _ => Err(PageError::Forged),
    };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > LARGEST_BODY) {
        // A browser shows the answer only once it has sent all: what comes is passed over, up to a bound.
        let mut passed = 0;
        let mut body = request.into_body();
        while let (true, Some(Ok(frame))) = (passed < LARGEST_PASSED_OVER, body.frame().await) {
            passed += frame.data_ref().map_or(0, Bytes::len);
        }
        return Ok(Err(problem("file", TOO_LARGE)));
    }
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| PageError::Forged)?;
    let (mut fields, mut file) = (Vec::new(), None);
    loop {
        let part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(error) => return broken(&error),
        };
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let bytes = match part.bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return broken(&error),
        };
        match file_name {
            Some(file_name) if name == "file" => file = Some((file_name, bytes.to_vec())),
            _ => fields.push((name, String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
    let fields = Fields::from(fields);
    within.signed.check(fields.text("csrf"))?;
    Ok(Ok(StatementForm { fields, file }))
}

async fn refuse(site: &SharedSite, within: &Within, problem: Problem) -> PageResult {
    // A chosen file cannot be shown again: only its field is.
    let fields = Fields::from(vec![("file".to_owned(), String::new())]);
    let form = FormState::refused(&fields, problem);
    render_refused(&page(site, within, Filter::default(), form).await?)
}

/// Shows what a bank statement would bring.
pub(crate) async fn preview(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let form = match read_statement(&within, request).await? {
        Ok(form) => form,
        Err(problem) => return refuse(&site, &within, problem).await,
    };
    let Some((file_name, bytes)) = form.file else {
        let problem = problem("file", "Choose the file that the bank’s website gave you");
        return refuse(&site, &within, problem).await;
    };
    let input = ImportBankStatement { file_name, bytes, take_anyway: Vec::new(), expected: None };
    match outcome(plan_bank_import(&site.gateway.app, within.viewer(), &input).await)? {
        Err(problem) => refuse(&site, &within, problem).await,
        Ok(import) => render(&Preview {
            shell: within.shell("Check the statement"),
            expected: import.expected()?,
            import,
            file_name: input.file_name,
            csv: bank_text(&input.bytes),
            key: new_key(&site.gateway.app),
            base: within.path("/payments"),
        }),
    }
}

/// A box of the preview: a line, and its sum.
fn read_ticked(value: &str) -> Option<(u64, i64)> {
    let (line, pence) = value.split_once(' ')?;
    Some((line.parse().ok()?, pence.parse().ok()?))
}

/// Takes a bank statement as its preview showed it, with what was ticked.
pub(crate) async fn import(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = match read_statement(&within, request).await? {
        Ok(form) => form.fields,
        Err(problem) => return refuse(&site, &within, problem).await,
    };
    let key = IdempotencyKey(fields.text("key").to_owned());
    // What was ticked was shown with its sum: it counts with what the preview had.
    let ticked: Vec<(u64, i64)> = fields.all("takeAnyway").filter_map(read_ticked).collect();
    let shown = (
        fields.text("count").parse::<usize>().unwrap_or_default(),
        fields.text("total").parse::<i64>().unwrap_or_default(),
    );
    let total = ticked.iter().fold(shown.1, |total, (_, pence)| total.saturating_add(*pence));
    let input = ImportBankStatement {
        file_name: fields.text("fileName").to_owned(),
        bytes: fields.text("csv").as_bytes().to_vec(),
        take_anyway: ticked.iter().map(|(line, _)| *line).collect(),
        expected: Some(ExpectedReceipts { count: shown.0.saturating_add(ticked.len()), total: Pence(total) }),
    };
    let result = import_bank_statement(&site.gateway.app, within.viewer(), input, Some(&key)).await;
    match outcome(result)? {
        Ok(import) => {
            let taken = format::plural(&count_of(import.taken.len()), "payment is", "payments are");
            Ok(done(&within.path("/payments?state=OPEN"), &format!("{taken} taken. Say what each is for.")))
        }
        Err(problem) => refuse(&site, &within, problem).await,
    }
}
