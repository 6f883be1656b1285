//! Numbers without gaps.

use crate::{db::Tx, error::Internal};

/// A series of numbers without gaps.
#[derive(Clone, Copy)]
pub(in crate::funding::invoices) enum Series {
    Invoice,
    CreditNote,
}

/// Draws `count` numbers and returns the first. Others who draw from the series wait until this transaction ends.
pub(in crate::funding::invoices) async fn draw_numbers(
    tx: &mut Tx,
    series: Series,
    count: i64,
) -> Result<i64, Internal> {
    let series = match series {
        Series::Invoice => "invoice",
        Series::CreditNote => "credit_note",
    };
    Ok(sqlx::query_scalar!(
        r#"insert into number_series (alliance_id, series, next) values ($1, $2, 1 + $3::bigint)
           on conflict on constraint number_series_pkey do update set next = number_series.next + $3::bigint
           returning next - $3::bigint as "first!""#,
        tx.alliance_id() as _,
        series,
        count
    )
    .fetch_one(tx.conn())
    .await?)
}
