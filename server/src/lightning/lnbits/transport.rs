//! Requests to LNbits and their answers as bytes: bounded in time and size, and never sent twice where that could pay
//! twice.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, retry};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::text;
use crate::config::LnbitsConfig;
use crate::tls;

/// Largest answer that is read; a payment's is about two kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Pauses before a question is asked again.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The way to one LNbits server.
pub(super) struct Transport {
    base: Url,
    timeout: Duration,
    asking: Client,
    /// Keeps no connection: one that the server closed meanwhile would make the library send the order again.
    paying: Client,
}

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Why there is no whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection, no answer in time, or one that broke off.
    Unreachable(String),
    /// More than anybody needs.
    TooLarge,
}

/// Why no client can be made: the machine's fault, not LNbits'.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for LNbits can be made")]
pub struct TransportError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Transport {
    pub(super) fn new(config: &LnbitsConfig) -> Result<Self, TransportError> {
        let tls = tls::client().map_err(|error| TransportError(Box::new(error)))?;
        let client = |idle_connections: usize| {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("postfun/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(config.connect_timeout)
                // A redirect would hand the keys to whoever it names.
                .redirect(Policy::none())
                .retry(retry::never())
                .pool_max_idle_per_host(idle_connections)
                .build()
                .map_err(|error| TransportError(Box::new(error)))
        };
        let (base, timeout) = (config.api_url.clone(), config.timeout);
        Ok(Self { base, timeout, asking: client(8)?, paying: client(0)? })
    }

    /// Asks, up to three times while nobody answers, all within the configured time.
    pub(super) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        key: &HeaderValue,
    ) -> Result<Answer, Fault> {
        let deadline = Instant::now() + self.timeout;
        let url = self.url(path, query);
        let ask = || send(self.asking.get(url.clone()).header(API_KEY, key.clone()), deadline);
        let mut answer = ask().await;
        for pause in PAUSES {
            if !is_worth_another_try(&answer) || Instant::now() + pause >= deadline {
                break;
            }
            sleep(pause).await;
            answer = ask().await;
        }
        answer
    }

    /// Sends an order, once.
    pub(super) async fn post(
        &self,
        path: &[&str],
        body: Vec<u8>,
        key: &HeaderValue,
    ) -> Result<Answer, Fault> {
        let request = self.paying.post(self.url(path, &[])).header(API_KEY, key.clone());
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        send(request, Instant::now() + self.timeout).await
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        // The configuration takes only addresses that can have a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

fn is_worth_another_try(answer: &Result<Answer, Fault>) -> bool {
    match answer {
        Ok(answer) => matches!(answer.status, 502..=504),
        Err(fault) => matches!(fault, Fault::Unreachable(_)),
    }
}

async fn send(request: RequestBuilder, deadline: Instant) -> Result<Answer, Fault> {
    let whole = async { read(request.send().await.map_err(broken)?).await };
    timeout_at(deadline, whole)
        .await
        .unwrap_or_else(|_elapsed| Err(Fault::Unreachable("no whole answer in time".to_owned())))
}

async fn read(mut response: Response) -> Result<Answer, Fault> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

/// Says what broke, without the address, whose query may be an invoice.
fn broken(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    Fault::Unreachable(text::short(&words))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::Transport;
    use crate::config::{LnbitsConfig, Secret};

    fn transport(base: &str) -> Transport {
        Transport::new(&LnbitsConfig {
            api_url: Url::parse(base).unwrap(),
            invoice_key: Secret::new("hunter2"),
            admin_key: None,
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
        })
        .unwrap()
    }

    #[test]
    fn addresses_are_built_below_the_servers_path_and_escaped() {
        let plain = transport("https://lnbits.example.org/");
        assert_eq!(plain.url(&["wallet"], &[]).as_str(), "https://lnbits.example.org/api/v1/wallet");
        let below = transport("https://example.org/pay/");
        let url = below.url(&["payments", "a/../b"], &[("invoice", "x&y")]);
        assert_eq!(url.as_str(), "https://example.org/pay/api/v1/payments/a%2F..%2Fb?invoice=x%26y");
    }
}
