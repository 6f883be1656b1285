use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::schools::members::{RecordRoll, record_roll};

use super::{RollObject, add_member::member_id};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    scalars::Date,
};

/// A roll as a person gives it.
#[derive(InputObject)]
struct RecordRollInput {
    /// The alliance's short address.
    alliance: String,
    /// Which member.
    member_id: ID,
    /// Pupils on roll, at most 20,000.
    pupils: u32,
    /// The day they were counted.
    census_date: Date,
    /// Where the figure comes from: it is shown to the school.
    source: String,
}

payload! {
    /// The roll that was recorded.
    RecordRollPayload {
        /// The roll.
        roll: RollObject
    }
}

#[derive(Default)]
pub(crate) struct RecordRollMutation;

#[Object]
impl RecordRollMutation {
    /// Say how many pupils a school has, where the register does not.
    async fn record_roll(&self, ctx: &Context<'_>, input: RecordRollInput) -> Result<RecordRollPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = RecordRoll {
            member_id: member_id(change.id(), &input.member_id),
            pupils: input.pupils,
            census_date: input.census_date.0,
            source: input.source,
        };
        let done = answer(record_roll(session.app(), change.viewer(), input).await)?;
        Ok(done.map(RollObject::from).into())
    }
}
