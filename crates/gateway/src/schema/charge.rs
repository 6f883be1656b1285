//! What a request costs the alliances that it enters.

use std::sync::Arc;

use async_graphql::{ErrorExtensions, Result};
use domain::{ids::AllianceId, text::plural};

use super::errors::coded;
use crate::limits::Limits;

/// The code of what is refused because an allowance is spent.
pub(crate) const THROTTLED: &str = "THROTTLED";

/// The cost of one request.
#[derive(Clone)]
pub(crate) struct Charge {
    pub(crate) limits: Arc<Limits>,
    pub(crate) points: u32,
}

impl Charge {
    /// Takes the cost from an alliance's allowance. Only for whoever may enter it: nobody else can spend what is
    /// another's.
    pub(super) async fn take(&self, alliance_id: AllianceId) -> Result<()> {
        let key = format!("alliance:{}", alliance_id.0);
        let taken = self.limits.take(&key, self.points, self.limits.allowances.alliance).await;
        if taken.granted {
            return Ok(());
        }
        let seconds = taken.retry_after();
        let message = format!(
            "This alliance has asked for a lot. Ask again in {}.",
            plural(seconds, "second", "seconds")
        );
        Err(coded(&message, THROTTLED).extend_with(|_, extensions| extensions.set("retryAfter", seconds)))
    }
}
