//! The services, put together, and the router over them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

use crate::admin::{AdminError, Admins};
use crate::amm::{CreatePoolError, Pools};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Database, DbError, MigrateError, Missing};
use crate::http::idempotency;
use crate::id::Entropy;
use crate::identity::{Identities, InvalidUserRef, UserRef};
use crate::ledger::Ledger;
use crate::session::Sessions;
use crate::signin::SignIn;
use crate::{amm, demo, http, ledger, ops, session, signin};

/// How often what has grown old is deleted.
const SWEEP_INTERVAL: Duration = Duration::from_mins(5);
/// How long an expired challenge or session is kept, so that late callers still hear *expired*.
const SWEEP_AFTER_MS: i64 = 24 * 60 * 60 * 1_000;
/// Rows that one statement of the sweep deletes, so that it never holds others up for long.
const SWEEP_ROWS: i64 = 1_000;

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
    /// Users and their keys.
    pub identities: Identities,
    /// Sessions and tokens.
    pub sessions: Sessions,
    /// Signing in.
    pub sign_in: SignIn,
    /// Money.
    pub ledger: Ledger,
    /// Pools and swaps.
    pub pools: Pools,
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
        let db = Database::connect(&config.database, config.pool, Missing::Create).await?;
        db.migrate().await?;
        let app = Self::assemble(config, db, clock, entropy);
        app.grant_configured_admins().await?;
        if app.config.demo {
            demo::seed_pool(&app.pools, &app.ledger).await?;
        }
        Ok(Arc::new(app))
    }

    fn assemble(config: Config, db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let parts = || (db.clone(), Arc::clone(&clock), Arc::clone(&entropy));
        let (a, b, c) = parts();
        let identities = Identities::new(a, b, c);
        let (a, b, c) = parts();
        let sessions = Sessions::new(a, b, c, &config.tokens);
        let (a, b, c) = parts();
        let sign_in = SignIn::new(a, b, c, identities.clone(), sessions.clone(), &config);
        let (a, b, c) = parts();
        let ledger = Ledger::new(a, b, c);
        let (a, b, c) = parts();
        let pools = Pools::new(a, b, c, ledger.clone());
        Self { config, db, clock, entropy, identities, sessions, sign_in, ledger, pools }
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
            .merge(ledger::http::routes())
            .merge(amm::http::routes())
            .merge(ops::routes());
        if is_demo { api.merge(demo::http::routes()) } else { api }
    }

    /// Builds the whole router: routes, API document, page and everything around a request.
    pub fn router(self: &Arc<Self>) -> Router {
        let (routes, document) = Self::api(self.config.demo).split_for_parts();
        let router = routes.with_state(Arc::clone(self));
        http::stack(http::openapi::mount(router, document), &self.config)
    }

    /// Deletes what has grown old, every few minutes, until the task is dropped.
    pub async fn sweep_for_ever(self: Arc<Self>) {
        let mut interval = tokio::time::interval(SWEEP_INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            match self.sweep().await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "old challenges, sessions and answers were deleted"),
                Err(error) => {
                    tracing::warn!(
                        error = error.chain(),
                        "old rows could not be deleted; trying again later"
                    );
                }
            }
        }
    }

    /// Deletes expired challenges and sessions and old idempotent answers once; says how many rows.
    ///
    /// # Errors
    ///
    /// [`DbError`]; what was deleted before it stays deleted.
    pub async fn sweep(&self) -> Result<u64, DbError> {
        let now_ms = self.clock.now_ms();
        let before_ms = now_ms.saturating_sub(SWEEP_AFTER_MS);
        let mut total = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let challenges = signin::repo::delete_expired(&mut tx, before_ms, SWEEP_ROWS).await?;
            let sessions = session::repo::delete_expired(&mut tx, before_ms, SWEEP_ROWS).await?;
            let answers = idempotency::delete_old(&mut tx, now_ms, SWEEP_ROWS).await?;
            tx.commit().await?;
            let rows = challenges + sessions + answers;
            total += rows;
            if rows == 0 {
                return Ok(total);
            }
        }
    }
}
