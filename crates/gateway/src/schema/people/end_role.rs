use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::RoleGrantId,
    people::{EndRole, end_role},
};

use super::PersonObject;
use crate::schema::{
    context::{Inside, Session},
    errors::{self, answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Date,
};

/// The end of a role.
#[derive(InputObject)]
struct EndRoleInput {
    /// The alliance's short address.
    alliance: String,
    /// Which role of a person.
    grant_id: ID,
    /// The last day: yesterday at the earliest, which ends it at once.
    ends_on: Date,
}

payload! {
    /// Whose role it is.
    EndRolePayload {
        /// The person, with the roles they have now.
        person: PersonObject
    }
}

#[derive(Default)]
pub(crate) struct EndRoleMutation;

#[Object]
impl EndRoleMutation {
    /// End a role. An alliance is never left without a director or a manager.
    async fn end_role(&self, ctx: &Context<'_>, input: EndRoleInput) -> Result<EndRolePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let grant_id = RoleGrantId(local(Kind::RoleGrant, change.id(), &input.grant_id));
        let input = EndRole { grant_id, ends_on: input.ends_on.0 };
        let done = answer(end_role(session.app(), change.viewer(), input).await)?;
        let person = async |inside: Arc<Inside>, id| inside.person(id).await?.ok_or_else(errors::forbidden);
        Ok(change.answer(done, person).await?.into())
    }
}
