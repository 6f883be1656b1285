//! The GraphQL schema over `domain`, and the HTTP surface for machines.

mod around;
mod client;
pub mod cookies;
mod cost;
mod document;
mod graphql;
mod health;
pub mod limits;
mod live;
mod media;
pub mod metrics;
mod refusal;
mod router;
pub mod schema;
mod signed;
mod trusted;

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::http::{Extensions, HeaderMap};
use domain::{access::Session, app::App};
use object_store::ObjectStore;

use cost::Prices;
use limits::Limits;
use live::Live;
use schema::Charge;
use trusted::Documents;

pub use around::around;
pub use router::router;
pub use schema::Schema;
pub use signed::needs_second_step;

/// What the HTTP surface holds for as long as it runs. Cloning shares it.
#[derive(Clone)]
pub struct Gateway {
    /// The product.
    pub app: App,
    /// The schema, without any request's data.
    pub schema: Schema,
    /// Where rendered files are kept.
    pub store: Arc<dyn ObjectStore>,
    limits: Option<Arc<Limits>>,
    documents: Arc<Documents>,
    prices: Arc<Prices>,
    proxies: usize,
    live: Arc<Live>,
}

/// Who sends a request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Their session; `None` for a stranger.
    pub session: Option<Session>,
}

impl Gateway {
    /// A gateway over `app`, with files in `store`. It limits nobody: a server adds [`Gateway::with_limits`].
    #[must_use]
    pub fn new(app: App, store: Arc<dyn ObjectStore>) -> Self {
        let schema = schema::build();
        let prices = Arc::new(Prices::of_schema(&schema.sdl()));
        let documents = Arc::new(Documents::new(&[]));
        Self { app, schema, store, limits: None, documents, prices, proxies: 0, live: Arc::new(Live::new()) }
    }

    /// Counts what callers use, and refuses what is too much.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits: Some(Arc::new(limits)), ..self }
    }

    /// Answers `documents` over `GET` too, and by their hash.
    #[must_use]
    pub fn trusting(self, documents: &[&'static str]) -> Self {
        Self { documents: Arc::new(Documents::new(documents)), ..self }
    }

    /// Believes so many entries at the end of `X-Forwarded-For`: as many as there are proxies in front.
    #[must_use]
    pub fn behind(self, proxies: usize) -> Self {
        Self { proxies, ..self }
    }

    /// The network address that a request comes from, as the proxies in front of us saw it.
    #[must_use]
    pub fn address(&self, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
        client::ClientAddress::of(headers, extensions, self.proxies).ip()
    }

    /// Hears what is committed, for those who follow, until [`Gateway::close`].
    pub async fn listen(&self) {
        live::listen(self).await;
    }

    /// Sends those who follow away, and returns when all are gone or `patience` is over.
    pub async fn close(&self, patience: Duration) {
        self.live.close(patience).await;
    }

    /// Executes one document of ours for `caller`: what pages show is never counted.
    pub async fn execute(&self, caller: &Caller, request: async_graphql::Request) -> async_graphql::Response {
        self.execute_charged(caller, request, None).await
    }

    /// Executes one document; each alliance that it enters is charged.
    pub(crate) async fn execute_charged(
        &self,
        caller: &Caller,
        request: async_graphql::Request,
        charge: Option<Charge>,
    ) -> async_graphql::Response {
        schema::execute(&self.schema, &self.app, caller, request, charge).await
    }
}
