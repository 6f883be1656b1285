//! What each member would pay: under the budget's formula, and under another that is being tried.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{Budget, repo};
use crate::{
    db::Tx,
    error::{Forbidden, Internal, ReadError},
    funding::{
        formula::{
            Agreed, Comparison, Formula, FormulaError, MemberBasis, RollFact, RollSource, Shares, Trust,
            compare, share_costs,
        },
        invoices,
    },
    ids::{BudgetId, MemberId},
    money::Pence,
    problem::failure,
    schools::members::{self, Member, PayerKind, Phase},
    viewer::{Permission, Reach, Reading},
};

/// Two ways to share one budget, side by side. Nothing is stored.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// The budget.
    pub budget: Budget,
    /// What its own formula gives.
    pub current: Shares,
    /// What the formula that is tried gives, and how the two compare.
    pub tried: Option<(Shares, Comparison)>,
    /// What each member contributed to the budget before this one.
    pub last_year: HashMap<MemberId, Pence>,
}

/// Why nothing could be worked out.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// The costs cannot be shared like this.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

impl From<ReadError> for SimulateError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Forbidden(e) => Self::Forbidden(e),
            ReadError::Internal(e) => Self::Internal(e),
        }
    }
}

/// Works out every member's share as things stand `today`, under the budget's formula and, if given, under `other`.
pub async fn simulate(
    reading: &Reading,
    id: BudgetId,
    other: Option<&Formula>,
    today: NaiveDate,
) -> Result<Simulation, SimulateError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    let budget = repo::budget(&mut tx, id).await?.ok_or(SimulateError::UnknownBudget)?;
    let bases = member_bases(&mut tx, &budget, today, None).await?;
    let year = budget.year()?;
    let current = share_costs(budget.total, &budget.formula, &bases, year)?;
    let tried = match other {
        None => None,
        Some(formula) => {
            let shares = share_costs(budget.total, formula, &bases, year)?;
            let comparison = compare(&current, &shares);
            Some((shares, comparison))
        }
    };
    let last_year = invoices::repo::shares_before(&mut tx, budget.starts_on).await?.into_iter().collect();
    Ok(Simulation { budget, current, tried, last_year })
}

/// What is known today of everyone who is a member at any time of the budget's year, and of `also`.
pub(super) async fn member_bases(
    tx: &mut Tx,
    budget: &Budget,
    today: NaiveDate,
    also: Option<&Member>,
) -> Result<Vec<MemberBasis>, Internal> {
    let mut members = members::repo::members_between(tx, budget.starts_on, budget.ends_on).await?;
    members.extend(also.filter(|also| members.iter().all(|member| member.id != also.id)).cloned());
    let ids: Vec<_> = members.iter().map(|member| member.id).collect();
    let rolls: HashMap<_, _> = members::repo::rolls(tx, &ids, today).await?.into_iter().collect();
    let trusts = trusts(tx, &members).await?;
    let mut in_kind: HashMap<_, i64> = HashMap::new();
    for offer in repo::in_kind_offers(tx, budget.id).await? {
        *in_kind.entry(offer.member_id).or_default() += offer.pence.0;
    }
    let mut agreed: HashMap<_, _> = (repo::agreed_amounts(tx, budget.id).await?.into_iter())
        .map(|agreed| (agreed.member_id, Agreed { amount: agreed.pence, reason: agreed.reason }))
        .collect();
    Ok(members
        .into_iter()
        .map(|member| MemberBasis {
            roll: rolls.get(&member.id).map(|roll| RollFact {
                pupils: roll.pupils,
                census_date: roll.census_date,
                source: roll.said.clone().map_or(RollSource::Register, RollSource::Said),
            }),
            member: member.id,
            phase: (member.phase != Phase::Other).then(|| member.phase.label().to_owned()),
            trust: trusts.get(&member.id).cloned(),
            joined: member.joined_on,
            left: member.left_on,
            in_kind: Pence(in_kind.get(&member.id).copied().unwrap_or(0)),
            agreed: agreed.remove(&member.id),
            name: member.name,
        })
        .collect())
}

/// The trust of each member that is in one: by the register's number, whoever pays. Where the register knows none, a
/// payer that is a trust tells, and is the same trust as that of its other members in the register.
async fn trusts(tx: &mut Tx, members: &[Member]) -> Result<HashMap<MemberId, Trust>, Internal> {
    let ids: Vec<_> = members.iter().map(|member| member.id).collect();
    let mut trusts: HashMap<_, _> = (members::repo::register_trusts(tx, &ids).await?.into_iter())
        .map(|(id, trust)| (id, Trust { key: format!("register {}", trust.uid), name: trust.name }))
        .collect();
    let mut paying: HashMap<_, _> = (members::repo::payers(tx, &Reach::Alliance, None).await?.into_iter())
        .filter(|payer| payer.kind == PayerKind::Trust)
        .map(|payer| (payer.id, Trust { key: format!("payer {}", payer.id), name: payer.legal_name }))
        .collect();
    for member in members {
        if let (Some(trust), Some(payer)) = (trusts.get(&member.id), paying.get_mut(&member.payer_id)) {
            payer.clone_from(trust);
        }
    }
    for member in members.iter().filter(|member| !trusts.contains_key(&member.id)).collect::<Vec<_>>() {
        if let Some(trust) = paying.get(&member.payer_id) {
            trusts.insert(member.id, trust.clone());
        }
    }
    Ok(trusts)
}

failure!(SimulateError {
    UnknownBudget => "budgetId",
    Formula => "formula",
} nested { Forbidden, Internal });
