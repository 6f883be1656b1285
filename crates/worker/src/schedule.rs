//! What is queued by the clock: one table, which only ever adds rows. Any number of processes read it; a tick's row is
//! unique by the entry's name and the tick, so the work is there once.
//!
//! A tick that no process saw is caught up within [`CATCH_UP`]. That is shorter than a finished row stays, so its key
//! still tells that the tick was done.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use domain::{
    access::PruneAccess,
    alliances::{deletions::AdvanceDeletions, exports::ExpireExports},
    app::{App, Timestamp},
    error::Internal,
    funding::reminders::PlanReminders,
    idempotency::PruneIdempotencyKeys,
    ids::AllianceId,
    jobs::{
        DEPLOYMENT, KEEP_FINISHED, Planned, PruneJobs,
        queue::{self, AllianceCalendar},
    },
    messages::PruneDevelopmentMails,
};
use tokio_util::sync::CancellationToken;

/// How far back missed ticks are caught up.
pub const CATCH_UP: TimeDelta = TimeDelta::days(1);
const _: () = assert!(CATCH_UP.num_seconds() * 2 < KEEP_FINISHED.num_seconds());

/// How often the clock is compared with the table.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// One line of the schedule.
#[derive(Debug)]
pub struct Entry {
    /// Part of the row's key: renaming an entry repeats its last tick.
    pub name: &'static str,
    /// Its ticks.
    pub when: When,
    /// The job of a tick, by its date: local for [`When::Daily`], UTC for [`When::Every`].
    pub job: fn(NaiveDate) -> Result<Planned, Internal>,
}

/// When an entry's work is queued.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// For each alliance, every day at this time of its own. A time that the change of clocks leaves out counts as the
    /// next there is; one that comes twice counts the first time.
    Daily {
        /// 0 to 23.
        hour: u32,
        /// 0 to 59.
        minute: u32,
    },
    /// For the deployment, at every whole multiple of so many minutes since midnight UTC; they must divide a day.
    Every {
        /// 1 to 1,440.
        minutes: u32,
    },
}

/// The schedule.
pub const SCHEDULE: &[Entry] = &[
    Entry { name: "prune_jobs", when: When::Every { minutes: 60 }, job: |_| Planned::of(&PruneJobs {}) },
    Entry { name: "prune_access", when: When::Every { minutes: 60 }, job: |_| Planned::of(&PruneAccess {}) },
    Entry {
        name: "advance_deletions",
        when: When::Every { minutes: 60 },
        job: |_| Planned::of(&AdvanceDeletions {}),
    },
    Entry {
        name: "prune_development_mails",
        when: When::Every { minutes: 1_440 },
        job: |_| Planned::of(&PruneDevelopmentMails {}),
    },
    Entry {
        name: "prune_idempotency_keys",
        when: When::Daily { hour: 3, minute: 30 },
        job: |_| Planned::of(&PruneIdempotencyKeys {}),
    },
    Entry {
        name: "expire_exports",
        when: When::Daily { hour: 3, minute: 40 },
        job: |_| Planned::of(&ExpireExports {}),
    },
    Entry {
        name: "plan_reminders",
        when: When::Daily { hour: 7, minute: 30 },
        job: |date| Planned::of(&PlanReminders { date }),
    },
];

/// One moment of an entry, for whom it means work.
#[derive(Debug, PartialEq, Eq)]
struct Tick {
    date: NaiveDate,
    key: String,
    alliances: Vec<AllianceId>,
}

/// Compares the clock with `schedule` until `shutdown`.
pub(crate) async fn schedule_loop(app: App, schedule: &'static [Entry], shutdown: CancellationToken) {
    let mut done_until = app.clock.now() - CATCH_UP;
    let mut look = tokio::time::interval(LOOK_EVERY);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        let now = app.clock.now();
        let from = done_until.max(now - CATCH_UP);
        match queue_ticks(&app, schedule, (from, now)).await {
            Ok(()) => done_until = now,
            Err(error) => tracing::warn!(error = error.detail(), "scheduled work could not be queued"),
        }
    }
}

/// Queues the work of every tick after `from` up to `now`, unless it was queued before.
pub async fn queue_ticks(
    app: &App,
    schedule: &[Entry],
    window: (Timestamp, Timestamp),
) -> Result<(), Internal> {
    let calendars = queue::alliance_calendars(app).await?;
    for entry in schedule {
        for tick in ticks(entry, &calendars, window) {
            let planned = (entry.job)(tick.date)?;
            let mut tx = app.db.machine().await?;
            let new = tx.enqueue_across(app, &planned, &tick.alliances, &tick.key).await?;
            tx.commit().await?;
            if new > 0 {
                tracing::info!(tick = tick.key, new, "scheduled work queued");
            }
        }
    }
    Ok(())
}

fn ticks(entry: &Entry, calendars: &[AllianceCalendar], (from, now): (Timestamp, Timestamp)) -> Vec<Tick> {
    match entry.when {
        When::Daily { hour, minute } => {
            let Some(time) = NaiveTime::from_hms_opt(hour, minute, 0) else { return Vec::new() };
            let mut by_date: BTreeMap<NaiveDate, Vec<AllianceId>> = BTreeMap::new();
            for calendar in calendars {
                let local_today = now.with_timezone(&calendar.timezone).date_naive();
                let first = from.with_timezone(&calendar.timezone).date_naive();
                for date in first.iter_days().take_while(|date| *date <= local_today) {
                    let due = instant(calendar.timezone, date, time);
                    if due > from && due <= now && due >= calendar.founded_at {
                        by_date.entry(date).or_default().push(calendar.alliance_id);
                    }
                }
            }
            let tick = |(date, alliances)| Tick { date, key: format!("{}@{date}", entry.name), alliances };
            by_date.into_iter().map(tick).collect()
        }
        When::Every { minutes } => {
            let seconds = i64::from(minutes.max(1)) * 60;
            let nth = |moment: Timestamp| moment.timestamp().div_euclid(seconds);
            // Work of the deployment is not dated: of several missed ticks, the last is enough.
            let tick =
                (nth(now) > nth(from)).then(|| DateTime::from_timestamp(nth(now) * seconds, 0)).flatten();
            tick.into_iter()
                .map(|tick| Tick {
                    date: tick.date_naive(),
                    key: format!("{}@{}", entry.name, tick.format("%Y-%m-%dT%H:%MZ")),
                    alliances: vec![DEPLOYMENT],
                })
                .collect()
        }
    }
}

/// When `time` of `date` is in `zone`: the first of two, or the next valid minute of a time that is left out.
fn instant(zone: Tz, date: NaiveDate, time: NaiveTime) -> Timestamp {
    let mut local = date.and_time(time);
    loop {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => {
                return moment.with_timezone(&Utc);
            }
            LocalResult::None => local += TimeDelta::minutes(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn alliance(number: u128, timezone: Tz) -> AllianceCalendar {
        let alliance_id = AllianceId(uuid::Uuid::from_u128(number));
        AllianceCalendar { alliance_id, timezone, founded_at: at("2020-01-01T00:00:00Z") }
    }

    fn daily(hour: u32, minute: u32) -> Entry {
        Entry { name: "daily", when: When::Daily { hour, minute }, job: |_| Planned::of(&PruneJobs {}) }
    }

    fn keys(entry: &Entry, calendars: &[AllianceCalendar], from: &str, now: &str) -> Vec<(String, usize)> {
        let ticks = ticks(entry, calendars, (at(from), at(now)));
        ticks.into_iter().map(|tick| (tick.key, tick.alliances.len())).collect()
    }

    /// How many ticks a loop that looks every ten minutes sees.
    fn count(entry: &Entry, calendar: AllianceCalendar, from: &str, until: &str) -> usize {
        let (mut from, until) = (at(from), at(until));
        let mut count = 0;
        while from < until {
            let next = from + TimeDelta::minutes(10);
            count += ticks(entry, &[calendar], (from, next)).len();
            from = next;
        }
        count
    }

    #[test]
    fn a_day_begins_where_the_alliance_is() {
        let alliances = [alliance(1, Tz::Europe__London), alliance(2, Tz::Australia__Sydney)];
        assert_eq!(
            keys(&daily(7, 30), &alliances, "2026-07-01T06:00:00Z", "2026-07-01T06:30:00Z"),
            [("daily@2026-07-01".to_owned(), 1)]
        );
        assert_eq!(
            keys(&daily(7, 30), &alliances, "2026-06-30T21:29:59Z", "2026-06-30T21:30:00Z"),
            [("daily@2026-07-01".to_owned(), 1)]
        );
    }

    #[test]
    fn a_time_that_the_spring_leaves_out_counts_as_the_next() {
        let london = alliance(1, Tz::Europe__London);
        // 01:30 on 28 March 2027 does not exist; 02:00 in summer time is 01:00 UTC.
        assert!(keys(&daily(1, 30), &[london], "2027-03-27T12:00:00Z", "2027-03-28T00:59:59Z").is_empty());
        assert_eq!(
            keys(&daily(1, 30), &[london], "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z"),
            [("daily@2027-03-28".to_owned(), 1)]
        );
        assert_eq!(count(&daily(1, 30), london, "2027-03-27T00:00:00Z", "2027-03-30T00:00:00Z"), 3);
    }

    #[test]
    fn a_time_that_the_autumn_repeats_counts_once() {
        let london = alliance(1, Tz::Europe__London);
        assert_eq!(
            keys(&daily(1, 30), &[london], "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            [("daily@2026-10-25".to_owned(), 1)]
        );
        assert_eq!(count(&daily(1, 30), london, "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z"), 1);
        // A zone that skipped a whole day still goes on.
        let apia = alliance(1, Tz::Pacific__Apia);
        assert_eq!(
            keys(&daily(7, 30), &[apia], "2011-12-30T09:00:00Z", "2011-12-30T18:00:00Z").len(),
            0,
            "nothing before its founding"
        );
    }

    #[test]
    fn missed_ticks_are_found_and_those_before_the_founding_are_not() {
        let mut young = alliance(2, Tz::Europe__London);
        young.founded_at = at("2026-11-24T09:00:00Z");
        let alliances = [alliance(1, Tz::Europe__London), young];
        assert_eq!(
            keys(&daily(7, 30), &alliances, "2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z"),
            [("daily@2026-11-24".to_owned(), 1)]
        );
        let hourly =
            Entry { name: "hourly", when: When::Every { minutes: 60 }, job: |_| Planned::of(&PruneJobs {}) };
        assert_eq!(
            keys(&hourly, &alliances, "2026-11-23T12:00:00Z", "2026-11-24T12:10:00Z"),
            [("hourly@2026-11-24T12:00Z".to_owned(), 1)]
        );
        assert!(keys(&hourly, &alliances, "2026-11-24T12:10:00Z", "2026-11-24T12:59:59Z").is_empty());
    }
}
