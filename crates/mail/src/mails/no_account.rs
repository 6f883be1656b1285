//! The answer to a sign-in that cannot be.

/// To an address that asked for a code and that no alliance knows. The page says the same to everybody, so that a
/// stranger cannot learn who has an account; only the owner of the address reads this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAccount {
    /// The host of this deployment, such as `ensemble.example`.
    pub site: String,
}

crate::mail::templates!(NoAccount "no_account":
    "no_account/subject.txt",
    "no_account/body.txt",
    "no_account/body.mjml",
    NoAccount { site: "ensemble.example".into() }
);
