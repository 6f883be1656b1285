//! SQL of changed addresses. All of it runs as the machine role, as that of sign-in does.

use uuid::Uuid;

use super::Move;
use crate::{
    access::{EmailAddress, limits},
    app::{App, Timestamp},
    db::MachineTx,
    error::Internal,
    ids::{AccountId, AllianceId},
};

struct MoveRow {
    id: Uuid,
    account_id: AccountId,
    from_email: String,
    to_email: String,
    asked_at: Timestamp,
}

impl From<MoveRow> for Move {
    fn from(row: MoveRow) -> Self {
        Self {
            id: row.id,
            account_id: row.account_id,
            from: EmailAddress::stored(row.from_email),
            to: EmailAddress::stored(row.to_email),
            asked_at: row.asked_at,
        }
    }
}

/// How many codes this account asked for, or somebody for this address, since a moment.
pub(super) async fn asked_since(tx: &mut MachineTx, asked: &Move, since: Timestamp) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from address_changes
           where (account_id = $1 or to_email = $2) and asked_at > $3"#,
        asked.account_id as _,
        asked.to.as_str(),
        since
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn insert(tx: &mut MachineTx, new: &Move) -> Result<(), Internal> {
    sqlx::query!(
        "insert into address_changes (id, account_id, from_email, to_email, asked_at, merged_people, merged_alliances)
         values ($1, $2, $3, $4, $5, '{}', '{}')",
        new.id,
        new.account_id as _,
        new.from.as_str(),
        new.to.as_str(),
        new.asked_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A change whose code still works.
pub(super) async fn unproved(app: &App, id: Uuid, since: Timestamp) -> Result<Option<Move>, Internal> {
    let row = sqlx::query_as!(
        MoveRow,
        r#"select id, account_id as "account_id: AccountId", from_email, to_email, asked_at from address_changes
           where id = $1 and changed_at is null and asked_at > $2"#,
        id,
        since
    )
    .fetch_optional(app.db.machine_pool())
    .await?;
    Ok(row.map(Into::into))
}

/// Counts an attempt at the account's newest code and returns what it is for, unless it is used up.
pub(super) async fn count_attempt(
    tx: &mut MachineTx,
    account_id: AccountId,
    since: Timestamp,
) -> Result<Option<Move>, Internal> {
    let row = sqlx::query_as!(
        MoveRow,
        r#"update address_changes set attempts = attempts + 1
           where id = (select id from address_changes
                       where account_id = $1 and changed_at is null and asked_at > $2
                       order by asked_at desc, id desc limit 1 for update)
             and attempts < $3
           returning id, account_id as "account_id: AccountId", from_email, to_email, asked_at"#,
        account_id as _,
        since,
        limits::CODE_ATTEMPTS
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Into::into))
}

/// Takes the account until the transaction ends, and the other one that has the new address. Returns what the first has
/// now, and which the other is.
pub(super) async fn lock_accounts(
    tx: &mut MachineTx,
    asked: &Move,
) -> Result<(Option<EmailAddress>, Option<AccountId>), Internal> {
    let rows = sqlx::query!(
        r#"select id as "id: AccountId", email from accounts where id = $1 or email = $2 order by id for update"#,
        asked.account_id as _,
        asked.to.as_str()
    )
    .fetch_all(tx.conn())
    .await?;
    let own = rows.iter().find(|row| row.id == asked.account_id);
    let other = rows.iter().find(|row| row.id != asked.account_id);
    Ok((own.map(|row| EmailAddress::stored(row.email.clone())), other.map(|row| row.id)))
}

pub(super) async fn set_email(
    tx: &mut MachineTx,
    account_id: AccountId,
    email: &EmailAddress,
) -> Result<(), Internal> {
    sqlx::query!("update accounts set email = $2 where id = $1", account_id as _, email.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn set_changed(tx: &mut MachineTx, id: Uuid, now: Timestamp) -> Result<(), Internal> {
    sqlx::query!("update address_changes set changed_at = $2 where id = $1", id, now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn set_undone(tx: &mut MachineTx, id: Uuid, now: Timestamp) -> Result<(), Internal> {
    sqlx::query!("update address_changes set undone_at = $2 where id = $1", id, now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The alliances that know a person of the account.
pub(super) async fn alliances_of(
    tx: &mut MachineTx,
    account_id: AccountId,
) -> Result<Vec<AllianceId>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select alliance_id as "alliance_id: AllianceId" from people where account_id = $1 order by 1"#,
        account_id as _
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The names of the alliances in which both accounts are somebody, and the second holds a role that is not over.
pub(super) async fn alliances_of_both(
    tx: &mut MachineTx,
    (one, other): (AccountId, AccountId),
    now: Timestamp,
) -> Result<Vec<String>, Internal> {
    Ok(sqlx::query_scalar!(
        "select a.name from alliances a
         join people p on p.alliance_id = a.alliance_id and p.account_id = $1
         join people q on q.alliance_id = a.alliance_id and q.account_id = $2
         where exists (select from role_grants g where g.alliance_id = a.alliance_id and g.person_id = q.id
                         and (g.ends_on is null or g.ends_on >= ($3 at time zone a.timezone)::date))
         order by a.name",
        one as _,
        other as _,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Gives the account that moves the people of `other`, where it is nobody yet, and the alliances that `other` started, and
/// notes which they were.
pub(super) async fn take_over(tx: &mut MachineTx, asked: &Move, other: AccountId) -> Result<(), Internal> {
    let people = sqlx::query_scalar!(
        "update people p set account_id = $1
         where account_id = $2
           and not exists (select from people q where q.alliance_id = p.alliance_id and q.account_id = $1)
         returning id",
        asked.account_id as _,
        other as _
    )
    .fetch_all(tx.conn())
    .await?;
    let alliances = sqlx::query_scalar!(
        "update alliances set founder_id = $1 where founder_id = $2 returning alliance_id",
        asked.account_id as _,
        other as _
    )
    .fetch_all(tx.conn())
    .await?;
    sqlx::query!(
        "update address_changes set merged_people = $2, merged_alliances = $3 where id = $1",
        asked.id,
        &people,
        &alliances
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn delete_account(tx: &mut MachineTx, id: AccountId) -> Result<(), Internal> {
    sqlx::query!("delete from accounts where id = $1", id as _).execute(tx.conn()).await?;
    Ok(())
}

/// Counts an attempt to undo this change and returns whose it is, unless nothing undoes it any more.
pub(super) async fn count_undo_attempt(
    tx: &mut MachineTx,
    id: Uuid,
    since: Timestamp,
) -> Result<Option<AccountId>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"update address_changes set undo_attempts = undo_attempts + 1
           where id = $1 and changed_at > $2 and undone_at is null and undo_attempts < $3
           returning account_id as "account_id: AccountId""#,
        id,
        since,
        limits::CODE_ATTEMPTS
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// A change that took place, with what came by it.
pub(super) struct Done {
    pub(super) id: Uuid,
    pub(super) from: EmailAddress,
    pub(super) to: EmailAddress,
    pub(super) changed_at: Timestamp,
    pub(super) merged_people: Vec<Uuid>,
    pub(super) merged_alliances: Vec<Uuid>,
}

/// This change of the account and all that came after it, the newest first. The account is held until the transaction ends.
pub(super) async fn changes_since(
    tx: &mut MachineTx,
    account_id: AccountId,
    id: Uuid,
) -> Result<Vec<Done>, Internal> {
    sqlx::query!("select from accounts where id = $1 for update", account_id as _).execute(tx.conn()).await?;
    let rows = sqlx::query!(
        r#"select id, from_email, to_email, changed_at as "changed_at!", merged_people, merged_alliances
           from address_changes
           where account_id = $1 and undone_at is null
             and changed_at >= (select changed_at from address_changes where id = $2)
           order by changed_at desc, id desc"#,
        account_id as _,
        id
    )
    .fetch_all(tx.conn())
    .await?;
    let done = rows.into_iter().map(|row| Done {
        id: row.id,
        from: EmailAddress::stored(row.from_email),
        to: EmailAddress::stored(row.to_email),
        changed_at: row.changed_at,
        merged_people: row.merged_people,
        merged_alliances: row.merged_alliances,
    });
    Ok(done.collect())
}

pub(super) async fn account_of(
    tx: &mut MachineTx,
    email: &EmailAddress,
) -> Result<Option<AccountId>, Internal> {
    Ok(sqlx::query_scalar!(r#"select id as "id: AccountId" from accounts where email = $1"#, email.as_str())
        .fetch_optional(tx.conn())
        .await?)
}

/// Gives what came by this change to `again`, as far as `account_id` still has it.
pub(super) async fn give_back(
    tx: &mut MachineTx,
    change: &Done,
    (account_id, again): (AccountId, AccountId),
) -> Result<(), Internal> {
    sqlx::query!(
        "update people set account_id = $2 where account_id = $1 and id = any($3)",
        account_id as _,
        again as _,
        &change.merged_people
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "update alliances set founder_id = $2 where founder_id = $1 and alliance_id = any($3)",
        account_id as _,
        again as _,
        &change.merged_alliances
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes off a second step that was set after this moment, and passkeys that were added.
pub(super) async fn delete_second_steps_since(
    tx: &mut MachineTx,
    account_id: AccountId,
    since: Timestamp,
) -> Result<(), Internal> {
    sqlx::query!("delete from second_steps where account_id = $1 and set_at >= $2", account_id as _, since)
        .execute(tx.conn())
        .await?;
    sqlx::query!("delete from passkeys where account_id = $1 and created_at >= $2", account_id as _, since)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a mail about a change says.
pub(super) struct Told {
    pub(super) from: EmailAddress,
    pub(super) to: EmailAddress,
    pub(super) changed_at: Option<Timestamp>,
    pub(super) undone_at: Option<Timestamp>,
}

pub(super) async fn told(app: &App, id: Uuid) -> Result<Option<Told>, Internal> {
    let row = sqlx::query!(
        "select from_email, to_email, changed_at, undone_at from address_changes where id = $1",
        id
    )
    .fetch_optional(app.db.machine_pool())
    .await?;
    Ok(row.map(|row| Told {
        from: EmailAddress::stored(row.from_email),
        to: EmailAddress::stored(row.to_email),
        changed_at: row.changed_at,
        undone_at: row.undone_at,
    }))
}

/// The address that the account has, and every one that the other had before; `None` once the account is gone.
pub(crate) async fn addresses_of(
    app: &App,
    account_id: AccountId,
    history_of: AccountId,
) -> Result<Option<(EmailAddress, Vec<EmailAddress>)>, Internal> {
    let row = sqlx::query!(
        r#"select email,
                  array(select from_email from address_changes where account_id = $2 and changed_at is not null
                        union select to_email from address_changes where account_id = $2 and changed_at is not null)
                      as "had!"
           from accounts where id = $1"#,
        account_id as _,
        history_of as _
    )
    .fetch_optional(app.db.machine_pool())
    .await?;
    Ok(row.map(|row| {
        (EmailAddress::stored(row.email), row.had.into_iter().map(EmailAddress::stored).collect())
    }))
}

/// Deletes changes whose code was never typed, asked for before this moment.
pub(in crate::access) async fn delete_unproved(
    tx: &mut MachineTx,
    before: Timestamp,
) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from address_changes where changed_at is null and asked_at < $1", before)
            .execute(tx.conn())
            .await?;
    Ok(deleted.rows_affected())
}
