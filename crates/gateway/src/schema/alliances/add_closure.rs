use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::{ClosureInput, add_closure};

use super::ClosureObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    scalars::Date,
};

/// Days on which schools are closed.
#[derive(InputObject)]
struct AddClosureInput {
    /// The alliance's short address.
    alliance: String,
    /// What it is, at most 100 characters: Autumn half term.
    name: String,
    /// The first day.
    starts_on: Date,
    /// The last day, at most 100 days on.
    ends_on: Date,
}

payload! {
    /// The closure that was entered.
    AddClosurePayload {
        /// The closure.
        closure: ClosureObject
    }
}

#[derive(Default)]
pub(crate) struct AddClosureMutation;

#[Object]
impl AddClosureMutation {
    /// Enter days on which schools are closed: no invoice falls due then from now on, and no reminder goes.
    async fn add_closure(&self, ctx: &Context<'_>, input: AddClosureInput) -> Result<AddClosurePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let closure =
            ClosureInput { name: input.name, starts_on: input.starts_on.0, ends_on: input.ends_on.0 };
        let done = answer(add_closure(session.app(), change.viewer(), closure).await)?;
        Ok(done.map(|done| ClosureObject::of(change.id(), done)).into())
    }
}
