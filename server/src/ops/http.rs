//! `/health`, `/ready`, `/api/config`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use postfun_core::nostr::login::{KIND_AUTH, KIND_HTTP_AUTH, KIND_NOTE};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::config::{BackendConfig, LightningConfig, PrivyConfig};
use crate::http::time::iso_micros;

/// Longest wait for the database's sign of life.
const PING_PATIENCE: Duration = Duration::from_secs(2);

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`, or `unavailable` when the database does not answer.
    #[schema(example = "ok")]
    status: &'static str,
    version: &'static str,
    database: DatabaseHealth,
    #[schema(example = "2026-11-21T10:00:00.000000Z")]
    timestamp: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct DatabaseHealth {
    connected: bool,
    /// `sqlite` or `postgres`.
    #[serde(rename = "type")]
    #[schema(example = "sqlite")]
    kind: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    /// Whether the server can do its work now.
    ready: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct PublicConfig {
    #[schema(example = "postfun")]
    name: &'static str,
    version: &'static str,
    /// What a sign-in event must name as its domain.
    domain: String,
    /// Whether `POST /api/demo/starter-grant` exists.
    demo: bool,
    login: LoginInfo,
    head_key: HeadKey,
    features: Features,
    lightning: LightningInfo,
    /// The Privy app whose users may sign in; null where none is set up.
    privy: Option<PrivyInfo>,
}

/// What a page must know to sign somebody in with Privy.
#[derive(Debug, Serialize, ToSchema)]
struct PrivyInfo {
    #[schema(example = "cmtestapp000000000000000")]
    app_id: String,
    /// Where Privy answers browsers, without a slash at the end.
    #[schema(example = "https://auth.privy.io")]
    auth_url: String,
}

impl From<&PrivyConfig> for PrivyInfo {
    fn from(config: &PrivyConfig) -> Self {
        let auth_url = config.auth_url.as_str().trim_end_matches('/').to_owned();
        Self { app_id: config.app_id.clone(), auth_url }
    }
}

/// The key that signs the heads of pools; a browser remembers it. It changes with the server's secret.
#[derive(Debug, Serialize, ToSchema)]
struct HeadKey {
    /// The public key in hexadecimal, for BIP-340.
    pubkey: String,
    /// The same as people compare it.
    npub: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct LoginInfo {
    /// The event kinds that sign in, the preferred first.
    kinds: [u16; 3],
    /// Life of a challenge, in seconds.
    ttl_seconds: u64,
}

/// What a page must know before it offers Lightning.
#[derive(Debug, Serialize, ToSchema)]
struct LightningInfo {
    /// Whether sats can come in.
    can_deposit: bool,
    /// Whether they can leave.
    can_withdraw: bool,
    /// `mainnet`, `testnet`, `signet` or `regtest`; every invoice is for it.
    network: &'static str,
    /// Whether a node of the demo's own stands in for the network: no sat is worth anything.
    is_simulated: bool,
    deposit_sats_max: u64,
    withdraw_sats_max: u64,
    /// In 24 hours.
    withdraw_sats_daily_max: u64,
    /// The most that a fee may be, in sats; null for the larger of 20 sats and one hundredth of the amount.
    fee_sats_max: Option<u64>,
}

impl LightningInfo {
    fn new(config: &LightningConfig) -> Self {
        let limits = config.limits;
        Self {
            can_deposit: config.is_on(),
            can_withdraw: config.can_pay(),
            network: config.network.as_str(),
            is_simulated: matches!(config.backend, BackendConfig::Simulated),
            deposit_sats_max: limits.deposit_sats_max,
            withdraw_sats_max: limits.withdraw_sats_max,
            withdraw_sats_daily_max: limits.withdraw_sats_daily_max,
            fee_sats_max: limits.fee_sats_max,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct Features {
    /// Whether sats can be deposited and withdrawn.
    lightning: bool,
}

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready)).routes(routes!(public_config))
}

async fn is_database_alive(app: &App) -> bool {
    match tokio::time::timeout(PING_PATIENCE, app.db.ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
            false
        }
        Err(_elapsed) => {
            tracing::warn!("the database does not answer in time");
            false
        }
    }
}

/// Tells whether the server and its database are alive.
#[utoipa::path(
    get, path = "/health", tag = "operations",
    responses((status = 200, body = Health), (status = 503, body = Health, description = "The database does not answer."))
)]
async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let connected = is_database_alive(&app).await;
    let (code, status) =
        if connected { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "unavailable") };
    let database = DatabaseHealth { connected, kind: app.db.kind() };
    let timestamp = iso_micros(app.clock.now_ms());
    (code, Json(Health { status, version: VERSION, database, timestamp }))
}

/// Tells whether requests should be sent to this process.
#[utoipa::path(
    get, path = "/ready", tag = "operations",
    responses((status = 200, body = Ready), (status = 503, body = Ready, description = "The database does not answer."))
)]
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Ready>) {
    let ready = is_database_alive(&app).await;
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(Ready { ready }))
}

/// Tells a client how this server is set up.
#[utoipa::path(get, path = "/api/config", tag = "operations", responses((status = 200, body = PublicConfig)))]
async fn public_config(State(app): State<Arc<App>>) -> Json<PublicConfig> {
    Json(PublicConfig {
        name: "postfun",
        version: VERSION,
        domain: app.config.login.domain.clone(),
        demo: app.config.demo,
        login: LoginInfo {
            kinds: [KIND_AUTH, KIND_HTTP_AUTH, KIND_NOTE],
            ttl_seconds: app.config.login.challenge_ttl_s,
        },
        head_key: HeadKey { pubkey: app.notary.pubkey(), npub: app.notary.npub() },
        features: Features { lightning: app.config.lightning.is_on() },
        lightning: LightningInfo::new(&app.config.lightning),
        privy: app.config.privy.as_ref().map(PrivyInfo::from),
    })
}
