//! SQL of departures.

use chrono::NaiveDate;

use super::Departure;
use crate::{
    access::EmailAddress,
    db::Tx,
    error::Internal,
    ids::{DepartureId, PersonId},
    people,
    viewer::Permission,
};

pub(super) async fn insert(tx: &mut Tx, new: &Departure) -> Result<(), Internal> {
    sqlx::query!(
        "insert into departures (alliance_id, id, person_id, said_at, ends_on) values ($1, $2, $3, $4, $5)",
        tx.alliance_id() as _,
        new.id as _,
        new.person_id as _,
        new.said_at,
        new.ends_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn departure(tx: &mut Tx, id: DepartureId) -> Result<Option<Departure>, Internal> {
    Ok(sqlx::query_as!(
        Departure,
        r#"select id as "id: DepartureId", person_id as "person_id: PersonId", said_at, ends_on
           from departures where alliance_id = $1 and id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The last that this person said.
pub(super) async fn newest_of(tx: &mut Tx, id: PersonId) -> Result<Option<Departure>, Internal> {
    Ok(sqlx::query_as!(
        Departure,
        r#"select id as "id: DepartureId", person_id as "person_id: PersonId", said_at, ends_on
           from departures where alliance_id = $1 and person_id = $2 order by id desc limit 1"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn payers_of_contact(tx: &mut Tx, id: PersonId) -> Result<Vec<String>, Internal> {
    Ok(sqlx::query_scalar!(
        "select legal_name from payers where alliance_id = $1 and finance_contact_id = $2 order by legal_name",
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Somebody who may manage members and people.
pub(super) struct Administrator {
    pub(super) id: PersonId,
    pub(super) email: EmailAddress,
    pub(super) has_signed_in: bool,
}

/// Those with an address who run the alliance on some of these days.
pub(super) async fn administrators(
    tx: &mut Tx,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Administrator>, Internal> {
    let rows = sqlx::query!(
        r#"select id as "id: PersonId", email as "email!", account_id is not null as "has_signed_in!" from people
           where alliance_id = $1 and email is not null and id in
                 (select person_id from role_grants
                  where alliance_id = $1 and role = any($2) and starts_on <= $4 and (ends_on is null or ends_on >= $3))
           order by id"#,
        tx.alliance_id() as _,
        &people::repo::names(Permission::ManageMembers.everywhere()),
        from,
        to
    )
    .fetch_all(tx.conn())
    .await?;
    let administrators = rows.into_iter().map(|row| Administrator {
        id: row.id,
        email: EmailAddress::stored(row.email),
        has_signed_in: row.has_signed_in,
    });
    Ok(administrators.collect())
}
