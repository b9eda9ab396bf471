//! The load generator: a closed loop of clients, each of whom asks again as soon as the last answer is there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::figures::Load;
use crate::http::Connection;

/// What one connection asks, in turn, and the status that is expected.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) requests: Arc<[Vec<u8>]>,
    pub(crate) status: u16,
}

impl Script {
    pub(crate) fn new(requests: Vec<Vec<u8>>, status: u16) -> Self {
        Self { requests: requests.into(), status }
    }
}

/// Plays each script on a connection of its own until the time is over.
///
/// # Panics
///
/// When an answer has another status: a refusal is quick, and would make the figure a lie.
pub(crate) async fn run(address: SocketAddr, scripts: Vec<Script>, time: Duration) -> Load {
    let begin = Instant::now();
    let tasks = scripts.into_iter().map(|script| ask_until(address, script, begin + time));
    gather(begin, tasks).await
}

/// Runs one task a client and puts their latencies together.
pub(crate) async fn gather<F>(begin: Instant, clients: impl Iterator<Item = F>) -> Load
where
    F: Future<Output = Vec<Duration>> + Send + 'static,
{
    let tasks: Vec<_> = clients.map(tokio::spawn).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.expect("a client of the load generator broke"));
    }
    Load::of(latencies, begin.elapsed())
}

async fn ask_until(address: SocketAddr, script: Script, end: Instant) -> Vec<Duration> {
    let mut connection = Connection::open(address).await.expect("the server accepts a connection");
    let mut latencies = Vec::new();
    let mut sent = Instant::now();
    for request in script.requests.iter().cycle() {
        if sent >= end {
            break;
        }
        let status = connection.exchange(request).await.expect("the server answers");
        assert_eq!(status, script.status, "the load must be answered: {}", connection.body());
        let now = Instant::now();
        latencies.push(now - sent);
        sent = now;
    }
    latencies
}
