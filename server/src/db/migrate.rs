//! The embedded migrations: forward only, the same file names for both engines.

use sqlx::migrate::Migrator;

use super::{Database, Pools};

static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");

/// How many tables of applied migrations there are, 0 or 1; a look must not make it.
const TABLES_POSTGRES: &str = "SELECT COUNT(*) FROM information_schema.tables \
     WHERE table_name = '_sqlx_migrations' AND table_schema = current_schema()";
const TABLES_SQLITE: &str =
    "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'";
const APPLIED: &str = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";

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
            Pools::Postgres { pool, .. } => POSTGRES.run(pool).await?,
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
        let (applied, known): (i64, usize) = match &self.pools {
            Pools::Postgres { pool, .. } => {
                let tables: i64 =
                    sqlx::query_scalar(TABLES_POSTGRES).fetch_one(pool).await.map_err(driver)?;
                let applied =
                    if tables == 0 { Ok(0) } else { sqlx::query_scalar(APPLIED).fetch_one(pool).await };
                (applied.map_err(driver)?, POSTGRES.iter().count())
            }
            Pools::Sqlite { readers, .. } => {
                let tables: i64 =
                    sqlx::query_scalar(TABLES_SQLITE).fetch_one(readers).await.map_err(driver)?;
                let applied =
                    if tables == 0 { Ok(0) } else { sqlx::query_scalar(APPLIED).fetch_one(readers).await };
                (applied.map_err(driver)?, SQLITE.iter().count())
            }
        };
        let applied = usize::try_from(applied).unwrap_or(0);
        Ok(Pending { applied, known })
    }
}
