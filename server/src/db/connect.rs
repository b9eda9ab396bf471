//! How each engine is opened.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Database, DbError, Pools};
use crate::config::{DatabaseUrl, PoolLimits};

/// How long SQLite waits for another process that writes the same file.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers beside the one writer; more than the cores of a small machine only costs memory.
const SQLITE_READERS: u32 = 4;

impl Database {
    /// Opens the database; an SQLite file and its folder are made when missing.
    ///
    /// # Errors
    ///
    /// [`DbError::Driver`] when it cannot be reached or opened.
    pub async fn connect(url: &DatabaseUrl, limits: PoolLimits) -> Result<Self, DbError> {
        match url {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(path, limits).await,
            DatabaseUrl::Postgres(url) => {
                let options = PgConnectOptions::from_str(url)?
                    .application_name("postfun")
                    .statement_cache_capacity(limits.statement_cache);
                let pool = PgPoolOptions::new()
                    .max_connections(limits.connections_max)
                    .acquire_timeout(Duration::from_secs(limits.connect_timeout_s))
                    .connect_with(options)
                    .await?;
                Ok(Self { pools: Pools::Postgres(pool) })
            }
        }
    }

    async fn open_sqlite(path: &Path, limits: PoolLimits) -> Result<Self, DbError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| DbError::Driver(sqlx::Error::Io(error)))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
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
