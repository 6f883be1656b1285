//! Who is signed in.

use async_graphql::{Context, Object, Result, SimpleObject};
use domain::access::{self, Account};

use super::{context::Session, errors};

/// Whoever is signed in.
pub(crate) struct ViewerObject(pub(crate) Account);

#[Object(name = "Viewer")]
impl ViewerObject {
    /// The address that this account proved.
    async fn email(&self) -> &str {
        self.0.email.as_str()
    }

    /// The alliances in which you hold a role today, by name.
    async fn alliances(&self, ctx: &Context<'_>) -> Result<Vec<AllianceEntryObject>> {
        let found = access::my_alliances(Session::of(ctx).app(), &self.0).await;
        let found = found.map_err(|error| errors::internal(&error))?;
        Ok(found
            .into_iter()
            .map(|entry| AllianceEntryObject { slug: entry.slug, name: entry.name })
            .collect())
    }
}

/// An alliance that you may enter.
#[derive(SimpleObject)]
#[graphql(name = "AllianceEntry")]
pub(crate) struct AllianceEntryObject {
    /// Its part of the address.
    slug: String,
    /// Its name.
    name: String,
}
