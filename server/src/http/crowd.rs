//! How many connections one address may have open, and what those hear that are too many.
//!
//! Counted by peer, as a connection has no other client yet. Trusted proxies are not counted: they stand for many.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::client_ip::limit_key;
use super::slots::{Slot, Slots};
use crate::config::Config;

/// Refusals that are explained at the same time; beyond them connections are closed without a word.
const EXPLAINED_AT_ONCE: usize = 16;
/// How long the explanation may take to be read.
const PATIENCE: Duration = Duration::from_secs(1);
/// What of a refused client's request is read, so that closing does not cut the explanation off.
const READ_MAX: usize = 16 * 1024;

const REFUSAL: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nconnection: close\r\n\
    retry-after: 5\r\ncontent-length: 152\r\n\r\n\
    {\"error\":\"too_many_connections\",\"code\":\"too_many_connections\",\
    \"message\":\"There are too many connections from your address; close some, then try again.\"}";

/// The connections of each address.
#[derive(Debug)]
pub(super) struct Crowd {
    slots: Slots<u128>,
    trusted_proxies: Vec<IpNet>,
    explaining: Arc<Semaphore>,
}

/// A connection's place among those of its address; none for trusted proxies.
pub(super) type Place = Option<Slot<u128>>;

impl Crowd {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            slots: Slots::new(config.limits.connections_per_address),
            trusted_proxies: config.trusted_proxies.clone(),
            explaining: Arc::new(Semaphore::new(EXPLAINED_AT_ONCE)),
        }
    }

    /// Takes a place for a connection, or refuses it and gives nothing.
    pub(super) fn enter(&self, socket: TcpStream, peer: IpAddr) -> Option<(TcpStream, Place)> {
        let peer = peer.to_canonical();
        if self.trusted_proxies.iter().any(|net| net.contains(&peer)) {
            return Some((socket, None));
        }
        if let Some(slot) = self.slots.take(limit_key(peer)) {
            return Some((socket, Some(slot)));
        }
        metrics::counter!("postfun_connections_refused_total").increment(1);
        if let Ok(permit) = Arc::clone(&self.explaining).try_acquire_owned() {
            tokio::spawn(async move {
                // Whoever does not take the explanation in time goes without.
                let _ = tokio::time::timeout(PATIENCE, explain(socket)).await;
                drop(permit);
            });
        }
        None
    }
}

/// Says why, and waits for the client to close first.
async fn explain(mut socket: TcpStream) -> std::io::Result<()> {
    socket.write_all(REFUSAL.as_bytes()).await?;
    socket.shutdown().await?;
    let mut rest = [0; 1_024];
    let mut total = 0;
    while total < READ_MAX {
        match socket.read(&mut rest).await? {
            0 => break,
            read => total += read,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::REFUSAL;

    #[test]
    fn the_refusal_is_as_long_as_it_says_and_is_json() {
        let (head, body) = REFUSAL.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{}", body.len());
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "too_many_connections");
    }
}
