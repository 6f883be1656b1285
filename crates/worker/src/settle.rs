//! Writes outcomes in batches, and keeps the leases of everything held.

use std::{sync::Arc, time::Duration, time::Instant};

use domain::{
    app::App,
    jobs::queue::{self, Lease, Outcome},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    held::{Held, Timing},
    metrics,
};

/// The most outcomes of one statement.
const MAX_BATCH: usize = 500;
/// The pause before an outcome that could not be written is tried again.
const PAUSE: Duration = Duration::from_millis(250);
/// The pause before leases that could not be renewed are tried again.
const RENEW_PAUSE: Duration = Duration::from_secs(1);

/// Writes outcomes as they come: whatever gathers while one statement runs is the next batch. After `closing`, what is
/// left is written, then it ends.
pub(crate) async fn settle_loop(
    (app, held): (App, Arc<Held>),
    mut outcomes: mpsc::UnboundedReceiver<(Lease, Outcome)>,
    closing: CancellationToken,
) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    loop {
        tokio::select! {
            biased;
            received = outcomes.recv_many(&mut batch, MAX_BATCH) => if received == 0 { return },
            () = closing.cancelled(), if !outcomes.is_closed() => {
                outcomes.close();
                continue;
            }
        }
        let settled = loop {
            match queue::settle(&app, &batch).await {
                Ok(settled) => break settled,
                // The work is done: not to say so would do it again.
                Err(error) => {
                    tracing::warn!(
                        error = error.detail(),
                        outcomes = batch.len(),
                        "outcomes wait to be written"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        held.remove(batch.iter().map(|(lease, _)| lease));
        let lost = u64::try_from(batch.len()).unwrap_or(u64::MAX).saturating_sub(settled);
        if lost > 0 {
            tracing::warn!(lost, "outcomes came after their lease was lost, and do not count");
            metrics::outcomes_lost(lost);
        }
        batch.clear();
    }
}

/// Renews everything held until `closing`. It runs on the same threads as the bodies: when bodies block all of them,
/// nothing is renewed, and other processes take the work.
pub(crate) async fn renew_loop((app, held): (App, Arc<Held>), timing: Timing, closing: CancellationToken) {
    let mut pause = timing.renew_every;
    while closing.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = timing.renew_every;
        let leases = held.leases();
        if leases.is_empty() {
            continue;
        }
        let safe_until = Instant::now() + timing.lease;
        match queue::renew(&app, &leases, timing.lease).await {
            Ok(renewed) => held.renewed(&leases, &renewed, safe_until),
            Err(error) => {
                tracing::warn!(error = error.detail(), leases = leases.len(), "leases could not be renewed");
                pause = RENEW_PAUSE.min(timing.renew_every);
            }
        }
    }
}
