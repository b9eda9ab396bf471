//! The configured provider.

use std::sync::Arc;

use super::LightningBackend;
use super::lnbits::{Lnbits, TransportError};
use super::simulated::Simulated;
use crate::clock::Clock;
use crate::config::{BackendConfig, Config};
use crate::db::Database;
use crate::id::Entropy;

/// The path under which the provider reports paid invoices.
const WEBHOOK_PATH: &str = "/api/lightning/webhook";

/// Who holds the sats.
#[derive(Debug, Clone, Default)]
pub struct Provider {
    /// The port to it; `None` when Lightning is off.
    pub backend: Option<Arc<dyn LightningBackend>>,
    /// The same once more when it is the demo's own node, for what only a demo may do.
    pub simulated: Option<Arc<Simulated>>,
}

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// This machine can make no HTTP client.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Provider {
    /// Makes the configured provider. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    pub fn connect(
        config: &Config,
        db: &Database,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, ConnectError> {
        match &config.lightning.backend {
            BackendConfig::Off => Ok(Self::default()),
            BackendConfig::Simulated => {
                let (clock, entropy) = (Arc::clone(clock), Arc::clone(entropy));
                let node = Arc::new(Simulated::new(db.clone(), clock, entropy, &config.tokens.secret));
                Ok(Self {
                    backend: Some(Arc::clone(&node) as Arc<dyn LightningBackend>),
                    simulated: Some(node),
                })
            }
            BackendConfig::Lnbits(lnbits) => {
                let webhook = config.public_url.as_ref().and_then(|url| url.join(WEBHOOK_PATH).ok());
                Ok(Self::of(Lnbits::new(lnbits, config.lightning.network, webhook)?))
            }
        }
    }

    /// Takes a provider of the caller's choice.
    pub fn of(backend: impl LightningBackend + 'static) -> Self {
        Self { backend: Some(Arc::new(backend)), simulated: None }
    }
}
