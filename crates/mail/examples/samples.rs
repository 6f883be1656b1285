//! Writes every mail's sample into a folder, to look at in a browser: `cargo run -p mail --example samples FOLDER`.

use std::{error::Error, fs, path::Path};

use mail::{Balance, Mail, ReminderLevel, mails};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write to")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;

    write(folder, "", &mails::SignInCode::sample())?;
    write(folder, "", &mails::NoAccount::sample())?;
    write(folder, "", &mails::SecondStepChanged::sample())?;
    let invoice = mails::InvoiceIssued::sample();
    write(folder, "", &invoice)?;
    write(folder, "-no-order", &mails::InvoiceIssued { purchase_order: None, ..invoice.clone() })?;
    let mut long = invoice;
    long.alliance.name =
        "The Teaching Schools Partnership for Wealdbrook, Harrowdown and the Isle of Merrin".into();
    long.alliance.contact =
        "contributions-and-invoices@wealdbrook-harrowdown-and-merrin-partnership.example".into();
    long.school =
        "Our Lady and St Botolph’s Roman Catholic Voluntary Aided Primary School and Nursery".into();
    long.payer =
        "The Wealdbrook, Harrowdown & Merrin Church of England <Multi-Academy> Learning Trust".into();
    long.purchase_order = Some("4500012345/2026-27/CURRICULUM-AND-PARTNERSHIPS/0000001".into());
    long.total = 123_456_789;
    write(folder, "-long-names", &long)?;
    for (ending, level) in [
        ("-before-due", ReminderLevel::BeforeDue { days: 7 }),
        ("-due", ReminderLevel::Due),
        ("-overdue", ReminderLevel::Overdue { days: 7 }),
        ("-long-overdue", ReminderLevel::Overdue { days: 42 }),
    ] {
        write(folder, ending, &mails::InvoiceReminder { level, ..mails::InvoiceReminder::sample() })?;
    }
    let note = mails::CreditNoteIssued::sample();
    let overpaid = Balance { received: note.balance.total, ..note.balance };
    write(folder, "", &note)?;
    write(folder, "-overpaid", &mails::CreditNoteIssued { balance: overpaid, ..note })
}

fn write<M: Mail>(folder: &Path, ending: &str, mail: &M) -> Result<(), Box<dyn Error>> {
    let words = mail.render()?;
    fs::write(folder.join(format!("{}{ending}.html", M::NAME)), words.html)?;
    fs::write(
        folder.join(format!("{}{ending}.txt", M::NAME)),
        format!("{}\n\n{}", words.subject, words.text),
    )?;
    Ok(())
}
