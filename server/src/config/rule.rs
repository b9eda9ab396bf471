//! Which settings may stand together.
//!
//! | | loopback listener | other listener | production |
//! |---|---|---|---|
//! | demo mode, not asked for | on, unless a proxy or a public address stands before it | off | off |
//! | demo mode, asked for | on | on, with a notice | refused |
//! | weak `JWT_SECRET` | accepted, with a notice | refused | refused |
//! | no `JWT_SECRET` | made and stored (SQLite), refused (PostgreSQL) | same | refused |
//!
//! An LNbits server switches demo mode off like production does: nothing made from nothing stands beside real money.
//! A Privy app switches it off unless it is asked for.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use url::{Host, Url};

use super::DatabaseUrl;
use super::error::ConfigError;
use super::secret::{self, Secret};
use super::source::{Source, boolean};

/// What the rules look at.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) listen: SocketAddr,
    pub(super) production: bool,
    pub(super) public_url: Option<&'a Url>,
    pub(super) lightning: bool,
    pub(super) privy: bool,
}

pub(super) fn is_loopback_ip(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

pub(super) fn is_loopback_url(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => is_loopback_ip(ip.into()),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Reads the production flags; either one suffices.
pub(super) fn is_production(source: &Source) -> Result<bool, ConfigError> {
    let own = source.parse("POSTFUN_ENV", false, |text| match text.to_ascii_lowercase().as_str() {
        "production" => Ok(true),
        "development" | "test" => Ok(false),
        _ => Err(format!("is \"{text}\"; give production, development or test")),
    })?;
    Ok(own || source.get("NODE_ENV").is_some_and(|text| text.eq_ignore_ascii_case("production")))
}

/// Decides about demo mode.
pub(super) fn demo(source: &Source, setting: Setting<'_>, no_proxies: bool) -> Result<bool, ConfigError> {
    let asked = source.parse("POSTFUN_DEMO", None, |text| boolean(text).map(Some))?;
    if asked == Some(true) && setting.production {
        return Err(ConfigError::new(
            "POSTFUN_DEMO",
            "asks for demo mode, which hands out tokens for free, beside the production flag; unset one of POSTFUN_DEMO, \
             POSTFUN_ENV and NODE_ENV",
        ));
    }
    if asked == Some(true) && setting.lightning {
        return Err(ConfigError::new(
            "POSTFUN_DEMO",
            "asks for demo mode, which hands out tokens for free, beside LNbits, which pays real money; unset POSTFUN_DEMO \
             or LNBITS_API_URL",
        ));
    }
    let private =
        is_loopback_ip(setting.listen.ip()) && no_proxies && setting.public_url.is_none_or(is_loopback_url);
    Ok(asked.unwrap_or(private && !setting.production && !setting.lightning && !setting.privy))
}

/// Checks the configured token secret; none means that the stored one may be used.
pub(super) fn configured_secret(
    source: &Source,
    setting: Setting<'_>,
    database: &DatabaseUrl,
) -> Result<Option<Secret>, ConfigError> {
    let refuse = |complaint: &str| Err(ConfigError::new("JWT_SECRET", complaint));
    let Some(text) = source.get("JWT_SECRET") else {
        return match database {
            _ if setting.production => {
                refuse("must be set in production; make one with `openssl rand -hex 32` and keep it")
            }
            DatabaseUrl::Postgres(_) => refuse(
                "must be set with PostgreSQL, so that every server process accepts the others' tokens; make one with \
                 `openssl rand -hex 32`",
            ),
            DatabaseUrl::Sqlite(_) => Ok(None),
        };
    };
    if source.get("SECRET_KEY") == Some(text) {
        return refuse("equals SECRET_KEY; give each its own value");
    }
    if let Some(weakness) = secret::weakness(text).filter(|_| is_reachable(setting)) {
        return refuse(&weakness);
    }
    if let Some(weakness) = source.get("SECRET_KEY").and_then(secret::weakness).filter(|_| setting.production)
    {
        return Err(ConfigError::new("SECRET_KEY", weakness));
    }
    Ok(Some(Secret::new(text)))
}

/// Whether others than this machine can reach the server, so that a weak secret would be found.
fn is_reachable(setting: Setting<'_>) -> bool {
    setting.production
        || !is_loopback_ip(setting.listen.ip())
        || setting.public_url.is_some_and(|url| !is_loopback_url(url))
}

/// Checks the configured secret of refresh tokens; none means that the token secret serves.
pub(super) fn configured_refresh_secret(
    source: &Source,
    setting: Setting<'_>,
) -> Result<Option<Secret>, ConfigError> {
    let Some(text) = source.get("JWT_REFRESH_SECRET") else { return Ok(None) };
    for other in ["JWT_SECRET", "SECRET_KEY"] {
        if source.get(other) == Some(text) {
            let complaint = format!("equals {other}; give each its own value, or leave this one out");
            return Err(ConfigError::new("JWT_REFRESH_SECRET", complaint));
        }
    }
    match secret::weakness(text).filter(|_| is_reachable(setting)) {
        Some(weakness) => Err(ConfigError::new("JWT_REFRESH_SECRET", weakness)),
        None => Ok(Some(Secret::new(text))),
    }
}

/// Collects what the operator should know although the server starts.
pub(super) fn notices(source: &Source, setting: Setting<'_>, demo: bool, data_dir: &Path) -> Vec<String> {
    let mut notices = Vec::new();
    let reachable =
        !is_loopback_ip(setting.listen.ip()) || setting.public_url.is_some_and(|url| !is_loopback_url(url));
    if demo && reachable {
        notices.push("POSTFUN_DEMO is on for everybody who can connect: anyone gets free tokens.".to_owned());
    }
    if source.get("JWT_SECRET").is_some_and(|text| secret::weakness(text).is_some()) {
        notices.push(
            "JWT_SECRET is weak; it is accepted only because nobody but this machine can connect.".to_owned(),
        );
    }
    if source.get("JWT_SECRET").is_none() && secret::is_exposed(data_dir) {
        let file = data_dir.join("secrets.toml");
        notices.push(format!("{0} can be read by other users; run `chmod 600 {0}`.", file.display()));
    }
    if setting.production && setting.public_url.is_none() {
        notices.push(
            "POSTFUN_PUBLIC_URL is not set; links and cookies rely on the host header of each request."
                .to_owned(),
        );
    }
    notices
}
