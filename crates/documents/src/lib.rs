//! Turns typed documents into PDF bytes.
//!
//! A caller fills in an [`InvoiceDocument`] or [`CreditNoteDocument`] and hands it to
//! the one [`Renderer`] of its process. What holds for every document:
//!
//! - The same input gives the same bytes on every machine: only fonts within the binary are used, the file's
//!   date is the document's own, and its identifier is made from its number.
//! - Text is data. It reaches the templates (`templates/*.typ`) as string values, never as source, so nothing
//!   in a school's name can act as markup.
//! - Sums are made here, from the amounts of the lines, and are refused where they do not fit.
//! - The file is tagged, has a title and a language, and claims PDF/UA-1, the standard for accessible PDF,
//!   unless its text holds a character that no font has.
//!
//! To add a document: its struct and what it derives in a module of its own, its template beside the others,
//! and one method on [`Renderer`].

mod credit_note;
mod format;
mod invoice;
mod lines;
mod parties;
mod renderer;
mod tidy;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use credit_note::CreditNoteDocument;
pub use invoice::InvoiceDocument;
pub use lines::{Line, Vat};
pub use parties::{BankAccount, Payer, School, Supplier};
pub use renderer::{RenderError, Renderer};
