//! Committing money outside of a pool's batch: what took place, never a guess.

use super::{AccountId, Ledger, LedgerError, repo};
use crate::db::{DbError, Tx};

impl Ledger {
    /// Commits a transaction that has posted `key`; when the commit goes wrong, finds out whether it took place.
    ///
    /// The look is taken on a new connection while holding the posting's accounts: then the transaction whose commit went
    /// wrong is over, and what is absent stays absent.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotExecuted`] or [`LedgerError::OutcomeUnknown`].
    pub(crate) async fn commit_posted(
        &self,
        tx: Tx,
        key: &str,
        accounts: &[AccountId],
    ) -> Result<(), LedgerError> {
        let Err(error) = tx.commit().await else { return Ok(()) };
        tracing::error!(
            posting.key = key,
            error = error.chain(),
            "a commit went wrong; looking for its posting"
        );
        match self.look_for(key, accounts).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(LedgerError::NotExecuted),
            Err(error) => {
                tracing::error!(
                    posting.key = key,
                    error = error.chain(),
                    "the outcome of a posting is unknown"
                );
                Err(LedgerError::OutcomeUnknown)
            }
        }
    }

    async fn look_for(&self, key: &str, accounts: &[AccountId]) -> Result<bool, DbError> {
        let mut ids = accounts.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut tx = self.db.begin().await?;
        repo::lock_accounts(&mut tx, &ids).await?;
        let found = repo::find_posting_hashes(&mut tx, &[key.to_owned()]).await?;
        tx.rollback().await?;
        Ok(!found.is_empty())
    }
}
