//! One share of an agreed budget, worked out after the others: of a member that joined later, or that has left since.

use chrono::NaiveDate;

use super::{AgreedShare, Budget, OpenQuestions, repo, simulate::member_bases};
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    funding::{
        formula::{FormulaError, Share, share_costs},
        invoices,
    },
    ids::{BudgetId, MemberId, ShareId},
    problem::failure,
    schools::members,
    viewer::{Permission, Viewer},
};

/// A share to be worked out.
#[derive(Debug, Clone, Copy)]
pub struct AddShare {
    /// Of which agreed budget.
    pub budget_id: BudgetId,
    /// Whose.
    pub member_id: MemberId,
}

/// Why no share was added.
#[derive(Debug, thiserror::Error)]
pub enum AddShareError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// A draft works out every share anew when it is agreed.
    #[error("This budget is a draft: every member gets its share when it is agreed.")]
    NotAgreed,
    /// It has no part in the year.
    #[error("{name} is no member in the year of this budget.")]
    NotInYear {
        /// The member.
        name: String,
    },
    /// It has its share, and nothing about its membership changed.
    #[error("{name} has its share of this budget, and it stays as agreed.")]
    AlreadyShared {
        /// The member.
        name: String,
    },
    /// It was asked to pay.
    #[error("{name} was invoiced as {number}. A credit note puts that right.")]
    Invoiced {
        /// The member.
        name: String,
        /// By this invoice.
        number: String,
    },
    /// Something must be known first, such as a school's roll.
    #[error(transparent)]
    OpenQuestions(OpenQuestions),
    /// The costs cannot be shared like this.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Works out one member's share of an agreed budget by the budget's formula, with what is known today, and freezes it:
/// the share that it would have had. A member that joined after the budget was agreed gets its first; the share of one
/// that has left since is put anew, unless it was invoiced. The other shares stay as agreed, and the explanation says so.
pub async fn add_share(app: &App, viewer: &Viewer, input: AddShare) -> Result<AgreedShare, AddShareError> {
    use AddShareError as E;
    let scope = viewer.require(Permission::ManageBudgets)?;

    let mut tx = app.db.begin(scope).await?;
    // A run locks the budget too, so no invoice is issued from the share that is put anew.
    let budget = repo::lock_budget(&mut tx, input.budget_id).await?.ok_or(E::UnknownBudget)?;
    if budget.agreed_at.is_none() {
        return Err(E::NotAgreed);
    }
    let member = members::repo::members_by_ids(&mut tx, &[input.member_id]).await?.into_iter().next();
    let member = member.ok_or(E::UnknownMember)?;
    let name = || member.name.clone();
    let before =
        repo::shares(&mut tx, budget.id).await?.into_iter().find(|share| share.member_id == member.id);
    match &before {
        None if !member.is_member_within(budget.starts_on, budget.ends_on) => {
            return Err(E::NotInYear { name: name() });
        }
        Some(share) if !share.is_outdated(&member, budget.ends_on) => {
            return Err(E::AlreadyShared { name: name() });
        }
        _ => {}
    }
    let invoiced = invoices::repo::invoiced_members(&mut tx, budget.id).await?;
    if let Some((_, number)) = invoiced.into_iter().find(|(id, _)| *id == member.id) {
        return Err(E::Invoiced { name: name(), number });
    }
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let bases = member_bases(&mut tx, &budget, alliance.date(app.clock.now()), Some(&member)).await?;
    let year = budget.year()?;
    let shares = share_costs(budget.total, &budget.formula, &bases, year)?;
    let own = shares.members.iter().find(|share| share.member == member.id);
    let own = own.ok_or_else(|| Internal::new("the member is not among those who share"))?;
    let contribution = match &own.share {
        Share::Final(contribution) => contribution.clone(),
        Share::Question(_) => return Err(E::OpenQuestions(OpenQuestions { names: vec![name()] })),
        // A part of the budget depends on what the others answer.
        Share::Estimate(_) => return Err(E::OpenQuestions(OpenQuestions::of(&shares))),
    };
    let share = AgreedShare {
        id: ShareId::new(app),
        budget_id: budget.id,
        member_id: member.id,
        explanation: format!(
            "{} {}",
            own.share.explain(year, &alliance.wording),
            why_later(&budget, before.as_ref(), member.left_on)
        ),
        contribution,
        left_on: member.left_on,
    };
    if let Some(before) = before {
        repo::delete_share(&mut tx, before.id).await?;
    }
    repo::insert_shares(&mut tx, std::slice::from_ref(&share)).await?;
    tx.announce(&[Change::Budget(budget.id)]).await?;
    tx.commit().await?;
    Ok(share)
}

/// The sentence that tells the member's head why its share came after the others.
fn why_later(budget: &Budget, before: Option<&AgreedShare>, left_on: Option<NaiveDate>) -> String {
    let year = &budget.label;
    match (before, left_on) {
        (Some(before), Some(left)) => format!(
            "It takes the place of {}, which was agreed before it was known that your school leaves on {}; the \
             other shares of the budget {year} stay as agreed.",
            before.contribution.amount,
            left.format("%-d %B %Y")
        ),
        _ => format!(
            "It was worked out when your school had joined; the other shares of the budget {year} stay as agreed."
        ),
    }
}

failure!(AddShareError {
    UnknownBudget => "budgetId",
    UnknownMember => "memberId",
    NotAgreed => "budgetId",
    NotInYear => "memberId",
    AlreadyShared => "memberId",
    Invoiced => "memberId",
    OpenQuestions => "memberId",
    Formula => "budgetId",
} nested { Forbidden, Internal });
