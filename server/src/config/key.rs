//! Every setting there is: its environment variable, its key in the file, its default and what it does.
//!
//! The table is the only list: reading, refusing unknown names and `--help` all come from it.

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The environment variable.
    pub env: &'static str,
    /// The key in `postfun.toml`.
    pub file: &'static str,
    /// The default, as text for people.
    pub default: &'static str,
    /// What it does, one line.
    pub about: &'static str,
}

const fn key(env: &'static str, file: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { env, file, default, about }
}

/// The settings, in the order `--help` shows them.
pub const KEYS: &[Key] = &[
    key("POSTFUN_LISTEN", "listen", "127.0.0.1:8000", "address of the API and the page"),
    key("PORT", "port", "8000", "port alone; in production it listens on every interface"),
    key("POSTFUN_METRICS_LISTEN", "metrics_listen", "127.0.0.1:8001", "address of /metrics, or `off`"),
    key("P2S_METRICS_PORT", "metrics_port", "8001", "port of /metrics on 127.0.0.1"),
    key("POSTFUN_PUBLIC_URL", "public_url", "-", "the address users type, e.g. https://example.org"),
    key(
        "POSTFUN_TRUSTED_PROXIES",
        "trusted_proxies",
        "none",
        "networks whose x-forwarded-for counts, comma separated",
    ),
    key("POSTFUN_DATA_DIR", "data_dir", "data", "directory of the SQLite file and of generated secrets"),
    key(
        "DATABASE_URL",
        "database_url",
        "SQLite in the data directory",
        "postgres://user:password@host/name, or sqlite:///file",
    ),
    key("POSTFUN_ENV", "env", "development", "`production` switches on every production check"),
    key("NODE_ENV", "node_env", "-", "`production` counts as POSTFUN_ENV=production"),
    key("POSTFUN_DEMO", "demo", "on when only this machine can connect", "starter grants and demo pools"),
    key("POSTFUN_WEB_DIR", "web_dir", "the page built in", "directory of a built page to serve instead"),
    key("POSTFUN_ADMINS", "admins", "none", "npub, hex key or user number of each admin, comma separated"),
    key(
        "CORS_ORIGINS",
        "cors_origins",
        "*; same origin in production",
        "origins that may call from other pages, or `*`",
    ),
    key("ALLOWED_ORIGINS", "allowed_origins", "-", "another name of CORS_ORIGINS"),
    key("SECRET_KEY", "secret_key", "-", "never used for tokens; must differ from JWT_SECRET"),
    key("JWT_SECRET", "jwt_secret", "generated for SQLite", "secret of all tokens, 32 characters or more"),
    key(
        "JWT_REFRESH_SECRET",
        "jwt_refresh_secret",
        "derived from JWT_SECRET",
        "secret of refresh tokens; must differ from JWT_SECRET",
    ),
    key("JWT_ALGORITHM", "jwt_algorithm", "HS256", "only HS256"),
    key("JWT_EXPIRES_SECONDS", "jwt_expires_seconds", "86400", "life of an access token"),
    key(
        "JWT_EXPIRES_IN",
        "jwt_expires_in",
        "1h",
        "life of an access token of /api/auth, such as 30m, 1h or 1d",
    ),
    key("JWT_REFRESH_EXPIRES_IN", "jwt_refresh_expires_in", "7d", "life of a refresh token and its session"),
    key(
        "POSTFUN_SINGLE_SESSION",
        "single_session",
        "on",
        "whether signing in on a device ends the user's sessions on others",
    ),
    key("AUTH_CHALLENGE_TTL", "auth_challenge_ttl", "600", "life of a sign-in challenge, seconds"),
    key("AUTH_MAX_CLOCK_SKEW", "auth_max_clock_skew", "300", "accepted difference of clocks, seconds"),
    key("LOGIN_DOMAIN", "login_domain", "postfun", "domain a sign-in event must name; needed in production"),
    key(
        "POSTFUN_RATE_GENERAL",
        "rate_general",
        "600/minute; 6000/minute in demo",
        "requests per client address, or `off`",
    ),
    key(
        "POSTFUN_RATE_AUTH",
        "rate_auth",
        "10/minute; 600/minute in demo",
        "sign-in requests per client address, or `off`",
    ),
    key(
        "POSTFUN_RATE_BETA",
        "rate_beta",
        "5/minute; 600/minute in demo",
        "each of redeeming, checking and looking up beta keys, per client address, and attempts at one key, or `off`",
    ),
    key("POSTFUN_RATE_REFRESH", "rate_refresh", "120/minute", "refreshes per session, or `off`"),
    key(
        "POSTFUN_ACTIVITY_RETENTION",
        "activity_retention",
        "365d",
        "how long the activity log is kept, in whole months on PostgreSQL; `off` for ever",
    ),
    key("POSTFUN_MAX_BODY_BYTES", "max_body_bytes", "65536", "largest request body"),
    key("POSTFUN_MAX_CONNECTIONS", "max_connections", "4096", "connections open at once"),
    key(
        "POSTFUN_MAX_CONNECTIONS_PER_ADDRESS",
        "max_connections_per_address",
        "512; off when only this machine can connect",
        "connections open at once from one address but trusted proxies, or `off`",
    ),
    key(
        "POSTFUN_MAX_STREAMS_PER_ADDRESS",
        "max_streams_per_address",
        "128; off in demo",
        "event streams open at once to one client address, or `off`",
    ),
    key(
        "POSTFUN_MAX_STREAMS_PER_USER",
        "max_streams_per_user",
        "16",
        "event streams open at once to one user",
    ),
    key("POSTFUN_REQUEST_TIMEOUT_MS", "request_timeout_ms", "30000", "longest time to answer"),
    key("POSTFUN_BODY_TIMEOUT_MS", "body_timeout_ms", "10000", "longest time a body may take to arrive"),
    key(
        "POSTFUN_HEADER_TIMEOUT_MS",
        "header_timeout_ms",
        "15000",
        "longest time for headers, and of an idle connection",
    ),
    key(
        "POSTFUN_WRITE_TIMEOUT_MS",
        "write_timeout_ms",
        "30000",
        "longest time in which a client may read nothing of an answer",
    ),
    key(
        "POSTFUN_LOG_FORMAT",
        "log_format",
        "text on a terminal, else json",
        "`json` or `text`; RUST_LOG sets the level",
    ),
    key("PRIVY_APP_ID", "privy_app_id", "-", "app whose users may sign in with Privy"),
    key(
        "PRIVY_APP_SECRET",
        "privy_app_secret",
        "-",
        "lets the server ask Privy for a new user's e-mail address and wallet",
    ),
    key(
        "PRIVY_VERIFICATION_KEY",
        "privy_verification_key",
        "Privy's key set",
        "the app's public key in PEM, to check tokens without asking Privy",
    ),
    key("POSTFUN_PRIVY_API_URL", "privy_api_url", "https://api.privy.io", "where Privy answers"),
    key(
        "POSTFUN_PRIVY_AUTH_URL",
        "privy_auth_url",
        "https://auth.privy.io",
        "where the page signs in with Privy; an app's own domain there, if it has one",
    ),
    key("LNBITS_API_URL", "lnbits_api_url", "-", "LNbits server; switches demo mode off"),
    key("LNBITS_INVOICE_KEY", "lnbits_invoice_key", "-", "LNbits key that makes invoices"),
    key("LNBITS_ADMIN_KEY", "lnbits_admin_key", "-", "LNbits key that pays; without it withdrawals are off"),
    key("LNBITS_DEFAULT_MEMO", "lnbits_default_memo", "Postfun deposit", "memo of a deposit invoice"),
    key(
        "LNBITS_MAX_FEE_SATS",
        "lnbits_max_fee_sats",
        "the larger of 20 and 1 %",
        "highest routing fee of a withdrawal",
    ),
    key(
        "POSTFUN_LIGHTNING_NETWORK",
        "lightning_network",
        "mainnet; regtest in demo",
        "network of every invoice: mainnet, testnet, signet or regtest",
    ),
    key("POSTFUN_LIGHTNING_TIMEOUT_MS", "lightning_timeout_ms", "20000", "longest time LNbits may take"),
    key("POSTFUN_DEPOSIT_MAX_SATS", "deposit_max_sats", "10000000", "largest deposit"),
    key("POSTFUN_WITHDRAW_MAX_SATS", "withdraw_max_sats", "1000000", "largest withdrawal"),
    key(
        "POSTFUN_WITHDRAW_DAILY_SATS",
        "withdraw_daily_sats",
        "5000000",
        "withdrawals of one user in 24 hours",
    ),
    key("POSTFUN_INVOICE_EXPIRY_S", "invoice_expiry_s", "3600", "life of a deposit invoice, seconds"),
];

/// Names that the `Makefile` and the tests pass around; they are not settings and not refused.
pub(super) fn is_of_tools(name: &str) -> bool {
    const NAMES: [&str; 4] = ["POSTFUN_BIN", "POSTFUN_DRILL", "POSTFUN_TOOLS", "POSTFUN_WASM_FALLBACK"];
    NAMES.contains(&name) || name.starts_with("POSTFUN_TEST_")
}

/// The variable that names the configuration file.
pub const CONFIG_PATH: &str = "POSTFUN_CONFIG";

/// Renders the table for `--help`.
#[must_use]
pub fn help() -> String {
    let mut text = String::from("Settings (environment variable, key in the file, default):\n");
    for Key { env, file, default, about } in KEYS {
        text.push_str("  ");
        text.push_str(env);
        text.push_str(" (");
        text.push_str(file);
        text.push_str("): ");
        text.push_str(about);
        text.push_str(" [");
        text.push_str(default);
        text.push_str("]\n");
    }
    text
}
