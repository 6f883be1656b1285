//! Lists: what is asked of one stands in its address, so that it can be kept, sent and gone back to.

use std::fmt::Write;

use crate::page::PageError;

/// How many entries a page of a list has that is read whole.
const LONG: i64 = 100;

/// Where a list is, with its filter and its place in it.
pub(crate) struct ListAddress {
    base: String,
    filter: Vec<(&'static str, String)>,
    is_later_page: bool,
}

impl ListAddress {
    /// The list at `base`, with the fields of its filter and the cursor of its page. Empty fields are left out.
    pub(crate) fn new(base: String, filter: &[(&'static str, &str)], after: Option<&str>) -> Self {
        let set = filter.iter().filter(|(_, value)| !value.is_empty());
        Self {
            base,
            filter: set.map(|(name, value)| (*name, (*value).to_owned())).collect(),
            is_later_page: after.is_some(),
        }
    }

    /// Whether anything is filtered.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// The whole list, for the link in its filter; empty when this is it.
    pub(crate) fn clear(&self) -> &str {
        if self.is_filtered() { &self.base } else { "" }
    }

    /// The first page, from a later one.
    pub(crate) fn first(&self) -> Option<String> {
        self.is_later_page.then(|| self.address("", None))
    }

    /// The page after this one, by the list's own word.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        clippy::ref_option,
        reason = "templates pass their fields by reference"
    )]
    pub(crate) fn next(&self, has_next: &bool, cursor: &Option<String>) -> Option<String> {
        has_next.then(|| self.address("", cursor.as_deref()))
    }

    /// The list as it is asked for, from its beginning.
    pub(crate) fn here(&self) -> String {
        self.address("", None)
    }

    /// The same list as a file.
    pub(crate) fn csv(&self) -> String {
        self.address(".csv", None)
    }

    fn address(&self, extension: &str, after: Option<&str>) -> String {
        let filter = self.filter.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = filter.chain(after.map(|cursor| ("after", cursor))).collect();
        let mut address = format!("{}{extension}", self.base);
        for (at, (name, value)) in fields.into_iter().enumerate() {
            address.push(if at == 0 { '?' } else { '&' });
            // Writing to a String cannot fail.
            let _ = write!(address, "{name}={}", percent_encoded(value));
        }
        address
    }
}

/// Every entry of a list, page by page. `load` reads the page of that length after a cursor, and says where the next
/// one begins, if there is one.
pub(crate) async fn every_entry<T, F>(load: impl Fn((i64, Option<String>)) -> F) -> Result<Vec<T>, PageError>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), PageError>>,
{
    let (mut all, mut next) = load((LONG, None)).await?;
    while let Some(cursor) = next {
        let (page, after) = load((LONG, Some(cursor))).await?;
        all.extend(page);
        next = after;
    }
    Ok(all)
}

/// A text as part of an address or a cookie: letters, digits and `-_.~` stay, any other byte becomes `%` and two digits.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_is_asked_for_and_nothing_else() {
        let plain = ListAddress::new("/wold/members".into(), &[("name", ""), ("phase", "")], None);
        assert_eq!((plain.clear(), plain.first(), plain.is_filtered()), ("", None, false));
        assert_eq!(plain.csv(), "/wold/members.csv");
        assert_eq!(plain.next(&true, &Some("A1".into())).unwrap(), "/wold/members?after=A1");
        assert_eq!(plain.next(&false, &Some("A1".into())), None);

        let filter = [("name", "St Mary’s & co"), ("phase", "PRIMARY")];
        let filtered = ListAddress::new("/wold/members".into(), &filter, Some("A1"));
        assert_eq!(filtered.clear(), "/wold/members");
        let first = "/wold/members?name=St%20Mary%E2%80%99s%20%26%20co&phase=PRIMARY";
        assert_eq!(filtered.first().unwrap(), first);
        assert_eq!(filtered.next(&true, &Some("B=".into())).unwrap(), format!("{first}&after=B%3D"));
    }
}
