//! A fresh install: how fast it starts, what it weighs, and how fast it quotes beside a bare axum handler.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::figures::{Load, median, mib, of_rounds, round};
use crate::load::{self, Script};
use crate::peer;
use crate::server::{Server, tempdir};

/// How many connections ask at the same time.
const CONNECTIONS: usize = 32;
/// Rounds of server and peer; odd, so that one is the median.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
/// Runs before the first round, which then finds caches and connections as the others do.
const WARM_UP: Duration = Duration::from_secs(2);
/// How often a start is timed.
const STARTS: usize = 9;
/// How long the server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(3);

pub(crate) async fn measure(binary: &Path) -> Value {
    let (first_start_ms, start_ms) = time_starts(binary).await;
    let server = Server::start(binary, &tempdir(), &[]).await;
    tokio::time::sleep(IDLE).await;
    let idle_kib = server.memory_kib();
    let quote = server.quote_request().await;
    let peer = peer::Process::start().await;
    let (ours, theirs) = race(&server, &quote, &peer).await;
    tokio::time::sleep(IDLE).await;
    json!({
        "quote": of_rounds(&ours),
        "bare_axum_handler": of_rounds(&theirs),
        "quote_ratio": round(median(&ours, Load::per_second) / median(&theirs, Load::per_second), 2),
        "connections": CONNECTIONS,
        "idle_mib": mib(idle_kib),
        "after_load_mib": mib(server.memory_kib()),
        "start_ms": start_ms,
        "first_start_ms": first_start_ms,
    })
}

async fn race(server: &Server, quote: &[u8], peer: &peer::Process) -> (Vec<Load>, Vec<Load>) {
    let scripts = || vec![Script::new(vec![quote.to_vec()], 200); CONNECTIONS];
    let _warm = load::run(server.address, scripts(), WARM_UP).await;
    let _warm = load::run(peer.address, scripts(), WARM_UP).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _round in 0..ROUNDS {
        ours.push(load::run(server.address, scripts(), ROUND).await);
        theirs.push(load::run(peer.address, scripts(), ROUND).await);
    }
    (ours, theirs)
}

/// Times the first start, which makes the database, and the median of later ones, in milliseconds.
async fn time_starts(binary: &Path) -> (f64, f64) {
    let dir = tempdir();
    let mut starts = Vec::new();
    for _start in 0..=STARTS {
        let server = Server::start(binary, &dir, &[]).await;
        starts.push(server.started_in.as_secs_f64() * 1e3);
        server.stop().await;
    }
    let first = starts.remove(0);
    starts.sort_by(f64::total_cmp);
    (round(first, 1), round(starts[STARTS / 2], 1))
}
