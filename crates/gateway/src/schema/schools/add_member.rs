use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::{MemberId, PayerId, PersonId},
    schools::members::{AddMember, MemberIdentity, PayerChoice, PayerDetails, Phase, add_member},
};

use super::{MemberObject, PayerKindEnum, PhaseEnum, PurchaseOrderRuleEnum};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Date,
};

/// A new member: from the register by `urn`, or outside it by `name` and `phase`.
#[derive(InputObject)]
struct AddMemberInput {
    /// The alliance's short address.
    alliance: String,
    /// The school's number in the national register.
    urn: Option<i32>,
    /// The name, for a member outside the register.
    name: Option<String>,
    /// The ages it teaches, for a member outside the register.
    phase: Option<PhaseEnum>,
    /// The first day of membership.
    joined_on: Date,
    /// A payer that the alliance has already.
    payer_id: Option<ID>,
    /// A new payer. Without this and `payerId` the school pays for itself.
    new_payer: Option<PayerInput>,
}

/// What is known of a payer.
#[derive(InputObject)]
pub(crate) struct PayerInput {
    /// What kind of body.
    kind: PayerKindEnum,
    /// The legal name that invoices bear.
    legal_name: String,
    /// The postal address, a line each.
    address: String,
    /// The accounts-payable mailbox.
    accounts_email: Option<String>,
    /// Whether it pays without a purchase order.
    purchase_order: PurchaseOrderRuleEnum,
    /// Who is asked about money.
    finance_contact_id: Option<ID>,
}

impl PayerInput {
    pub(super) fn details(self, alliance_id: domain::ids::AllianceId) -> PayerDetails {
        PayerDetails {
            kind: self.kind.into(),
            legal_name: self.legal_name,
            address: self.address,
            accounts_email: self.accounts_email,
            purchase_order: self.purchase_order.into(),
            finance_contact_id: self
                .finance_contact_id
                .map(|id| PersonId(local(Kind::Person, alliance_id, &id))),
        }
    }
}

payload! {
    /// The member that joined.
    AddMemberPayload {
        /// The member.
        member: MemberObject
    }
}

#[derive(Default)]
pub(crate) struct AddMemberMutation;

#[Object]
impl AddMemberMutation {
    /// A school or other body joins.
    async fn add_member(&self, ctx: &Context<'_>, input: AddMemberInput) -> Result<AddMemberPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let identity = match input.urn {
            Some(urn) => MemberIdentity::Register { urn },
            None => MemberIdentity::Outside {
                name: input.name.unwrap_or_default(),
                phase: input.phase.map_or(Phase::Other, Into::into),
            },
        };
        let payer = payer_choice(change.id(), input.payer_id.as_ref(), input.new_payer);
        let member = AddMember { identity, joined_on: input.joined_on.0, payer };
        let done = answer(add_member(session.app(), change.viewer(), member).await)?;
        Ok(change.answer(done, async |inside, member| Ok(MemberObject { inside, member })).await?.into())
    }
}

/// Who an input says pays: a payer there is, else a new one, else the school itself.
pub(super) fn payer_choice(
    alliance_id: domain::ids::AllianceId,
    payer_id: Option<&ID>,
    new_payer: Option<PayerInput>,
) -> PayerChoice {
    match (payer_id, new_payer) {
        (Some(id), _) => PayerChoice::Existing(PayerId(local(Kind::Payer, alliance_id, id))),
        (None, Some(payer)) => PayerChoice::New(payer.details(alliance_id)),
        (None, None) => PayerChoice::Itself,
    }
}

/// The member that an input names, in the alliance that it names.
pub(crate) fn member_id(alliance_id: domain::ids::AllianceId, id: &ID) -> MemberId {
    MemberId(local(Kind::Member, alliance_id, id))
}
