//! `ensemble operator`: what the operator of the deployment decides, where no alliance's people can. The deployment's
//! own work, such as mailing sign-in codes, belongs to no alliance, so only the operator sees it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use domain::{
    access::{TakeOffSecondStepError, TakenOff, take_off_second_step},
    alliances::{
        ConfirmAllianceError, Listed, confirm_alliance,
        deletions::{Purged, Tombstone, returned_alliances, tombstones},
        every_alliance,
    },
    app::{App, Clock, Rng},
    error::{Internal, ReadError},
    ids::JobId,
    jobs::{
        DEPLOYMENT, DiscardJobError, JobCursor, JobFilter, JobRecord, JobState, RetryJobError, count_jobs,
        discard_job, jobs, retry_job,
    },
    page::{MAX_PAGE, PageRequest},
    text::plural,
    viewer::{Reading, Viewer},
};
use object_store::ObjectStore;
use worker::bodies::{PurgeError, purge, stored_tombstones};

use crate::{
    cli::DataArgs,
    config::{Config, ConfigError},
    data_dir::{self, DataDirError},
    database::{self, Database, Logins, Parts},
    embedded::{self, EmbeddedError},
    store::{self, StoreError},
};

/// What the operator looks at.
#[derive(Subcommand)]
pub enum Operator {
    /// List the deployment's own work that waits or has failed for good, and decide about it
    Jobs(JobsArgs),
    /// List the alliances, those on trial first, and confirm one
    Alliances(AlliancesArgs),
    /// Help a person who cannot sign in any more
    Accounts(AccountsArgs),
    /// List the alliances that were deleted, and delete again those that a restored backup has brought back
    Deletions(DeletionsArgs),
}

impl Operator {
    fn data(&self) -> &Path {
        match self {
            Self::Jobs(args) => &args.data.data,
            Self::Alliances(args) => &args.data.data,
            Self::Accounts(args) => &args.data.data,
            Self::Deletions(args) => &args.data.data,
        }
    }
}

/// Which alliance is who it says.
#[derive(Args)]
pub struct AlliancesArgs {
    /// End the trial of the alliance with this short address: from then on its mail goes to everybody
    #[arg(long, value_name = "ADDRESS")]
    confirm: Option<String>,
    #[command(flatten)]
    data: DataArgs,
}

/// Who has lost what signing in takes.
#[derive(Args)]
pub struct AccountsArgs {
    /// Take the second step and the passkeys off the account with this mail address, once you are sure who asks: it is
    /// signed out everywhere, its API tokens are revoked, from then on the code from the mail is enough, and the person
    /// is told by mail
    #[arg(long, value_name = "EMAIL")]
    take_off_second_step: String,
    #[command(flatten)]
    data: DataArgs,
}

/// What is done with alliances that should be gone.
#[derive(Args)]
pub struct DeletionsArgs {
    /// Delete again what a restored backup has brought back
    #[arg(long)]
    reapply: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// What is done with which job.
#[derive(Args)]
pub struct JobsArgs {
    /// Run this job again, which has failed for good
    #[arg(long, value_name = "ID", conflicts_with = "discard")]
    retry: Option<JobId>,
    /// Discard this job, which waits or has failed for good
    #[arg(long, value_name = "ID")]
    discard: Option<JobId>,
    #[command(flatten)]
    data: DataArgs,
}

/// Why nothing was listed or changed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The environment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nothing to look at.
    #[error("there is no database in {} yet; the first `ensemble up` makes it", .0.display())]
    NoDatabase(PathBuf),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The embedded database.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The job does not run again.
    #[error("{0}")]
    Retry(RetryJobError),
    /// The job is not discarded.
    #[error("{0}")]
    Discard(DiscardJobError),
    /// No such alliance.
    #[error("{0}")]
    Confirm(ConfirmAllianceError),
    /// There is no second step to take off.
    #[error("{0}")]
    TakeOff(TakeOffSecondStepError),
    /// The file store, where tombstones are too.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something is still there.
    #[error(transparent)]
    Purge(#[from] PurgeError),
    /// The database does not answer.
    #[error("the database: {}", .0.detail())]
    Database(#[from] Internal),
}

impl From<ReadError> for OperatorError {
    fn from(error: ReadError) -> Self {
        Self::Database(match error {
            ReadError::Internal(error) => error,
            ReadError::Forbidden(error) => Internal::new(error),
        })
    }
}

impl From<RetryJobError> for OperatorError {
    fn from(error: RetryJobError) -> Self {
        match error {
            RetryJobError::Internal(error) => Self::Database(error),
            error => Self::Retry(error),
        }
    }
}

impl From<DiscardJobError> for OperatorError {
    fn from(error: DiscardJobError) -> Self {
        match error {
            DiscardJobError::Internal(error) => Self::Database(error),
            error => Self::Discard(error),
        }
    }
}

impl From<ConfirmAllianceError> for OperatorError {
    fn from(error: ConfirmAllianceError) -> Self {
        match error {
            ConfirmAllianceError::Internal(error) => Self::Database(error),
            error @ ConfirmAllianceError::UnknownAlliance(_) => Self::Confirm(error),
        }
    }
}

impl From<TakeOffSecondStepError> for OperatorError {
    fn from(error: TakeOffSecondStepError) -> Self {
        match error {
            TakeOffSecondStepError::Internal(error) => Self::Database(error),
            error @ TakeOffSecondStepError::NotSet => Self::TakeOff(error),
        }
    }
}

/// Does what was asked in the database that the environment names, else the embedded one, and returns what to say.
pub async fn operator(config: &Config, what: &Operator) -> Result<String, OperatorError> {
    let (database, secret_key) = if let Some(logins) = Logins::given(config) {
        (Database::Elsewhere(logins), config.secret_key()?.clone())
    } else {
        let data = what.data();
        if !embedded::exists(data) {
            return Err(OperatorError::NoDatabase(data.to_path_buf()));
        }
        let data = data_dir::open(data)?;
        (Database::open(config, &data).await?, data_dir::secret_key(&data, &Rng::from_os())?)
    };
    let said = async {
        let parts = Parts {
            clock: Clock::system(),
            base_url: "http://localhost",
            secret_key: &secret_key,
            max_connections: config.max_connections,
        };
        let app = database::connect(&database.logins(), parts).await?;
        let said = match what {
            Operator::Jobs(args) => decide(&app, args).await,
            Operator::Alliances(args) => alliances(&app, args).await,
            Operator::Accounts(args) => accounts(&app, args).await,
            Operator::Deletions(args) => match store::open(config.store.as_ref(), what.data()) {
                Ok(store) => deletions(&app, &*store, args).await,
                Err(error) => Err(error.into()),
            },
        };
        app.db.close().await;
        said
    }
    .await;
    database.close().await;
    said
}

async fn decide(app: &App, args: &JobsArgs) -> Result<String, OperatorError> {
    // Whoever has the deployment's logins is its operator: there is no account to check.
    let viewer = Viewer::machinery(DEPLOYMENT);
    match (args.retry, args.discard) {
        (Some(id), _) => {
            retry_job(app, &viewer, id).await?;
            Ok("It waits again; a worker that runs takes it within a second.\n".into())
        }
        (None, Some(id)) => {
            discard_job(app, &viewer, id).await?;
            Ok("It is discarded.\n".into())
        }
        (None, None) => list(app, viewer).await,
    }
}

async fn alliances(app: &App, args: &AlliancesArgs) -> Result<String, OperatorError> {
    let Some(slug) = &args.confirm else {
        let all = every_alliance(app).await?;
        let trials = all.iter().filter(|alliance| alliance.is_on_trial).count();
        let mut said: Vec<_> = all.iter().map(alliance_line).collect();
        said.push(format!("{} in all, {trials} on trial.\n", all.len()));
        if trials > 0 {
            said.push("Once you know who they are, confirm one with --confirm ADDRESS.\n".into());
        }
        return Ok(said.concat());
    };
    Ok(if confirm_alliance(app, slug).await? {
        format!("{slug} is confirmed: its mail goes to everybody from now on.\n")
    } else {
        format!("{slug} was confirmed already.\n")
    })
}

fn alliance_line(alliance: &Listed) -> String {
    let Listed { slug, name, created_at, is_on_trial, founder } = alliance;
    let state = if *is_on_trial { "trial" } else { "" };
    let founded = created_at.format("%Y-%m-%d");
    let by = founder.as_ref().map_or_else(String::new, |founder| format!(" by {founder}"));
    format!("{state:<5}  {slug}  {name}, since {founded}{by}\n")
}

async fn accounts(app: &App, args: &AccountsArgs) -> Result<String, OperatorError> {
    let TakenOff { sessions, tokens } = take_off_second_step(app, &args.take_off_second_step).await?;
    Ok(format!(
        "The second step is taken off: the code from the mail signs in. The person is told by mail.\n\
         {} signed out, {} revoked.\n\
         If somebody else can read that mail, have the mailbox's password changed first: they could sign in again.\n",
        plural(sessions, "device", "devices"),
        plural(tokens, "API token", "API tokens"),
    ))
}

async fn deletions(
    app: &App,
    store: &dyn ObjectStore,
    args: &DeletionsArgs,
) -> Result<String, OperatorError> {
    let known = tombstones(&app.db).await?;
    let mut said: Vec<_> = known.iter().map(deletion_line).collect();
    said.push(format!("{} deleted.\n", plural(known.len(), "alliance is", "alliances are")));
    let returned =
        returned_alliances(&app.db, every_tombstone(known, stored_tombstones(store).await?)).await?;
    for tombstone in &returned {
        if args.reapply {
            let report = purge(app, store, tombstone).await?;
            let rows: i64 = report.rows.values().sum();
            said.push(format!("{} is deleted again: {}.\n", tombstone.slug, plural(rows, "row", "rows")));
        } else {
            said.push(format!("{} is there, although it was deleted.\n", tombstone.slug));
        }
    }
    if !returned.is_empty() && !args.reapply {
        said.push("A backup has brought it back. Delete it again with --reapply.\n".into());
    }
    Ok(said.concat())
}

/// Those of the database and those of the file store: a backup of either may not know the newest.
pub(crate) fn every_tombstone(known: Vec<Purged>, stored: Vec<Tombstone>) -> Vec<Tombstone> {
    let all = known.into_iter().map(|purged| purged.tombstone).chain(stored);
    let all: BTreeMap<_, _> = all.map(|tombstone| (tombstone.alliance_id, tombstone)).collect();
    all.into_values().collect()
}

fn deletion_line(purged: &Purged) -> String {
    let Tombstone { slug, name, .. } = &purged.tombstone;
    let what = match (&purged.report, purged.purged_at) {
        (Some(report), Some(at)) => {
            let rows: i64 = report.rows.values().sum();
            let accounts = plural(i64::try_from(report.accounts).unwrap_or(i64::MAX), "account", "accounts");
            let files = plural(i64::try_from(report.files).unwrap_or(i64::MAX), "file", "files");
            format!("gone on {}: {}, {files}, {accounts}", at.format("%Y-%m-%d"), plural(rows, "row", "rows"))
        }
        _ => "going".to_owned(),
    };
    format!("{slug}  {name}, {what}\n")
}

async fn list(app: &App, viewer: Viewer) -> Result<String, OperatorError> {
    let reading = Reading::new(app.db.clone(), viewer);
    let mut said = Vec::new();
    let mut counts = [0; 2];
    for (count, state) in counts.iter_mut().zip([JobState::Parked, JobState::Waiting]) {
        let filter = JobFilter { state: Some(state), kind: None };
        *count = count_jobs(&reading, &filter).await?;
        let mut page = PageRequest::<JobCursor>::first(MAX_PAGE);
        loop {
            let found = jobs(&reading, &filter, &page).await?;
            for job in &found.items {
                said.push(lines(job));
            }
            match found.items.last() {
                // Of what only waits its turn, the newest are enough.
                Some(last) if found.has_next && state == JobState::Parked => {
                    page.after = Some(JobCursor { id: last.id });
                }
                _ => break,
            }
        }
    }
    let [parked, waiting] = counts;
    said.push(format!("{parked} failed for good, {waiting} waiting.\n"));
    if parked > 0 {
        said.push("Run one again with --retry ID, or discard it with --discard ID.\n".into());
    }
    Ok(said.concat())
}

fn lines(job: &JobRecord) -> String {
    let JobRecord { id, kind, attempts, max_attempts, .. } = job;
    let due = job.run_at.format("%Y-%m-%d %H:%M UTC");
    let state = if job.state == JobState::Parked { "failed" } else { "waiting" };
    let why = job
        .last_error
        .as_deref()
        .map_or_else(String::new, |error| format!("         {}\n", without_addresses(error)));
    format!("{state:<7}  {id}  {kind}, {attempts} of {max_attempts} attempts, due {due}\n{why}")
}

/// A mail server's answer may name who was written to; a terminal and its log are no place for that.
fn without_addresses(text: &str) -> String {
    let word = |word: &str| if word.contains('@') { "(address)".to_owned() } else { word.to_owned() };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_left_out() {
        assert_eq!(
            without_addresses("550 5.1.1 <dana@woldedge.example>:\nunknown here"),
            "550 5.1.1 (address) unknown here"
        );
    }
}
