//! How each engine is opened.

use std::future::ready;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};

use super::{Database, DbError, Pools, lane};
use crate::config::{DatabaseUrl, PoolLimits};

/// How long PostgreSQL lets a statement run, wait for a lock, and a transaction stay idle: nothing waits for ever.
const PATIENCE: [(&str, &str); 3] =
    [("statement_timeout", "60s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "60s")];
/// How long SQLite waits for another process that writes the same file.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers beside the one writer; more than the cores of a small machine only costs memory.
const SQLITE_READERS: u32 = 4;

/// What to do about an SQLite file that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Make it, with its folder.
    Create,
    /// Refuse: whoever only looks must not leave an empty database behind.
    Refuse,
}

impl Database {
    /// Opens the database; `missing` says what to do when there is no SQLite file.
    ///
    /// # Errors
    ///
    /// [`DbError::Driver`] when it cannot be reached or opened.
    pub async fn connect(url: &DatabaseUrl, limits: PoolLimits, missing: Missing) -> Result<Self, DbError> {
        match url {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(path, limits, missing).await,
            DatabaseUrl::Postgres(url) => {
                let options = PgConnectOptions::from_str(url)?
                    .application_name("postfun")
                    .statement_cache_capacity(limits.statement_cache);
                // A transaction-pooling proxy keeps no prepared statements, takes no start-up options and passes no
                // notifications on.
                let is_direct = limits.statement_cache > 0;
                let options = if is_direct { options.options(PATIENCE) } else { options };
                let (connections_max, places) = lane::split(limits.connections_max);
                let pool = PgPoolOptions::new()
                    .max_connections(connections_max)
                    .acquire_timeout(Duration::from_secs(limits.connect_timeout_s))
                    .connect_with(options)
                    .await?;
                Ok(Self { pools: Pools::Postgres { pool, places, is_direct } })
            }
        }
    }

    async fn open_sqlite(path: &Path, limits: PoolLimits, missing: Missing) -> Result<Self, DbError> {
        if let (Some(folder), Missing::Create) = (path.parent(), missing) {
            std::fs::create_dir_all(folder).map_err(|error| DbError::Driver(sqlx::Error::Io(error)))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(missing == Missing::Create)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Only FULL keeps the last commits through a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(SQLITE_BUSY_TIMEOUT);
        let wait = Duration::from_secs(limits.connect_timeout_s);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(wait)
            .before_acquire(|connection, _meta| Box::pin(ready(Ok(is_usable(connection)))))
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(wait)
            .connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self { pools: Pools::Sqlite { writer, readers } })
    }
}

/// Whether a connection can begin a transaction.
///
/// SQLite rolls a transaction back by itself when the disk is full or fails. The driver does not learn of it: its own
/// rollback then fails, and it would count the transaction as open for ever. Such a connection is replaced.
fn is_usable(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}
