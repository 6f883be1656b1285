//! Changing an alliance's letterhead, terms, calendar and words.

use chrono_tz::Tz;

use super::{Alliance, Letterhead, SupplierKind, Wording, repo};
use crate::{
    access::{self, EmailAddress},
    app::App,
    error::{Forbidden, Internal},
    people,
    problem::failure,
    text::{lines, one_line, tidy},
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// The settings as they shall be.
#[derive(Debug, Clone)]
pub struct ChangeSettings {
    /// Letterhead, terms, calendar and words; `None` leaves them as they are.
    pub general: Option<GeneralSettings>,
    /// Whether to ask everybody who enters for a second step at sign-in; `None` leaves it as it is.
    pub requires_second_step: Option<bool>,
}

/// Letterhead, terms, calendar and words. Invoices already issued keep what was printed on them, and budgets their dates.
#[derive(Debug, Clone)]
pub struct GeneralSettings {
    /// The alliance's name.
    pub name: String,
    /// Who issues invoices.
    pub letterhead: Letterhead,
    /// What kind of body that is.
    pub supplier_kind: SupplierKind,
    /// Days from issue to due date, 0 to 120.
    pub payment_terms_days: u16,
    /// What invoice numbers begin with, at most 12 characters.
    pub invoice_prefix: String,
    /// What credit note numbers begin with, at most 12 characters.
    pub credit_prefix: String,
    /// Where its people plan their days, as in the time zone database: `Europe/London`.
    pub timezone: String,
    /// The month, 1 to 12, in which the years of later budgets begin.
    pub year_start_month: u32,
    /// Its local words, each at most 40 characters.
    pub wording: Wording,
}

/// Why the settings stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum ChangeSettingsError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// Empty, or longer than 200 characters.
    #[error("Please give the alliance's name, in at most 200 characters.")]
    InvalidName,
    /// Empty, or longer than 200 characters.
    #[error("Please give the legal name that issues invoices, in at most 200 characters.")]
    InvalidLegalName,
    /// No address.
    #[error("Please give the postal address: it is printed on invoices.")]
    EmptyAddress,
    /// A body that charges VAT says under which number.
    #[error("A trading company charges VAT: please give its VAT registration number.")]
    MissingVatNumber,
    /// The contact address is not a mail address.
    #[error("That does not look like an email address.")]
    InvalidEmail,
    /// Not six digits.
    #[error("A sort code has six digits, such as 12-34-56.")]
    InvalidSortCode,
    /// Not eight digits.
    #[error("An account number has eight digits.")]
    InvalidAccountNumber,
    /// Outside 0 to 120.
    #[error("Payment terms are between 0 and 120 days.")]
    InvalidTerms,
    /// A prefix is too long or would confuse a school's finance system.
    #[error("A prefix has at most 12 letters, digits, hyphens or slashes.")]
    InvalidPrefix,
    /// The body is not registered for VAT, and has a number for it all the same.
    #[error(
        "A body that is not registered for VAT has no VAT number: leave it empty, or choose another kind of body."
    )]
    VatNumberNotWanted,
    /// Not a name of the time zone database.
    #[error("That time zone is not known. Most schools are in Europe/London.")]
    UnknownTimezone,
    /// Outside 1 to 12.
    #[error("A year begins in one of the months 1 to 12.")]
    InvalidMonth,
    /// Empty, or longer than 40 characters.
    #[error("Please say what the alliance calls itself, in at most 40 characters, such as partnership.")]
    InvalidAllianceWord,
    /// Empty, or longer than 40 characters.
    #[error("Please say what a member is called, in at most 40 characters, such as partner school.")]
    InvalidMemberWord,
    /// Empty, or longer than 40 characters.
    #[error("Please say what a strand is called, in at most 40 characters, such as programme.")]
    InvalidStrandWord,
    /// Whoever asks it of all has to have it.
    #[error("Set a second step up for yourself first: without one you could not come in any more.")]
    NoSecondStep,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

impl GeneralSettings {
    /// Checks them, and returns what puts them into the alliance.
    fn checked(self) -> Result<impl FnOnce(&mut Alliance), ChangeSettingsError> {
        use ChangeSettingsError as E;
        let mut letterhead = self.letterhead;
        let name = one_line(&self.name, 200).ok_or(E::InvalidName)?;
        letterhead.legal_name = one_line(&letterhead.legal_name, 200).ok_or(E::InvalidLegalName)?;
        letterhead.address = lines(&letterhead.address);
        if letterhead.address.is_empty() {
            return Err(E::EmptyAddress);
        }
        letterhead.vat_number = letterhead.vat_number.and_then(|number| one_line(&number, 20));
        if self.supplier_kind == SupplierKind::TradingCompany && letterhead.vat_number.is_none() {
            return Err(E::MissingVatNumber);
        }
        if self.supplier_kind == SupplierKind::NotRegistered && letterhead.vat_number.is_some() {
            return Err(E::VatNumberNotWanted);
        }
        EmailAddress::parse(&letterhead.contact_email).map_err(|_| E::InvalidEmail)?;
        let bank = &mut letterhead.bank;
        bank.name = tidy(&bank.name);
        bank.sort_code = digits(&bank.sort_code, 6).ok_or(E::InvalidSortCode)?;
        bank.sort_code.insert(4, '-');
        bank.sort_code.insert(2, '-');
        bank.number = digits(&bank.number, 8).ok_or(E::InvalidAccountNumber)?;
        if self.payment_terms_days > 120 {
            return Err(E::InvalidTerms);
        }
        let is_prefix = |text: &str| {
            text.chars().count() <= 12
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '/')
        };
        if !is_prefix(&self.invoice_prefix) || !is_prefix(&self.credit_prefix) {
            return Err(E::InvalidPrefix);
        }
        let timezone: Tz = self.timezone.trim().parse().map_err(|_| E::UnknownTimezone)?;
        if !(1..=12).contains(&self.year_start_month) {
            return Err(E::InvalidMonth);
        }
        let wording = Wording {
            alliance: one_line(&self.wording.alliance, 40).ok_or(E::InvalidAllianceWord)?,
            member: one_line(&self.wording.member, 40).ok_or(E::InvalidMemberWord)?,
            strand: one_line(&self.wording.strand, 40).ok_or(E::InvalidStrandWord)?,
        };
        Ok(move |alliance: &mut Alliance| {
            alliance.name = name;
            alliance.letterhead = letterhead;
            alliance.terms.supplier_kind = self.supplier_kind;
            alliance.terms.payment_terms_days = self.payment_terms_days;
            alliance.terms.invoice_prefix = self.invoice_prefix;
            alliance.terms.credit_prefix = self.credit_prefix;
            alliance.terms.timezone = timezone;
            alliance.terms.year_start_month = self.year_start_month;
            alliance.wording = wording;
        })
    }
}

/// Changes the settings and returns the alliance as it is now.
pub async fn change_settings(
    app: &App,
    viewer: &Viewer,
    input: ChangeSettings,
) -> Result<Alliance, ChangeSettingsError> {
    let scope = viewer.require(Permission::ManageAlliance)?;
    viewer.require_confirmed(Act::ChangeSettings)?;
    let general = input.general.map(GeneralSettings::checked).transpose()?;
    let has_second_step = match viewer.account_id() {
        Some(account_id) => access::has_second_step(app, account_id).await?,
        None => false,
    };
    let mut tx = app.db.begin(scope).await?;
    // Of two changes at once, neither takes back the other's.
    people::repo::hold_alliance(&mut tx).await?;
    let mut alliance = repo::alliance(&mut tx).await?;
    if let Some(requires) = input.requires_second_step {
        if requires && !alliance.requires_second_step && !has_second_step {
            return Err(ChangeSettingsError::NoSecondStep);
        }
        alliance.requires_second_step = requires;
    }
    if let Some(put_into) = general {
        put_into(&mut alliance);
    }
    repo::update_settings(&mut tx, &alliance).await?;
    tx.commit().await?;
    Ok(alliance)
}

/// The digits of `text` when there are `count` of them and nothing else but spaces and hyphens.
fn digits(text: &str, count: usize) -> Option<String> {
    let kept: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (kept.len() == count && kept.chars().all(|c| c.is_ascii_digit())).then_some(kept)
}

failure!(ChangeSettingsError {
    InvalidEmail => "contactEmail",
    InvalidSortCode => "sortCode",
    InvalidAccountNumber => "accountNumber",
    InvalidTerms => "paymentTermsDays",
    InvalidPrefix => "invoicePrefix",
    InvalidName => "name",
    InvalidLegalName => "legalName",
    EmptyAddress => "address",
    MissingVatNumber => "vatNumber",
    VatNumberNotWanted => "vatNumber",
    UnknownTimezone => "timezone",
    InvalidMonth => "yearStartMonth",
    InvalidAllianceWord => "allianceWord",
    InvalidMemberWord => "memberWord",
    InvalidStrandWord => "strandWord",
    NoSecondStep => "requiresSecondStep",
} nested { Forbidden, Unconfirmed, Internal });
