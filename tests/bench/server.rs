//! The server as a process of its own, with the settings of a fresh install but for the ports.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use postfun_tests::Signer;
use postfun_tests::signer::Challenge;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::{http, rig};

/// How long a start may take before the benchmark gives up.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(crate) started_in: Duration,
    child: Child,
}

impl Server {
    /// Starts the server, with some settings more, and waits for its first answer.
    pub(crate) async fn start(binary: &Path, data_dir: &Path, settings: &[(&str, &str)]) -> Self {
        let address = free_address();
        let mut command = Command::new(binary);
        command.arg("serve").env_clear().env("POSTFUN_LISTEN", address.to_string());
        command
            .env("POSTFUN_METRICS_LISTEN", "off")
            .env("POSTFUN_DATA_DIR", data_dir)
            .env("POSTFUN_DEMO", "1");
        // Limits stay in the path of every request, but never refuse one.
        for limit in ["POSTFUN_RATE_GENERAL", "POSTFUN_RATE_AUTH"] {
            command.env(limit, "1000000/second");
        }
        command.envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let begin = Instant::now();
        let child = command.spawn().expect("the server's program starts");
        let health = http::request("GET", "/health", None, "");
        while !matches!(http::once(address, &health).await, Ok(answer) if answer.status == 200) {
            assert!(begin.elapsed() < START_LIMIT, "the server does not answer");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Self { address, started_in: begin.elapsed(), child }
    }

    /// Ends the server at once.
    pub(crate) async fn stop(mut self) {
        self.child.kill().await.expect("the server ends");
    }

    /// Signs somebody in and writes down a request for a quote in the demo's pool.
    pub(crate) async fn quote_request(&self) -> Vec<u8> {
        let token = self.sign_in(1).await;
        http::request("POST", "/api/amm/quote", Some(&token), r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#)
    }

    /// Signs the holder of a numbered key in; returns their token.
    pub(crate) async fn sign_in(&self, number: u64) -> String {
        let answer = self.post("/auth/challenge", "").await;
        #[expect(clippy::disallowed_methods, reason = "the server under test runs on the system's clock")]
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
        let login = Signer::numbered(number).login(&Challenge::of(&answer), now.as_secs(), |_| {});
        let signed_in = self.post("/auth/verify", &login).await;
        signed_in["token"].as_str().expect("a sign-in gives a token").to_owned()
    }

    /// Signs somebody in and gives them the demo's starter tokens.
    pub(crate) async fn trader(&self, number: u64) -> String {
        let token = self.sign_in(number).await;
        self.send(&http::request("POST", "/api/demo/starter-grant", Some(&token), "")).await;
        token
    }

    /// Swaps a little, in opposite directions in turn.
    pub(crate) async fn swap(&self, token: &str, turn: usize) {
        let body = rig::SWAP_BODIES[turn % 2];
        self.send(&http::request("POST", "/api/amm/swap", Some(token), body)).await;
    }

    async fn send(&self, request: &[u8]) {
        let answer = http::once(self.address, request).await.expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    async fn post(&self, path: &str, body: &str) -> Value {
        let answer =
            http::once(self.address, &http::request("POST", path, None, body)).await.expect("an answer");
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).expect("answers are JSON")
    }

    /// Returns the resident memory of the process, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let id = self.child.id().expect("the server is running");
        let status =
            std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux shows a process's memory");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS is among it");
        line.trim().trim_end_matches(" kB").parse().expect("VmRSS is a number")
    }
}

/// Makes a folder for a server's data.
pub(crate) fn tempdir() -> std::path::PathBuf {
    tempfile::tempdir().expect("a temporary folder can be made").keep()
}

/// Finds an address that nobody listens on; another program may take it before the server does.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("a bound socket has an address")
}
