//! Makes foreign text fit to be set.

use serde_json::Value;

/// A run of this many characters without a space is left whole: almost every word and address is shorter.
const LONGEST_WHOLE_RUN: usize = 40;
/// A longer run may break after every so many characters, so that it stays within its column.
const BREAK_EVERY: usize = 20;

/// Tidies every text within `value`: lines are trimmed, blank ones and control characters dropped, and very
/// long runs may wrap.
pub(crate) fn tidy(value: &mut Value) {
    match value {
        Value::String(text) => *text = tidied(text),
        Value::Array(values) => values.iter_mut().for_each(tidy),
        Value::Object(fields) => fields.values_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn tidied(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split_whitespace().map(breakable);
        words.collect::<Vec<_>>().join(" ")
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn breakable(word: &str) -> String {
    let letters = word.chars().filter(|letter| !letter.is_control());
    let is_long = letters.clone().count() > LONGEST_WHOLE_RUN;
    let mut broken = String::with_capacity(word.len());
    for (index, letter) in letters.enumerate() {
        if is_long && index > 0 && index.is_multiple_of(BREAK_EVERY) {
            broken.push('\u{200b}');
        }
        broken.push(letter);
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_blank_ones_dropped() {
        assert_eq!(tidied("  1 High \t Street\r\n\r\n Anytown\u{0}\u{7} \n"), "1 High Street\nAnytown");
        assert_eq!(tidied(" \n\t"), "");
    }

    #[test]
    fn only_very_long_runs_may_break() {
        let whole = "a".repeat(40);
        assert_eq!(tidied(&whole), whole);
        let long = "é".repeat(41);
        assert_eq!(tidied(&long), format!("{0}\u{200b}{0}\u{200b}é", "é".repeat(20)));
    }
}
