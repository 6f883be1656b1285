//! Days on which schools are closed are entered.

use chrono::NaiveDate;

use super::{Closure, repo};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::ClosureId,
    problem::{Failure, failure},
    text::one_line,
    viewer::{Permission, Viewer},
};

/// The most days that a closure may last: more than a summer, less than a mistyped year.
const LONGEST_DAYS: i64 = 100;

/// Days on which schools are closed, as a person gives them.
#[derive(Debug, Clone)]
pub struct ClosureInput {
    /// What it is, at most 100 characters: "Autumn half term".
    pub name: String,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day.
    pub ends_on: NaiveDate,
}

impl ClosureInput {
    pub(super) fn closure(self, id: ClosureId) -> Result<Closure, ClosureInputError> {
        use ClosureInputError as E;
        let name = one_line(&self.name, 100).ok_or(E::InvalidName)?;
        let days = (self.ends_on - self.starts_on).num_days() + 1;
        match days {
            ..1 => Err(E::EndsBeforeStart),
            1..=LONGEST_DAYS => Ok(Closure { id, name, starts_on: self.starts_on, ends_on: self.ends_on }),
            _ => Err(E::TooLong),
        }
    }
}

/// Why these are no days to be closed on.
#[derive(Debug, thiserror::Error)]
pub enum ClosureInputError {
    /// Empty, or longer than 100 characters.
    #[error("Please say what it is in at most 100 characters, such as Autumn half term.")]
    InvalidName,
    /// Over before it begins.
    #[error("The last day cannot be before the first day.")]
    EndsBeforeStart,
    /// Longer than schools are ever closed.
    #[error("Schools are not closed for more than 100 days on end: please look at the dates again.")]
    TooLong,
}

failure!(ClosureInputError {
    InvalidName => "name",
    EndsBeforeStart => "endsOn",
    TooLong => "endsOn",
});

/// Why nothing was entered.
#[derive(Debug, thiserror::Error)]
pub enum AddClosureError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// What was given.
    #[error(transparent)]
    Input(#[from] ClosureInputError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Enters days on which schools are closed. From now on no invoice falls due on one, and no reminder goes then; due
/// dates of invoices already issued stay.
pub async fn add_closure(
    app: &App,
    viewer: &Viewer,
    input: ClosureInput,
) -> Result<Closure, AddClosureError> {
    let scope = viewer.require(Permission::ManageAlliance)?;
    let closure = input.closure(ClosureId::new(app))?;

    let mut tx = app.db.begin(scope).await?;
    repo::insert_closure(&mut tx, &closure).await?;
    tx.commit().await?;
    Ok(closure)
}

// It has no variant of its own that a field could be named for.
impl From<AddClosureError> for Failure {
    fn from(error: AddClosureError) -> Self {
        match error {
            AddClosureError::Forbidden(inner) => inner.into(),
            AddClosureError::Input(inner) => inner.into(),
            AddClosureError::Internal(inner) => inner.into(),
        }
    }
}
