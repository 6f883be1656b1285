//! A school or other body joins.

use chrono::NaiveDate;

use super::{Member, Payer, PayerKind, Phase, PurchaseOrderRule, change_payer::PayerDetails, repo};
use crate::{
    access::NotAnEmailAddress,
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::{MemberId, PayerId},
    problem::failure,
    schools,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// A new member.
#[derive(Debug, Clone)]
pub struct AddMember {
    /// Which school or body.
    pub identity: MemberIdentity,
    /// The first day of membership.
    pub joined_on: NaiveDate,
    /// Who settles its invoices.
    pub payer: PayerChoice,
}

/// Which school or body joins.
#[derive(Debug, Clone)]
pub enum MemberIdentity {
    /// A school of the national register; name and phase are taken from there.
    Register {
        /// Its unique reference number.
        urn: i32,
    },
    /// A body outside the register.
    Outside {
        /// Its name, at most 300 characters.
        name: String,
        /// The ages it teaches.
        phase: Phase,
    },
}

/// Who settles a new member's invoices.
#[derive(Debug, Clone)]
pub enum PayerChoice {
    /// A payer the alliance has already, such as a trust that pays for several schools.
    Existing(PayerId),
    /// A new one.
    New(PayerDetails),
    /// The school itself, at its address in the register.
    Itself,
}

/// Why nothing joined.
#[derive(Debug, thiserror::Error)]
pub enum AddMemberError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The register has no such number.
    #[error("The national register has no school with this number. A URN has six digits.")]
    UnknownUrn,
    /// The school is a member today.
    #[error("This school is a member already.")]
    AlreadyMember,
    /// Empty, or longer than 300 characters.
    #[error("Please give a name of at most 300 characters.")]
    InvalidName,
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

/// Adds a member, and its payer when that is new.
pub async fn add_member(app: &App, viewer: &Viewer, input: AddMember) -> Result<Member, AddMemberError> {
    use AddMemberError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let (name, urn, phase, address) = match input.identity {
        MemberIdentity::Register { urn } => {
            let school = schools::repo::school_for_member(&mut tx, urn).await?.ok_or(E::UnknownUrn)?;
            (school.name, Some(urn), school.phase, school.address)
        }
        MemberIdentity::Outside { name, phase } => {
            (one_line(&name, 300).ok_or(E::InvalidName)?, None, phase, String::new())
        }
    };
    let payer_id = match input.payer {
        PayerChoice::Existing(id) => id,
        PayerChoice::New(details) => {
            let payer = details.into_payer(PayerId::new(app), || E::InvalidPayerName)?;
            repo::insert_payer(&mut tx, &payer, now)
                .await
                .on_constraint("payers_finance_contact_fkey", || E::UnknownPerson)?;
            payer.id
        }
        PayerChoice::Itself => {
            let payer = Payer {
                id: PayerId::new(app),
                kind: PayerKind::School,
                legal_name: name.clone(),
                address,
                accounts_email: None,
                purchase_order: PurchaseOrderRule::Requested,
                finance_contact_id: None,
            };
            repo::insert_payer(&mut tx, &payer, now).await.map_err(Internal::from)?;
            payer.id
        }
    };
    let member = Member {
        id: MemberId::new(app),
        name,
        urn,
        phase,
        payer_id,
        joined_on: input.joined_on,
        left_on: None,
    };
    match repo::insert_member(&mut tx, &member, now).await {
        Err(sqlx::Error::Database(e)) if e.constraint() == Some("members_urn_key") => {
            return Err(E::AlreadyMember);
        }
        other => other.on_constraint("members_payer_fkey", || E::UnknownPayer)?,
    }
    tx.announce(&[Change::Member(member.id)]).await?;
    tx.commit().await?;
    Ok(member)
}

failure!(AddMemberError {
    UnknownUrn => "urn",
    AlreadyMember => "urn",
    InvalidName => "name",
    UnknownPayer => "payerId",
    UnknownPerson => "financeContactId",
    InvalidPayerName => "legalName",
    InvalidEmail => "accountsEmail",
} nested { Forbidden, Internal });
