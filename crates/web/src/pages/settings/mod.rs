//! The alliance's letterhead, terms, calendar and words.

use askama::Template;
use axum::extract::{Request, State};
use domain::{
    alliances::{
        BankAccount, ChangeSettings, GeneralSettings, Letterhead, SupplierKind, Wording, change_settings,
    },
    viewer::Permission,
};

use crate::{
    format,
    forms::{FormState, read_form},
    ids,
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Settings, "src/pages/settings/query.graphql");

#[derive(Template)]
#[template(path = "pages/settings/page.html")]
struct Page {
    shell: Shell,
    alliance: settings::SettingsAlliance,
    form: FormState,
    may_take_data: bool,
}

impl Page {
    fn left_to_set_up(&self) -> String {
        let tasks = &self.alliance.set_up_tasks;
        let open = tasks.iter().filter(|task| words::name(&task.state) == "OPEN").count();
        match i64::try_from(open).unwrap_or(i64::MAX) {
            0 => "Every step is done or set aside.".to_owned(),
            open => format!("{} still to be taken.", format::plural(&open, "step is", "steps are")),
        }
    }
}

/// Who issues invoices, as the domain names it.
const SUPPLIER_KINDS: [(&str, &str); 3] = [
    ("education_body", "School or authority, no VAT"),
    ("trading_company", "Trading company: with VAT"),
    ("not_registered", "Not registered for VAT: no VAT"),
];

/// What signing in takes.
const SIGN_IN: [(&str, &str); 2] = [
    ("false", "A code by mail; a second step for whoever wants it"),
    ("true", "A code by mail, and a second step of everybody"),
];

/// The months in which a year may begin.
const MONTHS: [(&str, &str); 12] = [
    ("1", "January"),
    ("2", "February"),
    ("3", "March"),
    ("4", "April"),
    ("5", "May"),
    ("6", "June"),
    ("7", "July"),
    ("8", "August"),
    ("9", "September"),
    ("10", "October"),
    ("11", "November"),
    ("12", "December"),
];

async fn page(site: &SharedSite, within: &Within, form: FormState) -> Result<Page, PageError> {
    if !within.may(Permission::ManageAlliance) {
        return Err(PageError::Forbidden);
    }
    let data = site.query::<Settings>(&within.signed, settings::Variables { slug: within.slug() }).await?;
    Ok(Page {
        shell: within.shell("Settings"),
        alliance: data.alliance.ok_or(PageError::NotFound)?,
        form,
        may_take_data: within.may(Permission::ManageData),
    })
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    render(&page(&site, &within, FormState::default()).await?)
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let text = |name: &str| fields.text(name).to_owned();
    let general = GeneralSettings {
        name: text("name"),
        letterhead: Letterhead {
            legal_name: text("legalName"),
            address: text("address"),
            contact_email: text("contactEmail"),
            vat_number: fields.optional("vatNumber"),
            bank: BankAccount {
                name: text("bankAccountName"),
                sort_code: text("sortCode"),
                number: text("accountNumber"),
            },
        },
        supplier_kind: match fields.text("supplierKind") {
            "trading_company" => SupplierKind::TradingCompany,
            "not_registered" => SupplierKind::NotRegistered,
            _ => SupplierKind::EducationBody,
        },
        // What is no number is out of range too, and refused in the same words.
        payment_terms_days: fields.text("paymentTermsDays").parse().unwrap_or(u16::MAX),
        invoice_prefix: text("invoicePrefix"),
        credit_prefix: text("creditPrefix"),
        timezone: text("timezone"),
        year_start_month: fields.text("yearStartMonth").parse().unwrap_or_default(),
        wording: Wording {
            alliance: text("allianceWord"),
            member: text("memberWord"),
            strand: text("strandWord"),
        },
    };
    let input = ChangeSettings { general: Some(general), requires_second_step: None };
    match outcome(change_settings(&site.gateway.app, within.viewer(), input).await)? {
        Ok(_) => Ok(done(&within.path("/settings"), "The settings are saved.")),
        Err(problem) => render_refused(&page(&site, &within, FormState::refused(&fields, problem)).await?),
    }
}

/// What signing in takes has a form of its own, so that no form that was opened before somebody required a second step
/// takes that back.
pub(crate) async fn require_second_step(
    State(site): State<SharedSite>,
    within: Within,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let requires_second_step = fields.text("requiresSecondStep").parse().ok();
    let input = ChangeSettings { general: None, requires_second_step };
    match outcome(change_settings(&site.gateway.app, within.viewer(), input).await)? {
        Ok(alliance) => {
            let said = if alliance.requires_second_step {
                "Everybody needs a second step from now on."
            } else {
                "A second step is up to everybody from now on."
            };
            Ok(done(&within.path("/settings"), said))
        }
        Err(problem) => render_refused(&page(&site, &within, FormState::refused(&fields, problem)).await?),
    }
}
