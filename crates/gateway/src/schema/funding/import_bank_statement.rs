use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::funding::payments::{BankImport, ImportBankStatement, import_bank_statement};

use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// A bank's statement file.
#[derive(InputObject)]
struct ImportBankStatementInput {
    /// The alliance's short address.
    alliance: String,
    /// The file's name, for the record.
    file_name: String,
    /// The file's text: CSV with a heading.
    csv: String,
}

/// What was taken from a statement.
#[derive(SimpleObject)]
struct BankImportResult {
    /// How many receipts were new.
    taken: usize,
    /// How many were there before.
    known: usize,
    /// Lines that could not be read, with the reason.
    rejected: Vec<RejectedBankLine>,
}

/// A line that could not be read.
#[derive(SimpleObject)]
struct RejectedBankLine {
    /// Its line in the file, counted from 1 with the heading.
    line: u64,
    /// Why.
    reason: String,
}

impl From<BankImport> for BankImportResult {
    fn from(import: BankImport) -> Self {
        let rejected = import.rejected.into_iter();
        let rejected =
            rejected.map(|line| RejectedBankLine { line: line.line, reason: line.reason }).collect();
        Self { taken: import.taken, known: import.known, rejected }
    }
}

payload! {
    /// What was taken.
    ImportBankStatementPayload {
        /// The import.
        import: BankImportResult
    }
}

#[derive(Default)]
pub(crate) struct ImportBankStatementMutation;

#[Object]
impl ImportBankStatementMutation {
    /// Take a bank statement's receipts. Files may overlap: each line is taken once.
    async fn import_bank_statement(
        &self,
        ctx: &Context<'_>,
        input: ImportBankStatementInput,
    ) -> Result<ImportBankStatementPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let file = ImportBankStatement { file_name: input.file_name, bytes: input.csv.into_bytes() };
        let done = answer(import_bank_statement(session.app(), change.viewer(), file).await)?;
        Ok(done.map(BankImportResult::from).into())
    }
}
