use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    ids::{MemberId, StrandId},
    people::invitations::{InviteRun, InviteSeveral, InvitedSeveral, invite_several},
};

use super::InvitationObject;
use crate::schema::{
    alliances::RoleEnum,
    context::{Inside, Session},
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// Who is invited, and as what.
#[derive(InputObject)]
struct InviteSeveralInput {
    /// The alliance's short address.
    alliance: String,
    /// A person a line, 100 at most: `name@school.example`, `A Name <name@school.example>`, or both with a comma between.
    list: String,
    /// What they may act as.
    role: RoleEnum,
    /// The one school that a school's role is for.
    member_id: Option<ID>,
    /// The one strand of work that a strand lead's role is for.
    strand_id: Option<ID>,
    /// What to say to them, at most 500 characters.
    message: Option<String>,
    /// Answers with who would be invited, and invites nobody.
    #[graphql(default)]
    dry_run: bool,
}

/// What became of a list.
#[derive(SimpleObject)]
struct InviteSeveralResult {
    /// Who was invited, in the order of the list. Of a dry run, the ids lead nowhere.
    invited: Vec<InvitationObject>,
    /// The lines that nobody was invited by.
    left_out: Vec<LeftOutLineObject>,
}

/// A line that nobody was invited by.
#[derive(SimpleObject)]
#[graphql(name = "LeftOutLine")]
struct LeftOutLineObject {
    /// Which, counted from one.
    line: usize,
    /// What stands there.
    text: String,
    /// Why, as a sentence.
    reason: String,
}

payload! {
    /// Who was invited; of a dry run, who would be.
    InviteSeveralPayload {
        /// Who was, and what was wrong with each other line.
        result: InviteSeveralResult
    }
}

fn result(inside: &Arc<Inside>, done: InvitedSeveral) -> InviteSeveralResult {
    let object = |invitation| InvitationObject { inside: Arc::clone(inside), invitation };
    let left_out = done.left_out.into_iter();
    InviteSeveralResult {
        invited: done.invited.into_iter().map(object).collect(),
        left_out: left_out
            .map(|one| LeftOutLineObject { line: one.line, text: one.text, reason: one.reason })
            .collect(),
    }
}

#[derive(Default)]
pub(crate) struct InviteSeveralMutation;

#[Object]
impl InviteSeveralMutation {
    /// Invite several people to act in one role, and mail it to each. What is wrong with a line is said, and keeps nobody
    /// else from being invited.
    async fn invite_several(
        &self,
        ctx: &Context<'_>,
        input: InviteSeveralInput,
    ) -> Result<InviteSeveralPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let run = if input.dry_run { InviteRun::Dry } else { InviteRun::Real };
        let input = InviteSeveral {
            list: input.list,
            role: input.role.into(),
            member_id: input.member_id.map(|id| MemberId(local(Kind::Member, change.id(), &id))),
            strand_id: input.strand_id.map(|id| StrandId(local(Kind::Strand, change.id(), &id))),
            message: input.message.unwrap_or_default(),
        };
        let done = answer(invite_several(session.app(), change.viewer(), input, run).await)?;
        let object = async |inside: Arc<Inside>, done| Ok(result(&inside, done));
        Ok(change.answer(done, object).await?.into())
    }
}
