//! What one request holds: who asks, and for each alliance it enters one consistent snapshot with its loaders.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Duration};

use async_graphql::{
    Context, Error, Result,
    dataloader::{DataLoader, Loader},
};
use chrono::NaiveDate;
use domain::{
    access::{self, Account, Entered},
    alliances::{self, Alliance},
    app::App,
    error::ReadError,
    ids::{AllianceId, MemberId},
    viewer::{Permission, Reading, Viewer},
};
use tokio::sync::Mutex;

use super::errors;

/// Long enough to gather the keys of one level, short beside any statement. The statement counts in `tests/it` prove
/// that it still batches.
const GATHER: Duration = Duration::from_micros(50);

/// One request.
pub(crate) struct Session {
    app: App,
    account: Option<Account>,
    entered: Mutex<HashMap<AllianceId, Arc<Inside>>>,
}

impl Session {
    pub(crate) fn new(app: App, account: Option<Account>) -> Self {
        Self { app, account, entered: Mutex::default() }
    }

    /// The session of the request that `ctx` belongs to.
    pub(crate) fn of<'a>(ctx: &Context<'a>) -> &'a Self {
        ctx.data_unchecked()
    }

    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The alliance with this slug. `None` alike when there is none and when the caller holds no role in it.
    pub(crate) async fn enter(&self, slug: &str) -> Result<Option<Arc<Inside>>> {
        let Some(account) = &self.account else { return Ok(None) };
        let entered =
            access::enter(&self.app, account, slug).await.map_err(|error| errors::internal(&error))?;
        self.inside(entered).await
    }

    /// The alliance with this id, by the same rule.
    pub(crate) async fn enter_by_id(&self, id: AllianceId) -> Result<Option<Arc<Inside>>> {
        let Some(account) = &self.account else { return Ok(None) };
        let entered =
            access::enter_by_id(&self.app, account, id).await.map_err(|error| errors::internal(&error))?;
        self.inside(entered).await
    }

    /// Enters the alliance to change something. No snapshot is opened before the change, so none is stale after it
    /// and no request holds two connections.
    pub(crate) async fn change(&self, slug: &str) -> Result<Option<Change>> {
        let Some(account) = &self.account else { return Ok(None) };
        let entered =
            access::enter(&self.app, account, slug).await.map_err(|error| errors::internal(&error))?;
        Ok(entered.map(|entered| Change { app: self.app.clone(), entered }))
    }

    async fn inside(&self, entered: Option<Entered>) -> Result<Option<Arc<Inside>>> {
        let Some(entered) = entered else { return Ok(None) };
        let mut all = self.entered.lock().await;
        let id = entered.viewer.alliance_id();
        if let Some(inside) = all.get(&id) {
            return Ok(Some(Arc::clone(inside)));
        }
        let inside = Inside::open(self.app.clone(), entered).await?;
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
                let inside = Inside::open(self.app, self.entered).await?.ok_or_else(errors::forbidden)?;
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
    loaders: Loaders,
}

impl Inside {
    async fn open(app: App, entered: Entered) -> Result<Option<Arc<Self>>> {
        let reading = Arc::new(Reading::new(app.db.clone(), entered.viewer.clone()));
        let alliance = match alliances::alliance(&reading).await {
            Ok(alliance) => alliance,
            // A person whose roles this version does not know sees what a stranger sees.
            Err(ReadError::Forbidden(_)) => return Ok(None),
            Err(ReadError::Internal(error)) => return Err(errors::internal(&error)),
        };
        let today = alliance.date(app.clock.now());
        Ok(Some(Arc::new(Self { app, entered, alliance, today, reading, loaders: Loaders::default() })))
    }

    pub(crate) fn viewer(&self) -> &Viewer {
        &self.entered.viewer
    }

    pub(crate) fn id(&self) -> AllianceId {
        self.alliance.id
    }

    /// Whether the viewer's `permission` reaches a member: a field that is not theirs to see is null.
    pub(crate) fn reaches(&self, permission: Permission, member_id: MemberId) -> bool {
        self.viewer().reach(permission).is_ok_and(|(_, reach)| reach.includes(member_id))
    }

    /// Loads the value of one key together with its siblings' keys, in one statement.
    pub(crate) async fn load<L>(self: &Arc<Self>, key: L::Key) -> Result<Option<L::Value>>
    where
        L: Batch,
    {
        let loader = self.loaders.get::<L>(self);
        loader.load_one(key).await
    }
}

/// A read of many keys at once.
pub(crate) trait Batch: Send + Sync + 'static {
    type Key: Hash + Eq + Clone + Send + Sync + 'static;
    type Value: Clone + Send + Sync + 'static;

    /// Reads all the keys; those without a value are left out.
    fn read(
        inside: &Inside,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, ReadError>> + Send;
}

/// A [`Batch`] for async-graphql's loader. Holds what a read needs, so that the loaders within [`Inside`] do not keep
/// it alive for ever.
pub(crate) struct BatchLoader<L> {
    inside: std::sync::Weak<Inside>,
    batch: std::marker::PhantomData<fn() -> L>,
}

impl<L: Batch> Loader<L::Key> for BatchLoader<L> {
    type Value = L::Value;
    type Error = Error;

    async fn load(&self, keys: &[L::Key]) -> Result<HashMap<L::Key, L::Value>> {
        let Some(inside) = self.inside.upgrade() else { return Ok(HashMap::new()) };
        L::read(&inside, keys).await.map_err(errors::read)
    }
}

/// The request's loaders, made when first used.
#[derive(Default)]
struct Loaders(std::sync::Mutex<HashMap<std::any::TypeId, Arc<dyn std::any::Any + Send + Sync>>>);

impl Loaders {
    fn get<L: Batch>(&self, inside: &Arc<Inside>) -> Arc<DataLoader<BatchLoader<L>>> {
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let make = || {
            let loader = BatchLoader::<L> { inside: Arc::downgrade(inside), batch: std::marker::PhantomData };
            let loader = DataLoader::new(loader, tokio::spawn).delay(GATHER);
            Arc::new(loader) as Arc<dyn std::any::Any + Send + Sync>
        };
        let found = Arc::clone(all.entry(std::any::TypeId::of::<L>()).or_insert_with(make));
        // The map is keyed by the type, so what is found is of it.
        found.downcast().unwrap_or_else(|_| unreachable!("loaders are kept by their type"))
    }
}
