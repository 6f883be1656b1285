//! Writes every mail's sample into a folder, to look at in a browser: `cargo run -p mail --example samples FOLDER`.

use std::{error::Error, fs, path::Path};

use mail::{Balance, Mail, PurchaseOrder, ReminderLevel, mails};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write to")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;

    write(folder, "", &mails::SignInCode::sample())?;
    write(folder, "", &mails::NoAccount::sample())?;
    let invoice = mails::InvoiceIssued::sample();
    write(folder, "", &invoice)?;
    write(
        folder,
        "-order-requested",
        &mails::InvoiceIssued { purchase_order: PurchaseOrder::Requested, ..invoice },
    )?;
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
