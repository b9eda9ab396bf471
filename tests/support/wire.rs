//! As little HTTP/1.1 over a real socket as drills need: a kept-alive connection, and an event stream.
//!
//! Every failure is an [`io::Error`], because in a drill the server may be gone at any byte; only what no fault explains
//! is a panic.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::Answer;

/// The largest answer that is read, in bytes.
const ANSWER_MAX: usize = 1024 * 1024;
/// What the system holds for a client that takes little at a time, in bytes.
const NARROW: u32 = 4_096;
/// How long the server may be silent while an answer is awaited; longer than any of its own patience.
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// A kept-alive connection.
#[derive(Debug)]
pub struct Wire {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, buffer: Vec::new() })
    }

    /// As [`Wire::open`], for a client for whom little waits unread on its own side.
    ///
    /// # Errors
    ///
    /// When nobody listens there.
    pub async fn open_narrow(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW)?;
        Ok(Self { socket: socket.connect(address).await?, buffer: Vec::new() })
    }

    /// Sends a request, written by [`request`], and waits for its whole answer.
    ///
    /// # Errors
    ///
    /// When the connection ends before the answer does; then it is not known what the server did.
    pub async fn ask(&mut self, request: &str) -> io::Result<Answer> {
        self.send(request).await?;
        let head_len = self.head_len().await?;
        let (status, headers) = read_head(&self.buffer[..head_len])?;
        let body_len = headers.get("content-length").and_then(|text| text.to_str().ok()?.parse().ok());
        let body_len: usize = body_len.ok_or_else(|| io::Error::other("no content-length"))?;
        while self.buffer.len() < head_len + body_len {
            self.read_more().await?;
        }
        let rest = self.buffer.split_off(head_len + body_len);
        let body = self.buffer.split_off(head_len);
        self.buffer = rest;
        Ok(Answer { status, headers, text: String::from_utf8(body).map_err(io::Error::other)? })
    }

    /// Sends a request and leaves its answer unread.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send(&mut self, request: &str) -> io::Result<()> {
        self.socket.write_all(request.as_bytes()).await
    }

    async fn head_len(&mut self) -> io::Result<usize> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                return Ok(at + 4);
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        assert!(self.buffer.len() < ANSWER_MAX, "the answer has no end");
        let read = tokio::time::timeout(SILENCE_MAX, self.socket.read_buf(&mut self.buffer)).await;
        match read.expect("the server answers within a minute")? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Sends one request on a connection of its own.
///
/// # Errors
///
/// As [`Wire::open`] and [`Wire::ask`].
pub async fn ask(address: SocketAddr, request: &str) -> io::Result<Answer> {
    Wire::open(address).await?.ask(request).await
}

/// Writes a request down; `headers` are whole lines.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[String], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if method != "GET" {
        text.push_str("content-type: application/json\r\ncontent-length: ");
        text.push_str(&body.len().to_string());
        text.push_str("\r\n");
    }
    text + "\r\n" + body
}

fn read_head(bytes: &[u8]) -> io::Result<(u16, HeaderMap)> {
    let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no status in {text}")))?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    });
    Ok((status, headers.collect()))
}

/// A server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: i64,
    /// What it says, as it was sent.
    pub data: String,
}

/// An event stream that is being read.
#[derive(Debug)]
pub struct Stream {
    wire: Wire,
}

impl Stream {
    /// Opens a stream after an event.
    ///
    /// # Errors
    ///
    /// When the connection fails, or the answer is not a stream: then the error says what it was.
    pub async fn open(address: SocketAddr, path: &str, last_event_id: i64) -> io::Result<Self> {
        Self::begin(Wire::open(address).await?, path, last_event_id).await
    }

    /// As [`Stream::open`], on a connection that was opened before.
    ///
    /// # Errors
    ///
    /// As [`Stream::open`].
    pub async fn begin(mut wire: Wire, path: &str, last_event_id: i64) -> io::Result<Self> {
        // Of HTTP/1.0, so that the pieces arrive as they are, without chunks around them.
        let head =
            format!("GET {path} HTTP/1.0\r\nhost: localhost\r\nlast-event-id: {last_event_id}\r\n\r\n");
        wire.send(&head).await?;
        let head_len = wire.head_len().await?;
        let (status, _headers) = read_head(&wire.buffer[..head_len])?;
        if status != 200 {
            return Err(io::Error::other(format!("the stream was refused with {status}")));
        }
        wire.buffer.drain(..head_len);
        Ok(Self { wire })
    }

    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// When the stream ends; it can be resumed after the last event.
    pub async fn next(&mut self) -> io::Result<StreamEvent> {
        loop {
            while let Some(end) = self.wire.buffer.windows(2).position(|window| window == b"\n\n") {
                let event = String::from_utf8(self.wire.buffer.drain(..end + 2).collect());
                if let Some(event) = read_event(&event.map_err(io::Error::other)?) {
                    return Ok(event);
                }
            }
            self.wire.read_more().await?;
        }
    }
}

/// Reads an event; none is a comment.
fn read_event(text: &str) -> Option<StreamEvent> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
    Some(StreamEvent { name: field("event: ")?, id: field("id: ")?.parse().ok()?, data: field("data: ")? })
}
