//! SQL of sign-in. All of it runs as the machine role: it happens before any alliance is entered.

use super::{
    Account, EmailAddress, OpenCode,
    enter::{AllianceEntry, EnterRow},
    limits,
    sessions::{Device, Proof, Session},
    tokens::{ApiToken, CreateTokenError, TokenBounds},
};
use crate::{
    app::{App, Timestamp},
    db::{MachineTx, OnConstraint},
    error::Internal,
    ids::{AccountId, AllianceId, ApiTokenId, MemberId, PersonId, SessionId, StrandId},
    viewer::{Grant, Permission, Remit, Role},
};

pub(super) async fn codes_since(
    tx: &mut MachineTx,
    email: &EmailAddress,
    since: Timestamp,
) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from sign_in_codes where email = $1 and created_at > $2"#,
        email.as_str(),
        since
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn insert_code(
    tx: &mut MachineTx,
    id: uuid::Uuid,
    (email, to_found): (&EmailAddress, bool),
    now: Timestamp,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into sign_in_codes (id, email, to_found, expires_at, created_at) values ($1, $2, $3, $4, $5)",
        id,
        email.as_str(),
        to_found,
        now + limits::CODE_LIFETIME,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn open_code(
    tx: &mut MachineTx,
    id: uuid::Uuid,
    now: Timestamp,
) -> Result<Option<OpenCode>, Internal> {
    Ok(sqlx::query_as!(
        OpenCode,
        "select id, email, to_found, expires_at from sign_in_codes where id = $1 and used_at is null and expires_at > $2",
        id,
        now
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Counts an attempt at the newest open code of the address and returns it, unless it is used up.
pub(super) async fn count_attempt(
    tx: &mut MachineTx,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<Option<OpenCode>, Internal> {
    Ok(sqlx::query_as!(
        OpenCode,
        "update sign_in_codes set attempts = attempts + 1
         where id = (select id from sign_in_codes
                     where email = $1 and used_at is null and expires_at > $2
                     order by created_at desc limit 1 for update)
           and attempts < $3
         returning id, email, to_found, expires_at",
        email.as_str(),
        now,
        limits::CODE_ATTEMPTS
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn use_code(tx: &mut MachineTx, id: uuid::Uuid, now: Timestamp) -> Result<(), Internal> {
    sqlx::query!("update sign_in_codes set used_at = $2 where id = $1", id, now).execute(tx.conn()).await?;
    Ok(())
}

/// Whether an account or a person of any alliance has this address, or somebody was invited at it.
pub(super) async fn is_known(tx: &mut MachineTx, email: &EmailAddress) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select exists(select from accounts where email = $1)
               or exists(select from people where email = $1 and account_id is null)
               or exists(select from invitations where email = $1 and state = 'open') as "known!""#,
        email.as_str()
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn upsert_account(
    tx: &mut MachineTx,
    id: AccountId,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<AccountId, Internal> {
    Ok(sqlx::query_scalar!(
        r#"with made as (insert into accounts (id, email, created_at) values ($1, $2, $3)
                         on conflict on constraint accounts_email_key do nothing returning id)
           select id as "id!: AccountId" from made union all select id from accounts where email = $2 limit 1"#,
        id as _,
        email.as_str(),
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Joins the account to the longest-known person with this address in each alliance where it is nobody yet.
pub(super) async fn join_people(
    tx: &mut MachineTx,
    account_id: AccountId,
    email: &EmailAddress,
) -> Result<(), Internal> {
    sqlx::query!(
        "update people set account_id = $1
         from (select distinct on (alliance_id) alliance_id, id from people p
               where email = $2 and account_id is null
                 and not exists (select from people q where q.alliance_id = p.alliance_id and q.account_id = $1)
               order by alliance_id, id) first
         where people.alliance_id = first.alliance_id and people.id = first.id",
        account_id as _,
        email.as_str()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) struct NewSession<'a> {
    pub(super) id: SessionId,
    pub(super) account_id: AccountId,
    pub(super) token_hash: Vec<u8>,
    pub(super) agent: &'a str,
    pub(super) network: &'a str,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

pub(super) async fn insert_session(tx: &mut MachineTx, new: &NewSession<'_>) -> Result<(), Internal> {
    sqlx::query!(
        "insert into sessions (id, account_id, token_hash, agent, network, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $6, $7)",
        new.id as _,
        new.account_id as _,
        new.token_hash,
        new.agent,
        new.network,
        new.created_at,
        new.expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) struct FoundSession {
    pub(super) session: Session,
    pub(super) last_seen_at: Timestamp,
}

/// The session, unless it has ended by its age or by want of use.
pub(super) async fn find_session(
    app: &App,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<FoundSession>, Internal> {
    let row = sqlx::query!(
        r#"select s.id as "id: SessionId", a.id as "account_id: AccountId", a.email, s.last_seen_at,
                  coalesce(s.confirmed_at, s.created_at) as "proved_at!"
           from sessions s join accounts a on a.id = s.account_id
           where s.token_hash = $1 and s.expires_at > $2 and s.last_seen_at >= $3"#,
        token_hash,
        now,
        now - limits::SESSION_IDLE
    )
    .fetch_optional(app.db.machine_pool())
    .await?;
    Ok(row.map(|row| FoundSession {
        session: Session {
            account: Account { id: row.account_id, email: EmailAddress::stored(row.email) },
            proof: Proof::Device { id: row.id, proved_at: row.proved_at },
            address: None,
        },
        last_seen_at: row.last_seen_at,
    }))
}

pub(super) async fn devices(
    app: &App,
    account_id: AccountId,
    now: Timestamp,
) -> Result<Vec<Device>, Internal> {
    let rows = sqlx::query!(
        r#"select id as "id: SessionId", agent, network, created_at, last_seen_at, expires_at
           from sessions
           where account_id = $1 and expires_at > $2 and last_seen_at >= $3
           order by last_seen_at desc, id desc"#,
        account_id as _,
        now,
        now - limits::SESSION_IDLE
    )
    .fetch_all(app.db.machine_pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Device {
            session_id: row.id,
            agent: row.agent,
            network: row.network,
            signed_in_at: row.created_at,
            last_used_at: row.last_seen_at,
            ends_at: row.expires_at.min(row.last_seen_at + limits::SESSION_IDLE),
        })
        .collect())
}

pub(super) async fn delete_session_of(
    app: &App,
    account_id: AccountId,
    id: SessionId,
) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from sessions where account_id = $1 and id = $2", account_id as _, id as _)
            .execute(app.db.machine_pool())
            .await?;
    Ok(deleted.rows_affected())
}

pub(super) async fn delete_other_sessions(
    tx: &mut MachineTx,
    account_id: AccountId,
    this: SessionId,
) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from sessions where account_id = $1 and id <> $2", account_id as _, this as _)
            .execute(tx.conn())
            .await?;
    Ok(deleted.rows_affected())
}

pub(super) async fn delete_sessions(tx: &mut MachineTx, account_id: AccountId) -> Result<u64, Internal> {
    let deleted = sqlx::query!("delete from sessions where account_id = $1", account_id as _)
        .execute(tx.conn())
        .await?;
    Ok(deleted.rows_affected())
}

/// Whether the session is still there. If it is, whoever ends it waits until the transaction does.
pub(super) async fn hold_session(tx: &mut MachineTx, id: SessionId) -> Result<bool, Internal> {
    let found = sqlx::query!("select id from sessions where id = $1 for key share", id as _)
        .fetch_optional(tx.conn())
        .await?;
    Ok(found.is_some())
}

pub(super) async fn touch_session(app: &App, token_hash: &[u8], now: Timestamp) -> Result<(), Internal> {
    sqlx::query!("update sessions set last_seen_at = $2 where token_hash = $1", token_hash, now)
        .execute(app.db.machine_pool())
        .await?;
    Ok(())
}

/// Gives the session a new token, and notes that its person has just proved who they are. `false` when it has ended.
pub(super) async fn confirm_session(
    tx: &mut MachineTx,
    id: SessionId,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<bool, Internal> {
    let updated = sqlx::query!(
        "update sessions set token_hash = $2, confirmed_at = $3, last_seen_at = $3 where id = $1",
        id as _,
        token_hash,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(updated.rows_affected() == 1)
}

pub(super) async fn delete_session(tx: &mut MachineTx, token_hash: &[u8]) -> Result<(), Internal> {
    sqlx::query!("delete from sessions where token_hash = $1", token_hash).execute(tx.conn()).await?;
    Ok(())
}

fn stored(permissions: &[String]) -> Vec<Permission> {
    // What this version does not know, it does not permit.
    permissions.iter().filter_map(|name| Permission::parse(name)).collect()
}

pub(super) async fn count_tokens(
    tx: &mut MachineTx,
    account_id: AccountId,
    alliance_id: AllianceId,
) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_tokens where account_id = $1 and alliance_id = $2"#,
        account_id as _,
        alliance_id as _
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn insert_token(
    tx: &mut MachineTx,
    account_id: AccountId,
    token: &ApiToken,
    token_hash: &[u8],
) -> Result<(), CreateTokenError> {
    let permissions: Vec<_> = token.permissions.iter().map(|one| one.as_str().to_owned()).collect();
    sqlx::query!(
        "insert into api_tokens
            (id, account_id, alliance_id, name, token_hash, permissions, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        token.id as _,
        account_id as _,
        token.alliance.id as _,
        token.name,
        token_hash,
        &permissions,
        token.created_at,
        token.expires_at
    )
    .execute(tx.conn())
    .await
    .on_constraint("api_tokens_name_key", || CreateTokenError::NameTaken)?;
    Ok(())
}

/// Whom a token that works speaks for, and when it was last used.
pub(super) async fn find_token(
    app: &App,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<(Session, Option<Timestamp>)>, Internal> {
    let row = sqlx::query!(
        r#"select t.id as "id: ApiTokenId", t.alliance_id as "alliance_id: AllianceId", t.permissions,
                  t.last_used_at, a.id as "account_id: AccountId", a.email
           from api_tokens t join accounts a on a.id = t.account_id
           where t.token_hash = $1 and t.expires_at > $2"#,
        token_hash,
        now
    )
    .fetch_optional(app.db.machine_pool())
    .await?;
    Ok(row.map(|row| {
        let bounds =
            TokenBounds { id: row.id, alliance_id: row.alliance_id, permissions: stored(&row.permissions) };
        let account = Account { id: row.account_id, email: EmailAddress::stored(row.email) };
        (Session { account, proof: Proof::Token(bounds), address: None }, row.last_used_at)
    }))
}

pub(super) async fn touch_token(app: &App, token_hash: &[u8], now: Timestamp) -> Result<(), Internal> {
    sqlx::query!("update api_tokens set last_used_at = $2 where token_hash = $1", token_hash, now)
        .execute(app.db.machine_pool())
        .await?;
    Ok(())
}

pub(super) async fn tokens(app: &App, account_id: AccountId) -> Result<Vec<ApiToken>, Internal> {
    let rows = sqlx::query!(
        r#"select t.id as "id: ApiTokenId", t.alliance_id as "alliance_id: AllianceId", a.slug,
                  a.name as alliance_name, t.name, t.permissions, t.created_at, t.expires_at, t.last_used_at
           from api_tokens t join alliances a on a.alliance_id = t.alliance_id
           where t.account_id = $1
           order by t.created_at desc, t.id desc"#,
        account_id as _
    )
    .fetch_all(app.db.machine_pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ApiToken {
            id: row.id,
            alliance: AllianceEntry { id: row.alliance_id, slug: row.slug, name: row.alliance_name },
            name: row.name,
            permissions: stored(&row.permissions),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
        .collect())
}

/// Which alliance it entered, and its name.
pub(super) async fn delete_token(
    app: &App,
    account_id: AccountId,
    id: ApiTokenId,
) -> Result<Option<(AllianceId, String)>, Internal> {
    let deleted = sqlx::query!(
        r#"delete from api_tokens where account_id = $1 and id = $2
           returning alliance_id as "alliance_id: AllianceId", name"#,
        account_id as _,
        id as _
    )
    .fetch_optional(app.db.machine_pool())
    .await?;
    Ok(deleted.map(|row| (row.alliance_id, row.name)))
}

/// Deletes every token of the account, expired ones too. Returns how many there were.
pub(super) async fn delete_tokens(tx: &mut MachineTx, account_id: AccountId) -> Result<u64, Internal> {
    let deleted = sqlx::query!("delete from api_tokens where account_id = $1", account_id as _)
        .execute(tx.conn())
        .await?;
    Ok(deleted.rows_affected())
}

/// Codes that ended before this moment.
pub(super) async fn delete_codes(tx: &mut MachineTx, before: Timestamp) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from sign_in_codes where expires_at < $1", before).execute(tx.conn()).await?;
    Ok(deleted.rows_affected())
}

/// Sessions that have ended by their age, or by want of use since `idle_since`.
pub(super) async fn delete_ended_sessions(
    tx: &mut MachineTx,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from sessions where expires_at <= $1 or last_seen_at < $2", now, idle_since)
            .execute(tx.conn())
            .await?;
    Ok(deleted.rows_affected())
}

/// Tokens that ended before this moment.
pub(super) async fn delete_ended_tokens(tx: &mut MachineTx, before: Timestamp) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from api_tokens where expires_at < $1", before).execute(tx.conn()).await?;
    Ok(deleted.rows_affected())
}

/// The alliances in which the account holds a role, each with whether it is let in: of a closed one, directors are.
pub(super) async fn alliances_of(
    app: &App,
    account_id: AccountId,
    now: Timestamp,
) -> Result<Vec<(AllianceEntry, bool)>, Internal> {
    let rows = sqlx::query!(
        r#"select a.alliance_id as "id: AllianceId", a.slug, a.name, bool_or(g.role = any($3)) or not exists (
                      select from deletions d where d.alliance_id = a.alliance_id
                         and d.deactivated_at is not null and d.called_off_at is null) as "is_let_in!"
           from people p join alliances a on a.alliance_id = p.alliance_id
           join role_grants g on g.alliance_id = p.alliance_id and g.person_id = p.id
           where p.account_id = $1
             and g.starts_on <= ($2 at time zone a.timezone)::date
             and (g.ends_on is null or g.ends_on >= ($2 at time zone a.timezone)::date)
           group by a.alliance_id, a.slug, a.name
           order by a.name, a.alliance_id"#,
        account_id as _,
        now,
        &crate::people::repo::names(Permission::ManageData.everywhere())
    )
    .fetch_all(app.db.machine_pool())
    .await?;
    let entry = |id, slug, name| AllianceEntry { id, slug, name };
    Ok(rows.into_iter().map(|row| (entry(row.id, row.slug, row.name), row.is_let_in)).collect())
}

pub(super) async fn grants(
    app: &App,
    account_id: AccountId,
    (slug, id): (Option<&str>, Option<AllianceId>),
    now: Timestamp,
) -> Result<Vec<EnterRow>, Internal> {
    let rows = sqlx::query!(
        r#"select p.alliance_id as "alliance_id: AllianceId", a.slug, a.name as alliance_name, a.wording,
                  a.requires_second_step and not exists (select from second_steps s where s.account_id = p.account_id)
                      as "needs_second_step!",
                  exists (select from deletions d where d.alliance_id = a.alliance_id
                             and d.deactivated_at is not null and d.called_off_at is null) as "is_closed!",
                  p.id as "person_id: PersonId", p.name,
                  array(select m.id from payers y join members m on m.alliance_id = y.alliance_id and m.payer_id = y.id
                        where y.alliance_id = p.alliance_id and y.finance_contact_id = p.id) as "pays_for!: Vec<MemberId>",
                  g.role, g.member_id as "member_id: MemberId", g.strand_id as "strand_id: StrandId"
           from alliances a
           join people p on p.alliance_id = a.alliance_id and p.account_id = $1
           join role_grants g on g.alliance_id = p.alliance_id and g.person_id = p.id
           where a.alliance_id = coalesce($3::uuid, (select s.alliance_id from alliances s where s.slug = $2))
             and g.starts_on <= ($4 at time zone a.timezone)::date
             and (g.ends_on is null or g.ends_on >= ($4 at time zone a.timezone)::date)"#,
        account_id as _,
        slug,
        id.map(|id| id.0),
        now
    )
    .fetch_all(app.db.machine_pool())
    .await?;
    let entered = rows.into_iter().map(|row| {
        Ok(EnterRow {
            alliance: AllianceEntry { id: row.alliance_id, slug: row.slug, name: row.alliance_name },
            wording: serde_json::from_value(row.wording)?,
            needs_second_step: row.needs_second_step,
            is_closed: row.is_closed,
            person_id: row.person_id,
            person_name: row.name,
            pays_for: row.pays_for,
            grant: Role::parse(&row.role)
                .map(|role| Grant { role, remit: Remit::stored(row.member_id, row.strand_id) }),
        })
    });
    entered.collect()
}
