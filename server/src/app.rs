//! The services, put together, and the router over them.

use std::sync::Arc;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

use crate::activity::Activity;
use crate::admin::{AdminError, Admins};
use crate::amm::{CreatePoolError, Notary, Pools};
use crate::beta::Beta;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Database, DbError, MigrateError, Missing};
use crate::events::{Events, Streams};
use crate::http::StreamSlots;
use crate::id::Entropy;
use crate::identity::{Identities, InvalidUserRef, UserRef};
use crate::jobs::{JobSpec, Locks};
use crate::ledger::Ledger;
use crate::lightning::simulated::Simulated;
use crate::lightning::{ConnectError, Lightning, NodeError, Provider, Terms};
use crate::link::Links;
use crate::notify::Notifications;
use crate::privy::{ClientFault, Privy};
use crate::session::Sessions;
use crate::signin::SignIn;
use crate::users::Users;
use crate::{
    activity, amm, beta, demo, events, http, jobs, ledger, lightning, link, notify, ops, session, signin,
    users,
};

/// Everything the server is made of.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Locks that outlive a transaction.
    pub locks: Locks,
    /// Users and their keys.
    pub identities: Identities,
    /// Sessions and tokens.
    pub sessions: Sessions,
    /// What Privy says about users.
    pub privy: Privy,
    /// Signing in with a key.
    pub sign_in: SignIn,
    /// Signing in with Privy, and profiles.
    pub users: Users,
    /// What users did.
    pub activity: Activity,
    /// What users want to be told.
    pub notifications: Notifications,
    /// Keys to the private beta.
    pub beta: Beta,
    /// Users' several keys.
    pub links: Links,
    /// What happens to users.
    pub events: Events,
    /// Their streams.
    pub streams: Streams,
    /// How many streams each client has open.
    pub stream_slots: StreamSlots,
    /// Money.
    pub ledger: Ledger,
    /// Sats over Lightning.
    pub lightning: Lightning,
    /// The demo's own Lightning node.
    pub simulated_node: Option<Arc<Simulated>>,
    /// Pools and swaps.
    pub pools: Pools,
    /// Signs what pools have been.
    pub notary: Notary,
}

/// The ways to servers of others.
struct Ports {
    provider: Provider,
    privy: Privy,
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database could not be opened.
    #[error("the database could not be opened")]
    Database(#[from] DbError),
    /// Its schema could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The demo's pool could not be made.
    #[error("the demo's pool could not be made")]
    Demo(#[from] CreatePoolError),
    /// `POSTFUN_ADMINS` names nobody.
    #[error("POSTFUN_ADMINS holds `{text}`, but {source}")]
    Admin {
        /// What it holds.
        text: String,
        /// Why that names nobody.
        source: InvalidUserRef,
    },
    /// The Lightning provider cannot be used.
    #[error("the Lightning provider cannot be used")]
    Lightning(#[from] ConnectError),
    /// The sats are at another provider.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// This machine cannot make calls of Privy.
    #[error(transparent)]
    Privy(#[from] ClientFault),
    /// A configured administrator could not be made one.
    #[error(transparent)]
    Grant(#[from] AdminError),
}

impl App {
    /// Opens the database, brings its schema up to date and puts the services together.
    ///
    /// # Errors
    ///
    /// [`StartError`], a sentence for the operator.
    pub async fn open(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<Self>, StartError> {
        let db = Self::open_database(&config).await?;
        let provider = Provider::connect(&config, &db, &clock, &entropy)?;
        // On the heap: starting is the largest future there is, and whoever awaits it would carry it along.
        Box::pin(Self::start(config, db, clock, entropy, provider)).await
    }

    /// As [`App::open`], with a Lightning provider of the caller's choice.
    ///
    /// # Errors
    ///
    /// [`StartError`], a sentence for the operator.
    pub async fn open_with(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        provider: Provider,
    ) -> Result<Arc<Self>, StartError> {
        let db = Self::open_database(&config).await?;
        Box::pin(Self::start(config, db, clock, entropy, provider)).await
    }

    async fn open_database(config: &Config) -> Result<Database, StartError> {
        let db = Database::connect(&config.database, config.pool, Missing::Create).await?;
        db.migrate().await?;
        Ok(db)
    }

    async fn start(
        config: Config,
        db: Database,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        provider: Provider,
    ) -> Result<Arc<Self>, StartError> {
        let privy = Privy::new(config.privy.as_ref(), &clock)?;
        let app = Self::assemble(config, db, clock, entropy, Ports { provider, privy });
        app.lightning.check_node().await?;
        if let Err(error) = app.activity.make_months(None).await {
            tracing::warn!(
                error = error.chain(),
                "months of the activity log could not be made; the job tries again"
            );
        }
        app.grant_configured_admins().await?;
        if app.config.demo {
            demo::seed_pool(&app.pools, &app.ledger).await?;
        }
        Ok(Arc::new(app))
    }

    fn assemble(
        config: Config,
        db: Database,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        ports: Ports,
    ) -> Self {
        let Ports { provider, privy } = ports;
        let parts = || (db.clone(), Arc::clone(&clock), Arc::clone(&entropy));
        let (a, b, c) = parts();
        let identities = Identities::new(a, b, c);
        let (a, b, c) = parts();
        let activity = Activity::new(a, b, c);
        let (a, b, c) = parts();
        let sessions = Sessions::new(a, b, c, activity.clone(), &config);
        let (a, b, c) = parts();
        let sign_in = SignIn::new(a, b, c, identities.clone(), sessions.clone(), &config);
        let accounts = users::Parts {
            identities: identities.clone(),
            sessions: sessions.clone(),
            activity: activity.clone(),
            privy: privy.clone(),
        };
        let (a, b, c) = parts();
        let users = Users::new(a, b, c, accounts.clone());
        let (a, b, c) = parts();
        let notifications = Notifications::new(a, b, c, activity.clone());
        let (a, b, c) = parts();
        let beta = Beta::new(a, b, c, config.rates.beta);
        let events = Events::new(db.clone(), Arc::clone(&clock), entropy.as_ref());
        let (a, b, c) = parts();
        let links =
            link::Parts { accounts, users: users.clone(), sign_in: sign_in.clone(), events: events.clone() };
        let links = Links::new(a, b, c, links);
        let (a, b, c) = parts();
        let ledger = Ledger::new(a, b, c, events.clone());
        let streams = Streams::new(events.clone(), ledger.clone(), sessions.clone());
        let stream_slots = StreamSlots::new(&config.limits);
        let (a, b, c) = parts();
        let pools = Pools::new(a, b, c, ledger.clone(), events.clone());
        let notary = Notary::new(&config.tokens.secret);
        let (a, b, c) = parts();
        let lightning = Lightning::new(lightning::Parts {
            db: a,
            clock: b,
            entropy: c,
            ledger: ledger.clone(),
            events: events.clone(),
            backend: provider.backend,
            terms: Terms::new(&config.lightning),
        });
        let locks = Locks::new(db.clone(), Arc::clone(&clock));
        Self {
            config,
            db,
            clock,
            entropy,
            locks,
            identities,
            sessions,
            privy,
            sign_in,
            users,
            activity,
            notifications,
            beta,
            links,
            events,
            streams,
            stream_slots,
            ledger,
            lightning,
            simulated_node: provider.simulated,
            pools,
            notary,
        }
    }

    async fn grant_configured_admins(&self) -> Result<(), StartError> {
        let admins = Admins::new(&self.db, self.clock.as_ref(), self.entropy.as_ref());
        for text in &self.config.admins {
            let user: UserRef =
                text.parse().map_err(|source| StartError::Admin { text: text.clone(), source })?;
            admins.grant(&user, "config", Some("POSTFUN_ADMINS")).await?;
        }
        Ok(())
    }

    /// Every route with its description; the demo's only in a demo.
    pub(crate) fn api(is_demo: bool) -> OpenApiRouter<Arc<Self>> {
        let api = http::openapi::router()
            .merge(signin::http::routes())
            .merge(session::http::routes())
            .merge(users::http::routes())
            .merge(activity::http::routes())
            .merge(notify::http::routes())
            .merge(beta::http::routes())
            .merge(link::http::routes())
            .merge(ledger::http::routes())
            .merge(amm::http::routes())
            .merge(events::http::routes())
            .merge(lightning::http::routes())
            .merge(ops::routes());
        if is_demo { api.merge(demo::http::routes()) } else { api }
    }

    /// Builds the whole router: routes, API document, page and everything around a request.
    pub fn router(self: &Arc<Self>) -> Router {
        let (routes, document) = Self::api(self.config.demo).split_for_parts();
        let router = routes.with_state(Arc::clone(self));
        http::stack(http::openapi::mount(router, document), &self.config)
    }

    /// Every job of the server; one process leads each.
    #[must_use]
    pub fn jobs() -> Vec<JobSpec> {
        let mut jobs = jobs::sweeps();
        jobs.push(activity::keeping::job());
        jobs.push(amm::checkpoint::job());
        jobs.push(lightning::poll::job());
        jobs.push(lightning::late::job());
        jobs
    }
}
