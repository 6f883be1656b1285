//! A new alliance, with its first administrator.

use chrono::NaiveDate;

use super::{Alliance, Closure, Strand, Template, repo, terms};
use crate::{
    access::{EmailAddress, add_event},
    app::App,
    db::{OnConstraint, Tx},
    error::Internal,
    ids::{AccountId, AllianceId, ClosureId, PersonId, RoleGrantId, StrandId},
    people::{self, Person},
    schools::members::{self, AddMember, AddMemberError, MemberIdentity, PayerChoice},
    viewer::{Permission, Remit, Role, Viewer},
};

/// A new alliance. `alliance.id` is set by the operation.
#[derive(Debug, Clone)]
pub struct FoundAlliance {
    /// Its settings; strands and words come from the template.
    pub alliance: Alliance,
    /// What it begins with.
    pub template: Template,
    /// Days on which its schools are closed: name, first and last day.
    pub closures: Vec<(String, NaiveDate, NaiveDate)>,
    /// Who runs it: at least one, or nobody could ever enter.
    pub people: Vec<FoundingPerson>,
}

/// A person who runs the new alliance.
#[derive(Debug, Clone)]
pub struct FoundingPerson {
    /// Their name.
    pub name: String,
    /// Where they sign in.
    pub email: EmailAddress,
    /// A role for the whole alliance.
    pub role: Role,
}

/// Why no alliance was founded.
#[derive(Debug, thiserror::Error)]
pub enum FoundAllianceError {
    /// The short address belongs to another alliance.
    #[error("That short address is taken. Try another.")]
    SlugTaken,
    /// The short address has other characters than it may have.
    #[error("A short address has lower-case letters, digits and single hyphens only.")]
    InvalidSlug,
    /// Nobody would be able to enter.
    #[error("An alliance needs a director or a manager.")]
    NoAdministrator,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Founds an alliance. Called by the deployment itself: [`super::found_own_alliance`] has checks of its own.
pub async fn found_alliance(app: &App, input: FoundAlliance) -> Result<AllianceId, FoundAllianceError> {
    found(app, input, None).await
}

/// What a person who founds an alliance by themselves brings along.
pub(super) struct Founder {
    /// Who they are.
    pub(super) account_id: AccountId,
    /// The first member, which leads.
    pub(super) lead_school: Option<MemberIdentity>,
}

/// The same by a person.
pub(super) async fn found(
    app: &App,
    input: FoundAlliance,
    founder: Option<Founder>,
) -> Result<AllianceId, FoundAllianceError> {
    if !input.people.iter().any(|person| matches!(person.role, Role::Director | Role::Manager)) {
        return Err(FoundAllianceError::NoAdministrator);
    }
    let alliance = Alliance { id: AllianceId::new(app), wording: input.template.wording(), ..input.alliance };
    let now = app.clock.now();

    let founder_id = founder.as_ref().map(|founder| founder.account_id);
    let mut machine = app.db.machine().await?;
    repo::insert_alliance(&mut machine, &alliance, founder_id, now).await.on_constraints([
        ("alliances_slug_check", FoundAllianceError::InvalidSlug),
        ("alliances_slug_key", FoundAllianceError::SlugTaken),
    ])?;
    machine.commit().await?;

    // Two logins mean two transactions: an alliance without people is harmless, as nobody can enter it.
    let machinery = Viewer::machinery(alliance.id);
    let scope = machinery.require(Permission::ManageAlliance).map_err(Internal::new)?;
    let mut tx = app.db.begin(scope).await?;
    add_event(app, &mut tx, &format!("Founded {}", alliance.name)).await?;
    let strands: Vec<_> = (input.template.strands().iter())
        .map(|name| Strand { id: StrandId::new(app), name: (*name).into() })
        .collect();
    repo::insert_strands(&mut tx, &strands).await?;
    for (name, starts_on, ends_on) in input.closures {
        repo::insert_closure(&mut tx, &Closure { id: ClosureId::new(app), name, starts_on, ends_on }).await?;
    }
    if let Some(founder) = founder {
        if let Some(identity) = founder.lead_school {
            lead(app, &mut tx, identity, alliance.date(now)).await?;
        }
        terms::begin_with(&mut tx, alliance.date(now)).await?;
    }
    for person in input.people {
        let id = PersonId::new(app);
        let row = Person { id, name: person.name, email: Some(person.email), has_signed_in: false };
        people::repo::insert_person(&mut tx, &row, now).await?;
        let grant = people::RoleGrant {
            id: RoleGrantId::new(app),
            person_id: id,
            role: person.role,
            remit: Remit::Alliance,
            starts_on: alliance.date(now),
            ends_on: None,
        };
        people::repo::insert_role(&mut tx, &grant).await.map_err(Internal::from)?;
    }
    tx.commit().await?;
    Ok(alliance.id)
}

/// The school joins on the day on which the alliance begins, pays for itself until somebody says otherwise, and leads.
async fn lead(app: &App, tx: &mut Tx, identity: MemberIdentity, today: NaiveDate) -> Result<(), Internal> {
    let member = AddMember { identity, joined_on: today, payer: PayerChoice::Itself };
    let member = members::join(app, tx, member, today).await.map_err(|error| match error {
        AddMemberError::Internal(error) => error,
        // Whoever founds an alliance has made sure that there is such a school, and there is no other member.
        error => Internal::new(error),
    })?;
    members::repo::insert_lead_school(tx, member.id, today).await
}
