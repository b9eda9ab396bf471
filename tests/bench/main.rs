//! Measures the server, as a process of its own over real sockets, against a bare axum handler in the same run.
//!
//! `postfun-bench SERVER-BINARY RESULT.json` starts both in turn, several rounds each, so that a busy machine slows
//! both; the median round counts. `postfun-bench peer PORT` is the bare handler. The load comes from this process, on
//! the same cores.

#![expect(clippy::print_stdout, reason = "the figures are the result")]
#![expect(clippy::expect_used, reason = "what cannot be measured ends the benchmark, with a sentence")]

mod http;
mod load;
mod peer;
mod server;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use load::Load;
use server::Server;

/// How many connections ask at the same time, each for its next answer as soon as it has the last.
const CONNECTIONS: usize = 32;
/// Rounds of server and peer; odd, so that one is the median.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
/// Runs before the first round, which then finds caches and connections as the others do.
const WARM_UP: Duration = Duration::from_secs(2);
/// How often a start is timed.
const STARTS: usize = 9;
/// How long the server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["peer", port] => peer::serve(port.parse().expect("a port is a number")).await,
        [binary, result] => {
            let figures = measure(Path::new(binary)).await;
            std::fs::write(result, format!("{figures:#}\n")).expect("the result can be written");
            println!("{figures:#}");
        }
        _ => println!("usage: postfun-bench SERVER-BINARY RESULT.json"),
    }
}

async fn measure(binary: &Path) -> Value {
    let (first_start_ms, start_ms) = time_starts(binary).await;
    let server = Server::start(binary, &tempdir()).await;
    tokio::time::sleep(IDLE).await;
    let idle_kib = server.memory_kib();
    let quote = server.quote_request().await;
    let peer = peer::Process::start().await;
    let (ours, theirs) = race(&server, &quote, &peer).await;
    tokio::time::sleep(IDLE).await;
    json!({
        "quote": figures(&ours),
        "bare_axum_handler": figures(&theirs),
        "quote_ratio": round(median(&ours, Load::per_second) / median(&theirs, Load::per_second), 2),
        "connections": CONNECTIONS,
        "idle_mib": mib(idle_kib),
        "after_load_mib": mib(server.memory_kib()),
        "start_ms": start_ms,
        "first_start_ms": first_start_ms,
    })
}

async fn race(server: &Server, quote: &[u8], peer: &peer::Process) -> (Vec<Load>, Vec<Load>) {
    let _warm = load::run(server.address, quote, CONNECTIONS, WARM_UP).await;
    let _warm = load::run(peer.address, quote, CONNECTIONS, WARM_UP).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _round in 0..ROUNDS {
        ours.push(load::run(server.address, quote, CONNECTIONS, ROUND).await);
        theirs.push(load::run(peer.address, quote, CONNECTIONS, ROUND).await);
    }
    (ours, theirs)
}

/// Times the first start, which makes the database, and the median of later ones, in milliseconds.
async fn time_starts(binary: &Path) -> (f64, f64) {
    let dir = tempdir();
    let mut starts = Vec::new();
    for _start in 0..=STARTS {
        let server = Server::start(binary, &dir).await;
        starts.push(server.started_in.as_secs_f64() * 1e3);
        server.stop().await;
    }
    let first = starts.remove(0);
    starts.sort_by(f64::total_cmp);
    (round(first, 1), round(starts[STARTS / 2], 1))
}

fn tempdir() -> std::path::PathBuf {
    tempfile::tempdir().expect("a temporary folder can be made").keep()
}

fn figures(rounds: &[Load]) -> Value {
    json!({
        "requests_per_second": round(median(rounds, Load::per_second), 0),
        "p50_ms": round(median(rounds, |load| load.latency_ms(0.50)), 2),
        "p99_ms": round(median(rounds, |load| load.latency_ms(0.99)), 2),
    })
}

fn median(rounds: &[Load], figure: impl Fn(&Load) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn mib(kib: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a process has far less than 2^53 KiB")]
    round(kib as f64 / 1024.0, 1)
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
