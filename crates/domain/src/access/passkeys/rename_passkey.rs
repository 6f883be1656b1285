//! "It is called otherwise."

use super::{super::Session, repo};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::PasskeyId,
    problem::failure,
    text::one_line,
};

/// Why the name stayed.
#[derive(Debug, thiserror::Error)]
pub enum RenamePasskeyError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Empty, or longer than 60 characters.
    #[error("Please give the passkey a name of at most 60 characters, such as “Office laptop”.")]
    InvalidName,
    /// No such passkey of this account, or no longer.
    #[error("This passkey is not there any more.")]
    UnknownPasskey,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Renames a passkey of the account.
pub async fn rename_passkey(
    app: &App,
    session: &Session,
    id: PasskeyId,
    name: &str,
) -> Result<(), RenamePasskeyError> {
    session.device()?;
    let name = one_line(name, 60).ok_or(RenamePasskeyError::InvalidName)?;
    if !repo::rename_passkey(app, session.account.id, id, &name).await? {
        return Err(RenamePasskeyError::UnknownPasskey);
    }
    Ok(())
}

failure!(RenamePasskeyError {
    InvalidName => "name",
    UnknownPasskey => "passkeyId",
} nested { Forbidden, Internal });
