//! The embedded migrations: forward only, the same file names for both engines.

use sqlx::migrate::{Migrate, Migrator};

use super::{Database, Pools};

static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[error("the database's schema could not be brought up to date")]
pub struct MigrateError(#[from] sqlx::migrate::MigrateError);

/// What stands between a database and this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Migrations that were applied, ever.
    pub applied: usize,
    /// Migrations that this program knows.
    pub known: usize,
}

impl Database {
    /// Applies every migration that is missing; each in a transaction of its own.
    ///
    /// Several processes can start at once: the engine's lock lets one migrate and the others wait.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] when one fails, or when the database is newer than this program.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        match &self.pools {
            Pools::Postgres(pool) => POSTGRES.run(pool).await?,
            Pools::Sqlite { writer, .. } => SQLITE.run(writer).await?,
        }
        Ok(())
    }

    /// Counts the migrations that were applied and those that are known.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] when the database does not answer.
    pub async fn migrations(&self) -> Result<Pending, MigrateError> {
        let driver = sqlx::migrate::MigrateError::Execute;
        let (applied, known) = match &self.pools {
            Pools::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(driver)?;
                connection.ensure_migrations_table("_sqlx_migrations").await?;
                (connection.list_applied_migrations("_sqlx_migrations").await?.len(), POSTGRES.iter().count())
            }
            Pools::Sqlite { writer, .. } => {
                let mut connection = writer.acquire().await.map_err(driver)?;
                connection.ensure_migrations_table("_sqlx_migrations").await?;
                (connection.list_applied_migrations("_sqlx_migrations").await?.len(), SQLITE.iter().count())
            }
        };
        Ok(Pending { applied, known })
    }
}
