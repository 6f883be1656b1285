//! Server-rendered pages for people: one folder a page.
//!
//! A `GET` page executes exactly one document, its `query.graphql`, in process and against the same schema as everybody,
//! and renders the answer. A `POST` form calls the same domain operation as the mutation of its name. Sign-in, sign-out
//! and downloads have no document and use `domain` directly.

mod csv;
mod format;
mod forms;
mod formula_form;
mod ids;
mod lists;
mod page;
mod pages;
mod qr;
mod scalars;
mod session;
mod shell;
mod site;
mod words;

pub use site::{Site, SiteOptions, router};
