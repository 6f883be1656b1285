use async_graphql::{Context, InputObject, Object, Result};
use domain::people::departures::{LeaveAlliance, leave_alliance};

use super::HoldingsObject;
use crate::schema::{
    access::signed_out,
    context::Session,
    errors::{self, answer, payload},
    scalars::Date,
};

/// That you leave an alliance.
#[derive(InputObject)]
struct LeaveAllianceInput {
    /// The alliance's short address.
    alliance: String,
    /// Your last day: today, or one of the next 90 days.
    ends_on: Date,
}

payload! {
    /// What you hold until then.
    LeaveAlliancePayload {
        /// What you hold until then.
        holdings: HoldingsObject
    }
}

#[derive(Default)]
pub(crate) struct LeaveAllianceMutation;

#[Object]
impl LeaveAllianceMutation {
    /// Leave an alliance: your roles and posts there end after that day, and whoever runs it is told. The last who can run
    /// an alliance cannot leave it. A token cannot leave.
    async fn leave_alliance(
        &self,
        ctx: &Context<'_>,
        input: LeaveAllianceInput,
    ) -> Result<LeaveAlliancePayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let slug = input.alliance.clone();
        let input = LeaveAlliance { slug: input.alliance, ends_on: input.ends_on.0 };
        if let Err(error) = answer(leave_alliance(session.app(), own, input).await)? {
            return Ok(Err(error).into());
        }
        let inside = session.enter(&slug).await?.ok_or_else(errors::forbidden)?;
        Ok(Ok(super::holdings(&inside).await?).into())
    }
}
