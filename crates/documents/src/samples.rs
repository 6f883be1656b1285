//! Documents for tests. All names are invented.

use chrono::NaiveDate;

use crate::{BankAccount, CreditNoteDocument, InvoiceDocument, Line, Payer, School, Supplier, Vat};

pub(crate) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub(crate) fn supplier() -> Supplier {
    Supplier {
        legal_name: "Wealdmoor Learning Trust".to_owned(),
        address: "Wealdmoor Academy\nStation Road\nWealdmoor\nLincolnshire\nLN99 4QZ".to_owned(),
        contact_email: "accounts@wealdmoor.example".to_owned(),
        vat_number: None,
        bank: BankAccount {
            name: "Wealdmoor Learning Trust".to_owned(),
            sort_code: "12-34-56".to_owned(),
            number: "12345678".to_owned(),
        },
    }
}

pub(crate) fn payer() -> Payer {
    Payer {
        legal_name: "Brackenfell Schools Trust".to_owned(),
        address: "Trust Office\n2 Mill Lane\nBrackenfell\nLN99 7AB".to_owned(),
    }
}

pub(crate) fn school() -> School {
    School { name: "St Wilfrid’s Church of England Primary School".to_owned(), urn: Some(990_123) }
}

/// A member's yearly share, outside the scope of VAT.
pub(crate) fn share() -> Line {
    Line {
        description: "Contribution to the alliance’s shared costs, 2026–27".to_owned(),
        quantity: 1,
        unit: 128_450,
        net: 128_450,
        vat: Vat::OutsideScope,
        vat_reason:
            "A contribution to common costs, with nothing supplied to the member in return, is outside \
                     the scope of VAT."
                .to_owned(),
        vat_amount: 0,
    }
}

/// Places on a course, exempt.
pub(crate) fn training() -> Line {
    Line {
        description: "Places on the middle leaders’ programme, autumn term".to_owned(),
        quantity: 3,
        unit: 14_000,
        net: 42_000,
        vat: Vat::Exempt,
        vat_reason:
            "Education or vocational training by an eligible body is exempt (VATA 1994, Schedule 9, Group \
                     6, item 1)."
                .to_owned(),
        vat_amount: 0,
    }
}

/// Office work, at the standard rate.
pub(crate) fn office_work() -> Line {
    Line {
        description: "Office support, half days".to_owned(),
        quantity: 2,
        unit: 9_999,
        net: 19_998,
        vat: Vat::Standard { rate_basis_points: 2_000 },
        vat_reason:
            "Staff for administration and other services are standard-rated, also between eligible bodies \
                     (HMRC VATEDU53600)."
                .to_owned(),
        vat_amount: 4_000,
    }
}

/// The usual invoice: one line, no VAT.
pub(crate) fn invoice() -> InvoiceDocument {
    InvoiceDocument {
        supplier: supplier(),
        payer: payer(),
        school: school(),
        number: "WEA-0042".to_owned(),
        issued_on: day(2026, 11, 23),
        due_on: day(2026, 12, 23),
        period_start: day(2026, 9, 1),
        period_end: day(2027, 8, 31),
        purchase_order: Some("PO 0004711".to_owned()),
        requested_by: Some("The school business manager".to_owned()),
        payment_reference: "WEA-0042".to_owned(),
        lines: vec![share()],
        explanation: Some(
            "The members agreed a budget of £34,000.00 for 2026–27. It is shared by the number of pupils on \
             roll at the January 2026 census, at £5.00 a pupil and no less than £750.00. Your school had 257 \
             pupils on that day, which makes £1,285.00; rounding to the agreed total takes off 50p. Last \
             year your share was £1,240.00."
                .to_owned(),
        ),
        prepayment_note: Some(
            "Of this invoice £535.21 falls into April to August 2027, after the end of a maintained school’s \
             financial year, and may be carried forward as a prepayment."
                .to_owned(),
        ),
    }
}

/// Every treatment of VAT at once.
pub(crate) fn vat_invoice() -> InvoiceDocument {
    let zero = Line {
        description: "Printed handbook".to_owned(),
        quantity: 1,
        unit: 1_250,
        net: 1_250,
        vat: Vat::Zero,
        vat_reason: "Printed books are zero-rated.".to_owned(),
        vat_amount: 0,
    };
    let staff = Line {
        description: "Specialist leader of education, one day".to_owned(),
        quantity: 1,
        unit: 35_000,
        net: 35_000,
        vat_reason: "Teaching staff supplied by one eligible body to another are exempt education (HMRC \
                     VATEDU53600)."
            .to_owned(),
        ..training()
    };
    InvoiceDocument {
        supplier: Supplier { vat_number: Some("GB 999 9999 73".to_owned()), ..supplier() },
        lines: vec![share(), training(), staff, office_work(), zero],
        ..invoice()
    }
}

/// Nothing that may be left out.
pub(crate) fn bare_invoice() -> InvoiceDocument {
    InvoiceDocument {
        school: School { urn: None, ..school() },
        purchase_order: None,
        requested_by: None,
        explanation: None,
        prepayment_note: None,
        ..invoice()
    }
}

pub(crate) fn credit_note() -> CreditNoteDocument {
    CreditNoteDocument {
        supplier: supplier(),
        payer: payer(),
        school: school(),
        number: "WEC-0003".to_owned(),
        issued_on: day(2027, 1, 11),
        invoice_number: "WEA-0042".to_owned(),
        invoice_issued_on: day(2026, 11, 23),
        purchase_order: Some("PO 0004711".to_owned()),
        reason: "The roll of the January 2026 census was corrected from 257 to 249 pupils.".to_owned(),
        lines: vec![Line {
            description: "Credit against the contribution 2026–27".to_owned(),
            unit: 4_000,
            net: 4_000,
            ..share()
        }],
    }
}
