use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::deletions::call_off_deletion;

use super::AllianceObject;
use crate::schema::{
    access::signed_out,
    context::Session,
    errors::{self, answer, payload},
};

/// That an alliance stays.
#[derive(InputObject)]
struct CallOffDeletionInput {
    /// The alliance's short address.
    alliance: String,
}

payload! {
    /// The alliance that stays.
    CallOffDeletionPayload {
        /// The alliance.
        alliance: AllianceObject
    }
}

#[derive(Default)]
pub(crate) struct CallOffDeletionMutation;

#[Object]
impl CallOffDeletionMutation {
    /// Call off the deletion of an alliance, whoever asked for it. Everybody comes in again, and work that was held goes on. A
    /// token cannot.
    async fn call_off_deletion(
        &self,
        ctx: &Context<'_>,
        input: CallOffDeletionInput,
    ) -> Result<CallOffDeletionPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        if let Err(error) = answer(call_off_deletion(session.app(), own, &input.alliance).await)? {
            return Ok(Err(error).into());
        }
        let inside = session.enter(&input.alliance).await?.ok_or_else(errors::forbidden)?;
        Ok(Ok(AllianceObject(inside)).into())
    }
}
