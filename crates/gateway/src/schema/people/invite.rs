use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::{MemberId, StrandId},
    people::invitations::{Invite, invite},
};

use super::InvitationObject;
use crate::schema::{
    alliances::RoleEnum,
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// Who is invited, and as what.
#[derive(InputObject)]
struct InviteInput {
    /// The alliance's short address.
    alliance: String,
    /// As they shall be known, unless they are known already.
    name: String,
    /// Where; whoever has proved this address takes it up.
    email: String,
    /// What they may act as.
    role: RoleEnum,
    /// The one school that a school's role is for.
    member_id: Option<ID>,
    /// The one strand of work that a strand lead's role is for.
    strand_id: Option<ID>,
    /// What to say to them, at most 500 characters.
    message: Option<String>,
}

payload! {
    /// The invitation.
    InvitePayload {
        /// The invitation.
        invitation: InvitationObject
    }
}

#[derive(Default)]
pub(crate) struct InviteMutation;

#[Object]
impl InviteMutation {
    /// Invite somebody to act in a role, and mail it to them. Whoever has proved the address accepts or declines.
    async fn invite(&self, ctx: &Context<'_>, input: InviteInput) -> Result<InvitePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = Invite {
            name: input.name,
            email: input.email,
            role: input.role.into(),
            member_id: input.member_id.map(|id| MemberId(local(Kind::Member, change.id(), &id))),
            strand_id: input.strand_id.map(|id| StrandId(local(Kind::Strand, change.id(), &id))),
            message: input.message.unwrap_or_default(),
        };
        let done = answer(invite(session.app(), change.viewer(), input).await)?;
        let object = async |inside, invitation| Ok(InvitationObject { inside, invitation });
        Ok(change.answer(done, object).await?.into())
    }
}
