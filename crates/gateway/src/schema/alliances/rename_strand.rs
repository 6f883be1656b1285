use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    alliances::{RenameStrand, rename_strand},
    ids::StrandId,
};

use super::StrandObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A strand as it shall be called.
#[derive(InputObject)]
struct RenameStrandInput {
    /// The alliance's short address.
    alliance: String,
    /// Which.
    strand_id: ID,
    /// Its name, at most 100 characters.
    name: String,
}

payload! {
    /// The strand as it is called now.
    RenameStrandPayload {
        /// The strand.
        strand: StrandObject
    }
}

#[derive(Default)]
pub(crate) struct RenameStrandMutation;

#[Object]
impl RenameStrandMutation {
    /// Give a strand another name.
    async fn rename_strand(
        &self,
        ctx: &Context<'_>,
        input: RenameStrandInput,
    ) -> Result<RenameStrandPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let strand = RenameStrand {
            strand_id: StrandId(local(Kind::Strand, change.id(), &input.strand_id)),
            name: input.name,
        };
        let done = answer(rename_strand(session.app(), change.viewer(), strand).await)?;
        Ok(done.map(|done| StrandObject::of(change.id(), done)).into())
    }
}
