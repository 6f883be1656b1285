//! What a process holds for as long as it runs: the database, the clock, randomness, links.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{db::Db, error::Internal};

/// A moment in UTC, in whole microseconds as Postgres keeps it.
pub type Timestamp = DateTime<Utc>;

/// The process-wide context of every operation. Cloning shares it.
#[derive(Clone)]
pub struct App {
    /// The database, by two logins.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    /// Where ids, codes and tokens come from.
    pub rng: Rng,
    /// Where people find us.
    pub links: Links,
    /// The deployment's secret, for what must not be forged.
    pub secret: Secret,
}

/// The deployment's secret key. Every use names its purpose, so one use's output is worthless in another.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// `key` is 32 random bytes or more, the same in every process of the deployment.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(key.into())
    }

    /// HMAC-SHA-256 of `message` for `purpose`.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length, so it never panics")]
    pub fn sign(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        mac.update(&u64::try_from(purpose.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// Whether `tag` is [`Secret::sign`] of the same, compared in constant time.
    #[must_use]
    pub fn verify(&self, purpose: &str, message: &[u8], tag: &[u8]) -> bool {
        self.sign(purpose, message).ct_eq(tag).into()
    }

    /// Encrypts `plain` for `purpose`, and so that it opens as what belongs to `owner` only.
    pub fn seal(&self, rng: &Rng, purpose: &str, owner: &[u8], plain: &[u8]) -> Result<Vec<u8>, Internal> {
        let key = self.sealing_key(purpose, owner).ok_or_else(|| Internal::new("no key to encrypt with"))?;
        let nonce: [u8; NONCE_LEN] = rng.bytes();
        let mut sealed = plain.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .map_err(|_| Internal::new("nothing was encrypted"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// What [`Secret::seal`] encrypted for the same purpose and owner; `None` for anything else.
    #[must_use]
    pub fn open(&self, purpose: &str, owner: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = sealed.to_vec();
        let key = self.sealing_key(purpose, owner)?;
        let plain =
            key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut opened).ok()?;
        Some(plain.to_vec())
    }

    /// A key of its own for each purpose and owner, by HMAC-SHA-256 as HKDF expands one: few things are encrypted with
    /// each, so random nonces never meet.
    fn sealing_key(&self, purpose: &str, owner: &[u8]) -> Option<LessSafeKey> {
        let key = self.sign(&format!("encryption for {purpose}"), owner);
        UnboundKey::new(&CHACHA20_POLY1305, &key).ok().map(LessSafeKey::new)
    }
}

/// The only source of the current time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::shifted(TimeDelta::zero())
    }

    /// The machine's clock moved by `shift`; it keeps ticking.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn shifted(shift: TimeDelta) -> Self {
        Self(Arc::new(move || Utc::now() + shift))
    }

    /// A clock that reads `now`, for tests that move time by hand.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time, cut to microseconds so that a stored value equals the one in memory.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = (self.0)();
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }
}

/// The only source of randomness; cryptographically secure unless seeded.
#[derive(Clone)]
pub struct Rng(Arc<Mutex<ChaCha20Rng>>);

impl Rng {
    /// Seeded by the operating system.
    #[must_use]
    pub fn from_os() -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::from_os_rng())))
    }

    /// Repeatable, for demo data and tests. Never for a server that people sign in to.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A uniformly random number below `bound`, which must not be zero.
    #[must_use]
    pub fn below(&self, bound: u32) -> u32 {
        rand::Rng::random_range(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), 0..bound)
    }
}

/// Absolute addresses of this deployment, for mails and documents.
#[derive(Debug, Clone)]
pub struct Links {
    base: Arc<str>,
}

impl Links {
    /// `base` is the public address, such as `https://ensemble.example`, with or without a final slash.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').into() }
    }

    /// The address of `path`, which starts with a slash.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The host of this deployment, used in Message-IDs.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.base.split_once("://").map_or(&*self.base, |(_, rest)| rest);
        rest.split(['/', ':']).next().unwrap_or(rest)
    }

    /// The origin that a browser names when one of our own pages asks: scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        self.base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
    }

    /// Whether people reach us over TLS, so that cookies may be marked `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base.starts_with("https://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_and_purpose_only() {
        let (secret, rng) = (Secret::new(&[7; 32]), Rng::seeded(1));
        let sealed = secret.seal(&rng, "test", b"owner", b"plain").unwrap();
        assert_eq!(secret.open("test", b"owner", &sealed).as_deref(), Some(&b"plain"[..]));
        assert_ne!(secret.seal(&rng, "test", b"owner", b"plain").unwrap(), sealed, "the same twice shows");
        assert!(!sealed.windows(5).any(|part| part == b"plain"));
        assert_eq!(secret.open("test", b"another", &sealed), None);
        assert_eq!(secret.open("tests", b"owner", &sealed), None);
        assert_eq!(Secret::new(&[8; 32]).open("test", b"owner", &sealed), None);
        for end in 0..sealed.len() {
            assert_eq!(secret.open("test", b"owner", &sealed[..end]), None);
        }
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(secret.open("test", b"owner", &other), None);
        }
    }
}
