//! Lists in pages. A cursor is signed: it says where a list goes on and cannot be made up.

use async_graphql::{Error, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    app::Secret,
    ids::AllianceId,
    page::{MAX_PAGE, PageRequest},
};
use serde::{Serialize, de::DeserializeOwned};

use super::errors::coded;

/// 128 bits of a signature are enough for what is no secret.
const TAG: usize = 16;

/// How many entries a page has when the caller does not say.
const DEFAULT_PAGE: i32 = 25;

/// One list of one alliance, which reads no other list's cursors. A filter narrows a list and does not make another:
/// the order stays, and so does the meaning of a position.
pub(crate) struct List<'a> {
    secret: &'a Secret,
    purpose: String,
}

impl<'a> List<'a> {
    /// The list called `name`.
    pub(crate) fn new(secret: &'a Secret, alliance_id: AllianceId, name: &str) -> Self {
        Self { secret, purpose: format!("cursor of {name} of {alliance_id}") }
    }

    /// The opaque form of a position.
    pub(crate) fn cursor(&self, position: &impl Serialize) -> String {
        // Positions are plain structs of text, dates and ids: always JSON.
        let json = serde_json::to_vec(position).unwrap_or_default();
        let mut bytes = self.secret.sign(&self.purpose, &json)[..TAG].to_vec();
        bytes.extend(json);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn position<C: DeserializeOwned>(&self, cursor: &str) -> Option<C> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, json) = bytes.split_at_checked(TAG)?;
        let right = &self.secret.sign(&self.purpose, json)[..TAG];
        // Not a secret comparison: a cursor opens nothing.
        if tag == right { serde_json::from_slice(json).ok() } else { None }
    }

    /// The page that the arguments ask for.
    pub(crate) fn page<C: DeserializeOwned>(
        &self,
        first: Option<i32>,
        after: Option<&str>,
    ) -> Result<PageRequest<C>> {
        let bad = |message: &str| -> Error { coded(message, "BAD_USER_INPUT") };
        let first = u16::try_from(first.unwrap_or(DEFAULT_PAGE)).ok();
        let first = first.filter(|first| (1..=MAX_PAGE).contains(first));
        let first = first.ok_or_else(|| bad("`first` is between 1 and 100"))?;
        let position =
            |cursor| self.position(cursor).ok_or_else(|| bad("`after` is not a cursor of this list"));
        Ok(PageRequest { after: after.map(position).transpose()?, first })
    }
}

/// Where a page stands in its list.
#[derive(Debug, Clone, async_graphql::SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether more follow.
    pub has_next_page: bool,
    /// The position of the last entry: the `after` of the next page.
    pub end_cursor: Option<String>,
}

/// Declares a connection over objects of one type.
macro_rules! connection {
    ($(#[$doc:meta])* $name:ident of $object:ty, total: $total:ty) => {
        $(#[$doc])*
        pub(crate) struct $name {
            pub(crate) nodes: Vec<$object>,
            pub(crate) page_info: $crate::schema::connection::PageInfo,
            pub(crate) total: $total,
        }

        #[async_graphql::Object]
        impl $name {
            /// The entries of this page.
            async fn nodes(&self) -> &[$object] {
                &self.nodes
            }

            /// Where this page stands.
            async fn page_info(&self) -> &$crate::schema::connection::PageInfo {
                &self.page_info
            }

            /// How many entries the whole list has. Counted only when asked for.
            async fn total_count(&self) -> async_graphql::Result<i64> {
                self.total.count().await
            }
        }
    };
}
pub(crate) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_was_changed_or_made_elsewhere_is_refused() {
        let secret = Secret::new(b"one key");
        let alliance = AllianceId(uuid::Uuid::from_u128(1));
        let list = List::new(&secret, alliance, "members");
        let cursor = list.cursor(&("a name", 7));
        let read = |list: &List<'_>, cursor: &str| list.position::<(String, i32)>(cursor);
        assert_eq!(read(&list, &cursor), Some(("a name".to_owned(), 7)));
        assert_eq!(read(&List::new(&Secret::new(b"another"), alliance, "members"), &cursor), None);
        assert_eq!(read(&List::new(&secret, alliance, "people"), &cursor), None);
        let elsewhere = AllianceId(uuid::Uuid::from_u128(2));
        assert_eq!(read(&List::new(&secret, elsewhere, "members"), &cursor), None);
        assert_eq!(read(&list, &cursor[1..]), None);
        assert_eq!(read(&list, ""), None);
        assert!(list.page::<(String, i32)>(Some(101), None).is_err());
        assert!(list.page::<(String, i32)>(Some(0), None).is_err());
    }
}
