//! SQL of people.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{NewRole, Person, PersonCursor, Post};
use crate::{
    access::EmailAddress,
    app::Timestamp,
    db::Tx,
    error::Internal,
    ids::{MemberId, PersonId, PostId, RoleGrantId},
    page::{Page, PageRequest},
    viewer::Reach,
};

struct PersonRow {
    id: PersonId,
    name: String,
    email: Option<String>,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self { id: row.id, name: row.name, email: row.email.map(EmailAddress::stored) }
    }
}

pub(super) async fn people(
    tx: &mut Tx,
    reach: &Reach,
    page: &PageRequest<PersonCursor>,
) -> Result<Page<Person>, Internal> {
    let after = page.after.as_ref();
    let rows = sqlx::query_as!(
        PersonRow,
        r#"select id as "id: PersonId", name, email from people
           where alliance_id = $1
             and ($2::uuid[] is null or id in
                  (select person_id from posts where alliance_id = $1 and member_id = any($2)))
             and ($3::text is null or (name, id) > ($3, $4))
           order by name, id limit $5"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        after.map(|cursor| cursor.name.as_str()),
        after.map(|cursor| cursor.id.0),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(page.cut(rows.into_iter().map(Person::from).collect()))
}

pub(super) async fn count_people(tx: &mut Tx, reach: &Reach) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from people
           where alliance_id = $1
             and ($2::uuid[] is null or id in
                  (select person_id from posts where alliance_id = $1 and member_id = any($2)))"#,
        tx.alliance_id() as _,
        reach.as_filter() as _
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn people_by_ids(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[PersonId],
) -> Result<Vec<Person>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        PersonRow,
        r#"select id as "id: PersonId", name, email from people
           where alliance_id = $1 and id = any($3)
             and ($2::uuid[] is null or id in
                  (select person_id from posts where alliance_id = $1 and member_id = any($2)))"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Person::from).collect())
}

/// The addresses of these people, where known.
pub(crate) async fn addresses(
    tx: &mut Tx,
    ids: impl IntoIterator<Item = PersonId>,
) -> Result<HashMap<PersonId, EmailAddress>, Internal> {
    let ids: Vec<_> = ids.into_iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select id as "id: PersonId", email as "email!" from people
           where alliance_id = $1 and id = any($2) and email is not null"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, EmailAddress::stored(row.email))).collect())
}

pub(super) async fn posts_of_members(
    tx: &mut Tx,
    reach: &Reach,
    members: &[MemberId],
    on: NaiveDate,
) -> Result<Vec<(Post, Person)>, Internal> {
    let members: Vec<_> = members.iter().filter(|id| reach.includes(**id)).map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select p.id as "id: PostId", p.person_id as "person_id: PersonId", p.member_id as "member_id: MemberId",
                  p.title, p.starts_on, p.ends_on, q.name, q.email
           from posts p join people q on q.alliance_id = $1 and q.id = p.person_id
           where p.alliance_id = $1 and p.member_id = any($2) and p.starts_on <= $3
             and (p.ends_on is null or p.ends_on >= $3)
           order by p.member_id, p.title, q.name"#,
        tx.alliance_id() as _,
        &members,
        on
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let email = row.email.map(EmailAddress::stored);
            let person = Person { id: row.person_id, name: row.name, email };
            let post = Post {
                id: row.id,
                person_id: row.person_id,
                member_id: row.member_id,
                title: row.title,
                starts_on: row.starts_on,
                ends_on: row.ends_on,
            };
            (post, person)
        })
        .collect())
}

pub(crate) async fn insert_person(tx: &mut Tx, new: &Person, now: Timestamp) -> Result<(), Internal> {
    sqlx::query!(
        "insert into people (alliance_id, id, name, email, created_at) values ($1, $2, $3, $4, $5)",
        tx.alliance_id() as _,
        new.id as _,
        new.name,
        new.email.as_ref().map(EmailAddress::as_str),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_post(tx: &mut Tx, new: &Post) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into posts (alliance_id, id, person_id, member_id, title, starts_on, ends_on)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.alliance_id() as _,
        new.id as _,
        new.person_id as _,
        new.member_id as _,
        new.title,
        new.starts_on,
        new.ends_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn insert_role(tx: &mut Tx, id: RoleGrantId, new: &NewRole) -> Result<(), Internal> {
    sqlx::query!(
        "insert into role_grants (alliance_id, id, person_id, role, member_id, starts_on)
         values ($1, $2, $3, $4, $5, $6)",
        tx.alliance_id() as _,
        id as _,
        new.person_id as _,
        new.role.as_str(),
        new.member_id as _,
        new.starts_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
