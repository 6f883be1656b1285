use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{alliances::remove_closure, ids::ClosureId};

use super::ClosureObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A closure that is none.
#[derive(InputObject)]
struct RemoveClosureInput {
    /// The alliance's short address.
    alliance: String,
    /// Which.
    closure_id: ID,
}

payload! {
    /// The closure that was removed.
    RemoveClosurePayload {
        /// What it was.
        closure: ClosureObject
    }
}

#[derive(Default)]
pub(crate) struct RemoveClosureMutation;

#[Object]
impl RemoveClosureMutation {
    /// Remove days on which schools were to be closed. Due dates of invoices already issued stay.
    async fn remove_closure(
        &self,
        ctx: &Context<'_>,
        input: RemoveClosureInput,
    ) -> Result<RemoveClosurePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = ClosureId(local(Kind::Closure, change.id(), &input.closure_id));
        let done = answer(remove_closure(session.app(), change.viewer(), id).await)?;
        Ok(done.map(|done| ClosureObject::of(change.id(), done)).into())
    }
}
