use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::access::{CreateToken, create_token};

use super::{ApiTokenObject, signed_out};
use crate::schema::{
    alliances::PermissionEnum,
    context::Session,
    errors::{answer, payload},
};

/// A token for a program.
#[derive(InputObject)]
struct CreateTokenInput {
    /// The short address of the one alliance that it enters.
    alliance: String,
    /// What it is for, at most 60 characters.
    name: String,
    /// What it may do: no more than you may do yourself. Seeing the alliance, and what
    /// comes of what it does, is part of it.
    permissions: Vec<PermissionEnum>,
    /// How many days it works, 1 to 365.
    days: i32,
}

/// A token that was made.
#[derive(SimpleObject)]
#[graphql(name = "NewApiToken")]
struct NewApiTokenObject {
    /// As it is listed from now on.
    token: ApiTokenObject,
    /// What the program sends as `Authorization: Bearer …`. Nobody can see it again.
    secret: String,
}

payload! {
    /// The token.
    CreateTokenPayload {
        /// The token, with what it looks like.
        created: NewApiTokenObject
    }
}

#[derive(Default)]
pub(crate) struct CreateTokenMutation;

#[Object]
impl CreateTokenMutation {
    /// Make a token with which a program asks in your name. A token cannot make another.
    async fn create_token(&self, ctx: &Context<'_>, input: CreateTokenInput) -> Result<CreateTokenPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let input = CreateToken {
            slug: input.alliance,
            name: input.name,
            permissions: input.permissions.into_iter().map(Into::into).collect(),
            // What does not fit is refused like any number of days that is too large.
            days: u16::try_from(input.days).unwrap_or(0),
        };
        let done = answer(create_token(session.app(), own, input).await)?;
        Ok(done.map(|new| NewApiTokenObject { token: ApiTokenObject(new.token), secret: new.secret }).into())
    }
}
