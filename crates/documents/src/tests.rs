//! What a payer reads, taken from the PDF by poppler's `pdftotext` and `pdfinfo` (package `poppler-utils`).

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
    thread,
};

use crate::{
    InvoiceDocument, Line, Payer, RenderError, Renderer, School, Supplier,
    samples::{bare_invoice, credit_note, invoice, office_work, payer, school, share, supplier, vat_invoice},
};

static RENDERER: LazyLock<Renderer> = LazyLock::new(Renderer::new);

fn poppler(tool: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{tool} of the package poppler-utils is needed: {error}"));
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The text in reading order, its white space made single spaces.
fn text(pdf: &[u8]) -> String {
    let text = poppler("pdftotext", &["-raw", "-", "-"], pdf);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[track_caller]
fn assert_lacks(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "{part:?} is in: {text}");
    }
}

fn pages(pdf: &[u8]) -> u32 {
    let info = poppler("pdfinfo", &["-"], pdf);
    let pages = info.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap();
    pages.trim().parse().unwrap()
}

#[test]
fn an_invoice_has_all_that_a_school_needs_to_pay_it() {
    let pdf = RENDERER.invoice(&invoice()).unwrap();
    let text = text(&pdf);
    assert_has(
        &text,
        &[
            "Wealdmoor Learning Trust Wealdmoor Academy Station Road",
            "accounts@wealdmoor.example",
            "Bill to Brackenfell Schools Trust Trust Office",
            "For St Wilfrid’s Church of England Primary School URN 990123",
            "Invoice number WEA-0042",
            "Invoice date 23 November 2026",
            "Due date 23 December 2026",
            "Purchase order PO 0004711",
            "Requested by The school business manager",
            "Billing period 1 September 2026 to 31 August 2027",
            "Payment reference WEA-0042",
            "1 £1,284.50 £1,284.50 Outside scope (O) £0.00 £1,284.50",
            "Outside the scope of VAT A contribution to common costs",
            "How this share was worked out The members agreed a budget",
            "Prepayment Of this invoice £535.21",
            "Sort code 12-34-56",
            "Account number 12345678",
            "BACS",
            "Remittance advice",
            "Page 1 of 1",
        ],
    );
    assert_lacks(&text, &["VAT invoice", "tax point", "VAT number"]);
    assert_eq!(pages(&pdf), 1);
}

#[test]
fn an_invoice_that_charges_vat_is_a_vat_invoice() {
    let pdf = RENDERER.invoice(&vat_invoice()).unwrap();
    let text = text(&pdf);
    assert_has(
        &text,
        &[
            "VAT invoice WEA-0042",
            "VAT number GB 999 9999 73",
            "Date and tax point 23 November 2026",
            "Office support, half days 2 £99.99 £199.98 20% (S) £40.00 £239.98",
            "3 £140.00 £420.00 Exempt (E1) £0.00 £420.00",
            "Exempt (E2)",
            "0% (Z)",
            "S Standard rate, 20%",
            "E1 Exempt from VAT Education or vocational training",
            "E2 Exempt from VAT Teaching staff",
            "Net £2,266.98 VAT £40.00 Total due £2,306.98",
        ],
    );
}

#[test]
fn what_is_not_known_leaves_no_trace() {
    let text = text(&RENDERER.invoice(&bare_invoice()).unwrap());
    assert_has(&text, &["Purchase order not supplied"]);
    assert_lacks(&text, &["URN", "Requested by", "How this share", "Prepayment", "VAT number", "none"]);
}

#[test]
fn blank_text_counts_as_not_known() {
    let blank = || Some(" \n ".to_owned());
    let invoice = InvoiceDocument {
        purchase_order: blank(),
        requested_by: blank(),
        explanation: blank(),
        prepayment_note: blank(),
        ..bare_invoice()
    };
    assert_eq!(text(&RENDERER.invoice(&invoice).unwrap()), text(&RENDERER.invoice(&bare_invoice()).unwrap()));
}

#[test]
fn an_invoice_of_nought_asks_for_nothing() {
    let free = Line { unit: 0, net: 0, ..share() };
    let invoice = InvoiceDocument { lines: vec![free], ..invoice() };
    let text = text(&RENDERER.invoice(&invoice).unwrap());
    assert_has(&text, &["Nothing to pay"]);
    assert_lacks(&text, &["How to pay", "Remittance advice"]);
}

#[test]
fn markup_in_text_is_printed_as_it_stands() {
    let hostile = [
        "#panic(\"x\") #read(\"/etc/passwd\")",
        "$ x^2 $ *bold* _it_ `raw` <label> @ref",
        "= Heading - item + item / term: \\ ~ --- ...",
        "]} #{ [ // /* https://school.example",
        "\\u{41} \"quoted\" 'single' &amp; %PDF",
    ];
    for name in hostile {
        let invoice = InvoiceDocument {
            supplier: Supplier { legal_name: name.to_owned(), address: name.to_owned(), ..supplier() },
            payer: Payer { legal_name: name.to_owned(), address: name.to_owned() },
            school: School { name: name.to_owned(), ..school() },
            number: name.to_owned(),
            purchase_order: Some(name.to_owned()),
            requested_by: Some(name.to_owned()),
            payment_reference: name.to_owned(),
            lines: vec![Line { description: name.to_owned(), vat_reason: name.to_owned(), ..share() }],
            explanation: Some(name.to_owned()),
            prepayment_note: Some(name.to_owned()),
            ..invoice()
        };
        // Wrapped at other places in other columns, so compared without white space.
        let tight = |text: &str| text.split_whitespace().collect::<String>();
        let text = tight(&text(&RENDERER.invoice(&invoice).unwrap()));
        assert!(text.matches(&tight(name)).count() >= 12, "{name:?} in {text}");
    }
}

#[test]
fn long_names_stay_within_the_sheet() {
    let long = "The Governing Body of the Federation of Our Lady and St Thomas of Canterbury Roman Catholic \
                Voluntary Aided Infant, Junior and Nursery Schools";
    let unbroken = "Llanfair".repeat(20);
    for name in [long, &unbroken] {
        let invoice = InvoiceDocument {
            supplier: Supplier { legal_name: name.to_owned(), ..supplier() },
            payer: Payer { legal_name: name.to_owned(), ..payer() },
            school: School { name: name.to_owned(), ..school() },
            payment_reference: name.to_owned(),
            lines: vec![Line { description: name.to_owned(), ..share() }],
            ..invoice()
        };
        let pdf = RENDERER.invoice(&invoice).unwrap();
        let boxes = poppler("pdftotext", &["-bbox", "-", "-"], &pdf);
        let right_edges = boxes.split("xMax=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let rightmost = right_edges.map(|edge| edge.parse::<f64>().unwrap()).fold(0.0, f64::max);
        // A4 is 595.28 points wide, and the margin 56.69.
        assert!(rightmost > 500.0 && rightmost < 538.7, "{rightmost}");
    }
}

#[test]
fn sixty_lines_go_on_under_a_repeated_head() {
    let line = |index| Line { description: format!("Course place {index}"), ..office_work() };
    let supplier = Supplier { vat_number: Some("GB 999 9999 73".to_owned()), ..supplier() };
    let invoice = InvoiceDocument { supplier, lines: (1..=60).map(line).collect(), ..invoice() };
    let pdf = RENDERER.invoice(&invoice).unwrap();
    let text = text(&pdf);
    let pages = pages(&pdf);
    assert!(pages >= 2);
    assert_has(&text, &["Course place 1 2", "Course place 60 2", &format!("Page {pages} of {pages}")]);
    assert!(text.matches("Description Quantity Unit price Net VAT rate VAT Gross").count() >= 2, "{text}");
    assert_has(&text, &["Net £11,998.80 VAT £2,400.00 Total due £14,398.80"]);
}

#[test]
fn a_credit_note_names_its_invoice_and_asks_for_nothing() {
    let text = text(&RENDERER.credit_note(&credit_note()).unwrap());
    assert_has(
        &text,
        &[
            "Credit note WEC-0003",
            "Credits invoice WEA-0042",
            "Invoice date 23 November 2026",
            "Why this credit is given The roll of the January 2026 census",
            "Total credit £40.00",
        ],
    );
    assert_lacks(&text, &["Remittance advice", "How to pay", "VAT credit note"]);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let expected = Renderer::new().invoice(&invoice()).unwrap();
    let renders = thread::scope(|scope| {
        let render = || {
            RENDERER.invoice(&vat_invoice()).unwrap();
            RENDERER.clone().invoice(&invoice()).unwrap()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(render)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(renders.iter().all(|render| *render == expected));
    let other = InvoiceDocument { number: "WEA-0043".to_owned(), ..invoice() };
    assert_ne!(RENDERER.invoice(&other).unwrap(), expected);
}

#[test]
fn every_document_is_accessible_and_bears_its_own_date() {
    for (pdf, title, date) in [
        (RENDERER.invoice(&invoice()), "Invoice WEA-0042", "2026-11-23T00:00:00Z"),
        (RENDERER.invoice(&vat_invoice()), "VAT invoice WEA-0042", "2026-11-23T00:00:00Z"),
        (RENDERER.credit_note(&credit_note()), "Credit note WEC-0003", "2027-01-11T00:00:00Z"),
    ] {
        let pdf = pdf.unwrap();
        let info = poppler("pdfinfo", &["-isodates", "-"], &pdf);
        let info = info.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_has(&info, &[&format!("Title: {title}"), "Tagged: yes", &format!("CreationDate: {date}")]);
        let metadata = poppler("pdfinfo", &["-meta", "-"], &pdf);
        assert_has(&metadata, &["<pdfuaid:part>1</pdfuaid:part>", "en-GB"]);
    }
}

#[test]
fn characters_without_a_glyph_do_not_stop_an_invoice() {
    let name = "Rainbow 🌈 Nursery, Ysgol Gymraeg Llŷn, Žižkov \u{1}";
    let invoice = InvoiceDocument { school: School { name: name.to_owned(), ..school() }, ..invoice() };
    let text = text(&RENDERER.invoice(&invoice).unwrap());
    assert_has(&text, &["Rainbow", "Nursery, Ysgol Gymraeg Llŷn, Žižkov", "Remittance advice"]);
}

#[test]
fn vat_without_a_number_is_refused() {
    for vat_number in [None, Some(" ".to_owned())] {
        let invoice = InvoiceDocument { supplier: Supplier { vat_number, ..supplier() }, ..vat_invoice() };
        assert!(matches!(RENDERER.invoice(&invoice), Err(RenderError::NoVatNumber)));
    }
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    let huge = Line { net: i64::MAX, ..share() };
    let invoice = InvoiceDocument { lines: vec![huge.clone(), huge], ..invoice() };
    assert!(matches!(RENDERER.invoice(&invoice), Err(RenderError::SumTooLarge)));
}
