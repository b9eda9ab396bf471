//! A whole server in this process: real router, real database, a clock that only the test moves.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use postfun_server::app::{App, StartError};
use postfun_server::clock::{Clock, ManualClock};
use postfun_server::config::{BackendConfig, Config, DatabaseUrl, PoolLimits};
use postfun_server::db::{Database, Missing};
use postfun_server::id::SeededEntropy;
use postfun_server::lightning::Provider;
use postfun_server::{audit, http};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::client::{Answer, Client};
use crate::engine::Engine;
use crate::node::Node;
use crate::postgres::TestDatabase;

/// When every story begins: 2026-01-01 00:00:00 UTC, in milliseconds since the epoch.
pub const START_MS: i64 = 1_767_225_600_000;

/// A server with a database of its own. Clones are the same server.
#[derive(Debug, Clone)]
pub struct TestApp {
    /// The server itself, for what HTTP cannot set up.
    pub app: Arc<App>,
    /// The server's clock; it stands still.
    pub clock: Arc<ManualClock>,
    /// Which engine the database belongs to.
    pub engine: Engine,
    router: Router,
    place: Arc<Place>,
}

/// Where the data of one test lies.
#[derive(Debug)]
struct Place {
    dir: TempDir,
    /// Taken out when it is removed.
    postgres: Mutex<Option<TestDatabase>>,
    url: DatabaseUrl,
}

impl TestApp {
    /// Starts a server on a fresh database, with the settings of [`Config::for_tests`].
    ///
    /// # Panics
    ///
    /// When the server does not start.
    pub async fn start(engine: Engine) -> Self {
        let place = Arc::new(Place::make(engine).await);
        let clock = Arc::new(ManualClock::new(START_MS));
        let config = place.config();
        let opened = Self::open(engine, place, clock, Arc::new(SeededEntropy::new(1)), config).await;
        opened.expect("the server starts")
    }

    /// As [`TestApp::start`], on a database that the caller has made; it stays when the test ends.
    ///
    /// # Panics
    ///
    /// When the server does not start.
    pub async fn start_on(url: DatabaseUrl) -> Self {
        let engine = match url {
            DatabaseUrl::Sqlite(_) => Engine::Sqlite,
            DatabaseUrl::Postgres(_) => Engine::Postgres,
        };
        let place = Arc::new(Place { dir: temporary_folder(), postgres: Mutex::new(None), url });
        let clock = Arc::new(ManualClock::new(START_MS));
        let config = place.config();
        let opened = Self::open(engine, place, clock, Arc::new(SeededEntropy::new(1)), config).await;
        opened.expect("the server starts")
    }

    /// Starts one more server on the same database with changed settings, as after a restart or beside this one.
    ///
    /// # Panics
    ///
    /// When the server does not start.
    pub async fn reconfigured(&self, change: impl FnOnce(&mut Config)) -> Self {
        self.try_reconfigured(change).await.expect("the server starts")
    }

    /// As [`TestApp::reconfigured`], for settings and databases that may not belong together.
    ///
    /// # Errors
    ///
    /// [`StartError`], as the server says it.
    pub async fn try_reconfigured(&self, change: impl FnOnce(&mut Config)) -> Result<Self, StartError> {
        let mut config = self.place.config();
        change(&mut config);
        // Its own seed, as two processes never draw the same bytes.
        let entropy =
            Arc::new(SeededEntropy::new(2 + u64::try_from(Arc::strong_count(&self.place)).unwrap_or(0)));
        Self::open(self.engine, Arc::clone(&self.place), Arc::clone(&self.clock), entropy, config).await
    }

    /// Starts one more server on the same database whose sats are at a node, with changed settings.
    ///
    /// # Panics
    ///
    /// When the server does not start.
    pub async fn with_node(&self, node: &Node, change: impl FnOnce(&mut Config)) -> Self {
        self.try_with_node(node, change).await.expect("the server starts")
    }

    /// As [`TestApp::with_node`], for providers and databases that may not belong together.
    ///
    /// # Errors
    ///
    /// [`StartError`], as the server says it.
    pub async fn try_with_node(
        &self,
        node: &Node,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, StartError> {
        let mut config = self.place.config();
        change(&mut config);
        let entropy =
            Arc::new(SeededEntropy::new(2 + u64::try_from(Arc::strong_count(&self.place)).unwrap_or(0)));
        // Starting a server is a large future.
        let app =
            Box::pin(App::open_with(config, self.clock.clone(), entropy, Provider::of(node.clone()))).await?;
        let router = app.router();
        Ok(Self {
            app,
            router,
            clock: Arc::clone(&self.clock),
            place: Arc::clone(&self.place),
            engine: self.engine,
        })
    }

    async fn open(
        engine: Engine,
        place: Arc<Place>,
        clock: Arc<ManualClock>,
        entropy: Arc<SeededEntropy>,
        config: Config,
    ) -> Result<Self, StartError> {
        let app = Box::pin(App::open(config, clock.clone(), entropy)).await?;
        let router = app.router();
        Ok(Self { app, clock, engine, router, place })
    }

    /// Returns a client without a token.
    #[must_use]
    pub fn stranger(&self) -> Client {
        Client::new(self.clone())
    }

    /// Sends a request through all layers of the server, without a socket.
    ///
    /// # Panics
    ///
    /// When the answer's body is not UTF-8 text.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.send_for_bytes(request).await).await
    }

    /// As [`TestApp::send`], for answers that are not text.
    ///
    /// # Panics
    ///
    /// Never; a router always answers.
    pub async fn send_for_bytes(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.expect("a router always answers")
    }

    /// Returns the time of the server's clock, in seconds since the epoch.
    ///
    /// # Panics
    ///
    /// When the clock stands before the epoch.
    #[must_use]
    pub fn now_s(&self) -> u64 {
        u64::try_from(self.clock.now_s()).expect("stories play after 1970")
    }

    /// Recomputes everything that money depends on, and fails at the first difference.
    ///
    /// # Panics
    ///
    /// With the report, when the books are not exact.
    pub async fn assert_books_are_exact(&self) {
        let report = audit::run(&self.app.db).await.expect("the audit runs");
        assert!(report.is_clean(), "the books are not exact on {:?}:\n{report}", self.engine);
    }

    /// Serves on a loopback port until the value is dropped or stopped.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub async fn listen(&self) -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let (router, app) = (self.router.clone(), Arc::clone(&self.app));
        let server = tokio::spawn(async move {
            // A dropped sender means stop as well.
            let shutdown = async { stopped.await.unwrap_or_default() };
            http::serve(router, listener, &app.config, shutdown).await;
        });
        Listening { address, stop, server }
    }

    /// Returns the folder of this story's files.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.place.dir.path()
    }

    /// Returns the address of the database, for a second process on it.
    #[must_use]
    pub fn database_url(&self) -> String {
        match &self.place.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite:///{}", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }

    /// Closes the connections and removes the database.
    pub async fn remove(self) {
        self.app.db.close().await;
        let database = self.place.postgres.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(database) = database {
            database.remove().await;
        }
    }
}

impl Place {
    async fn make(engine: Engine) -> Self {
        let dir = temporary_folder();
        let (postgres, url) = match engine {
            Engine::Sqlite => (None, DatabaseUrl::Sqlite(dir.path().join("postfun.db"))),
            Engine::Postgres => {
                let database = TestDatabase::create().await;
                let url = DatabaseUrl::Postgres(database.url.clone());
                (Some(database), url)
            }
        };
        Self { dir, postgres: Mutex::new(postgres), url }
    }

    /// Without a demo, so that a story begins with empty books.
    fn config(&self) -> Config {
        let mut config =
            Config { database: self.url.clone(), demo: false, ..Config::for_tests(self.dir.path()) };
        config.lightning.backend = BackendConfig::Off;
        config
    }
}

fn temporary_folder() -> TempDir {
    let made = tempfile::Builder::new().prefix("postfun-test-").tempdir();
    made.expect("a temporary folder can be made")
}

/// A server that listens on a real socket.
#[derive(Debug)]
pub struct Listening {
    /// Where it listens.
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Listening {
    /// Asks the server to finish what it has begun, and waits until it has.
    ///
    /// # Panics
    ///
    /// When the server panicked.
    pub async fn stop(self) {
        drop(self.stop);
        self.server.await.expect("the server ends without a panic");
    }
}

/// Brings an empty PostgreSQL database to today's schema.
pub(crate) async fn migrate(url: &str) {
    let url = DatabaseUrl::Postgres(url.to_owned());
    let database = Database::connect(&url, PoolLimits::default(), Missing::Create)
        .await
        .expect("the template can be reached");
    database.migrate().await.expect("the migrations apply to an empty database");
    database.close().await;
}
