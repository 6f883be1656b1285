//! From an account to an alliance: the only way a [`Viewer`] of a person is made.

use super::{Account, Proof, Session, repo};
use crate::{
    alliances::Wording,
    app::{App, Timestamp},
    error::Internal,
    ids::{AllianceId, MemberId, PersonId},
    problem::failure,
    viewer::{Grant, Permission, RECENT, Viewer},
};

/// What its directors may do in an alliance that is about to be deleted.
const IN_A_CLOSED_ALLIANCE: [Permission; 2] = [Permission::SeeAlliance, Permission::ManageData];

/// An alliance that an account may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllianceEntry {
    /// The alliance.
    pub id: AllianceId,
    /// Its part of the address.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// An account inside an alliance.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Who asks from now on.
    pub viewer: Viewer,
    /// The person's name as this alliance writes it.
    pub person_name: String,
    /// Where they are.
    pub alliance: AllianceEntry,
    /// What is said there.
    pub wording: Wording,
    /// Whether the alliance is closed and about to be deleted: they are one of its directors, who may take its data away and
    /// call that off.
    pub is_closed: bool,
}

/// Why somebody who holds a role in an alliance does not enter it.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The alliance asks everybody for a second step at sign-in, and the account has none.
    #[error("This alliance asks everybody for a second step at sign-in. Set one up in your account first.")]
    NeedsSecondStep,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Why somebody does not act in an alliance that they name: the error of operations that take a device's session.
#[derive(Debug, thiserror::Error)]
pub enum NotEntered {
    /// No role in this alliance, or no such alliance.
    #[error("There is no such alliance, or you hold no role in it.")]
    UnknownAlliance,
    /// The alliance asks everybody for a second step, and the person has none.
    #[error("This alliance asks everybody for a second step at sign-in. Set one up in your account first.")]
    NeedsSecondStep,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Who the account is in the alliance with this slug.
pub(crate) async fn enter_to_act(app: &App, session: &Session, slug: &str) -> Result<Viewer, NotEntered> {
    match enter(app, session, slug).await {
        Ok(entered) => entered.map(|entered| entered.viewer).ok_or(NotEntered::UnknownAlliance),
        Err(EnterError::NeedsSecondStep) => Err(NotEntered::NeedsSecondStep),
        Err(EnterError::Internal(error)) => Err(error.into()),
    }
}

failure!(NotEntered {
    UnknownAlliance => "alliance",
    NeedsSecondStep => "alliance",
} nested { Internal });

/// Where an account holds a role today.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MyAlliances {
    /// The alliances that let it in, by name.
    pub open: Vec<AllianceEntry>,
    /// How many are closed and about to be deleted, where it is no director. Which, it is not told.
    pub closed: usize,
}

/// The alliances in which this account holds a role today; of them, a token knows its own only.
pub async fn my_alliances(app: &App, session: &Session) -> Result<MyAlliances, Internal> {
    let mut mine = MyAlliances::default();
    for (alliance, is_let_in) in repo::alliances_of(app, session.account.id, app.clock.now()).await? {
        match session.proof.enters(alliance.id) {
            true if is_let_in => mine.open.push(alliance),
            true => mine.closed += 1,
            false => {}
        }
    }
    Ok(mine)
}

/// Enters the alliance with this slug. `None` alike when it does not exist, when the account holds no role in it, and
/// when the token is for another.
pub async fn enter(app: &App, session: &Session, slug: &str) -> Result<Option<Entered>, EnterError> {
    // No text in the database holds it, so that it would not even be looked for.
    if slug.contains('\0') {
        return Ok(None);
    }
    let now = app.clock.now();
    entered(session, &repo::grants(app, session.account.id, (Some(slug), None), now).await?, now)
}

/// Enters the alliance with this id, by the same rule.
pub async fn enter_by_id(
    app: &App,
    session: &Session,
    id: AllianceId,
) -> Result<Option<Entered>, EnterError> {
    let now = app.clock.now();
    entered(session, &repo::grants(app, session.account.id, (None, Some(id)), now).await?, now)
}

fn entered(session: &Session, rows: &[EnterRow], now: Timestamp) -> Result<Option<Entered>, EnterError> {
    let Some(first) = rows.first().filter(|first| session.proof.enters(first.alliance.id)) else {
        return Ok(None);
    };
    if first.needs_second_step {
        return Err(EnterError::NeedsSecondStep);
    }
    let mut grants: Vec<Grant> = rows.iter().filter_map(|row| row.grant).collect();
    if first.is_closed {
        grants.retain(|grant| Permission::ManageData.everywhere().contains(&grant.role));
        if grants.is_empty() {
            return Ok(None);
        }
    }
    let viewer = Viewer::person(first.alliance.id, session.account.id, first.person_id, grants)
        .paying_for(first.pays_for.clone())
        .from(session.origin());
    let viewer = match &session.proof {
        Proof::Device { proved_at, .. } if *proved_at + RECENT <= now => viewer,
        Proof::Device { .. } => viewer.confirmed(),
        Proof::Token(bounds) => viewer.confirmed().bounded(&bounds.permissions),
    };
    let viewer = if first.is_closed { viewer.bounded(&IN_A_CLOSED_ALLIANCE) } else { viewer };
    Ok(Some(Entered {
        viewer,
        person_name: first.person_name.clone(),
        alliance: first.alliance.clone(),
        wording: first.wording.clone(),
        is_closed: first.is_closed,
    }))
}

/// Joins an account to the people whom alliances know under its address, as signing in does.
pub(crate) async fn join_people(app: &App, account: &Account) -> Result<(), Internal> {
    let mut tx = app.db.machine().await?;
    repo::join_people(&mut tx, account.id, &account.email).await?;
    tx.commit().await
}

/// One grant in force of the person who enters.
pub(super) struct EnterRow {
    pub(super) alliance: AllianceEntry,
    pub(super) wording: Wording,
    /// Whether the alliance is about to be deleted, and nobody comes in but directors.
    pub(super) is_closed: bool,
    /// Whether the alliance asks for a second step and the account has none.
    pub(super) needs_second_step: bool,
    pub(super) person_id: PersonId,
    pub(super) person_name: String,
    /// The members whose payer has them as its finance contact.
    pub(super) pays_for: Vec<MemberId>,
    /// `None` when the stored role is not one this version knows.
    pub(super) grant: Option<Grant>,
}
