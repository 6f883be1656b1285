//! SQL of people.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{Changed, Person, PersonChange, PersonCursor, PersonFilter, Post, RoleGrant};
use crate::{
    access::EmailAddress,
    app::Timestamp,
    db::Tx,
    error::Internal,
    ids::{AccountId, MemberId, PersonChangeId, PersonId, PostId, RoleGrantId, StrandId},
    page::{Page, PageRequest},
    viewer::{Permission, Reach, Remit, Role},
};

struct PersonRow {
    id: PersonId,
    name: String,
    email: Option<String>,
    has_signed_in: bool,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            email: row.email.map(EmailAddress::stored),
            has_signed_in: row.has_signed_in,
        }
    }
}

/// The index by name leads through one alliance's people in the list's order; each is looked at on the way, because an
/// index of parts of names would not be used below row-level security.
pub(super) async fn people(
    tx: &mut Tx,
    reach: &Reach,
    filter: &PersonFilter,
    page: &PageRequest<PersonCursor>,
) -> Result<Page<Person>, Internal> {
    let after = page.after.as_ref();
    let rows = sqlx::query_as!(
        PersonRow,
        r#"select id as "id: PersonId", name, email, account_id is not null as "has_signed_in!" from people
           where alliance_id = $1
             and ($2::uuid[] is null or id in
                  (select person_id from posts where alliance_id = $1 and member_id = any($2)
                   union all select person_id from role_grants where alliance_id = $1 and member_id = any($2)))
             and ($3::text is null or strpos(lower(name), lower($3)) > 0)
             and ($4::text is null or id in
                  (select person_id from role_grants
                   where alliance_id = $1 and role = $4 and starts_on <= $5 and (ends_on is null or ends_on >= $5)
                     and ($2::uuid[] is null or member_id = any($2))))
             and ($6::text is null or (name, id) > ($6, $7))
           order by name, id limit $8"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        filter.name.as_deref(),
        filter.role.map(Role::as_str),
        filter.on,
        after.map(|cursor| cursor.name.as_str()),
        after.map(|cursor| cursor.id.0),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(page.cut(rows.into_iter().map(Person::from).collect()))
}

pub(super) async fn count_people(tx: &mut Tx, reach: &Reach, filter: &PersonFilter) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from people
           where alliance_id = $1
             and ($2::uuid[] is null or id in
                  (select person_id from posts where alliance_id = $1 and member_id = any($2)
                   union all select person_id from role_grants where alliance_id = $1 and member_id = any($2)))
             and ($3::text is null or strpos(lower(name), lower($3)) > 0)
             and ($4::text is null or id in
                  (select person_id from role_grants
                   where alliance_id = $1 and role = $4 and starts_on <= $5 and (ends_on is null or ends_on >= $5)
                     and ($2::uuid[] is null or member_id = any($2))))"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        filter.name.as_deref(),
        filter.role.map(Role::as_str),
        filter.on
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
        r#"select id as "id: PersonId", name, email, account_id is not null as "has_signed_in!" from people
           where alliance_id = $1 and id = any($3)
             and ($2::uuid[] is null or id in
                  (select person_id from posts where alliance_id = $1 and member_id = any($2)
                   union all select person_id from role_grants where alliance_id = $1 and member_id = any($2)))"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Person::from).collect())
}

pub(super) async fn person(tx: &mut Tx, id: PersonId) -> Result<Option<Person>, Internal> {
    Ok(people_by_ids(tx, &Reach::Alliance, &[id]).await?.pop())
}

/// The person whom this account is here.
pub(super) async fn person_of_account(
    tx: &mut Tx,
    account_id: AccountId,
) -> Result<Option<Person>, Internal> {
    let row = sqlx::query_as!(
        PersonRow,
        r#"select id as "id: PersonId", name, email, account_id is not null as "has_signed_in!" from people
           where alliance_id = $1 and account_id = $2"#,
        tx.alliance_id() as _,
        account_id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Person::from))
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

/// Whether whoever has this address may see the money of the member today: by a role, or as its payer's finance contact
/// with any role. The rule of [`crate::viewer::Viewer::reach`], for people who are not here.
pub(crate) async fn may_see_money(
    tx: &mut Tx,
    email: &EmailAddress,
    member_id: MemberId,
    today: NaiveDate,
) -> Result<bool, Internal> {
    let (everywhere, own) = (Permission::SeeMoney.everywhere(), Permission::SeeMoney.own());
    Ok(sqlx::query_scalar!(
        r#"select exists (
               select from people p join role_grants g on g.alliance_id = $1 and g.person_id = p.id
               where p.alliance_id = $1 and p.email = $2
                 and g.starts_on <= $4 and (g.ends_on is null or g.ends_on >= $4)
                 and (g.role = any($5) or g.role = any($6) and g.member_id = $3
                      or exists (select from members m join payers y on y.alliance_id = $1 and y.id = m.payer_id
                                 where m.alliance_id = $1 and m.id = $3 and y.finance_contact_id = p.id))
           ) as "may!""#,
        tx.alliance_id() as _,
        email.as_str(),
        member_id as _,
        today,
        &names(everywhere),
        &names(own)
    )
    .fetch_one(tx.conn())
    .await?)
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
                  p.title, p.starts_on, p.ends_on, q.name, q.email,
                  q.account_id is not null as "has_signed_in!"
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
            let has_signed_in = row.has_signed_in;
            let person = Person { id: row.person_id, name: row.name, email, has_signed_in };
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

pub(crate) async fn insert_role(tx: &mut Tx, new: &RoleGrant) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into role_grants (alliance_id, id, person_id, role, member_id, strand_id, starts_on, ends_on)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.alliance_id() as _,
        new.id as _,
        new.person_id as _,
        new.role.as_str(),
        new.remit.member_id() as _,
        new.remit.strand_id() as _,
        new.starts_on,
        new.ends_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes whoever else changes who runs this alliance wait until this transaction ends.
pub(crate) async fn hold_alliance(tx: &mut Tx) -> Result<(), Internal> {
    sqlx::query!("select from alliances where alliance_id = $1 for no key update", tx.alliance_id() as _)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The first and last days of `roles` from `today` on, of people who can sign in.
pub(super) async fn terms_of(
    tx: &mut Tx,
    roles: &[Role],
    today: NaiveDate,
) -> Result<Vec<(NaiveDate, Option<NaiveDate>)>, Internal> {
    let rows = sqlx::query!(
        "select g.starts_on, g.ends_on
         from role_grants g join people p on p.alliance_id = $1 and p.id = g.person_id
         where g.alliance_id = $1 and g.role = any($2) and (g.ends_on is null or g.ends_on >= $3)
           and (p.email is not null or p.account_id is not null)",
        tx.alliance_id() as _,
        &names(roles),
        today
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.starts_on, row.ends_on)).collect())
}

pub(crate) fn names(roles: &[Role]) -> Vec<String> {
    roles.iter().map(|role| role.as_str().to_owned()).collect()
}

struct RoleRow {
    id: RoleGrantId,
    person_id: PersonId,
    role: String,
    member_id: Option<MemberId>,
    strand_id: Option<StrandId>,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
}

impl RoleRow {
    /// `None` when the stored role is not one this version knows.
    fn grant(self) -> Option<RoleGrant> {
        Some(RoleGrant {
            id: self.id,
            person_id: self.person_id,
            role: Role::parse(&self.role)?,
            remit: Remit::stored(self.member_id, self.strand_id),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
        })
    }
}

pub(super) async fn roles_of_people(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[PersonId],
) -> Result<Vec<RoleGrant>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        RoleRow,
        r#"select id as "id: RoleGrantId", person_id as "person_id: PersonId", role, member_id as "member_id: MemberId",
                  strand_id as "strand_id: StrandId", starts_on, ends_on
           from role_grants
           where alliance_id = $1 and person_id = any($3) and ($2::uuid[] is null or member_id = any($2))
           order by person_id, starts_on desc, id desc"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().filter_map(RoleRow::grant).collect())
}

pub(super) async fn roles_of_person(tx: &mut Tx, id: PersonId) -> Result<Vec<RoleGrant>, Internal> {
    roles_of_people(tx, &Reach::Alliance, &[id]).await
}

pub(super) async fn role_grant(tx: &mut Tx, id: RoleGrantId) -> Result<Option<RoleGrant>, Internal> {
    let row = sqlx::query_as!(
        RoleRow,
        r#"select id as "id: RoleGrantId", person_id as "person_id: PersonId", role, member_id as "member_id: MemberId",
                  strand_id as "strand_id: StrandId", starts_on, ends_on
           from role_grants where alliance_id = $1 and id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.and_then(RoleRow::grant))
}

/// The name of the school or the strand that a role is for.
pub(super) async fn place(tx: &mut Tx, remit: Remit) -> Result<Option<String>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select name as "name!" from members where alliance_id = $1 and id = $2
           union all select name from strands where alliance_id = $1 and id = $3"#,
        tx.alliance_id() as _,
        remit.member_id() as _,
        remit.strand_id() as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn end_role(tx: &mut Tx, id: RoleGrantId, ends_on: NaiveDate) -> Result<(), Internal> {
    sqlx::query!(
        "update role_grants set ends_on = $3 where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        id as _,
        ends_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn delete_role(tx: &mut Tx, id: RoleGrantId) -> Result<(), Internal> {
    sqlx::query!(
        "delete from role_grants where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn update_person(tx: &mut Tx, person: &Person) -> Result<(), Internal> {
    sqlx::query!(
        "update people set name = $3, email = $4 where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        person.id as _,
        person.name,
        person.email.as_ref().map(EmailAddress::as_str)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn posts_of_people(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[PersonId],
) -> Result<Vec<Post>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        Post,
        r#"select id as "id: PostId", person_id as "person_id: PersonId", member_id as "member_id: MemberId", title,
                  starts_on, ends_on
           from posts
           where alliance_id = $1 and person_id = any($3) and ($2::uuid[] is null or member_id = any($2))
           order by person_id, starts_on desc, id desc"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn posts_of_person(tx: &mut Tx, id: PersonId) -> Result<Vec<Post>, Internal> {
    posts_of_people(tx, &Reach::Alliance, &[id]).await
}

pub(super) async fn post(tx: &mut Tx, id: PostId) -> Result<Option<Post>, Internal> {
    Ok(sqlx::query_as!(
        Post,
        r#"select id as "id: PostId", person_id as "person_id: PersonId", member_id as "member_id: MemberId", title,
                  starts_on, ends_on
           from posts where alliance_id = $1 and id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn update_post(tx: &mut Tx, post: &Post) -> Result<(), Internal> {
    sqlx::query!(
        "update posts set title = $3, starts_on = $4, ends_on = $5 where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        post.id as _,
        post.title,
        post.starts_on,
        post.ends_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn delete_post(tx: &mut Tx, id: PostId) -> Result<(), Internal> {
    sqlx::query!("delete from posts where alliance_id = $1 and id = $2", tx.alliance_id() as _, id as _)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn insert_change(tx: &mut Tx, new: &PersonChange) -> Result<(), Internal> {
    sqlx::query!(
        "insert into person_changes (alliance_id, id, person_id, changed_by, changed_at, what, before, after)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.alliance_id() as _,
        new.id as _,
        new.person_id as _,
        new.changed_by as _,
        new.changed_at,
        new.what.as_str(),
        new.before,
        new.after
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn changes_of_person(tx: &mut Tx, id: PersonId) -> Result<Vec<PersonChange>, Internal> {
    let rows = sqlx::query!(
        r#"select id as "id: PersonChangeId", changed_by as "changed_by: PersonId", changed_at, what, before, after
           from person_changes where alliance_id = $1 and person_id = $2 order by id desc limit 100"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| PersonChange {
            id: row.id,
            person_id: id,
            changed_by: row.changed_by,
            changed_at: row.changed_at,
            what: Changed::stored(&row.what),
            before: row.before,
            after: row.after,
        })
        .collect())
}

/// Whether somebody who has proved this address is of the alliance's team on this day: a role alone is given to any
/// address.
pub(crate) async fn is_of_team(tx: &mut Tx, email: &str, on: NaiveDate) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
               select from people p
               join role_grants g on g.person_id = p.id
               where p.alliance_id = $1 and g.alliance_id = $1 and p.email = $2 and p.account_id is not null
                 and g.role = any($4) and g.starts_on <= $3 and (g.ends_on is null or g.ends_on >= $3)) as "is!""#,
        tx.alliance_id() as _,
        email,
        on,
        &names(&Role::TEAM)
    )
    .fetch_one(tx.conn())
    .await?)
}
