//! The GraphQL schema over `domain`, and the HTTP surface for machines.

mod document;
mod router;
pub mod schema;

use std::sync::Arc;

use domain::{access::Account, app::App};
use object_store::ObjectStore;

pub use router::router;
pub use schema::Schema;

/// What the HTTP surface holds for as long as it runs. Cloning shares it.
#[derive(Clone)]
pub struct Gateway {
    /// The product.
    pub app: App,
    /// The schema, without any request's data.
    pub schema: Schema,
    /// Where rendered files are kept.
    pub store: Arc<dyn ObjectStore>,
}

/// Who sends a request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The signed-in account; `None` for a stranger.
    pub account: Option<Account>,
}

impl Gateway {
    /// A gateway over `app`, with files in `store`.
    #[must_use]
    pub fn new(app: App, store: Arc<dyn ObjectStore>) -> Self {
        Self { app, schema: schema::build(), store }
    }

    /// Executes one document for `caller`: over HTTP and for pages alike.
    pub async fn execute(&self, caller: &Caller, request: async_graphql::Request) -> async_graphql::Response {
        self.schema.execute(schema::for_caller(&self.app, caller, request)).await
    }
}
