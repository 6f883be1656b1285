use async_graphql::{Context, Enum, InputObject, Object, Result};
use domain::{
    alliances::{self, FoundOwnAlliance, found_own_alliance},
    schools::members::{MemberIdentity, Phase},
};

use crate::schema::{
    access::{AllianceEntryObject, signed_out},
    context::Session,
    errors::{answer, payload},
    schools::PhaseEnum,
};

/// What an alliance begins with: its strands and its words, all of which it can change.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Template", remote = "alliances::Template")]
enum TemplateEnum {
    /// The Teaching School Alliance and its six strands.
    TeachingSchoolAlliance,
    /// The Teaching School Hub of 2021 and after.
    TeachingSchoolHub,
    /// A county partnership.
    CountyPartnership,
}

/// An alliance of your own.
#[derive(InputObject)]
struct FoundAllianceInput {
    /// Its name, at most 200 characters.
    name: String,
    /// Its part of the address: 2 to 63 lower-case letters, digits and single hyphens.
    short_address: String,
    /// What it begins with.
    template: TemplateEnum,
    /// Your own name, at most 200 characters.
    your_name: String,
    /// The number in the national register of the school that leads it, and becomes its first member.
    urn: Option<i32>,
    /// The same by name, for a school that is not in the register; at most 300 characters. Without either the alliance has
    /// no lead school yet.
    lead_name: Option<String>,
    /// The ages that such a school teaches.
    lead_phase: Option<PhaseEnum>,
}

payload! {
    /// The alliance that was founded.
    FoundAlliancePayload {
        /// Where it is.
        alliance: AllianceEntryObject
    }
}

#[derive(Default)]
pub(crate) struct FoundAllianceMutation;

#[Object]
impl FoundAllianceMutation {
    /// Start an alliance, and direct it. It is on trial, with mail to its own team only, until it is confirmed.
    async fn found_alliance(
        &self,
        ctx: &Context<'_>,
        input: FoundAllianceInput,
    ) -> Result<FoundAlliancePayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let outside =
            |name| MemberIdentity::Outside { name, phase: input.lead_phase.map_or(Phase::Other, Into::into) };
        let in_register = input.urn.map(|urn| MemberIdentity::Register { urn });
        let lead_school = in_register.or_else(|| input.lead_name.map(outside));
        let input = FoundOwnAlliance {
            name: input.name,
            slug: input.short_address,
            template: input.template.into(),
            lead_school,
            your_name: input.your_name,
        };
        Ok(answer(found_own_alliance(session.app(), own, input).await)?.map(Into::into).into())
    }
}
