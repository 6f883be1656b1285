//! What holds for every mail.

use chrono::DateTime;
use mail_parser::{Message, MessageParser, MimeHeaders, decoders::html::html_to_text};

use crate::{
    Alliance, Attachment, Balance, BankAccount, ComposeError, Email, Envelope, Mail, Mailbox, ReminderLevel,
    Rendered, compose, mails,
};

fn rendered<M: Mail>(ending: &str, mail: &M) -> (String, Rendered) {
    (format!("{}{ending}", M::NAME), mail.render().unwrap())
}

/// Every mail, and every way in which its words differ.
fn samples() -> Vec<(String, Rendered)> {
    let invoice = mails::InvoiceIssued::sample();
    let note = mails::CreditNoteIssued::sample();
    let balance = |credited, received| Balance { credited, received, ..note.balance };
    let reminder = |level| mails::InvoiceReminder { level, ..mails::InvoiceReminder::sample() };
    let unpaid =
        mails::InvoiceReminder { balance: balance(0, 0), ..reminder(ReminderLevel::BeforeDue { days: 7 }) };
    let step = |change| mails::SecondStepChanged { change, ..mails::SecondStepChanged::sample() };
    let used = |left| step(mails::SecondStepChange::RecoveryCodeUsed { left });
    vec![
        rendered("", &mails::SecondStepChanged::sample()),
        rendered("-tokens", &step(mails::SecondStepChange::Set { ended_tokens: 3 })),
        rendered("-removed", &step(mails::SecondStepChange::Removed)),
        rendered("-taken-off", &step(mails::SecondStepChange::TakenOff { ended_tokens: 1 })),
        rendered("-used", &used(7)),
        rendered("-used-up", &used(0)),
        rendered("-passkey-added", &step(mails::SecondStepChange::PasskeyAdded)),
        rendered("-passkey-removed", &step(mails::SecondStepChange::PasskeyRemoved)),
        rendered("-renewed", &step(mails::SecondStepChange::RecoveryCodesRenewed)),
        rendered("", &mails::SignInCode::sample()),
        rendered("", &mails::NoAccount::sample()),
        rendered("", &mails::AddressCode::sample()),
        rendered("", &mails::AddressChanged::sample()),
        rendered("", &mails::AddressChangeUndone::sample()),
        rendered("", &mails::Deletion::sample()),
        rendered(
            "-deactivated",
            &mails::Deletion { step: mails::DeletionStep::Deactivated, ..mails::Deletion::sample() },
        ),
        rendered(
            "-called-off",
            &mails::Deletion { step: mails::DeletionStep::CalledOff, ..mails::Deletion::sample() },
        ),
        rendered("", &mails::Departure::sample()),
        rendered(
            "-no-contact",
            &mails::Departure { finance_contact_of: Vec::new(), ..mails::Departure::sample() },
        ),
        rendered("", &mails::ExportReady::sample()),
        rendered("", &mails::Invitation::sample()),
        rendered(
            "-on-trial",
            &mails::Invitation {
                name: String::new(),
                message: String::new(),
                invited_by: None,
                ..mails::Invitation::sample()
            },
        ),
        rendered("", &invoice),
        rendered("-no-order", &mails::InvoiceIssued { purchase_order: None, ..invoice.clone() }),
        rendered("-before-due", &unpaid),
        rendered("-due", &reminder(ReminderLevel::Due)),
        rendered("-overdue", &reminder(ReminderLevel::Overdue { days: 7 })),
        rendered("-long-overdue", &reminder(ReminderLevel::Overdue { days: 21 })),
        rendered("-no-page", &mails::InvoiceIssued { page: None, ..invoice.clone() }),
        rendered("-no-page", &mails::InvoiceReminder { page: None, ..reminder(ReminderLevel::Due) }),
        rendered("-no-page", &mails::CreditNoteIssued { page: None, ..note.clone() }),
        rendered("", &note),
        rendered("-settled", &mails::CreditNoteIssued { balance: balance(23_456, 100_000), ..note.clone() }),
        rendered("-overpaid", &mails::CreditNoteIssued { balance: balance(43_456, 123_456), ..note.clone() }),
    ]
}

/// Names that try to be markup, a header, a second body and the end of the message.
const HOSTILE: &str =
    "St <b>Mary</b> & \"Sons\"</mj-text>\r\nBcc: eve@evil.example\r\n\r\n.\r\n{{ mail.total }}";

fn hostile() -> mails::InvoiceReminder {
    mails::InvoiceReminder {
        alliance: Alliance { name: HOSTILE.into(), contact: "office@wealdbrook.example".into() },
        school: HOSTILE.into(),
        payer: HOSTILE.into(),
        number: HOSTILE.into(),
        purchase_order: Some(HOSTILE.into()),
        bank: BankAccount {
            name: HOSTILE.into(),
            sort_code: HOSTILE.into(),
            number: HOSTILE.into(),
            reference: HOSTILE.into(),
        },
        page: Some("https://ensemble.example/\"><b>".into()),
        ..mails::InvoiceReminder::sample()
    }
}

fn envelope() -> Envelope {
    Envelope {
        from: Mailbox {
            name: Some("Wealdbrook Schools Partnership".into()),
            address: "post@ensemble.example".into(),
        },
        reply_to: Some(Mailbox { name: None, address: "contributions@wealdbrook.example".into() }),
        to: vec![Mailbox {
            name: Some("Mill Lane’s office".into()),
            address: "accounts@mill-lane.example".into(),
        }],
        cc: Vec::new(),
        message_id: "<0192-42@ensemble.example>".into(),
        date: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        attachments: vec![Attachment {
            name: "Invoice WEA-0042.pdf".into(),
            content_type: "application/pdf".into(),
            content: b"%PDF-1.7\r\n.\r\n\xff".to_vec(),
        }],
    }
}

fn parse(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn header_names(message: &Message<'_>) -> Vec<String> {
    message.headers().iter().map(|header| header.name().to_owned()).collect()
}

#[test]
fn the_text_part_can_be_read_on_its_own() {
    for (name, Rendered { subject, text, .. }) in samples() {
        insta::assert_snapshot!(name, format!("{subject}\n\n{text}"));
    }
}

/// Word for word: a sum, a date or a piece of advice that only one of them has would be missed by half of the readers.
#[test]
fn the_html_part_lacks_no_word_of_the_text_part() {
    for (name, Rendered { text, html, .. }) in samples() {
        let shown = html_to_text(&html);
        for word in text.split_whitespace().map(|word| word.trim_matches(|c| ",.;:?-".contains(c))) {
            let is_link = word.starts_with("https://") && html.contains(&format!("href=\"{word}\""));
            assert!(is_link || shown.contains(word), "{name} lacks {word:?}: {shown}");
        }
    }
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    for (name, Rendered { html, .. }) in samples() {
        for way in ["src=", "url(", "<link", "@import", "<script", "<img"] {
            assert!(!html.contains(way), "{name} has {way}");
        }
    }
}

#[test]
fn data_is_text() {
    let Rendered { subject, text, html } = hostile().render().unwrap();
    assert!(!subject.contains(['\r', '\n']) && !text.contains('\r'));
    assert!(text.contains("<b>Mary</b> & \"Sons\""), "text is not escaped");
    assert!(text.contains("{{ mail.total }}") && html.contains("{{ mail.total }}"));
    assert!(!html.contains("<b>Mary"), "markup in a name is words: {html}");
    assert!(!html.contains("ensemble.example/\""), "an address stays within its attribute");
}

#[test]
fn a_name_starts_no_header_and_ends_no_message() {
    let mailbox = |address: &str| Mailbox { name: Some(HOSTILE.into()), address: address.into() };
    let mut envelope = envelope();
    envelope.from = mailbox("post@ensemble.example");
    envelope.to = vec![mailbox("accounts@mill-lane.example")];
    envelope.attachments[0].name = format!("../{HOSTILE}.pdf");
    let email = compose(&hostile(), envelope).unwrap();

    let bytes = email.formatted();
    let message = parse(&bytes);
    assert_eq!(message.bcc(), None);
    assert_eq!(header_names(&message), header_names(&parse(&plain().formatted())));
    assert_eq!(message.to().unwrap().iter().count(), 1);
    assert_eq!(message.attachment_count(), 1);
    let name = message.attachment(0).unwrap().attachment_name().unwrap();
    assert!(!name.contains(['/', '\\', '\r', '\n']), "{name}");
    assert_travels(&bytes);
}

fn plain() -> Email {
    compose(&mails::InvoiceIssued::sample(), envelope()).unwrap()
}

/// ASCII, CRLF line ends only, and lines that every server takes (RFC 5321, 4.5.3.1.6).
fn assert_travels(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii());
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    assert_eq!(text.split("\r\n").filter(|line| line.len() > 998).count(), 0);
}

#[test]
fn a_message_is_what_every_mail_program_reads() {
    let bytes = plain().formatted();
    assert_travels(&bytes);
    let message = parse(&bytes);
    assert_eq!(
        message.subject().unwrap(),
        "Invoice WEA-0042 for Mill Lane Primary School: £1,234.56, due 23 November 2026"
    );
    assert_eq!(message.message_id().unwrap(), "0192-42@ensemble.example");
    assert_eq!(message.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
    assert_eq!(message.date().unwrap().to_timestamp(), 1_790_000_000);
    let to = message.to().unwrap().first().unwrap();
    assert_eq!(
        (to.name().unwrap(), to.address().unwrap()),
        ("Mill Lane’s office", "accounts@mill-lane.example")
    );
    assert_eq!(
        message.reply_to().unwrap().first().unwrap().address(),
        Some("contributions@wealdbrook.example")
    );

    let rendered = mails::InvoiceIssued::sample().render().unwrap();
    let unix = |body: Option<std::borrow::Cow<'_, str>>| body.unwrap().replace("\r\n", "\n");
    assert_eq!(unix(message.body_text(0)), rendered.text);
    assert_eq!(unix(message.body_html(0)), rendered.html);
    let pdf = message.attachment(0).unwrap();
    assert_eq!(pdf.attachment_name(), Some("Invoice WEA-0042.pdf"));
    assert_eq!(pdf.contents(), b"%PDF-1.7\r\n.\r\n\xff");
}

/// None of these is a list that a person may leave: a code was asked for, an invoice is owed, and its reminders end
/// with the payment.
#[test]
fn no_mail_pretends_to_be_a_mailing_list() {
    let names = header_names(&parse(&plain().formatted()));
    assert!(!names.iter().any(|name| name.starts_with("List-") || name == "Precedence"), "{names:?}");
}

#[test]
fn a_second_attempt_sends_the_same_bytes() {
    assert_eq!(plain().formatted(), plain().formatted());
}

#[test]
fn what_cannot_be_a_message_is_refused() {
    type Change = fn(&mut Envelope);
    let cases: [(Change, &str); 7] = [
        (|e| e.to.clear(), "the mail has no recipient"),
        (
            |e| e.to[0].address = "nobody".into(),
            "the recipient's address is not one that mail can be sent to",
        ),
        (|e| e.to[0].address = "a@b.example\r\nBcc: c@d.example".into(), "the recipient's address"),
        (|e| e.from.address = String::new(), "the sender's address"),
        (|e| e.message_id = "<a@b>\r\nBcc: c@d.example".into(), "the Message-ID is not of the form"),
        (|e| e.date = DateTime::from_timestamp(-1, 0).unwrap(), "the date cannot be written"),
        (|e| e.attachments[0].content_type = "pdf".into(), "the content type of an attachment"),
    ];
    for (change, complaint) in cases {
        let mut envelope = envelope();
        change(&mut envelope);
        let error: ComposeError = compose(&mails::SignInCode::sample(), envelope).unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
        assert!(!error.to_string().contains('@') || complaint.contains("Message-ID"), "{error}");
    }
}
