//! SQL of jobs. Statements that take a [`Tx`] are one alliance's; the others are the machine role's, which claims
//! across alliances.

use std::collections::HashMap;

use std::time::Duration;

use chrono_tz::Tz;
use sqlx::{PgConnection, PgPool, postgres::types::PgInterval};

use super::{
    JobCursor, JobFilter, JobRecord, JobState, KindHealth, NewJob, Terms,
    queue::{AllianceCalendar, Claim, Claimed, Lease, Outcome},
};
use crate::{
    app::Timestamp,
    db::{MachineTx, Tx},
    error::Internal,
    ids::{AllianceId, JobId},
    page::PageRequest,
};

/// One statement queues any number and wakes the workers once, if any of it is due.
pub(super) async fn insert(tx: &mut Tx, terms: &Terms, jobs: &[NewJob]) -> Result<u64, Internal> {
    let ids: Vec<_> = jobs.iter().map(|job| job.id.0).collect();
    let payloads: Vec<_> = jobs.iter().map(|job| job.payload.clone()).collect();
    let keys: Vec<_> = jobs.iter().map(|job| job.dedupe_key.as_deref()).collect();
    let row = sqlx::query!(
        r#"with queued as (
               insert into jobs (alliance_id, id, kind, payload, dedupe_key, run_at, priority, max_attempts, created_at)
               select $1, job.id, $2, job.payload, job.dedupe_key, $3, $4, $5, $6
               from unnest($7::uuid[], $8::jsonb[], $9::text[]) as job (id, payload, dedupe_key)
               on conflict (alliance_id, kind, dedupe_key) where dedupe_key is not null do nothing
               returning run_at)
           select count(*) as "new!", case when min(run_at) <= $6 then pg_notify('jobs', '')::text end as woken
           from queued"#,
        tx.alliance_id() as _,
        terms.kind,
        terms.run_at,
        terms.priority,
        terms.max_attempts,
        terms.now,
        &ids,
        &payloads,
        &keys as _
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(row.new.unsigned_abs())
}

/// As [`insert`], for the machine role and any alliances.
pub(super) async fn insert_across(
    tx: &mut MachineTx,
    terms: &Terms,
    jobs: &[(AllianceId, NewJob)],
) -> Result<u64, Internal> {
    let alliances: Vec<_> = jobs.iter().map(|(alliance_id, _)| alliance_id.0).collect();
    let ids: Vec<_> = jobs.iter().map(|(_, job)| job.id.0).collect();
    let payloads: Vec<_> = jobs.iter().map(|(_, job)| job.payload.clone()).collect();
    let keys: Vec<_> = jobs.iter().map(|(_, job)| job.dedupe_key.as_deref()).collect();
    let row = sqlx::query!(
        r#"with queued as (
               insert into jobs (alliance_id, id, kind, payload, dedupe_key, run_at, priority, max_attempts, created_at)
               select job.alliance_id, job.id, $1, job.payload, job.dedupe_key, $2, $3, $4, $5
               from unnest($6::uuid[], $7::uuid[], $8::jsonb[], $9::text[])
                   as job (alliance_id, id, payload, dedupe_key)
               on conflict (alliance_id, kind, dedupe_key) where dedupe_key is not null do nothing
               returning run_at)
           select count(*) as "new!", case when min(run_at) <= $5 then pg_notify('jobs', '')::text end as woken
           from queued"#,
        terms.kind,
        terms.run_at,
        terms.priority,
        terms.max_attempts,
        terms.now,
        &alliances,
        &ids,
        &payloads,
        &keys as _
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(row.new.unsigned_abs())
}

/// Takes due jobs, a fair share of each lane (an alliance's jobs of one priority).
///
/// `lane` walks the index from lane to lane, one probe each, and stops as soon as a batch is sure. The first row of a
/// lane has its earliest `run_at`, so a lane with nothing due costs no more. The rows are updated by their place
/// (`ctid`), under the locks just taken: a join could be planned as a scan of the whole table.
pub(super) async fn claim(db: &PgPool, claim: &Claim<'_>, now: Timestamp) -> Result<Vec<Claimed>, Internal> {
    Ok(sqlx::query_as!(
        Claimed,
        r#"with recursive lane as (
               (select alliance_id, priority, run_at, (run_at <= $1)::int as due
                from jobs
                where state = 'waiting' and (alliance_id, priority) > ($2, $6)
                order by alliance_id, priority, run_at
                limit 1)
               union all
               select next.alliance_id, next.priority, next.run_at, lane.due + (next.run_at <= $1)::int
               from lane
               cross join lateral (
                   select alliance_id, priority, run_at
                   from jobs
                   where state = 'waiting' and (alliance_id, priority) > (lane.alliance_id, lane.priority)
                   order by alliance_id, priority, run_at
                   limit 1) as next
               where lane.due < $3::int
           ), turn as (
               select alliance_id, priority from lane where run_at <= $1
           )
           update jobs
           set state = 'running', attempts = attempts + 1,
               lease_owner = $4, lease_until = clock_timestamp() + $5
           where ctid = any (array(
               select job.place
               from turn
               cross join lateral (
                   select ctid as place
                   from jobs
                   where alliance_id = turn.alliance_id and priority = turn.priority and state = 'waiting'
                     and run_at <= $1 and lost < 2
                   order by run_at, id
                   limit (select greatest(1, $3::int / count(*)) from turn)
                   for update skip locked) as job))
           returning alliance_id as "alliance_id: AllianceId", priority, id as "id: JobId", kind, payload::text as "payload!",
                     attempts as attempt, max_attempts"#,
        now,
        claim.after.alliance_id.0,
        i32::from(claim.batch),
        claim.owner,
        interval(claim.lease),
        claim.after.priority,
    )
    .fetch_all(db)
    .await?)
}

/// Takes one job that lost its process twice.
pub(super) async fn claim_suspect(
    db: &PgPool,
    claim: &Claim<'_>,
    now: Timestamp,
) -> Result<Option<Claimed>, Internal> {
    Ok(sqlx::query_as!(
        Claimed,
        r#"update jobs
           set state = 'running', attempts = attempts + 1,
               lease_owner = $2, lease_until = clock_timestamp() + $3
           where ctid = any (array(
               select ctid
               from jobs
               where state = 'waiting' and lost >= 2 and run_at <= $1
               order by run_at
               limit 1
               for update skip locked))
           returning alliance_id as "alliance_id: AllianceId", priority, id as "id: JobId", kind, payload::text as "payload!",
                     attempts as attempt, max_attempts"#,
        now,
        claim.owner,
        interval(claim.lease),
    )
    .fetch_optional(db)
    .await?)
}

/// Records outcomes. A lease that is no longer held changes nothing. Returns how many were held.
///
/// Of a job, this and the statements below ask for nothing but what the list of leases says, its owner included.
/// Asked for the state too, or for an owner that is the same for all, Postgres expects that next to none is such, and
/// compares each of them with each of the list.
pub(super) async fn settle(
    db: &PgPool,
    outcomes: &[(Lease, Outcome)],
    now: Timestamp,
) -> Result<u64, Internal> {
    let mut outcomes: Vec<_> = outcomes.iter().collect();
    outcomes.sort_unstable_by_key(|(lease, _)| lease.key());
    let leases = Columns::of(outcomes.iter().map(|(lease, _)| lease));
    let words: Vec<_> = outcomes.iter().map(|(_, outcome)| outcome.word()).collect();
    let errors: Vec<_> = outcomes.iter().map(|(_, outcome)| outcome.reason()).collect();
    let settled = sqlx::query!(
        "update jobs
         set state = case when ended.outcome = 'done' then 'done'
                          when ended.outcome = 'retry' and attempts < max_attempts then 'waiting'
                          else 'parked' end,
             -- 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h, each a quarter more or less.
             run_at = case when ended.outcome = 'retry'
                           then $1::timestamptz + least(interval '5 seconds' * power(4, least(attempts, 9) - 1), interval '6 hours')
                                     * (0.75 + random() / 2)
                           else run_at end,
             finished_at = case when ended.outcome = 'done' then $1 end,
             last_error = ended.error, lease_owner = null, lease_until = null
         from unnest($2::text[], $3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::text[])
             as ended (owner, alliance_id, id, attempt, outcome, error)
         where jobs.alliance_id = ended.alliance_id and jobs.id = ended.id
           and jobs.lease_owner = ended.owner and jobs.attempts = ended.attempt",
        now,
        &leases.owners as _,
        &leases.alliances,
        &leases.ids,
        &leases.attempts,
        &words as _,
        &errors as _
    )
    .execute(db)
    .await?;
    Ok(settled.rows_affected())
}

/// Keeps leases for longer. Returns the jobs and attempts that were still held.
pub(super) async fn renew(
    db: &PgPool,
    leases: &[Lease],
    lease: Duration,
) -> Result<Vec<(JobId, i16)>, Internal> {
    let leases = Columns::in_order(leases);
    let held = sqlx::query!(
        r#"update jobs
           set lease_until = clock_timestamp() + $1
           from unnest($2::text[], $3::uuid[], $4::uuid[], $5::smallint[]) as held (owner, alliance_id, id, attempt)
           where jobs.alliance_id = held.alliance_id and jobs.id = held.id
             and jobs.lease_owner = held.owner and jobs.attempts = held.attempt
           returning jobs.id as "id: JobId", jobs.attempts"#,
        interval(lease),
        &leases.owners as _,
        &leases.alliances,
        &leases.ids,
        &leases.attempts
    )
    .fetch_all(db)
    .await?;
    Ok(held.into_iter().map(|row| (row.id, row.attempts)).collect())
}

/// Returns jobs that were taken and not started: the attempt does not count.
pub(super) async fn give_back(db: &PgPool, leases: &[Lease]) -> Result<u64, Internal> {
    let leases = Columns::in_order(leases);
    let row = sqlx::query!(
        r#"with returned as (
               update jobs
               set state = 'waiting', attempts = attempts - 1, lease_owner = null, lease_until = null
               from unnest($1::text[], $2::uuid[], $3::uuid[], $4::smallint[]) as held (owner, alliance_id, id, attempt)
               where jobs.alliance_id = held.alliance_id and jobs.id = held.id
                 and jobs.lease_owner = held.owner and jobs.attempts = held.attempt
               returning 1)
           select count(*) as "returned!", case when count(*) > 0 then pg_notify('jobs', '')::text end as woken
           from returned"#,
        &leases.owners as _,
        &leases.alliances,
        &leases.ids,
        &leases.attempts
    )
    .fetch_one(db)
    .await?;
    Ok(row.returned.unsigned_abs())
}

/// Takes jobs from owners whose leases ran out: to wait again at their old place, or parked after the last attempt.
/// `now()`, not `clock_timestamp()`: an index is searched only for what stays the same while the statement runs.
pub(super) async fn reclaim_expired(db: &PgPool) -> Result<u64, Internal> {
    let row = sqlx::query!(
        r#"with reclaimed as (
               update jobs
               set state = case when attempts < max_attempts then 'waiting' else 'parked' end,
                   lost = lost + 1, lease_owner = null, lease_until = null,
                   last_error = 'the process that ran it stopped without a word'
               where ctid = any (array(
                   select ctid
                   from jobs
                   where state = 'running' and lease_until < now()
                   order by lease_until
                   limit 1000
                   for update skip locked))
               returning 1)
           select count(*) as "reclaimed!", case when count(*) > 0 then pg_notify('jobs', '')::text end as woken
           from reclaimed"#
    )
    .fetch_one(db)
    .await?;
    Ok(row.reclaimed.unsigned_abs())
}

/// Says within the effect's own transaction that its job is done. `false`: the lease was lost.
pub(super) async fn finish(tx: &mut Tx, lease: &Lease, now: Timestamp) -> Result<bool, Internal> {
    let finished = sqlx::query!(
        "update jobs
         set state = 'done', finished_at = $5, last_error = null, lease_owner = null, lease_until = null
         where alliance_id = $1 and id = $2 and lease_owner = $3 and attempts = $4",
        tx.alliance_id() as _,
        lease.job_id as _,
        &*lease.owner,
        lease.attempt,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// Leases as columns, for `unnest`.
struct Columns<'a> {
    owners: Vec<&'a str>,
    alliances: Vec<uuid::Uuid>,
    ids: Vec<uuid::Uuid>,
    attempts: Vec<i16>,
}

impl<'a> Columns<'a> {
    fn of(leases: impl Iterator<Item = &'a Lease> + Clone) -> Self {
        Self {
            owners: leases.clone().map(|lease| &*lease.owner).collect(),
            alliances: leases.clone().map(|lease| lease.alliance_id.0).collect(),
            ids: leases.clone().map(|lease| lease.job_id.0).collect(),
            attempts: leases.map(|lease| lease.attempt).collect(),
        }
    }

    /// In the order of their jobs' keys, so that two statements about the same jobs seldom wait for each other.
    fn in_order(leases: &'a [Lease]) -> Self {
        let mut leases: Vec<_> = leases.iter().collect();
        leases.sort_unstable_by_key(|lease| lease.key());
        Self::of(leases.into_iter())
    }
}

fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

pub(super) async fn alliance_calendars(db: &PgPool) -> Result<Vec<AllianceCalendar>, Internal> {
    let rows = sqlx::query!(
        r#"select alliance_id as "alliance_id: AllianceId", timezone, created_at from alliances a
           where not exists (select from deletions d where d.alliance_id = a.alliance_id
                                and d.deactivated_at is not null and d.called_off_at is null)
           order by alliance_id"#
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| AllianceCalendar {
            alliance_id: row.alliance_id,
            timezone: row.timezone.parse().unwrap_or(Tz::Europe__London),
            founded_at: row.created_at,
        })
        .collect())
}

pub(super) async fn delete_finished(db: &PgPool, before: Timestamp, limit: i64) -> Result<u64, Internal> {
    let deleted = sqlx::query!(
        "delete from jobs
         where ctid = any (array(
             select ctid from jobs
             where state in ('done', 'cancelled') and finished_at < $1
             order by finished_at
             limit $2
             for update skip locked))",
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

pub(super) async fn health(db: &PgPool, now: Timestamp) -> Result<Vec<KindHealth>, Internal> {
    Ok(sqlx::query_as!(
        KindHealth,
        r#"select kind as "kind!",
                  count(*) filter (where state = 'waiting') as "waiting!",
                  count(*) filter (where state = 'running') as "running!",
                  count(*) filter (where state = 'parked') as "parked!",
                  coalesce(extract(epoch from $1 - min(run_at) filter (where state = 'waiting' and run_at <= $1)), 0)::float8
                      as "oldest_due_seconds!"
           from (select kind, state, run_at from jobs where state = 'waiting'
                 union all select kind, state, run_at from jobs where state = 'running'
                 union all select kind, state, run_at from jobs where state = 'parked') as unfinished
           group by kind"#,
        now
    )
    .fetch_all(db)
    .await?)
}

/// What the rows of the list share with the single one.
struct Row {
    id: JobId,
    kind: String,
    state: String,
    attempts: i16,
    max_attempts: i16,
    run_at: Timestamp,
    last_error: Option<String>,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl TryFrom<Row> for JobRecord {
    type Error = Internal;

    fn try_from(row: Row) -> Result<Self, Internal> {
        Ok(Self {
            id: row.id,
            kind: row.kind,
            state: JobState::parse(&row.state)
                .ok_or_else(|| Internal::new("the stored state is not known"))?,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            run_at: row.run_at,
            last_error: row.last_error,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}

/// The newest first, by id.
pub(super) async fn jobs(
    tx: &mut Tx,
    filter: &JobFilter,
    page: &PageRequest<JobCursor>,
) -> Result<Vec<JobRecord>, Internal> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id as "id: JobId", kind, state, attempts, max_attempts, run_at, last_error, created_at, finished_at
           from jobs
           where alliance_id = $1
             and ($2::text is null or state = $2)
             and ($3::text is null or kind = $3)
             and ($4::uuid is null or id < $4)
           order by id desc
           limit $5"#,
        tx.alliance_id() as _,
        filter.state.map(JobState::as_str),
        filter.kind,
        page.after.map(|cursor| cursor.id.0),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(JobRecord::try_from).collect()
}

pub(super) async fn count_jobs(tx: &mut Tx, filter: &JobFilter) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs
           where alliance_id = $1 and ($2::text is null or state = $2) and ($3::text is null or kind = $3)"#,
        tx.alliance_id() as _,
        filter.state.map(JobState::as_str),
        filter.kind
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn job(tx: &mut Tx, id: JobId) -> Result<Option<JobRecord>, Internal> {
    let row = sqlx::query_as!(
        Row,
        r#"select id as "id: JobId", kind, state, attempts, max_attempts, run_at, last_error, created_at, finished_at
           from jobs where alliance_id = $1 and id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(JobRecord::try_from).transpose()
}

/// What these jobs are about, by what their payloads name.
pub(super) async fn about(tx: &mut Tx, ids: &[JobId]) -> Result<HashMap<JobId, String>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select j.id as "id: JobId",
                  coalesce(coalesce(nullif(d.mail_subject, '') || ', to ', 'To ') || d.recipient,
                           'Invoice ' || i.number,
                           'Credit note ' || n.number) as about
           from jobs j
           left join deliveries d on d.alliance_id = $1 and d.id = (j.payload->>'delivery_id')::uuid
           left join invoices i on i.alliance_id = $1 and i.id = (j.payload->>'invoice_id')::uuid
           left join credit_notes n on n.alliance_id = $1 and n.id = (j.payload->>'credit_note_id')::uuid
           where j.alliance_id = $1 and j.id = any($2)"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.about?))).collect())
}

/// The state, locked so that nobody takes the job while a person decides.
/// Its state, and its kind.
pub(super) async fn state_for_update(tx: &mut Tx, id: JobId) -> Result<Option<(JobState, String)>, Internal> {
    let found = sqlx::query!(
        "select state, kind from jobs where alliance_id = $1 and id = $2 for update",
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.and_then(|row| Some((JobState::parse(&row.state)?, row.kind))))
}

pub(super) async fn run_again(
    tx: &mut Tx,
    id: JobId,
    more_attempts: i16,
    now: Timestamp,
) -> Result<(), Internal> {
    sqlx::query!(
        r#"with woken as (
               update jobs
               set state = 'waiting', run_at = $3, max_attempts = attempts + $4, lost = 0
               where alliance_id = $1 and id = $2
               returning 1)
           select pg_notify('jobs', '')::text as woken from woken"#,
        tx.alliance_id() as _,
        id as _,
        now,
        more_attempts
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn cancel(tx: &mut Tx, id: JobId, now: Timestamp) -> Result<(), Internal> {
    sqlx::query!(
        "update jobs set state = 'cancelled', finished_at = $3 where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        id as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Parked jobs of an alliance by their kind. `connection` may be any login's.
pub(super) async fn parked_by_kind(
    connection: &mut PgConnection,
    alliance_id: AllianceId,
) -> Result<Vec<(String, i64)>, Internal> {
    let rows = sqlx::query!(
        r#"select kind, count(*) as "count!" from jobs where alliance_id = $1 and state = 'parked'
           group by kind order by kind"#,
        alliance_id as _
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.count)).collect())
}
