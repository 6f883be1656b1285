//! Listening, and draining when told to stop.

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, time::sleep};

use crate::stop::Stop;

/// How long answers under way may take once we are told to stop. Live connections may last for ever; they are
/// cut off then, and their clients come back to another process.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// Why we do not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens there.
    #[error("port {port} is taken by another program: choose another, such as --port {other}")]
    Taken {
        /// The port.
        port: u16,
        /// One that may be free.
        other: u16,
    },
    /// Ports below 1024 are the system's.
    #[error("port {0} is for the system only: choose one above 1023, such as --port 8080")]
    Reserved(u16),
    /// Anything else.
    #[error("cannot listen on {address}: {source}")]
    Io {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Takes the port. Nobody is answered before [`serve`].
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let port = address.port();
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { port, other: port.checked_add(1).unwrap_or(8080) },
        io::ErrorKind::PermissionDenied => ListenError::Reserved(port),
        _ => ListenError::Io { address, source },
    })
}

/// Answers until told to stop, then takes no new connection and finishes the answers under way.
pub async fn serve(listener: TcpListener, router: Router, stop: &Stop) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let drained = axum::serve(listener, service).with_graceful_shutdown(stop.asked.clone().cancelled_owned());
    let patience = async {
        stop.asked.cancelled().await;
        tokio::select! {
            () = sleep(DRAIN_LIMIT) => {}
            () = stop.at_once.cancelled() => {}
        }
    };
    tokio::select! {
        outcome = drained => outcome,
        () = patience => Ok(()),
    }
}
