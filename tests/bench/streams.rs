//! Idle readers of a pool's stream: what they weigh, and how late a trade reaches the last of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::figures::{mib, middle, round};
use crate::http;
use crate::server::{Server, tempdir};

const READERS: usize = 2_000;
/// Readers behind one address; a server may bound how many one address has.
const READERS_PER_ADDRESS: usize = 8;
/// Trades whose way is timed; odd, so that one is the median.
const TRADES: usize = 21;
const PAUSE: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_secs(3);
/// Longer than any reader may wait for a trade.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn measure(binary: &Path) -> Value {
    let server = Server::start(binary, &tempdir(), &[]).await;
    let token = server.trader(1).await;
    tokio::time::sleep(IDLE).await;
    let before_kib = server.memory_kib();
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    for number in 0..READERS {
        let stream = open(server.address, number).await;
        tokio::spawn(read(stream, arrived.clone()));
    }
    wait_for_all(&mut arrivals).await;
    tokio::time::sleep(IDLE).await;
    let after_kib = server.memory_kib();
    let (mut last, mut typical) = (Vec::new(), Vec::new());
    for turn in 0..TRADES {
        let sent = Instant::now();
        server.swap(&token, turn).await;
        let mut late: Vec<f64> = Vec::with_capacity(READERS);
        for at in wait_for_all(&mut arrivals).await {
            late.push((at - sent).as_secs_f64() * 1e3);
        }
        late.sort_by(f64::total_cmp);
        (last, typical) = (pushed(last, late[READERS - 1]), pushed(typical, late[READERS / 2]));
        tokio::time::sleep(PAUSE).await;
    }
    json!({
        "readers": READERS,
        "mib": mib(after_kib.saturating_sub(before_kib)),
        "all_after_ms": round(middle(last), 1),
        "half_after_ms": round(middle(typical), 1),
    })
}

fn pushed(mut list: Vec<f64>, value: f64) -> Vec<f64> {
    list.push(value);
    list
}

/// Opens a stream from one of the machine's own addresses.
async fn open(server: SocketAddr, number: usize) -> TcpStream {
    let block = u16::try_from(number / READERS_PER_ADDRESS).expect("few readers").to_be_bytes();
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    let own = SocketAddr::from((Ipv4Addr::new(127, 1, block[0], block[1].max(1)), 0));
    socket.bind(own).expect("the whole of 127/8 is this machine's");
    let mut stream = socket.connect(server).await.expect("the server accepts a connection");
    let request = http::request("GET", "/api/amm/pools/1/stream", None, "");
    stream.write_all(&request).await.expect("the request is taken");
    stream
}

/// Reports the first event and each trade after it.
async fn read(mut stream: TcpStream, arrived: UnboundedSender<Instant>) {
    let mut buffer = [0; 4_096];
    let mut tail = String::new();
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        tail.push_str(&String::from_utf8_lossy(&buffer[..count]));
        while let Some(end) = tail.find("\ndata: ").and_then(|at| Some(at + tail[at..].find("\n\n")? + 2)) {
            tail.drain(..end);
            if arrived.send(Instant::now()).is_err() {
                return;
            }
        }
    }
}

async fn wait_for_all(arrivals: &mut mpsc::UnboundedReceiver<Instant>) -> Vec<Instant> {
    let mut all = Vec::with_capacity(READERS);
    while all.len() < READERS {
        let next = tokio::time::timeout(PATIENCE, arrivals.recv()).await;
        all.push(next.expect("an event reaches every reader").expect("the readers live"));
    }
    all
}
