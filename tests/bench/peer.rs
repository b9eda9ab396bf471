//! The peer: a bare axum handler that reads JSON of a quote's size and writes JSON of its answer's size.

use std::net::SocketAddr;
use std::process::Stdio;

use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

#[derive(Debug, Deserialize)]
struct Request {
    pool_id: u64,
    side: String,
    amount_in: f64,
}

/// The members of a quote, each of its type and about its size.
#[derive(Debug, Serialize)]
struct Response {
    pool_id: u64,
    side: String,
    amount_in: f64,
    amount_in_units: &'static str,
    amount_out: f64,
    amount_out_units: &'static str,
    fee_bps: u16,
    fee_amount: f64,
    fee_amount_units: &'static str,
    effective_in: f64,
    effective_in_units: &'static str,
    price_impact_ppm: u32,
    stage: u8,
    seq: u64,
}

async fn answer(Json(request): Json<Request>) -> Json<Response> {
    Json(Response {
        pool_id: request.pool_id,
        side: request.side,
        amount_in: request.amount_in,
        amount_in_units: "100000000",
        amount_out: 64_740.453_767,
        amount_out_units: "64740453767",
        fee_bps: 30,
        fee_amount: 0.003,
        fee_amount_units: "300000",
        effective_in: 0.997,
        effective_in_units: "99700000",
        price_impact_ppm: 997,
        stage: 1,
        seq: 1,
    })
}

/// Serves on a loopback port (0 for any) until killed, and prints the address.
pub(crate) async fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    println!("{}", listener.local_addr().expect("a bound socket has an address"));
    axum::serve(listener, Router::new().route("/api/amm/quote", post(answer)))
        .await
        .expect("the peer serves");
}

/// The peer as a process of its own, as the server is one.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    _child: Child,
}

impl Process {
    pub(crate) async fn start() -> Self {
        let own = std::env::current_exe().expect("a process knows its program");
        let mut command = Command::new(own);
        command.args(["peer", "0"]).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the peer starts");
        let mut lines = BufReader::new(child.stdout.take().expect("the output is a pipe")).lines();
        let line = lines.next_line().await.ok().flatten().expect("the peer prints its address");
        Self { address: line.parse().expect("the peer prints an address"), _child: child }
    }
}
