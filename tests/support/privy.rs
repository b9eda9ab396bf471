//! Tokens of Privy, made elsewhere (`tests/vectors/privy_tokens.mjs`).

use std::sync::LazyLock;
use std::time::Duration;

use postfun_server::config::PrivyConfig;
use postfun_server::privy::PrivyKey;
use serde_json::{Value, json};
use url::Url;

use crate::app::TestApp;
use crate::client::{Answer, Client};

static TOKENS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../vectors/privy_tokens.json")).expect("the vectors are JSON")
});

/// Returns the vectors.
#[must_use]
pub fn tokens() -> &'static Value {
    &TOKENS
}

/// Returns a good token of a Privy user, numbered from 0 to 11, at [`START_MS`](crate::app::START_MS).
///
/// # Panics
///
/// When there is none of this number.
#[must_use]
pub fn token(number: usize) -> &'static str {
    TOKENS["users"][number].as_str().expect("there are twelve users")
}

/// Returns the name of that user.
#[must_use]
pub fn did(number: usize) -> String {
    format!("did:privy:cmperson{number}")
}

/// Returns the settings of the app whose tokens these are; nobody answers at its address.
///
/// # Panics
///
/// Never; the vectors hold a key.
#[must_use]
pub fn config() -> PrivyConfig {
    let text = |name: &str| TOKENS[name].as_str().expect("the vectors hold it").to_owned();
    PrivyConfig {
        app_id: text("app_id"),
        app_secret: None,
        verification_key: Some(PrivyKey::from_pem(&text("verification_key")).expect("it is a key")),
        api_url: Url::parse("http://127.0.0.1:9/").expect("it is an address"),
        auth_url: Url::parse("https://auth.privy.io/").expect("it is an address"),
        timeout: Duration::from_secs(2),
    }
}

impl TestApp {
    /// Starts a server on the same database that lets Privy users in.
    pub async fn with_privy(&self) -> Self {
        Box::pin(self.reconfigured(|settings| settings.privy = Some(config()))).await
    }

    /// Signs in with a Privy token.
    pub async fn log_in(&self, token: &str) -> Answer {
        self.stranger().post("/api/auth/login", json!({"privyToken": token}).to_string()).await
    }

    /// Signs a Privy user in.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn privy_user(&self, number: usize) -> (Client, String) {
        let answer = self.log_in(token(number)).await.ok(200);
        let client = self.stranger().with_token(&answer.string("data.tokens.accessToken"));
        (client, answer.string("data.user.id"))
    }
}
