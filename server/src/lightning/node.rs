//! Which provider and which wallet the database's sats are in, and what that wallet held before us.
//!
//! | When | What happens |
//! |---|---|
//! | first start | kind and network are written down; the wallet too, once it has told its name |
//! | a later start | another kind, network or wallet is refused while anybody holds sats, else it is written down instead |
//! | the provider does not answer at a start | the server starts, and no call that concerns sats is made before it has |

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::repo::node;
use super::{Lightning, LightningBackend, LightningError};
use crate::db::DbError;
use crate::ledger::AssetId;

/// How long a start waits for the provider to tell which wallet it is.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// The configured provider is another one than the database's sats are at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Somebody still holds sats that are at the other provider.
    #[error(
        "the sats in this database are at {known} ({known_network}), but {configured} ({configured_network}) is configured; \
         pay them out first, or configure the old provider again"
    )]
    Changed {
        /// The provider that the database remembers.
        known: String,
        /// Its network.
        known_network: String,
        /// The provider that is configured.
        configured: &'static str,
        /// Its network.
        configured_network: &'static str,
    },
    /// Somebody still holds sats that are in another wallet of the provider.
    #[error(transparent)]
    OtherWallet(#[from] OtherWallet),
    /// The database failed.
    #[error("the database could not say which Lightning provider it belongs to")]
    Database(#[from] DbError),
}

/// The configured keys open another wallet than the one that the database's sats are in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the sats in this database are in the wallet {known} of the Lightning provider, but the configured keys are of {}; \
     configure keys of the old wallet again, new ones as well, or pay everybody out first",
    .configured.as_ref().map_or_else(|| "a wallet without a name".to_owned(), |id| format!("the wallet {id}"))
)]
pub struct OtherWallet {
    /// The wallet that the database remembers.
    pub known: String,
    /// The wallet that the provider names.
    pub configured: Option<String>,
}

impl Lightning {
    /// Compares the configured provider with the one that the database remembers, and remembers it at the first start.
    ///
    /// # Errors
    ///
    /// [`NodeError::Changed`] or [`NodeError::OtherWallet`] when the sats are somewhere else.
    pub async fn check_node(&self) -> Result<(), NodeError> {
        let Ok(backend) = self.backend() else { return Ok(()) };
        self.check_kind(backend).await?;
        let told = match tokio::time::timeout(START_PATIENCE, self.provider()).await {
            Ok(Ok(_backend)) => return Ok(()),
            Ok(Err(LightningError::OtherWallet(error))) => return Err(error.into()),
            Ok(Err(error)) => error.chain(),
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        tracing::warn!(
            error = told,
            "the Lightning provider does not tell which wallet it is; no sats move before it does"
        );
        Ok(())
    }

    async fn check_kind(&self, backend: &dyn LightningBackend) -> Result<(), NodeError> {
        let (kind, network) = (backend.kind(), backend.network().as_str());
        let now_ms = self.clock.now_ms();
        let mut tx = self.db.begin().await?;
        match node::find(&mut tx).await? {
            None => node::insert(&mut tx, kind, network, now_ms).await?,
            Some(known) if known.backend == kind && known.network == network => {}
            Some(known) => {
                if node::is_in_use(&mut tx, AssetId::BTC.0, now_ms).await? {
                    return Err(NodeError::Changed {
                        known: known.backend,
                        known_network: known.network,
                        configured: kind,
                        configured_network: network,
                    });
                }
                node::replace(&mut tx, kind, network, now_ms).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Returns the provider, once it has shown that its wallet is the one that the database's sats are in. Everything that
    /// concerns sats comes by here: to another wallet a payment of ours is unknown, and would be made again.
    ///
    /// # Errors
    ///
    /// [`LightningError::OtherWallet`], or that the provider does not tell.
    pub(super) async fn provider(&self) -> Result<&dyn LightningBackend, LightningError> {
        let backend = self.backend()?;
        if !self.is_wallet_known.load(Ordering::Acquire) {
            let told = self.called(backend.wallet_id()).await?;
            let is_told = told.is_some();
            self.check_wallet(told).await?;
            // A wallet without a name may have one after its first payment.
            self.is_wallet_known.store(is_told, Ordering::Release);
        }
        Ok(backend)
    }

    /// Compares the wallet that the provider names with the one that the database remembers, or remembers it.
    async fn check_wallet(&self, told: Option<String>) -> Result<(), LightningError> {
        let known = node::find(&mut self.db.reader().await?).await?.and_then(|node| node.wallet);
        if known == told {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        let mut tx = self.db.begin().await?;
        // The first of several processes writes; the others compare.
        let known = node::lock_wallet(&mut tx, told.as_deref()).await?;
        match known {
            Some(known) if Some(&known) != told.as_ref() => {
                if node::is_in_use(&mut tx, AssetId::BTC.0, now_ms).await? {
                    return Err(OtherWallet { known, configured: told }.into());
                }
                node::replace_wallet(&mut tx, told.as_deref(), now_ms).await?;
            }
            Some(_) | None => {}
        }
        Ok(tx.commit().await?)
    }

    /// Writes down what the provider's wallet holds before its first invoice of ours, so that later it can be told apart.
    ///
    /// What the books say of the wallet at that time is left out: losses of the operator at a wallet before this one.
    pub(super) async fn record_opening(&self, backend: &dyn LightningBackend) -> Result<(), LightningError> {
        let known = node::find(&mut self.db.reader().await?).await?;
        if known.is_some_and(|node| node.opening_msat.is_some()) {
            return Ok(());
        }
        let wallet_msat = backend.wallet_balance().await?;
        let mut tx = self.db.begin().await?;
        node::set_opening(&mut tx, wallet_msat).await?;
        Ok(tx.commit().await?)
    }
}
