//! "Here is my passkey."

use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

use super::{
    super::{SecondStepChange, SendSecondStepNotice, Session, repo as sign_in_repo},
    Passkey, Purpose, ceremony, repo, take,
};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::PasskeyId,
    problem::failure,
    text::one_line,
};

/// What a device made.
#[derive(Debug, Clone)]
pub struct AddPasskey {
    /// The challenge of [`super::begin_passkey`].
    pub challenge: String,
    /// What the browser answered, as JSON.
    pub answer: String,
    /// What the person calls it, at most 60 characters.
    pub name: String,
}

/// Why no passkey was added.
#[derive(Debug, thiserror::Error)]
pub enum AddPasskeyError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Empty, or longer than 60 characters.
    #[error("Please give the passkey a name of at most 60 characters, such as “Office laptop”.")]
    InvalidName,
    /// To another challenge or none, too late, from another site, or without making sure of the person.
    #[error(
        "Your device’s answer could not be used, or came after more than five minutes. Please begin again."
    )]
    WrongAnswer,
    /// It is here already.
    #[error("This passkey is here already.")]
    KnownPasskey,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Adds the passkey that the device made, and tells the person by mail.
pub async fn add_passkey(
    app: &App,
    session: &Session,
    input: AddPasskey,
) -> Result<Passkey, AddPasskeyError> {
    use AddPasskeyError as E;
    let this = session.device()?;
    let account_id = session.account.id;
    let name = one_line(&input.name, 60).ok_or(E::InvalidName)?;
    let ceremony = ceremony(app)?.ok_or(E::WrongAnswer)?;

    let mut tx = app.db.machine().await?;
    let of = (Purpose::Add, Some(account_id));
    let state: Option<PasskeyRegistration> = take(app, &mut tx, &input.challenge, of).await?;
    let answer = serde_json::from_str::<RegisterPublicKeyCredential>(&input.answer).ok();
    let made = state
        .zip(answer)
        .and_then(|(state, answer)| ceremony.finish_passkey_registration(&answer, &state).ok());
    let Some(key) = made else {
        tx.commit().await?;
        return Err(E::WrongAnswer);
    };
    // What ends every session and passkey of an account misses none that is added at the same time.
    if !sign_in_repo::hold_session(&mut tx, this).await? {
        return Err(Forbidden.into());
    }
    let passkey = Passkey { id: PasskeyId::new(app), name, created_at: app.clock.now(), last_used_at: None };
    repo::insert_passkey(&mut tx, account_id, &passkey, &key).await?;
    SendSecondStepNotice::queue(app, &mut tx, account_id, SecondStepChange::PasskeyAdded).await?;
    tx.commit().await?;
    Ok(passkey)
}

failure!(AddPasskeyError {
    InvalidName => "name",
    WrongAnswer => "answer",
    KnownPasskey => "answer",
} nested { Forbidden, Internal });
