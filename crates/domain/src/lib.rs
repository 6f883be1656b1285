//! Everything the product knows and permits.
//!
//! # The areas
//!
//! - [`alliances`]: the tenants and their settings
//! - [`schools`]: the national register, members and their payers
//! - [`people`]: persons, dated posts and roles
//! - [`access`]: accounts, sign-in and sessions
//! - [`funding`]: budgets, cost shares, invoices, credits, payments, chasing
//! - [`ledger`]: what each school gave and gained
//! - [`messages`]: what was mailed to whom, and what became of it
//! - [`jobs`]: work that happens later
//!
//! # An operation
//!
//! One file each, named as the mutation and the test are named, always in this order: authorise, validate,
//! begin, read, write, enqueue, commit. `viewer.require(..)` returns the [`viewer::Scope`] that
//! `app.db.begin(scope)` needs, so without passing a check there is no transaction. A read takes the
//! request's [`viewer::Reading`] and begins with `reading.require(..)` or `reading.reach(..)`.
//!
//! # Adding a feature
//!
//! 1. A migration, if rows change: `migrations/`, with the table's class in `tests/it/catalogue.rs`.
//! 2. The types and their states in `<area>/mod.rs`; no SQL there.
//! 3. SQL in `<area>/repo.rs`, or in files of a folder `repo` when it is long, seen by the area only, every statement
//!    naming `alliance_id = $1`.
//! 4. The operation in `<area>/<operation>.rs`: input, error enum, function.
//!    What people show live is announced before the commit: [`changes`]. What moves money or gives roles takes a recent
//!    proof: [`viewer::Act`].
//! 5. Work that happens later: a payload in `<area>` that implements [`jobs::Job`], its body in `worker`.
//! 6. The mutation in `gateway/src/schema/<area>/<operation>.rs`; run `tests/prepare` for the committed files.
//! 7. The page folder in `web/src/pages/`.
//! 8. The test in `tests/it/<operation>.rs`; the cross-alliance suite asks for its input.

pub mod app;
pub mod changes;
pub mod dates;
pub mod db;
pub mod error;
pub mod idempotency;
pub mod ids;
pub mod money;
pub mod page;
pub mod problem;
pub mod text;
pub mod viewer;

pub mod access;
pub mod alliances;
pub mod funding;
pub mod jobs;
pub mod ledger;
pub mod messages;
pub mod people;
pub mod schools;
