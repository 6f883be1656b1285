//! How many invoices a second one processor sets as PDF, and what memory that takes.
//!
//! `cargo bench -p tests --bench documents`, and `ENSEMBLE_BENCH=full` for long rounds.

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use documents::{BankAccount, InvoiceDocument, Line, Payer, Renderer, School, Supplier, Vat};

const EXPLANATION: &str = "The members agreed a budget of £34,000.00 for 2026–27. It is shared by the number of pupils \
    on roll at the January 2026 census, at £5.00 a pupil and no less than £750.00. Your school had 257 pupils on that \
    day, which makes £1,285.00; rounding to the agreed total takes off 50p. Last year your share was £1,240.00.";

fn main() {
    let is_full = std::env::var("ENSEMBLE_BENCH").is_ok_and(|how| how == "full");
    let (rounds, length) = if is_full { (5, Duration::from_secs(20)) } else { (3, Duration::from_secs(3)) };
    let renderer = Renderer::new();
    // The first one reads the fonts.
    render(&renderer, 0);
    let mut number = 1;
    let mut rates: Vec<_> = (0..rounds)
        .map(|_| {
            let (started, first) = (Instant::now(), number);
            while started.elapsed() < length {
                render(&renderer, number);
                number += 1;
            }
            f64::from(number - first) / started.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_unstable_by(f64::total_cmp);
    println!("{:<58}{:>10}  target", "name", "measured");
    line("invoices as PDF, a second, on one processor", rates[rates.len() / 2], "50 or more");
    line("  the most memory, in MB", peak_mb(), "under 300");
}

fn line(name: &str, measured: f64, target: &str) {
    println!("{name:<58}{measured:>10.2}  {target}");
}

/// A year's share, each of another school for another sum.
fn render(renderer: &Renderer, number: u32) {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let net = 100_000 + i64::from(number);
    let line = Line {
        description: "Membership contribution for 1 September 2026 to 31 August 2027".into(),
        quantity: 1,
        unit: net,
        net,
        vat: Vat::OutsideScope,
        vat_reason: "A contribution to common costs is outside the scope of VAT.".into(),
        vat_amount: 0,
    };
    let invoice = InvoiceDocument {
        supplier: Supplier {
            legal_name: "Wealdmoor Learning Trust".into(),
            address: "Station Road\nWealdmoor\nLincolnshire\nLN99 4QZ".into(),
            contact_email: "accounts@wealdmoor.example".into(),
            vat_number: None,
            bank: BankAccount {
                name: "Wealdmoor Learning Trust".into(),
                sort_code: "12-34-56".into(),
                number: "12345678".into(),
            },
        },
        payer: Payer {
            legal_name: "Brackenfell Schools Trust".into(),
            address: "2 Mill Lane\nBrackenfell\nLN99 7AB".into(),
        },
        school: School { name: format!("Brackenfell Primary School {number}"), urn: Some(990_123) },
        number: format!("WEA-{number:04}"),
        issued_on: day(2026, 11, 23),
        due_on: day(2026, 12, 23),
        period_start: day(2026, 9, 1),
        period_end: day(2027, 8, 31),
        purchase_order: Some("PO 0004711".into()),
        requested_by: None,
        payment_reference: format!("WEA-{number:04}"),
        lines: vec![line],
        explanation: Some(EXPLANATION.into()),
        prepayment_note: None,
    };
    let pdf = renderer.invoice(&invoice).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
