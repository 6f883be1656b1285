//! Taking a bank statement's receipts.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{BankFileError, Method, RejectedLine, bank_file::read_bank_file, check_received_on, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::{BankImportId, PaymentId},
    problem::failure,
    viewer::{Permission, Viewer},
};

/// A statement file.
#[derive(Debug, Clone)]
pub struct ImportBankStatement {
    /// Its name, for the record.
    pub file_name: String,
    /// Its bytes, 5 MB at the most.
    pub bytes: Vec<u8>,
}

/// What was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankImport {
    /// The import.
    pub id: BankImportId,
    /// How many receipts were new.
    pub taken: usize,
    /// How many were there before.
    pub known: usize,
    /// Lines that could not be read.
    pub rejected: Vec<RejectedLine>,
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportBankStatementError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Not a bank statement.
    #[error(transparent)]
    File(#[from] BankFileError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Takes every receipt of the file that was not taken before. Statements may overlap: a line is known by its date, sum
/// and words, and by how many times just that line stands in one file.
pub async fn import_bank_statement(
    app: &App,
    viewer: &Viewer,
    input: ImportBankStatement,
) -> Result<BankImport, ImportBankStatementError> {
    let scope = viewer.require(Permission::RecordPayments)?;
    let (lines, mut rejected) = read_bank_file(&input.bytes)?;
    let now = app.clock.now();
    let id = BankImportId::new(app);
    let person_id = viewer.person_id();

    let mut tx = app.db.begin(scope).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    let mut payments = Vec::with_capacity(lines.len());
    for line in lines {
        if let Err(error) = check_received_on(line.received_on, today) {
            let reason = format!("The day {} {error}.", line.received_on.format("%-d %B %Y"));
            rejected.push(RejectedLine { line: line.line, reason });
            continue;
        }
        let identity =
            format!("{}\n{}\n{}\n{}", line.received_on, line.amount.0, line.description, line.reference);
        let count = seen.entry(Sha256::digest(identity.as_bytes()).into()).or_default();
        *count += 1;
        payments.push(repo::NewPayment {
            id: PaymentId::new(app),
            received_on: line.received_on,
            amount: line.amount,
            payer_id: None,
            payer_text: line.description,
            reference: line.reference,
            method: Method::Bacs,
            import_id: Some(id),
            bank_line: Some(Sha256::digest(format!("{identity}\n{count}")).to_vec()),
            recorded_by: person_id,
        });
    }
    rejected.sort_by_key(|line| line.line);
    let file_name: String = input.file_name.chars().filter(|c| !c.is_control()).take(200).collect();
    repo::insert_import(&mut tx, id, (&file_name, person_id, now)).await?;
    let taken = repo::insert_payments(&mut tx, &payments, now).await.map_err(Internal::from)?;
    tx.announce(&taken.iter().map(|id| Change::Payment(*id)).collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(BankImport { id, taken: taken.len(), known: payments.len() - taken.len(), rejected })
}

failure!(ImportBankStatementError {
    File => "file",
} nested { Forbidden, Internal });
