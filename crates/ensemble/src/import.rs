//! `ensemble import`: the national register's files, as downloaded from Get Information About Schools, and term dates.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, Subcommand};
use domain::{
    db::Db,
    error::Internal,
    schools::{ImportError, ImportRun, Imported, Written, import_links, import_register, import_term_dates},
    text::plural,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    cli::DataArgs,
    config::Config,
    data_dir::{self, DataDirError},
    database::{Database, Logins},
    embedded::EmbeddedError,
};

/// Which file.
#[derive(Subcommand)]
pub enum Import {
    /// The file of all schools (`edubasealldata…csv`)
    Register(ImportArgs),
    /// The file of links between them (`links_edubasealldata…csv`)
    Links(ImportArgs),
    /// A file of the term dates of local authorities: Authority (the register's code), School year (2026-27), Name, From,
    /// To (dates like 02-09-2026)
    TermDates(ImportArgs),
}

/// What to read and where to say what was left out.
#[derive(Args)]
pub struct ImportArgs {
    /// The file, as downloaded
    file: PathBuf,
    /// Where to list the rows that cannot be used [default: FILE's name with "-rejected", in this folder]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Say what the import would do, and change nothing in the database
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportCommandError {
    /// The file cannot be opened.
    #[error("{} cannot be opened: {source}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The list of rejects would replace the file.
    #[error("the list of rows that are left out would replace the file: name another with --rejects")]
    RejectsAreTheFile,
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The embedded database.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The database does not answer.
    #[error("the database: {}", .0.detail())]
    Database(#[from] Internal),
    /// A dry run leaves the schema alone too.
    #[error(
        "a dry run needs the schema as this program knows it, and changes nothing: run `ensemble migrate`, or `ensemble up` once, first"
    )]
    OldSchema,
    /// The file, or the list of rejects.
    #[error("nothing was imported. {0}")]
    Import(ImportError),
}

impl From<ImportError> for ImportCommandError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Internal(error) => Self::Database(error),
            error => Self::Import(error),
        }
    }
}

/// Imports the file into the database that the environment names, else the embedded one, and prints what became of its
/// rows. Rows that are left out are no error.
pub async fn import(config: &Config, command: &Import) -> Result<(), ImportCommandError> {
    let (Import::Register(args) | Import::Links(args) | Import::TermDates(args)) = command;
    let path = &args.file;
    let unreadable = |source| ImportCommandError::Open { path: path.clone(), source };
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let rejects = args.rejects.clone().unwrap_or_else(|| beside(path));
    if rejects.canonicalize().is_ok_and(|rejects| path.canonicalize().is_ok_and(|path| path == rejects)) {
        return Err(ImportCommandError::RejectsAreTheFile);
    }

    let run = if args.dry_run { ImportRun::Dry } else { ImportRun::Real };
    let database = match Logins::given(config) {
        Some(logins) => Database::Elsewhere(logins),
        // The register may be the first thing that goes in, before any `up`.
        None => Database::open(config, &data_dir::open(&args.data.data)?).await?,
    };
    let outcome = async {
        let logins = database.logins();
        let db = connect(&logins, config, run).await?;
        let file = Progress::new(file, length, path);
        let list = Lazy::new(rejects.clone());
        let started = Instant::now();
        let imported = match command {
            Import::Register(_) => import_register(&db, file, list, run).await,
            Import::Links(_) => import_links(&db, file, list, run).await,
            Import::TermDates(_) => import_term_dates(&db, file, list, run).await,
        };
        db.close().await;
        Ok((imported?, started.elapsed()))
    }
    .await;
    database.close().await;
    let (imported, took) = outcome.map_err(|error: ImportCommandError| error)?;
    print!("{}", report(command, &imported, took, &rejects));
    Ok(())
}

/// Brings the schema up to date first where we may, as `up` does: the register is often the first thing to go in.
async fn connect(logins: &Logins, config: &Config, run: ImportRun) -> Result<Db, ImportCommandError> {
    if let (Some(owner), ImportRun::Real) = (&logins.owner, run) {
        domain::db::migrate(owner.expose()).await?;
    }
    let db = Db::connect(&logins.urls(config.max_connections)).await?;
    if run == ImportRun::Dry && db.missing_migrations().await.map_or(true, |missing| missing > 0) {
        db.close().await;
        return Err(ImportCommandError::OldSchema);
    }
    Ok(db)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_stem().unwrap_or(file.as_os_str()).to_owned();
    name.push("-rejected.csv");
    name.into()
}

fn report(command: &Import, imported: &Imported, took: Duration, rejects: &Path) -> String {
    let (args, one, many) = match command {
        Import::Register(args) => (args, "school", "schools"),
        Import::Links(args) => (args, "link", "links"),
        Import::TermDates(args) => (args, "term", "terms"),
    };
    let Imported { written: Written { new, updated, unchanged, older }, rejected } = *imported;
    let read = new + updated + unchanged + older;
    let seconds = took.as_secs_f64();
    let left_alone = match older {
        0 => String::new(),
        older => format!(", {older} older than what is here and left alone"),
    };
    let left_out = match rejected {
        0 => String::new(),
        rows => {
            let rows = plural(rows, "row could not be used and was", "rows could not be used and were");
            format!("{rows} left out; {} says why.\n", rejects.display())
        }
    };
    let kept = if args.dry_run { " This was a dry run: nothing was changed." } else { "" };
    format!(
        "Read {} in {seconds:.1} s: {new} new, {updated} updated, {unchanged} unchanged{left_alone}.{kept}\n{left_out}",
        plural(read, one, many)
    )
}

/// A file that shows how far it has been read: as a bar where a person watches, else in lines, ten for a file.
struct Progress {
    file: File,
    bar: Option<ProgressBar>,
    name: String,
    length: u64,
    read: u64,
}

impl Progress {
    fn new(file: File, length: u64, path: &Path) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left");
            ProgressBar::new(length)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_message(name.clone())
        });
        Self { file, bar, name, length, read: 0 }
    }

    fn tenths(&self) -> u64 {
        (self.read * 10).checked_div(self.length).map_or(0, |tenths| tenths.min(10))
    }
}

impl Read for Progress {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let before = self.tenths();
        self.read += count as u64;
        match &self.bar {
            Some(bar) => bar.set_position(self.read),
            None if self.tenths() > before => {
                // A closed stderr must not end an import.
                let _ = writeln!(io::stderr(), "{}: {} % read", self.name, self.tenths() * 10);
            }
            None => {}
        }
        Ok(count)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A file that is made when the first thing is written to it.
struct Lazy {
    path: PathBuf,
    file: Option<File>,
}

impl Lazy {
    fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }
}

impl Write for Lazy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => File::create(&self.path)?,
        };
        let written = file.write(bytes);
        self.file = Some(file);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> ImportArgs {
        ImportArgs {
            file: "downloads/links_20250422.csv".into(),
            rejects: None,
            dry_run: false,
            data: DataArgs { data: ".ensemble".into() },
        }
    }

    #[test]
    fn the_report_counts_every_row_and_says_where_the_rejects_are() {
        let rejects = beside(&args().file);
        let mut imported =
            Imported { written: Written { new: 3, updated: 2, unchanged: 1, older: 0 }, rejected: 0 };
        let took = Duration::from_millis(1_240);
        assert_eq!(
            report(&Import::Links(args()), &imported, took, &rejects),
            "Read 6 links in 1.2 s: 3 new, 2 updated, 1 unchanged.\n"
        );
        let one = Imported { written: Written { new: 1, ..Written::default() }, rejected: 2 };
        assert_eq!(
            report(&Import::Links(args()), &one, took, &rejects),
            "Read 1 link in 1.2 s: 1 new, 0 updated, 0 unchanged.\n\
             2 rows could not be used and were left out; links_20250422-rejected.csv says why.\n"
        );
        let dry = Import::Links(ImportArgs { dry_run: true, ..args() });
        assert_eq!(
            report(&dry, &imported, took, &rejects),
            "Read 6 links in 1.2 s: 3 new, 2 updated, 1 unchanged. This was a dry run: nothing was changed.\n"
        );
        imported.written.older = 4;
        imported.rejected = 1;
        assert_eq!(
            report(&Import::Register(args()), &imported, took, &rejects),
            "Read 10 schools in 1.2 s: 3 new, 2 updated, 1 unchanged, 4 older than what is here and left alone.\n\
             1 row could not be used and was left out; links_20250422-rejected.csv says why.\n"
        );
    }
}
