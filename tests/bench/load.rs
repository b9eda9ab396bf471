//! The load generator: a closed loop of kept-alive connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::http::Connection;

/// What a round of load gave.
#[derive(Debug)]
pub(crate) struct Load {
    /// The time of each answer, ascending.
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl Load {
    /// Answers per second.
    pub(crate) fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a round has far fewer than 2^53 answers")]
        let answers = self.latencies.len() as f64;
        answers / self.elapsed.as_secs_f64()
    }

    /// The time within which a share of the answers came, in milliseconds.
    pub(crate) fn latency_ms(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index of a list that is far shorter than 2^53"
        )]
        let at = ((self.latencies.len() as f64 * share) as usize).min(self.latencies.len() - 1);
        self.latencies[at].as_secs_f64() * 1e3
    }
}

/// Sends the same request on every connection until the time is over.
///
/// # Panics
///
/// When an answer is not 200: a refusal is quick, and would make the figure a lie.
pub(crate) async fn run(address: SocketAddr, request: &[u8], connections: usize, time: Duration) -> Load {
    let request: Arc<[u8]> = request.into();
    let begin = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(ask_until(address, Arc::clone(&request), begin + time)))
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.expect("a connection of the load generator broke"));
    }
    let elapsed = begin.elapsed();
    latencies.sort_unstable();
    Load { latencies, elapsed }
}

async fn ask_until(address: SocketAddr, request: Arc<[u8]>, end: Instant) -> Vec<Duration> {
    let mut connection = Connection::open(address).await.expect("the server accepts a connection");
    let mut latencies = Vec::new();
    let mut sent = Instant::now();
    while sent < end {
        let status = connection.exchange(&request).await.expect("the server answers");
        assert_eq!(status, 200, "the load must be answered");
        let now = Instant::now();
        latencies.push(now - sent);
        sent = now;
    }
    latencies
}
