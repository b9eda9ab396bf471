//! The Privy app whose users may sign in.

use std::time::Duration;

use url::Url;

use super::error::ConfigError;
use super::rule::is_loopback_url;
use super::secret::{self, Secret};
use super::source::Source;
use crate::privy::PrivyKey;

/// Where Privy answers servers, and where browsers.
const API_URL_DEFAULT: &str = "https://api.privy.io/";
const AUTH_URL_DEFAULT: &str = "https://auth.privy.io/";
/// Longest name of an app, in characters.
const APP_ID_MAX: usize = 100;
/// Longest wait for an answer of Privy; a sign-in waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How to trust Privy's tokens, and whom to ask for more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivyConfig {
    /// The app that tokens must be for.
    pub app_id: String,
    /// Lets us ask for a user's e-mail address and wallet; without it only identity tokens tell.
    pub app_secret: Option<Secret>,
    /// The key that signs; without it Privy is asked for its key set.
    pub verification_key: Option<PrivyKey>,
    /// Where Privy answers; ends in a slash.
    pub api_url: Url,
    /// Where a browser signs in; ends in a slash.
    pub auth_url: Url,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl PrivyConfig {
    /// Reads the settings; none means that nobody signs in with Privy.
    pub(super) fn read(source: &Source, production: bool) -> Result<Option<Self>, ConfigError> {
        let Some(app_id) = source.parse("PRIVY_APP_ID", None, |text| app_id(text).map(Some))? else {
            for alone in ["PRIVY_APP_SECRET", "PRIVY_VERIFICATION_KEY"] {
                if source.get(alone).is_some() {
                    let complaint = "is set without PRIVY_APP_ID; set that too, or unset this one";
                    return Err(ConfigError::new(alone, complaint));
                }
            }
            return Ok(None);
        };
        let app_secret =
            source.parse("PRIVY_APP_SECRET", None, |text| app_secret(text, production).map(Some))?;
        let verification_key = source.parse("PRIVY_VERIFICATION_KEY", None, |text| {
            PrivyKey::from_pem(text).map(Some).map_err(|fault| {
                format!("is {fault}; copy it from there, or leave it out to use Privy's key set")
            })
        })?;
        let api_url = address(source, "POSTFUN_PRIVY_API_URL", API_URL_DEFAULT)?;
        let auth_url = address(source, "POSTFUN_PRIVY_AUTH_URL", AUTH_URL_DEFAULT)?;
        Ok(Some(Self { app_id, app_secret, verification_key, api_url, auth_url, timeout: TIMEOUT }))
    }
}

fn address(source: &Source, variable: &'static str, default: &str) -> Result<Url, ConfigError> {
    match source.parse(variable, None, |text| plain_url(text).map(Some))? {
        Some(url) => Ok(url),
        None => plain_url(default).map_err(|fault| ConfigError::new(variable, fault)),
    }
}

/// Reads a name that is fit for a path and for a header.
fn app_id(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if text == "your-privy-app-id" || !is_plain || text.len() > APP_ID_MAX {
        return Err(format!("is \"{text}\"; give the app id that Privy's dashboard shows"));
    }
    Ok(text.to_owned())
}

fn app_secret(text: &str, production: bool) -> Result<Secret, String> {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_visible || secret::is_placeholder(text) || (production && secret::weakness(text).is_some()) {
        return Err("is no secret of a Privy app; copy the app secret from Privy's dashboard".to_owned());
    }
    Ok(Secret::new(text))
}

/// Reads an address; the secret, the codes and the keys that all sign-ins rest on travel only encrypted.
fn plain_url(text: &str) -> Result<Url, String> {
    let fault = || "is no plain https address; leave it out to use Privy's own".to_owned();
    let mut url = Url::parse(text).map_err(|_error| fault())?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback_url(&url));
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !(is_safe && is_plain && url.host_str().is_some() && url.password().is_none()) {
        return Err(fault());
    }
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}
