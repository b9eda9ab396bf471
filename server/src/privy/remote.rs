//! Asking Privy: for the keys it signs with, and for what it knows about a user.

use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderName;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, retry};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::key::KeySet;
use super::profile::Profile;
use crate::config::{PrivyConfig, Secret};
use crate::tls;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

const APP_HEADER: HeaderName = HeaderName::from_static("privy-app-id");

/// Why Privy told nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteFault {
    /// No connection, or no whole answer in time.
    #[error("Privy cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// Another status than 200.
    #[error("Privy answered with status {status}")]
    Refused {
        /// The status.
        status: u16,
    },
    /// Not what was asked for.
    #[error("Privy's answer makes no sense: {detail}")]
    Senseless {
        /// What is wrong.
        detail: String,
    },
}

/// Why no client can be made: the machine's fault, not Privy's.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for Privy can be made")]
pub struct ClientFault(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The way to Privy.
pub(super) struct Remote {
    client: Client,
    base: Url,
    app_id: String,
    app_secret: Option<Secret>,
    timeout: Duration,
}

#[derive(Deserialize)]
struct UserAnswer {
    linked_accounts: Vec<Value>,
}

impl Remote {
    pub(super) fn new(config: &PrivyConfig) -> Result<Self, ClientFault> {
        let tls = tls::client().map_err(|error| ClientFault(Box::new(error)))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("postfun/", env!("CARGO_PKG_VERSION")))
            // A redirect would hand the secret to whoever it names.
            .redirect(Policy::none())
            .retry(retry::never())
            .build()
            .map_err(|error| ClientFault(Box::new(error)))?;
        let PrivyConfig { app_id, app_secret, api_url, timeout, .. } = config.clone();
        Ok(Self { client, base: api_url, app_id, app_secret, timeout })
    }

    /// Fetches the keys of the app.
    pub(super) async fn keys(&self) -> Result<KeySet, RemoteFault> {
        let request = self.client.get(self.url(&["apps", &self.app_id, "jwks.json"]));
        let text = self.fetch(request).await?;
        KeySet::from_json(&text).map_err(|fault| RemoteFault::Senseless { detail: fault.to_string() })
    }

    /// Asks about a user; nothing without a secret.
    pub(super) async fn profile(&self, did: &str) -> Result<Option<Profile>, RemoteFault> {
        let Some(secret) = &self.app_secret else { return Ok(None) };
        let secret = String::from_utf8_lossy(secret.expose());
        let request = self.client.get(self.url(&["users", did])).basic_auth(&self.app_id, Some(secret));
        let text = self.fetch(request).await?;
        let answer: UserAnswer = serde_json::from_slice(&text)
            .map_err(|error| RemoteFault::Senseless { detail: error.to_string() })?;
        Ok(Some(Profile::of(&answer.linked_accounts)))
    }

    async fn fetch(&self, request: RequestBuilder) -> Result<Vec<u8>, RemoteFault> {
        let unreachable = |error: reqwest::Error| RemoteFault::Unreachable(error.without_url());
        let request = request.header(APP_HEADER, &self.app_id).timeout(self.timeout);
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(RemoteFault::Refused { status });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(RemoteFault::Senseless { detail: "it is too large".to_owned() });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // The configuration takes only addresses that can have a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        url
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}
