use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::PersonId,
    people::{ChangePerson, change_person},
};

use super::PersonObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A person as they shall be known.
#[derive(InputObject)]
struct ChangePersonInput {
    /// The alliance's short address.
    alliance: String,
    /// Who.
    person_id: ID,
    /// Their name.
    name: String,
    /// Where they get mail; none when not given.
    email: Option<String>,
}

payload! {
    /// The person as they are known now.
    ChangePersonPayload {
        /// The person.
        person: PersonObject
    }
}

#[derive(Default)]
pub(crate) struct ChangePersonMutation;

#[Object]
impl ChangePersonMutation {
    /// Change a person's name and mail address. Who has signed in as this person stays so, whoever has the new address.
    async fn change_person(
        &self,
        ctx: &Context<'_>,
        input: ChangePersonInput,
    ) -> Result<ChangePersonPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let person_id = PersonId(local(Kind::Person, change.id(), &input.person_id));
        let input = ChangePerson { person_id, name: input.name, email: input.email };
        let done = answer(change_person(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, person| Ok(PersonObject { inside, person })).await?.into())
    }
}
