//! The mail about a deletion, to each director.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{DeletionStage, repo};
use crate::{
    access::EmailAddress,
    alliances::{self, Alliance},
    app::{App, Timestamp},
    db::Tx,
    error::{Internal, ReadError},
    ids::{DeletionId, PersonId},
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Tells one director what became of a deletion.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendDeletionNotice {
    /// Which deletion.
    pub deletion_id: DeletionId,
    /// What happened.
    pub stage: DeletionStage,
    /// Whom to tell.
    pub person_id: PersonId,
}

impl Job for SendDeletionNotice {
    const KIND: &'static str = "send_deletion_notice";

    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{}:{}:{}", self.deletion_id, self.stage.as_str(), self.person_id))
    }
}

/// Queues a mail to each of those who may do something about it. On trial, to those who have proved their address.
pub(super) async fn tell_directors(
    app: &App,
    tx: &mut Tx,
    deletion_id: DeletionId,
    stage: DeletionStage,
) -> Result<(), Internal> {
    let alliance = alliances::repo::alliance(tx).await?;
    let today = alliance.date(app.clock.now());
    for director in repo::directors(tx, today).await? {
        if alliance.is_confirmed || director.has_signed_in {
            tx.enqueue(app, &SendDeletionNotice { deletion_id, stage, person_id: director.id }).await?;
        }
    }
    Ok(())
}

/// What the mail says.
#[derive(Debug, Clone)]
pub struct DeletionNotice {
    /// To whom.
    pub to: EmailAddress,
    /// Which alliance.
    pub alliance: Alliance,
    /// Whoever asked, or called it off.
    pub by: String,
    /// Why it was asked for.
    pub reason: String,
    /// The day on which nobody comes in any more but directors.
    pub deactivates_on: NaiveDate,
    /// The day on which everything goes.
    pub purges_on: NaiveDate,
    /// Where it can be called off.
    pub page: String,
    /// When it happened: the Date header.
    pub at: Timestamp,
}

/// Loads the mail of a job; `None` when whom it is for can do nothing about it any more.
pub async fn deletion_notice(
    app: &App,
    viewer: &Viewer,
    job: &SendDeletionNotice,
) -> Result<Option<DeletionNotice>, ReadError> {
    let scope = viewer.require(Permission::ManageData)?;
    let mut tx = app.db.begin(scope).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let Some(deletion) = repo::deletion(&mut tx, job.deletion_id).await? else { return Ok(None) };
    let today = alliance.date(app.clock.now());
    let told = repo::directors(&mut tx, today).await?.into_iter().find(|one| one.id == job.person_id);
    let Some(told) = told else { return Ok(None) };
    let (by, at) = match (job.stage, deletion.called_off) {
        (DeletionStage::CalledOff, Some(called_off)) => called_off,
        // It was called off since: that mail says so.
        (_, Some(_)) | (DeletionStage::CalledOff, None) => return Ok(None),
        (DeletionStage::Requested, None) => (deletion.requested_by, deletion.requested_at),
        (DeletionStage::Deactivated, None) => {
            (deletion.requested_by, deletion.deactivated_at.unwrap_or(deletion.requested_at))
        }
    };
    Ok(Some(DeletionNotice {
        to: told.email,
        by,
        reason: deletion.reason,
        deactivates_on: alliance.date(deletion.deactivates_at),
        purges_on: alliance.date(deletion.purges_at),
        page: app.links.to(&format!("/{}/settings/data", alliance.slug)),
        at,
        alliance,
    }))
}
