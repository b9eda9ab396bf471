//! PostgreSQL goes away in the middle of swaps and comes back: connections cut one by one, and the whole server.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use postfun_server::clock::{Clock, SystemClock};
use postfun_server::config::DatabaseUrl;
use postfun_tests::postgres::{Cluster, Durability};
use postfun_tests::process::Process;
use postfun_tests::wire::{ask, request};
use postfun_tests::{Engine, TestApp};

use super::follower::Follower;
use super::trader::{Load, Trader, assert_each_key_has_one_effect, call_back, send_off};
use super::{Figures, UNLIMITED, count, wait_until};

/// How many swap at once.
const TRADERS: u64 = 16;

/// What a client may be told while the database is away, and nothing else.
const OUTAGE: [&str; 4] = ["database_unavailable", "database_busy", "not_executed", "outcome_unknown"];

/// Cuts every connection that a server holds, also in the middle of a commit.
const CUT: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'postfun%'";

/// A PostgreSQL that can be lost, and two servers on it: by the socket, whose file disappears with it, and by TCP.
struct Scene {
    cluster: Cluster,
    app: TestApp,
    servers: [Process; 2],
}

impl Scene {
    async fn set() -> Self {
        // What PostgreSQL has confirmed must survive its end.
        let cluster = Cluster::start_on_tcp(Durability::Full).await;
        let app = TestApp::start_on(DatabaseUrl::Postgres(cluster.url("postgres"))).await;
        app.clock.set_ms(SystemClock.now_ms());
        let tcp_url = format!("{}?connect_timeout=2", cluster.tcp_url("postgres"));
        let by_tcp = [UNLIMITED[0], UNLIMITED[1], ("DATABASE_URL", tcp_url.as_str())];
        let servers = [app.serve(&UNLIMITED).await, app.serve(&by_tcp).await];
        Self { cluster, app, servers }
    }

    fn addresses(&self) -> [SocketAddr; 2] {
        [self.servers[0].address, self.servers[1].address]
    }

    /// Waits until both servers say whether they are ready, as expected.
    async fn wait_for_ready(&self, status: u16) {
        let asks = self
            .addresses()
            .into_iter()
            .flat_map(|address| ["/ready", "/health"].map(|path| (address, path)));
        join_all(asks.map(async |(address, path)| {
            wait_until(path, async || {
                let answer = ask(address, &request("GET", path, &[], "")).await.expect("the server lives");
                assert!([200, 503].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
                answer.status == status
            })
            .await;
        }))
        .await;
    }

    /// Waits until swaps were committed that their server was not told of.
    async fn hold_commits(&self) {
        self.cluster.hold_answers_to_commits().await;
        wait_until("a commit waits", async || self.cluster.held_commits("trades").await > 0).await;
    }
}

async fn wait_for_swaps(load: &Load) {
    let enough = load.answered() + 2 * TRADERS;
    wait_until("swaps are answered again", async || load.answered() >= enough).await;
}

/// Cuts connections, every other time while commits that took place are not told as such.
async fn cut_connections(scene: &Scene, load: &Load, cuts: u64) {
    for round in 0..cuts {
        wait_for_swaps(load).await;
        let is_held = round % 2 == 1;
        if is_held {
            scene.hold_commits().await;
        }
        scene.cluster.run(CUT).await;
        if is_held {
            scene.cluster.release_answers_to_commits().await;
        }
    }
}

/// Crashes PostgreSQL, every other time as above; both servers go on by themselves when it is back.
async fn crash(scene: &mut Scene, load: &Load, crashes: u64) {
    for round in 0..crashes {
        wait_for_swaps(load).await;
        let (is_held, unknown) = (round % 2 == 1, load.refused("outcome_unknown"));
        if is_held {
            scene.hold_commits().await;
        } else {
            tokio::time::sleep(Duration::from_micros(round * 3_701 % 20_000)).await;
        }
        scene.cluster.crash().await;
        scene.wait_for_ready(503).await;
        let before = load.answered();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(load.answered(), before, "without a database there is no success");
        if is_held {
            wait_until("nobody knows", async || load.refused("outcome_unknown") > unknown).await;
        }
        scene.cluster.recover().await;
        if is_held {
            scene.cluster.release_answers_to_commits().await;
        }
        scene.wait_for_ready(200).await;
    }
    wait_for_swaps(load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_database_is_told_as_lost_and_nothing_that_was_answered_is() {
    let mut scene = Scene::set().await;
    let traders = Trader::crowd(&scene.app, TRADERS).await;
    let figures = Figures::begin("connections cut, PostgreSQL crashed", Engine::Postgres);
    let followers = scene.addresses().map(Follower::begin);
    let load = Load::new(u64::MAX, &OUTAGE);
    let (cuts, crashes) = (count(10, 100), count(2, 20));
    let tasks = send_off(traders, &scene.addresses(), &load);
    cut_connections(&scene, &load, cuts).await;
    crash(&mut scene, &load, crashes).await;
    load.close();
    let traders = call_back(tasks).await;
    scene.app.run(&["audit"]).await.succeeded();
    assert_each_key_has_one_effect(&scene.app, &traders).await;
    for follower in followers {
        follower.assert_saw_everything(&scene.app).await;
    }
    assert!(
        traders.iter().any(|trader| trader.repeated().1 > 0),
        "what nobody knew could be asked for again"
    );
    let faults = format!("{cuts} cuts, {crashes} crashes; {}", load.refusals());
    figures.tell(&faults, &traders);
    scene.app.remove().await;
}
