//! A person says how many pupils a school has, where the register does not.

use chrono::NaiveDate;

use super::{Roll, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::MemberId,
    problem::failure,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// A roll as a person gives it.
#[derive(Debug, Clone)]
pub struct RecordRoll {
    /// Whose.
    pub member_id: MemberId,
    /// Pupils on roll, at most 20,000.
    pub pupils: u32,
    /// The day they were counted, not in the future.
    pub census_date: NaiveDate,
    /// Where the figure comes from, such as "January census, told by the office": 1 to 200 characters.
    pub source: String,
}

/// Why the roll was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RecordRollError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// More than 20,000.
    #[error("A roll is a whole number of pupils, at most 20,000.")]
    InvalidPupils,
    /// Counted in the future.
    #[error("The census date cannot be in the future.")]
    FutureCensus,
    /// No source, or a long one.
    #[error("Please say where the figure comes from, in at most 200 characters: it is shown to the school.")]
    EmptySource,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Records a roll. A newer census in the register takes its place by itself.
pub async fn record_roll(app: &App, viewer: &Viewer, input: RecordRoll) -> Result<Roll, RecordRollError> {
    use RecordRollError as E;
    let scope = viewer.require(Permission::ManageBudgets)?;
    if input.pupils > 20_000 {
        return Err(E::InvalidPupils);
    }
    let source = one_line(&input.source, 200).ok_or(E::EmptySource)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    if input.census_date > alliances::repo::alliance(&mut tx).await?.date(now) {
        return Err(E::FutureCensus);
    }
    let roll = Roll { pupils: input.pupils, census_date: input.census_date, said: Some(source) };
    repo::upsert_roll(&mut tx, input.member_id, &roll, now)
        .await
        .on_constraint("member_rolls_member_fkey", || E::UnknownMember)?;
    tx.announce(&[Change::Member(input.member_id)]).await?;
    tx.commit().await?;
    Ok(roll)
}

failure!(RecordRollError {
    UnknownMember => "memberId",
    InvalidPupils => "pupils",
    FutureCensus => "censusDate",
    EmptySource => "source",
} nested { Forbidden, Internal });
