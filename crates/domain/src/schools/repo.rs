//! SQL of the register. Its tables are shared, so most statements name no alliance; only the machine role writes them.

use chrono::NaiveDate;
use sqlx::{PgConnection, types::Json};

use super::{
    AuthorityTerm, LocalAuthority, RegisterSchool, Relation, SchoolCursor, SchoolLink, Status,
    import::Written,
    search_words,
    succession::{Known, KnownSchool},
};
use crate::{
    db::{MachineTx, Tx},
    error::Internal,
    money::BasisPoints,
    page::PageRequest,
    schools::members::SchoolToAdd,
};

/// Lets one import of schools run at a time; readers go on.
pub(super) async fn lock_schools(tx: &mut MachineTx) -> Result<(), Internal> {
    sqlx::query!("lock table schools in share row exclusive mode").execute(tx.conn()).await?;
    Ok(())
}

/// As [`lock_schools`].
pub(super) async fn lock_links(tx: &mut MachineTx) -> Result<(), Internal> {
    sqlx::query!("lock table school_links in share row exclusive mode").execute(tx.conn()).await?;
    Ok(())
}

/// As [`lock_schools`].
pub(super) async fn lock_term_dates(tx: &mut MachineTx) -> Result<(), Internal> {
    sqlx::query!("lock table authority_term_dates in share row exclusive mode").execute(tx.conn()).await?;
    Ok(())
}

#[derive(serde::Serialize)]
struct SchoolRow<'a> {
    #[serde(flatten)]
    school: &'a RegisterSchool,
    search_text: String,
}

/// Inserts the schools that are new and updates those that differ, unless the stored entry is the newer: changed
/// later by the register or, changed on the same day, of a later census. `absent` fields stay as they are.
pub(super) async fn upsert_schools(
    tx: &mut MachineTx,
    schools: &[RegisterSchool],
    absent: &[String],
) -> Result<Written, Internal> {
    let rows: Vec<_> = schools
        .iter()
        .map(|school| Json(SchoolRow { school, search_text: search_words::of_school(school) }))
        .collect();
    // A row begins as the stored one, if any, so that what the file does not say is kept.
    Ok(sqlx::query_as!(
        Written,
        r#"with file as materialized (
               select said.*, stored.urn is null as is_new,
                      (coalesce(said.last_changed_on, '-infinity'), coalesce(said.census_date, '-infinity'))
                      < (coalesce(stored.last_changed_on, '-infinity'), coalesce(stored.census_date, '-infinity'))
                      as is_older
               from unnest($1::jsonb[]) as row (entry)
               left join schools stored on stored.urn = (entry->>'urn')::integer
               cross join lateral jsonb_populate_record(stored, entry - $2::text[]) said
           ), written as (
               insert into schools as stored (
                   urn, name, local_authority_code, local_authority_name, establishment_number, type_code, type_name,
                   type_group_code, type_group_name, status_code, status_name, opened_on, closed_on, phase_code,
                   phase_name, lowest_age, highest_age, capacity, census_date, number_of_pupils,
                   free_meals_basis_points, trust_flag_code, trust_uid, trust_name, federation_uid, federation_name,
                   ukprn, street, locality, address3, town, county, postcode, website, telephone, region, easting,
                   northing, companies_house_number, last_changed_on, search_text)
               select
                   urn, name, local_authority_code, local_authority_name, establishment_number, type_code, type_name,
                   type_group_code, type_group_name, status_code, status_name, opened_on, closed_on, phase_code,
                   phase_name, lowest_age, highest_age, capacity, census_date, number_of_pupils,
                   free_meals_basis_points, trust_flag_code, trust_uid, trust_name, federation_uid, federation_name,
                   ukprn, street, locality, address3, town, county, postcode, website, telephone, region, easting,
                   northing, companies_house_number, last_changed_on, search_text
               from file where not is_older
               on conflict on constraint schools_pkey do update set (
                   name, local_authority_code, local_authority_name, establishment_number, type_code, type_name,
                   type_group_code, type_group_name, status_code, status_name, opened_on, closed_on, phase_code,
                   phase_name, lowest_age, highest_age, capacity, census_date, number_of_pupils,
                   free_meals_basis_points, trust_flag_code, trust_uid, trust_name, federation_uid, federation_name,
                   ukprn, street, locality, address3, town, county, postcode, website, telephone, region, easting,
                   northing, companies_house_number, last_changed_on, search_text
               ) = row (
                   excluded.name, excluded.local_authority_code, excluded.local_authority_name,
                   excluded.establishment_number, excluded.type_code, excluded.type_name, excluded.type_group_code,
                   excluded.type_group_name, excluded.status_code, excluded.status_name, excluded.opened_on,
                   excluded.closed_on, excluded.phase_code, excluded.phase_name, excluded.lowest_age,
                   excluded.highest_age, excluded.capacity, excluded.census_date, excluded.number_of_pupils,
                   excluded.free_meals_basis_points, excluded.trust_flag_code, excluded.trust_uid,
                   excluded.trust_name, excluded.federation_uid, excluded.federation_name, excluded.ukprn,
                   excluded.street, excluded.locality, excluded.address3, excluded.town, excluded.county,
                   excluded.postcode, excluded.website, excluded.telephone, excluded.region, excluded.easting,
                   excluded.northing, excluded.companies_house_number, excluded.last_changed_on,
                   excluded.search_text)
               where stored is distinct from excluded
               returning urn
           )
           select count(*) filter (where is_new) as "new!",
                  count(*) filter (where not is_new and written.urn is not null) as "updated!",
                  count(*) filter (where is_older) as "older!",
                  count(*) filter (where written.urn is null and not is_older) as "unchanged!"
           from file left join written using (urn)"#,
        &rows as _,
        absent
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Inserts the links that are new and updates those that differ.
pub(super) async fn upsert_links(tx: &mut MachineTx, links: &[SchoolLink]) -> Result<Written, Internal> {
    let urns: Vec<_> = links.iter().map(|link| link.urn).collect();
    let link_urns: Vec<_> = links.iter().map(|link| link.link_urn).collect();
    let names: Vec<_> = links.iter().map(|link| link.link_name.clone()).collect();
    let types: Vec<_> = links.iter().map(|link| link.link_type.clone()).collect();
    let relations: Vec<_> = links.iter().map(|link| link.relation.as_str().to_owned()).collect();
    let dates: Vec<_> = links.iter().map(|link| link.established_on).collect();
    Ok(sqlx::query_as!(
        Written,
        r#"with file as materialized (
               select said.*, stored.urn is null as is_new
               from unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::date[])
                    as said (urn, link_urn, link_name, link_type, relation, established_on)
               left join school_links stored using (urn, link_urn, link_type)
           ), written as (
               insert into school_links as stored (urn, link_urn, link_name, link_type, relation, established_on)
               select urn, link_urn, link_name, link_type, relation, established_on from file
               on conflict on constraint school_links_pkey do update set
                   link_name = excluded.link_name, relation = excluded.relation,
                   established_on = excluded.established_on
               where stored is distinct from excluded
               returning urn, link_urn, link_type
           )
           select count(*) filter (where is_new) as "new!",
                  count(*) filter (where not is_new and written.urn is not null) as "updated!",
                  0::bigint as "older!",
                  count(*) filter (where written.urn is null) as "unchanged!"
           from file left join written using (urn, link_urn, link_type)"#,
        &urns,
        &link_urns,
        &names as &[Option<String>],
        &types,
        &relations,
        &dates as &[Option<NaiveDate>]
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The year as it is stored.
fn school_years(terms: &[AuthorityTerm]) -> Vec<i16> {
    terms.iter().map(|term| i16::try_from(term.year.0).unwrap_or(i16::MAX)).collect()
}

/// Inserts the terms that are new and updates those that differ.
pub(super) async fn upsert_term_dates(
    tx: &mut MachineTx,
    terms: &[AuthorityTerm],
) -> Result<Written, Internal> {
    let codes: Vec<_> = terms.iter().map(|term| term.authority_code).collect();
    let years = school_years(terms);
    let names: Vec<_> = terms.iter().map(|term| term.name.clone()).collect();
    let starts: Vec<_> = terms.iter().map(|term| term.starts_on).collect();
    let ends: Vec<_> = terms.iter().map(|term| term.ends_on).collect();
    Ok(sqlx::query_as!(
        Written,
        r#"with file as materialized (
               select said.*, stored.name is null as is_new
               from unnest($1::integer[], $2::smallint[], $3::text[], $4::date[], $5::date[])
                    as said (authority_code, school_year, name, starts_on, ends_on)
               left join authority_term_dates stored using (authority_code, school_year, name)
           ), written as (
               insert into authority_term_dates as stored (authority_code, school_year, name, starts_on, ends_on)
               select authority_code, school_year, name, starts_on, ends_on from file
               on conflict on constraint authority_term_dates_pkey do update set
                   starts_on = excluded.starts_on, ends_on = excluded.ends_on
               where stored is distinct from excluded
               returning authority_code, school_year, name
           )
           select count(*) filter (where is_new) as "new!",
                  count(*) filter (where not is_new and written.name is not null) as "updated!",
                  0::bigint as "older!",
                  count(*) filter (where written.name is null) as "unchanged!"
           from file left join written using (authority_code, school_year, name)"#,
        &codes,
        &years,
        &names,
        &starts,
        &ends
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Of every school year of an authority that is among `terms`, deletes what is not.
pub(super) async fn delete_other_term_dates(
    tx: &mut MachineTx,
    terms: &[AuthorityTerm],
) -> Result<(), Internal> {
    let codes: Vec<_> = terms.iter().map(|term| term.authority_code).collect();
    let years = school_years(terms);
    let names: Vec<_> = terms.iter().map(|term| term.name.clone()).collect();
    sqlx::query!(
        "with file as (select * from unnest($1::integer[], $2::smallint[], $3::text[]) as f (code, year, name))
         delete from authority_term_dates
         where (authority_code, school_year) in (select code, year from file)
           and (authority_code, school_year, name) not in (select code, year, name from file)",
        &codes,
        &years,
        &names
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn schools(conn: &mut PgConnection, urns: &[i32]) -> Result<Vec<RegisterSchool>, Internal> {
    Ok(sqlx::query_as!(
        RegisterSchool,
        r#"select urn, name, local_authority_code, local_authority_name, establishment_number, type_code, type_name,
                  type_group_code, type_group_name, status_code, status_name, opened_on, closed_on, phase_code,
                  phase_name, lowest_age, highest_age, capacity, census_date, number_of_pupils,
                  free_meals_basis_points as "free_meals_basis_points: BasisPoints", trust_flag_code, trust_uid,
                  trust_name, federation_uid, federation_name, ukprn, street, locality, address3, town, county,
                  postcode, website, telephone, region, easting, northing, companies_house_number, last_changed_on
           from schools where urn = any($1)"#,
        urns
    )
    .fetch_all(conn)
    .await?)
}

pub(crate) async fn school_for_member(tx: &mut Tx, urn: i32) -> Result<Option<SchoolToAdd>, Internal> {
    Ok(schools(tx.conn(), &[urn]).await?.pop().map(|school| SchoolToAdd {
        phase: school.phase(),
        address: school.address(),
        name: school.name,
    }))
}

/// A search expression for all of these words, which hold nothing but letters and digits, or beginnings of words.
pub(super) fn every_word(words: &[String]) -> String {
    words.iter().map(|word| format!("'{word}':*")).collect::<Vec<_>>().join(" & ")
}

pub(super) async fn local_authorities(conn: &mut PgConnection) -> Result<Vec<LocalAuthority>, Internal> {
    Ok(sqlx::query_as!(
        LocalAuthority,
        r#"select local_authority_code as "code!", max(local_authority_name) as "name!" from schools
           where status_code <> 2 and local_authority_code > 0 and local_authority_name is not null
           group by local_authority_code order by 2, 1"#
    )
    .fetch_all(conn)
    .await?)
}

/// `every_word` is a search expression; an empty one leaves the words out.
pub(super) async fn schools_to_choose(
    conn: &mut PgConnection,
    (authority_code, every_word): (Option<i32>, &str),
    page: &PageRequest<SchoolCursor>,
) -> Result<Vec<RegisterSchool>, Internal> {
    let after = page.after.as_ref();
    Ok(sqlx::query_as!(
        RegisterSchool,
        r#"select urn, name, local_authority_code, local_authority_name, establishment_number, type_code, type_name,
                  type_group_code, type_group_name, status_code, status_name, opened_on, closed_on, phase_code,
                  phase_name, lowest_age, highest_age, capacity, census_date, number_of_pupils,
                  free_meals_basis_points as "free_meals_basis_points: BasisPoints", trust_flag_code, trust_uid,
                  trust_name, federation_uid, federation_name, ukprn, street, locality, address3, town, county,
                  postcode, website, telephone, region, easting, northing, companies_house_number, last_changed_on
           from schools
           where status_code <> 2 and ($1::integer is null or local_authority_code = $1)
             and ($2::text = '' or array_to_tsvector(string_to_array(search_text, ' ')) @@ ($2::text)::tsquery)
             and ($3::text is null or (name, urn) > ($3, $4::integer))
           order by name, urn limit $5"#,
        authority_code,
        every_word,
        after.map(|after| after.name.as_str()),
        after.map(|after| after.urn),
        page.limit()
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn count_schools_to_choose(
    conn: &mut PgConnection,
    authority_code: Option<i32>,
    every_word: &str,
) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from schools
           where status_code <> 2 and ($1::integer is null or local_authority_code = $1)
             and ($2::text = '' or array_to_tsvector(string_to_array(search_text, ' ')) @@ ($2::text)::tsquery)"#,
        authority_code,
        every_word
    )
    .fetch_one(conn)
    .await?)
}

/// `words` hold nothing but letters and digits. First open schools, then those of the authorities where members are.
pub(super) async fn search(
    tx: &mut Tx,
    words: &[String],
    limit: u16,
) -> Result<Vec<RegisterSchool>, Internal> {
    Ok(sqlx::query_as!(
        RegisterSchool,
        r#"select urn, name, local_authority_code, local_authority_name, establishment_number, type_code, type_name,
                  type_group_code, type_group_name, status_code, status_name, opened_on, closed_on, phase_code,
                  phase_name, lowest_age, highest_age, capacity, census_date, number_of_pupils,
                  free_meals_basis_points as "free_meals_basis_points: BasisPoints", trust_flag_code, trust_uid,
                  trust_name, federation_uid, federation_name, ukprn, street, locality, address3, town, county,
                  postcode, website, telephone, region, easting, northing, companies_house_number, last_changed_on
           from schools
           where array_to_tsvector(string_to_array(search_text, ' ')) @@ ($2::text)::tsquery
           order by status_code = 2,
                    coalesce(local_authority_code = any(array(
                        select s.local_authority_code from members m join schools s on s.urn = m.urn
                        where m.alliance_id = $1)), false) desc,
                    not starts_with(search_text, $3), name, local_authority_name, urn
           limit $4"#,
        tx.alliance_id() as _,
        every_word(words),
        words.join(" "),
        i64::from(limit)
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Every link between the schools that lie one after the other from each of `urns` on, towards successors or towards
/// predecessors, and what the register has of these schools. Dates are not looked at. Walks each school once, so
/// circles end.
pub(super) async fn succession(
    conn: &mut PgConnection,
    urns: &[i32],
    towards: Relation,
) -> Result<Known, Internal> {
    let reverse = if towards == Relation::Successor { Relation::Predecessor } else { Relation::Successor };
    let rows = sqlx::query!(
        r#"with recursive reached (urn) as (
               select unnest($1::integer[])
               union
               select next.urn
               from reached cross join lateral (
                   select link_urn from school_links where urn = reached.urn and relation in ($2, 'merger')
                   union all
                   select urn from school_links where link_urn = reached.urn and relation in ($3, 'merger')
               ) next (urn)
           )
           select urn, link_urn, link_name, link_type, established_on from school_links
           where urn in (select urn from reached) and link_urn in (select urn from reached) and relation <> 'other'
           order by urn, link_urn, link_type"#,
        urns,
        towards.as_str(),
        reverse.as_str()
    )
    .fetch_all(&mut *conn)
    .await?;
    let links: Vec<_> = rows
        .into_iter()
        .map(|row| SchoolLink {
            urn: row.urn,
            link_urn: row.link_urn,
            link_name: row.link_name,
            relation: Relation::of(&row.link_type),
            link_type: row.link_type,
            established_on: row.established_on,
        })
        .collect();
    let mut known: Vec<_> = links.iter().flat_map(|link| [link.urn, link.link_urn]).collect();
    known.extend(urns);
    known.sort_unstable();
    known.dedup();
    let rows = sqlx::query!(
        "select urn, name, status_code, opened_on, closed_on from schools where urn = any($1) order by urn",
        &known
    )
    .fetch_all(conn)
    .await?;
    let schools = rows
        .into_iter()
        .map(|row| KnownSchool {
            urn: row.urn,
            name: row.name,
            status: Status::of(row.status_code),
            opened_on: row.opened_on,
            closed_on: row.closed_on,
        })
        .collect();
    Ok(Known { links, schools })
}

pub(super) async fn has_schools(tx: &mut Tx) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(r#"select exists (select from schools) as "has!""#).fetch_one(tx.conn()).await?)
}
