//! Names of the schema's enums as a person reads them, with the tone of their tag.

use chrono::NaiveDate;
use domain::{
    money::Pence,
    viewer::{RemitKind, Role, Viewer},
};
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

/// What a select offers: none, and each of these by its id.
pub(crate) fn choices(none: &str, these: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    std::iter::once((String::new(), none.to_owned())).chain(these).collect()
}

/// The phases of schooling that a select offers, as the schema names them.
pub(crate) fn phases() -> Vec<(&'static str, String)> {
    ["NURSERY", "INFANT", "JUNIOR", "PRIMARY", "SECONDARY", "ALL_THROUGH", "SPECIAL", "SIXTEEN_PLUS", "OTHER"]
        .map(|name| (name, phase(&name)))
        .to_vec()
}

/// The same for a filter, which may leave it open.
pub(crate) fn any_phase() -> Vec<(&'static str, String)> {
    std::iter::once(("", "Any".to_owned())).chain(phases()).collect()
}

/// A role: `Finance lead`.
pub(crate) fn role<T: Serialize>(role: &T) -> String {
    Role::parse(&lower_name(role))
        .map_or_else(|| sentence(&name(role)), |role| format::capitalised(role.label()))
}

/// The roles that a filter offers, as the domain names them.
pub(crate) fn roles(any: &str) -> Vec<(&'static str, String)> {
    let roles = Role::ALL.into_iter().map(|role| (role.as_str(), format::capitalised(role.label())));
    std::iter::once(("", any.to_owned())).chain(roles).collect()
}

/// The roles that a form offers to whoever may give them, after what it says for none.
pub(crate) fn roles_to_give(viewer: &Viewer, none: &str) -> Vec<(&'static str, String)> {
    let may_give = |name: &str| Role::parse(name).is_none_or(|role| viewer.may_give(role));
    roles(none).into_iter().filter(|(name, _)| may_give(name)).collect()
}

/// The roles at one school that a form offers to whoever may give them.
pub(crate) fn school_roles(viewer: &Viewer) -> Vec<(&'static str, String)> {
    let is_of_school =
        |name: &str| Role::parse(name).is_none_or(|role| role.remits().contains(&RemitKind::School));
    let roles = roles_to_give(viewer, "nobody yet").into_iter();
    roles.filter(|(name, _)| is_of_school(name)).collect()
}

/// What somebody is and where: `Head, Alder Primary School`.
pub(crate) fn at(what: &str, member: Option<&str>) -> String {
    member.map_or_else(|| what.to_owned(), |member| format!("{what}, {member}"))
}

/// Whether `today` is within a term.
pub(crate) fn holds(starts_on: NaiveDate, ends_on: Option<NaiveDate>, today: NaiveDate) -> bool {
    starts_on <= today && ends_on.is_none_or(|last| today <= last)
}

/// A term and how it stands: `since 1 Sep 2025`, `until 31 Dec 2026`, `from 1 Jan 2027`, `ended 31 Aug 2026`.
pub(crate) fn term(starts_on: NaiveDate, ends_on: Option<NaiveDate>, today: NaiveDate) -> Tag {
    let day = |date: NaiveDate| format::day(&date);
    match ends_on {
        Some(last) if last < today => tag("", format!("{} to {}, over", day(starts_on), day(last))),
        Some(last) if starts_on > today => tag("calm", format!("from {} to {}", day(starts_on), day(last))),
        None if starts_on > today => tag("calm", format!("from {}", day(starts_on))),
        Some(last) => tag("warn", format!("since {}, until {}", day(starts_on), day(last))),
        None => tag("good", format!("since {}", day(starts_on))),
    }
}

/// Whether somebody may sign in, by whether they hold a role, have an address, and have done so before.
pub(crate) fn sign_in(facts: SignIn) -> Tag {
    match facts {
        SignIn { holds_role: false, .. } => tag("", "no role"),
        SignIn { has_signed_in: true, .. } => tag("good", "signs in"),
        SignIn { has_address: true, .. } => tag("calm", "may sign in"),
        SignIn { .. } => tag("warn", "no address"),
    }
}

/// Of somebody who may sign in, and not come in: the alliance requires a second step.
pub(crate) fn lacks_second_step() -> Tag {
    tag("warn", "no second step")
}

/// What decides whether somebody may sign in.
#[derive(Clone, Copy)]
pub(crate) struct SignIn {
    pub(crate) holds_role: bool,
    pub(crate) has_address: bool,
    pub(crate) has_signed_in: bool,
}

/// Kinds of payers, as the domain names them.
pub(crate) const PAYER_KINDS: [(&str, &str); 4] =
    [("school", "School"), ("trust", "Trust"), ("authority", "Authority"), ("other", "Other")];

/// Whether a payer wants its order number on an invoice.
pub(crate) const ORDER_RULES: [(&str, &str); 3] = [
    ("required", "Required: no invoice without one"),
    ("requested", "Wanted, not required"),
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

/// Whether a school of the register teaches.
pub(crate) fn school_status<T: Serialize>(status: &T) -> Tag {
    let name = name(status);
    match name.as_str() {
        "OPEN" => tag("good", "Open"),
        "CLOSED" => tag("bad", "Closed"),
        "PROPOSED_TO_CLOSE" => tag("warn", "Open, but proposed to close"),
        _ => tag("", sentence(&name)),
    }
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
