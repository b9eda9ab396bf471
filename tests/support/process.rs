//! The real program as a process of its own, for what only a process can show: its command line, its log, its end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::app::TestApp;

/// How long a start may take on a loaded machine.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long an end may take; the server itself gives its connections ten seconds.
const END_LIMIT: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub struct Process {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its measurements are, if they are.
    pub metrics: Option<SocketAddr>,
    child: Child,
    /// Reads the log to its end.
    log: JoinHandle<Vec<String>>,
}

impl TestApp {
    /// Returns the program with a command and this story's database, and with nothing else of this environment.
    #[must_use]
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.data_dir());
        command.env("DATABASE_URL", self.database_url()).args(arguments);
        command
    }

    /// Runs a command of the program to its end.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Finished {
        Finished::of(self.program(arguments)).await
    }

    /// Starts the program on this story's database, beside the server in this process.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn serve(&self, settings: &[(&str, &str)]) -> Process {
        let mut command = self.program(&["serve"]);
        command.env("JWT_SECRET", "only-for-tests-0123456789abcdef0123456789abcdef");
        command.envs(settings.iter().copied());
        Process::start(command).await
    }
}

/// Returns the program with a data directory, no metrics, any free port, and nothing else of this environment.
#[must_use]
pub fn program(data_dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(data_dir).kill_on_drop(true);
    command
        .env("POSTFUN_DATA_DIR", data_dir)
        .env("POSTFUN_LISTEN", "127.0.0.1:0")
        .env("POSTFUN_METRICS_LISTEN", "off");
    command.env("POSTFUN_DEMO", "off").env("POSTFUN_LOG_FORMAT", "json").stdin(Stdio::null());
    command
}

/// Finds the program, and refuses one that is older than its sources.
///
/// # Panics
///
/// When it is missing or older.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace");
        let binary =
            std::env::var_os("POSTFUN_BIN").map_or_else(|| top.join("target/debug/postfun"), PathBuf::from);
        let built = modified(&binary);
        let newest =
            ["server/src", "core/src", "migrations"].iter().map(|folder| newest_in(&top.join(folder))).max();
        assert!(
            built.is_some() && built >= newest.flatten(),
            "{} is missing or older than its sources: make debug-server",
            binary.display()
        );
        binary
    })
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn newest_in(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).expect("the sources are here").flatten();
    let newest = entries.map(|entry| {
        let path = entry.path();
        if path.is_dir() { newest_in(&path) } else { modified(&path) }
    });
    newest.max().flatten()
}

impl Process {
    /// Starts a server and waits until it says that it listens.
    ///
    /// # Panics
    ///
    /// When it ends, or takes more than a minute.
    pub async fn start(command: Command) -> Self {
        Self::try_start(command).await.expect("the server starts")
    }

    /// As [`Process::start`], but none when the server ends before it listens.
    ///
    /// # Panics
    ///
    /// When it takes more than a minute.
    pub async fn try_start(mut command: Command) -> Option<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the program can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("the output is a pipe")).lines();
        let mut log = Vec::new();
        let listening = tokio::time::timeout(START_LIMIT, wait_for_address(&mut lines, &mut log));
        let address = listening.await.expect("the server listens within a minute")?;
        let metrics = log.iter().find_map(|line| address_in(line, "measurements are at /metrics"));
        let log = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.push(line);
            }
            log
        });
        Some(Self { address, metrics, child, log })
    }

    /// Returns the number of the process.
    ///
    /// # Panics
    ///
    /// When it has ended.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("the process is running")
    }

    /// Returns the memory that the process occupies, in KiB.
    ///
    /// # Panics
    ///
    /// When it has ended.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("the process is running");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        number.expect("the system tells how much memory it is")
    }

    /// Sends a signal, as `kill -SIGNAL` does.
    ///
    /// # Panics
    ///
    /// When there is no such process or signal.
    pub async fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(format!("-{signal}")).arg(self.id().to_string()).status().await;
        assert!(status.expect("kill is there").success());
    }

    /// Waits for the end; returns the exit code, `None` when a signal ended it, and everything that was logged.
    ///
    /// # Panics
    ///
    /// When it does not end within half a minute.
    pub async fn wait(mut self) -> (Option<i32>, Vec<String>) {
        let end = tokio::time::timeout(END_LIMIT, self.child.wait());
        let code = end.await.expect("the process ends").expect("its end can be seen").code();
        (code, self.log.await.expect("the log is text"))
    }
}

type LogLines = tokio::io::Lines<BufReader<ChildStdout>>;

async fn wait_for_address(lines: &mut LogLines, log: &mut Vec<String>) -> Option<SocketAddr> {
    while let Ok(Some(line)) = lines.next_line().await {
        let address = address_in(&line, "listening");
        log.push(line);
        if address.is_some() {
            return address;
        }
    }
    None
}

/// The address in a line of the log with this message.
fn address_in(line: &str, message: &str) -> Option<SocketAddr> {
    let said: Value = serde_json::from_str(line).ok()?;
    if said["message"] == message { said["address"].as_str()?.parse().ok() } else { None }
}

/// A command that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The exit code.
    pub code: Option<i32>,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl Finished {
    /// Runs a command to its end.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub async fn of(mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.output().await.expect("the command can be started");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// Insists that the command succeeded, and returns its output.
    ///
    /// # Panics
    ///
    /// With everything it said, when it did not.
    #[expect(clippy::must_use_candidate, reason = "that it succeeded is often all there is to know")]
    #[track_caller]
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }
}
