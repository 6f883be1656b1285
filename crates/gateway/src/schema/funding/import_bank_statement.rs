use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::{
    funding::payments::{
        BankImport, ExpectedReceipts, ImportBankStatement, import_bank_statement, plan_bank_import,
    },
    idempotency::IdempotencyKey,
};

use super::payments::{PaymentObject, ReceiptObject};
use crate::schema::{
    context::{Inside, Session},
    errors::{self, answer, payload, unknown_alliance},
    scalars::{Date, Pence},
};

/// A bank's statement file.
#[derive(InputObject)]
struct ImportBankStatementInput {
    /// The alliance's short address.
    alliance: String,
    /// The file's name, for the record.
    file_name: String,
    /// The file's text: CSV with a heading. A request is 1 MB at the most, so a longer file goes in parts, each with its
    /// heading, or by the page, which takes 5 MB.
    csv: String,
    /// Lines to take although they look like payments that are recorded already, as `held` of a dry run has them.
    #[graphql(default)]
    take_anyway: Vec<u64>,
    /// How many receipts a dry run showed: nothing is taken when it would now be another number. With `expectedTotal`.
    expected_count: Option<usize>,
    /// What they came to.
    expected_total: Option<Pence>,
    /// Answers with what would be taken, and takes nothing.
    #[graphql(default)]
    dry_run: bool,
    /// Your key: the same key takes once.
    idempotency_key: String,
}

/// What a statement brings.
#[derive(SimpleObject)]
struct BankImportResult {
    /// How many receipts are new.
    taken: usize,
    /// What they come to.
    total: Pence,
    /// Those receipts, with whom and what they are probably for.
    receipts: Vec<ReceiptObject>,
    /// Receipts that look like payments that are recorded already. They are not taken unless `takeAnyway` has their lines.
    held: Vec<HeldReceiptObject>,
    /// How many were there before.
    known: usize,
    /// Their lines in the file.
    known_lines: Vec<u64>,
    /// How many lines took money out: they are left out.
    money_out: usize,
    /// Lines that could not be read, with the reason.
    rejected: Vec<RejectedBankLine>,
}

/// A receipt that looks like a payment that is recorded already.
#[derive(SimpleObject)]
#[graphql(name = "HeldBankReceipt")]
struct HeldReceiptObject {
    /// What the line says.
    receipt: ReceiptObject,
    /// The payment that it looks like.
    like: PaymentObject,
    /// The day on which that one was recorded.
    recorded_on: Date,
}

/// A line that could not be read.
#[derive(SimpleObject)]
struct RejectedBankLine {
    /// Its line in the file, counted from 1 with the heading.
    line: u64,
    /// Why.
    reason: String,
}

fn result(inside: &Arc<Inside>, import: BankImport, total: Pence) -> BankImportResult {
    let rejected = import.rejected.into_iter();
    let held = import.held.into_iter().map(|held| HeldReceiptObject {
        receipt: ReceiptObject { inside: Arc::clone(inside), receipt: held.receipt },
        like: PaymentObject { inside: Arc::clone(inside), payment: held.like },
        recorded_on: held.recorded_on.into(),
    });
    BankImportResult {
        taken: import.taken.len(),
        total,
        receipts: import
            .taken
            .into_iter()
            .map(|receipt| ReceiptObject { inside: Arc::clone(inside), receipt })
            .collect(),
        held: held.collect(),
        known: import.known.len(),
        known_lines: import.known,
        money_out: import.money_out,
        rejected: rejected.map(|line| RejectedBankLine { line: line.line, reason: line.reason }).collect(),
    }
}

payload! {
    /// What was taken; of a dry run, what would be.
    ImportBankStatementPayload {
        /// The import.
        import: BankImportResult
    }
}

#[derive(Default)]
pub(crate) struct ImportBankStatementMutation;

#[Object]
impl ImportBankStatementMutation {
    /// Take a bank statement's receipts. Files may overlap: each line is taken once. What looks like a payment that is
    /// recorded already is held back.
    async fn import_bank_statement(
        &self,
        ctx: &Context<'_>,
        input: ImportBankStatementInput,
    ) -> Result<ImportBankStatementPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let expected = input.expected_count.zip(input.expected_total);
        let file = ImportBankStatement {
            file_name: input.file_name,
            bytes: input.csv.into_bytes(),
            take_anyway: input.take_anyway,
            expected: expected.map(|(count, total)| ExpectedReceipts { count, total: total.0 }),
        };
        let key = IdempotencyKey(input.idempotency_key);
        let done = if input.dry_run {
            answer(plan_bank_import(session.app(), change.viewer(), &file).await)?
        } else {
            answer(import_bank_statement(session.app(), change.viewer(), file, Some(&key)).await)?
        };
        Ok(change
            .answer(done, async |inside, import| {
                let total = import.expected().map_err(|error| errors::internal(&error))?.total.into();
                Ok(result(&inside, import, total))
            })
            .await?
            .into())
    }
}
