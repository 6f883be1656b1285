//! What was recorded, in words.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AuditAction, AuditChange, AuditField, repo::ChangeRow};
use crate::{app::Timestamp, money::Pence};

/// What is recorded, by its table, and what a thing of it is called. The tables of an alliance that are not here hold what
/// the service makes by itself from those that are: its queue, mails, rendered files, numbers and the ledger.
pub const RECORDED: &[(&str, &str)] = &[
    ("agreed_amounts", "agreed amount"),
    ("alliances", "settings"),
    ("allocations", "allocation of a payment"),
    ("bank_imports", "bank import"),
    ("budget_lines", "budget line"),
    ("budgets", "budget"),
    ("chasing_decisions", "decision about reminders"),
    ("closures", "closure"),
    ("credit_notes", "credit note"),
    ("deletions", "deletion of the alliance"),
    ("departures", "departure"),
    ("exports", "export"),
    ("in_kind_offers", "offer in kind"),
    ("invitations", "invitation"),
    ("invoice_runs", "invoice run"),
    ("invoices", "invoice"),
    ("lead_schools", "lead school"),
    ("member_rolls", "pupil number"),
    ("members", "member"),
    ("payers", "payer"),
    ("payment_payers", "payer of a payment"),
    ("payment_reversals", "reversal of a payment"),
    ("payments", "payment"),
    ("people", "person"),
    ("posts", "post"),
    ("purchase_orders", "purchase order"),
    ("refund_reversals", "reversal of a refund"),
    ("refunds", "refund"),
    ("reminder_levels", "reminder level"),
    ("role_grants", "role"),
    ("set_up_tasks", "step of setting up"),
    ("shares", "share"),
    ("strands", "strand"),
    ("term_dates", "term"),
    ("vat_overrides", "decision about VAT"),
];

/// The table of things that are called so.
pub(super) fn table(about: &str) -> Option<&'static str> {
    RECORDED.iter().find(|(_, word)| *word == about).map(|(table, _)| *table)
}

/// What rows lead to.
pub(super) fn references(rows: &[ChangeRow]) -> Vec<Uuid> {
    let sides = rows.iter().flat_map(|row| [&row.before, &row.after]).flatten();
    let columns = sides.filter_map(Value::as_object).flatten();
    columns.filter(|(column, _)| column.ends_with("_id")).filter_map(|(_, value)| reference(value)).collect()
}

fn reference(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}

/// A row as people read it. Of columns that lead to other rows it tells what those are called, by `names`.
pub(super) fn change(row: ChangeRow, names: &HashMap<Uuid, String>) -> AuditChange {
    let about = RECORDED.iter().find(|(table, _)| *table == row.table_name).map_or("row", |(_, word)| *word);
    let action = match row.action.as_str() {
        "insert" => AuditAction::Added,
        "delete" => AuditAction::Removed,
        _ => AuditAction::Changed,
    };
    let (before, after) = (object(row.before), object(row.after));
    let mut columns: Vec<&String> = before.keys().chain(after.keys()).collect();
    columns.sort_unstable();
    columns.dedup();
    let field = |column: &&String| {
        let value = |side: &Map<String, Value>| match side.get(*column)? {
            value if column.ends_with("_id") => names.get(&reference(value)?).cloned(),
            value => words(column, value),
        };
        let (before, after) = (value(&before), value(&after));
        let name = ["_pence", "_id"].iter().find_map(|end| column.strip_suffix(end)).unwrap_or(column);
        let name = if *column == "pence" { "amount".to_owned() } else { name.replace('_', " ") };
        (before.is_some() || after.is_some()).then_some(AuditField { name, before, after })
    };
    let fields = columns.iter().filter(|column| !is_known_otherwise(column)).filter_map(field).collect();
    AuditChange { about, name: row.label.map(|label| stored_words(&label)), action, fields }
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Who did it stands beside the change, and no person needs a row's own id or its place among others.
fn is_known_otherwise(column: &str) -> bool {
    column == "id" || column == "nth" || column.ends_with("_by")
}

/// Roles and the like are stored as `finance_lead`.
fn stored_words(text: &str) -> String {
    let is_stored_name = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_stored_name { text.replace('_', " ") } else { text.to_owned() }
}

fn words(column: &str, value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) if column.ends_with("pence") => {
            number.as_i64().map(|pence| Pence(pence).to_string())
        }
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(match (text.parse::<NaiveDate>(), text.parse::<Timestamp>()) {
            (Ok(date), _) => date.format("%-d %b %Y").to_string(),
            (_, Ok(moment)) => moment.format("%-d %b %Y, %H:%M").to_string(),
            _ => stored_words(text),
        }),
        // Steps, formulas and wordings: their own pages show them.
        Value::Array(_) | Value::Object(_) => Some("as its page shows".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::AuditRecordId;

    fn row(before: Option<Value>, after: Option<Value>) -> ChangeRow {
        ChangeRow {
            record_id: AuditRecordId(uuid::Uuid::nil()),
            table_name: "payments".to_owned(),
            action: "update".to_owned(),
            label: Some("finance_lead".to_owned()),
            before,
            after,
            total: 1,
        }
    }

    #[test]
    fn columns_are_said_in_words() {
        let (oak, ash) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let names = HashMap::from([(oak, "Oak Trust".to_owned())]);
        let row = row(
            Some(json!({ "pence": 120_050, "payer_id": oak, "received_on": "2026-09-01", "reference": "",
                         "recorded_by": oak, "method": "standing_order" })),
            Some(json!({ "pence": 100, "payer_id": ash, "received_on": "2026-10-01", "reference": "A 1",
                         "recorded_by": ash, "given_at": "2026-11-13T10:05:00+00:00" })),
        );
        assert_eq!(references(std::slice::from_ref(&row)), [oak, ash]);
        let change = change(row, &names);
        assert_eq!((change.about, change.name.as_deref()), ("payment", Some("finance lead")));
        let fields: Vec<_> = change
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.before.as_deref(), field.after.as_deref()))
            .collect();
        assert_eq!(
            fields,
            [
                ("given at", None, Some("13 Nov 2026, 10:05")),
                ("method", Some("standing order"), None),
                ("payer", Some("Oak Trust"), None),
                ("amount", Some("£1,200.50"), Some("£1.00")),
                ("received on", Some("1 Sep 2026"), Some("1 Oct 2026")),
                ("reference", None, Some("A 1")),
            ]
        );
    }
}
