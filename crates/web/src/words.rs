//! Names of the schema's enums as a person reads them, with the tone of their tag.

use serde::Serialize;

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
