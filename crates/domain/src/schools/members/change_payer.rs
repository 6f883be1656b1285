//! Who pays, where invoices go, and whether they need a purchase order.

use super::{Payer, PayerKind, PurchaseOrderRule, repo};
use crate::{
    access::{EmailAddress, NotAnEmailAddress},
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::{PayerId, PersonId},
    problem::failure,
    text::{lines, one_line},
    viewer::{Permission, Viewer},
};

/// A payer as it shall be.
#[derive(Debug, Clone)]
pub struct ChangePayer {
    /// Which.
    pub payer_id: PayerId,
    /// How it shall be.
    pub details: PayerDetails,
}

/// What is known of a payer.
#[derive(Debug, Clone)]
pub struct PayerDetails {
    /// What kind of body.
    pub kind: PayerKind,
    /// The legal name that invoices bear.
    pub legal_name: String,
    /// The postal address, a line each.
    pub address: String,
    /// The accounts-payable mailbox.
    pub accounts_email: Option<String>,
    /// Whether it pays without a purchase order.
    pub purchase_order: PurchaseOrderRule,
    /// Who is asked about money.
    pub finance_contact_id: Option<PersonId>,
}

/// Why the payer stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangePayerError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such payer in this alliance.
    #[error("That payer is not one of this alliance's.")]
    UnknownPayer,
    /// No such person in this alliance.
    #[error("That person is not one of this alliance's.")]
    UnknownPerson,
    /// Empty, or longer than 300 characters.
    #[error("Please give the payer's legal name, as it must stand on invoices.")]
    InvalidName,
    /// Not a mail address.
    #[error(transparent)]
    InvalidEmail(#[from] NotAnEmailAddress),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Changes a payer. Invoices already issued keep the name and address printed on them.
pub async fn change_payer(app: &App, viewer: &Viewer, input: ChangePayer) -> Result<Payer, ChangePayerError> {
    use ChangePayerError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    let payer = input.details.into_payer(input.payer_id, || E::InvalidName)?;

    let mut tx = app.db.begin(scope).await?;
    let changed = repo::update_payer(&mut tx, &payer)
        .await
        .on_constraint("payers_finance_contact_fkey", || E::UnknownPerson)?;
    if changed == 0 {
        return Err(E::UnknownPayer);
    }
    tx.announce(&[Change::Payer(payer.id)]).await?;
    tx.commit().await?;
    Ok(payer)
}

impl PayerDetails {
    pub(super) fn into_payer<E: From<NotAnEmailAddress>>(
        self,
        id: PayerId,
        invalid_name: impl FnOnce() -> E,
    ) -> Result<Payer, E> {
        let legal_name = one_line(&self.legal_name, 300).ok_or_else(invalid_name)?;
        let accounts_email =
            self.accounts_email.filter(|text| !text.trim().is_empty()).map(|text| EmailAddress::parse(&text));
        Ok(Payer {
            id,
            kind: self.kind,
            legal_name,
            address: lines(&self.address),
            accounts_email: accounts_email.transpose()?,
            purchase_order: self.purchase_order,
            finance_contact_id: self.finance_contact_id,
        })
    }
}

failure!(ChangePayerError {
    UnknownPayer => "payerId",
    UnknownPerson => "financeContactId",
    InvalidName => "legalName",
    InvalidEmail => "accountsEmail",
} nested { Forbidden, Internal });
