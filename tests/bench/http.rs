//! As little HTTP/1.1 as a load generator needs: requests as bytes, answers with a `content-length`.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 * 1024;

/// A kept-alive connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(ANSWER_MAX) })
    }

    /// Sends a request and returns the status of the answer, which stays in the buffer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_len = loop {
            self.read_more().await?;
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let (status, body_len) = head(&self.buffer[..head_len])?;
        while self.buffer.len() < head_len + body_len {
            self.read_more().await?;
        }
        self.buffer.drain(..head_len);
        Ok(status)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    async fn read_more(&mut self) -> io::Result<()> {
        if self.buffer.len() >= ANSWER_MAX {
            return Err(io::Error::other("the answer is too long"));
        }
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn head(head: &[u8]) -> io::Result<(u16, usize)> {
    let text = std::str::from_utf8(head).map_err(io::Error::other)?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    status.zip(length).ok_or_else(|| io::Error::other(format!("no status or content-length in {text}")))
}

/// Writes a request down.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{authorization}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends one request on a connection of its own.
pub(crate) async fn once(address: SocketAddr, request: &[u8]) -> io::Result<Answer> {
    let mut connection = Connection::open(address).await?;
    let status = connection.exchange(request).await?;
    let body = String::from_utf8(connection.buffer).map_err(io::Error::other)?;
    Ok(Answer { status, body })
}
