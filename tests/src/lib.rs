//! What tests drive the product with: a throw-away Postgres with one template database, a mail server that keeps what
//! it gets, the whole product on a port of its own, and people who are signed in to it. [`binary`] runs the built program
//! instead, in processes of its own.
//!
//! ```text
//! let app = TestApp::new().await;
//! let finance = app.sign_in(FENLAND, Finance).await;
//! let answer = finance.graphql("query($slug: String!) { alliance(slug: $slug) { name } }", json!({ "slug": FENLAND })).await;
//! ```
//!
//! Every test has its own copy of the fixture: two alliances of the same shape, each with something of everything, on
//! the same day (`fixture::TODAY`).

pub mod app;
pub mod authenticator;
pub mod binary;
pub mod client;
pub mod fixture;
pub mod page;
pub mod phone;
pub mod postgres;
pub mod redis;
pub mod smtp;
pub mod throwaway;

pub use app::TestApp;
pub use client::Client;
