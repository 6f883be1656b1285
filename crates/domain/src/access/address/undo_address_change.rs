//! "That was not me."

use uuid::Uuid;

use super::{
    super::repo as sign_in_repo, AddressChange, Purpose, SendAddressNotice, UNDO_LIFETIME,
    announce_to_alliances, repo,
};
use crate::{app::App, error::Internal, ids::AccountId, people::FollowAddress, problem::failure};

/// The undoing of a change of address.
#[derive(Debug, Clone, Copy)]
pub struct UndoAddressChange<'a> {
    /// The change, from the link in the mail.
    pub change_id: Uuid,
    /// The digits from that mail, as typed.
    pub code: &'a str,
}

/// Why the change stands.
#[derive(Debug, thiserror::Error)]
pub enum UndoAddressChangeError {
    /// Wrong, too many tries, undone already, or more than a week ago: which of these is not told.
    #[error(
        "That code does not work. A change of address can be undone for seven days, with the code from the mail about \
         it. After that, ask whoever runs this service."
    )]
    WrongCode,
    /// The old address has an account of its own by now.
    #[error(
        "Somebody has signed in with the old address since, so it cannot be given back here. Ask whoever runs this \
         service."
    )]
    AddressTaken,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Gives an account its old address back, for whoever reads the mail there: the change, and every later one of the account,
/// is undone, and accounts that became part of it are their own again. Every session and API token of the account ends, and
/// a second step that was set since is taken off, as are passkeys that were added.
pub async fn undo_address_change(
    app: &App,
    input: UndoAddressChange<'_>,
) -> Result<(), UndoAddressChangeError> {
    use UndoAddressChangeError as E;
    let now = app.clock.now();
    let mut tx = app.db.machine().await?;
    let Some(account_id) = repo::count_undo_attempt(&mut tx, input.change_id, now - UNDO_LIFETIME).await?
    else {
        return Err(E::WrongCode);
    };
    if !Purpose::Undo.is_proved(app, input.change_id, input.code) {
        tx.commit().await?;
        return Err(E::WrongCode);
    }
    // The newest first: each has begun where the one before it ended.
    let undone = repo::changes_since(&mut tx, account_id, input.change_id).await?;
    let Some(first) = undone.last() else { return Err(E::WrongCode) };
    let taken = repo::account_of(&mut tx, &first.from).await?;
    if taken.is_some_and(|other| other != account_id) {
        return Err(E::AddressTaken);
    }
    repo::set_email(&mut tx, account_id, &first.from).await?;
    for change in &undone {
        if !change.merged_people.is_empty() || !change.merged_alliances.is_empty() {
            let again = AccountId::new(app);
            sign_in_repo::upsert_account(&mut tx, again, &change.to, now).await?;
            repo::give_back(&mut tx, change, (account_id, again)).await?;
            let follow = FollowAddress { account_id: again, history_of: account_id };
            announce_to_alliances(app, &mut tx, &follow, &format!("{}:undone", change.id)).await?;
        }
        repo::set_undone(&mut tx, change.id, now).await?;
        tx.enqueue(app, &SendAddressNotice { change_id: change.id, change: AddressChange::Undone }).await?;
    }
    sign_in_repo::delete_sessions(&mut tx, account_id).await?;
    sign_in_repo::delete_tokens(&mut tx, account_id).await?;
    repo::delete_second_steps_since(&mut tx, account_id, first.changed_at).await?;
    let follow = FollowAddress { account_id, history_of: account_id };
    announce_to_alliances(app, &mut tx, &follow, &format!("{}:undone", first.id)).await?;
    Ok(tx.commit().await?)
}

failure!(UndoAddressChangeError {
    WrongCode => "code",
    AddressTaken => "code",
} nested { Internal });
