//! How an alliance raises its yearly contributions.
//!
//! A budget with a formula ([`budgets`]) gives each member a share; a run issues an invoice for each share
//! ([`invoices`]); money received is set against invoices ([`payments`]); what is late is asked for with tact
//! ([`reminders`]); all of it stands on each payer's account ([`statements`]). What was issued, received or credited is only ever added to. Sums are derived from those rows
//! and stored nowhere, so they cannot drift.

pub mod ageing;
pub mod bank_holidays;
pub mod due_date;
pub mod formula;
pub mod proration;
pub mod split;
pub mod vat;

pub mod budgets;
pub mod invoices;
pub mod payments;
pub mod reminders;
pub mod statements;
