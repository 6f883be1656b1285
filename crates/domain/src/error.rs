//! Errors that every operation shares.

/// A fault on our side. Its text is for the log, never for the caller.
#[derive(Debug, thiserror::Error)]
#[error("something went wrong on our side")]
pub struct Internal(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Internal {
    /// Wraps any fault.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }

    /// The fault with its causes, for the log.
    #[must_use]
    pub fn detail(&self) -> String {
        let mut text = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl From<sqlx::Error> for Internal {
    fn from(error: sqlx::Error) -> Self {
        Self::new(error)
    }
}

impl From<serde_json::Error> for Internal {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}

/// The viewer's roles do not permit this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("your role in this alliance does not allow this")]
pub struct Forbidden;

/// Why a read gave no answer. A missing or foreign row is `None`, never an error.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The viewer's roles do not permit it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.into())
    }
}
