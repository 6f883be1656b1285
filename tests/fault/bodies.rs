//! Jobs that go wrong, each in its own way. What a body does is a row of `effects`.

use std::time::Duration;

use domain::jobs::Job;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use worker::{JobContext, JobError, Registry};

#[derive(Clone)]
pub struct Deps {
    pub owner: PgPool,
}

impl Deps {
    async fn effect(&self, n: i64) -> Result<(), JobError> {
        let inserted = sqlx::query("insert into effects (n) values ($1)").bind(n).execute(&self.owner).await;
        inserted.map(drop).map_err(|error| JobError::Retry(error.to_string()))
    }
}

macro_rules! jobs {
    ($($(#[$doc:meta])* $name:ident = $kind:literal { $($constant:tt)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        pub struct $name {
            pub n: i64,
        }

        impl Job for $name {
            const KIND: &'static str = $kind;
            $($constant)*
        }
    )*};
}

jobs! {
    /// Nothing but its effect.
    Good = "good" {}
    /// Works for two milliseconds.
    Brief = "brief" {}
    /// Works for 400 milliseconds.
    Slow = "slow" {}
    /// Has an effect, then fails.
    AlwaysFailing = "always_failing" { const MAX_ATTEMPTS: i16 = 3; }
    /// Can never succeed.
    Hopeless = "hopeless" {}
    /// Takes a minute and may take a fifth of a second.
    Endless = "endless" { const TIMEOUT: Duration = Duration::from_millis(200); }
    /// Panics.
    Panicking = "panicking" { const MAX_ATTEMPTS: i16 = 2; }
    /// Takes a minute at the first attempt; at the next it is done at once.
    LongOnce = "long_once" {}
    /// Kills its process.
    Poison = "poison" { const MAX_ATTEMPTS: i16 = 3; }
    /// Its effect is another job, committed together with its own end.
    Exact = "exact" {}
    /// As `Exact`, but takes a second before.
    ExactSlow = "exact_slow" {}
    /// Has its effect, then works until there is the effect `OPEN`.
    Gated = "gated" {}
}

/// The effect that gated work waits for.
pub const OPEN: i64 = -100;

/// Panics when it is read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unreadable {
    #[serde(deserialize_with = "panic_reading")]
    pub n: i64,
}

impl Job for Unreadable {
    const KIND: &'static str = "unreadable";
    const MAX_ATTEMPTS: i16 = 1;
}

fn panic_reading<'de, D: serde::Deserializer<'de>>(_: D) -> Result<i64, D::Error> {
    panic!("on purpose")
}

/// At most one of each number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unique {
    pub n: i64,
}

impl Job for Unique {
    const KIND: &'static str = "unique";

    fn dedupe_key(&self) -> Option<String> {
        Some(self.n.to_string())
    }
}

type Context = JobContext<Deps>;
type Done = Result<(), JobError>;

pub fn registry() -> Registry<Deps> {
    Registry::new()
        .on(|c: Context, job: Good| async move { c.deps.effect(job.n).await })
        .on(|c: Context, job: Unique| async move { c.deps.effect(job.n).await })
        .on(|c: Context, job: Brief| async move {
            c.deps.effect(job.n).await?;
            pause(2).await
        })
        .on(|c: Context, job: Slow| async move {
            c.deps.effect(job.n).await?;
            pause(400).await
        })
        .on(|c: Context, job: AlwaysFailing| async move {
            c.deps.effect(job.n).await?;
            Err(JobError::Retry("the server is busy".into()))
        })
        .on(|c: Context, job: Hopeless| async move {
            c.deps.effect(job.n).await?;
            Err(JobError::Discard("there is no such mailbox".into()))
        })
        .on(|c: Context, job: Endless| async move {
            c.deps.effect(job.n).await?;
            pause(60_000).await?;
            c.deps.effect(-1).await
        })
        .on(panicking)
        .on(|c: Context, job: LongOnce| async move {
            c.deps.effect(job.n).await?;
            if c.attempt == 1 { pause(60_000).await } else { Ok(()) }
        })
        .on(|c: Context, job: Poison| async move {
            c.deps.effect(job.n).await?;
            std::process::abort()
        })
        .on(|c: Context, job: Exact| exact(c, job.n))
        .on(|c: Context, job: ExactSlow| async move {
            pause(1000).await?;
            exact(c, job.n).await
        })
        .on(gated)
        .on(|c: Context, job: Unreadable| async move { c.deps.effect(job.n).await })
}

async fn pause(milliseconds: u64) -> Done {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    Ok(())
}

async fn panicking(context: Context, job: Panicking) -> Done {
    context.deps.effect(job.n).await?;
    panic!("on purpose");
}

async fn gated(context: Context, job: Gated) -> Done {
    context.deps.effect(job.n).await?;
    let is_open = "select exists (select from effects where n = $1)";
    while !sqlx::query_scalar(is_open).bind(OPEN).fetch_one(&context.deps.owner).await.unwrap_or(false) {
        pause(20).await?;
    }
    Ok(())
}

async fn exact(context: Context, n: i64) -> Done {
    let scope = context.viewer.require(domain::viewer::Permission::ManageJobs)?;
    let mut tx = context.app.db.begin(scope).await?;
    tx.enqueue(&context.app, &Good { n }).await?;
    context.commit_done(tx).await?;
    // What fails afterwards does not undo it.
    Err(JobError::Retry("too late to matter".into()))
}
