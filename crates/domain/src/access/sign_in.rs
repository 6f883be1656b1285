//! "Here is my code."

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    Account, EmailAddress, code_digits, limits, repo,
    second_step::{insert_start, is_set},
};
use crate::{
    app::App,
    db::MachineTx,
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
    /// Where they are typed.
    pub browser: Browser<'a>,
}

/// The browser that somebody signs in with.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'a> {
    /// What it calls itself; only its first 300 characters are kept.
    pub agent: &'a str,
    /// The network address that it comes from.
    pub network: &'a str,
    /// The token of the session that it had until now: it ends, whoever's it was.
    pub replaces: Option<&'a str>,
}

/// What came of a right code from the mail.
pub enum Started {
    /// The account has no second step: a session began.
    SignedIn(SignedIn),
    /// The account is asked for its second step first. The token is for [`super::finish_sign_in`] and opens nothing.
    SecondStep(String),
}

/// A new session.
pub struct SignedIn {
    /// Who signed in.
    pub account: Account,
    /// The cookie's value: 256 random bits in hexadecimal. Only its hash is kept.
    pub token: String,
}

/// Takes the digits from the mail and makes the account if this is its first time. Without a second step, that signs in.
pub async fn sign_in(app: &App, input: SignIn<'_>) -> Result<Started, SignInError> {
    let email = EmailAddress::parse(input.email).map_err(|_| SignInError::WrongCode)?;
    let now = app.clock.now();

    let mut tx = app.db.machine().await?;
    if !take_code(app, &mut tx, &email, input.digits).await? {
        tx.commit().await?;
        return Err(SignInError::WrongCode);
    }
    let account_id = repo::upsert_account(&mut tx, AccountId::new(app), &email, now).await?;
    let started = if is_set(&mut tx, account_id).await? {
        let token = new_token(app);
        insert_start(&mut tx, account_id, &token_hash(&token), now + limits::START_LIFETIME).await?;
        Started::SecondStep(token)
    } else {
        let account = Account { id: account_id, email };
        Started::SignedIn(begin_session(app, &mut tx, account, input.browser).await?)
    };
    tx.commit().await?;
    Ok(started)
}

/// Whether these are the digits that were mailed to the address. They are used up by it, and `tx` has to be committed
/// whatever the answer is.
pub(super) async fn take_code(
    app: &App,
    tx: &mut MachineTx,
    email: &EmailAddress,
    typed: &str,
) -> Result<bool, Internal> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let now = app.clock.now();
    // The attempt is counted before the answer is looked at, under a row lock: guesses in parallel count too.
    let Some(code) = repo::count_attempt(tx, email, now).await? else { return Ok(false) };
    let right: bool = code_digits(&app.secret, code.id).as_bytes().ct_eq(digits.as_bytes()).into();
    if !right || !(code.to_found || repo::is_known(tx, email).await?) {
        return Ok(false);
    }
    repo::use_code(tx, code.id, now).await?;
    Ok(true)
}

/// Begins a session of an account that has proved all it must, and joins it to the people whom alliances know under its
/// address.
pub(super) async fn begin_session(
    app: &App,
    tx: &mut MachineTx,
    account: Account,
    browser: Browser<'_>,
) -> Result<SignedIn, Internal> {
    let agent: String = tidy(browser.agent).chars().take(AGENT_LENGTH).collect();
    let now = app.clock.now();
    let token = new_token(app);
    let session = repo::NewSession {
        id: SessionId::new(app),
        account_id: account.id,
        token_hash: token_hash(&token),
        agent: &agent,
        network: browser.network,
        created_at: now,
        expires_at: now + limits::SESSION_LIFETIME,
    };
    repo::join_people(tx, account.id, &account.email).await?;
    repo::insert_session(tx, &session).await?;
    if let Some(old) = browser.replaces {
        repo::delete_session(tx, &token_hash(old)).await?;
    }
    Ok(SignedIn { account, token })
}

pub(super) fn new_token(app: &App) -> String {
    hex(&app.rng.bytes::<32>())
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
