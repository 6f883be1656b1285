//! How much one caller may ask for in a while: counted in Redis where the deployment has one, so that all gateways
//! count together, and otherwise in this process.
//!
//! A window begins with the first use and ends after its length. Nothing that is refused is counted, so a caller who
//! waits for the end of the window is answered again, however often they tried meanwhile.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{
    Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// A slow Redis must not make us slow: beyond this the process counts by itself, and goes on to for [`REST`].
const PATIENCE: Duration = Duration::from_millis(250);
/// How long Redis is not asked again once it gave no answer.
const REST: Duration = Duration::from_secs(2);

/// Windows kept before those that have ended are thrown away.
const TIDY_AT: usize = 10_000;

/// KEYS: the window. ARGV: points wanted, points in a window, its length in milliseconds. Answers whether they were
/// taken, how many are used now, and in how many milliseconds the window ends.
const TAKE: &str = r"
local used = tonumber(redis.call('get', KEYS[1]) or '0')
local ends = redis.call('pttl', KEYS[1])
if ends < 0 then used, ends = 0, tonumber(ARGV[3]) end
if used + tonumber(ARGV[1]) > tonumber(ARGV[2]) then return {0, used, ends} end
used = used + tonumber(ARGV[1])
redis.call('set', KEYS[1], used, 'px', ends)
return {1, used, ends}";

/// So many points within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Points in one window.
    pub points: u32,
    /// The length of a window.
    pub within: Duration,
}

/// The allowances of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowances {
    /// GraphQL points of one account, or of one address of strangers.
    pub caller: Allowance,
    /// GraphQL points of one alliance, whoever spends them: its neighbours share the machine.
    pub alliance: Allowance,
    /// Codes asked for and codes tried from one address. A whole school may share one. (How often one mail address is
    /// sent a code, and how often a code may be tried, is counted with the codes.)
    pub sign_in: Allowance,
}

impl Default for Allowances {
    fn default() -> Self {
        let minute = |points| Allowance { points, within: Duration::from_mins(1) };
        Self {
            caller: minute(12_000),
            alliance: minute(48_000),
            sign_in: Allowance { points: 60, within: Duration::from_mins(5) },
        }
    }
}

/// What came of asking for points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether they were granted.
    pub granted: bool,
    /// Points left in the window.
    pub left: u32,
    /// When the window ends.
    pub ends_in: Duration,
}

impl Taken {
    /// Whole seconds until the window ends, rounded up: the value of `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        self.ends_in.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
    }
}

/// Counts what callers use.
pub struct Limits {
    /// What is allowed.
    pub allowances: Allowances,
    here: Mutex<HashMap<String, Window>>,
    shared: Option<Shared>,
}

struct Window {
    used: u32,
    ends: Instant,
}

struct Shared {
    redis: ConnectionManager,
    script: Script,
    /// When Redis was last asked and gave no answer; `None` while it answers.
    failed_at: Mutex<Option<Instant>>,
}

impl Limits {
    /// Counts in this process only.
    #[must_use]
    pub fn in_process(allowances: Allowances) -> Self {
        Self { allowances, here: Mutex::default(), shared: None }
    }

    /// Counts in the Redis at `url`, together with every process that does. It need not answer yet: without it, this
    /// process counts by itself.
    pub fn in_redis(allowances: Allowances, url: &str) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(PATIENCE)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let redis = Client::open(url)?.get_connection_manager_lazy(config)?;
        let shared = Shared { redis, script: Script::new(TAKE), failed_at: Mutex::default() };
        Ok(Self { shared: Some(shared), ..Self::in_process(allowances) })
    }

    /// Takes `points` of the window of `key`, all or none.
    pub async fn take(&self, key: &str, points: u32, allowance: Allowance) -> Taken {
        if let Some(shared) = &self.shared
            && let Some(taken) = shared.try_take(key, points, allowance).await
        {
            return taken;
        }
        self.take_here(key, points, allowance)
    }

    fn take_here(&self, key: &str, points: u32, allowance: Allowance) -> Taken {
        let now = Instant::now();
        let mut windows = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= TIDY_AT && !windows.contains_key(key) {
            windows.retain(|_, window| window.ends > now);
        }
        let window =
            windows.entry(key.to_owned()).or_insert(Window { used: 0, ends: now + allowance.within });
        if window.ends <= now {
            *window = Window { used: 0, ends: now + allowance.within };
        }
        let used = window.used.saturating_add(points);
        let granted = used <= allowance.points;
        if granted {
            window.used = used;
        }
        Taken {
            granted,
            left: allowance.points.saturating_sub(window.used),
            ends_in: window.ends.saturating_duration_since(now),
        }
    }
}

impl Shared {
    /// `None` while Redis does not answer.
    async fn try_take(&self, key: &str, points: u32, allowance: Allowance) -> Option<Taken> {
        let failed_at = || self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if failed_at().is_some_and(|at| at.elapsed() < REST) {
            return None;
        }
        let failure = match tokio::time::timeout(PATIENCE, self.take(key, points, allowance)).await {
            Ok(Ok(taken)) => {
                if failed_at().take().is_some() {
                    tracing::info!("Redis answers again: limits are counted together");
                }
                return Some(taken);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        if failed_at().replace(Instant::now()).is_none() {
            tracing::warn!(error = failure, "Redis does not answer: each process counts limits by itself");
        }
        None
    }

    async fn take(&self, key: &str, points: u32, allowance: Allowance) -> Result<Taken, RedisError> {
        let length = u64::try_from(allowance.within.as_millis()).unwrap_or(u64::MAX);
        let (granted, used, ends_in): (bool, u32, u64) = self
            .script
            .key(format!("ensemble:limit:{key}"))
            .arg(points)
            .arg(allowance.points)
            .arg(length)
            .invoke_async(&mut self.redis.clone())
            .await?;
        Ok(Taken {
            granted,
            left: allowance.points.saturating_sub(used),
            ends_in: Duration::from_millis(ends_in),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Allowance = Allowance { points: 10, within: Duration::from_millis(80) };

    #[tokio::test]
    async fn a_window_gives_what_it_has_and_the_next_one_gives_again() {
        let limits = Limits::in_process(Allowances::default());
        assert_eq!(limits.take("a", 7, TEN).await.left, 3);
        let spent = limits.take("a", 4, TEN).await;
        assert!(!spent.granted && spent.left == 3 && spent.retry_after() == 1);
        // A refusal costs nothing, and another key has a window of its own.
        assert!(limits.take("a", 3, TEN).await.granted);
        assert!(limits.take("b", 10, TEN).await.granted);
        tokio::time::sleep(TEN.within).await;
        assert_eq!(limits.take("a", 1, TEN).await.left, 9);
    }

    #[tokio::test]
    async fn what_is_more_than_a_window_is_never_granted() {
        let limits = Limits::in_process(Allowances::default());
        assert!(!limits.take("a", 11, TEN).await.granted);
        assert!(!limits.take("a", u32::MAX, TEN).await.granted);
        assert!(limits.take("a", 10, TEN).await.granted);
    }

    #[tokio::test]
    async fn without_an_answer_from_redis_the_process_counts() {
        // Port 9 is the discard service, which nobody runs.
        let limits = Limits::in_redis(Allowances::default(), "redis://127.0.0.1:9/0").unwrap();
        assert!(limits.take("a", 10, TEN).await.granted);
    }

    #[tokio::test]
    async fn windows_that_have_ended_are_thrown_away() {
        let limits = Limits::in_process(Allowances::default());
        let brief = Allowance { points: 1, within: Duration::from_nanos(1) };
        for key in 0..=TIDY_AT {
            limits.take(&key.to_string(), 1, brief).await;
        }
        assert!(limits.here.lock().unwrap().len() < TIDY_AT);
    }
}
