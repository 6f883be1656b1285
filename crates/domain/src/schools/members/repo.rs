//! SQL of members and payers.

use chrono::NaiveDate;

use super::{
    Lack, Member, MemberCursor, MemberFilter, Payer, PayerCursor, PayerKind, Phase, PurchaseOrderRule,
    RegisterTrust, Roll,
};
use crate::{
    access::EmailAddress,
    app::Timestamp,
    db::Tx,
    error::Internal,
    ids::{MemberId, PayerId, PersonId},
    page::{Page, PageRequest},
    viewer::Reach,
};

struct MemberRow {
    id: MemberId,
    name: String,
    urn: Option<i32>,
    phase: String,
    payer_id: PayerId,
    joined_on: NaiveDate,
    left_on: Option<NaiveDate>,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            urn: row.urn,
            phase: Phase::stored(&row.phase),
            payer_id: row.payer_id,
            joined_on: row.joined_on,
            left_on: row.left_on,
        }
    }
}

pub(super) async fn members(
    tx: &mut Tx,
    filter: &MemberFilter,
    page: &PageRequest<MemberCursor>,
) -> Result<Page<Member>, Internal> {
    let after = page.after.as_ref();
    let rows = sqlx::query_as!(
        MemberRow,
        r#"select id as "id: MemberId", name, urn, phase, payer_id as "payer_id: PayerId", joined_on, left_on
           from members
           where alliance_id = $1
             and ($2::text is null or strpos(lower(name), lower($2)) > 0)
             and ($3::text is null or phase = $3)
             and ($4::date is null or (joined_on <= $4 and (left_on is null or left_on >= $4)))
             and ($8::text is null or case $8
                  when 'roll' then
                    not exists (select from member_rolls r
                                where r.alliance_id = $1 and r.member_id = members.id
                                  and ($4::date is null or r.census_date <= $4))
                    and not exists (select from schools s
                                    where s.urn = members.urn and s.number_of_pupils is not null
                                      and s.census_date <= coalesce($4, 'infinity'))
                  else exists (select from payers p
                               left join people c on c.alliance_id = $1 and c.id = p.finance_contact_id
                               where p.alliance_id = $1 and p.id = members.payer_id
                                 and p.accounts_email is null and c.email is null) end)
             and ($5::text is null or (name, id) > ($5, $6))
           order by name, id limit $7"#,
        tx.alliance_id() as _,
        filter.name.as_deref(),
        filter.phase.map(Phase::as_str),
        filter.on,
        after.map(|cursor| cursor.name.as_str()),
        after.map(|cursor| cursor.id.0),
        page.limit(),
        filter.without.map(Lack::as_str)
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(page.cut(rows.into_iter().map(Member::from).collect()))
}

pub(super) async fn count_members(tx: &mut Tx, filter: &MemberFilter) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from members
           where alliance_id = $1
             and ($2::text is null or strpos(lower(name), lower($2)) > 0)
             and ($3::text is null or phase = $3)
             and ($4::date is null or (joined_on <= $4 and (left_on is null or left_on >= $4)))
             and ($5::text is null or case $5
                  when 'roll' then
                    not exists (select from member_rolls r
                                where r.alliance_id = $1 and r.member_id = members.id
                                  and ($4::date is null or r.census_date <= $4))
                    and not exists (select from schools s
                                    where s.urn = members.urn and s.number_of_pupils is not null
                                      and s.census_date <= coalesce($4, 'infinity'))
                  else exists (select from payers p
                               left join people c on c.alliance_id = $1 and c.id = p.finance_contact_id
                               where p.alliance_id = $1 and p.id = members.payer_id
                                 and p.accounts_email is null and c.email is null) end)"#,
        tx.alliance_id() as _,
        filter.name.as_deref(),
        filter.phase.map(Phase::as_str),
        filter.on,
        filter.without.map(Lack::as_str)
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(crate) async fn members_by_ids(tx: &mut Tx, ids: &[MemberId]) -> Result<Vec<Member>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        MemberRow,
        r#"select id as "id: MemberId", name, urn, phase, payer_id as "payer_id: PayerId", joined_on, left_on
           from members where alliance_id = $1 and id = any($2)"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

/// The members of any day from `from` to `until`, by name.
pub(crate) async fn members_between(
    tx: &mut Tx,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Member>, Internal> {
    let rows = sqlx::query_as!(
        MemberRow,
        r#"select id as "id: MemberId", name, urn, phase, payer_id as "payer_id: PayerId", joined_on, left_on
           from members
           where alliance_id = $1 and joined_on <= $3 and (left_on is null or left_on >= $2)
           order by name, id"#,
        tx.alliance_id() as _,
        from,
        until
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

/// The newest census wins; of two for one date, the one that a person entered.
pub(crate) async fn rolls(
    tx: &mut Tx,
    ids: &[MemberId],
    on: NaiveDate,
) -> Result<Vec<(MemberId, Roll)>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select distinct on (member_id) member_id as "member_id!: MemberId", census_date as "census_date!",
                  pupils as "pupils!", said
           from (select member_id, census_date, pupils, source as said, 0 as rank from member_rolls
                 where alliance_id = $1 and member_id = any($2)
                 union all
                 select m.id, s.census_date, s.number_of_pupils, null, 1
                 from members m join schools s on s.urn = m.urn
                 where m.alliance_id = $1 and m.id = any($2)
                   and s.census_date is not null and s.number_of_pupils is not null) known
           where census_date <= $3
           order by member_id, census_date desc, rank"#,
        tx.alliance_id() as _,
        &ids,
        on
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let roll =
                Roll { pupils: row.pupils.unsigned_abs(), census_date: row.census_date, said: row.said };
            (row.member_id, roll)
        })
        .collect())
}

/// The academy trusts of these members, as far as the register knows them. A foundation trust is none: it supports a
/// school that stays its own, and pays nobody's invoices.
pub(crate) async fn register_trusts(
    tx: &mut Tx,
    ids: &[MemberId],
) -> Result<Vec<(MemberId, RegisterTrust)>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select m.id as "id: MemberId", s.trust_uid as "uid!", s.trust_name as "name!"
           from members m join schools s on s.urn = m.urn
           where m.alliance_id = $1 and m.id = any($2) and s.trust_flag_code in (3, 5)
             and s.trust_uid is not null and s.trust_name is not null"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, RegisterTrust { uid: row.uid, name: row.name })).collect())
}

struct PayerRow {
    id: PayerId,
    kind: String,
    legal_name: String,
    address: String,
    accounts_email: Option<String>,
    purchase_order: String,
    finance_contact_id: Option<PersonId>,
}

impl From<PayerRow> for Payer {
    fn from(row: PayerRow) -> Self {
        Self {
            id: row.id,
            kind: PayerKind::parse(&row.kind).unwrap_or(PayerKind::Other),
            legal_name: row.legal_name,
            address: row.address,
            accounts_email: row.accounts_email.map(EmailAddress::stored),
            purchase_order: PurchaseOrderRule::parse(&row.purchase_order)
                .unwrap_or(PurchaseOrderRule::Required),
            finance_contact_id: row.finance_contact_id,
        }
    }
}

pub(crate) async fn payers_by_ids(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[PayerId],
) -> Result<Vec<Payer>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        PayerRow,
        r#"select id as "id: PayerId", kind, legal_name, address, accounts_email, purchase_order,
                  finance_contact_id as "finance_contact_id: PersonId"
           from payers
           where alliance_id = $1 and id = any($3)
             and ($2::uuid[] is null or id in (select payer_id from members where alliance_id = $1 and id = any($2)))"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Payer::from).collect())
}

/// The payers within reach, by name: all of them, or what a page may need.
pub(crate) async fn payers(
    tx: &mut Tx,
    reach: &Reach,
    page: Option<&PageRequest<PayerCursor>>,
) -> Result<Vec<Payer>, Internal> {
    let after = page.and_then(|page| page.after.as_ref());
    let rows = sqlx::query_as!(
        PayerRow,
        r#"select id as "id: PayerId", kind, legal_name, address, accounts_email, purchase_order,
                  finance_contact_id as "finance_contact_id: PersonId"
           from payers
           where alliance_id = $1
             and ($2::uuid[] is null or id in (select payer_id from members where alliance_id = $1 and id = any($2)))
             and ($3::text is null or (legal_name, id) > ($3, $4))
           order by legal_name, id limit $5"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        after.map(|cursor| cursor.legal_name.as_str()),
        after.map(|cursor| cursor.id.0),
        page.map(PageRequest::limit)
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Payer::from).collect())
}

pub(super) async fn count_payers(tx: &mut Tx, reach: &Reach) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from payers
           where alliance_id = $1
             and ($2::uuid[] is null or id in (select payer_id from members where alliance_id = $1 and id = any($2)))"#,
        tx.alliance_id() as _,
        reach.as_filter() as _
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(crate) async fn insert_payer(tx: &mut Tx, new: &Payer, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into payers (alliance_id, id, kind, legal_name, address, accounts_email, purchase_order,
            finance_contact_id, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.alliance_id() as _,
        new.id as _,
        new.kind.as_str(),
        new.legal_name,
        new.address,
        new.accounts_email.as_ref().map(EmailAddress::as_str),
        new.purchase_order.as_str(),
        new.finance_contact_id as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many payers were changed: none when the id is not one of this alliance's.
pub(super) async fn update_payer(tx: &mut Tx, new: &Payer) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update payers set kind = $3, legal_name = $4, address = $5, accounts_email = $6, purchase_order = $7,
            finance_contact_id = $8
         where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        new.id as _,
        new.kind.as_str(),
        new.legal_name,
        new.address,
        new.accounts_email.as_ref().map(EmailAddress::as_str),
        new.purchase_order.as_str(),
        new.finance_contact_id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn insert_member(tx: &mut Tx, new: &Member, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into members (alliance_id, id, name, urn, phase, payer_id, joined_on, left_on, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.alliance_id() as _,
        new.id as _,
        new.name,
        new.urn,
        new.phase.as_str(),
        new.payer_id as _,
        new.joined_on,
        new.left_on,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Which of these schools are members on the day `from` or any later one.
pub(super) async fn members_from(tx: &mut Tx, urns: &[i32], from: NaiveDate) -> Result<Vec<i32>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select distinct urn as "urn!" from members
           where alliance_id = $1 and urn = any($2) and (left_on is null or left_on >= $3)"#,
        tx.alliance_id() as _,
        urns,
        from
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(crate) async fn lead_school(tx: &mut Tx, on: NaiveDate) -> Result<Option<MemberId>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select member_id as "member_id: MemberId" from lead_schools
           where alliance_id = $1 and starts_on <= $2 order by starts_on desc limit 1"#,
        tx.alliance_id() as _,
        on
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Of two on one day, the later counts.
pub(crate) async fn insert_lead_school(
    tx: &mut Tx,
    member_id: MemberId,
    starts_on: NaiveDate,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into lead_schools (alliance_id, starts_on, member_id) values ($1, $2, $3)
         on conflict on constraint lead_schools_pkey do update set member_id = excluded.member_id",
        tx.alliance_id() as _,
        starts_on,
        member_id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn update_member(tx: &mut Tx, new: &Member) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update members set name = $3, urn = $4, phase = $5, payer_id = $6, joined_on = $7, left_on = $8
         where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        new.id as _,
        new.name,
        new.urn,
        new.phase.as_str(),
        new.payer_id as _,
        new.joined_on,
        new.left_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The member, which nobody else changes before the transaction ends.
pub(super) async fn member_for_update(tx: &mut Tx, id: MemberId) -> Result<Option<Member>, Internal> {
    let row = sqlx::query_as!(
        MemberRow,
        r#"select id as "id: MemberId", name, urn, phase, payer_id as "payer_id: PayerId", joined_on, left_on
           from members where alliance_id = $1 and id = $2 for update"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Member::from))
}

pub(super) async fn count_members_of_payers(
    tx: &mut Tx,
    ids: &[PayerId],
    on: NaiveDate,
) -> Result<Vec<(PayerId, i64)>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select payer_id as "payer_id: PayerId", count(*) as "count!" from members
           where alliance_id = $1 and payer_id = any($2) and (left_on is null or left_on >= $3)
           group by payer_id"#,
        tx.alliance_id() as _,
        &ids,
        on
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.payer_id, row.count)).collect())
}

pub(super) async fn upsert_roll(
    tx: &mut Tx,
    member_id: MemberId,
    roll: &Roll,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into member_rolls (alliance_id, member_id, census_date, pupils, source, recorded_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint member_rolls_pkey do update
         set pupils = excluded.pupils, source = excluded.source, recorded_at = excluded.recorded_at",
        tx.alliance_id() as _,
        member_id as _,
        roll.census_date,
        i32::try_from(roll.pupils).unwrap_or(i32::MAX),
        roll.source(),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
