//! The configured provider.

use std::sync::Arc;

use super::LightningBackend;
use super::lnbits::{Lnbits, TransportError};
use crate::config::{BackendConfig, Config};

/// The path under which the provider reports paid invoices.
const WEBHOOK_PATH: &str = "/api/lightning/webhook";

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// This machine can make no HTTP client.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Makes the configured provider; `None` when Lightning is off. Nothing is sent yet.
///
/// # Errors
///
/// [`ConnectError`].
pub fn connect(config: &Config) -> Result<Option<Arc<dyn LightningBackend>>, ConnectError> {
    Ok(match &config.lightning.backend {
        BackendConfig::Off | BackendConfig::Simulated => None,
        BackendConfig::Lnbits(lnbits) => {
            let webhook = config.public_url.as_ref().and_then(|url| url.join(WEBHOOK_PATH).ok());
            Some(Arc::new(Lnbits::new(lnbits, config.lightning.network, webhook)?))
        }
    })
}
