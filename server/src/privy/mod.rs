//! Privy: who its tokens stand for, and what it knows about them.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Privy`]: checking tokens, asking for profiles |
//! | `token` | access and identity tokens, under ES256 alone |
//! | `key` | public keys, from the settings or from Privy's key set |
//! | `keyring` | for how long that set counts |
//! | `profile` | e-mail address, phone and wallet among a user's accounts |
//! | `remote` | calls of Privy |

mod error;
mod key;
mod keyring;
mod profile;
mod remote;
mod token;

use std::sync::Arc;

pub use error::PrivyError;
pub use key::{InvalidKey, InvalidKeySet, KeySet, PrivyKey};
pub use profile::Profile;
pub use remote::{ClientFault, RemoteFault};
pub(crate) use token::is_did;
pub use token::{Access, Rules, TokenFault};

use crate::clock::Clock;
use crate::config::PrivyConfig;
use keyring::Keyring;
use remote::Remote;
use token::Unverified;

/// The service of Privy's users; without settings it lets nobody in.
#[derive(Debug, Clone)]
pub struct Privy(Option<Arc<Registered>>);

/// A Privy app, as it is registered there.
#[derive(Debug)]
struct Registered {
    id: String,
    key: Option<PrivyKey>,
    keyring: Keyring,
    remote: Remote,
    clock: Arc<dyn Clock>,
}

impl Privy {
    /// Makes the service; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ClientFault`], when this machine can make no HTTP client.
    pub fn new(config: Option<&PrivyConfig>, clock: &Arc<dyn Clock>) -> Result<Self, ClientFault> {
        let Some(config) = config else { return Ok(Self(None)) };
        Ok(Self(Some(Arc::new(Registered {
            id: config.app_id.clone(),
            key: config.verification_key.clone(),
            keyring: Keyring::new(Arc::clone(clock)),
            remote: Remote::new(config)?,
            clock: Arc::clone(clock),
        }))))
    }

    /// Tells whether users of a Privy app may sign in, and of which.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        self.0.as_ref().map(|app| app.id.as_str())
    }

    /// Finds out whom an access token stands for.
    ///
    /// # Errors
    ///
    /// [`PrivyError`].
    pub async fn verify(&self, token: &str) -> Result<Access, PrivyError> {
        let app = self.app()?;
        let read = Unverified::read(token)?;
        let key = app.key(&read).await?;
        Ok(read.access(&key, app.rules())?)
    }

    /// Reads what an identity token says about a user.
    ///
    /// # Errors
    ///
    /// [`PrivyError::IdentityToken`] also when it is another user's.
    pub async fn verify_identity(&self, token: &str, did: &str) -> Result<Profile, PrivyError> {
        let app = self.app()?;
        let read = Unverified::read(token).map_err(PrivyError::IdentityToken)?;
        let key = app.key(&read).await.map_err(|error| match error {
            PrivyError::Token(fault) => PrivyError::IdentityToken(fault),
            other @ (PrivyError::NotConfigured | PrivyError::IdentityToken(_) | PrivyError::Unreachable) => {
                other
            }
        })?;
        let accounts = read.identity(&key, app.rules(), did).map_err(PrivyError::IdentityToken)?;
        Ok(Profile::of(&accounts))
    }

    /// Asks Privy about a user, if it lets us; trouble is written to the log and costs nobody the sign-in.
    pub async fn ask(&self, did: &str) -> Option<Profile> {
        let app = self.0.as_ref()?;
        match app.remote.profile(did).await {
            Ok(profile) => profile,
            Err(fault) => {
                tracing::warn!(error = %crate::db::error_chain(&fault), "Privy told nothing about a user");
                None
            }
        }
    }

    fn app(&self) -> Result<&Registered, PrivyError> {
        self.0.as_deref().ok_or(PrivyError::NotConfigured)
    }
}

impl Registered {
    /// The configured key whatever the token names, else the one of the key set.
    async fn key(&self, token: &Unverified<'_>) -> Result<PrivyKey, PrivyError> {
        match &self.key {
            Some(key) => Ok(key.clone()),
            None => self.keyring.find(&self.remote, token.kid.as_deref()).await,
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules { app_id: &self.id, now_s: self.clock.now_s() }
    }
}
