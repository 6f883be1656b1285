//! Founding an alliance by oneself: it is on trial until whoever runs the deployment confirms it.

use super::{
    Alliance, BankAccount, FoundAlliance, FoundAllianceError, FoundingPerson, Letterhead, SupplierKind,
    Template, Terms, Wording,
    found_alliance::{Founder, found},
    repo,
};
use crate::{
    access::{self, AllianceEntry, Session},
    app::App,
    error::{Forbidden, Internal},
    ids::AllianceId,
    problem::failure,
    schools::{self, Status, members::MemberIdentity},
    text::one_line,
    viewer::Role,
};

/// Trials of one founder at a time.
const MOST_TRIALS: i64 = 3;

/// First parts of addresses that are not an alliance's, now or to come.
const RESERVED: [&str; 22] = [
    "account",
    "admin",
    "alliances",
    "api",
    "assets",
    "confirm",
    "dev",
    "ensemble",
    "graphql",
    "health",
    "help",
    "invitations",
    "legal",
    "metrics",
    "operator",
    "sign-in",
    "sign-out",
    "sign-up",
    "static",
    "status",
    "support",
    "www",
];

/// A new alliance as its founder describes it.
#[derive(Debug, Clone)]
pub struct FoundOwnAlliance {
    /// Its name, at most 200 characters.
    pub name: String,
    /// Its part of the address: 2 to 63 lower-case letters, digits and single hyphens.
    pub slug: String,
    /// What it begins with.
    pub template: Template,
    /// The school that leads it, and is its first member; `None` when there is none yet.
    pub lead_school: Option<MemberIdentity>,
    /// The founder's own name, at most 200 characters. They become its director.
    pub your_name: String,
}

/// Why no alliance was founded.
#[derive(Debug, thiserror::Error)]
pub enum FoundOwnAllianceError {
    /// A token founds nothing.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Empty or too long.
    #[error("Please give the alliance a name of at most 200 characters.")]
    InvalidName,
    /// Empty or too long.
    #[error("Please give your own name, in at most 200 characters.")]
    InvalidPersonName,
    /// Other characters than it may have, too short or too long.
    #[error("A short address has 2 to 63 lower-case letters, digits and single hyphens, such as wold-edge.")]
    InvalidSlug,
    /// Another alliance has it, or the service itself.
    #[error("That short address is taken. Try another.")]
    SlugTaken,
    /// The register has no such number.
    #[error("The national register has no school with this number. A URN has six digits.")]
    UnknownUrn,
    /// The register has it as closed.
    #[error("The national register has this school as closed. Choose the school that came after it.")]
    ClosedSchool,
    /// Empty, or longer than 300 characters.
    #[error("Please give the name of the lead school, in at most 300 characters.")]
    InvalidLeadName,
    /// Three are not confirmed yet.
    #[error("Three alliances of yours are on trial. Once one of them is confirmed you can start another.")]
    TooManyTrials,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Founds an alliance with its founder as director, on trial, and returns it.
pub async fn found_own_alliance(
    app: &App,
    session: &Session,
    input: FoundOwnAlliance,
) -> Result<AllianceEntry, FoundOwnAllianceError> {
    use FoundOwnAllianceError as E;
    session.device()?;
    let name = one_line(&input.name, 200).ok_or(E::InvalidName)?;
    let your_name = one_line(&input.your_name, 200).ok_or(E::InvalidPersonName)?;
    let slug = input.slug.trim().to_lowercase();
    if RESERVED.contains(&slug.as_str()) {
        return Err(E::SlugTaken);
    }
    let account = &session.account;
    let mut tx = app.db.machine().await?;
    if repo::count_trials(&mut tx, account.id).await? >= MOST_TRIALS {
        return Err(E::TooManyTrials);
    }
    match &input.lead_school {
        Some(MemberIdentity::Register { urn }) => {
            let school = schools::repo::schools(tx.conn(), &[*urn]).await?.pop().ok_or(E::UnknownUrn)?;
            if school.status() == Status::Closed {
                return Err(E::ClosedSchool);
            }
        }
        Some(MemberIdentity::Outside { name, .. }) => {
            one_line(name, 300).ok_or(E::InvalidLeadName)?;
        }
        None => {}
    }
    drop(tx);

    let prefix: String = slug.chars().filter(char::is_ascii_alphanumeric).take(3).collect();
    let prefix = prefix.to_uppercase();
    let alliance = Alliance {
        id: AllianceId::new(app),
        slug: slug.clone(),
        name: name.clone(),
        letterhead: Letterhead {
            legal_name: name.clone(),
            address: String::new(),
            contact_email: account.email.to_string(),
            vat_number: None,
            bank: BankAccount { name: String::new(), sort_code: String::new(), number: String::new() },
        },
        terms: Terms {
            supplier_kind: SupplierKind::EducationBody,
            timezone: chrono_tz::Europe::London,
            year_start_month: 9,
            payment_terms_days: 30,
            invoice_prefix: format!("{prefix}-"),
            credit_prefix: format!("{prefix}-C"),
        },
        wording: Wording::default(),
        is_confirmed: false,
        requires_second_step: false,
    };
    let founder = FoundingPerson { name: your_name, email: account.email.clone(), role: Role::Director };
    let lead_school = input.lead_school;
    let input =
        FoundAlliance { alliance, template: input.template, closures: Vec::new(), people: vec![founder] };
    let founder = Founder { account_id: account.id, lead_school };
    let id = found(app, input, Some(founder)).await.map_err(|error| match error {
        FoundAllianceError::SlugTaken => E::SlugTaken,
        FoundAllianceError::InvalidSlug => E::InvalidSlug,
        FoundAllianceError::NoAdministrator => E::Internal(Internal::new("the founder is no director")),
        FoundAllianceError::Internal(error) => E::Internal(error),
    })?;
    access::join_people(app, account).await?;
    Ok(AllianceEntry { id, slug, name })
}

failure!(FoundOwnAllianceError {
    InvalidName => "name",
    InvalidPersonName => "yourName",
    InvalidSlug => "slug",
    SlugTaken => "slug",
    UnknownUrn => "urn",
    ClosedSchool => "urn",
    InvalidLeadName => "leadName",
    TooManyTrials => "name",
} nested { Forbidden, Internal });
