//! How far the demo has got in this database. It goes into an empty one only, and one that was interrupted is not taken
//! for whole.

use sqlx::{Connection, PgConnection};

use super::repo;
use crate::{app::App, error::Internal};

/// What this database is, to the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoState {
    /// Neither an alliance nor an account is here. (The national register may be.)
    Empty,
    /// It was begun and not finished, and nobody was let in since.
    HalfMade,
    /// It was made, whatever people have done with it since.
    Made,
    /// People have alliances of their own here.
    InUse,
}

/// Whether the demo is here, or may come here.
pub async fn demo_state(app: &App) -> Result<DemoState, Internal> {
    let (mark, has_anybody) = repo::demo(&mut app.db.machine().await?).await?;
    Ok(match (mark.as_deref(), has_anybody) {
        (Some("begun"), _) => DemoState::HalfMade,
        (Some("made"), _) => DemoState::Made,
        (None, false) => DemoState::Empty,
        (Some(_), _) | (None, true) => DemoState::InUse,
    })
}

/// Marks the demo as begun. Fails where another process has begun it.
pub async fn begin_demo(app: &App) -> Result<(), Internal> {
    let mut tx = app.db.machine().await?;
    repo::insert_demo(&mut tx).await?;
    tx.commit().await
}

/// Marks the demo as made: everything is here.
pub async fn finish_demo(app: &App) -> Result<(), Internal> {
    mark(app, "made").await
}

/// Lets people in to whatever is here: a half-made demo is then theirs, and is never cleared away.
pub async fn leave_demo(app: &App) -> Result<(), Internal> {
    mark(app, "left").await
}

async fn mark(app: &App, state: &str) -> Result<(), Internal> {
    let mut tx = app.db.machine().await?;
    repo::mark_begun_demo(&mut tx, state).await?;
    tx.commit().await
}

/// As the schema's owner, takes a half-made demo away again: every alliance and account. Changes nothing in any other
/// state. The national register stays.
pub async fn clear_half_made_demo(owner_url: &str) -> Result<(), Internal> {
    let mut conn = PgConnection::connect(owner_url).await?;
    repo::clear_begun_demo(&mut conn).await?;
    Ok(conn.close().await?)
}
