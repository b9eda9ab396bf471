//! Durable swaps of one pool on PostgreSQL against pgbench on the same cluster: in process, and over HTTP with a token.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postfun_server::app::App;
use postfun_server::config::DatabaseUrl;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::figures::{Load, middle, of_rounds, round};
use crate::http;
use crate::load::{self, Script};
use crate::rig::{self, Pgbench, Trader, Way};
use crate::server::{Server, tempdir};

/// How many clients swap at the same time.
const CLIENTS: [usize; 2] = [8, 64];
/// Rounds of each; odd, so that one is the median.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(2);

/// Everything that takes part.
struct Arena<'a> {
    app: Arc<App>,
    server: Server,
    pgbench: Pgbench<'a>,
    traders: Vec<Trader>,
}

pub(crate) async fn measure(binary: &Path) -> Value {
    let cluster = rig::cluster().await;
    let url = rig::database(&cluster, "postfun").await;
    let dir = tempdir();
    let app = rig::engine(&dir, DatabaseUrl::Postgres(url.clone())).await;
    let traders = rig::traders(&app, CLIENTS[1]).await;
    let server = Server::start(binary, &dir, &[("DATABASE_URL", &url), ("JWT_SECRET", rig::SECRET)]).await;
    let arena = Arena { app, server, pgbench: Pgbench::prepare(&cluster).await, traders };
    let mut results = Vec::new();
    for clients in CLIENTS {
        results.push(arena.compete(clients).await);
    }
    arena.app.db.close().await;
    json!({ "clients": results })
}

impl Arena<'_> {
    async fn compete(&self, clients: usize) -> Value {
        let ids: Vec<Uuid> = self.traders[..clients].iter().map(|trader| trader.id).collect();
        self.in_process(&ids, WARM_UP).await;
        self.over_http(clients, WARM_UP).await;
        self.pgbench.round(clients, WARM_UP).await;
        let (mut engine, mut over_http, mut peer) = (Vec::new(), Vec::new(), Vec::new());
        for _round in 0..ROUNDS {
            peer.push(self.pgbench.round(clients, ROUND).await);
            engine.push(self.in_process(&ids, ROUND).await);
            over_http.push(self.over_http(clients, ROUND).await);
        }
        // Of each round against its own peer, so that a busy moment hits both.
        let ratio = |ours: &[Load]| {
            let ratios = ours.iter().zip(&peer).map(|(load, tps)| load.per_second() / tps).collect();
            round(middle(ratios), 2)
        };
        json!({
            "clients": clients,
            "engine_ratio": ratio(&engine),
            "http_ratio": ratio(&over_http),
            "engine": of_rounds(&engine),
            "http": of_rounds(&over_http),
            "pgbench_per_second": round(middle(peer.clone()), 0),
        })
    }

    async fn in_process(&self, traders: &[Uuid], time: Duration) -> Load {
        rig::swap_for(&self.app, traders, Way::Queue, time).await
    }

    async fn over_http(&self, clients: usize, time: Duration) -> Load {
        let scripts = self.traders[..clients].iter().enumerate().map(|(number, trader)| {
            let mut requests = rig::SWAP_BODIES
                .map(|body| http::request("POST", "/api/amm/swap", Some(&trader.token), body));
            requests.rotate_left(number % 2);
            Script::new(requests.to_vec(), 201)
        });
        load::run(self.server.address, scripts.collect(), time).await
    }
}
