//! Clients who want more than their share: floods of swaps, and streams that nobody reads.

use std::io;
use std::net::SocketAddr;

use axum::http::StatusCode;
use futures_util::future::join_all;
use postfun_core::amm::Side;
use postfun_core::amount::Units;
use postfun_server::amm::{SwapAmount, SwapCommand, SwapError, SwapLimits};
use postfun_server::clock::{Clock, SystemClock};
use postfun_server::http::idempotency::StoredAnswer;
use postfun_server::identity::{User, UserRef};
use postfun_tests::wire::{Wire, request};
use postfun_tests::{Answer, Engine, TestApp, on_both_engines};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::net::{TcpSocket, TcpStream};

use super::follower::Follower;
use super::trader::Trader;
use super::{UNLIMITED, count};

const SWAP: &str = r#"{"pool_id":1,"side":"AtoB","amount_in":0.001}"#;

/// Connections over which one user swaps at once; far more than may wait.
const FLOOD: usize = 64;
const SWAPS_EACH: usize = 5;

/// What the README promises: swaps that wait for one pool, of all and of one user, and how many one batch takes out.
const WAITING_MAX: usize = 4_096;
const WAITING_PER_USER_MAX: usize = 16;
pub(super) const BATCH_MAX: usize = 256;

/// Streams that are opened and never read.
const IDLE_READERS: usize = 100;
/// What they may cost; in a drill the trades that wait for them are three times as much.
const GROWTH_MAX_KIB: u64 = 64 * 1024;

async fn swap_again_and_again(server: SocketAddr, trader: Vec<String>, swaps: usize) -> Vec<Answer> {
    let mut wire = Wire::open(server).await.unwrap();
    let mut answers = Vec::new();
    for _ in 0..swaps {
        answers.push(wire.ask(&request("POST", "/api/amm/swap", &trader, SWAP)).await.unwrap());
    }
    answers
}

/// A swap that asks for what nobody has: it waits like any other and is refused when its turn comes.
pub(super) fn swap_of(user: &User) -> SwapCommand {
    SwapCommand {
        user_id: user.id,
        user_number: user.number,
        side: Side::AtoB,
        amount: SwapAmount::ExactIn(Units::new(1_000_000).unwrap()),
        limits: SwapLimits::default(),
        claim: None,
        render: |_receipt| Ok(StoredAnswer { status: StatusCode::CREATED, body: "{}".into() }),
    }
}

pub(super) async fn user(app: &TestApp, number: u64) -> User {
    let id = i64::try_from(app.user(number).await.id).unwrap();
    app.app.identities.find_by_ref(&UserRef::Number(id)).await.unwrap().unwrap()
}

/// Somebody else who holds the pool, so that its queue stands still.
enum Holder {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Holder {
    async fn hold(app: &TestApp) -> Self {
        match app.engine {
            Engine::Sqlite => {
                let mut connection = SqliteConnection::connect(&app.database_url()).await.unwrap();
                connection.execute("BEGIN IMMEDIATE").await.unwrap();
                Self::Sqlite(connection)
            }
            Engine::Postgres => {
                let mut connection = PgConnection::connect(&app.database_url()).await.unwrap();
                connection.execute("BEGIN").await.unwrap();
                connection.execute("SELECT id FROM pools WHERE id = 1 FOR UPDATE").await.unwrap();
                Self::Postgres(connection)
            }
        }
    }

    async fn let_go(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

on_both_engines! {
    async fn one_users_flood_is_told_to_wait_and_delays_nobody(app: TestApp) {
        app.clock.set_ms(SystemClock.now_ms());
        let traders = Trader::crowd(&app, 2).await;
        let server = app.serve(&UNLIMITED).await;
        let flood = (0..FLOOD).map(|_| swap_again_and_again(server.address, traders[0].headers(), SWAPS_EACH));
        let (flood, bystander) =
            tokio::join!(join_all(flood), swap_again_and_again(server.address, traders[1].headers(), 10));
        assert!(bystander.iter().all(|answer| answer.status == 201), "nobody else is held back");
        let (done, refused): (Vec<Answer>, Vec<Answer>) =
            flood.into_iter().flatten().partition(|answer| answer.status == 201);
        for answer in &refused {
            answer.refused(429, "queue_full");
            assert!(answer.header("retry-after").is_some(), "{}", answer.text);
        }
        assert!(!refused.is_empty() && done.len() >= WAITING_PER_USER_MAX, "{} of {FLOOD}", done.len());
        assert_eq!(app.stored_trades(1).await.len(), done.len() + bystander.len(), "what was refused did not happen");
        app.run(&["audit"]).await.succeeded();
    }

    async fn full_queue_refuses_at_once_and_answers_everybody_it_took(app: TestApp) {
        app.admin().await.seed_pool().await;
        let mut users = Vec::new();
        for number in 0..300 {
            users.push(user(&app, number).await);
        }
        let holder = Holder::hold(&app).await;
        let swap = |user: &User| {
            let (app, command) = (app.clone(), swap_of(user));
            tokio::spawn(async move { app.app.pools.swap(1, command).await })
        };
        // One more of each than may wait.
        let tasks: Vec<_> = (0..=WAITING_PER_USER_MAX).flat_map(|_| users.iter().map(swap)).collect();
        let asked = tasks.len();
        super::wait_until("whoever finds no place is told at once", async || {
            tasks.iter().filter(|task| task.is_finished()).count() >= asked - WAITING_MAX - 2 * BATCH_MAX
        })
        .await;
        holder.let_go().await;
        let (mut took, mut refused) = (0, 0);
        for answer in join_all(tasks).await {
            match answer.unwrap() {
                Err(SwapError::QueueFull) => refused += 1,
                Err(SwapError::InsufficientBalance | SwapError::NotExecuted) => took += 1,
                other => panic!("neither queued nor refused: {other:?}"),
            }
        }
        assert!((WAITING_MAX..=WAITING_MAX + 2 * BATCH_MAX).contains(&took), "{took} of {asked} were taken");
        assert_eq!(took + refused, asked);
        assert!(app.stored_trades(1).await.is_empty());
        // And the next one finds a place again.
        let next = app.app.pools.swap(1, swap_of(&users[0])).await;
        assert!(matches!(next, Err(SwapError::InsufficientBalance)), "{next:?}");
    }
}

/// Opens a stream of everything through a small window, and leaves it unread.
async fn open_unread(server: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4_096)?;
    let stream = socket.connect(server).await?;
    let head = b"GET /api/amm/pools/1/stream?after_seq=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut sent = 0;
    while sent < head.len() {
        stream.writable().await?;
        sent += stream.try_write(&head[sent..])?;
    }
    Ok(stream)
}

async fn open_streams_and_read_none(app: TestApp) {
    app.clock.set_ms(SystemClock.now_ms());
    let traders = Trader::crowd(&app, 1).await;
    let trader = user(&app, 0).await;
    for _ in 0..count(3, 16) {
        let answers = app.app.pools.execute_batch(1, &vec![swap_of(&trader); BATCH_MAX]).await;
        assert!(answers.iter().all(Result::is_ok));
    }
    let server = app.serve(&UNLIMITED).await;
    // The first reader pays for what all of them need.
    Follower::begin(server.address).assert_saw_everything(&app).await;
    let before = server.memory_kib();
    let unread = join_all((0..IDLE_READERS).map(|_| open_unread(server.address))).await;
    assert!(unread.iter().all(Result::is_ok));
    // Somebody who reads gets everything meanwhile, and what happens now as well.
    let busy = Follower::begin(server.address);
    let swapped = swap_again_and_again(server.address, traders[0].headers(), 20).await;
    assert!(swapped.iter().all(|answer| answer.status == 201));
    busy.assert_saw_everything(&app).await;
    let growth = server.memory_kib().saturating_sub(before);
    assert!(growth < GROWTH_MAX_KIB, "{IDLE_READERS} readers who read nothing cost {growth} KiB");
    drop(unread);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_nobody_reads_cost_little_and_stop_nobody() {
    postfun_tests::engine::tell(Engine::Sqlite, open_streams_and_read_none).await;
}
