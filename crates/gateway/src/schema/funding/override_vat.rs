use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::invoices::{OverrideVat, override_vat},
    ids::{BudgetId, MemberId},
};

use super::VatTreatmentEnum;
use crate::schema::{
    context::{Inside, Session},
    errors::{answer, forbidden, payload, unknown_alliance},
    ids::{Kind, local},
    schools::MemberObject,
};

/// How VAT shall treat one member's line.
#[derive(InputObject)]
struct OverrideVatInput {
    /// The alliance's short address.
    alliance: String,
    /// Of which year.
    budget_id: ID,
    /// Whose line.
    member_id: ID,
    /// None: by the rules again.
    treatment: Option<VatTreatmentEnum>,
    /// Why, in 1 to 300 characters. The invoice says it too.
    reason: String,
}

payload! {
    /// The member whose line is treated so.
    OverrideVatPayload {
        /// The member.
        member: MemberObject
    }
}

#[derive(Default)]
pub(crate) struct OverrideVatMutation;

#[Object]
impl OverrideVatMutation {
    /// Decide how VAT treats one member's line in invoices still to be issued, where the rules have it otherwise.
    async fn override_vat(&self, ctx: &Context<'_>, input: OverrideVatInput) -> Result<OverrideVatPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let member_id = MemberId(local(Kind::Member, change.id(), &input.member_id));
        let decision = OverrideVat {
            budget_id: BudgetId(local(Kind::Budget, change.id(), &input.budget_id)),
            member_id,
            treatment: input.treatment.map(Into::into),
            reason: input.reason,
        };
        let done = answer(override_vat(session.app(), change.viewer(), decision).await)?;
        let member =
            async |inside: std::sync::Arc<Inside>, ()| inside.member(member_id).await?.ok_or_else(forbidden);
        Ok(change.answer(done, member).await?.into())
    }
}
