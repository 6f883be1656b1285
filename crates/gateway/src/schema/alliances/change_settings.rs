use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::{BankAccount, ChangeSettings, GeneralSettings, Letterhead, Wording, change_settings};

use super::{AllianceObject, SupplierKindEnum};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// The settings as they shall be.
#[derive(InputObject)]
struct ChangeSettingsInput {
    /// The alliance's short address.
    alliance: String,
    /// Its name.
    name: String,
    /// The legal entity that issues invoices.
    legal_name: String,
    /// Its postal address, a line each.
    address: String,
    /// Where payers write to.
    contact_email: String,
    /// Its VAT registration number, if registered.
    vat_number: Option<String>,
    /// The name on the account to pay into.
    bank_account_name: String,
    /// Six digits.
    sort_code: String,
    /// Eight digits.
    account_number: String,
    /// What kind of body it is.
    supplier_kind: SupplierKindEnum,
    /// Days from issue to due date, 0 to 120.
    payment_terms_days: i32,
    /// What invoice numbers begin with, at most 12 characters.
    invoice_prefix: String,
    /// What credit note numbers begin with, at most 12 characters.
    credit_prefix: String,
    /// Where its people plan their days, as in the time zone database: Europe/London.
    timezone: String,
    /// The month, 1 to 12, in which the years of later budgets begin.
    year_start_month: i32,
    /// What it calls itself, at most 40 characters: partnership.
    alliance_word: String,
    /// What it calls a member, at most 40 characters: partner school.
    member_word: String,
    /// What it calls a strand, at most 40 characters: programme.
    strand_word: String,
    /// Whether to ask everybody who enters for a second step at sign-in; null leaves it as it
    /// is. Whoever turns it on has one.
    requires_second_step: Option<bool>,
}

payload! {
    /// The alliance with its new settings.
    ChangeSettingsPayload {
        /// The alliance.
        alliance: AllianceObject
    }
}

#[derive(Default)]
pub(crate) struct ChangeSettingsMutation;

#[Object]
impl ChangeSettingsMutation {
    /// Change an alliance's letterhead, terms, calendar and words. Invoices already issued keep what was printed on
    /// them, and budgets that are there keep their dates.
    async fn change_settings(
        &self,
        ctx: &Context<'_>,
        input: ChangeSettingsInput,
    ) -> Result<ChangeSettingsPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let general = GeneralSettings {
            name: input.name,
            letterhead: Letterhead {
                legal_name: input.legal_name,
                address: input.address,
                contact_email: input.contact_email,
                vat_number: input.vat_number.filter(|number| !number.trim().is_empty()),
                bank: BankAccount {
                    name: input.bank_account_name,
                    sort_code: input.sort_code,
                    number: input.account_number,
                },
            },
            supplier_kind: input.supplier_kind.into(),
            // Out of range becomes a number that the domain refuses.
            payment_terms_days: u16::try_from(input.payment_terms_days).unwrap_or(u16::MAX),
            invoice_prefix: input.invoice_prefix,
            credit_prefix: input.credit_prefix,
            timezone: input.timezone,
            year_start_month: u32::try_from(input.year_start_month).unwrap_or_default(),
            wording: Wording {
                alliance: input.alliance_word,
                member: input.member_word,
                strand: input.strand_word,
            },
        };
        let settings =
            ChangeSettings { general: Some(general), requires_second_step: input.requires_second_step };
        let done = answer(change_settings(session.app(), change.viewer(), settings).await)?;
        Ok(change.answer(done, async |inside, _| Ok(AllianceObject(inside))).await?.into())
    }
}
