//! A server that answers as a script says, also with what no healthy server does; it remembers every request.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers with a status and a body.
    Say(u16, String),
    /// Takes the request and closes the connection without a word.
    Close,
    /// Promises a body and closes the connection in the middle of it.
    Break,
    /// Takes the request and never answers.
    Silence,
    /// Begins a body that never ends.
    Flood,
    /// Sends the client elsewhere.
    Redirect(String),
}

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Heard {
    /// Returns a header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A server that ends with the value.
#[derive(Debug)]
pub struct Stub {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    gets: Mutex<VecDeque<Reply>>,
    posts: Mutex<VecDeque<Reply>>,
    heard: Mutex<Vec<Heard>>,
}

impl Stub {
    /// Starts a server with a script for GET and one for the other methods; the last line of each is repeated.
    ///
    /// # Panics
    ///
    /// When no loopback port is free.
    pub async fn start(gets: &[Reply], posts: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let script = |replies: &[Reply]| Mutex::new(replies.iter().cloned().collect());
        let state = Arc::new(State { gets: script(gets), posts: script(posts), heard: Mutex::default() });
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, server }
    }

    /// Returns every request so far.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.state.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts the requests of one method so far.
    #[must_use]
    pub fn count(&self, method: &str) -> usize {
        self.heard().iter().filter(|request| request.method == method).count()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    // Ends with this task, so that no silent connection outlives the stub.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&state)));
    }
}

/// Answers request after request on one connection, as a client that keeps connections expects.
async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let mut received = Vec::new();
    while let Some(request) = hear(&mut stream, &mut received).await {
        let reply = state.reply_to(request);
        if !answer(&mut stream, reply).await {
            return;
        }
    }
}

impl State {
    fn reply_to(&self, request: Heard) -> Reply {
        let script = if request.method == "GET" { &self.gets } else { &self.posts };
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        let is_last = script.len() == 1;
        let reply = if is_last { script.front().cloned() } else { script.pop_front() };
        reply.unwrap_or(Reply::Close)
    }
}

/// Reads the next request; none when the client is done.
pub(crate) async fn hear(stream: &mut TcpStream, received: &mut Vec<u8>) -> Option<Heard> {
    loop {
        if let Some((request, length)) = parse(received) {
            received.drain(..length);
            return Some(request);
        }
        if stream.read_buf(received).await.ok()? == 0 {
            return None;
        }
    }
}

/// Reads a whole request and tells its length, once all of it is there.
fn parse(received: &[u8]) -> Option<(Heard, usize)> {
    let text = String::from_utf8_lossy(received);
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: Vec<_> = lines.filter_map(header).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let length = length.parse().ok()?;
    let body = rest.get(..length)?.to_owned();
    Some((Heard { method, target, headers, body }, head.len() + 4 + length))
}

/// Does as the script says; false ends the connection.
pub(crate) async fn answer(stream: &mut TcpStream, reply: Reply) -> bool {
    let (head, body) = match reply {
        Reply::Say(status, body) => (format!("{status} As Told\r\ncontent-length: {}", body.len()), body),
        Reply::Redirect(to) => {
            (format!("307 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0"), String::new())
        }
        Reply::Break => ("200 OK\r\ncontent-length: 1000".to_owned(), r#"{"paid": tr"#.to_owned()),
        Reply::Close => return false,
        Reply::Silence => std::future::pending().await,
        Reply::Flood => return flood(stream).await,
    };
    let is_whole = !head.contains("1000");
    let text = format!("HTTP/1.1 {head}\r\ncontent-type: application/json\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.is_ok() && is_whole
}

/// Writes until the client has had enough.
async fn flood(stream: &mut TcpStream) -> bool {
    let mut chunk = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[".to_vec();
    while stream.write_all(&chunk).await.is_ok() {
        chunk = b"1,".repeat(4096);
    }
    false
}
