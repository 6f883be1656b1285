//! Taking a bank statement's receipts, after a preview of exactly what would be taken.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    BankFile, BankFileError, BankLine, Method, Payment, RejectedLine, Suggestion, already_recorded,
    bank_file::read_bank_file, check_received_on, repo, suggest,
};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::Tx,
    error::{Forbidden, Internal},
    funding::invoices,
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{BankImportId, PayerId, PaymentId},
    money::Pence,
    problem::failure,
    schools::members,
    text::plural,
    viewer::{Act, ConfirmItIsYou, Permission, Reach, Viewer},
};

/// A statement file.
#[derive(Debug, Clone)]
pub struct ImportBankStatement {
    /// Its name, for the record.
    pub file_name: String,
    /// Its bytes, 5 MB at the most.
    pub bytes: Vec<u8>,
    /// Lines to take although they look like payments that are recorded already.
    pub take_anyway: Vec<u64>,
    /// What the preview showed. Nothing is taken when it would now be something else.
    pub expected: Option<ExpectedReceipts>,
}

/// What a preview showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExpectedReceipts {
    /// How many receipts are new.
    pub count: usize,
    /// What they come to.
    pub total: Pence,
}

/// What a statement brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankImport {
    /// Receipts that are new, in the order of the file.
    pub taken: Vec<Receipt>,
    /// Receipts that look like payments that are recorded already. A person says which to take anyway.
    pub held: Vec<HeldReceipt>,
    /// The lines of receipts that an earlier statement brought.
    pub known: Vec<u64>,
    /// How many lines took money out: they are left out.
    pub money_out: usize,
    /// Lines that could not be read.
    pub rejected: Vec<RejectedLine>,
}

impl BankImport {
    /// What a preview of it shows.
    pub fn expected(&self) -> Result<ExpectedReceipts, Internal> {
        let total = Pence::try_sum(self.taken.iter().map(|receipt| receipt.payment.amount));
        let total = total.ok_or_else(|| Internal::new("the sum of a statement does not fit"))?;
        Ok(ExpectedReceipts { count: self.taken.len(), total })
    }
}

/// A receipt that is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its line in the file, counted from 1 with the heading.
    pub line: u64,
    /// The payment, with its payer where the reference or the name tells it.
    pub payment: Payment,
    /// The payer's legal name.
    pub payer_name: Option<String>,
    /// Which invoices it is probably for, the surest first.
    pub suggestions: Vec<Suggestion>,
    pub(super) bank_line: Vec<u8>,
}

/// A receipt that looks like a payment that is recorded already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReceipt {
    /// What the line says.
    pub receipt: Receipt,
    /// The payment that it looks like.
    pub like: Payment,
    /// The day on which that one was recorded.
    pub recorded_on: NaiveDate,
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportBankStatementError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// Not a bank statement.
    #[error(transparent)]
    File(#[from] BankFileError),
    /// Another statement was taken since the preview.
    #[error("Something has changed since you looked: now {}, {}. Please choose the file again.",
        plural(.now.count, "new payment", "new payments"), .now.total)]
    PlanChanged {
        /// What would be taken now.
        now: ExpectedReceipts,
    },
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Shows what [`import_bank_statement`] would take, and takes nothing.
pub async fn plan_bank_import(
    app: &App,
    viewer: &Viewer,
    input: &ImportBankStatement,
) -> Result<BankImport, ImportBankStatementError> {
    let scope = viewer.require(Permission::RecordPayments)?;
    let read = read_bank_file(&input.bytes)?;
    let mut tx = app.db.snapshot(scope).await?;
    let plan = plan(app, &mut tx, read, (&input.take_anyway, None)).await?;
    check_expected(input, &plan)?;
    Ok(plan)
}

/// Takes every receipt of the file that was not taken before. Statements may overlap: a line is known by its date, sum
/// and words, and by how many times just that line stands in one file. What looks like a payment that is recorded
/// already is held back, unless the input names its line.
pub async fn import_bank_statement(
    app: &App,
    viewer: &Viewer,
    input: ImportBankStatement,
    key: Option<&IdempotencyKey>,
) -> Result<BankImport, ImportBankStatementError> {
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::ImportBankStatement)?;
    let read = read_bank_file(&input.bytes)?;
    let now = app.clock.now();
    let id = BankImportId::new(app);
    let person_id = viewer.person_id();

    let mut tx = app.db.begin(scope).await?;
    let asked =
        (&input.file_name, Sha256::digest(&input.bytes).to_vec(), &input.expected, &input.take_anyway);
    let once =
        Once { person_id, key, operation: "import_bank_statement", input: &asked, result_id: id.0, now };
    if let Some(before) = idempotency::claim(&mut tx, once).await? {
        return Ok(plan(app, &mut tx, read, (&input.take_anyway, Some(BankImportId(before)))).await?);
    }
    let plan = plan(app, &mut tx, read, (&input.take_anyway, None)).await?;
    check_expected(&input, &plan)?;
    let file_name: String = input.file_name.chars().filter(|c| !c.is_control()).take(200).collect();
    repo::insert_import(&mut tx, id, (&file_name, person_id, now)).await?;
    let payments: Vec<_> = plan.taken.iter().map(|receipt| receipt.row(id, viewer)).collect();
    let taken: HashSet<_> =
        repo::insert_payments(&mut tx, &payments, now).await.map_err(Internal::from)?.into_iter().collect();
    if taken.len() != plan.taken.len() {
        // Another statement with some of these lines was taken in this moment.
        let taken = plan.taken.into_iter().filter(|receipt| taken.contains(&receipt.payment.id)).collect();
        let now = BankImport { taken, ..plan }.expected()?;
        return Err(ImportBankStatementError::PlanChanged { now });
    }
    tx.announce(&taken.into_iter().map(Change::Payment).collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(plan)
}

fn check_expected(input: &ImportBankStatement, plan: &BankImport) -> Result<(), ImportBankStatementError> {
    let now = plan.expected()?;
    match input.expected {
        Some(expected) if expected != now => Err(ImportBankStatementError::PlanChanged { now }),
        _ => Ok(()),
    }
}

/// What the lines bring. Those that `import` itself took still count as new: it is asked for again.
async fn plan(
    app: &App,
    tx: &mut Tx,
    BankFile { lines, money_out, mut rejected }: BankFile,
    (take_anyway, import): (&[u64], Option<BankImportId>),
) -> Result<BankImport, Internal> {
    let alliance = alliances::repo::alliance(tx).await?;
    let today = alliance.date(app.clock.now());
    let mut receipts = Vec::with_capacity(lines.len());
    let mut seen = HashMap::new();
    for line in lines {
        match check_received_on(line.received_on, today) {
            Ok(()) => receipts.push(Receipt::of(app, line, &mut seen)),
            Err(error) => {
                let reason = format!("The day {} {error}.", line.received_on.format("%-d %B %Y"));
                rejected.push(RejectedLine { line: line.line, reason });
            }
        }
    }
    rejected.sort_by_key(|line| line.line);
    let bank_lines: Vec<_> = receipts.iter().map(|receipt| receipt.bank_line.clone()).collect();
    let brought = repo::known_bank_lines(tx, &bank_lines).await?;
    let of_another =
        |receipt: &Receipt| brought.get(&receipt.bank_line).is_some_and(|by| Some(*by) != import);
    let (known, mut new): (Vec<_>, Vec<_>) = receipts.into_iter().partition(of_another);
    let numbers = suggest(tx, &mut new, today).await?;
    let recorded = match already_recorded::days(&new) {
        Some(days) => {
            let amounts: Vec<_> = new.iter().map(|receipt| receipt.payment.amount.0).collect();
            repo::recorded(tx, days, &amounts).await?
        }
        None => Vec::new(),
    };
    // A payment that a line of this file brought is that line's own.
    let others = recorded.into_iter();
    let others =
        others.filter(|other| other.bank_line.as_ref().is_none_or(|line| !brought.contains_key(line)));
    let mut others = already_recorded::Others::of(others.collect(), &numbers);
    let (mut taken, mut held) = (Vec::new(), Vec::new());
    for receipt in new {
        let is_own = brought.contains_key(&receipt.bank_line);
        match others.like(&receipt).filter(|_| !is_own && !take_anyway.contains(&receipt.line)) {
            None => taken.push(receipt),
            Some(like) => {
                let recorded_on = alliance.date(like.recorded_at);
                held.push(HeldReceipt { receipt, like: like.payment, recorded_on });
            }
        }
    }
    let known = known.iter().map(|receipt| receipt.line).collect();
    Ok(BankImport { taken, held, known, money_out, rejected })
}

/// Finds the payer of each receipt, and the invoices that it is probably for; gives every invoice's number.
async fn suggest(
    tx: &mut Tx,
    receipts: &mut [Receipt],
    today: NaiveDate,
) -> Result<Vec<(String, PayerId)>, Internal> {
    let open = invoices::repo::open_invoices(tx, today).await?;
    let numbers = invoices::repo::numbers(tx).await?;
    let payers = members::repo::payers(tx, &Reach::Alliance, None).await?;
    for receipt in receipts {
        let payer = suggest::payer(&receipt.payment, &numbers, &payers);
        receipt.payment.payer_id = payer.map(|payer| payer.id);
        receipt.payer_name = payer.map(|payer| payer.legal_name.clone());
        receipt.suggestions = suggest::suggestions(&receipt.payment, &open);
    }
    Ok(numbers)
}

impl Receipt {
    /// `seen` counts how often just this line stood in the file.
    fn of(app: &App, line: BankLine, seen: &mut HashMap<[u8; 32], u32>) -> Self {
        let identity =
            format!("{}\n{}\n{}\n{}", line.received_on, line.amount.0, line.description, line.reference);
        let count = seen.entry(Sha256::digest(identity.as_bytes()).into()).or_default();
        *count += 1;
        Self {
            line: line.line,
            payment: Payment {
                id: PaymentId::new(app),
                received_on: line.received_on,
                amount: line.amount,
                payer_id: None,
                payer_text: line.description,
                reference: line.reference,
                method: Method::Bacs,
                allocated: Pence::ZERO,
                refunded: Pence::ZERO,
                reversal_reason: None,
            },
            payer_name: None,
            suggestions: Vec::new(),
            bank_line: Sha256::digest(format!("{identity}\n{count}")).to_vec(),
        }
    }

    fn row(&self, import_id: BankImportId, viewer: &Viewer) -> repo::NewPayment {
        repo::NewPayment {
            id: self.payment.id,
            received_on: self.payment.received_on,
            amount: self.payment.amount,
            payer_id: self.payment.payer_id,
            payer_text: self.payment.payer_text.clone(),
            reference: self.payment.reference.clone(),
            method: self.payment.method,
            import_id: Some(import_id),
            bank_line: Some(self.bank_line.clone()),
            recorded_by: viewer.person_id(),
        }
    }
}

failure!(ImportBankStatementError {
    File => "file",
    PlanChanged => "expected",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });
