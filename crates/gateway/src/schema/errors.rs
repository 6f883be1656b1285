//! Errors as answers: what a caller can put right is data; what is forbidden or broken ends the field.

use async_graphql::{Error, ErrorExtensions, SimpleObject};
use domain::{
    access::EnterError,
    error::{Internal, ReadError},
    problem::{Failure, Problem},
};

/// Something that the caller can put right.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct UserError {
    /// The input field it is about.
    pub field: Option<String>,
    /// A stable word for programs.
    pub code: String,
    /// For a person.
    pub message: String,
}

impl From<Problem> for UserError {
    fn from(problem: Problem) -> Self {
        Self { field: problem.field.map(Into::into), code: problem.code, message: problem.message }
    }
}

/// A field's error with a code in its extensions.
pub(crate) fn coded(message: &str, code: &'static str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

pub(crate) fn forbidden() -> Error {
    coded("Your role in this alliance does not allow this.", "FORBIDDEN")
}

/// Whether an error is [`forbidden`].
pub(crate) fn is_forbidden(error: &Error) -> bool {
    error.extensions.as_ref().and_then(|extensions| extensions.get("code")) == Some(&"FORBIDDEN".into())
}

/// Logs a fault, once, and answers without its text. What only follows from a fault that was logged is not.
pub(crate) fn internal(error: &Internal) -> Error {
    if !error.is_echo() {
        tracing::error!(error = %error.detail(), "a request failed");
    }
    coded("Something went wrong on our side.", "INTERNAL_SERVER_ERROR")
}

/// The field's error for an alliance that is not entered.
pub(crate) fn enter(error: EnterError) -> Error {
    match error {
        EnterError::NeedsSecondStep => coded(&error.to_string(), "NEEDS_SECOND_STEP"),
        EnterError::Internal(error) => internal(&error),
    }
}

/// The field's error for a read that gave no answer.
pub(crate) fn read(error: ReadError) -> Error {
    match error {
        ReadError::Forbidden(_) => forbidden(),
        ReadError::Internal(error) => internal(&error),
    }
}

/// What a mutation answers: the object, or the errors that the caller can put right.
pub(crate) type Answer<T> = Result<Result<T, UserError>, Error>;

/// Sorts an operation's outcome.
pub(crate) fn answer<T, E: Into<Failure>>(outcome: Result<T, E>) -> Answer<T> {
    match outcome.map_err(Into::into) {
        Ok(done) => Ok(Ok(done)),
        Err(Failure::Problem(problem)) => Ok(Err(problem.into())),
        Err(Failure::Unconfirmed(error)) => Ok(Err(Problem::from(error).into())),
        Err(Failure::Forbidden) => Err(forbidden()),
        Err(Failure::Internal(error)) => Err(internal(&error)),
    }
}

/// The error of a mutation that names an alliance in which the caller holds no role, or that does not exist.
pub(crate) fn unknown_alliance() -> UserError {
    UserError {
        field: Some("alliance".into()),
        code: "UNKNOWN_ALLIANCE".into(),
        message: "There is no such alliance, or you hold no role in it.".into(),
    }
}

/// Declares a mutation's payload: the object, null when there are errors, and the errors.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $object:ty }) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $name {
            $(#[$field_doc])*
            $field: Option<$object>,
            /// What the caller can put right; empty when it was done.
            errors: Vec<$crate::schema::errors::UserError>,
        }

        impl From<Result<$object, $crate::schema::errors::UserError>> for $name {
            fn from(answer: Result<$object, $crate::schema::errors::UserError>) -> Self {
                match answer {
                    Ok(done) => Self { $field: Some(done), errors: Vec::new() },
                    Err(error) => Self { $field: None, errors: vec![error] },
                }
            }
        }
    };
}
pub(crate) use payload;
