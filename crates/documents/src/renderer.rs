//! From a template and its data to PDF bytes.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use typst::foundations::{Datetime, Dict, Smart};
use typst_as_lib::{TypstEngine, typst_kit_options::TypstKitFontOptions};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::{CreditNoteDocument, InvoiceDocument, tidy::tidy};

const TEMPLATES: [(&str, &str); 3] = [
    ("common.typ", include_str!("../templates/common.typ")),
    ("invoice.typ", include_str!("../templates/invoice.typ")),
    ("credit_note.typ", include_str!("../templates/credit_note.typ")),
];

/// Makes PDFs. Make one in a process: it holds the fonts and templates. Clones share them.
#[derive(Clone)]
pub struct Renderer {
    engine: Arc<TypstEngine>,
}

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The amounts do not add up to a number of pence that fits.
    #[error("The amounts are too large to add up.")]
    SumTooLarge,
    /// A document that charges VAT must bear the supplier's VAT number.
    #[error("VAT is charged, but the supplier has no VAT number.")]
    NoVatNumber,
    /// A fault in a template.
    #[error("The template cannot be set: {0}")]
    Template(String),
}

impl Default for Renderer {
    fn default() -> Self {
        Self::new()
    }
}

impl Renderer {
    /// Loads the fonts and templates, all of them parts of the binary.
    #[must_use]
    pub fn new() -> Self {
        let fonts = TypstKitFontOptions::new().include_system_fonts(false).include_embedded_fonts(true);
        let engine = TypstEngine::builder()
            .search_fonts_with(fonts)
            .with_static_source_file_resolver(TEMPLATES)
            // Documents share too little for a cache to pay, and one that is kept grows with their number.
            .comemo_evict_max_age(Some(0))
            .build();
        Self { engine: Arc::new(engine) }
    }

    /// The invoice as PDF.
    pub fn invoice(&self, invoice: &InvoiceDocument) -> Result<Vec<u8>, RenderError> {
        let identity = format!("{}/invoice/{}", invoice.supplier.legal_name, invoice.number);
        self.render("invoice.typ", &identity, invoice.issued_on, &invoice.printed()?)
    }

    /// The credit note as PDF.
    pub fn credit_note(&self, note: &CreditNoteDocument) -> Result<Vec<u8>, RenderError> {
        let identity = format!("{}/credit note/{}", note.supplier.legal_name, note.number);
        self.render("credit_note.typ", &identity, note.issued_on, &note.printed()?)
    }

    fn render(
        &self,
        template: &str,
        identity: &str,
        dated: NaiveDate,
        content: &impl Serialize,
    ) -> Result<Vec<u8>, RenderError> {
        let mut data = serde_json::to_value(content).map_err(fault)?;
        tidy(&mut data);
        let inputs = Dict::deserialize(data).map_err(fault)?;
        let document = self.engine.compile_with_input(template, inputs).output.map_err(fault)?;

        let options = |standards| PdfOptions {
            ident: Smart::Custom(identity.to_owned()),
            creator: Smart::Custom(Some("Ensemble".to_owned())),
            timestamp: midnight(dated).map(Timestamp::new_utc),
            standards,
            ..PdfOptions::default()
        };
        let accessible = options(PdfStandards::new(&[PdfStandard::Ua_1]).map_err(fault)?);
        // PDF/UA-1 forbids characters that no font has, such as an emoji in a school's name. They are set as
        // boxes, and the file is tagged all the same but does not claim the standard.
        typst_pdf::pdf(&document, &accessible)
            .or_else(|_| typst_pdf::pdf(&document, &options(PdfStandards::default())))
            .map_err(fault)
    }
}

fn midnight(date: NaiveDate) -> Option<Datetime> {
    let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
    Datetime::from_ymd_hms(date.year(), month, day, 0, 0, 0)
}

fn fault(error: impl std::fmt::Debug) -> RenderError {
    RenderError::Template(format!("{error:?}"))
}
