use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::schools::members::{AddMembers, JoinPlan, Member, add_members, plan_members};

use super::{MemberObject, RegisterSchoolObject};
use crate::schema::{
    context::{Inside, Session},
    errors::{answer, payload, unknown_alliance},
    scalars::Date,
};

/// Schools of the national register that join on one day, each paying for itself until somebody says otherwise.
#[derive(InputObject)]
struct AddMembersInput {
    /// The alliance's short address.
    alliance: String,
    /// Their numbers, 200 at most.
    urns: Vec<i32>,
    /// The first day of their membership.
    joined_on: Date,
    /// Answers with who would join, and adds nobody.
    #[graphql(default)]
    dry_run: bool,
}

/// Who joined, and who did not.
#[derive(SimpleObject)]
struct AddMembersResult {
    /// Those who join, by name.
    joins: Vec<RegisterSchoolObject>,
    /// Those who do not.
    left_out: Vec<LeftOutSchoolObject>,
    /// The new members; none of a dry run.
    members: Vec<MemberObject>,
}

/// A school that does not join.
#[derive(SimpleObject)]
#[graphql(name = "LeftOutSchool")]
struct LeftOutSchoolObject {
    /// Its number.
    urn: i32,
    /// Its name; null when the register has none.
    name: Option<String>,
    /// Why, as a sentence.
    reason: &'static str,
}

payload! {
    /// Who joined; of a dry run, who would.
    AddMembersPayload {
        /// Who did, and who did not.
        result: AddMembersResult
    }
}

fn result(inside: &Arc<Inside>, members: Vec<Member>, plan: JoinPlan) -> AddMembersResult {
    let left_out = plan.left_out.into_iter();
    let object = |member| MemberObject { inside: Arc::clone(inside), member };
    AddMembersResult {
        joins: plan.joins.into_iter().map(Into::into).collect(),
        left_out: left_out
            .map(|one| LeftOutSchoolObject { urn: one.urn, name: one.name, reason: one.reason })
            .collect(),
        members: members.into_iter().map(object).collect(),
    }
}

#[derive(Default)]
pub(crate) struct AddMembersMutation;

#[Object]
impl AddMembersMutation {
    /// Add several schools of the national register at once. Those that cannot join are left out, and said.
    async fn add_members(&self, ctx: &Context<'_>, input: AddMembersInput) -> Result<AddMembersPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let dry_run = input.dry_run;
        let input = AddMembers { urns: input.urns, joined_on: input.joined_on.0 };
        let done = if dry_run {
            plan_members(session.app(), change.viewer(), &input).await.map(|plan| (Vec::new(), plan))
        } else {
            add_members(session.app(), change.viewer(), input).await
        };
        let object = async |inside: Arc<Inside>, (members, plan)| Ok(result(&inside, members, plan));
        Ok(change.answer(answer(done)?, object).await?.into())
    }
}
