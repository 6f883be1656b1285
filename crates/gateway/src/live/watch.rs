//! One person following one alliance: what they are told, and when they no longer may.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{
    access::{self, Credential, EnterError, Entered},
    app::{App, Timestamp},
    changes::{Change, Changed},
    error::Internal,
    ids::AllianceId,
    viewer::Viewer,
};
use futures::{Stream, stream};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Interval, MissedTickBehavior, interval},
};

use super::{Heard, Live};

/// How long a person is believed to be still signed in and to hold a role.
const BELIEVED: TimeDelta = TimeDelta::seconds(60);
/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Who follows, for the schema.
pub(crate) struct Following {
    pub(crate) live: Arc<Live>,
    /// What proves who follows: it must outlive the subscription.
    pub(crate) credential: Credential,
}

/// What a follower is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Look at everything: at the beginning, and when something may have been missed.
    Everything(AllianceId),
    /// One thing.
    One(Change),
}

/// Why a follower is told nothing more.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Signed out, or the session or the token is over.
    SignedOut,
    /// No role in the alliance any more.
    NoRole,
    /// A fault on our side.
    Internal(Internal),
}

struct Watch {
    app: App,
    credential: Credential,
    live: Arc<Live>,
    heard: Receiver<Heard>,
    viewer: Viewer,
    checked_at: Timestamp,
    clock: Interval,
    is_new: bool,
    is_over: bool,
}

impl Following {
    /// Everything that `entered` is told from now on.
    pub(crate) fn watch(
        &self,
        app: App,
        entered: Entered,
    ) -> impl Stream<Item = Result<Told, Ended>> + use<> {
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watch = Watch {
            checked_at: app.clock.now(),
            app,
            credential: self.credential.clone(),
            live: Arc::clone(&self.live),
            heard: self.live.heard.subscribe(),
            viewer: entered.viewer,
            clock,
            is_new: true,
            is_over: false,
        };
        stream::unfold(watch, async |mut watch| Some((watch.next().await?, watch)))
    }
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Told, Ended>> {
        if self.is_over {
            return None;
        }
        let told = self.told().await;
        self.is_over = told.is_err();
        Some(told)
    }

    async fn told(&mut self) -> Result<Told, Ended> {
        let everything = Told::Everything(self.viewer.alliance_id());
        if self.is_new {
            self.stands().await?;
            self.is_new = false;
            return Ok(everything);
        }
        loop {
            tokio::select! {
                heard = self.heard.recv() => match heard {
                    Ok(Heard::Changed(changed)) => {
                        if let Some(change) = self.hear(changed).await? {
                            return Ok(Told::One(change));
                        }
                    }
                    Ok(Heard::Missed) | Err(RecvError::Lagged(_)) => {
                        self.check().await?;
                        return Ok(everything);
                    }
                    Err(RecvError::Closed) => return Err(Ended::Internal(Internal::new("live updates ended"))),
                },
                _ = self.clock.tick() => {
                    let age = self.app.clock.now() - self.checked_at;
                    if age >= BELIEVED || age < TimeDelta::zero() {
                        self.check().await?;
                    }
                }
            }
        }
    }

    /// Waits until changes are heard.
    async fn stands(&self) -> Result<(), Ended> {
        let mut stands = self.live.stands.subscribe();
        let waited = stands.wait_for(|stands| *stands).await;
        waited.map(drop).map_err(|_| Ended::Internal(Internal::new("live updates ended")))
    }

    async fn hear(&mut self, changed: Changed) -> Result<Option<Change>, Ended> {
        if changed.alliance_id != self.viewer.alliance_id() {
            return Ok(None);
        }
        // It may be a role, and may be this person's.
        if matches!(changed.change, Change::Person(..)) {
            self.check().await?;
        }
        Ok(changed.is_for(&self.viewer).then_some(changed.change))
    }

    /// Whether the person may still follow, and what they may see now.
    async fn check(&mut self) -> Result<(), Ended> {
        self.checked_at = self.app.clock.now();
        let session = access::identify(&self.app, &self.credential).await.map_err(Ended::Internal)?;
        let session = session.ok_or(Ended::SignedOut)?;
        let entered = access::enter_by_id(&self.app, &session, self.viewer.alliance_id()).await;
        let entered = match entered {
            Ok(entered) => entered,
            // Asked for since: to be let in again they begin anew, and are told.
            Err(EnterError::NeedsSecondStep) => None,
            Err(EnterError::Internal(error)) => return Err(Ended::Internal(error)),
        };
        self.viewer = entered.ok_or(Ended::NoRole)?.viewer;
        Ok(())
    }
}
