use async_graphql::{Context, InputObject, Object, Result};
use domain::funding::reminders::set_reminder_levels;

use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// When payers are reminded.
#[derive(InputObject)]
struct SetReminderLevelsInput {
    /// The alliance's short address.
    alliance: String,
    /// Days from the due date, below nought before it: one to eight of them.
    levels: Vec<i32>,
}

payload! {
    /// The levels as they are now.
    SetReminderLevelsPayload {
        /// Days from the due date.
        levels: Vec<i32>
    }
}

#[derive(Default)]
pub(crate) struct SetReminderLevelsMutation;

#[Object]
impl SetReminderLevelsMutation {
    /// Say when payers are reminded.
    async fn set_reminder_levels(
        &self,
        ctx: &Context<'_>,
        input: SetReminderLevelsInput,
    ) -> Result<SetReminderLevelsPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        // Out of range becomes a number that the domain refuses.
        let levels = input.levels.iter().map(|level| i16::try_from(*level).unwrap_or(i16::MAX)).collect();
        let done = answer(set_reminder_levels(session.app(), change.viewer(), levels).await)?;
        Ok(done.map(|levels| levels.into_iter().map(i32::from).collect()).into())
    }
}
