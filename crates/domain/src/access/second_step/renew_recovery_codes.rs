//! "Give me new recovery codes."

use super::{super::Session, SecondStepChange, SendSecondStepNotice, new_recovery_codes, prove};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    problem::failure,
};

/// Why the recovery codes stayed as they are.
#[derive(Debug, thiserror::Error)]
pub enum RenewRecoveryCodesError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Wrong, used before, too many tries, or no second step at all.
    #[error("That code does not work. Type the newest code of your app, or a recovery code not used before.")]
    WrongCode,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Makes ten recovery codes in place of those that there are, for whoever proves the second step with `code`. Nobody can
/// see them again.
pub async fn renew_recovery_codes(
    app: &App,
    session: &Session,
    code: &str,
) -> Result<Vec<String>, RenewRecoveryCodesError> {
    session.device()?;
    let account_id = session.account.id;
    let mut tx = app.db.machine().await?;
    if !prove(app, &mut tx, account_id, code).await? {
        tx.commit().await?;
        return Err(RenewRecoveryCodesError::WrongCode);
    }
    let new = new_recovery_codes(app, &mut tx, account_id).await?;
    SendSecondStepNotice::queue(app, &mut tx, account_id, SecondStepChange::RecoveryCodesRenewed).await?;
    tx.commit().await?;
    Ok(new)
}

failure!(RenewRecoveryCodesError {
    WrongCode => "code",
} nested { Forbidden, Internal });
