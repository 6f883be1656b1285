//! What a mail is.

use std::sync::LazyLock;

use mrml::prelude::render::RenderOptions;

/// A mail that Ensemble sends. Its templates lie in `templates/NAME/`.
pub trait Mail: Sized {
    /// A stable name: it may be stored.
    const NAME: &'static str;

    /// The subject line.
    fn subject(&self) -> askama::Result<String>;

    /// The plain text part.
    fn text(&self) -> askama::Result<String>;

    /// The source of the HTML part, in MJML.
    fn mjml(&self) -> askama::Result<String>;

    /// One with fictional content, for previews and tests.
    fn sample() -> Self;

    /// The mail as words.
    fn render(&self) -> Result<Rendered, RenderError> {
        let mjml = mrml::parse(self.mjml()?)?;
        Ok(Rendered {
            subject: one_line(&self.subject()?),
            text: lines(&self.text()?),
            html: mjml.element.render(&OPTIONS)?,
        })
    }
}

/// The three texts of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters.
    pub subject: String,
    /// Plain text with `\n` between its lines. A paragraph is one line, however long.
    pub text: String,
    /// A whole HTML document.
    pub html: String,
}

/// A fault in a template: the mail cannot be sent until it is mended.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template failed.
    #[error("the mail's template failed: {0}")]
    Template(#[from] askama::Error),
    /// The template did not give valid MJML.
    #[error("the mail's MJML cannot be read: {0}")]
    Parse(#[from] mrml::prelude::parser::Error),
    /// The MJML could not be turned into HTML.
    #[error("the mail's MJML cannot be rendered: {0}")]
    Render(#[from] mrml::prelude::render::Error),
}

/// No font is fetched: a mail that loads something tells a third party who read it.
static OPTIONS: LazyLock<RenderOptions> =
    LazyLock::new(|| RenderOptions { fonts: std::collections::HashMap::new(), ..RenderOptions::default() });

/// Text as a header may hold it: on one line, words parted by single spaces, without control characters.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text with `\n` for every line end, also for a bare carriage return, which some mail servers take as one.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    format!("{}\n", text.trim())
}

/// Implements [`Mail`] by the templates in a folder, which see the value as `mail`. askama wants each path as a literal
/// of its own.
macro_rules! templates {
    ($mail:ident $name:literal: $subject:literal, $text:literal, $mjml:literal, $sample:expr) => {
        const _: () = {
            use askama::Template;

            #[derive(Template)]
            #[template(path = $subject, escape = "none")]
            struct Subject<'a> {
                mail: &'a $mail,
            }

            #[derive(Template)]
            #[template(path = $text, escape = "none")]
            struct Text<'a> {
                mail: &'a $mail,
            }

            #[derive(Template)]
            #[template(path = $mjml, escape = "html")]
            struct Mjml<'a> {
                mail: &'a $mail,
            }

            impl crate::Mail for $mail {
                const NAME: &'static str = $name;

                fn subject(&self) -> askama::Result<String> {
                    Subject { mail: self }.render()
                }

                fn text(&self) -> askama::Result<String> {
                    Text { mail: self }.render()
                }

                fn mjml(&self) -> askama::Result<String> {
                    Mjml { mail: self }.render()
                }

                fn sample() -> Self {
                    $sample
                }
            }
        };
    };
}
pub(crate) use templates;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_one_line() {
        assert_eq!(
            one_line("  Mill Lane\r\n\tPrimary\u{0}\u{7f}School\u{2028}x "),
            "Mill Lane Primary School x"
        );
    }

    #[test]
    fn line_ends_are_alike() {
        assert_eq!(lines("\na\r\nb\rc\n\n"), "a\nb\nc\n");
    }
}
