//! What comes with every worker: rows that nobody needs any more go. `schedule` says when.
//!
//! | what | how long it is kept |
//! |---|---|
//! | jobs that were done or discarded | a week; it is what tells that a tick was done |
//! | sign-in codes, with the address | an hour after they ended |
//! | sessions | until they end |
//! | API tokens | 90 days after they ended |
//! | idempotency keys | 72 hours |
//! | mails of the development mailbox | the newest 1,000 |
//!
//! Files of exports go with `bodies::expire_exports`.

use domain::{
    access::{PruneAccess, prune_access},
    idempotency::{PruneIdempotencyKeys, prune_idempotency_keys},
    jobs::{PruneJobs, prune_jobs},
    messages::{PruneDevelopmentMails, prune_development_mails},
};

use crate::Registry;

/// The registry with the bodies of the deployment's upkeep.
pub(crate) fn with_upkeep<D: Send + 'static>(registry: Registry<D>) -> Registry<D> {
    registry
        .on(|context, PruneJobs {}| async move {
            let deleted = prune_jobs(&context.app).await?;
            tracing::info!(deleted, "finished jobs are gone");
            Ok(())
        })
        .on(|context, PruneAccess {}| async move {
            let deleted = prune_access(&context.app).await?;
            tracing::info!(deleted, "ended codes, sessions and tokens are gone");
            Ok(())
        })
        .on(|context, PruneDevelopmentMails {}| async move {
            let deleted = prune_development_mails(&context.app).await?;
            tracing::info!(deleted, "old mails of the development mailbox are gone");
            Ok(())
        })
        .on(|context, PruneIdempotencyKeys {}| async move {
            let deleted = prune_idempotency_keys(&context.app, &context.viewer).await?;
            tracing::info!(deleted, "old idempotency keys are gone");
            Ok(())
        })
}
