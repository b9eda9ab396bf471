//! Which provider the database's sats are at, and what its wallet held before us.

use super::repo::node;
use super::{Lightning, LightningBackend, LightningError};
use crate::db::DbError;
use crate::ledger::AssetId;

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
    /// The database failed.
    #[error("the database could not say which Lightning provider it belongs to")]
    Database(#[from] DbError),
}

impl Lightning {
    /// Compares the configured provider with the one that the database remembers, and remembers it at the first start.
    ///
    /// # Errors
    ///
    /// [`NodeError::Changed`] when the sats are somewhere else.
    pub async fn check_node(&self) -> Result<(), NodeError> {
        let Ok(backend) = self.backend() else { return Ok(()) };
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

    /// Writes down what the provider's wallet holds before its first invoice of ours, so that later it can be told apart.
    pub(super) async fn record_opening(&self, backend: &dyn LightningBackend) -> Result<(), LightningError> {
        let known = node::find(&mut self.db.reader().await?).await?;
        if known.is_some_and(|node| node.opening_msat.is_some()) {
            return Ok(());
        }
        let opening_msat = backend.wallet_balance().await?;
        let mut tx = self.db.begin().await?;
        node::set_opening(&mut tx, opening_msat).await?;
        tx.commit().await?;
        Ok(())
    }
}
