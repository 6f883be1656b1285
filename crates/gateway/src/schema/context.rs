//! What one request holds: who asks, and for each alliance it enters one consistent snapshot with its loaders.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{Context, Result};
use chrono::NaiveDate;
use domain::{
    access::{self, Entered},
    alliances::{self, Alliance},
    app::App,
    error::ReadError,
    ids::{AllianceId, MemberId},
    viewer::{Permission, Reading, Viewer},
};
use tokio::sync::Mutex;

use super::{
    batches::{Batch, Batches, Waiting},
    charge::Charge,
    connection::List,
    errors,
};

/// One request.
pub(crate) struct Session {
    app: App,
    signed_in: Option<access::Session>,
    entered: Mutex<HashMap<AllianceId, Arc<Inside>>>,
    charge: Option<Charge>,
    charged: Mutex<HashSet<AllianceId>>,
    batches: Arc<Batches>,
}

impl Session {
    /// `batches` does what the request reads together: whoever executes the request drives it.
    pub(crate) fn new(
        app: App,
        signed_in: Option<access::Session>,
        charge: Option<Charge>,
        batches: Arc<Batches>,
    ) -> Self {
        Self { app, signed_in, entered: Mutex::default(), charge, charged: Mutex::default(), batches }
    }

    /// The session of the request that `ctx` belongs to.
    pub(crate) fn of<'a>(ctx: &Context<'a>) -> &'a Self {
        ctx.data_unchecked()
    }

    /// The signed-in session; `None` for a stranger.
    pub(crate) fn signed_in(&self) -> Option<&access::Session> {
        self.signed_in.as_ref()
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The alliance with this slug. `None` alike when there is none and when the caller holds no role in it.
    pub(crate) async fn enter(&self, slug: &str) -> Result<Option<Arc<Inside>>> {
        let Some(session) = self.signed_in() else { return Ok(None) };
        let entered = access::enter(&self.app, session, slug).await.map_err(errors::enter)?;
        self.inside(entered).await
    }

    /// The alliance with this id, by the same rule.
    pub(crate) async fn enter_by_id(&self, id: AllianceId) -> Result<Option<Arc<Inside>>> {
        let Some(session) = self.signed_in() else { return Ok(None) };
        let entered = access::enter_by_id(&self.app, session, id).await.map_err(errors::enter)?;
        self.inside(entered).await
    }

    /// Enters the alliance to change something. No snapshot is opened before the change, so none is stale after it
    /// and no request holds two connections.
    pub(crate) async fn change(&self, slug: &str) -> Result<Option<Change>> {
        let Some(entered) = self.follow(slug).await? else { return Ok(None) };
        Ok(Some(Change { app: self.app.clone(), entered, batches: Arc::clone(&self.batches) }))
    }

    /// Enters the alliance to be told what changes in it. No snapshot is opened.
    pub(crate) async fn follow(&self, slug: &str) -> Result<Option<Entered>> {
        let Some(session) = self.signed_in() else { return Ok(None) };
        let entered = access::enter(&self.app, session, slug).await.map_err(errors::enter)?;
        if let Some(entered) = &entered {
            self.charge(entered).await?;
        }
        Ok(entered)
    }

    /// Charges an alliance once, however often the request enters it.
    async fn charge(&self, entered: &Entered) -> Result<()> {
        let Some(charge) = &self.charge else { return Ok(()) };
        let id = entered.viewer.alliance_id();
        let mut charged = self.charged.lock().await;
        if !charged.contains(&id) {
            charge.take(id).await?;
            charged.insert(id);
        }
        Ok(())
    }

    async fn inside(&self, entered: Option<Entered>) -> Result<Option<Arc<Inside>>> {
        let Some(entered) = entered else { return Ok(None) };
        self.charge(&entered).await?;
        let mut all = self.entered.lock().await;
        let id = entered.viewer.alliance_id();
        if let Some(inside) = all.get(&id) {
            return Ok(Some(Arc::clone(inside)));
        }
        let inside = Inside::open(self.app.clone(), entered, Arc::clone(&self.batches)).await?;
        if let Some(inside) = &inside {
            all.insert(id, Arc::clone(inside));
        }
        Ok(inside)
    }
}

/// An alliance entered to change something.
pub(crate) struct Change {
    app: App,
    entered: Entered,
    batches: Arc<Batches>,
}

impl Change {
    pub(crate) fn viewer(&self) -> &Viewer {
        &self.entered.viewer
    }

    pub(crate) fn id(&self) -> AllianceId {
        self.entered.viewer.alliance_id()
    }

    /// Makes the payload's object of what was done, in a snapshot that has the change.
    pub(crate) async fn answer<T, O>(
        self,
        done: Result<T, errors::UserError>,
        object: impl AsyncFnOnce(Arc<Inside>, T) -> Result<O>,
    ) -> Result<Result<O, errors::UserError>> {
        match done {
            Err(error) => Ok(Err(error)),
            Ok(value) => {
                let inside = Inside::open(self.app, self.entered, self.batches)
                    .await?
                    .ok_or_else(errors::forbidden)?;
                Ok(Ok(object(inside, value).await?))
            }
        }
    }
}

/// One request inside one alliance.
pub(crate) struct Inside {
    pub(crate) app: App,
    pub(crate) entered: Entered,
    pub(crate) alliance: Alliance,
    /// The alliance's date when the request began.
    pub(crate) today: NaiveDate,
    pub(crate) reading: Arc<Reading>,
    pub(super) waiting: Waiting,
    batches: Arc<Batches>,
}

impl Inside {
    async fn open(app: App, entered: Entered, batches: Arc<Batches>) -> Result<Option<Arc<Self>>> {
        let reading = Arc::new(Reading::new(app.db.clone(), entered.viewer.clone()));
        let alliance = match alliances::alliance(&reading).await {
            Ok(alliance) => alliance,
            // A person whose roles this version does not know sees what a stranger sees.
            Err(ReadError::Forbidden(_)) => return Ok(None),
            Err(ReadError::Internal(error)) => return Err(errors::internal(&error)),
        };
        let today = alliance.date(app.clock.now());
        Ok(Some(Arc::new(Self {
            app,
            entered,
            alliance,
            today,
            reading,
            waiting: Waiting::default(),
            batches,
        })))
    }

    pub(crate) fn viewer(&self) -> &Viewer {
        &self.entered.viewer
    }

    pub(crate) fn id(&self) -> AllianceId {
        self.alliance.id
    }

    /// The public address of a page or a file of this alliance.
    pub(crate) fn address(&self, path: &str) -> String {
        self.app.links.to(&format!("/{}{path}", self.entered.alliance.slug))
    }

    /// The list of this alliance called `name`, to page through.
    pub(crate) fn list(&self, name: &str) -> List<'_> {
        List::new(&self.app.secret, self.id(), name)
    }

    /// Whether the viewer's `permission` reaches a member: a field that is not theirs to see is null.
    pub(crate) fn reaches(&self, permission: Permission, member_id: MemberId) -> bool {
        self.viewer().reach(permission).is_ok_and(|(_, reach)| reach.includes(member_id))
    }

    /// Loads the value of one key together with its siblings' keys, in one statement.
    pub(crate) async fn load<L: Batch>(self: &Arc<Self>, key: L::Key) -> Result<Option<L::Value>> {
        Waiting::load::<L>(self, &self.batches, key).await
    }
}
