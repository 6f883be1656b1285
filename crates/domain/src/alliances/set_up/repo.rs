//! SQL of the steps by which an alliance is set up.

use chrono::NaiveDate;

use super::{Decision, Progress, Task, TaskState};
use crate::{alliances::terms::SchoolYear, db::Tx, error::Internal, ids::PersonId};

/// What the alliance has on the day `on`.
pub(super) async fn progress(tx: &mut Tx, on: NaiveDate) -> Result<Progress, Internal> {
    let row = sqlx::query!(
        r#"select
               exists (select from lead_schools where alliance_id = $1) as "has_lead_school!",
               (select count(*) from members where alliance_id = $1 and joined_on <= $2
                    and (left_on is null or left_on >= $2)) as "members!",
               (select count(distinct person_id) from role_grants where alliance_id = $1
                    and (ends_on is null or ends_on >= $2)) as "people!",
               (select count(*) from invitations where alliance_id = $1) as "invitations!",
               address <> '' as "has_address!",
               bank_account_number <> '' as "has_bank_account!",
               (supplier_kind = 'trading_company' and vat_number is null) as "lacks_vat_number!",
               wording,
               exists (select from term_dates where alliance_id = $1 and school_year = $3) as "has_terms!",
               exists (select from budgets where alliance_id = $1) as "has_budget!",
               (select id from people where alliance_id = $1 and account_id = founder_id) as "founder?: PersonId"
           from alliances where alliance_id = $1"#,
        tx.alliance_id() as _,
        on,
        i16::try_from(SchoolYear::of(on).0).unwrap_or(i16::MAX)
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Progress {
        has_lead_school: row.has_lead_school,
        members: row.members,
        people: row.people,
        invitations: row.invitations,
        has_address: row.has_address,
        has_bank_account: row.has_bank_account,
        lacks_vat_number: row.lacks_vat_number,
        wording: serde_json::from_value(row.wording)?,
        has_terms: row.has_terms,
        has_budget: row.has_budget,
        founder: row.founder,
    })
}

pub(super) async fn decisions(tx: &mut Tx) -> Result<Vec<(Task, Decision)>, Internal> {
    let rows = sqlx::query!(
        r#"select task, owner_id as "owner_id: PersonId", is_set_aside from set_up_tasks where alliance_id = $1"#,
        tx.alliance_id() as _
    )
    .fetch_all(tx.conn())
    .await?;
    let decided = rows.into_iter().filter_map(|row| {
        Some((Task::parse(&row.task)?, Decision { owner_id: row.owner_id, is_set_aside: row.is_set_aside }))
    });
    Ok(decided.collect())
}

pub(super) async fn set_owner(tx: &mut Tx, task: Task, owner_id: PersonId) -> Result<(), Internal> {
    sqlx::query!(
        "insert into set_up_tasks (alliance_id, task, owner_id) values ($1, $2, $3)
         on conflict on constraint set_up_tasks_pkey do update set owner_id = excluded.owner_id",
        tx.alliance_id() as _,
        task.as_str(),
        owner_id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether the step is set aside from now on; whether it is done, nobody decides.
pub(super) async fn set_state(tx: &mut Tx, task: Task, state: TaskState) -> Result<(), Internal> {
    sqlx::query!(
        "insert into set_up_tasks (alliance_id, task, is_set_aside) values ($1, $2, $3)
         on conflict on constraint set_up_tasks_pkey do update set is_set_aside = excluded.is_set_aside",
        tx.alliance_id() as _,
        task.as_str(),
        state == TaskState::SetAside
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether the person holds one of these roles on the day `on`.
pub(super) async fn holds(
    tx: &mut Tx,
    person_id: PersonId,
    roles: &[String],
    on: NaiveDate,
) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from role_grants where alliance_id = $1 and person_id = $2 and role = any($3)
                              and starts_on <= $4 and (ends_on is null or ends_on >= $4)) as "holds!""#,
        tx.alliance_id() as _,
        person_id as _,
        roles,
        on
    )
    .fetch_one(tx.conn())
    .await?)
}
