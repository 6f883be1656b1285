//! Names of the schema's enums as a person reads them, with the tone of their tag.

use chrono::NaiveDate;
use domain::money::Pence;
use serde::Serialize;

use crate::format;

/// An enum's name in the schema, such as `PART_PAID`.
pub(crate) fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A word with the tone of its tag: never colour alone.
pub(crate) struct Tag {
    pub(crate) tone: &'static str,
    pub(crate) label: String,
}

fn tag(tone: &'static str, label: impl Into<String>) -> Tag {
    Tag { tone, label: label.into() }
}

/// `PART_PAID` as `Part paid`.
pub(crate) fn sentence(name: &str) -> String {
    let mut text = name.replace('_', " ").to_lowercase();
    if let Some(first) = text.get(..1) {
        text.replace_range(..1, &first.to_uppercase());
    }
    text
}

/// `PART_PAID` as `part_paid`, as forms and the domain write it.
pub(crate) fn lower_name<T: Serialize>(value: &T) -> String {
    name(value).to_lowercase()
}

/// What a select offers: anything, and each of `names` in words.
pub(crate) fn options<'a>(any: &str, names: &[&'a str]) -> Vec<(&'a str, String)> {
    let words = names.iter().map(|name| (*name, sentence(name)));
    std::iter::once(("", any.to_owned())).chain(words).collect()
}

/// The phases of schooling that a select offers, as the schema names them.
pub(crate) fn phases() -> Vec<(&'static str, String)> {
    ["NURSERY", "INFANT", "JUNIOR", "PRIMARY", "SECONDARY", "ALL_THROUGH", "SPECIAL", "SIXTEEN_PLUS", "OTHER"]
        .map(|name| (name, phase(&name)))
        .to_vec()
}

/// Kinds of payers, as the domain names them.
pub(crate) const PAYER_KINDS: [(&str, &str); 4] =
    [("school", "School"), ("trust", "Trust"), ("authority", "Authority"), ("other", "Other")];

/// Whether a payer wants its order number on an invoice.
pub(crate) const ORDER_RULES: [(&str, &str); 3] = [
    ("required", "Required: no invoice without one"),
    ("requested", "Requested: given when there is one"),
    ("none", "None"),
];

/// An invoice's state.
pub(crate) fn invoice_state<T: Serialize>(state: &T) -> Tag {
    let name = name(state);
    let tone = match name.as_str() {
        "PAID" => "good",
        "OVERDUE" => "bad",
        "DISPUTED" | "HELD" => "warn",
        "PART_PAID" => "calm",
        _ => "",
    };
    tag(tone, sentence(&name))
}

/// A mail's state.
pub(crate) fn delivery_state<T: Serialize>(state: &T) -> Tag {
    let name = name(state);
    let tone = match name.as_str() {
        "SENT" => "good",
        "REFUSED" => "bad",
        "UNKNOWN" => "warn",
        "SENDING" => "calm",
        _ => "",
    };
    tag(tone, sentence(&name))
}

/// A phase of schooling.
pub(crate) fn phase<T: Serialize>(phase: &T) -> String {
    match name(phase).as_str() {
        "ALL_THROUGH" => "All-through".into(),
        "SIXTEEN_PLUS" => "16 plus".into(),
        other => sentence(other),
    }
}

/// What a member gave or gained, such as `Gave 2.5 days`. Days are in hundredths.
pub(crate) fn gave_or_gained<D: Serialize, U: Serialize>(direction: &D, unit: &U, quantity: i64) -> String {
    let what = match name(unit).as_str() {
        "PENCE" => Pence(quantity).to_string(),
        "DAYS" => {
            let text = format!("{}.{:02}", quantity / 100, quantity.abs() % 100);
            let number = text.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {}", if number == "1" { "day" } else { "days" })
        }
        _ => format::plural(&quantity, "place", "places"),
    };
    format!("{} {what}", sentence(&name(direction)))
}

/// When that was and its note: `12 Nov 2026, for the maths project`.
pub(crate) fn when_and_why(on: NaiveDate, note: &str) -> String {
    let on = format::day(&on);
    if note.is_empty() { on } else { format!("{on}, {note}") }
}
