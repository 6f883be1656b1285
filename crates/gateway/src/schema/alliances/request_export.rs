use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::exports::request_export;

use super::ExportObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// Everything that an alliance holds.
#[derive(InputObject)]
struct RequestExportInput {
    /// The alliance's short address.
    alliance: String,
}

payload! {
    /// The export that is being made.
    RequestExportPayload {
        /// The export.
        export: ExportObject
    }
}

#[derive(Default)]
pub(crate) struct RequestExportMutation;

#[Object]
impl RequestExportMutation {
    /// Have everything that the alliance holds put into one file, one at a time and five a day at the most. You are mailed when
    /// it is ready.
    async fn request_export(
        &self,
        ctx: &Context<'_>,
        input: RequestExportInput,
    ) -> Result<RequestExportPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let done = answer(request_export(session.app(), change.viewer()).await)?;
        let answered = change.answer(done, async |inside, export| Ok(ExportObject::of(inside, export)));
        Ok(answered.await?.into())
    }
}
