//! Agreeing a budget: each member's share is worked out once more and frozen.

use super::{AgreedShare, Budget, repo, simulate::member_bases};
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    funding::formula::{FormulaError, Share, Standing, share_costs},
    ids::{BudgetId, ShareId},
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the budget is not agreed.
#[derive(Debug, thiserror::Error)]
pub enum AgreeBudgetError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// It is agreed already.
    #[error("This budget is agreed already.")]
    AlreadyAgreed,
    /// Something must be known first, such as a school's roll.
    #[error("{questions} {} an answer first: {names}", if *questions == 1 { "school needs" } else { "schools need" })]
    OpenQuestions {
        /// How many schools.
        questions: usize,
        /// Which.
        names: String,
    },
    /// The costs cannot be shared like this.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Agrees a draft. From now on the shares stay as they are, whatever becomes of rolls and members; reopening the
/// budget lets them be worked out again, until invoices are issued.
pub async fn agree_budget(app: &App, viewer: &Viewer, id: BudgetId) -> Result<Budget, AgreeBudgetError> {
    use AgreeBudgetError as E;
    let scope = viewer.require(Permission::ManageBudgets)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let budget = repo::lock_budget(&mut tx, id).await?.ok_or(E::UnknownBudget)?;
    if budget.agreed_at.is_some() {
        return Err(E::AlreadyAgreed);
    }
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    let bases = member_bases(&mut tx, &budget, today).await?;
    let year = budget.year()?;
    let shares = share_costs(budget.total, &budget.formula, &bases, year)?;
    if let Standing::SomeOpen { questions } | Standing::NoneFinal { questions } = shares.standing() {
        let open = shares.members.iter().filter(|member| matches!(member.share, Share::Question(_)));
        let names: Vec<_> = open.map(|member| member.name.clone()).collect();
        return Err(E::OpenQuestions { questions, names: names.join(", ") });
    }
    let agreed: Vec<_> = (shares.members.iter())
        .filter_map(|member| Some((member, member.share.contribution()?.clone())))
        .map(|(member, contribution)| AgreedShare {
            id: ShareId::new(app),
            budget_id: id,
            member_id: member.member,
            explanation: member.share.explain(year),
            contribution,
        })
        .collect();
    repo::insert_shares(&mut tx, &agreed).await?;
    repo::set_agreed(&mut tx, id, Some((now, viewer.person_id()))).await?;
    tx.announce(&[Change::Budget(id)]).await?;
    tx.commit().await?;
    Ok(Budget { agreed_at: Some(now), ..budget })
}

failure!(AgreeBudgetError {
    UnknownBudget => "budgetId",
    AlreadyAgreed => "budgetId",
    OpenQuestions => "budgetId",
    Formula => "formula",
} nested { Forbidden, Internal });
