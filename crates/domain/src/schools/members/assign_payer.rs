//! From now on somebody else pays for a member, as when a school becomes an academy or its trust pays for all.

use super::{Member, PayerChoice, PayerChoiceError, repo};
use crate::{
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::MemberId,
    problem::failure,
    schools,
    viewer::{Permission, Viewer},
};

/// Another payer for a member.
#[derive(Debug, Clone)]
pub struct AssignPayer {
    /// Whose.
    pub member_id: MemberId,
    /// Who pays from now on.
    pub payer: PayerChoice,
}

/// Why the payer is the same as before.
#[derive(Debug, thiserror::Error)]
pub enum AssignPayerError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// The payer cannot be had.
    #[error(transparent)]
    Payer(#[from] PayerChoiceError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Gives a member another payer. Invoices already issued stay with the one they were issued to, paid or not; the payer
/// itself, and the other schools it pays for, stay as they are.
pub async fn assign_payer(
    app: &App,
    viewer: &Viewer,
    input: AssignPayer,
) -> Result<Member, AssignPayerError> {
    use AssignPayerError as E;
    let scope = viewer.require(Permission::ManageMembers)?;

    let mut tx = app.db.begin(scope).await?;
    let mut member = repo::member_for_update(&mut tx, input.member_id).await?.ok_or(E::UnknownMember)?;
    let school = match member.urn {
        Some(urn) => schools::repo::school_for_member(&mut tx, urn).await?,
        None => None,
    };
    let address = school.map(|school| school.address).unwrap_or_default();
    member.payer_id = input.payer.settle(app, &mut tx, &member.name, address).await?;
    repo::update_member(&mut tx, &member)
        .await
        .on_constraint("members_payer_fkey", || E::Payer(PayerChoiceError::UnknownPayer))?;
    tx.announce(&[Change::Member(member.id)]).await?;
    tx.commit().await?;
    Ok(member)
}

failure!(AssignPayerError {
    UnknownMember => "memberId",
} nested { Forbidden, Payer, Internal });
