//! Several schools of the register join at once.

use chrono::NaiveDate;

use super::{
    AddMember, AddMemberError, Member, MemberIdentity, PayerChoice, is_likely_beginning, join, repo,
};
use crate::{
    alliances,
    app::App,
    db::Tx,
    error::{Forbidden, Internal},
    problem::failure,
    schools::{self, RegisterSchool, Status},
    viewer::{Permission, Viewer},
};

/// The most schools that join at once.
pub const MOST_AT_ONCE: usize = 200;

/// New members, each of which pays for itself until somebody says otherwise.
#[derive(Debug, Clone)]
pub struct AddMembers {
    /// Their numbers in the register; one that comes twice counts once.
    pub urns: Vec<i32>,
    /// The first day of their membership.
    pub joined_on: NaiveDate,
}

/// Who joins, and who does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinPlan {
    /// Those who join, by name.
    pub joins: Vec<RegisterSchool>,
    /// Those who do not, in the order of their numbers.
    pub left_out: Vec<LeftOutSchool>,
}

/// A school that does not join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutSchool {
    /// Its number.
    pub urn: i32,
    /// Its name; `None` when the register has none.
    pub name: Option<String>,
    /// Why, as a sentence.
    pub reason: &'static str,
}

/// Why nobody joined.
#[derive(Debug, thiserror::Error)]
pub enum AddMembersError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Nobody was named.
    #[error("Please choose the schools that join.")]
    NobodyChosen,
    /// More than 200.
    #[error("At most 200 schools join at once. Please add them in parts.")]
    TooMany,
    /// Before 1990, or more than two years ahead.
    #[error("The first day of membership lies between 1990 and two years from now. Please check the year.")]
    InvalidJoinedOn,
    /// Everybody is left out.
    #[error("None of these schools can join.")]
    NobodyJoins,
    /// Somebody else was quicker.
    #[error("One of these schools has just been added by somebody else. Please look at the list again.")]
    JoinedMeanwhile,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Who would join. Nothing is stored.
pub async fn plan_members(
    app: &App,
    viewer: &Viewer,
    input: &AddMembers,
) -> Result<JoinPlan, AddMembersError> {
    let scope = viewer.require(Permission::ManageMembers)?;
    let mut tx = app.db.begin(scope).await?;
    plan(app, &mut tx, input).await
}

/// Adds the members that can be added, in one go, and says who was left out.
pub async fn add_members(
    app: &App,
    viewer: &Viewer,
    input: AddMembers,
) -> Result<(Vec<Member>, JoinPlan), AddMembersError> {
    let scope = viewer.require(Permission::ManageMembers)?;
    let mut tx = app.db.begin(scope).await?;
    let plan = plan(app, &mut tx, &input).await?;
    if plan.joins.is_empty() {
        return Err(AddMembersError::NobodyJoins);
    }
    let today = alliances::repo::alliance(&mut tx).await?.date(app.clock.now());
    let mut members = Vec::with_capacity(plan.joins.len());
    for school in &plan.joins {
        let identity = MemberIdentity::Register { urn: school.urn };
        let member = AddMember { identity, joined_on: input.joined_on, payer: PayerChoice::Itself };
        let member = join(app, &mut tx, member, today).await.map_err(|error| match error {
            AddMemberError::AlreadyMember => AddMembersError::JoinedMeanwhile,
            AddMemberError::Internal(error) => error.into(),
            // The plan has looked at everything else.
            error => Internal::new(error).into(),
        })?;
        members.push(member);
    }
    tx.commit().await?;
    Ok((members, plan))
}

async fn plan(app: &App, tx: &mut Tx, input: &AddMembers) -> Result<JoinPlan, AddMembersError> {
    use AddMembersError as E;
    let mut urns = input.urns.clone();
    urns.sort_unstable();
    urns.dedup();
    if urns.is_empty() {
        return Err(E::NobodyChosen);
    }
    if urns.len() > MOST_AT_ONCE {
        return Err(E::TooMany);
    }
    let today = alliances::repo::alliance(tx).await?.date(app.clock.now());
    if !is_likely_beginning(input.joined_on, today) {
        return Err(E::InvalidJoinedOn);
    }
    let known = schools::repo::schools(tx.conn(), &urns).await?;
    let members = repo::members_from(tx, &urns, input.joined_on).await?;
    let mut plan = JoinPlan { joins: Vec::new(), left_out: Vec::new() };
    for urn in urns {
        let school = known.iter().find(|school| school.urn == urn);
        let reason = match school {
            None => "The national register has no school with this number.",
            Some(_) if members.contains(&urn) => "It is a member already, or will be.",
            Some(school) if school.status() == Status::Closed => "It has closed.",
            Some(school) => {
                plan.joins.push(school.clone());
                continue;
            }
        };
        plan.left_out.push(LeftOutSchool { urn, name: school.map(|school| school.name.clone()), reason });
    }
    plan.joins.sort_by(|one, other| (&one.name, one.urn).cmp(&(&other.name, other.urn)));
    Ok(plan)
}

failure!(AddMembersError {
    NobodyChosen => "urns",
    TooMany => "urns",
    InvalidJoinedOn => "joinedOn",
    NobodyJoins => "urns",
    JoinedMeanwhile => "urns",
} nested { Forbidden, Internal });
