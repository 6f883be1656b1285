use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{alliances::remove_strand, ids::StrandId};

use super::StrandObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A strand that is given up.
#[derive(InputObject)]
struct RemoveStrandInput {
    /// The alliance's short address.
    alliance: String,
    /// Which.
    strand_id: ID,
}

payload! {
    /// The strand that was removed.
    RemoveStrandPayload {
        /// What it was.
        strand: StrandObject
    }
}

#[derive(Default)]
pub(crate) struct RemoveStrandMutation;

#[Object]
impl RemoveStrandMutation {
    /// Give up a strand of work that nobody leads or has led. Nothing else is stored of it.
    async fn remove_strand(
        &self,
        ctx: &Context<'_>,
        input: RemoveStrandInput,
    ) -> Result<RemoveStrandPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = StrandId(local(Kind::Strand, change.id(), &input.strand_id));
        let done = answer(remove_strand(session.app(), change.viewer(), id).await)?;
        Ok(done.map(|done| StrandObject::of(change.id(), done)).into())
    }
}
