//! A second step at sign-in: after the code from the mail, one of an app on the person's phone, or one of ten recovery
//! codes on paper.
//!
//! What the app makes its codes from is kept encrypted, and of a recovery code only what the deployment's secret makes of
//! it: neither is worth anything to whoever has the database alone. Each code counts once.

mod begin_second_step;
mod codes;
mod confirm_second_step;
mod remove_second_step;
mod renew_recovery_codes;
mod repo;
mod send_second_step_notice;
mod take_off_second_step;

pub use begin_second_step::{BeginSecondStepError, SecondStepSetUp, begin_second_step, second_step_set_up};
pub use confirm_second_step::{ConfirmSecondStep, ConfirmSecondStepError, confirm_second_step};
pub use remove_second_step::{RemoveSecondStepError, remove_second_step};
pub use renew_recovery_codes::{RenewRecoveryCodesError, renew_recovery_codes};
pub use send_second_step_notice::{
    SecondStepChange, SecondStepNotice, SendSecondStepNotice, second_step_notice,
};
pub use take_off_second_step::{TakeOffSecondStepError, TakenOff, take_off_second_step};

pub(super) use repo::{delete_ended_starts, delete_start, insert_start, is_set, start};

use sqlx::PgConnection;

use super::{Session, limits};
use crate::{
    app::{App, Secret, Timestamp},
    db::MachineTx,
    error::{Internal, ReadError},
    ids::{AccountId, PersonId},
    viewer::{Permission, Viewer},
};

/// The second step of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondStep {
    /// Since when it is asked for.
    pub set_at: Timestamp,
    /// How many recovery codes have not been used.
    pub recovery_codes_left: i64,
}

/// The account's second step; `None` when it has none.
pub async fn second_step(app: &App, session: &Session) -> Result<Option<SecondStep>, ReadError> {
    session.device()?;
    Ok(repo::second_step(app, session.account.id).await?)
}

/// Whether the account has a second step.
pub(crate) async fn has_second_step(app: &App, account_id: AccountId) -> Result<bool, Internal> {
    Ok(repo::second_step(app, account_id).await?.is_some())
}

/// Which of these people have a second step, for whoever manages members.
pub async fn people_with_second_step(
    app: &App,
    viewer: &Viewer,
    people: &[PersonId],
) -> Result<Vec<PersonId>, ReadError> {
    let scope = viewer.require(Permission::ManageMembers)?;
    Ok(repo::people_with_second_step(app, scope.alliance_id(), people).await?)
}

/// How many second steps are stored, and how many of them `secret` does not open, because they were stored with another
/// one. Whoever has the machine's login may ask.
pub async fn unopened_second_steps(
    connection: &mut PgConnection,
    secret: &Secret,
) -> Result<(usize, usize), Internal> {
    let stored = repo::every_secret(connection).await?;
    let unopened = stored.iter().filter(|(id, sealed)| codes::open(secret, *id, sealed).is_err()).count();
    Ok((stored.len(), unopened))
}

/// What is kept to judge a typed code by.
struct Kept {
    secret: Vec<u8>,
    last_step: i64,
    failures: i32,
    locked_until: Option<Timestamp>,
}

/// Whether `typed` proves the second step of the account: a code of the app, of the half minute now or of the one before
/// or after, or a recovery code. The code is used up by it. Beyond so many wrong ones a right one of the app is refused
/// too, without saying so, each time for twice as long. A recovery code is not: nobody guesses one, and whoever reads the
/// mail must not keep its owner out by typing wrong codes.
///
/// The row stays locked until `tx` ends, so that guesses in parallel count too, and `tx` has to be committed whatever the
/// answer is.
pub(super) async fn prove(
    app: &App,
    tx: &mut MachineTx,
    account_id: AccountId,
    typed: &str,
) -> Result<bool, Internal> {
    let now = app.clock.now();
    let Some(kept) = repo::lock(tx, account_id).await? else { return Ok(false) };
    let is_locked = kept.locked_until.is_some_and(|until| until > now);
    let typed = codes::tidied(typed);
    let is_right = if codes::is_of_an_app(&typed) {
        !is_locked && use_app_code(app, tx, account_id, &kept, &typed).await?
    } else {
        use_recovery_code(app, tx, account_id, &typed).await?
    };
    if is_right {
        repo::forget_failures(tx, account_id).await?;
        return Ok(true);
    }
    // Guessing on does not prolong it.
    if is_locked {
        return Ok(false);
    }
    let failures = kept.failures.saturating_add(1);
    repo::count_failure(tx, account_id, (failures, locked_until(failures, now))).await?;
    Ok(false)
}

/// Whether the app shows this code and no later one has counted yet; if so, it has now.
async fn use_app_code(
    app: &App,
    tx: &mut MachineTx,
    account_id: AccountId,
    kept: &Kept,
    code: &str,
) -> Result<bool, Internal> {
    let secret = codes::open(&app.secret, account_id, &kept.secret)?;
    let step = codes::step_of(secret, code, app.clock.now())?;
    let Some(step) = step.filter(|step| *step > kept.last_step) else { return Ok(false) };
    repo::use_step(tx, account_id, step).await?;
    Ok(true)
}

/// Whether it is a recovery code that has not been used; if so, it has now, and the person is told.
async fn use_recovery_code(
    app: &App,
    tx: &mut MachineTx,
    account_id: AccountId,
    code: &str,
) -> Result<bool, Internal> {
    let hash = codes::recovery_hash(app, account_id, code);
    let used = repo::use_recovery_code(tx, account_id, &hash, app.clock.now()).await?;
    let Some(left) = used else { return Ok(false) };
    SendSecondStepNotice::queue(app, tx, account_id, SecondStepChange::RecoveryCodeUsed { left }).await?;
    Ok(true)
}

/// Until when nothing counts after so many wrong codes in a row.
fn locked_until(failures: i32, now: Timestamp) -> Option<Timestamp> {
    let times = failures / limits::SECOND_STEP_ATTEMPTS;
    let is_at_the_limit = times > 0 && failures % limits::SECOND_STEP_ATTEMPTS == 0;
    // A day is reached long before the shift would be too wide.
    let doubled = 1 << (times - 1).clamp(0, 10);
    is_at_the_limit.then(|| now + (limits::SECOND_STEP_LOCK * doubled).min(limits::SECOND_STEP_LONGEST_LOCK))
}

/// Ten new recovery codes in place of the old ones, as they are shown once.
async fn new_recovery_codes(
    app: &App,
    tx: &mut MachineTx,
    account_id: AccountId,
) -> Result<Vec<String>, Internal> {
    let new: Vec<String> = (0..limits::RECOVERY_CODES).map(|_| codes::new_recovery_code(app)).collect();
    let hashes: Vec<_> =
        new.iter().map(|code| codes::recovery_hash(app, account_id, &codes::tidied(code))).collect();
    repo::replace_recovery_codes(tx, account_id, &hashes).await?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;

    #[test]
    fn every_five_wrong_codes_lock_for_twice_as_long_up_to_a_day() {
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 10, 0, 0).unwrap();
        let minutes = |failures| locked_until(failures, now).map(|until| (until - now).num_minutes());
        for free in [0, 1, 4, 6, 9, 11] {
            assert_eq!(minutes(free), None, "{free}");
        }
        assert_eq!([5, 10, 15, 20].map(minutes), [15, 30, 60, 120].map(Some));
        let day = TimeDelta::days(1).num_minutes();
        assert_eq!([40, 100, i32::MAX - i32::MAX % 5].map(minutes), [day; 3].map(Some));
    }
}
