//! "And here is the code that came there."

use super::{
    super::{EmailAddress, Session, limits, repo as sign_in_repo, second_step::is_set},
    AddressChange, Move, Purpose, SendAddressNotice, announce_to_alliances, repo,
};
use crate::{
    app::{App, Timestamp},
    db::MachineTx,
    error::{Forbidden, Internal},
    ids::AccountId,
    people::FollowAddress,
    problem::failure,
};

/// Why the address stayed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmAddressError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Wrong, used up, or expired: which of these is not told.
    #[error("That code does not work. Codes last 15 minutes; ask for a new one if yours is older.")]
    WrongCode,
    /// The code from the mail is not enough to sign in there, so it is not enough to take it over.
    #[error(
        "That address signs in by itself, with a second step. Sign in with it, take its second step off, and then try \
         this again."
    )]
    HasSecondStep,
    /// One account is one person in an alliance.
    #[error(
        "In {0} both addresses hold roles. Ask those who run it to end the roles of one of them, and then try this \
         again."
    )]
    TwoPeople(String),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Gives the account the address that its newest code proves, and signs out its other devices. The old address is told, and
/// can undo it. An account that the new address has had until now becomes part of this one: its people, and the alliances
/// that it started; its sessions and tokens end. Returns the address.
pub async fn confirm_address(
    app: &App,
    session: &Session,
    typed: &str,
) -> Result<EmailAddress, ConfirmAddressError> {
    use ConfirmAddressError as E;
    let this = session.device()?;
    let account_id = session.account.id;
    let now = app.clock.now();
    let mut tx = app.db.machine().await?;
    let since = now - limits::CODE_LIFETIME;
    let Some(asked) = repo::count_attempt(&mut tx, account_id, since).await? else {
        return Err(E::WrongCode);
    };
    if !Purpose::Prove.is_proved(app, asked.id, typed) {
        tx.commit().await?;
        return Err(E::WrongCode);
    }
    let (own, other) = repo::lock_accounts(&mut tx, &asked).await?;
    // Another code may have changed it meanwhile.
    if own.as_ref() != Some(&asked.from) {
        return Err(E::WrongCode);
    }
    if let Some(other) = other {
        merge(&mut tx, &asked, other, now).await?;
    }
    repo::set_email(&mut tx, account_id, &asked.to).await?;
    repo::set_changed(&mut tx, asked.id, now).await?;
    sign_in_repo::join_people(&mut tx, account_id, &asked.to).await?;
    sign_in_repo::delete_other_sessions(&mut tx, account_id, this).await?;
    tx.enqueue(app, &SendAddressNotice { change_id: asked.id, change: AddressChange::Changed }).await?;
    let follow = FollowAddress { account_id, history_of: account_id };
    announce_to_alliances(app, &mut tx, &follow, &asked.id.to_string()).await?;
    tx.commit().await?;
    Ok(asked.to)
}

/// Makes the account that has the new address part of the one that moves there.
async fn merge(
    tx: &mut MachineTx,
    asked: &Move,
    other: AccountId,
    now: Timestamp,
) -> Result<(), ConfirmAddressError> {
    if is_set(tx, other).await? {
        return Err(ConfirmAddressError::HasSecondStep);
    }
    let twice = repo::alliances_of_both(tx, (asked.account_id, other), now).await?;
    if !twice.is_empty() {
        return Err(ConfirmAddressError::TwoPeople(twice.join(", ")));
    }
    // What is left of its people holds no role, and is nobody's from now on.
    repo::take_over(tx, asked, other).await?;
    repo::delete_account(tx, other).await?;
    Ok(())
}

failure!(ConfirmAddressError {
    WrongCode => "code",
    HasSecondStep => "code",
    TwoPeople => "code",
} nested { Forbidden, Internal });
