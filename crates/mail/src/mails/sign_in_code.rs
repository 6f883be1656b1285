//! The code that proves an address.

/// To a person who asked to sign in. It holds no link: a code is typed where it was asked for, so that nobody can be
/// led to another page by a mail that looks like this one, and no scanner of links can use it up.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInCode {
    /// Six digits.
    pub code: String,
    /// For how many minutes it still works.
    pub minutes: i64,
    /// The host of this deployment, such as `ensemble.example`.
    pub site: String,
}

crate::mail::templates!(SignInCode "sign_in_code":
    "sign_in_code/subject.txt",
    "sign_in_code/body.txt",
    "sign_in_code/body.mjml",
    SignInCode { code: "418205".into(), minutes: 10, site: "ensemble.example".into() }
);
