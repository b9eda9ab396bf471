//! What the benchmarks of swaps stand on: a PostgreSQL cluster whose commits reach the disk, pgbench beside it, people who
//! trade, and the swap engine in this process.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use postfun_core::amm::Side;
use postfun_core::amount::Units;
use postfun_server::amm::{SwapAmount, SwapCommand, SwapLimits, SwapReceipt};
use postfun_server::app::App;
use postfun_server::clock::SystemClock;
use postfun_server::config::{Config, DatabaseUrl, Secret};
use postfun_server::http::idempotency::StoredAnswer;
use postfun_server::id::OsEntropy;
use postfun_server::ledger::Issue;
use postfun_tests::postgres::{Cluster, Durability};
use postfun_tests::signer::{Challenge, Signer};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::process::Command;
use tower::ServiceExt;
use uuid::Uuid;

use crate::figures::Load;
use crate::load;

/// The demo's pool.
pub(crate) const POOL: i64 = 1;
/// The secret of the server under test and of the engine in this process.
pub(crate) const SECRET: &str = "only-for-benchmarks-0123456789abcdef0123456789";

/// A swap of each direction that is small against the pool and about the other's counter-value, in base units.
const A_TO_B: u64 = 100_000;
const B_TO_A: u64 = 65_000_000;

/// The same as they are asked for over HTTP.
pub(crate) const SWAP_BODIES: [&str; 2] =
    [r#"{"pool_id":1,"side":"AtoB","amount_in":0.001}"#, r#"{"pool_id":1,"side":"BtoA","amount_in":65}"#];

/// Starts a cluster with PostgreSQL's own settings of durability.
pub(crate) async fn cluster() -> Cluster {
    Cluster::start(Durability::Full).await
}

/// Makes an empty database and returns its URL.
pub(crate) async fn database(cluster: &Cluster, name: &str) -> String {
    let mut admin = PgConnection::connect(&cluster.url("postgres")).await.expect("the cluster is up");
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database can be made");
    cluster.url(name)
}

/// `PostgreSQL`'s own benchmark: TPC-B, prepared statements, scale 64.
#[derive(Debug)]
pub(crate) struct Pgbench<'a> {
    cluster: &'a Cluster,
}

impl<'a> Pgbench<'a> {
    const DATABASE: &'static str = "pgbench";

    /// Fills its tables.
    pub(crate) async fn prepare(cluster: &'a Cluster) -> Self {
        database(cluster, Self::DATABASE).await;
        let pgbench = Self { cluster };
        pgbench.run(&["-i", "-s", "64", "-q"]).await;
        pgbench
    }

    /// Runs a round and returns its transactions per second.
    pub(crate) async fn round(&self, clients: usize, time: Duration) -> f64 {
        let (clients, seconds) = (clients.to_string(), time.as_secs().max(1).to_string());
        let out = self.run(&["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds]).await;
        let rate = out.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.expect("pgbench says how many transactions it did")
    }

    async fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(self.cluster.program("pgbench"));
        command
            .arg("-h")
            .arg(self.cluster.socket_dir())
            .args(["-U", "postgres"])
            .args(arguments)
            .arg(Self::DATABASE);
        let output = command.output().await.expect("pgbench can be started");
        assert!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Opens the swap engine in this process, with the demo's pool.
pub(crate) async fn engine(dir: &Path, database: DatabaseUrl) -> Arc<App> {
    let mut config = Config::for_tests(dir);
    config.tokens.secret = Secret::new(SECRET);
    (config.database, config.demo) = (database, true);
    App::open(config, Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("the engine opens")
}

/// Somebody who is signed in and has tokens to trade with.
#[derive(Debug, Clone)]
pub(crate) struct Trader {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

/// Signs people in and funds them for as many swaps as a benchmark may do.
pub(crate) async fn traders(app: &Arc<App>, count: usize) -> Vec<Trader> {
    let router = app.router();
    let mut traders = Vec::with_capacity(count);
    for number in 0..count {
        let signer = Signer::numbered(number.try_into().expect("few people"));
        let answer = post(&router, "/auth/challenge", String::new()).await;
        let now_s = app.clock.now_ms().div_euclid(1_000).unsigned_abs();
        let login = signer.login(&Challenge::of(&answer), now_s, |_| {});
        let answer = post(&router, "/auth/verify", login).await;
        let token = answer["token"].as_str().expect("a sign-in gives a token").to_owned();
        let id = app.sessions.authenticate(&token).await.expect("the session is new").user.id;
        fund(app, id).await;
        traders.push(Trader { id, token });
    }
    traders
}

async fn post(router: &Router, path: &str, body: String) -> Value {
    let request = Request::post(path).header("content-type", "application/json").body(Body::from(body));
    let response = router.clone().oneshot(request.expect("a well-formed request")).await;
    let response = response.expect("a router always answers");
    let status = response.status();
    let body = response.into_body().collect().await.expect("an answer has a body").to_bytes();
    assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("answers are JSON")
}

/// Funds a user for as many swaps as a benchmark may do.
async fn fund(app: &App, user_id: Uuid) {
    let mut issues = Vec::new();
    for (symbol, amount) in [("gBTC", 200_000_000), ("gUSD", 100_000_000_000)] {
        let asset = app.ledger.find_asset_by_symbol(symbol).await.expect("the database answers");
        let amount = Units::new(amount).expect("an amount that fits");
        issues.push(Issue { user_id, asset: asset.expect("the asset exists"), amount });
    }
    app.ledger.grant_once(&format!("bench:{user_id}"), &issues).await.expect("the tokens can be issued");
}

/// A user's swap; even and odd turns go in opposite directions.
pub(crate) fn swap(user_id: Uuid, turn: usize) -> SwapCommand {
    let (side, amount) = if turn.is_multiple_of(2) { (Side::AtoB, A_TO_B) } else { (Side::BtoA, B_TO_A) };
    SwapCommand {
        user_id,
        user_number: 1,
        side,
        amount: SwapAmount::ExactIn(Units::new(amount).expect("an amount that fits")),
        limits: SwapLimits::default(),
        claim: None,
        render,
    }
}

/// A short answer: HTTP's own is measured over HTTP.
#[expect(clippy::unnecessary_wraps, reason = "the engine's interface: writing JSON can fail")]
fn render(receipt: &SwapReceipt) -> Result<StoredAnswer, serde_json::Error> {
    let body = format!("{{\"id\":\"{}\",\"seq\":{}}}", receipt.trade.id, receipt.trade.seq);
    Ok(StoredAnswer { status: StatusCode::CREATED, body: body.into() })
}

/// How a client's swap reaches the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through the pool's queue, as every request's does.
    Queue,
    /// In a transaction of its own.
    OneByOne,
}

/// Lets every trader swap in the demo's pool, one swap after the other, until the time is over.
pub(crate) async fn swap_for(app: &Arc<App>, traders: &[Uuid], way: Way, time: Duration) -> Load {
    let begin = Instant::now();
    let clients = traders.iter().enumerate().map(|(number, id)| {
        let (app, id) = (Arc::clone(app), *id);
        async move {
            let mut latencies = Vec::new();
            let mut sent = Instant::now();
            for turn in number.. {
                if sent >= begin + time {
                    break;
                }
                let command = swap(id, turn);
                match way {
                    Way::Queue => app.pools.swap(POOL, command).await.map(drop),
                    Way::OneByOne => {
                        let mut answers = app.pools.execute_batch(POOL, &[command]).await;
                        answers.remove(0).map(drop)
                    }
                }
                .expect("every swap of the benchmark can be carried out");
                let now = Instant::now();
                latencies.push(now - sent);
                sent = now;
            }
            latencies
        }
    });
    load::gather(begin, clients).await
}
