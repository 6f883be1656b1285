//! SQL of invoices and credit notes.

mod chasing;
mod credit_notes;
mod documents;
mod invoices;
mod numbers;
mod run;
mod vat;

pub(super) use chasing::{NewChasingDecision, insert_chasing_decision};
pub(super) use credit_notes::{NewCreditNote, insert_credit_note};
pub(crate) use credit_notes::{credit_note, credit_notes};
pub(super) use documents::{NewDocument, documents, insert_document};
pub(super) use invoices::{Query, invoices, invoices_of_members, owed, totals};
pub(crate) use invoices::{invoices_by_ids, lines, lock_invoice, numbers, open_invoices};
pub(super) use numbers::{Series, draw_numbers};
pub(super) use run::{NewRun, awaited_orders, insert_invoices, insert_run};
pub(crate) use run::{invoiced_members, shares_before};
pub(super) use vat::{insert_vat_override, vat_overrides};
