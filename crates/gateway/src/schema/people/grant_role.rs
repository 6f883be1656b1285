use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::{MemberId, PersonId, StrandId},
    people::{GrantRole, grant_role},
};

use super::RoleGrantObject;
use crate::schema::{
    alliances::RoleEnum,
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Date,
};

/// A role for a person whom the alliance knows.
#[derive(InputObject)]
struct GrantRoleInput {
    /// The alliance's short address.
    alliance: String,
    /// To whom.
    person_id: ID,
    /// What they may act as.
    role: RoleEnum,
    /// The one school that a school's role is for.
    member_id: Option<ID>,
    /// The one strand of work that a strand lead's role is for.
    strand_id: Option<ID>,
    /// The first day; today when not given.
    starts_on: Option<Date>,
    /// The last day, when that is known beforehand.
    ends_on: Option<Date>,
}

payload! {
    /// The role that was given.
    GrantRolePayload {
        /// The role.
        grant: RoleGrantObject
    }
}

#[derive(Default)]
pub(crate) struct GrantRoleMutation;

#[Object]
impl GrantRoleMutation {
    /// Give a person a role. Nobody gives one that is above their own, or one to themselves.
    async fn grant_role(&self, ctx: &Context<'_>, input: GrantRoleInput) -> Result<GrantRolePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = GrantRole {
            person_id: PersonId(local(Kind::Person, change.id(), &input.person_id)),
            role: input.role.into(),
            member_id: input.member_id.map(|id| MemberId(local(Kind::Member, change.id(), &id))),
            strand_id: input.strand_id.map(|id| StrandId(local(Kind::Strand, change.id(), &id))),
            starts_on: input.starts_on.map(|date| date.0),
            ends_on: input.ends_on.map(|date| date.0),
        };
        let done = answer(grant_role(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, grant| Ok(RoleGrantObject { inside, grant })).await?.into())
    }
}
