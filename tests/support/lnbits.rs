//! A real LNbits for the tests alone: `FakeWallet` as its node, SQLite in a temporary folder, on this machine only.
//!
//! The program comes from `scripts/setup.sh lnbits`; without it a test fails with that sentence, it never skips. The
//! server ends with the value or with the process, even when that is killed: a shell waits for the end of a pipe whose
//! other end only this process holds.
//!
//! `FakeWallet` makes mainnet invoices (`lnbc`) and pays those of the same LNbits only, without a fee.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postfun_core::bolt11::Network;
use postfun_server::config::{LnbitsConfig, Secret};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use url::Url;

use crate::plain_http;

/// How long a start may take; an idle machine needs four seconds.
const START_LIMIT: Duration = Duration::from_mins(2);
/// A start can lose its port to somebody else.
const START_TRIES: usize = 3;
/// The file whose presence keeps the folder when the server ends.
const KEEP: &str = "keep";
/// The only super user, known before the first start.
const SUPER_USER: &str = "d2c5f08a3b6e4d1f9a7c0b8e6f4a2d10";

/// A running LNbits.
#[derive(Debug)]
pub struct LnbitsServer {
    address: SocketAddr,
    /// Its database and everything else that it keeps.
    dir: PathBuf,
    /// Lets the super user in.
    token: String,
    /// Its standard input is the pipe; closing it is the signal to stop.
    watchdog: Child,
}

/// A wallet in it.
#[derive(Debug, Clone)]
pub struct LnbitsWallet {
    /// Where LNbits is.
    pub url: Url,
    /// The wallet's number.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// Makes and reads invoices.
    pub invoice_key: String,
    /// Pays.
    pub admin_key: String,
}

impl LnbitsServer {
    /// The network of `FakeWallet`'s invoices.
    pub const NETWORK: Network = Network::Mainnet;

    /// Returns the server that all tests of this process share; each makes wallets of its own.
    ///
    /// # Panics
    ///
    /// As [`LnbitsServer::start`].
    pub async fn shared() -> &'static Self {
        static SERVER: OnceCell<LnbitsServer> = OnceCell::const_new();
        SERVER.get_or_init(Self::start).await
    }

    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    ///
    /// When LNbits is not installed (the message says how) or does not start.
    pub async fn start() -> Self {
        let mut complaint = String::new();
        for _try in 0..START_TRIES {
            match Self::try_start().await {
                Ok(server) => return server,
                Err(log) => complaint = log,
            }
        }
        panic!("LNbits did not start:\n{complaint}");
    }

    async fn try_start() -> Result<Self, String> {
        let address = free_address();
        let dir = make_dir().keep();
        let watchdog = spawn_watched(&dir, address);
        let mut server = Self { address, dir, token: String::new(), watchdog };
        let token = server.wait_until_ready().await;
        let log = take_log(address);
        server.token = token.ok_or(log)?;
        Ok(server)
    }

    /// Chooses the super user's password, the first thing that LNbits allows, and returns the token.
    ///
    /// Whoever else got the port refuses, so that nobody takes a stranger for this server.
    async fn wait_until_ready(&mut self) -> Option<String> {
        let password =
            json!({"username": "tests", "password": "tests-tests", "password_repeat": "tests-tests"});
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let path = "api/v1/auth/first_install";
            if let Ok(made) = call(self.address, "PUT", path, &[], Some(password.clone())).await {
                return made["access_token"].as_str().map(str::to_owned);
            }
            let has_ended = self.watchdog.try_wait().is_ok_and(|status| status.is_some());
            if has_ended || Instant::now() > deadline {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Kills the server, as `kill -9` does; what it keeps stays for [`LnbitsServer::start_again`].
    ///
    /// # Panics
    ///
    /// When its folder is gone.
    pub fn kill(&mut self) {
        std::fs::write(self.dir.join(KEEP), "").expect("the server's folder is there");
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }

    /// Starts the server again after [`LnbitsServer::kill`], at the same address, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_again(&mut self) {
        std::fs::remove_file(self.dir.join(KEEP)).expect("the server was killed");
        self.watchdog = spawn_watched(&self.dir, self.address);
        let deadline = Instant::now() + START_LIMIT;
        while call(self.address, "GET", "api/v1/health", &[], None).await.is_err() {
            let has_ended = self.watchdog.try_wait().is_ok_and(|status| status.is_some());
            assert!(!has_ended && Instant::now() < deadline, "LNbits:\n{}", take_log(self.address));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let _log = take_log(self.address);
    }

    /// Makes a wallet that holds a number of sats.
    ///
    /// # Panics
    ///
    /// When LNbits refuses.
    pub async fn wallet(&self, sats: u64) -> LnbitsWallet {
        let name = json!({"name": "tests"});
        let made = call(self.address, "POST", "api/v1/account", &[], Some(name)).await;
        let made = made.expect("LNbits makes a wallet");
        let text = |key: &str| made[key].as_str().expect("a wallet has its keys").to_owned();
        let wallet = LnbitsWallet {
            url: Url::parse(&format!("http://{}/", self.address)).expect("an address is a URL"),
            id: text("id"),
            user: text("user"),
            invoice_key: text("inkey"),
            admin_key: text("adminkey"),
        };
        if sats > 0 {
            self.credit(&wallet, sats).await;
        }
        wallet
    }

    async fn credit(&self, wallet: &LnbitsWallet, sats: u64) {
        let token = format!("Bearer {}", self.token);
        let order = json!({"id": wallet.id, "amount": sats});
        let headers = [("authorization", token.as_str())];
        let done = call(self.address, "PUT", "users/api/v1/balance", &headers, Some(order)).await;
        done.expect("the super user may give sats");
    }
}

impl Drop for LnbitsServer {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // The watchdog ends by itself after the pipe; a failure to wait leaves a zombie until this process ends.
        let _ = self.watchdog.wait();
        if self.dir.join(KEEP).exists() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

impl LnbitsWallet {
    /// Returns how the server under test reaches this wallet.
    #[must_use]
    pub fn config(&self) -> LnbitsConfig {
        LnbitsConfig {
            api_url: self.url.clone(),
            invoice_key: Secret::new(self.invoice_key.as_str()),
            admin_key: Some(Secret::new(self.admin_key.as_str())),
            connect_timeout: Duration::from_secs(10),
            // A loaded machine is slow; no test waits for this to pass.
            timeout: Duration::from_mins(1),
        }
    }

    /// Returns the same as settings of the program.
    #[must_use]
    pub fn settings(&self) -> [(&'static str, String); 3] {
        [
            ("LNBITS_API_URL", self.url.to_string()),
            ("LNBITS_INVOICE_KEY", self.invoice_key.clone()),
            ("LNBITS_ADMIN_KEY", self.admin_key.clone()),
        ]
    }

    /// Makes an invoice as anybody else would.
    ///
    /// # Panics
    ///
    /// When LNbits refuses.
    pub async fn invoice(&self, sats: u64) -> String {
        self.invoice_for(sats, 3_600).await
    }

    /// As [`LnbitsWallet::invoice`], good for a number of seconds.
    ///
    /// # Panics
    ///
    /// When LNbits refuses.
    pub async fn invoice_for(&self, sats: u64, expires_in_s: u64) -> String {
        let order =
            json!({"out": false, "unit": "sat", "amount": sats, "memo": "tests", "expiry": expires_in_s});
        let made = self.payments(&self.invoice_key, order).await.expect("LNbits makes an invoice");
        made["bolt11"].as_str().expect("an invoice has a text").to_owned()
    }

    /// Pays an invoice as anybody else would.
    ///
    /// # Panics
    ///
    /// When LNbits refuses.
    pub async fn pay(&self, bolt11: &str) {
        assert_eq!(self.try_pay(bolt11).await.expect("LNbits pays")["status"], "success");
    }

    /// As [`LnbitsWallet::pay`], from an LNbits that may be gone.
    ///
    /// # Errors
    ///
    /// What LNbits or the connection says; it may have paid all the same.
    pub async fn try_pay(&self, bolt11: &str) -> Result<Value, String> {
        self.payments(&self.admin_key, json!({"out": true, "bolt11": bolt11})).await
    }

    /// Whether an invoice of this wallet was paid.
    ///
    /// # Panics
    ///
    /// When LNbits refuses.
    pub async fn is_paid(&self, hash: &str) -> bool {
        let path = format!("api/v1/payments/{hash}");
        let about = call(self.address(), "GET", &path, &[("x-api-key", &self.invoice_key)], None).await;
        about.expect("LNbits knows its invoice")["paid"] == true
    }

    /// Gives the wallet new keys; the old ones open nothing any more.
    ///
    /// # Panics
    ///
    /// When LNbits refuses.
    #[must_use]
    pub async fn with_new_keys(&self) -> Self {
        let path = format!("api/v1/wallet/reset/{}?usr={}", self.id, self.user);
        let made = call(self.address(), "PUT", &path, &[], None).await.expect("LNbits makes new keys");
        let text = |key: &str| made[key].as_str().expect("a wallet has its keys").to_owned();
        Self { invoice_key: text("inkey"), admin_key: text("adminkey"), ..self.clone() }
    }

    fn address(&self) -> SocketAddr {
        *self.url.socket_addrs(|| None).expect("the address is numeric").first().expect("one")
    }

    async fn payments(&self, key: &str, order: Value) -> Result<Value, String> {
        call(self.address(), "POST", "api/v1/payments", &[("x-api-key", key)], Some(order)).await
    }
}

/// Finds the folder in which `scripts/setup.sh` keeps LNbits.
fn home() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = || folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    let tools = folder("POSTFUN_TOOLS").or_else(|| cache().map(|cache| cache.join("postfun/tools")));
    let home = tools.expect("HOME or POSTFUN_TOOLS is set").join("lnbits");
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/lnbits-requirements.txt");
    let wanted = std::fs::read(wanted).expect("the list of LNbits' packages is readable");
    assert!(
        std::fs::read(home.join("installed.txt")).is_ok_and(|installed| installed == wanted),
        "LNbits is missing or of another version: scripts/setup.sh lnbits (make test does so)"
    );
    home
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("a bound socket has an address")
}

fn log_path(address: SocketAddr) -> PathBuf {
    std::env::temp_dir().join(format!("postfun-lnbits-{}.log", address.port()))
}

/// Reads the log and takes its name away; from then on it disappears with the server.
fn take_log(address: SocketAddr) -> String {
    let text = std::fs::read_to_string(log_path(address)).unwrap_or_default();
    let _ = std::fs::remove_file(log_path(address));
    text
}

/// Makes a working directory; LNbits wants its own `lnbits/static` below.
fn make_dir() -> TempDir {
    let dir =
        tempfile::Builder::new().prefix("postfun-lnbits-").tempdir().expect("a temporary folder can be made");
    let library = std::fs::read_dir(home().join("lib")).expect("the environment is whole");
    let python = library.flatten().next().expect("the environment has a Python").path();
    for folder in ["lnbits", "data/logs", "extensions/extensions"] {
        std::fs::create_dir_all(dir.path().join(folder)).expect("a new folder is empty");
    }
    let files = python.join("site-packages/lnbits/static");
    std::os::unix::fs::symlink(files, dir.path().join("lnbits/static")).expect("a new folder is empty");
    dir
}

/// Starts the server below a shell that stops it and removes its folder when this process is gone, and that ends when the
/// server does.
fn spawn_watched(dir: &Path, address: SocketAddr) -> Child {
    const SCRIPT: &str = r#"
        exec 3<&0
        "$@" </dev/null >"$LOG" 2>&1 &
        server=$!
        (cat >/dev/null; kill -KILL "$server" 2>/dev/null) <&3 &
        exec 3<&-
        wait "$server"
        [ -e "$DIR/keep" ] || rm -rf "$DIR"
    "#;
    let mut shell = Command::new("/bin/sh");
    shell
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", dir)
        .env("DIR", dir)
        .env("LOG", log_path(address));
    shell.envs(settings(dir));
    shell.args(["-c", SCRIPT, "watchdog"]).arg(home().join("bin/python"));
    // Its own command would start a second process, which outlives the first.
    shell.args(["-m", "uvicorn", "lnbits.__main__:app", "--host", "127.0.0.1", "--port"]);
    shell.arg(address.port().to_string());
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.current_dir(dir).process_group(0);
    shell.spawn().expect("a shell can be started")
}

fn settings(dir: &Path) -> [(&'static str, String); 14] {
    let below = |name: &str| dir.join(name).display().to_string();
    [
        ("LNBITS_BACKEND_WALLET_CLASS", "FakeWallet".to_owned()),
        ("FAKE_WALLET_SECRET", "tests".to_owned()),
        ("LNBITS_DATA_FOLDER", below("data")),
        ("LNBITS_EXTENSIONS_PATH", below("extensions")),
        ("LNBITS_EXTENSIONS_DEFAULT_INSTALL", String::new()),
        ("LNBITS_ADMIN_UI", "true".to_owned()),
        ("SUPER_USER", SUPER_USER.to_owned()),
        // The account of a wallet may be used by whoever knows its number, to give the wallet new keys.
        ("AUTH_ALLOWED_METHODS", r#"["user-id-only", "username-password"]"#.to_owned()),
        ("AUTH_HTTPS_ONLY", "false".to_owned()),
        ("ENABLE_LOG_TO_FILE", "false".to_owned()),
        ("LNBITS_RATE_LIMIT_NO", "1000000".to_owned()),
        // Both, or LNbits posts no webhook to this machine.
        ("LNBITS_CALLBACK_URL_RULES", "[]".to_owned()),
        ("LNBITS_CALLBACK_ALLOW_PRIVATE_IPS", "true".to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
    ]
}

/// Calls LNbits; anything but a success is an error with its words.
async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Result<Value, String> {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let headers = [headers, &[("content-type", "application/json")]].concat();
    let (status, text) =
        plain_http::call(address, method, path, &headers, &body).await.map_err(|error| error.to_string())?;
    if (200..300).contains(&status) {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        Err(text)
    }
}
