//! Measures the server against named peers in the same run, ours and theirs in turn, so that a busy machine slows both;
//! the median round counts. The load comes from this process, on the same cores, over loopback or within the process.
//!
//! | Command | What |
//! |---|---|
//! | `quote SERVER RESULT.json` | a fresh install: start, memory, quotes against a bare axum handler |
//! | `swaps SERVER RESULT.json` | durable swaps of one pool on PostgreSQL, in process and over HTTP, against pgbench |
//! | `sqlite RESULT.json` | durable swaps of one pool on SQLite, against one commit for each swap |
//! | `size RESULT.json` | the slowest hundredth of swaps with a million trades, against an empty database |
//! | `streams SERVER RESULT.json` | idle readers of a pool's stream: memory, and how late a trade reaches them |
//! | `peer PORT` | the bare handler |

#![expect(clippy::print_stdout, reason = "the figures are the result")]
#![expect(clippy::expect_used, reason = "what cannot be measured ends the benchmark, with a sentence")]

mod figures;
mod http;
mod load;
mod peer;
mod quote;
mod rig;
mod server;
mod size;
mod sqlite;
mod streams;
mod swaps;

use std::path::Path;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (figures, result) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["peer", port] => return peer::serve(port.parse().expect("a port is a number")).await,
        ["quote", server, result] => (quote::measure(Path::new(server)).await, result),
        ["swaps", server, result] => (swaps::measure(Path::new(server)).await, result),
        ["size", result] => (size::measure().await, result),
        ["streams", server, result] => (streams::measure(Path::new(server)).await, result),
        ["sqlite", result] => (sqlite::measure().await, result),
        _ => return println!("usage: postfun-bench quote|swaps|sqlite|size|streams [SERVER] RESULT.json"),
    };
    std::fs::write(result, format!("{figures:#}\n")).expect("the result can be written");
    println!("{figures:#}");
}
