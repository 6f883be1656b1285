//! SQL of the ledger.

use std::collections::HashMap;

use super::{Direction, LedgerEntry, LedgerHead, Unit};
use crate::{
    app::Timestamp,
    db::Tx,
    error::Internal,
    ids::{LedgerEntryId, MemberId},
    viewer::Reach,
};

/// Adds entries; one whose cause was entered before is left out.
pub(crate) async fn insert(tx: &mut Tx, new: &[LedgerEntry], now: Timestamp) -> Result<(), Internal> {
    let ids: Vec<_> = new.iter().map(|entry| entry.id.0).collect();
    let members: Vec<_> = new.iter().map(|entry| entry.member_id.0).collect();
    let days: Vec<_> = new.iter().map(|entry| entry.occurred_on).collect();
    let directions: Vec<_> = new.iter().map(|entry| entry.direction.as_str().to_owned()).collect();
    let units: Vec<_> = new.iter().map(|entry| entry.unit.as_str().to_owned()).collect();
    let quantities: Vec<_> = new.iter().map(|entry| entry.quantity).collect();
    let kinds: Vec<_> = new.iter().map(|entry| entry.kind.clone()).collect();
    let notes: Vec<_> = new.iter().map(|entry| entry.note.clone()).collect();
    let sources: Vec<_> = new.iter().map(|entry| entry.source_id).collect();
    sqlx::query!(
        "insert into ledger_entries (alliance_id, id, member_id, occurred_on, direction, unit, quantity, kind, note,
            source_id, created_at)
         select $1, new.*, $2
         from unnest($3::uuid[], $4::uuid[], $5::date[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
                     $11::uuid[]) as new
         on conflict on constraint ledger_entries_source_key do nothing",
        tx.alliance_id() as _,
        now,
        &ids,
        &members,
        &days,
        &directions,
        &units,
        &quantities,
        &kinds,
        &notes,
        &sources as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The entries of each member with its count beside each, so that both come from one statement.
pub(super) async fn heads(
    tx: &mut Tx,
    reach: &Reach,
    members: &[MemberId],
    latest: i64,
) -> Result<HashMap<MemberId, LedgerHead>, Internal> {
    let members: Vec<_> = members.iter().filter(|id| reach.includes(**id)).map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select e.id as "id: LedgerEntryId", e.member_id as "member_id: MemberId", e.occurred_on, e.direction, e.unit,
                  e.quantity, e.kind, e.note, e.source_id, c.count as "count!"
           from unnest($2::uuid[]) as wanted (member_id)
           cross join lateral (select count(*) as count from ledger_entries l
                               where l.alliance_id = $1 and l.member_id = wanted.member_id) c
           cross join lateral (select * from ledger_entries l
                               where l.alliance_id = $1 and l.member_id = wanted.member_id
                               order by l.occurred_on desc, l.id desc limit $3) e"#,
        tx.alliance_id() as _,
        &members,
        latest
    )
    .fetch_all(tx.conn())
    .await?;
    let mut heads: HashMap<MemberId, LedgerHead> = HashMap::new();
    for row in rows {
        let head = heads.entry(row.member_id).or_default();
        head.count = row.count;
        head.latest.push(LedgerEntry {
            id: row.id,
            member_id: row.member_id,
            occurred_on: row.occurred_on,
            direction: if row.direction == "gained" { Direction::Gained } else { Direction::Gave },
            unit: match row.unit.as_str() {
                "days" => Unit::Days,
                "places" => Unit::Places,
                _ => Unit::Pence,
            },
            quantity: row.quantity,
            kind: row.kind,
            note: row.note,
            source_id: row.source_id,
        });
    }
    Ok(heads)
}
