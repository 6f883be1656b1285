//! SQL of mails.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{Delivery, DeliveryCursor, DeliveryFilter, DeliveryState, Effect, Rule};
use crate::{
    access::EmailAddress,
    app::Timestamp,
    db::{MachineTx, Tx},
    error::Internal,
    ids::{DeliveryId, MemberId},
    messages::{DevelopmentMail, NewDevelopmentMail},
    page::{Page, PageRequest},
};

pub(super) async fn insert(
    tx: &mut Tx,
    id: DeliveryId,
    effect: &Effect,
    (recipient, message_id, now): (&EmailAddress, &str, Timestamp),
) -> Result<bool, Internal> {
    let done = sqlx::query!(
        "insert into deliveries (alliance_id, id, rule, subject_id, recipient, reference_date, occurrence, member_id,
            state, message_id, created_at, again)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $10, $11)
         on conflict on constraint deliveries_effect_key do nothing",
        tx.alliance_id() as _,
        id as _,
        effect.rule.as_str(),
        effect.subject_id,
        recipient.as_str(),
        effect.reference_date,
        effect.occurrence,
        effect.member_id as _,
        message_id,
        now,
        effect.again
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The last mail of an effect to one recipient.
pub(super) struct Last {
    pub(super) recipient: EmailAddress,
    pub(super) state: DeliveryState,
    pub(super) again: i16,
}

/// The last mail of an effect to each recipient, whichever `effect.again`.
pub(super) async fn last(tx: &mut Tx, effect: &Effect) -> Result<Vec<Last>, Internal> {
    let rows = sqlx::query!(
        "select distinct on (recipient) recipient, state, again
         from deliveries
         where alliance_id = $1 and rule = $2 and subject_id = $3 and reference_date = $4 and occurrence = $5
         order by recipient, again desc",
        tx.alliance_id() as _,
        effect.rule.as_str(),
        effect.subject_id,
        effect.reference_date,
        effect.occurrence
    )
    .fetch_all(tx.conn())
    .await?;
    let last = rows.into_iter().map(|row| Last {
        recipient: EmailAddress::stored(row.recipient),
        state: DeliveryState::stored(&row.state),
        again: row.again,
    });
    Ok(last.collect())
}

/// What a mail is about and what became of it, locked while a person decides.
pub(super) async fn effect_for_update(
    tx: &mut Tx,
    id: DeliveryId,
) -> Result<Option<(Effect, DeliveryState)>, Internal> {
    let row = sqlx::query!(
        r#"select rule, subject_id, member_id as "member_id: MemberId", reference_date, occurrence, again, state
           from deliveries where alliance_id = $1 and id = $2 for update"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| {
        let effect = Effect {
            rule: Rule::stored(&row.rule)?,
            subject_id: row.subject_id,
            member_id: row.member_id,
            reference_date: row.reference_date,
            occurrence: row.occurrence,
            again: row.again,
        };
        Ok((effect, DeliveryState::stored(&row.state)))
    })
    .transpose()
}

struct DeliveryRow {
    id: DeliveryId,
    rule: String,
    subject_id: uuid::Uuid,
    member_id: MemberId,
    recipient: String,
    occurrence: i16,
    state: String,
    attempts: i16,
    mail_subject: Option<String>,
    last_reply: Option<String>,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
    leased_until: Option<Timestamp>,
}

/// What is said of a mail whose sender stopped; [`give_up`] writes the same down.
const STOPPED: &str = "The sender stopped before it knew the answer.";

impl DeliveryRow {
    /// The mail as it is at `now`: one whose lease has run out is no longer on its way, also while nobody has given it
    /// up.
    fn at(self, now: Timestamp) -> Result<Delivery, Internal> {
        let mut row = self;
        if row.state == "sending" && row.leased_until.is_some_and(|until| until < now) {
            row.state = DeliveryState::Unknown.as_str().into();
            row.last_reply = Some(STOPPED.into());
        }
        Ok(Delivery {
            id: row.id,
            rule: Rule::stored(&row.rule)?,
            subject_id: row.subject_id,
            member_id: row.member_id,
            recipient: EmailAddress::stored(row.recipient),
            occurrence: row.occurrence,
            state: DeliveryState::stored(&row.state),
            attempts: row.attempts,
            mail_subject: row.mail_subject,
            last_reply: row.last_reply,
            created_at: row.created_at,
            sent_at: row.sent_at,
        })
    }
}

pub(super) async fn deliveries(
    tx: &mut Tx,
    filter: &DeliveryFilter,
    page: &PageRequest<DeliveryCursor>,
    now: Timestamp,
) -> Result<Page<Delivery>, Internal> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        r#"select id as "id: DeliveryId", rule, subject_id, member_id as "member_id: MemberId", recipient, occurrence,
                  state, attempts, mail_subject, last_reply, created_at, sent_at, leased_until
           from deliveries
           where alliance_id = $1 and ($3::uuid is null or subject_id = $3)
             and ($2::text is null
                  or $2 = case when state = 'sending' and leased_until < $7 then 'unknown' else state end)
             and ($4::timestamptz is null or (created_at, id) < ($4, $5))
           order by created_at desc, id desc limit $6"#,
        tx.alliance_id() as _,
        filter.state.map(DeliveryState::as_str),
        filter.subject_id,
        page.after.map(|cursor| cursor.created_at),
        page.after.map(|cursor| cursor.id.0),
        page.limit(),
        now
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(page.cut(rows.into_iter().map(|row| row.at(now)).collect::<Result<_, _>>()?))
}

pub(super) async fn delivery(
    tx: &mut Tx,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Option<Delivery>, Internal> {
    let row = sqlx::query_as!(
        DeliveryRow,
        r#"select id as "id: DeliveryId", rule, subject_id, member_id as "member_id: MemberId", recipient, occurrence,
                  state, attempts, mail_subject, last_reply, created_at, sent_at, leased_until
           from deliveries where alliance_id = $1 and id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| row.at(now)).transpose()
}

pub(super) async fn deliveries_about(
    tx: &mut Tx,
    subjects: &[uuid::Uuid],
    now: Timestamp,
) -> Result<Vec<Delivery>, Internal> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        r#"select id as "id: DeliveryId", rule, subject_id, member_id as "member_id: MemberId", recipient, occurrence,
                  state, attempts, mail_subject, last_reply, created_at, sent_at, leased_until
           from deliveries where alliance_id = $1 and subject_id = any($2) order by created_at, id"#,
        tx.alliance_id() as _,
        subjects
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(|row| row.at(now)).collect()
}

/// The text parts of these mails, where kept.
pub(super) async fn texts(tx: &mut Tx, ids: &[DeliveryId]) -> Result<HashMap<DeliveryId, String>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select id as "id: DeliveryId", mail_text as "text!" from deliveries
           where alliance_id = $1 and id = any($2) and mail_text is not null"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.text)).collect())
}

pub(super) async fn counts(tx: &mut Tx, now: Timestamp) -> Result<Vec<(DeliveryState, i64)>, Internal> {
    let rows = sqlx::query!(
        r#"select case when state = 'sending' and leased_until < $2 then 'unknown' else state end as "state!",
                  count(*) as "count!"
           from deliveries where alliance_id = $1 group by 1"#,
        tx.alliance_id() as _,
        now
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (DeliveryState::stored(&row.state), row.count)).collect())
}

/// A mail whose lease this attempt holds.
pub(super) struct Leased {
    pub(super) rule: String,
    pub(super) subject_id: uuid::Uuid,
    pub(super) recipient: String,
    pub(super) occurrence: i16,
    pub(super) message_id: String,
    pub(super) created_at: Timestamp,
}

/// What came of asking for a mail's lease.
pub(super) enum LeaseAnswer {
    /// It is this attempt's.
    Taken(Leased),
    /// Another attempt has it, and may be sending at this moment.
    Held,
    /// It ran out under an attempt of which nothing was heard again.
    RanOut,
    /// The mail's story has ended, or there is no such mail.
    Over,
}

/// Takes the lease of a waiting mail.
pub(super) async fn lease(
    tx: &mut Tx,
    id: DeliveryId,
    (now, until): (Timestamp, Timestamp),
) -> Result<LeaseAnswer, Internal> {
    if give_up(tx, id, now).await? {
        return Ok(LeaseAnswer::RanOut);
    }
    let taken = sqlx::query_as!(
        Leased,
        "update deliveries set state = 'sending', attempts = attempts + 1, leased_until = $3
         where alliance_id = $1 and id = $2 and state = 'waiting'
         returning rule, subject_id, recipient, occurrence, message_id, created_at",
        tx.alliance_id() as _,
        id as _,
        until
    )
    .fetch_optional(tx.conn())
    .await?;
    if let Some(leased) = taken {
        return Ok(LeaseAnswer::Taken(leased));
    }
    let held = sqlx::query_scalar!(
        r#"select exists (select from deliveries
                          where alliance_id = $1 and id = $2 and state in ('waiting', 'sending')) as "held!""#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(if held { LeaseAnswer::Held } else { LeaseAnswer::Over })
}

/// A mail whose lease ran out while it was sent is not taken again: the server may have it. Returns whether this is
/// one.
pub(super) async fn give_up(tx: &mut Tx, id: DeliveryId, now: Timestamp) -> Result<bool, Internal> {
    let done = sqlx::query!(
        "update deliveries set state = 'unknown', leased_until = null, last_reply = $4
         where alliance_id = $1 and id = $2 and state = 'sending' and leased_until < $3",
        tx.alliance_id() as _,
        id as _,
        now,
        STOPPED
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The end of an attempt.
pub(super) struct Settled<'a> {
    pub(super) state: DeliveryState,
    pub(super) mail_subject: Option<&'a str>,
    pub(super) mail_text: Option<&'a str>,
    pub(super) reply: Option<&'a str>,
    pub(super) sent_at: Option<Timestamp>,
}

pub(super) async fn settle(tx: &mut Tx, id: DeliveryId, end: &Settled<'_>) -> Result<(), Internal> {
    sqlx::query!(
        "update deliveries set state = $3, mail_subject = coalesce($4, mail_subject), last_reply = $5, sent_at = $6,
            mail_text = coalesce($7, mail_text), leased_until = null
         where alliance_id = $1 and id = $2 and state = 'sending'",
        tx.alliance_id() as _,
        id as _,
        end.state.as_str(),
        end.mail_subject,
        end.reply,
        end.sent_at,
        end.mail_text
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_development_mail(
    tx: &mut MachineTx,
    id: uuid::Uuid,
    new: &NewDevelopmentMail,
    now: Timestamp,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into development_mails (id, sent_at, sender, recipients, subject, body_text, body_html, attachments,
            message_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        now,
        new.sender,
        new.recipients.join(", "),
        new.subject,
        new.text,
        new.html,
        serde_json::to_value(&new.attachments)?,
        new.message_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The newest first, `limit` at the most; or the one with this id.
pub(super) async fn development_mails(
    tx: &mut MachineTx,
    id: Option<uuid::Uuid>,
    limit: i64,
) -> Result<Vec<DevelopmentMail>, Internal> {
    Ok(sqlx::query_as!(
        DevelopmentMail,
        r#"select id, sent_at, sender, recipients, subject, body_text as text, body_html as html,
                  array(select jsonb_array_elements_text(attachments)) as "attachments!", message_id
           from development_mails where $1::uuid is null or id = $1
           order by sent_at desc, id desc limit $2"#,
        id,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// All but the newest `keep`.
pub(super) async fn delete_development_mails(tx: &mut MachineTx, keep: i64) -> Result<u64, Internal> {
    let deleted = sqlx::query!(
        "delete from development_mails
         where id in (select id from development_mails order by sent_at desc, id desc offset $1)",
        keep
    )
    .execute(tx.conn())
    .await?;
    Ok(deleted.rows_affected())
}

/// The reference dates of an effect's mails, for reminders already made.
pub(crate) async fn made(
    tx: &mut Tx,
    rule: Rule,
    subjects: &[uuid::Uuid],
) -> Result<Vec<(uuid::Uuid, NaiveDate, i16)>, Internal> {
    let rows = sqlx::query!(
        "select distinct subject_id, reference_date, occurrence from deliveries
         where alliance_id = $1 and rule = $2 and subject_id = any($3)",
        tx.alliance_id() as _,
        rule.as_str(),
        subjects
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.subject_id, row.reference_date, row.occurrence)).collect())
}
