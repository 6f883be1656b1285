//! Who is to settle a member's invoices.

use super::{Payer, PayerDetails, PayerKind, PurchaseOrderRule, repo};
use crate::{
    access::NotAnEmailAddress,
    app::App,
    db::{OnConstraint, Tx},
    error::Internal,
    ids::PayerId,
    problem::failure,
};

/// Who is to settle a member's invoices.
#[derive(Debug, Clone)]
pub enum PayerChoice {
    /// A payer the alliance has already, such as a trust that pays for several schools.
    Existing(PayerId),
    /// A new one.
    New(PayerDetails),
    /// The school itself, at its address in the register.
    Itself,
}

/// Why the payer cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PayerChoiceError {
    /// No such payer in this alliance.
    #[error("That payer is not one of this alliance's.")]
    UnknownPayer,
    /// No such person in this alliance.
    #[error("That person is not one of this alliance's.")]
    UnknownPerson,
    /// The payer's name is empty or too long.
    #[error("Please give the payer's legal name, as it must stand on invoices.")]
    InvalidPayerName,
    /// Not a mail address.
    #[error(transparent)]
    InvalidEmail(#[from] NotAnEmailAddress),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

impl PayerChoice {
    /// The payer's id. A new payer is stored; whether an existing one is there, the member's foreign key says. `name`
    /// and `address` are the school's own.
    pub(super) async fn settle(
        self,
        app: &App,
        tx: &mut Tx,
        name: &str,
        address: String,
    ) -> Result<PayerId, PayerChoiceError> {
        let payer = match self {
            Self::Existing(id) => return Ok(id),
            Self::New(details) => {
                details.into_payer(PayerId::new(app), || PayerChoiceError::InvalidPayerName)?
            }
            Self::Itself => Payer {
                id: PayerId::new(app),
                kind: PayerKind::School,
                legal_name: name.to_owned(),
                address,
                accounts_email: None,
                purchase_order: PurchaseOrderRule::Requested,
                finance_contact_id: None,
            },
        };
        repo::insert_payer(tx, &payer, app.clock.now())
            .await
            .on_constraint("payers_finance_contact_fkey", || PayerChoiceError::UnknownPerson)?;
        Ok(payer.id)
    }
}

failure!(PayerChoiceError {
    UnknownPayer => "payerId",
    UnknownPerson => "financeContactId",
    InvalidPayerName => "legalName",
    InvalidEmail => "accountsEmail",
} nested { Internal });
