//! The one connection that hears changes for the whole process.

use std::time::Duration;

use domain::changes::Changes;

use super::Heard;
use crate::Gateway;

/// The longest pause between two tries to listen.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Hears what is committed, again and again, until the gateway is closed.
pub(crate) async fn listen(gateway: &Gateway) {
    let live = &gateway.live;
    let mut pause = Duration::from_millis(100);
    let listening = async {
        loop {
            let error = match Changes::listen(&gateway.app).await {
                Ok(mut committed) => {
                    pause = Duration::from_millis(100);
                    live.stands.send_replace(true);
                    // Nobody minds when no one follows.
                    let _ = live.heard.send(Heard::Missed);
                    loop {
                        match committed.next().await {
                            Ok(Some(changed)) => drop(live.heard.send(Heard::Changed(changed))),
                            Ok(None) => break "the connection was lost".to_owned(),
                            Err(error) => break error.detail(),
                        }
                    }
                }
                Err(error) => error.detail(),
            };
            live.stands.send_replace(false);
            tracing::warn!(error, "not listening for changes");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    };
    live.stop.run_until_cancelled(listening).await;
}
