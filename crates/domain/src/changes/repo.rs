//! SQL of announcements.

use crate::{db::Tx, error::Internal};

/// Sends each payload when the transaction commits; equal ones once. Each names its alliance.
pub(super) async fn notify(tx: &mut Tx, channel: &str, payloads: &[String]) -> Result<(), Internal> {
    sqlx::query!(
        "select count(pg_notify($1, payload)::text) from unnest($2::text[]) as payload",
        channel,
        payloads
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(())
}
