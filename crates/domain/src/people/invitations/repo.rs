//! SQL of invitations.

use super::{Invitation, InvitationState, Received};
use crate::{
    access::{Account, EmailAddress},
    app::{App, Timestamp},
    db::Tx,
    error::Internal,
    ids::{AllianceId, InvitationId, MemberId, PersonId, StrandId},
    people::in_words,
    viewer::{Remit, Role},
};

struct Row {
    id: InvitationId,
    name: String,
    email: String,
    role: String,
    member_id: Option<MemberId>,
    strand_id: Option<StrandId>,
    message: String,
    invited_by: Option<PersonId>,
    invited_at: Timestamp,
    expires_at: Timestamp,
    mailed_at: Timestamp,
    refusal: Option<String>,
    state: String,
}

impl Row {
    /// `None` when the stored role is not one this version knows.
    fn invitation(self, now: Timestamp) -> Option<Invitation> {
        Some(Invitation {
            id: self.id,
            name: self.name,
            email: EmailAddress::stored(self.email),
            role: Role::parse(&self.role)?,
            remit: Remit::stored(self.member_id, self.strand_id),
            message: self.message,
            invited_by: self.invited_by,
            invited_at: self.invited_at,
            expires_at: self.expires_at,
            mailed_at: self.mailed_at,
            refusal: self.refusal,
            state: InvitationState::stored(&self.state, self.expires_at, now),
        })
    }
}

/// Those of these conditions, the open ones first and of each the newest first.
async fn find(
    tx: &mut Tx,
    (id, email): (Option<InvitationId>, Option<&str>),
    now: Timestamp,
) -> Result<Vec<Invitation>, Internal> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id as "id: InvitationId", name, email, role, member_id as "member_id: MemberId",
                  strand_id as "strand_id: StrandId", message, invited_by as "invited_by: PersonId", invited_at,
                  expires_at, mailed_at, refusal, state
           from invitations
           where alliance_id = $1 and ($2::uuid is null or id = $2) and ($3::text is null or email = $3)
           order by (state = 'open' and expires_at > $4) desc, id desc limit 200"#,
        tx.alliance_id() as _,
        id.map(|id| id.0),
        email,
        now
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().filter_map(|row| row.invitation(now)).collect())
}

pub(super) async fn invitations(tx: &mut Tx, now: Timestamp) -> Result<Vec<Invitation>, Internal> {
    find(tx, (None, None), now).await
}

pub(super) async fn invitation(
    tx: &mut Tx,
    id: InvitationId,
    now: Timestamp,
) -> Result<Option<Invitation>, Internal> {
    Ok(find(tx, (Some(id), None), now).await?.pop())
}

pub(super) async fn to_address(
    tx: &mut Tx,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<Vec<Invitation>, Internal> {
    find(tx, (None, Some(email.as_str())), now).await
}

/// How many to this address were mailed after that moment.
pub(super) async fn count_mailed(
    tx: &mut Tx,
    email: &EmailAddress,
    after: Timestamp,
) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from invitations where alliance_id = $1 and email = $2 and mailed_at > $3"#,
        tx.alliance_id() as _,
        email.as_str(),
        after
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn count(tx: &mut Tx) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from invitations where alliance_id = $1"#,
        tx.alliance_id() as _
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn insert(tx: &mut Tx, new: &Invitation) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into invitations (alliance_id, id, name, email, role, member_id, strand_id, message, invited_by,
                                  invited_at, expires_at, mailed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tx.alliance_id() as _,
        new.id as _,
        new.name,
        new.email.as_str(),
        new.role.as_str(),
        new.remit.member_id() as _,
        new.remit.strand_id() as _,
        new.message,
        new.invited_by as _,
        new.invited_at,
        new.expires_at,
        new.mailed_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether it was open and came to this end.
pub(super) async fn settle(
    tx: &mut Tx,
    id: InvitationId,
    (state, person_id): (&str, Option<PersonId>),
    now: Timestamp,
) -> Result<bool, Internal> {
    let done = sqlx::query!(
        "update invitations set state = $3, settled_at = $4, person_id = $5
         where alliance_id = $1 and id = $2 and state = 'open' and expires_at > $4",
        tx.alliance_id() as _,
        id as _,
        state,
        now,
        person_id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether it was last mailed before that moment; then it is mailed now.
pub(super) async fn mark_mailed(
    tx: &mut Tx,
    id: InvitationId,
    (before, now): (Timestamp, Timestamp),
) -> Result<bool, Internal> {
    let done = sqlx::query!(
        "update invitations set mailed_at = $4, refusal = null
         where alliance_id = $1 and id = $2 and state = 'open' and mailed_at <= $3",
        tx.alliance_id() as _,
        id as _,
        before,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps what the mail server said of the mail of that moment.
pub(super) async fn mark_refused(
    tx: &mut Tx,
    (id, mailed_at): (InvitationId, Timestamp),
    refusal: &str,
) -> Result<(), Internal> {
    sqlx::query!(
        "update invitations set refusal = $4 where alliance_id = $1 and id = $2 and mailed_at = $3",
        tx.alliance_id() as _,
        id as _,
        mailed_at,
        refusal
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// As whoever was invited sees it.
pub(super) async fn received(
    tx: &mut Tx,
    id: InvitationId,
    now: Timestamp,
) -> Result<Option<Received>, Internal> {
    let row = sqlx::query!(
        r#"select a.alliance_id as "alliance_id: AllianceId", a.name as alliance_name, i.name, i.role,
                  coalesce(m.name, s.name) as place, p.name as "invited_by?", i.message, i.expires_at, i.state
           from invitations i
           join alliances a on a.alliance_id = $1
           left join members m on m.alliance_id = $1 and m.id = i.member_id
           left join strands s on s.alliance_id = $1 and s.id = i.strand_id
           left join people p on p.alliance_id = $1 and p.id = i.invited_by
           where i.alliance_id = $1 and i.id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.and_then(|row| {
        let role = Role::parse(&row.role)?;
        Some(Received {
            id,
            alliance_id: row.alliance_id,
            alliance_name: row.alliance_name,
            name: row.name,
            role: in_words(role, row.place.as_deref()),
            invited_by: row.invited_by,
            message: row.message,
            expires_at: row.expires_at,
            state: InvitationState::stored(&row.state, row.expires_at, now),
        })
    }))
}

/// A person of this alliance by id and name.
pub(super) struct Known {
    pub(super) id: PersonId,
    pub(super) name: String,
}

/// Who the account is in this alliance. Where it was not joined to anybody yet, whoever it is joined to next: the order is
/// that of joining.
pub(super) async fn person_of(tx: &mut Tx, account: &Account) -> Result<Option<Known>, Internal> {
    Ok(sqlx::query_as!(
        Known,
        r#"select id as "id: PersonId", name from people
           where alliance_id = $1 and (account_id = $2 or account_id is null and email = $3)
           order by account_id is null, id limit 1"#,
        tx.alliance_id() as _,
        account.id as _,
        account.email.as_str()
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Where an invitation leads, and to which address it was sent.
pub(super) async fn address(app: &App, id: InvitationId) -> Result<Option<(AllianceId, String)>, Internal> {
    let row = sqlx::query!(
        r#"select alliance_id as "alliance_id: AllianceId", email from invitations where id = $1"#,
        id as _
    )
    .fetch_optional(app.db.machine_pool())
    .await?;
    Ok(row.map(|row| (row.alliance_id, row.email)))
}

/// The open invitations to an address, the newest first, at most 50.
pub(super) async fn open_at(
    app: &App,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<Vec<(AllianceId, InvitationId)>, Internal> {
    let rows = sqlx::query!(
        r#"select alliance_id as "alliance_id: AllianceId", id as "id: InvitationId" from invitations
           where email = $1 and state = 'open' and expires_at > $2 order by id desc limit 50"#,
        email.as_str(),
        now
    )
    .fetch_all(app.db.machine_pool())
    .await?;
    Ok(rows.into_iter().map(|row| (row.alliance_id, row.id)).collect())
}
