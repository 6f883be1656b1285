use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::deletions::{RequestDeletion, request_deletion};

use super::deletion::DeletionObject;
use crate::schema::{
    access::signed_out,
    context::Session,
    errors::{answer, payload},
};

/// That an alliance is to be deleted.
#[derive(InputObject)]
struct RequestDeletionInput {
    /// The alliance's short address.
    alliance: String,
    /// The same, typed once more by whoever asks.
    typed: String,
    /// Why, at most 500 characters: the other directors read it.
    reason: String,
    /// Whether you keep what the law asks of whoever issued invoices, such as by the export.
    keeps_finance_records: bool,
}

payload! {
    /// The deletion that is under way.
    RequestDeletionPayload {
        /// The deletion.
        deletion: DeletionObject
    }
}

#[derive(Default)]
pub(crate) struct RequestDeletionMutation;

#[Object]
impl RequestDeletionMutation {
    /// Ask for an alliance to be deleted: it is closed after 14 days, and everything goes 30 days later. Every director is told,
    /// and any of them can call it off until then. A token cannot ask.
    async fn request_deletion(
        &self,
        ctx: &Context<'_>,
        input: RequestDeletionInput,
    ) -> Result<RequestDeletionPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let input = RequestDeletion {
            slug: input.alliance,
            typed: input.typed,
            reason: input.reason,
            keeps_finance_records: input.keeps_finance_records,
        };
        let done = answer(request_deletion(session.app(), own, input).await)?;
        Ok(done.map(DeletionObject).into())
    }
}
