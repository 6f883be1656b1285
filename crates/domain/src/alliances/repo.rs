//! SQL of alliances.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::{Alliance, BankAccount, Closure, Letterhead, Listed, Strand, SupplierKind, Terms};
use crate::{
    app::Timestamp,
    db::{MachineTx, Tx},
    error::Internal,
    ids::{AccountId, AllianceId, ClosureId, StrandId},
};

/// The transaction's own alliance, which exists: the scope came from a person or a job of it.
pub(crate) async fn alliance(tx: &mut Tx) -> Result<Alliance, Internal> {
    let row = sqlx::query!(
        r#"select alliance_id as "id: AllianceId", slug, name, legal_name, address, contact_email, vat_number,
                  supplier_kind, bank_account_name, bank_sort_code, bank_account_number, timezone,
                  year_start_month, payment_terms_days, invoice_prefix, credit_prefix, wording,
                  requires_second_step, confirmed_at is not null as "is_confirmed!"
           from alliances where alliance_id = $1"#,
        tx.alliance_id() as _
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Alliance {
        id: row.id,
        slug: row.slug,
        name: row.name,
        letterhead: Letterhead {
            legal_name: row.legal_name,
            address: row.address,
            contact_email: row.contact_email,
            vat_number: row.vat_number,
            bank: BankAccount {
                name: row.bank_account_name,
                sort_code: row.bank_sort_code,
                number: row.bank_account_number,
            },
        },
        terms: Terms {
            supplier_kind: SupplierKind::stored(&row.supplier_kind),
            timezone: row.timezone.parse().map_err(|_| Internal::new("the stored time zone is not known"))?,
            year_start_month: row.year_start_month.unsigned_abs().into(),
            payment_terms_days: row.payment_terms_days.unsigned_abs(),
            invoice_prefix: row.invoice_prefix,
            credit_prefix: row.credit_prefix,
        },
        wording: serde_json::from_value(row.wording)?,
        is_confirmed: row.is_confirmed,
        requires_second_step: row.requires_second_step,
    })
}

pub(super) async fn strands(tx: &mut Tx) -> Result<Vec<Strand>, Internal> {
    Ok(sqlx::query_as!(
        Strand,
        r#"select id as "id: StrandId", name from strands where alliance_id = $1 order by position, name"#,
        tx.alliance_id() as _
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn closures(tx: &mut Tx, from: NaiveDate) -> Result<Vec<Closure>, Internal> {
    Ok(sqlx::query_as!(
        Closure,
        r#"select id as "id: ClosureId", name, starts_on, ends_on
           from closures where alliance_id = $1 and ends_on >= $2 order by starts_on"#,
        tx.alliance_id() as _,
        from
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn insert_alliance(
    tx: &mut MachineTx,
    new: &Alliance,
    founder_id: Option<AccountId>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let wording = serde_json::to_value(&new.wording).map_err(sqlx::Error::decode)?;
    sqlx::query!(
        "insert into alliances (alliance_id, slug, name, legal_name, address, contact_email, vat_number, supplier_kind,
            bank_account_name, bank_sort_code, bank_account_number, timezone, year_start_month, payment_terms_days,
            invoice_prefix, credit_prefix, wording, created_at, founder_id, confirmed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::timestamptz, $19,
            case when $20 then $18::timestamptz end)",
        new.id as _,
        new.slug,
        new.name,
        new.letterhead.legal_name,
        new.letterhead.address,
        new.letterhead.contact_email,
        new.letterhead.vat_number,
        new.terms.supplier_kind.as_str(),
        new.letterhead.bank.name,
        new.letterhead.bank.sort_code,
        new.letterhead.bank.number,
        new.terms.timezone.name(),
        i16::try_from(new.terms.year_start_month).unwrap_or(9),
        i16::try_from(new.terms.payment_terms_days).unwrap_or(30),
        new.terms.invoice_prefix,
        new.terms.credit_prefix,
        wording,
        now,
        founder_id as _,
        new.is_confirmed
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many alliances of this founder are on trial.
pub(super) async fn count_trials(tx: &mut MachineTx, founder_id: AccountId) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from alliances where founder_id = $1 and confirmed_at is null"#,
        founder_id as _
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Confirms the alliance with this slug. Returns whether it was on trial; `None` when there is none.
pub(super) async fn confirm(
    tx: &mut MachineTx,
    slug: &str,
    now: Timestamp,
) -> Result<Option<(AllianceId, bool)>, Internal> {
    let confirmed = sqlx::query!(
        r#"with before as (select alliance_id, confirmed_at from alliances where slug = $1 for no key update)
           update alliances set confirmed_at = coalesce(alliances.confirmed_at, $2)
           from before where alliances.alliance_id = before.alliance_id
           returning before.alliance_id as "alliance_id!: AllianceId", before.confirmed_at is null as "was_on_trial!""#,
        slug,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(confirmed.map(|row| (row.alliance_id, row.was_on_trial)))
}

pub(super) async fn every(tx: &mut MachineTx) -> Result<Vec<Listed>, Internal> {
    Ok(sqlx::query_as!(
        Listed,
        r#"select a.slug, a.name, a.created_at, a.confirmed_at is null as "is_on_trial!", f.email as "founder?"
           from alliances a left join accounts f on f.id = a.founder_id
           order by a.confirmed_at is not null, a.created_at, a.slug"#
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn update_settings(tx: &mut Tx, new: &Alliance) -> Result<(), Internal> {
    let wording = serde_json::to_value(&new.wording)?;
    sqlx::query!(
        "update alliances set name = $2, legal_name = $3, address = $4, contact_email = $5, vat_number = $6,
            supplier_kind = $7, bank_account_name = $8, bank_sort_code = $9, bank_account_number = $10,
            payment_terms_days = $11, invoice_prefix = $12, credit_prefix = $13, timezone = $14, year_start_month = $15,
            wording = $16, requires_second_step = $17
         where alliance_id = $1",
        tx.alliance_id() as _,
        new.name,
        new.letterhead.legal_name,
        new.letterhead.address,
        new.letterhead.contact_email,
        new.letterhead.vat_number,
        new.terms.supplier_kind.as_str(),
        new.letterhead.bank.name,
        new.letterhead.bank.sort_code,
        new.letterhead.bank.number,
        i16::try_from(new.terms.payment_terms_days).unwrap_or(30),
        new.terms.invoice_prefix,
        new.terms.credit_prefix,
        new.terms.timezone.name(),
        i16::try_from(new.terms.year_start_month).unwrap_or(9),
        wording,
        new.requires_second_step
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_strands(tx: &mut Tx, strands: &[Strand]) -> Result<(), Internal> {
    let ids: Vec<_> = strands.iter().map(|strand| strand.id.0).collect();
    let names: Vec<_> = strands.iter().map(|strand| strand.name.clone()).collect();
    sqlx::query!(
        "insert into strands (alliance_id, id, name, position)
         select $1, id, name, row_number() over ()::smallint from unnest($2::uuid[], $3::text[]) as new (id, name)",
        tx.alliance_id() as _,
        &ids,
        &names
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn insert_closure(tx: &mut Tx, new: &Closure) -> Result<(), Internal> {
    sqlx::query!(
        "insert into closures (alliance_id, id, name, starts_on, ends_on) values ($1, $2, $3, $4, $5)",
        tx.alliance_id() as _,
        new.id as _,
        new.name,
        new.starts_on,
        new.ends_on
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether there is such a closure to change.
pub(super) async fn update_closure(tx: &mut Tx, new: &Closure) -> Result<bool, Internal> {
    let done = sqlx::query!(
        "update closures set name = $3, starts_on = $4, ends_on = $5 where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        new.id as _,
        new.name,
        new.starts_on,
        new.ends_on
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_closure(tx: &mut Tx, id: ClosureId) -> Result<Option<Closure>, Internal> {
    Ok(sqlx::query_as!(
        Closure,
        r#"delete from closures where alliance_id = $1 and id = $2
           returning id as "id: ClosureId", name, starts_on, ends_on"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The strand becomes the last.
pub(super) async fn append_strand(tx: &mut Tx, new: &Strand) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into strands (alliance_id, id, name, position)
         select $1, $2, $3, coalesce(max(position), 0) + 1 from strands where alliance_id = $1",
        tx.alliance_id() as _,
        new.id as _,
        new.name
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether there is such a strand to rename.
pub(super) async fn update_strand(tx: &mut Tx, new: &Strand) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update strands set name = $3 where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        new.id as _,
        new.name
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_strand(tx: &mut Tx, id: StrandId) -> Result<Option<Strand>, sqlx::Error> {
    sqlx::query_as!(
        Strand,
        r#"delete from strands where alliance_id = $1 and id = $2 returning id as "id: StrandId", name"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await
}

/// The demo's mark, and whether there is any alliance or account.
pub(super) async fn demo(tx: &mut MachineTx) -> Result<(Option<String>, bool), Internal> {
    let row = sqlx::query!(
        r#"select (select state from demo) as state,
                  exists (select from alliances) or exists (select from accounts) as "has_anybody!""#
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((row.state, row.has_anybody))
}

pub(super) async fn insert_demo(tx: &mut MachineTx) -> Result<(), Internal> {
    sqlx::query!("insert into demo (state) values ('begun')").execute(tx.conn()).await?;
    Ok(())
}

/// A demo that is not begun, or already finished, keeps its mark.
pub(super) async fn mark_begun_demo(tx: &mut MachineTx, state: &str) -> Result<(), Internal> {
    sqlx::query!("update demo set state = $1 where state = 'begun'", state).execute(tx.conn()).await?;
    Ok(())
}

/// The owner's: no login of ours may take away what an alliance has. Tables of alliances are those with an
/// `alliance_id`; what refers to accounts goes with them.
pub(super) async fn clear_begun_demo(owner: &mut PgConnection) -> Result<(), Internal> {
    sqlx::query!(
        "do $$
         begin
             if exists (select from demo where state = 'begun') then
                 execute (select 'truncate demo, accounts, ' || string_agg(format('%I', c.relname), ', ') || ' cascade'
                          from pg_attribute a join pg_class c on c.oid = a.attrelid
                          where a.attname = 'alliance_id' and not a.attisdropped
                            and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace);
             end if;
         end
         $$"
    )
    .execute(owner)
    .await?;
    Ok(())
}
