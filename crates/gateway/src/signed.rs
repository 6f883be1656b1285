//! Who asks: by what a request carries.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use domain::access::{self, Credential, EnterError, Proof, Session};

use crate::{Caller, Gateway, client::ClientAddress, cookies, refusal::Refusal};

/// Whoever asks, by what may end: a browser's session or an API token.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) session: Session,
    pub(crate) credential: Credential,
}

impl Signed {
    pub(crate) fn caller(&self) -> Caller {
        Caller { session: Some(self.session.clone()) }
    }
}

/// Who asks, by an API token or else by a browser's cookie; `None` for a stranger. A token that is worth nothing is
/// refused: the program would take a stranger's answers for its own.
pub(crate) async fn signed(
    gateway: &Gateway,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Option<Signed>, Refusal> {
    let credential = match headers.get(header::AUTHORIZATION) {
        Some(value) => Credential::Token(bearer(value)?.to_owned()),
        None => match cookies::value(headers, cookies::session_name(&gateway.app)) {
            Some(token) => Credential::Device(token.to_owned()),
            None => return Ok(None),
        },
    };
    match access::identify(&gateway.app, &credential).await {
        Ok(Some(session)) => {
            let session = Session { address: Some(client.ip()), ..session };
            Ok(Some(Signed { session, credential }))
        }
        Ok(None) if matches!(credential, Credential::Token(_)) => {
            Err(Refusal::unauthenticated("This token is unknown, revoked or expired."))
        }
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::error!(error = %error.detail(), "who asks could not be read");
            Err(Refusal::internal())
        }
    }
}

/// Points that a download takes from its token's allowance.
const DOWNLOAD: u32 = 100;

impl Gateway {
    /// Whether a page of another site made a browser send this. Browsers say where a request comes from, and no page can
    /// change what they say; who says nothing is a program, or a browser of long ago.
    pub fn is_from_elsewhere(&self, headers: &HeaderMap) -> bool {
        match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            Some(b"same-origin" | b"none") => false,
            Some(_) => true,
            None => headers
                .get(header::ORIGIN)
                .is_some_and(|origin| origin.as_bytes() != self.app.links.origin().as_bytes()),
        }
    }

    /// In whose name a program asks for a file; `None` when it carries no token. An error is the answer to a token that
    /// is worth nothing, or that has asked for too much.
    pub async fn program(&self, from: &Parts) -> Result<Option<Session>, Response> {
        if !from.headers.contains_key(header::AUTHORIZATION) {
            return Ok(None);
        }
        let client = ClientAddress::of(&from.headers, &from.extensions, self.proxies);
        let found = signed(self, &from.headers, client).await.map_err(Refusal::into_json)?;
        let Some(Signed { session, .. }) = found else {
            return Ok(None);
        };
        if let (Some(limits), Proof::Token(bounds)) = (&self.limits, &session.proof) {
            let taken =
                limits.take(&format!("token:{}", bounds.id), DOWNLOAD, limits.allowances.caller).await;
            if !taken.granted {
                return Err(Refusal::spent(taken).into_json());
            }
        }
        Ok(Some(session))
    }
}

/// What a program is answered whose person has no second step, where the alliance asks for one.
#[must_use]
pub fn needs_second_step() -> Response {
    let message = EnterError::NeedsSecondStep.to_string();
    Refusal::new(StatusCode::FORBIDDEN, "NEEDS_SECOND_STEP", message).into_json()
}

fn bearer(value: &HeaderValue) -> Result<&str, Refusal> {
    let parts = value.to_str().ok().and_then(|text| text.trim().split_once(' '));
    match parts {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Refusal::unauthenticated("Send a token as `Authorization: Bearer …`.")),
    }
}
