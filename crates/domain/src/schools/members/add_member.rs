//! A school or other body joins.

use chrono::NaiveDate;

use super::{Member, PayerChoice, PayerChoiceError, Phase, is_likely_beginning, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::{OnConstraint, Tx},
    error::{Forbidden, Internal},
    ids::MemberId,
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

/// Why nothing joined.
#[derive(Debug, thiserror::Error)]
pub enum AddMemberError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The register has no such number.
    #[error("The national register has no school with this number. A URN has six digits.")]
    UnknownUrn,
    /// Another membership of the school covers one of the days.
    #[error(
        "This school is a member already, or was on some of these days. One that left joins again from the day after \
         its last."
    )]
    AlreadyMember,
    /// Empty, or longer than 300 characters.
    #[error("Please give a name of at most 300 characters.")]
    InvalidName,
    /// Before 1990, or more than two years ahead.
    #[error("The first day of membership lies between 1990 and two years from now. Please check the year.")]
    InvalidJoinedOn,
    /// The payer cannot be had.
    #[error(transparent)]
    Payer(#[from] PayerChoiceError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Adds a member, and its payer when that is new.
pub async fn add_member(app: &App, viewer: &Viewer, input: AddMember) -> Result<Member, AddMemberError> {
    let scope = viewer.require(Permission::ManageMembers)?;

    let mut tx = app.db.begin(scope).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(app.clock.now());
    let member = join(app, &mut tx, input, today).await?;
    tx.commit().await?;
    Ok(member)
}

/// The same within a transaction that does more.
pub(crate) async fn join(
    app: &App,
    tx: &mut Tx,
    input: AddMember,
    today: NaiveDate,
) -> Result<Member, AddMemberError> {
    use AddMemberError as E;
    if !is_likely_beginning(input.joined_on, today) {
        return Err(E::InvalidJoinedOn);
    }
    let (name, urn, phase, address) = match input.identity {
        MemberIdentity::Register { urn } => {
            let school = schools::repo::school_for_member(tx, urn).await?.ok_or(E::UnknownUrn)?;
            (school.name, Some(urn), school.phase, school.address)
        }
        MemberIdentity::Outside { name, phase } => {
            (one_line(&name, 300).ok_or(E::InvalidName)?, None, phase, String::new())
        }
    };
    let payer_id = input.payer.settle(app, tx, &name, address).await?;
    let member = Member {
        id: MemberId::new(app),
        name,
        urn,
        phase,
        payer_id,
        joined_on: input.joined_on,
        left_on: None,
    };
    match repo::insert_member(tx, &member, app.clock.now()).await {
        Err(sqlx::Error::Database(e)) if e.constraint() == Some("members_urn_excl") => {
            return Err(E::AlreadyMember);
        }
        other => other.on_constraint("members_payer_fkey", || E::Payer(PayerChoiceError::UnknownPayer))?,
    }
    tx.announce(&[Change::Member(member.id)]).await?;
    Ok(member)
}

failure!(AddMemberError {
    UnknownUrn => "urn",
    AlreadyMember => "urn",
    InvalidName => "name",
    InvalidJoinedOn => "joinedOn",
} nested { Forbidden, Payer, Internal });
