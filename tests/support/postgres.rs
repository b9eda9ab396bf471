//! A PostgreSQL server for the tests alone, and a fresh database in it for each test.
//!
//! The first test that asks starts a cluster in a temporary directory, reachable by a Unix socket only; it lives as long
//! as the test process and disappears with it, even when the process is killed: a shell waits for the end of a pipe whose
//! other end only this process holds. `POSTFUN_TEST_DATABASE_URL` names a server to use instead.
//!
//! A missing PostgreSQL fails the test with the name of the package; it never skips one.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::{Mutex, OnceCell};

/// How long a cluster may take to accept connections; a loaded machine needs a second or two.
const START_LIMIT: Duration = Duration::from_mins(1);
/// Room for the pools of several servers in several tests at once.
const CONNECTIONS_MAX: u32 = 400;

/// Whether commits wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// No: a crash of the machine may lose everything, which no test can notice.
    None,
    /// Yes, as in production: for measurements, and for drills that kill the server.
    Full,
}

/// A running PostgreSQL server that ends with the value, or with the process.
#[derive(Debug)]
pub struct Cluster {
    socket_dir: PathBuf,
    port: u16,
    /// Its standard input is the pipe; closing it is the signal to stop.
    watchdog: Child,
}

/// The port in the name of the socket's file, when nothing listens on TCP.
const SOCKET_PORT: u16 = 5432;

impl Cluster {
    /// Creates and starts a cluster.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed (the message names the package) or does not start within a minute.
    pub async fn start(durability: Durability) -> Self {
        let settings = vec!["listen_addresses=".to_owned()];
        Self::start_with(durability, SOCKET_PORT, settings).await
    }

    /// As [`Cluster::start`], and reachable from this machine by TCP too.
    ///
    /// # Panics
    ///
    /// As [`Cluster::start`], and when no port can be had.
    pub async fn start_on_tcp(durability: Durability) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a loopback port is free").port();
        let settings = vec!["listen_addresses=127.0.0.1".to_owned(), format!("port={port}")];
        Self::start_with(durability, port, settings).await
    }

    async fn start_with(durability: Durability, port: u16, mut settings: Vec<String>) -> Self {
        let bin_dir = bin_dir();
        let (dir, account) = make_dir();
        init_database(&bin_dir, &dir, account.as_ref());
        settings.extend(common_settings(durability));
        let watchdog = spawn_watched(&bin_dir, &dir, account.as_ref(), &settings);
        let cluster = Self { socket_dir: dir, port, watchdog };
        cluster.wait_until_ready().await;
        cluster
    }

    /// Returns the URL of one of the cluster's databases, for its superuser, by the socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let Self { socket_dir, port, .. } = self;
        format!("postgres://postgres@localhost:{port}/{database}?host={}", socket_dir.display())
    }

    /// As [`Cluster::url`], by TCP.
    #[must_use]
    pub fn tcp_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops the server at once, as a crash would, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// When it does not end within a minute.
    pub async fn crash(&mut self) {
        let gone = self.socket_dir.join("gone");
        let _ = fs::remove_file(&gone);
        self.order("crash");
        let deadline = Instant::now() + START_LIMIT;
        while !gone.exists() {
            assert!(Instant::now() < deadline, "PostgreSQL did not stop");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts the server again after [`Cluster::crash`], and waits until it has recovered.
    ///
    /// # Panics
    ///
    /// When it does not start within a minute.
    pub async fn recover(&mut self) {
        self.order("start");
        self.wait_until_ready().await;
    }

    /// Runs a statement, as the superuser, on a connection of its own.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn run(&self, statement: &str) {
        Admin { url: self.url("postgres") }.run(statement).await;
    }

    /// Makes every commit wait for a standby that does not exist: committed in this server, and not told to anyone. Whoever
    /// loses the connection then does not know what took place.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn hold_answers_to_commits(&self) {
        self.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
        self.run("SELECT pg_reload_conf()").await;
    }

    /// Returns how many commits that have written to a table wait in [`Cluster::hold_answers_to_commits`].
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn held_commits(&self, table: &str) -> i64 {
        const HELD: &str = "SELECT COUNT(*) FROM pg_stat_activity \
                            JOIN pg_locks ON pg_locks.pid = pg_stat_activity.pid \
                            JOIN pg_class ON pg_class.oid = pg_locks.relation \
                            WHERE wait_event = 'SyncRep' AND mode = 'RowExclusiveLock' AND relname = $1";
        let mut connection =
            PgConnection::connect(&self.url("postgres")).await.expect("the cluster can be reached");
        let held = sqlx::query_scalar(HELD).bind(table).fetch_one(&mut connection).await;
        held.expect("activity can be read")
    }

    /// Ends [`Cluster::hold_answers_to_commits`]; the waiting commits are answered.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn release_answers_to_commits(&self) {
        self.run("ALTER SYSTEM RESET synchronous_standby_names").await;
        self.run("SELECT pg_reload_conf()").await;
    }

    fn order(&mut self, order: &str) {
        let pipe = self.watchdog.stdin.as_mut().expect("the pipe stays open as long as the cluster");
        writeln!(pipe, "{order}").expect("the watchdog reads its orders");
    }

    /// Returns where one of PostgreSQL's own programs lies.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        bin_dir().join(name)
    }

    /// Returns the folder of the socket, which those programs take as the host.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    async fn wait_until_ready(&self) {
        let options: PgConnectOptions =
            self.url("postgres").parse().expect("the cluster's URL is well formed");
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match PgConnection::connect_with(&options).await {
                Ok(connection) => return connection.close().await.expect("an idle connection closes"),
                Err(error) if Instant::now() > deadline => {
                    let log = fs::read_to_string(self.socket_dir.join("log")).unwrap_or_default();
                    panic!("PostgreSQL did not start: {error}\n{log}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // The watchdog ends by itself after the pipe; a failure to wait leaves a zombie until this process ends.
        let _ = self.watchdog.wait();
    }
}

/// An account of the system other than root, which PostgreSQL refuses to run as.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// Returns the account to change to.
    fn instead_of_root() -> Self {
        let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
        let account = ["postgres", "nobody"].iter().find_map(|name| Self::find(&passwd, name));
        account.expect("root needs an account 'postgres' or 'nobody' to run PostgreSQL as")
    }

    fn find(passwd: &str, name: &str) -> Option<Self> {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(Self { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }
}

fn command(program: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// Finds the folder of `initdb`: in `PATH`, else where Debian puts it, the newest version first.
fn bin_dir() -> PathBuf {
    let in_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    debian.sort_by_key(|entry| {
        std::cmp::Reverse(entry.file_name().to_string_lossy().parse::<u32>().unwrap_or(0))
    });
    let debian = debian.into_iter().map(|entry| entry.path().join("bin"));
    // A link in PATH leads to the folder that holds the other programs too.
    let mut folders = in_path.into_iter().flatten().chain(debian);
    let initdb = folders.find_map(|folder| folder.join("initdb").canonicalize().ok());
    let initdb = initdb.expect(
        "PostgreSQL is missing: install Debian's package 'postgresql' (make test does so as root), \
         or give a server in POSTFUN_TEST_DATABASE_URL",
    );
    initdb.parent().expect("a file stands in a folder").to_owned()
}

/// Makes the directory of a cluster, and finds the account that owns it when this process is root.
///
/// The path stays short, since a socket's path may have 107 bytes only.
fn make_dir() -> (PathBuf, Option<Account>) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("postfun-pg-{}-{number}", std::process::id());
    let temp = Some(std::env::temp_dir()).filter(|dir| dir.as_os_str().len() < 60);
    let dir = temp.unwrap_or_else(|| PathBuf::from("/tmp")).join(name);
    // Left behind by an older process of the same number whose watchdog was killed too.
    let _ = fs::remove_dir_all(&dir);
    DirBuilder::new().mode(0o700).create(&dir).expect("the temporary directory is writable");
    let is_root = fs::metadata(&dir).expect("the directory was just made").uid() == 0;
    let account = is_root.then(Account::instead_of_root);
    if let Some(account) = account {
        chown(&dir, Some(account.uid), Some(account.gid)).expect("root may give a directory away");
    }
    (dir, account)
}

fn init_database(bin_dir: &Path, dir: &Path, account: Option<&Account>) {
    let output = command(&bin_dir.join("initdb"), account)
        .arg("--pgdata")
        .arg(dir.join("data"))
        .args(["--username=postgres", "--auth=trust", "--no-sync", "--no-instructions"])
        .args(["--encoding=UTF8", "--locale=C"])
        .output()
        .expect("initdb can be started");
    assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
}

/// Starts the server below a shell that stops it and removes its directory when this process is gone.
///
/// The shell leads a process group of its own, so that an interrupt from the keyboard reaches it through the pipe only.
fn spawn_watched(bin_dir: &Path, dir: &Path, account: Option<&Account>, settings: &[String]) -> Child {
    const SCRIPT: &str = r#"
        start() { "$@" </dev/null >>"$CLUSTER_DIR/log" 2>&1 & server=$!; }
        crash() { kill -QUIT "$server"; wait "$server"; }
        start "$@"
        is_up=yes
        while read -r order; do
            case "$order" in
                crash) crash; is_up=no; : >"$CLUSTER_DIR/gone" ;;
                start) start "$@"; is_up=yes ;;
            esac
        done
        [ "$is_up" = no ] || crash
        rm -rf "$CLUSTER_DIR"
    "#;
    let mut shell = command(Path::new("/bin/sh"), account);
    shell.env("CLUSTER_DIR", dir).args(["-c", SCRIPT, "watchdog"]).arg(bin_dir.join("postgres"));
    shell.arg("-D").arg(dir.join("data")).arg("-k").arg(dir);
    for setting in settings {
        shell.args(["-c", setting]);
    }
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    shell.spawn().expect("a shell can be started")
}

fn common_settings(durability: Durability) -> Vec<String> {
    let mut settings = vec![format!("max_connections={CONNECTIONS_MAX}"), "shared_buffers=128MB".to_owned()];
    if durability == Durability::None {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
    }
    settings
}

/// A database for one test, made from a migrated template.
#[derive(Debug)]
pub struct TestDatabase {
    /// Where the server under test connects.
    pub url: String,
    name: String,
}

impl TestDatabase {
    /// Makes an empty database with today's schema.
    ///
    /// # Panics
    ///
    /// When there is no PostgreSQL, or it refuses.
    pub async fn create() -> Self {
        let server = Server::shared().await;
        let number = server.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}_{number}", server.prefix);
        // PostgreSQL copies a template only while nobody is connected to it, and one copy at a time.
        let admin = server.admin.lock().await;
        admin.run(&format!("CREATE DATABASE {name} TEMPLATE {}", server.template())).await;
        Self { url: with_database(&server.url, &name), name }
    }

    /// Removes the database, and whoever is still connected to it.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn remove(self) {
        let server = Server::shared().await;
        server.admin.lock().await.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

/// The server that all tests of this process share.
#[derive(Debug)]
struct Server {
    url: String,
    prefix: String,
    count: AtomicU32,
    admin: Mutex<Admin>,
    /// Kept for the life of the process; `None` when a URL was given.
    _cluster: Option<Cluster>,
}

impl Server {
    async fn shared() -> &'static Self {
        static SERVER: OnceCell<Server> = OnceCell::const_new();
        SERVER.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let (url, cluster) = if let Ok(url) = std::env::var("POSTFUN_TEST_DATABASE_URL") {
            (url, None)
        } else {
            let cluster = Cluster::start(Durability::None).await;
            (cluster.url("postgres"), Some(cluster))
        };
        let prefix = format!("postfun_test_{}", std::process::id());
        let admin = Admin { url: url.clone() };
        let server =
            Self { url, prefix, count: AtomicU32::new(0), admin: Mutex::new(admin), _cluster: cluster };
        server.make_template().await;
        server
    }

    fn template(&self) -> String {
        format!("{}_template", self.prefix)
    }

    async fn make_template(&self) {
        let template = self.template();
        let admin = self.admin.lock().await;
        admin.run(&format!("DROP DATABASE IF EXISTS {template}")).await;
        admin.run(&format!("CREATE DATABASE {template}")).await;
        crate::app::migrate(&with_database(&self.url, &template)).await;
    }
}

/// Connects anew for each statement: a connection belongs to the runtime of the test that opened it, and tests end.
#[derive(Debug)]
struct Admin {
    url: String,
}

impl Admin {
    async fn run(&self, statement: &str) {
        let mut connection =
            PgConnection::connect(&self.url).await.expect("the test's PostgreSQL can be reached");
        let statement = AssertSqlSafe(statement.to_owned());
        connection.execute(statement).await.expect("the test's PostgreSQL obeys");
        connection.close().await.expect("an idle connection closes");
    }
}

/// Replaces the database in a URL, keeping its parameters.
fn with_database(url: &str, database: &str) -> String {
    let (base, parameters) = url.split_once('?').map_or((url, None), |(base, rest)| (base, Some(rest)));
    let scheme_end = base.find("://").map_or(0, |at| at + 3);
    let authority_end = base[scheme_end..].find('/').map_or(base.len(), |at| scheme_end + at);
    let parameters = parameters.map(|rest| format!("?{rest}")).unwrap_or_default();
    format!("{}/{database}{parameters}", &base[..authority_end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn database_is_replaced_in_every_form_of_url() {
        let cases = [
            ("postgres://u:p@host:5432/old?sslmode=disable", "postgres://u:p@host:5432/new?sslmode=disable"),
            ("postgres://host", "postgres://host/new"),
            (
                "postgres://postgres@localhost/postgres?host=/tmp/x",
                "postgres://postgres@localhost/new?host=/tmp/x",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "new"), expected);
        }
    }
}
