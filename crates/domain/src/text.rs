//! What people type or paste, made fit to be printed and mailed; and counts in words.

use crate::money::thousands;

/// A count with commas between the thousands.
#[must_use]
pub fn number(count: i64) -> String {
    format!("{}{}", if count < 0 { "−" } else { "" }, thousands(count.unsigned_abs()))
}

/// `1 school`, `27 schools`, `1,184 pupils`.
#[must_use]
pub fn plural(count: impl TryInto<i64>, one: &str, many: &str) -> String {
    let count = count.try_into().unwrap_or(i64::MAX);
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// One line with single spaces and without invisible control characters: a line break pasted into a name must not
/// reach an invoice or a mail's header, and Postgres keeps no NUL.
pub(crate) fn tidy(typed: &str) -> String {
    let words = typed.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// [`tidy`], when that leaves 1 to `longest` characters.
pub(crate) fn one_line(typed: &str, longest: usize) -> Option<String> {
    let text = tidy(typed);
    (1..=longest).contains(&text.chars().count()).then_some(text)
}

/// Each line [`tidy`], without empty ones.
pub(crate) fn lines(typed: &str) -> String {
    typed.lines().map(tidy).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What a cell of a CSV file says, with an apostrophe before what a spreadsheet would take for a formula; plain numbers
/// below nought stay numbers. The full-width forms are those that Excel reads alike in some languages.
#[must_use]
pub fn harmless_cell(mut cell: String) -> String {
    let starts_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if starts_formula && !is_negative_number(&cell) {
        cell.insert(0, '\'');
    }
    cell
}

/// Digits after a minus sign, with at most one point between them.
fn is_negative_number(cell: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    cell.strip_prefix('-').is_some_and(|size| match size.split_once('.') {
        Some((whole, decimals)) => is_digits(whole) && is_digits(decimals),
        None => is_digits(size),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_do_not_run() {
        for formula in
            ["=cmd|' /C calc'!A0", "+1", "-2+3", "-", "-1.2.3", "-1.", "@SUM(A1)", "\t=1", "\r=1", "＝1"]
        {
            assert_eq!(harmless_cell(formula.to_owned()), format!("'{formula}"));
        }
        for plain in ["-12.50", "-7", "1,234", "St Mary's", "a=b", ""] {
            assert_eq!(harmless_cell(plain.to_owned()), plain);
        }
    }

    #[test]
    fn counts_have_commas_and_the_right_word() {
        assert_eq!([0, 999, 1_000, 27_184_000].map(number), ["0", "999", "1,000", "27,184,000"]);
        assert_eq!(number(i64::MIN), "−9,223,372,036,854,775,808");
        let shown = [0, 1, 2, 1_184].map(|count: usize| plural(count, "pupil", "pupils"));
        assert_eq!(shown, ["0 pupils", "1 pupil", "2 pupils", "1,184 pupils"]);
    }

    #[test]
    fn a_line_break_does_not_survive_in_a_name() {
        assert_eq!(tidy(" Two\r\nBcc:\u{0}a@b.example\u{a0}\t"), "Two Bcc: a@b.example");
        assert_eq!(lines("1 Lane\r\n\r\n Town\u{7} \n"), "1 Lane\nTown");
        assert_eq!(one_line("ééé", 3).as_deref(), Some("ééé"));
        assert_eq!((one_line("abcd", 3), one_line(" \n", 3)), (None, None));
    }
}
