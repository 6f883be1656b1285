//! How pages answer.

use askama::Template;
use axum::{
    Extension,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    error::Internal,
    problem::{Failure, Problem},
    viewer::{Act, ConfirmItIsYou},
};

use crate::lists::percent_encoded;

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Nobody is signed in: off to sign-in, and back to the address that was wanted, if there is one.
    SignedOut {
        /// A path with its query; may be empty.
        wanted: String,
    },
    /// The alliance asks everybody for a second step, and there is none: off to where one is set up.
    NeedsSecondStep {
        /// The alliance.
        slug: String,
    },
    /// The alliance is about to be deleted: off to the one page that it has left.
    Closed {
        /// The alliance.
        slug: String,
    },
    /// There is no such thing, or it is not yours to see.
    NotFound,
    /// Your role does not allow it.
    Forbidden,
    /// Too long since the last proof of who asks: [`crate::pages::confirm::ask`] asks for another in the place of this.
    Unconfirmed(Act),
    /// A form that did not come from our own page.
    Forged,
    /// A sign-in that a page of another site sent.
    FromElsewhere,
    /// What the gateway answers a program whose token is worth nothing, or nothing here.
    Program(Box<Response>),
    /// A fault on our side, logged where it happened.
    Internal,
}

impl PageError {
    /// Logs a fault, once.
    pub(crate) fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        tracing::error!(error = %Internal::new(error).detail(), "a page failed");
        Self::Internal
    }
}

/// What marks the answer of [`PageError::Unconfirmed`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unconfirmed(pub(crate) Act);

impl From<ConfirmItIsYou> for PageError {
    fn from(error: ConfirmItIsYou) -> Self {
        Self::Unconfirmed(error.before)
    }
}

impl From<Internal> for PageError {
    fn from(error: Internal) -> Self {
        Self::internal(error)
    }
}

/// Sorts what a form's operation answered: the problem goes back into the form.
pub(crate) fn outcome<T>(result: Result<T, impl Into<Failure>>) -> Result<Result<T, Problem>, PageError> {
    match result.map_err(Into::into) {
        Ok(done) => Ok(Ok(done)),
        Err(Failure::Problem(problem)) => Ok(Err(problem)),
        Err(Failure::Forbidden) => Err(PageError::Forbidden),
        Err(Failure::Unconfirmed(error)) => Err(error.into()),
        Err(Failure::Internal(error)) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    text: &'static str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::SignedOut { wanted } => {
                let to = if wanted.len() > 1 {
                    format!("?to={}", percent_encoded(&wanted))
                } else {
                    String::new()
                };
                return Redirect::to(&format!("/sign-in{to}")).into_response();
            }
            Self::Program(answer) => return *answer,
            Self::NeedsSecondStep { slug } => {
                let to = format!("/account/second-step?alliance={}", percent_encoded(&slug));
                return Redirect::to(&to).into_response();
            }
            Self::Unconfirmed(act) => {
                return (StatusCode::FORBIDDEN, Extension(Unconfirmed(act))).into_response();
            }
            Self::Closed { slug } => return Redirect::to(&format!("/{slug}/settings/data")).into_response(),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is no such page",
                "The address may be mistyped, or what it named may belong to an alliance that you are not signed in to.",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "This is not yours to do",
                "Your role in this alliance does not allow it. The director or the manager can give you another role.",
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "Please send the form again",
                "You were signed out in the meantime, or the form came from another site. Nothing was changed.",
            ),
            Self::FromElsewhere => (
                StatusCode::FORBIDDEN,
                "Please sign in on this site",
                "What was sent came from a page of another site, so nobody was signed in. Go to the start of this site and sign in there.",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Nothing that you entered was half done. Please try again; if it stays like this, tell whoever runs this service.",
            ),
        };
        let body = ErrorPage { title, text }.render().unwrap_or_else(|_| format!("{title}. {text}"));
        (status, Html(body)).into_response()
    }
}

/// What a page's handler returns.
pub(crate) type PageResult = Result<Response, PageError>;

/// Renders a page.
pub(crate) fn render(page: &impl Template) -> PageResult {
    Ok(Html(page.render().map_err(PageError::internal)?).into_response())
}

/// Renders a page that asks a device for a passkey, which takes a script: ours, from its own address, and no other.
pub(crate) fn with_script(page: &impl Template) -> PageResult {
    let policy = (header::CONTENT_SECURITY_POLICY, format!("{POLICY}; script-src 'self'"));
    Ok(([policy], render(page)?).into_response())
}

/// What browsers let a page do: load nothing from elsewhere, run no script, be in no frame.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'self'";

/// Renders a page whose form was refused: the browser keeps what was typed, and programs see that nothing was done.
pub(crate) fn render_refused(page: &impl Template) -> PageResult {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render().map_err(PageError::internal)?)).into_response())
}

/// On to another page after a form was taken, with a sentence that says so.
pub(crate) fn done(path: &str, said: &str) -> Response {
    let cookie = format!("flash={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60", percent_encoded(said));
    ([(header::SET_COOKIE, cookie)], Redirect::to(path)).into_response()
}

pub(crate) fn decode_cookie(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flash_survives_its_cookie() {
        for text in ["Issued 24 invoices; £36,155.00", "ends with %", "%zz", ""] {
            assert_eq!(decode_cookie(&percent_encoded(text)), text);
        }
        assert_eq!(decode_cookie("%zz%4"), "%zz%4");
    }
}
