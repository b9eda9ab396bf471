//! Server-sent events as a client reads them, without a socket.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderValue, Method};
use futures_util::StreamExt;
use serde_json::Value;

use crate::client::Client;

/// How long a test waits for something to happen; nothing should ever take as long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is being read.
#[derive(Debug)]
pub struct EventStream {
    body: BodyDataStream,
    text: String,
}

/// An event that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// What it is called.
    pub name: String,
    /// Its id; empty when it has none.
    pub id: String,
    /// What it says.
    pub data: Value,
}

impl EventStream {
    /// Opens a stream, perhaps where an earlier one left off.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn open(client: &Client, path: &str, last_event_id: Option<&str>) -> Self {
        let mut request = client.request(Method::GET, path, Body::empty());
        if let Some(id) = last_event_id {
            request
                .headers_mut()
                .insert("last-event-id", HeaderValue::from_str(id).expect("an id is visible ASCII"));
        }
        let response = client.send_for_bytes(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Reads the next event; none when the server ends the stream.
    ///
    /// # Panics
    ///
    /// When nothing happens for a long time.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let read = read(event);
                let end = self.text.len() - rest.len();
                self.text.drain(..end);
                if read.is_some() {
                    return read;
                }
            }
            let piece = tokio::time::timeout(PATIENCE, self.body.next()).await;
            let piece =
                piece.expect("something happens in time")?.expect("an in-process body does not break");
            self.text.push_str(std::str::from_utf8(&piece).expect("a stream is text"));
        }
    }

    /// Reads on until an event of this name.
    ///
    /// # Panics
    ///
    /// When the stream ends before.
    pub async fn next_named(&mut self, name: &str) -> StreamEvent {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if event.name == name {
                return event;
            }
        }
    }

    /// Whether nothing arrives for a while; for what must not come.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.next()).await.is_err()
    }
}

/// Reads an event; comments are none.
fn read(event: &str) -> Option<StreamEvent> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let name = field("event: ")?.to_owned();
    let data = field("data: ").and_then(|data| serde_json::from_str(data).ok()).expect("data is JSON");
    Some(StreamEvent { name, id: field("id: ").unwrap_or_default().to_owned(), data })
}
