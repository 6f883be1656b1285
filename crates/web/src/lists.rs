//! Lists: what is asked of one stands in its address, so that it can be kept, sent and gone back to.

use std::fmt::Write;

use crate::page::PageError;

/// How many entries a page of a list has that is read whole.
const LONG: i64 = 100;

/// Where a list is, with its filter and its place in it.
pub(crate) struct ListAddress {
    base: String,
    filter: Vec<(&'static str, String)>,
    /// What else it is narrowed to: the form has no fields for it, and sends it along.
    kept: Vec<(&'static str, String)>,
    is_later_page: bool,
}

/// What a list is narrowed to besides the fields of its form, in words.
pub(crate) struct Narrowing {
    pub(crate) words: String,
    /// What the link does that takes it away.
    pub(crate) act: &'static str,
    pub(crate) href: String,
}

impl ListAddress {
    /// The list at `base`, with the fields of its filter and the cursor of its page. Empty fields are left out.
    pub(crate) fn new(base: String, filter: &[(&'static str, &str)], after: Option<&str>) -> Self {
        Self { base, filter: set(filter), kept: Vec::new(), is_later_page: after.is_some() }
    }

    /// The same, narrowed to what the form has no fields for. Empty fields are left out.
    pub(crate) fn narrowed(self, kept: &[(&'static str, &str)]) -> Self {
        Self { kept: set(kept), ..self }
    }

    /// What the form sends along.
    pub(crate) fn kept(&self) -> &[(&'static str, String)] {
        &self.kept
    }

    /// The list from its beginning with other values of what it is narrowed to; an empty one takes it away.
    pub(crate) fn with(&self, changed: &[(&'static str, &str)]) -> String {
        let same = self.kept.iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
        let kept = same.cloned().chain(set(changed)).collect();
        Self { base: self.base.clone(), filter: self.filter.clone(), kept, is_later_page: false }.here()
    }

    /// Whether anything is filtered.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.filter.is_empty() || !self.kept.is_empty()
    }

    /// The whole list.
    pub(crate) fn clear(&self) -> &str {
        &self.base
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
        let filter = self.filter.iter().chain(&self.kept).map(|(name, value)| (*name, value.as_str()));
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

fn set(fields: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let set = fields.iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| (*name, (*value).to_owned())).collect()
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

/// Reads the rest of a list that a page needs whole, however long it is, such as the choices of a form. The first page of it
/// was read with everything else: `read_on!(alliance.members, |after| load(site, within, after))`.
macro_rules! read_on {
    ($read:ident.$list:ident, |$after:ident| $load:expr) => {
        while let (true, Some(cursor)) =
            ($read.$list.page_info.has_next_page, $read.$list.page_info.end_cursor.take())
        {
            let $after = Some(cursor);
            let more = $load.await?.$list;
            $read.$list.nodes.extend(more.nodes);
            $read.$list.page_info = more.page_info;
        }
    };
}
pub(crate) use read_on;

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
        assert_eq!((plain.first(), plain.is_filtered()), (None, false));
        assert_eq!(plain.csv(), "/wold/members.csv");
        assert_eq!(plain.next(&true, &Some("A1".into())).unwrap(), "/wold/members?after=A1");
        assert_eq!(plain.next(&false, &Some("A1".into())), None);

        let filter = [("name", "St Mary’s & co"), ("phase", "PRIMARY")];
        let filtered = ListAddress::new("/wold/members".into(), &filter, Some("A1"));
        assert_eq!(filtered.clear(), "/wold/members");
        let first = "/wold/members?name=St%20Mary%E2%80%99s%20%26%20co&phase=PRIMARY";
        assert_eq!(filtered.first().unwrap(), first);
        assert_eq!(filtered.next(&true, &Some("B=".into())).unwrap(), format!("{first}&after=B%3D"));

        let kept = [("from", "2026-09-01"), ("to", ""), ("payer", "P1")];
        let narrowed =
            ListAddress::new("/wold/invoices".into(), &[("text", "elm")], Some("A1")).narrowed(&kept);
        assert_eq!(narrowed.kept(), [("from", "2026-09-01".to_owned()), ("payer", "P1".to_owned())]);
        assert_eq!(narrowed.here(), "/wold/invoices?text=elm&from=2026-09-01&payer=P1");
        assert_eq!(narrowed.with(&[("from", "")]), "/wold/invoices?text=elm&payer=P1");
        assert_eq!(narrowed.with(&[("from", ""), ("has", "x")]), "/wold/invoices?text=elm&payer=P1&has=x");
        let only = ListAddress::new("/wold/invoices".into(), &[], None).narrowed(&kept);
        assert!(only.is_filtered());
    }
}
