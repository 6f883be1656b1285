//! The codes themselves: what an app and we make of one secret, and the recovery codes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use totp_rs::{Builder, Totp};

use crate::{
    app::{App, Secret, Timestamp},
    error::Internal,
    ids::AccountId,
};

/// What the app makes its codes from: 160 bits, as RFC 4226 asks.
pub(super) type AppSecret = [u8; 20];

/// How many characters a recovery code has, of 5 bits each: with 120 bits nobody can try them all, even offline.
const RECOVERY_LENGTH: usize = 24;
/// Letters and digits that are not taken for each other.
const RECOVERY_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The purposes of the deployment's secret here.
const STORED: &str = "second step";
const SET_UP: &str = "second step being set up";
const RECOVERY: &str = "recovery code";

/// Encrypts the secret for the database.
pub(super) fn seal(app: &App, account_id: AccountId, secret: &AppSecret) -> Result<Vec<u8>, Internal> {
    app.secret.seal(&app.rng, STORED, account_id.0.as_bytes(), secret)
}

/// The secret that the database holds.
pub(super) fn open(secret: &Secret, account_id: AccountId, sealed: &[u8]) -> Result<AppSecret, Internal> {
    let opened = secret.open(STORED, account_id.0.as_bytes(), sealed);
    opened.and_then(|secret| secret.try_into().ok()).ok_or_else(|| {
        Internal::new("a second step was encrypted with another SECRET_KEY; the operator can take it off")
    })
}

/// A secret on its way through the set-up, with its end: nothing is stored until the first code proves it.
pub(super) fn seal_set_up(
    app: &App,
    account_id: AccountId,
    secret: &AppSecret,
    ends_at: Timestamp,
) -> Result<String, Internal> {
    let plain = [&ends_at.timestamp().to_be_bytes()[..], secret].concat();
    let sealed = app.secret.seal(&app.rng, SET_UP, account_id.0.as_bytes(), &plain)?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

/// The secret of a set-up of this account that has not ended.
pub(super) fn open_set_up(app: &App, account_id: AccountId, set_up: &str) -> Option<AppSecret> {
    let sealed = URL_SAFE_NO_PAD.decode(set_up).ok()?;
    let plain = app.secret.open(SET_UP, account_id.0.as_bytes(), &sealed)?;
    let (ends_at, secret) = plain.split_first_chunk::<8>()?;
    (app.clock.now().timestamp() < i64::from_be_bytes(*ends_at)).then(|| secret.try_into().ok())?
}

/// SHA-1, six digits, half a minute, one step of drift: what every app does, and what most do alone.
fn totp(secret: AppSecret, issuer: Option<&str>, account: &str) -> Result<Totp, Internal> {
    let builder = Builder::new().with_secret(secret).with_issuer(issuer).with_account_name(account);
    builder.build().map_err(|error| Internal::new(error.to_string()))
}

/// The address that an app reads from the picture.
pub(super) fn address(secret: AppSecret, site: &str, account: &str) -> Result<String, Internal> {
    let address = totp(secret, Some(site), account)?.to_url();
    address.map_err(|error| Internal::new(error.to_string()))
}

/// The secret as people type it, in groups of four.
pub(super) fn spelled(secret: AppSecret) -> Result<String, Internal> {
    Ok(in_fours(&totp(secret, None, "")?.secret().to_base32(), " "))
}

/// The half minute, of the one now and its neighbours, whose code this is.
pub(super) fn step_of(secret: AppSecret, code: &str, now: Timestamp) -> Result<Option<i64>, Internal> {
    let now = u64::try_from(now.timestamp()).map_err(Internal::new)?;
    Ok(totp(secret, None, "")?.check(code, now).and_then(|step| i64::try_from(step).ok()))
}

/// What was typed, without what stands between the groups, and with the letters that are taken for digits read as those.
pub(super) fn tidied(typed: &str) -> String {
    let plain = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–'));
    let read = plain.map(|c| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        c => c,
    });
    read.take(RECOVERY_LENGTH + 1).collect()
}

/// Whether it looks like a code of an app.
pub(super) fn is_of_an_app(tidied: &str) -> bool {
    tidied.len() == 6 && tidied.bytes().all(|byte| byte.is_ascii_digit())
}

/// A new recovery code, as it is shown.
pub(super) fn new_recovery_code(app: &App) -> String {
    let random: [u8; RECOVERY_LENGTH] = app.rng.bytes();
    // 256 is a multiple of 32, so every character is as likely as every other.
    let code: String =
        random.iter().map(|byte| char::from(RECOVERY_ALPHABET[usize::from(byte % 32)])).collect();
    in_fours(&code, "-")
}

/// What is kept of a recovery code.
pub(super) fn recovery_hash(app: &App, account_id: AccountId, tidied: &str) -> Vec<u8> {
    app.secret.sign(RECOVERY, &[account_id.0.as_bytes(), tidied.as_bytes()].concat()).to_vec()
}

fn in_fours(text: &str, between: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(between)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    /// The test vectors of RFC 6238, in their last six digits.
    #[test]
    fn codes_are_those_of_the_standard_and_of_the_half_minutes_around() {
        let secret = *b"12345678901234567890";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
            let step = seconds / 30;
            for (now, found) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
                // The first vector is in the second half minute of all, before which there are not two.
                if seconds + now >= 0 {
                    let of = step_of(secret, code, at(seconds + now)).unwrap();
                    assert_eq!(of, found.then_some(step), "{code} at {now}");
                }
            }
        }
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(tidied(" 123 456 "), "123456");
        assert_eq!(tidied("K7QM-2xwd – oil9"), "k7qm2xwd0119");
        assert!(is_of_an_app("123456"));
        for other in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(!is_of_an_app(other), "{other}");
        }
        assert!(tidied(&"a".repeat(10_000)).len() < 30);
        assert_eq!(in_fours("abcdefghij", "-"), "abcd-efgh-ij");
    }
}
