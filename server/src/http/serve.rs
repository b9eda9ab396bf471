//! The accept loop.
//!
//! It is our own because the framework's has no bound on connections, on the time a head may take, or on the memory of a
//! connection.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::connection::Connection;
use super::crowd::{Crowd, Place};
use crate::config::Config;

/// Largest head of a request, and the buffer a connection may grow to, in bytes.
const BUFFER_BYTES_MAX: usize = 8 * 1024;

/// Headers in one request, at most.
const HEADERS_MAX: usize = 64;

/// How long answers under way may take once the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Pause after a failed accept, which otherwise fails again at once when the process has too many files open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// File descriptors kept free for the database, logs and files.
const RESERVED_FILES: u64 = 64;

/// Serves until `shutdown` completes, then lets answers under way finish for at most ten seconds.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    config: &Config,
    shutdown: impl Future<Output = ()>,
) {
    let connections_max = connections_max(config.limits.connections_max);
    let slots = Arc::new(Semaphore::new(connections_max));
    let crowd = Crowd::new(config);
    let write_patience = Duration::from_millis(config.limits.write_timeout_ms);
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.limits.header_timeout_ms))
        .max_buf_size(BUFFER_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok(Some((socket, peer, slot))) => {
                let Some((socket, place)) = crowd.enter(socket, peer.ip()) else { continue };
                // Answers are written whole, so waiting for more to send only delays them.
                let _ = socket.set_nodelay(true);
                let socket = Connection::new(socket, write_patience);
                let client = Client { socket, peer, slot, place, watcher: graceful.watcher() };
                tokio::spawn(client.run(protocol.clone(), router.clone()));
            }
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    let address = listener.local_addr().map(|at| at.to_string()).unwrap_or_default();
    drop(listener);
    let busy = connections_max - slots.available_permits();
    tracing::info!(address, connections = busy, "no longer listening; answers under way may finish");
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not finish in time and are cut");
    }
}

/// Waits for a free slot and then for a connection; none means that slots are no longer given.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)>> {
    let Ok(slot) = Arc::clone(slots).acquire_owned().await else { return Ok(None) };
    let (socket, peer) = listener.accept().await?;
    Ok(Some((socket, peer, slot)))
}

/// One accepted connection.
struct Client {
    socket: Connection,
    peer: SocketAddr,
    slot: OwnedSemaphorePermit,
    place: Place,
    watcher: Watcher,
}

impl Client {
    /// Answers the requests of a connection until it ends.
    async fn run(self, protocol: http1::Builder, router: Router) {
        let Self { socket, peer, slot, place, watcher } = self;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request)
        });
        let io = TokioIo::new(socket);
        if let Err(error) = watcher.watch(protocol.serve_connection(io, service)).await {
            // Clients that vanish or send no HTTP are everyday life.
            tracing::debug!(%error, "a connection ended early");
        }
        drop((place, slot));
    }
}

/// Raises the process's own bound on open files as far as it may, and keeps connections below it.
fn connections_max(wanted: usize) -> usize {
    let allowed = raise_open_files().saturating_sub(RESERVED_FILES).max(1);
    let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
    if wanted > allowed {
        tracing::warn!(
            wanted,
            allowed,
            "fewer connections than configured: the limit on open files is lower"
        );
    }
    wanted.min(allowed)
}

/// Returns how many files the process may have open.
fn raise_open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current };
    now.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::path::Path;
    use std::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use futures_util::future::join_all;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::serve;
    use crate::config::Config;
    use crate::http::{ClientIp, stack};

    struct Server {
        at: SocketAddr,
        stop: oneshot::Sender<()>,
        task: JoinHandle<()>,
    }

    async fn start(change: impl FnOnce(&mut Config)) -> Server {
        let mut config = Config::for_tests(Path::new("/nowhere"));
        change(&mut config);
        let router = Router::new()
            .route("/ip", get(async |ClientIp(ip): ClientIp| ip.to_string()))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_millis(200)).await));
        let router = stack(router, &config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            serve(router, listener, &config, async {
                let _ = stopped.await;
            })
            .await;
        });
        Server { at, stop, task }
    }

    async fn ask(at: SocketAddr, path: &str) -> TcpStream {
        let mut socket = TcpStream::connect(at).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        socket
    }

    async fn rest(mut socket: TcpStream) -> String {
        let mut text = String::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), socket.read_to_string(&mut text)).await.unwrap();
        text
    }

    #[tokio::test]
    async fn requests_are_answered_and_know_their_peer() {
        let server = start(|config| config.limits.header_timeout_ms = 300).await;
        let text = rest(ask(server.at, "/ip").await).await;
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("127.0.0.1"), "{text}");
    }

    #[tokio::test]
    async fn a_client_that_never_finishes_its_head_is_dropped() {
        let server = start(|config| config.limits.header_timeout_ms = 100).await;
        let mut socket = TcpStream::connect(server.at).await.unwrap();
        socket.write_all(b"GET /ip HTTP/1.1\r\nhost:").await.unwrap();
        assert!(!rest(socket).await.contains("200"));
    }

    #[tokio::test]
    async fn connections_beyond_the_bound_wait_for_their_turn() {
        let server = start(|config| {
            config.limits.connections_max = 1;
            config.limits.header_timeout_ms = 200;
        })
        .await;
        let idle = TcpStream::connect(server.at).await.unwrap();
        let second = ask(server.at, "/ip").await;
        let mut byte = [0];
        let early = tokio::time::timeout(Duration::from_millis(50), second.peek(&mut byte)).await;
        assert!(early.is_err());
        drop(idle);
        assert!(rest(second).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn one_address_has_so_many_connections_and_hears_why() {
        let server = start(|config| {
            config.limits.connections_per_address = Some(2);
            config.limits.header_timeout_ms = 2_000;
        })
        .await;
        let (first, _second) =
            (TcpStream::connect(server.at).await.unwrap(), TcpStream::connect(server.at).await.unwrap());
        let refused = rest(ask(server.at, "/ip").await).await;
        assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("\r\nretry-after: "), "{refused}");
        assert!(refused.contains("\"code\":\"too_many_connections\""), "{refused}");
        // Far more than are explained at a time: none of them takes a place from anybody.
        let crowd: Vec<TcpStream> =
            join_all((0..100).map(async |_| TcpStream::connect(server.at).await.unwrap())).await;
        drop((first, crowd));
        let answer = loop {
            let answer = rest(ask(server.at, "/ip").await).await;
            if answer.starts_with("HTTP/1.1 200") {
                break answer;
            }
        };
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn a_trusted_proxy_has_as_many_connections_as_it_needs() {
        let server = start(|config| {
            config.limits.connections_per_address = Some(1);
            config.limits.header_timeout_ms = 300;
            config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let _first = TcpStream::connect(server.at).await.unwrap();
        assert!(rest(ask(server.at, "/ip").await).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn stopping_lets_an_answer_under_way_finish() {
        let server = start(|_| {}).await;
        let socket = ask(server.at, "/slow").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.stop.send(()).unwrap();
        assert!(rest(socket).await.starts_with("HTTP/1.1 200"));
        server.task.await.unwrap();
        assert!(TcpStream::connect(server.at).await.is_err());
    }
}
