//! Errors that every operation shares.

/// A fault on our side. Its text is for the log, never for the caller.
#[derive(Debug, thiserror::Error)]
#[error("something went wrong on our side")]
pub struct Internal {
    source: Box<dyn std::error::Error + Send + Sync>,
    is_echo: bool,
}

impl Internal {
    /// Wraps any fault.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: source.into(), is_echo: false }
    }

    /// A fault that only repeats an earlier one of the same request.
    pub(crate) fn echo(of: &str) -> Self {
        Self { source: of.into(), is_echo: true }
    }

    /// Whether it only repeats an earlier fault of the same request, which was logged: a snapshot that did not open, or
    /// a transaction that a failed statement has ended.
    #[must_use]
    pub fn is_echo(&self) -> bool {
        self.is_echo
    }

    /// The fault with its causes, for the log.
    #[must_use]
    pub fn detail(&self) -> String {
        let mut text = self.source.to_string();
        let mut cause = self.source.source();
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
        // in_failed_sql_transaction: an earlier statement failed, and said why.
        let is_echo =
            matches!(&error, sqlx::Error::Database(e) if e.code().is_some_and(|code| code == "25P02"));
        Self { source: error.into(), is_echo }
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
