//! When payers are reminded.

use super::repo;
use crate::{
    app::App,
    error::{Forbidden, Internal},
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the levels stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum SetReminderLevelsError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// None, too many, or out of range.
    #[error("Give one to eight different days, from 60 before the due date to 365 after it.")]
    InvalidLevels,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Sets the levels, in days from the due date. Reminders already sent are not sent again.
pub async fn set_reminder_levels(
    app: &App,
    viewer: &Viewer,
    mut levels: Vec<i16>,
) -> Result<Vec<i16>, SetReminderLevelsError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    levels.sort_unstable();
    let is_range = levels.iter().all(|level| (-60..=365).contains(level));
    let is_distinct = levels.windows(2).all(|pair| pair[0] < pair[1]);
    if !is_range || !is_distinct || !(1..=8).contains(&levels.len()) {
        return Err(SetReminderLevelsError::InvalidLevels);
    }
    let mut tx = app.db.begin(scope).await?;
    repo::replace_levels(&mut tx, &levels).await?;
    tx.commit().await?;
    Ok(levels)
}

failure!(SetReminderLevelsError {
    InvalidLevels => "levels",
} nested { Forbidden, Internal });
