//! The code that proves a new address.

/// To the address with which a person wants to sign in from now on. Like the code that signs in, it comes without a link.
#[derive(Clone, PartialEq, Eq)]
pub struct AddressCode {
    /// Six digits.
    pub code: String,
    /// For how many minutes it still works.
    pub minutes: i64,
    /// With which address the person has signed in until now.
    pub from: String,
    /// The host of this deployment, such as `ensemble.example`.
    pub site: String,
}

crate::mail::templates!(AddressCode "address_code":
    "address_code/subject.txt",
    "address_code/body.txt",
    "address_code/body.mjml",
    AddressCode {
        code: "418205".into(),
        minutes: 15,
        from: "office@millane.example".into(),
        site: "ensemble.example".into(),
    }
);
