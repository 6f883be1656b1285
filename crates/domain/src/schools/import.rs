//! What the imports share: rows are read on a thread of their own while the database takes the batch before, and
//! rows that cannot be used go to a list of rejects.

use std::{
    io::{self, Read, Write},
    ops::AddAssign,
};

use tokio::sync::mpsc;

use super::csv_file::{CsvFile, FileError, Record, Reject};
use crate::{db::MachineTx, error::Internal};

/// Rows that go to the database in one statement.
const BATCH: usize = 1_000;
/// Batches that wait while one is written.
const WAITING: usize = 2;

/// Whether an import counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportRun {
    /// What the file says is taken.
    Real,
    /// Everything is done as in a real run and then undone, so the report is the one that a real run would give.
    Dry,
}

impl ImportRun {
    pub(super) async fn end(self, tx: MachineTx) -> Result<(), Internal> {
        match self {
            Self::Real => tx.commit().await,
            Self::Dry => {
                drop(tx);
                Ok(())
            }
        }
    }
}

/// What became of a file's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// What became of those that could be used.
    pub written: Written,
    /// Those that could not be used.
    pub rejected: u64,
}

/// What became of rows that could be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Not known before.
    pub new: i64,
    /// Known, and different.
    pub updated: i64,
    /// Known just so.
    pub unchanged: i64,
    /// Older than what was known, and left alone.
    pub older: i64,
}

impl AddAssign for Written {
    fn add_assign(&mut self, more: Self) {
        self.new += more.new;
        self.updated += more.updated;
        self.unchanged += more.unchanged;
        self.older += more.older;
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The list of rejects.
    #[error("The list of rows that were left out could not be written: {0}.")]
    Rejects(io::Error),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Opens the file away from the threads that serve others, since its disk may be slow.
pub(super) async fn open<T, R>(file: R) -> Result<CsvFile<T, R>, ImportError>
where
    T: Record<Key: Send> + Send + 'static,
    R: Read + Send + 'static,
{
    Ok(tokio::task::spawn_blocking(|| CsvFile::open(file)).await.map_err(Internal::new)??)
}

/// Hands the file's rows to `write` batch by batch.
pub(super) async fn pump<T, R>(
    file: CsvFile<T, R>,
    rejects: impl Write + Send + 'static,
    mut write: impl AsyncFnMut(Vec<T>) -> Result<Written, Internal>,
) -> Result<Imported, ImportError>
where
    T: Record<Key: Send> + Send + 'static,
    R: Read + Send + 'static,
{
    let (sender, mut batches) = mpsc::channel(WAITING);
    let reading =
        tokio::task::spawn_blocking(move || read(file, Rejects::new(rejects, T::NAMED_BY), &sender));
    let mut written = Written::default();
    while let Some(batch) = batches.recv().await {
        written += write(batch).await?;
    }
    let rejected = reading.await.map_err(Internal::new)??;
    Ok(Imported { written, rejected })
}

/// Returns how many rows were left out.
fn read<T: Record>(
    file: CsvFile<T, impl Read>,
    mut rejects: Rejects<impl Write>,
    batches: &mpsc::Sender<Vec<T>>,
) -> Result<u64, ImportError> {
    let mut batch = Vec::with_capacity(BATCH);
    for row in file {
        match row? {
            Ok(record) => batch.push(record),
            Err(reject) => rejects.add(&reject).map_err(ImportError::Rejects)?,
        }
        // Nobody receives any more when the database failed: that error is the one to report.
        if batch.len() == BATCH
            && batches.blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err()
        {
            return Ok(rejects.count);
        }
    }
    rejects.finish().map_err(ImportError::Rejects)?;
    if !batch.is_empty() {
        let _ = batches.blocking_send(batch);
    }
    Ok(rejects.count)
}

/// The list of rows that were left out, as CSV. Nothing is written as long as it is empty.
struct Rejects<W: Write> {
    list: csv::Writer<W>,
    /// The heading of the column that names rows.
    named_by: &'static str,
    count: u64,
}

impl<W: Write> Rejects<W> {
    fn new(list: W, named_by: &'static str) -> Self {
        Self { list: csv::Writer::from_writer(list), named_by, count: 0 }
    }

    fn add(&mut self, reject: &Reject) -> io::Result<()> {
        if self.count == 0 {
            self.list.write_record(["line", self.named_by, "reason"])?;
        }
        self.count += 1;
        // People open the list in a spreadsheet, which must not run a cell of somebody's file.
        let is_harmless = reject.named.bytes().all(|byte| byte.is_ascii_digit());
        let named = if is_harmless { reject.named.clone() } else { format!("'{}", reject.named) };
        Ok(self.list.write_record([&reject.line.to_string(), &named, &reject.reason])?)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.list.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_rejects_runs_nothing_in_a_spreadsheet() {
        let mut bytes = Vec::new();
        let mut rejects = Rejects::new(&mut bytes, "URN");
        let reject = |named: &str| Reject {
            line: 7,
            named: named.to_owned(),
            reason: "“a” is no number, nor is “b”.".to_owned(),
        };
        rejects.add(&reject("12069")).unwrap();
        rejects.add(&reject("=cmd()")).unwrap();
        rejects.finish().unwrap();
        drop(rejects);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "line,URN,reason\n7,12069,\"“a” is no number, nor is “b”.\"\n7,'=cmd(),\"“a” is no number, nor is “b”.\"\n"
        );
    }
}
