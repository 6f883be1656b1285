//! The deletion of an alliance is asked for.

use super::{Deletion, DeletionStage, NOTICE, RETENTION, repo, send_deletion_notice::tell_directors};
use crate::{
    access::{NotEntered, Session, enter_to_act},
    alliances::exports::begin_export,
    app::App,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::DeletionId,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission},
};

/// That an alliance is to go.
#[derive(Debug, Clone)]
pub struct RequestDeletion {
    /// Its short address.
    pub slug: String,
    /// The same, typed by hand.
    pub typed: String,
    /// Why, at most 500 characters.
    pub reason: String,
    /// Whether whoever asks says that the alliance's legal body keeps its invoices and payments for as long as the law asks.
    pub keeps_finance_records: bool,
}

/// Why it stays.
#[derive(Debug, thiserror::Error)]
pub enum RequestDeletionError {
    /// Not permitted; a token asks for no deletion.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// The alliance is not entered.
    #[error(transparent)]
    NotEntered(#[from] NotEntered),
    /// The wrong short address.
    #[error("Type the short address of this alliance, as it stands above, to show that you mean this one.")]
    WrongAddress,
    /// No reason, or a long one.
    #[error("Please say why in at most 500 characters: the other directors read it.")]
    InvalidReason,
    /// Nobody answers for what the law asks to be kept.
    #[error(
        "Whoever issued invoices must keep them for six years. Please confirm that you keep the export with them."
    )]
    FinanceRecordsNotKept,
    /// One is under way.
    #[error("The deletion of this alliance is under way already.")]
    AlreadyRequested,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Asks for the deletion of an alliance, has an export made of everything, and tells every director.
pub async fn request_deletion(
    app: &App,
    session: &Session,
    input: RequestDeletion,
) -> Result<Deletion, RequestDeletionError> {
    use RequestDeletionError as E;
    session.device()?;
    session.require_confirmed(app.clock.now(), Act::RequestDeletion)?;
    let viewer = enter_to_act(app, session, &input.slug).await?;
    let scope = viewer.require(Permission::ManageData)?;
    let person_id = viewer.person_id().ok_or(Forbidden)?;
    if input.typed.trim() != input.slug {
        return Err(E::WrongAddress);
    }
    let reason = one_line(&input.reason, 500).ok_or(E::InvalidReason)?;
    if !input.keeps_finance_records {
        return Err(E::FinanceRecordsNotKept);
    }
    let now = app.clock.now();
    let new = repo::NewDeletion {
        id: DeletionId::new(app),
        requested_by: person_id,
        requested_at: now,
        reason,
        deactivates_at: now + NOTICE,
        purges_at: now + NOTICE + RETENTION,
    };

    let mut tx = app.db.begin(scope).await?;
    repo::insert(&mut tx, &new).await.on_constraint("deletions_open_key", || E::AlreadyRequested)?;
    begin_export(app, &mut tx, Some(person_id)).await?;
    tell_directors(app, &mut tx, new.id, DeletionStage::Requested).await?;
    let deletion = repo::open(&mut tx).await?.ok_or_else(|| Internal::new("the deletion is gone"))?;
    tx.commit().await?;
    Ok(deletion)
}

failure!(RequestDeletionError {
    WrongAddress => "typed",
    InvalidReason => "reason",
    FinanceRecordsNotKept => "keepsFinanceRecords",
    AlreadyRequested,
} nested { Forbidden, NotEntered, Unconfirmed, Internal });
