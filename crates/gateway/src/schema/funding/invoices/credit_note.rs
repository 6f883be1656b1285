//! One credit note.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{ID, Object, Result};
use domain::{
    error::ReadError,
    funding::invoices::{self, CreditNote},
    ids::CreditNoteId,
};

use crate::schema::{
    batches::Batch,
    context::Inside,
    ids::{self, Kind},
    scalars::{Date, Pence},
};

/// A credit against an invoice.
pub(crate) struct CreditNoteObject {
    pub(super) inside: Arc<Inside>,
    pub(super) note: CreditNote,
}

#[Object(name = "CreditNote")]
impl CreditNoteObject {
    /// Opaque, and good for ever.
    async fn id(&self) -> ID {
        ids::encode(Kind::CreditNote, self.inside.id(), self.note.id.0)
    }

    /// As printed.
    async fn number(&self) -> &str {
        &self.note.number
    }

    /// Its date.
    async fn issued_on(&self) -> Date {
        self.note.issued_on.into()
    }

    /// Why, as printed.
    async fn reason(&self) -> &str {
        &self.note.reason
    }

    /// Before VAT.
    async fn net(&self) -> Pence {
        self.note.net.into()
    }

    /// The VAT.
    async fn vat(&self) -> Pence {
        self.note.vat.into()
    }

    /// What is taken back.
    async fn gross(&self) -> Pence {
        self.note.gross.into()
    }

    /// Whether the worker has made its PDF.
    async fn is_printed(&self) -> Result<bool> {
        Ok(self.inside.load::<PrintedCreditNote>(self.note.id).await?.is_some())
    }

    /// Where its PDF is, once the worker has made it: for a person who is signed in, and for a program with a token.
    async fn pdf(&self) -> Result<Option<String>> {
        let is_printed = self.inside.load::<PrintedCreditNote>(self.note.id).await?.is_some();
        Ok(is_printed.then(|| self.inside.address(&format!("/credit-notes/{}/pdf", self.note.id))))
    }
}

struct PrintedCreditNote;

impl Batch for PrintedCreditNote {
    type Key = CreditNoteId;
    type Value = ();

    async fn read(inside: &Inside, keys: &[CreditNoteId]) -> Result<HashMap<CreditNoteId, ()>, ReadError> {
        let found = invoices::printed_credit_notes(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|id| (id, ())).collect())
    }
}
