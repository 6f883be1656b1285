use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::add_strand;

use super::StrandObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// A strand of work.
#[derive(InputObject)]
struct AddStrandInput {
    /// The alliance's short address.
    alliance: String,
    /// Its name, at most 100 characters.
    name: String,
}

payload! {
    /// The strand that was added.
    AddStrandPayload {
        /// The strand.
        strand: StrandObject
    }
}

#[derive(Default)]
pub(crate) struct AddStrandMutation;

#[Object]
impl AddStrandMutation {
    /// Take up another strand of work, after the others.
    async fn add_strand(&self, ctx: &Context<'_>, input: AddStrandInput) -> Result<AddStrandPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let done = answer(add_strand(session.app(), change.viewer(), &input.name).await)?;
        Ok(done.map(|done| StrandObject::of(change.id(), done)).into())
    }
}
