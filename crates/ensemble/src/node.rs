//! A process that serves: pages and the API, the work behind them, or both.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use domain::{
    app::{App, Clock},
    error::Internal,
};
use gateway::{Gateway, limits::Limits};
use object_store::ObjectStore;
use tokio::{net::TcpListener, pin};
use tokio_util::sync::CancellationToken;
use url::Url;
use web::{Site, SiteOptions};
use worker::{
    RunError, WorkerOptions,
    bodies::{self, Delivery, Deps, Post},
};

use crate::{
    config::{self, Config, ConfigError, Hidden},
    database::{self, Logins, Parts},
    http::{self, ListenError},
    stop::Stop,
    store::{self, StoreError},
    trusted,
};

/// How long those who follow an alliance may take to hear that we stop.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

/// What a serving process holds.
pub struct Node {
    /// The product.
    pub app: App,
    /// Where rendered files are kept.
    pub store: Arc<dyn ObjectStore>,
    /// What the pages show.
    pub site: SiteOptions,
    /// How mails leave.
    pub post: Post,
    /// How people and programs reach us, and how much they may ask for.
    pub http: config::Http,
    /// Where processes count together.
    pub redis: Option<Hidden>,
}

/// Why a process cannot serve, or stopped serving before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The development mailbox would be open to others.
    #[error(
        "without SMTP_URL, mails (sign-in codes too) are shown at /dev/mail to whoever can reach {0}: set SMTP_URL, or \
         listen on this machine only with BIND=127.0.0.1:8080"
    )]
    OpenMailbox(SocketAddr),
    /// Something that the processes of a deployment must share is not named.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database does not answer.
    #[error("the database: {}", .0.detail())]
    Database(#[from] Internal),
    /// The listener for metrics.
    #[error("METRICS_BIND: {0}")]
    Metrics(#[from] ListenError),
    /// What metrics are recorded with.
    #[error("metrics cannot be recorded: {0}")]
    Recorder(#[from] gateway::metrics::BuildError),
    /// Where limits are counted.
    #[error("REDIS_URL cannot be used: {0}")]
    Redis(#[from] redis::RedisError),
    /// The connection to the network.
    #[error("the web server ended: {0}")]
    Http(#[from] io::Error),
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] mail::SmtpUrlError),
    /// The worker.
    #[error("the worker ended: {0}")]
    Worker(#[from] RunError),
}

/// What the pages show on `address`: the development mailbox only to whoever sits at this machine.
pub fn site_options(config: &Config, address: SocketAddr) -> Result<SiteOptions, NodeError> {
    match &config.mail.smtp {
        Some(_) => Ok(SiteOptions::Production),
        None if address.ip().is_loopback() => Ok(SiteOptions::Development),
        None => Err(NodeError::OpenMailbox(address)),
    }
}

/// How mails leave, and from whom.
pub fn post(config: &Config) -> Result<Post, NodeError> {
    let delivery = match &config.mail.smtp {
        Some(url) => Delivery::Smtp(mail::Smtp::from_url(url.expose())?),
        None => Delivery::DevelopmentMailbox,
    };
    // The name before the address is the alliance's own, mail by mail.
    let from = config.mail.from.rsplit('<').next().unwrap_or_default().trim_end_matches('>').trim();
    Ok(Post { from: from.to_owned(), delivery })
}

/// A process of a deployment of several: everything that they share is named by the environment.
pub async fn open_shared(config: &Config) -> Result<Node, NodeError> {
    let address = config.http.bind;
    let site = site_options(config, address)?;
    let logins = Logins::given(config).ok_or_else(Config::no_database)?;
    let base_url = config.http.base_url.as_ref().map_or_else(|| format!("http://{address}"), Url::to_string);
    let parts = Parts {
        clock: Clock::system(),
        base_url: &base_url,
        secret_key: config.secret_key()?,
        max_connections: config.max_connections,
    };
    let store = store::open_url(config.store()?)?;
    let app = database::connect(&logins, parts).await?;
    let (post, http, redis) = (post(config)?, config.http.clone(), config.redis.clone());
    Ok(Node { app, store, site, post, http, redis })
}

/// Records metrics and shows them, with the health of this process, where the environment says; for as long as the
/// process runs.
pub async fn show_metrics(node: &Node) -> Result<(), NodeError> {
    let Some(address) = node.http.metrics else { return Ok(()) };
    gateway::metrics::record()?;
    let listener = http::listen(address).await?;
    let address = listener.local_addr()?;
    let router = gateway::metrics::router(node.app.clone());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics are no longer shown");
        }
    });
    tracing::info!(%address, "showing metrics");
    Ok(())
}

/// Pages and the API, until told to stop.
pub async fn serve(node: &Node, listener: TcpListener, stop: &Stop) -> Result<(), NodeError> {
    let gateway = gateway(node)?;
    let pages = web::router(Site::new(gateway.clone(), node.site));
    let router = gateway::around(gateway::router(gateway.clone()).merge(pages), &gateway);
    let live = async {
        tokio::select! {
            () = gateway.listen() => {}
            () = stop.asked.cancelled() => gateway.close(CLOSE_LIMIT).await,
        }
    };
    tokio::join!(http::serve(listener, router, stop), live);
    Ok(())
}

fn gateway(node: &Node) -> Result<Gateway, NodeError> {
    let limits = match &node.redis {
        Some(url) => Limits::in_redis(node.http.allowances, url.expose())?,
        None => Limits::in_process(node.http.allowances),
    };
    Ok(Gateway::new(node.app.clone(), node.store.clone())
        .with_limits(limits)
        .trusting(trusted::DOCUMENTS)
        .behind(node.http.proxies))
}

/// The work, until told to stop; then what is under way is finished or given back.
pub async fn work(node: &Node, stop: CancellationToken) -> Result<(), NodeError> {
    let deps = Deps {
        store: node.store.clone(),
        renderer: Arc::new(documents::Renderer::new()),
        post: node.post.clone(),
    };
    worker::run(node.app.clone(), deps, bodies::registry(), WorkerOptions::default(), stop).await?;
    Ok(())
}

/// Both, until told to stop: first nobody is answered any more, and then the work that the last answers
/// caused is brought to an end.
pub async fn serve_and_work(node: &Node, listener: TcpListener, stop: &Stop) -> Result<(), NodeError> {
    let stop_work = CancellationToken::new();
    let working = work(node, stop_work.clone());
    pin!(working);
    let served = tokio::select! {
        served = serve(node, listener, stop) => served,
        worked = &mut working => return worked,
    };
    stop_work.cancel();
    let worked = tokio::select! {
        worked = working => worked,
        // Leases run out, and the jobs run again at the next start.
        () = stop.at_once.cancelled() => Ok(()),
    };
    served.and(worked)
}
