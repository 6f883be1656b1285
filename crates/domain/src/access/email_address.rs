//! Mail addresses.

/// A mail address in lower case, as `local@domain`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

/// What was typed is not a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("That does not look like an email address. It should be like name@school.org.uk.")]
pub struct NotAnEmailAddress;

impl EmailAddress {
    /// Reads an address as people type it. The check is for slips of typing: whether the address exists is proved
    /// by mail. Control characters and spaces are refused, so an address can never break out of a mail header.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailAddress> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmailAddress)?;
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let is_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
        let good = text.len() <= 254
            && !local.is_empty()
            && local.len() <= 64
            && local.chars().all(is_local)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.contains('.')
            && domain.split('.').all(is_label);
        if good { Ok(Self(text)) } else { Err(NotAnEmailAddress) }
    }

    /// Reads an address that may be left out or empty.
    pub(crate) fn parse_optional(text: Option<String>) -> Result<Option<Self>, NotAnEmailAddress> {
        text.filter(|text| !text.trim().is_empty()).map(|text| Self::parse(&text)).transpose()
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address that the database already holds.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_addresses_are_read_and_slips_are_refused() {
        assert_eq!(
            EmailAddress::parse("  Office@Mount-Street.Lincs.sch.uk ").unwrap().as_str(),
            "office@mount-street.lincs.sch.uk"
        );
        for slip in [
            "",
            "office",
            "office@",
            "@school.uk",
            "a b@school.uk",
            "a@school",
            "a@b@c.uk",
            "a@-b.uk",
            "a..b@c.uk",
            "a@b.uk\r\nBcc: x@y.uk",
            "a@b.uk, c@d.uk",
            &format!("{}@b.uk", "a".repeat(65)),
        ] {
            assert!(EmailAddress::parse(slip).is_err(), "{slip}");
        }
    }
}
