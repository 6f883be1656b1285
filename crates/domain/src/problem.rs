//! What an operation's error means to whoever asked. Every entrance (GraphQL, pages, jobs) reads errors through
//! [`Failure`], so a code and the field it belongs to are said once.

use crate::{error::Internal, viewer::ConfirmItIsYou};

/// Why an operation did not happen.
#[derive(Debug)]
pub enum Failure {
    /// The viewer's roles do not permit it.
    Forbidden,
    /// They do, and the last proof of who asks is too old for it.
    Unconfirmed(ConfirmItIsYou),
    /// Something that the person who asked can put right.
    Problem(Problem),
    /// A fault on our side.
    Internal(Internal),
}

/// Something that the person who asked can put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable word for programs: the error's name, as `UNKNOWN_MEMBER`.
    pub code: String,
    /// The input field it is about, as the API spells it.
    pub field: Option<&'static str>,
    /// For a person.
    pub message: String,
}

impl Problem {
    /// The problem of an error whose variant names the code.
    pub(crate) fn of(
        error: &(impl std::fmt::Debug + std::fmt::Display),
        field: Option<&'static str>,
    ) -> Self {
        let debug = format!("{error:?}");
        let variant = debug.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let mut code = String::with_capacity(variant.len() + 4);
        for (at, c) in variant.char_indices() {
            if at > 0 && c.is_ascii_uppercase() {
                code.push('_');
            }
            code.push(c.to_ascii_uppercase());
        }
        let mut message = error.to_string();
        if let Some(first) = message.get(..1) {
            message.replace_range(..1, &first.to_uppercase());
        }
        if !message.ends_with(['.', '?', '!']) {
            message.push('.');
        }
        Self { code, field, message }
    }
}

impl From<Internal> for Failure {
    fn from(error: Internal) -> Self {
        Self::Internal(error)
    }
}

impl From<crate::error::Forbidden> for Failure {
    fn from(_: crate::error::Forbidden) -> Self {
        Self::Forbidden
    }
}

/// Says which input field each variant of an operation's error is about; variants that hold another operation's error
/// are `nested`. A variant that is not listed does not compile.
macro_rules! failure {
    ($error:ident { $($variant:ident $(=> $field:literal)?),* $(,)? } $(nested { $($nested:ident),* })?) => {
        impl From<$error> for $crate::problem::Failure {
            fn from(error: $error) -> Self {
                let field: Option<&'static str> = match error {
                    $($error::$variant { .. } => failure!(@field $($field)?),)*
                    $($($error::$nested(inner) => return inner.into(),)*)?
                };
                Self::Problem($crate::problem::Problem::of(&error, field))
            }
        }
    };
    (@field) => { None };
    (@field $field:literal) => { Some($field) };
}
pub(crate) use failure;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum E {
        #[error("a thing is missing")]
        ThingMissing { _which: u8 },
    }

    #[test]
    fn the_variant_names_the_code_and_the_message_is_a_sentence() {
        let problem = Problem::of(&E::ThingMissing { _which: 1 }, Some("thing"));
        assert_eq!(problem.code, "THING_MISSING");
        assert_eq!(problem.message, "A thing is missing.");
    }
}
