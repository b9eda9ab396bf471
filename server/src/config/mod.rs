//! The settings: environment and optional file in, one checked value out.
//!
//! [`Config::load`] is pure but for the secret it may have to ask for, so every rule about starting is a unit test.
//! Every refusal is a sentence that names the setting and says what to do.
//!
//! | file | |
//! |---|---|
//! | [`key`] | the table of all settings |
//! | [`lightning`] | who holds the sats, and limits |
//! | [`privy`] | whose users sign in with Privy |
//! | `network` | addresses, proxies, origins |
//! | `source` | environment over file, unknown names refused |
//! | [`database`], [`rate`], [`secret`] | the settings with a grammar of their own |
//! | `rule` | which settings may stand together: production, demo, secrets |

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use url::Url;

pub mod database;
pub mod error;
pub mod key;
pub mod lightning;
mod network;
pub mod privy;
pub mod rate;
mod rule;
pub mod secret;
mod source;
#[cfg(test)]
mod tests;

pub use database::{DatabaseUrl, PoolLimits};
pub use error::ConfigError;
pub use lightning::{BackendConfig, LightningConfig, LightningLimits, LnbitsConfig};
pub use privy::PrivyConfig;
pub use rate::{Rate, Rates};
pub use secret::Secret;

use network::{base_url, cors, listen, metrics_listen, trusted_proxies};
use source::Source;

/// The domain a sign-in event names where none is configured; the seed's own example names it.
const LOGIN_DOMAIN_DEFAULT: &str = "postfun";

/// Longest domain name, in characters (RFC 1035 §2.3.4).
const DOMAIN_CHARS_MAX: usize = 253;

/// What the server runs with; valid by construction.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address of the API and the page.
    pub listen: SocketAddr,
    /// Address of `/metrics`; none switches it off.
    pub metrics_listen: Option<SocketAddr>,
    /// Directory of the SQLite file and of generated secrets.
    pub data_dir: PathBuf,
    /// The database.
    pub database: DatabaseUrl,
    /// How connections to the database are kept.
    pub pool: PoolLimits,
    /// Whether the checks of production apply.
    pub production: bool,
    /// Whether starter grants and demo pools exist.
    pub demo: bool,
    /// The address users type; without a path.
    pub public_url: Option<Url>,
    /// Networks whose `x-forwarded-for` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Directory of a page to serve in place of the built-in one.
    pub web_dir: Option<PathBuf>,
    /// Which other origins may call.
    pub cors: Cors,
    /// Rules of signing in.
    pub login: LoginConfig,
    /// How tokens are made.
    pub tokens: TokenConfig,
    /// Bounds on what a client may cost.
    pub limits: Limits,
    /// Requests per client address.
    pub rates: Rates,
    /// How long the activity log is kept, in seconds; none means for ever.
    pub activity_kept_s: Option<u64>,
    /// Each an npub, a hex key or a user number; not parsed here.
    pub admins: Vec<String>,
    /// Who holds the sats on Lightning.
    pub lightning: LightningConfig,
    /// The Privy app whose users may sign in, if any.
    pub privy: Option<PrivyConfig>,
    /// Form of the log; none chooses by whether a terminal reads it.
    pub log_format: Option<LogFormat>,
    /// Sentences the operator should read at start.
    pub notices: Vec<String>,
}

/// Which pages of other origins may call this server from a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cors {
    /// Every page, but never with cookies.
    Any,
    /// No page but our own.
    SameOrigin,
    /// These origins, each as `scheme://host[:port]`.
    List(Vec<String>),
}

/// Rules of signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginConfig {
    /// The domain that a sign-in event names.
    pub domain: String,
    /// Whether an event that names no domain is refused.
    pub domain_required: bool,
    /// Life of a challenge, in seconds.
    pub challenge_ttl_s: u64,
    /// Accepted difference between the clocks of client and server, in seconds.
    pub clock_skew_s: u64,
}

/// How tokens are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// The secret from which each family's key is derived.
    pub secret: Secret,
    /// The secret from which the key of refresh tokens is derived.
    pub refresh_secret: Secret,
    /// Life of an access token of `/auth`, in seconds.
    pub access_ttl_s: u64,
    /// Life of an access token of `/api/auth`, in seconds.
    pub account_access_ttl_s: u64,
    /// Life of a session, and of the refresh tokens of it, from its last refresh on, in seconds.
    pub session_ttl_s: u64,
    /// Whether beginning a session on one device ends those on others.
    pub single_session: bool,
}

/// Bounds on what a client may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// Longest time until a handler answers, in milliseconds.
    pub request_timeout_ms: u64,
    /// Longest time until a body has arrived, in milliseconds.
    pub body_timeout_ms: u64,
    /// Longest time until the headers have arrived, and of an idle connection, in milliseconds.
    pub header_timeout_ms: u64,
    /// Longest time in which a client may read nothing of an answer, in milliseconds.
    pub write_timeout_ms: u64,
    /// Connections open at once.
    pub connections_max: usize,
    /// Connections open at once from one address that is no trusted proxy; none means that only the sum is bounded.
    pub connections_per_address: Option<usize>,
    /// Event streams open at once to one client address; none means unlimited.
    pub streams_per_address: Option<usize>,
    /// Event streams open at once to one user.
    pub streams_per_user: usize,
    /// Largest page of a list.
    pub page_max: u16,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

impl Config {
    /// Reads the settings and checks that they fit together.
    ///
    /// `file` is the text of the configuration file; the environment overrides it. `stored_secret` is asked for the
    /// token secret kept in the data directory when none is configured and an SQLite file is used.
    ///
    /// # Errors
    ///
    /// A sentence about the first setting that cannot be used.
    pub fn load(
        env: &BTreeMap<String, String>,
        file: Option<&str>,
        stored_secret: impl FnOnce(&Path) -> Result<Secret, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let source = Source::read(env, file)?;
        let data_dir = data_dir(&source);
        let (database, pool) = database::parse(source.get("DATABASE_URL"), &data_dir)?;
        let production = rule::is_production(&source)?;
        let listen = listen(&source, production)?;
        let public_url = source.parse("POSTFUN_PUBLIC_URL", None, |text| base_url(text).map(Some))?;
        let trusted_proxies = trusted_proxies(&source)?;
        let lnbits = lightning::lnbits(&source)?;
        let privy = PrivyConfig::read(&source, production)?;
        let setting = rule::Setting {
            listen,
            production,
            public_url: public_url.as_ref(),
            lightning: lnbits.is_some(),
            privy: privy.is_some(),
        };
        let demo = rule::demo(&source, setting, trusted_proxies.is_empty())?;
        let secret = match rule::configured_secret(&source, setting, &database)? {
            Some(secret) => secret,
            None => stored_secret(&data_dir)?,
        };
        let mut notices = rule::notices(&source, setting, demo, &data_dir);
        let lightning = LightningConfig::read(&source, lnbits, demo)?;
        notices.extend(lightning.notices());
        let tokens = tokens(&source, setting, secret)?;
        Ok(Self {
            listen,
            metrics_listen: metrics_listen(&source, listen)?,
            database,
            pool,
            production,
            demo,
            public_url,
            trusted_proxies,
            web_dir: source.get("POSTFUN_WEB_DIR").map(PathBuf::from),
            cors: cors(&source, production)?,
            login: login(&source, production)?,
            tokens,
            limits: limits(&source, rule::is_loopback_ip(listen.ip()), demo)?,
            rates: rates(&source, demo)?,
            activity_kept_s: activity_kept_s(&source)?,
            admins: source.list("POSTFUN_ADMINS"),
            lightning,
            privy,
            log_format: source.parse("POSTFUN_LOG_FORMAT", None, log_format)?,
            notices,
            data_dir,
        })
    }

    /// Makes the settings of an in-process test: a fresh SQLite file, demo mode, no rate limits, a fixed secret.
    ///
    /// # Panics
    ///
    /// Never: the settings are constants, and a path can be any.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "the settings are constants but for the path, which takes any value"
    )]
    pub fn for_tests(data_dir: &Path) -> Self {
        let fixed = [
            ("POSTFUN_RATE_GENERAL", "off"),
            ("POSTFUN_RATE_AUTH", "off"),
            ("POSTFUN_RATE_BETA", "off"),
            ("POSTFUN_RATE_REFRESH", "off"),
            ("JWT_SECRET", "only-for-tests-0123456789abcdef0123456789abcdef"),
        ];
        let env = fixed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut config = Self::load(&env, None, |path| secret::stored(path, &crate::id::OsEntropy))
            .expect("these settings are valid");
        data_dir.clone_into(&mut config.data_dir);
        config.database = DatabaseUrl::Sqlite(data_dir.join("postfun.db"));
        config
    }

    /// Tells whether only this machine can connect.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        rule::is_loopback_ip(self.listen.ip())
    }

    /// Tells whether cookies must carry `Secure`: everywhere but where the page's own address is on this machine.
    #[must_use]
    pub fn is_cookie_secure(&self) -> bool {
        match &self.public_url {
            Some(url) => !rule::is_loopback_url(url),
            None => self.production || !self.is_loopback(),
        }
    }

    /// Returns the address to open in a browser.
    #[must_use]
    pub fn page_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.to_string(),
            None => format!("http://{}/", self.listen),
        }
    }
}

/// Reads which database is meant, without asking for the settings that only a server needs.
///
/// # Errors
///
/// As [`Config::load`], about these settings and about unknown names.
pub fn database_alone(
    env: &BTreeMap<String, String>,
    file: Option<&str>,
) -> Result<(DatabaseUrl, PoolLimits), ConfigError> {
    let source = Source::read(env, file)?;
    database::parse(source.get("DATABASE_URL"), &data_dir(&source))
}

/// Reads which Privy app is meant, without asking for the settings that only a server needs.
///
/// # Errors
///
/// As [`Config::load`], about these settings and about unknown names.
pub fn privy_alone(
    env: &BTreeMap<String, String>,
    file: Option<&str>,
) -> Result<Option<PrivyConfig>, ConfigError> {
    let source = Source::read(env, file)?;
    PrivyConfig::read(&source, rule::is_production(&source)?)
}

fn data_dir(source: &Source) -> PathBuf {
    PathBuf::from(source.get("POSTFUN_DATA_DIR").unwrap_or("data"))
}

fn login(source: &Source, production: bool) -> Result<LoginConfig, ConfigError> {
    let domain = source.parse("LOGIN_DOMAIN", None, |text| {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'));
        if plain && text.len() <= DOMAIN_CHARS_MAX {
            Ok(Some(text.to_ascii_lowercase()))
        } else {
            Err(format!("is \"{text}\"; give a host name alone, such as example.org"))
        }
    })?;
    if production && domain.is_none() {
        return Err(ConfigError::new(
            "LOGIN_DOMAIN",
            "must be set in production to the host name users sign in at, so that a proof made for another site is refused",
        ));
    }
    Ok(LoginConfig {
        domain_required: domain.is_some(),
        domain: domain.unwrap_or_else(|| LOGIN_DOMAIN_DEFAULT.to_owned()),
        challenge_ttl_s: source.number("AUTH_CHALLENGE_TTL", 600, 10..=3_600)?,
        clock_skew_s: source.number("AUTH_MAX_CLOCK_SKEW", 300, 0..=3_600)?,
    })
}

fn tokens(source: &Source, setting: rule::Setting<'_>, secret: Secret) -> Result<TokenConfig, ConfigError> {
    if let Some(other) = source.get("JWT_ALGORITHM").filter(|name| *name != "HS256") {
        let complaint =
            format!("is \"{other}\", but tokens are made with HS256 only; set HS256 or leave it out");
        return Err(ConfigError::new("JWT_ALGORITHM", complaint));
    }
    let access_ttl_s = source.number("JWT_EXPIRES_SECONDS", 86_400, 60..=2_592_000)?;
    let refresh_secret = rule::configured_refresh_secret(source, setting)?;
    let duration =
        |variable, default, bounds| source.parse(variable, default, |text| rate::duration_s(text, bounds));
    Ok(TokenConfig {
        access_ttl_s,
        account_access_ttl_s: duration("JWT_EXPIRES_IN", 3_600, 60..=2_592_000)?,
        session_ttl_s: duration("JWT_REFRESH_EXPIRES_IN", 604_800, 3_600..=31_536_000)?,
        single_session: source.parse("POSTFUN_SINGLE_SESSION", true, source::boolean)?,
        // One secret serves both: each family's key is derived under a label of its own.
        refresh_secret: refresh_secret.unwrap_or_else(|| secret.clone()),
        secret,
    })
}

/// Where only this machine can connect, all connections come from one address, and a demo is tried out from one.
fn limits(source: &Source, is_loopback: bool, demo: bool) -> Result<Limits, ConfigError> {
    let size = |variable, default, bounds| {
        let number = source.number(variable, default, bounds)?;
        usize::try_from(number).map_err(|_error| ConfigError::new(variable, "is too large for this machine"))
    };
    let each = |variable, default: usize, is_off: bool| {
        source.parse(variable, (!is_off).then_some(default), count_or_off)
    };
    Ok(Limits {
        body_bytes: size("POSTFUN_MAX_BODY_BYTES", 64 * 1024, 1_024..=16 * 1024 * 1024)?,
        request_timeout_ms: source.number("POSTFUN_REQUEST_TIMEOUT_MS", 30_000, 100..=600_000)?,
        body_timeout_ms: source.number("POSTFUN_BODY_TIMEOUT_MS", 10_000, 100..=600_000)?,
        header_timeout_ms: source.number("POSTFUN_HEADER_TIMEOUT_MS", 15_000, 100..=600_000)?,
        write_timeout_ms: source.number("POSTFUN_WRITE_TIMEOUT_MS", 30_000, 100..=600_000)?,
        connections_max: size("POSTFUN_MAX_CONNECTIONS", 4_096, 1..=1_000_000)?,
        connections_per_address: each("POSTFUN_MAX_CONNECTIONS_PER_ADDRESS", 512, is_loopback)?,
        streams_per_address: each("POSTFUN_MAX_STREAMS_PER_ADDRESS", 128, demo)?,
        streams_per_user: size("POSTFUN_MAX_STREAMS_PER_USER", 16, 1..=10_000)?,
        page_max: crate::http::page::LIMIT_MAX,
    })
}

/// From a day to a hundred years, a year unless said.
fn activity_kept_s(source: &Source) -> Result<Option<u64>, ConfigError> {
    const DAY_S: u64 = 86_400;
    source.parse("POSTFUN_ACTIVITY_RETENTION", Some(365 * DAY_S), |text| {
        if text.eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        let kept_s = rate::duration_s(text, DAY_S..=36_500 * DAY_S);
        kept_s.map(Some).map_err(|complaint| format!("{complaint}, or off"))
    })
}

/// Reads a count from one on, or `off`.
fn count_or_off(text: &str) -> Result<Option<usize>, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let count = text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    count.map(Some).ok_or_else(|| format!("is \"{text}\"; give a count from 1 to 1000000, or off"))
}

fn rates(source: &Source, demo: bool) -> Result<Rates, ConfigError> {
    let per_minute = |count| Some(Rate { count, per_s: 60 });
    let (general, auth, beta) = if demo { (6_000, 600, 600) } else { (600, 10, 5) };
    Ok(Rates {
        general: source.parse("POSTFUN_RATE_GENERAL", per_minute(general), rate::parse)?,
        auth: source.parse("POSTFUN_RATE_AUTH", per_minute(auth), rate::parse)?,
        beta: source.parse("POSTFUN_RATE_BETA", per_minute(beta), rate::parse)?,
        refresh: source.parse("POSTFUN_RATE_REFRESH", per_minute(120), rate::parse)?,
    })
}

fn log_format(text: &str) -> Result<Option<LogFormat>, String> {
    match text {
        "json" => Ok(Some(LogFormat::Json)),
        "text" => Ok(Some(LogFormat::Text)),
        _ => Err(format!("is \"{text}\"; give json or text")),
    }
}
