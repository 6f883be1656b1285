//! Listening, and draining when told to stop.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::{net::TcpListener, time::sleep};
use tower::ServiceExt;

use crate::stop::Stop;

/// How long answers under way may take once we are told to stop. Live connections may last for ever; they are
/// cut off then, and their clients come back to another process.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How long a client may take to send the head of a request, and a connection may wait for its next one: whoever opens
/// many and sends little holds nothing for long.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

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
pub async fn serve(listener: TcpListener, router: Router, stop: &Stop) {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_LIMIT);
    let open = GracefulShutdown::new();
    while let Some(accepted) = stop.asked.run_until_cancelled(listener.accept()).await {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // The client has gone, or this process has too many files open: the next attempt tells.
                tracing::warn!(%error, "a connection could not be taken");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let router = router.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(address));
            router.clone().oneshot(request)
        });
        let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), answer).into_owned();
        let connection = open.watch(connection);
        // What ends a connection is its client's matter.
        tokio::spawn(async move { connection.await.ok() });
    }
    drop(listener);
    tokio::select! {
        () = open.shutdown() => {}
        () = sleep(DRAIN_LIMIT) => {}
        () = stop.at_once.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn the_answer_under_way_is_finished_and_no_other_is_begun() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Stop { asked: CancellationToken::new(), at_once: CancellationToken::new() };
        let begun = CancellationToken::new();
        let told = begun.clone();
        let slow = get(async move |ConnectInfo(from): ConnectInfo<SocketAddr>| {
            told.cancel();
            sleep(Duration::from_millis(200)).await;
            from.ip().to_string()
        });
        let serving = tokio::spawn({
            let stop = stop.clone();
            async move { serve(listener, Router::new().route("/", slow), &stop).await }
        });
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.unwrap();
        begun.cancelled().await;
        stop.asked.cancel();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
