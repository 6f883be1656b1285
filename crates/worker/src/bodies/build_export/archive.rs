//! A zip file that is written into the store while it is made.

use std::{
    io::{self, Write},
    sync::Arc,
};

use chrono::{Datelike, Timelike};
use domain::alliances::exports::OpenExport;
use object_store::{ObjectStore, ObjectStoreExt, buffered::BufWriter, path::Path};
use tokio::{
    runtime::Handle,
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};
use tokio_util::io::SyncIoBridge;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::JobError;

/// Pieces that wait to be compressed: few, so that whoever reads waits for whoever writes.
const WAITING: usize = 4;

enum Piece {
    /// From here on it is this file.
    File(String),
    Bytes(Vec<u8>),
    End,
}

/// A zip file under way. Dropped before [`Archive::finish`], it leaves nothing in the store.
pub(super) struct Archive {
    pieces: mpsc::Sender<Piece>,
    writing: JoinHandle<io::Result<()>>,
    store: Arc<dyn ObjectStore>,
    key: Path,
}

impl Archive {
    /// Its files are dated with the moment of the export, by the alliance's clock.
    pub(super) fn begin(store: Arc<dyn ObjectStore>, export: &OpenExport) -> Self {
        let key = Path::from(export.store_key.as_str());
        let taken_at = export.taken_at.with_timezone(&export.alliance.terms.timezone);
        // Two digits at the most, and a year of this century.
        let part = |number: u32| u8::try_from(number).unwrap_or_default();
        let dated = DateTime::from_date_and_time(
            u16::try_from(taken_at.year()).unwrap_or_default(),
            part(taken_at.month()),
            part(taken_at.day()),
            part(taken_at.hour()),
            part(taken_at.minute()),
            part(taken_at.second()),
        );
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(dated.unwrap_or_default());
        let upload = BufWriter::new(store.clone(), key.clone());
        let (pieces, received) = mpsc::channel(WAITING);
        let writing = spawn_blocking(move || write(upload, options, received));
        Self { pieces, writing, store, key }
    }

    /// Begins a file.
    pub(super) async fn file(&mut self, name: &str) -> Result<(), JobError> {
        self.send(Piece::File(name.to_owned())).await
    }

    /// Adds to the file that was begun last.
    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), JobError> {
        self.send(Piece::Bytes(bytes)).await
    }

    async fn send(&mut self, piece: Piece) -> Result<(), JobError> {
        match self.pieces.send(piece).await {
            Ok(()) => Ok(()),
            // The other side ends early for a fault only.
            Err(_) => Err(self.fault().await),
        }
    }

    async fn fault(&mut self) -> JobError {
        match (&mut self.writing).await {
            Ok(Err(error)) => JobError::Retry(format!("the file store: {error}")),
            Ok(Ok(())) => JobError::Retry("the zip file ended early".into()),
            Err(error) => JobError::Retry(error.to_string()),
        }
    }

    /// Puts the whole file into the store. Returns its size.
    pub(super) async fn finish(mut self) -> Result<u64, JobError> {
        self.send(Piece::End).await?;
        match (&mut self.writing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(JobError::Retry(format!("the file store: {error}"))),
            Err(error) => return Err(JobError::Retry(error.to_string())),
        }
        let stored = self.store.head(&self.key).await;
        stored.map(|stored| stored.size).map_err(|error| JobError::Retry(format!("the file store: {error}")))
    }
}

/// Compresses what it receives, on a thread that may block.
fn write(upload: BufWriter, options: SimpleFileOptions, mut pieces: mpsc::Receiver<Piece>) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(SyncIoBridge::new(upload));
    let mut is_whole = false;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::File(name) => zip.start_file(name, options)?,
            Piece::Bytes(bytes) => zip.write_all(&bytes)?,
            Piece::End => {
                is_whole = true;
                break;
            }
        }
    }
    let mut upload = zip.finish()?.into_inner();
    if is_whole {
        return upload.shutdown();
    }
    // Whoever read was stopped.
    Ok(Handle::current().block_on(upload.into_inner().abort())?)
}
