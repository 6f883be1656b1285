//! SQL of term dates.

use chrono::NaiveDate;

use super::{SchoolYear, Term};
use crate::{alliances::ClosedDays, db::Tx, error::Internal};

/// As it is stored.
fn stored(year: SchoolYear) -> i16 {
    i16::try_from(year.0).unwrap_or(i16::MAX)
}

pub(super) async fn term_dates(tx: &mut Tx, from: NaiveDate) -> Result<Vec<Term>, Internal> {
    Ok(sqlx::query_as!(
        Term,
        "select name, starts_on, ends_on from term_dates where alliance_id = $1 and ends_on >= $2 order by starts_on",
        tx.alliance_id() as _,
        from
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The authority of the school that leads on `on`, if it publishes anything for the year, and what.
pub(super) async fn published_terms(
    tx: &mut Tx,
    year: SchoolYear,
    on: NaiveDate,
) -> Result<(Option<String>, Vec<Term>), Internal> {
    let rows = sqlx::query!(
        r#"select t.name, t.starts_on, t.ends_on, coalesce(s.local_authority_name, '') as "authority!"
           from authority_term_dates t join schools s on s.local_authority_code = t.authority_code
           where t.school_year = $2 and s.urn = (
               select m.urn from lead_schools l join members m on (m.alliance_id, m.id) = (l.alliance_id, l.member_id)
               where l.alliance_id = $1 and m.alliance_id = $1 and l.starts_on <= $3
               order by l.starts_on desc limit 1)
           order by t.starts_on"#,
        tx.alliance_id() as _,
        stored(year),
        on
    )
    .fetch_all(tx.conn())
    .await?;
    let authority = rows.first().map(|row| row.authority.clone());
    let terms = rows.into_iter();
    let terms = terms.map(|row| Term { name: row.name, starts_on: row.starts_on, ends_on: row.ends_on });
    Ok((authority, terms.collect()))
}

pub(super) async fn delete_terms(tx: &mut Tx, year: SchoolYear) -> Result<(), Internal> {
    sqlx::query!(
        "delete from term_dates where alliance_id = $1 and school_year = $2",
        tx.alliance_id() as _,
        stored(year)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_terms(tx: &mut Tx, year: SchoolYear, terms: &[Term]) -> Result<(), Internal> {
    let names: Vec<_> = terms.iter().map(|term| term.name.clone()).collect();
    let starts: Vec<_> = terms.iter().map(|term| term.starts_on).collect();
    let ends: Vec<_> = terms.iter().map(|term| term.ends_on).collect();
    sqlx::query!(
        "insert into term_dates (alliance_id, school_year, name, starts_on, ends_on)
         select $1, $2, name, starts_on, ends_on
         from unnest($3::text[], $4::date[], $5::date[]) as new (name, starts_on, ends_on)",
        tx.alliance_id() as _,
        stored(year),
        &names,
        &starts,
        &ends
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Closures, and the days between two terms that are not just a weekend. Terms more than 100 days apart have others
/// between them that nobody has written down.
pub(in crate::alliances) async fn closed_days(
    tx: &mut Tx,
    from: NaiveDate,
) -> Result<Vec<ClosedDays>, Internal> {
    Ok(sqlx::query_as!(
        ClosedDays,
        r#"with closed (name, starts_on, ends_on) as (
               select name, starts_on, ends_on from closures where alliance_id = $1
               union all
               select 'school holiday', term.ends_on + 1, term.next - 1
               from (select ends_on, lead(starts_on) over (order by starts_on) as next
                     from term_dates where alliance_id = $1) term
               where term.next - term.ends_on between 4 and 100
           )
           select name as "name!", starts_on as "starts_on!", ends_on as "ends_on!"
           from closed where ends_on >= $2 order by starts_on, ends_on"#,
        tx.alliance_id() as _,
        from
    )
    .fetch_all(tx.conn())
    .await?)
}
