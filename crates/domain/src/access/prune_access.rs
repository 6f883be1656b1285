//! What sign-in has left behind goes.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{address, limits, passkeys, repo, second_step};
use crate::{
    app::App,
    error::Internal,
    jobs::{Job, Priority},
};

/// How long the address of whoever asked for a code is kept after the code has ended.
const KEEP_CODES: TimeDelta = TimeDelta::hours(1);
/// How long a token stays in its person's list after its last day, so that they see why a program stopped.
const KEEP_TOKENS: TimeDelta = TimeDelta::days(90);

/// Deletes codes that have ended, with the addresses that asked for them, sign-ins and changes of address that stopped
/// half-way, what devices were asked and did not answer, sessions that
/// have ended, and API tokens that ended 90 days ago.
#[derive(Debug, Serialize, Deserialize)]
pub struct PruneAccess {}

impl Job for PruneAccess {
    const KIND: &'static str = "prune_access";
    const PRIORITY: Priority = Priority::CanWait;
}

/// Returns how many rows are gone.
pub async fn prune_access(app: &App) -> Result<u64, Internal> {
    let now = app.clock.now();
    let mut tx = app.db.machine().await?;
    let codes = repo::delete_codes(&mut tx, now - KEEP_CODES).await?;
    let starts = second_step::delete_ended_starts(&mut tx, now).await?;
    let challenges = passkeys::delete_ended_challenges(&mut tx, now).await?;
    let addresses = address::delete_unproved(&mut tx, now - limits::CODE_LIFETIME - KEEP_CODES).await?;
    let sessions = repo::delete_ended_sessions(&mut tx, now, now - limits::SESSION_IDLE).await?;
    let tokens = repo::delete_ended_tokens(&mut tx, now - KEEP_TOKENS).await?;
    tx.commit().await?;
    Ok(codes + starts + challenges + addresses + sessions + tokens)
}
