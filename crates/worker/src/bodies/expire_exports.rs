//! Exports whose time is over go.

use domain::alliances::exports::{ExpireExports, expired_exports, record_expired};
use object_store::ObjectStoreExt;

use super::Deps;
use crate::{JobContext, JobError};

/// Deletes each file, and only then says that it is gone.
pub(super) async fn expire_exports(context: JobContext<Deps>, _job: ExpireExports) -> Result<(), JobError> {
    let (app, viewer) = (&context.app, &context.viewer);
    for (id, store_key) in expired_exports(app, viewer).await? {
        match context.deps.store.delete(&store_key.into()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => record_expired(app, viewer, id).await?,
            Err(error) => return Err(JobError::Retry(format!("the file store: {error}"))),
        }
    }
    Ok(())
}
