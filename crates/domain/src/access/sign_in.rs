//! "Here is my code."

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Account, EmailAddress, code_digits, limits, repo};
use crate::{
    app::App,
    error::Internal,
    ids::{AccountId, SessionId},
    problem::failure,
    text::tidy,
};

/// So much of what a browser calls itself is kept, in characters.
const AGENT_LENGTH: usize = 300;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong, used up, expired, or for another address: which of these is not told.
    #[error("That code does not work. Codes last 15 minutes; ask for a new one if yours is older.")]
    WrongCode,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// An attempt to sign in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// The address, as typed.
    pub email: &'a str,
    /// The digits from the mail, as typed.
    pub digits: &'a str,
    /// What the browser calls itself; only its first 300 characters are kept.
    pub agent: &'a str,
    /// The network address that the attempt comes from.
    pub network: &'a str,
    /// The token of the session that this browser had until now: it ends, whoever's it was.
    pub replaces: Option<&'a str>,
}

/// A new session.
pub struct SignedIn {
    /// Who signed in.
    pub account: Account,
    /// The cookie's value: 256 random bits in hexadecimal. Only its hash is kept.
    pub token: String,
}

/// Signs in with the digits from the mail, makes the account if this is its first time, and joins it to the people
/// whom alliances know under this address.
pub async fn sign_in(app: &App, input: SignIn<'_>) -> Result<SignedIn, SignInError> {
    let email = EmailAddress::parse(input.email).map_err(|_| SignInError::WrongCode)?;
    let digits: String = input.digits.chars().filter(char::is_ascii_digit).collect();
    let agent: String = tidy(input.agent).chars().take(AGENT_LENGTH).collect();
    let now = app.clock.now();

    let mut tx = app.db.machine().await?;
    // The attempt is counted before the answer is looked at, under a row lock: guesses in parallel count too.
    let Some(code) = repo::count_attempt(&mut tx, &email, now).await? else {
        return Err(SignInError::WrongCode);
    };
    let right: bool = code_digits(&app.secret, code.id).as_bytes().ct_eq(digits.as_bytes()).into();
    if !right || !(code.to_found || repo::is_known(&mut tx, &email).await?) {
        tx.commit().await?;
        return Err(SignInError::WrongCode);
    }
    repo::use_code(&mut tx, code.id, now).await?;
    let account_id = repo::upsert_account(&mut tx, AccountId::new(app), &email, now).await?;
    repo::join_people(&mut tx, account_id, &email).await?;
    let token = hex(&app.rng.bytes::<32>());
    let session = repo::NewSession {
        id: SessionId::new(app),
        account_id,
        token_hash: token_hash(&token),
        agent: &agent,
        network: input.network,
        created_at: now,
        expires_at: now + limits::SESSION_LIFETIME,
    };
    repo::insert_session(&mut tx, &session).await?;
    if let Some(old) = input.replaces {
        repo::delete_session(&mut tx, &token_hash(old)).await?;
    }
    tx.commit().await?;
    Ok(SignedIn { account: Account { id: account_id, email }, token })
}

pub(super) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

failure!(SignInError {
    WrongCode => "code",
} nested { Internal });
