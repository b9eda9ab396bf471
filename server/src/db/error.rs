//! What can go wrong with the database, told apart. A row that is not there is an `Option`, never an error.

use std::fmt::Display;

/// An error of the database or of what stands in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The driver or the engine failed.
    #[error("the database failed")]
    Driver(#[source] sqlx::Error),
    /// Too many others want the database; the same call can succeed later.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// The database cannot be reached, or is coming up or going down.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// What is to be written does not fit on the disk, within a quota, or within a limit on the size of files.
    #[error("the database has no room left")]
    StorageFull(#[source] sqlx::Error),
    /// A constraint refused a row.
    #[error("a constraint refused the row: {name}")]
    Constraint {
        /// The constraint's name on PostgreSQL, the engine's words on SQLite.
        name: String,
    },
    /// A row holds what it cannot hold.
    #[error("the table {table} holds an impossible {column}: {value}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What was found.
        value: String,
    },
    /// A statement changed another number of rows than it must.
    #[error("{statement} changed {found} rows, not {expected}")]
    RowCount {
        /// The statement's name.
        statement: &'static str,
        /// How many rows it must change.
        expected: u64,
        /// How many it changed.
        found: u64,
    },
}

impl DbError {
    /// Makes the error of a row that holds what it cannot hold.
    pub(crate) fn inconsistent(table: &'static str, column: &'static str, value: impl Display) -> Self {
        Self::Inconsistent { table, column, value: value.to_string() }
    }

    /// Checks how many rows a statement changed.
    pub(crate) const fn check_rows(statement: &'static str, expected: u64, found: u64) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self::RowCount { statement, expected, found }) }
    }

    /// Whether a row of another transaction, which this one could not see, was first.
    ///
    /// Seen again, that row says what to answer.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Constraint { .. })
    }

    /// Whether it is the database that fails, not what was asked of it.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable(_) | Self::StorageFull(_) | Self::Driver(_))
    }

    /// Whether nothing can be written until somebody makes room.
    #[must_use]
    pub const fn is_storage_full(&self) -> bool {
        matches!(self, Self::StorageFull(_))
    }

    /// Writes the error and its causes in one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// Writes an error and its causes in one line, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// SQLite: busy (5), locked (6). PostgreSQL: serialization failure, deadlock, lock not available, too many
/// connections.
const BUSY_CODES: [&str; 9] = ["5", "6", "261", "262", "517", "40001", "40P01", "55P03", "53300"];

/// PostgreSQL: shut down by an administrator, crashed, not up yet; a statement that took too long.
const UNAVAILABLE_CODES: [&str; 5] = ["57P01", "57P02", "57P03", "57014", "25P03"];

/// SQLite: full (13), a write that the system refused for another reason than a full disk, which is a quota or a limit (778),
/// no room for the index of the write-ahead log (4874). PostgreSQL: disk full.
const STORAGE_FULL_CODES: [&str; 4] = ["13", "778", "4874", "53100"];

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy(error);
        }
        if matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::Tls(_)) {
            return Self::Unavailable(error);
        }
        let Some(database) = error.as_database_error() else {
            return Self::Driver(error);
        };
        if database.code().is_some_and(|code| UNAVAILABLE_CODES.contains(&code.as_ref())) {
            return Self::Unavailable(error);
        }
        if database.code().is_some_and(|code| BUSY_CODES.contains(&code.as_ref())) {
            return Self::Busy(error);
        }
        if database.code().is_some_and(|code| STORAGE_FULL_CODES.contains(&code.as_ref())) {
            return Self::StorageFull(error);
        }
        if database.is_unique_violation()
            || database.is_foreign_key_violation()
            || database.is_check_violation()
        {
            let name = database.constraint().unwrap_or_else(|| database.message()).to_owned();
            return Self::Constraint { name };
        }
        Self::Driver(error)
    }
}
