//! The disk of an SQLite database is full in the middle of swaps, and has room again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use postfun_server::clock::{Clock, SystemClock};
use postfun_server::config::DatabaseUrl;
use postfun_tests::disk::SmallDisk;
use postfun_tests::process::{Finished, Process};
use postfun_tests::wire::{ask, request};
use postfun_tests::{Answer, Engine, TestApp};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::process::Command;

use super::trader::{
    Load, Trader, assert_answers_are_rows, assert_each_key_has_one_effect, call_back, send_off,
};
use super::{Figures, UNLIMITED, count, wait_until};

/// How many swap at once.
const TRADERS: u64 = 8;

/// Where the database's files cannot grow for a while.
enum Disk {
    /// A file system that is full.
    Mounted(SmallDisk),
    /// A limit on the size of the server's files, which anybody may set.
    Limited(TempDir),
}

impl Disk {
    fn limited() -> Self {
        Self::Limited(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        let folder = match self {
            Self::Mounted(disk) => disk.path(),
            Self::Limited(folder) => folder.path(),
        };
        folder.join("postfun.db")
    }

    const fn describe(&self) -> &'static str {
        match self {
            Self::Mounted(_) => "disk full",
            Self::Limited(_) => "limit on the file's size reached",
        }
    }

    /// Leaves room for some bytes.
    async fn fill_but(&self, server: &Process, bytes: u64) {
        match self {
            Self::Mounted(disk) => disk.fill_but(bytes),
            Self::Limited(_) => {
                // New pages go to the end of the log; folding it into the file then fails too.
                let log = format!("{}-wal", self.database().display());
                let size = Path::new(&log).metadata().unwrap().len() + bytes;
                limit_files(server, &size.to_string()).await;
            }
        }
    }

    async fn make_room(&self, server: &Process) {
        match self {
            Self::Mounted(disk) => disk.make_room(),
            Self::Limited(_) => limit_files(server, "unlimited").await,
        }
    }
}

async fn limit_files(server: &Process, size: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &server.id().to_string(), &format!("--fsize={size}:unlimited")]);
    Finished::of(prlimit).await.succeeded();
}

/// Starts the server so that a file that must not grow is an error, not the end of the process.
async fn serve(app: &TestApp) -> Process {
    let plain = app.program(&["serve"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"trap "" XFSZ; exec "$@""#, "sh"]).arg(plain.as_std().get_program());
    shell.args(plain.as_std().get_args()).env_clear().kill_on_drop(true);
    shell.envs(plain.as_std().get_envs().filter_map(|(name, value)| Some((name, value?)))).envs(UNLIMITED);
    shell.env("JWT_SECRET", "only-for-tests-0123456789abcdef0123456789abcdef");
    Process::start(shell).await
}

async fn get(server: SocketAddr, path: &str, trader: &[String]) -> Answer {
    ask(server, &request("GET", path, trader, "")).await.unwrap().ok(200)
}

/// Whoever only reads does not notice; whatever writes says why it cannot.
async fn assert_only_writes_fail(app: &TestApp, server: SocketAddr, trader: &[String]) {
    for path in
        ["/api/amm/pools/1", "/api/amm/pools/1/trades", "/api/amm/balances", "/auth/me", "/ready", "/health"]
    {
        let _answer = get(server, path, trader).await;
    }
    let quote = r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#;
    let _quote = ask(server, &request("POST", "/api/amm/quote", trader, quote)).await.unwrap().ok(200);
    // A small write still finds a place in what is left, but not for long.
    wait_until("no write fits any more", async || {
        let challenge = ask(server, &request("POST", "/auth/challenge", &[], "")).await.unwrap();
        if challenge.status == 201 {
            return false;
        }
        challenge.refused(507, "storage_full");
        assert!(challenge.header("retry-after").is_some(), "{}", challenge.text);
        true
    })
    .await;
    app.run(&["audit"]).await.succeeded();
}

async fn assert_file_is_whole(path: &Path) {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let check: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(check, "ok");
}

async fn fill_again_and_again(disk: Disk, rounds: u64) {
    let app = TestApp::start_on(DatabaseUrl::Sqlite(disk.database())).await;
    app.clock.set_ms(SystemClock.now_ms());
    let mut traders = Trader::crowd(&app, TRADERS).await;
    let server = serve(&app).await;
    let figures = Figures::begin(disk.describe(), Engine::Sqlite);
    let reader = traders[0].headers();
    for round in 0..rounds {
        let load = Load::new(u64::MAX, &["storage_full"]);
        let tasks = send_off(traders, &[server.address], &load);
        wait_until("swaps are answered", async || load.answered() >= TRADERS).await;
        disk.fill_but(&server, round * 7_919 % 200_000).await;
        wait_until("the disk is full", async || load.refused("storage_full") >= 2 * TRADERS).await;
        assert_only_writes_fail(&app, server.address, &reader).await;
        disk.make_room(&server).await;
        let before = load.answered();
        wait_until("the server goes on", async || load.answered() >= before + TRADERS).await;
        load.close();
        traders = call_back(tasks).await;
        app.run(&["audit"]).await.succeeded();
        assert_answers_are_rows(&app, &traders).await;
    }
    assert_each_key_has_one_effect(&app, &traders).await;
    assert_file_is_whole(&disk.database()).await;
    figures.tell(&format!("{rounds} times full"), &traders);
    server.signal("TERM").await;
    assert_eq!(server.wait().await.0, Some(0));
    app.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_writes_and_harms_nothing() {
    let disk = SmallDisk::mount().map_or_else(Disk::limited, Disk::Mounted);
    fill_again_and_again(disk, count(5, 50)).await;
}

/// What the test above falls back to where it may not mount.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_that_must_not_grow_refuses_writes_and_harms_nothing() {
    fill_again_and_again(Disk::limited(), count(5, 50)).await;
}
