//! Being told to stop: by Ctrl-C, by a service manager, or by the terminal going away.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How far stopping has got. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Cancelled by the first signal: finish what is under way.
    pub asked: CancellationToken,
    /// Cancelled by the second: wait for nothing more but the database.
    pub at_once: CancellationToken,
}

/// From here on, signals no longer end the process: it ends when what waits for [`Stop`] has finished.
pub fn listen() -> io::Result<Stop> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let stop = Stop { asked: CancellationToken::new(), at_once: CancellationToken::new() };
    let told = stop.clone();
    tokio::spawn(async move {
        for token in [told.asked, told.at_once] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(stop)
}
