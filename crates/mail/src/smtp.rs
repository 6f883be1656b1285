//! Delivery by SMTP.

use std::{error::Error as _, fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    transport::smtp::{Error, PoolConfig},
};

use crate::Email;

/// How long a server may take to be reached. What it says afterwards is bounded by [`SEND_TIMEOUT`] alone.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long one mail may take in all.
const SEND_TIMEOUT: Duration = Duration::from_secs(45);
/// No connection serves a second mail. lettre puts one back whose mail was cut off in the middle; the server's late
/// answer about that mail would then be taken for one about the next.
const KEPT_CONNECTIONS: u32 = 0;

/// A mail server. Each mail has a connection of its own. Cloning it is cheap.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").finish_non_exhaustive()
    }
}

/// The URL does not name a mail server.
#[derive(Debug, thiserror::Error)]
#[error("the mail server's URL cannot be used: it is like smtps://user:password@host:465 or smtp://host:25")]
pub struct SmtpUrlError;

/// What the server said when it took a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Such as 250.
    pub code: u16,
    /// Its words, without mail addresses.
    pub text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// Why a mail was not taken. The reasons are for people to read, and contain no mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not now: the server asked for patience (4xx), could not be reached, broke off, or does not let us in at all.
    /// When it broke off at the very end it may have taken the mail; its Message-ID will be the same next time.
    #[error("{reason}")]
    Retry {
        /// What happened.
        reason: String,
    },
    /// Never: the server refused this mail or its recipient (5xx).
    #[error("{reason}")]
    Discard {
        /// What the server said.
        reason: String,
        /// Such as 550.
        code: u16,
    },
}

impl Smtp {
    /// Reads a URL: `smtps://user:password@host` speaks TLS from the start (port 465), `smtp://host?tls=required` after
    /// a greeting (port 587), `smtp://host` never (port 25). User and password are percent-encoded. Call it within a
    /// Tokio runtime, which closes the connections.
    pub fn from_url(url: &str) -> Result<Self, SmtpUrlError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| SmtpUrlError)?
            .timeout(Some(CONNECT_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(KEPT_CONNECTIONS))
            .build();
        Ok(Self { transport })
    }

    /// Sends a mail to all its recipients. A server that refuses one of them gets none of it.
    pub async fn send(&self, email: &Email) -> Result<Reply, SendError> {
        let sent = tokio::time::timeout(SEND_TIMEOUT, self.transport.send(email.message.clone())).await;
        let error = match sent.map_err(|_| too_slow())? {
            Ok(response) => {
                let text = response.message().collect::<Vec<_>>().join(" ");
                return Ok(Reply { code: response.code().into(), text: without_addresses(&text) });
            }
            Err(error) => error,
        };
        match error.status().filter(|_| error.is_permanent()) {
            // A server that turns us away at the door or does not accept our password says nothing about this mail.
            // Its answer counts only if it lets us in.
            Some(code) => {
                self.check().await?;
                Err(SendError::Discard { reason: reason(&error), code: code.into() })
            }
            None => Err(SendError::Retry { reason: reason(&error) }),
        }
    }

    /// Whether the server can be reached, lets us in, and answers.
    pub async fn check(&self) -> Result<(), SendError> {
        match tokio::time::timeout(SEND_TIMEOUT, self.transport.test_connection()).await {
            Err(_) => Err(too_slow()),
            Ok(Err(error)) => Err(SendError::Retry { reason: reason(&error) }),
            Ok(Ok(false)) => Err(SendError::Retry { reason: "The mail server broke off.".to_owned() }),
            Ok(Ok(true)) => Ok(()),
        }
    }
}

fn too_slow() -> SendError {
    SendError::Retry { reason: "The mail server took too long to answer.".to_owned() }
}

fn reason(error: &Error) -> String {
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let words = match error.status() {
        Some(code) => format!("The mail server said: {code} {words}"),
        None if error.is_timeout() => "The mail server took too long to answer.".to_owned(),
        None => format!("The mail server could not be used: {error}"),
    };
    without_addresses(words.trim_end())
}

/// A server's words with every mail address masked: servers like to repeat them, and words end up in logs.
fn without_addresses(words: &str) -> String {
    words
        .split_whitespace()
        .map(|word| if word.contains('@') { "(address)" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}
