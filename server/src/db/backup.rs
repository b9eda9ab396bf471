//! A consistent copy of everything, taken while the server runs.

use std::path::{Path, PathBuf};

use super::{Database, DbError, Pools};

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A copy never overwrites anything.
    #[error("{} exists already; name a file that does not", .0.display())]
    Exists(PathBuf),
    /// The path cannot be written as text, which SQLite needs.
    #[error("the path {} is not valid UTF-8", .0.display())]
    Path(PathBuf),
    /// PostgreSQL has a better tool than this program.
    #[error("on PostgreSQL take the copy with `pg_dump --format=custom --file={} \"$DATABASE_URL\"`", .0.display())]
    UsePgDump(PathBuf),
    /// The database failed.
    #[error("the copy could not be written")]
    Database(#[from] DbError),
}

impl Database {
    /// Writes a consistent copy of the database to a new file.
    ///
    /// # Errors
    ///
    /// * [`BackupError::Exists`]: the file is there already.
    /// * [`BackupError::UsePgDump`]: the database is PostgreSQL; the message has the command.
    /// * [`BackupError::Database`]: the copy failed; what was written of it is not complete.
    pub async fn backup_to(&self, path: &Path) -> Result<(), BackupError> {
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Err(BackupError::UsePgDump(path.to_owned()));
        };
        if path.exists() {
            return Err(BackupError::Exists(path.to_owned()));
        }
        let target = path.to_str().ok_or_else(|| BackupError::Path(path.to_owned()))?;
        sqlx::query("VACUUM INTO $1").bind(target).execute(writer).await.map_err(DbError::from)?;
        Ok(())
    }
}
