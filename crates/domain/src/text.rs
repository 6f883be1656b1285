//! What people type or paste, made fit to be printed and mailed.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_does_not_survive_in_a_name() {
        assert_eq!(tidy(" Two\r\nBcc:\u{0}a@b.example\u{a0}\t"), "Two Bcc: a@b.example");
        assert_eq!(lines("1 Lane\r\n\r\n Town\u{7} \n"), "1 Lane\nTown");
        assert_eq!(one_line("ééé", 3).as_deref(), Some("ééé"));
        assert_eq!((one_line("abcd", 3), one_line(" \n", 3)), (None, None));
    }
}
