use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    alliances::{ChangeClosure, ClosureInput, change_closure},
    ids::ClosureId,
};

use super::ClosureObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Date,
};

/// A closure as it shall be.
#[derive(InputObject)]
struct ChangeClosureInput {
    /// The alliance's short address.
    alliance: String,
    /// Which.
    closure_id: ID,
    /// What it is, at most 100 characters: Autumn half term.
    name: String,
    /// The first day.
    starts_on: Date,
    /// The last day, at most 100 days on.
    ends_on: Date,
}

payload! {
    /// The closure as it is now.
    ChangeClosurePayload {
        /// The closure.
        closure: ClosureObject
    }
}

#[derive(Default)]
pub(crate) struct ChangeClosureMutation;

#[Object]
impl ChangeClosureMutation {
    /// Change days on which schools are closed. Due dates of invoices already issued stay.
    async fn change_closure(
        &self,
        ctx: &Context<'_>,
        input: ChangeClosureInput,
    ) -> Result<ChangeClosurePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let closure = ChangeClosure {
            closure_id: ClosureId(local(Kind::Closure, change.id(), &input.closure_id)),
            closure: ClosureInput {
                name: input.name,
                starts_on: input.starts_on.0,
                ends_on: input.ends_on.0,
            },
        };
        let done = answer(change_closure(session.app(), change.viewer(), closure).await)?;
        Ok(done.map(|done| ClosureObject::of(change.id(), done)).into())
    }
}
