//! One connection per process hears that work was queued, and wakes the claim loops.

use std::time::Duration;

use domain::{app::App, jobs::queue::Wakeups};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The longest pause between two tries to listen. Meanwhile the claim loops look every second.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Counts wake-ups. A claim loop marks what it has seen before it looks at the queue, so one that comes in between is
/// not lost.
pub(crate) type Wake = watch::Sender<u64>;

/// Listens until `shutdown`, again and again.
pub(crate) async fn listen(app: App, wake: Wake, shutdown: CancellationToken) {
    let mut pause = Duration::from_millis(100);
    let wake = || wake.send_modify(|count| *count = count.wrapping_add(1));
    let listening = async {
        loop {
            let error = match Wakeups::listen(&app).await {
                Ok(mut wakeups) => {
                    // What was queued while nobody listened.
                    wake();
                    pause = Duration::from_millis(100);
                    loop {
                        match wakeups.next().await {
                            Ok(Some(())) => wake(),
                            Ok(None) => break "the connection was lost".to_owned(),
                            Err(error) => break error.detail(),
                        }
                    }
                }
                Err(error) => error.detail(),
            };
            tracing::warn!(error, "not listening for jobs; looking every second");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    };
    shutdown.run_until_cancelled(listening).await;
}
