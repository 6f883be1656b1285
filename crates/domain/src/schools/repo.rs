//! SQL of the register.
use crate::{db::Tx, error::Internal, schools::members::SchoolToAdd};

pub(crate) async fn school_for_member(_tx: &mut Tx, _urn: i32) -> Result<Option<SchoolToAdd>, Internal> {
    Ok(None)
}
