//! Locks with a name that last as long as a transaction.

use super::{DbError, Tx, TxKind};

/// The key of PostgreSQL's advisory lock is a number; two names that share one only wait for each other needlessly.
const LOCK_NAME: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

impl Tx {
    /// Waits until no other transaction holds the name, and holds it until this one ends.
    ///
    /// For rules over rows that do not exist yet; rows that do are locked by writing them. On SQLite there is nothing
    /// to do: a transaction that writes is the only one.
    ///
    /// # Errors
    ///
    /// [`DbError::Busy`] when the other one takes too long.
    pub async fn lock_name(&mut self, name: &str) -> Result<(), DbError> {
        match &mut self.0 {
            TxKind::Postgres(tx) => {
                sqlx::query(LOCK_NAME).bind(name).execute(&mut **tx).await?;
            }
            TxKind::PostgresLane(tx) => {
                sqlx::query(LOCK_NAME).bind(name).execute(tx.connection()).await?;
            }
            TxKind::PostgresReader(_) | TxKind::Sqlite(_) | TxKind::SqliteReader(_) => {}
        }
        Ok(())
    }
}
