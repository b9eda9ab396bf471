//! The database: which engine runs is known here and nowhere else.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Database`], [`Tx`], the `on_backend!` macro |
//! | `error` | [`DbError`]: what can go wrong, told apart |
//! | `connect` | how each engine is opened |
//! | `migrate` | the embedded migrations |
//! | `lock` | locks with a name that last as long as a transaction |
//! | `notify` | waking other processes |
//! | `lane` | a connection that a busy worker keeps |
//! | `partition` | tables in monthly parts |
//! | `backup` | a consistent copy of everything |
//! | `sql` | statements whose length varies |
//! | `writes` | many statements that write, in one go |
//!
//! A statement's text exists once. It is a constant above the function that runs it, in the portable subset of
//! SQLite and PostgreSQL, and `on_backend!` expands that one expression for both. A repository is a set of plain
//! functions on `&mut Tx`; whoever began the transaction commits it.
//!
//! # Locks
//!
//! A write transaction begins immediately on SQLite, where it then is the only writer. On PostgreSQL rows are locked
//! by reading them in ascending order with `Tx::lock_suffix`.

mod backup;
mod connect;
mod error;
mod lane;
mod lock;
mod migrate;
mod notify;
mod partition;
pub(crate) mod sql;
pub(crate) mod writes;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};

pub use backup::BackupError;
pub use connect::Missing;
pub use error::DbError;
pub(crate) use error::chain as error_chain;
pub use lane::Lane;
pub use migrate::{MigrateError, Pending};
pub use notify::Listener;
pub(crate) use partition::{Month, Partitioned};

/// Runs one expression on whichever engine a [`Tx`] belongs to.
///
/// `on_backend!(tx, |c, DB| sqlx::query_as::<DB, Row>(STATEMENT).bind(id).fetch_optional(c).await)`
macro_rules! on_backend {
    ($tx:expr, |$connection:ident, $db:ident| $body:expr) => {
        match $crate::db::Tx::backend($tx) {
            $crate::db::Backend::Postgres($connection) => {
                type $db = sqlx::Postgres;
                let _engine = core::marker::PhantomData::<$db>;
                $body
            }
            $crate::db::Backend::Sqlite($connection) => {
                type $db = sqlx::Sqlite;
                let _engine = core::marker::PhantomData::<$db>;
                $body
            }
        }
    };
}
pub(crate) use on_backend;

/// Runs a statement that gives no rows back, with its values in their order, and returns how many rows it changed.
///
/// `execute!(tx, STATEMENT, id.to_string(), now_ms)?`
macro_rules! execute {
    ($tx:expr, $statement:expr $(, $value:expr)* $(,)?) => {
        $crate::db::on_backend!($tx, |c, DB| sqlx::query::<DB>($statement)
            $(.bind($value))*
            .execute(c)
            .await
            .map(|done| done.rows_affected()))
        .map_err($crate::db::DbError::from)
    };
}
pub(crate) use execute;

/// Declares a repository's statements as constants and lists them for the test that prepares every one.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$meta])* const $name: &str = $text;)+

        /// The statements of this repository, by name.
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use statements;

/// An open database of either engine.
#[derive(Debug, Clone)]
pub struct Database {
    pools: Pools,
}

#[derive(Debug, Clone)]
enum Pools {
    Postgres {
        pool: PgPool,
        /// How many more connections workers may keep.
        places: lane::Places,
        /// Whether nothing stands between that would lose sessions, statements or notifications.
        is_direct: bool,
    },
    /// SQLite has one writer at a time; readers see the last commit and never wait for it.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
}

/// A transaction, or a connection that only reads.
#[derive(Debug)]
pub struct Tx(TxKind);

#[derive(Debug)]
enum TxKind {
    Postgres(Transaction<'static, Postgres>),
    PostgresLane(Box<lane::LaneTx>),
    Sqlite(Transaction<'static, Sqlite>),
    PostgresReader(PoolConnection<Postgres>),
    SqliteReader(PoolConnection<Sqlite>),
}

/// The connection under a [`Tx`]; only `on_backend!` looks at it.
#[derive(Debug)]
pub(crate) enum Backend<'a> {
    Postgres(&'a mut PgConnection),
    Sqlite(&'a mut SqliteConnection),
}

impl Database {
    /// Begins a transaction that writes.
    ///
    /// # Errors
    ///
    /// [`DbError::Busy`] when no connection became free in time, else [`DbError::Driver`].
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let kind = match &self.pools {
            Pools::Postgres { pool, .. } => TxKind::Postgres(pool.begin().await?),
            Pools::Sqlite { writer, .. } => TxKind::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
        };
        Ok(Tx(kind))
    }

    /// Takes a connection for single statements that only read.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn reader(&self) -> Result<Tx, DbError> {
        let kind = match &self.pools {
            Pools::Postgres { pool, .. } => TxKind::PostgresReader(pool.acquire().await?),
            Pools::Sqlite { readers, .. } => TxKind::SqliteReader(readers.acquire().await?),
        };
        Ok(Tx(kind))
    }

    /// Begins a transaction in which every statement sees the same moment.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn snapshot(&self) -> Result<Tx, DbError> {
        let kind = match &self.pools {
            Pools::Postgres { pool, .. } => {
                let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                // Whoever looks at everything needs the time that it takes.
                sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
                TxKind::Postgres(tx)
            }
            Pools::Sqlite { readers, .. } => TxKind::Sqlite(readers.begin().await?),
        };
        Ok(Tx(kind))
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn ping(&self) -> Result<(), DbError> {
        let mut tx = self.reader().await?;
        let one: i64 =
            on_backend!(&mut tx, |c, DB| sqlx::query_scalar::<DB, i64>("SELECT CAST(1 AS BIGINT)")
                .fetch_one(c)
                .await)?;
        if one == 1 { Ok(()) } else { Err(DbError::inconsistent("ping", "1", one)) }
    }

    /// Returns the engine's name, `sqlite` or `postgres`, for people.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.pools {
            Pools::Postgres { .. } => "postgres",
            Pools::Sqlite { .. } => "sqlite",
        }
    }

    /// Prepares a statement without running it: an unknown column or a slip of dialect is an error.
    ///
    /// # Errors
    ///
    /// [`DbError::Driver`] with the engine's words.
    pub async fn prepare(&self, statement: &'static str) -> Result<(), DbError> {
        use sqlx::{Executor, SqlSafeStr};
        let mut tx = self.reader().await?;
        on_backend!(&mut tx, |c, _DB| c.prepare(statement.into_sql_str()).await.map(|_prepared| ()))?;
        Ok(())
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres { pool, .. } => pool.close().await,
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

impl Tx {
    pub(crate) fn backend(&mut self) -> Backend<'_> {
        match &mut self.0 {
            TxKind::Postgres(tx) => Backend::Postgres(tx),
            TxKind::PostgresLane(tx) => Backend::Postgres(tx.connection()),
            TxKind::PostgresReader(connection) => Backend::Postgres(connection),
            TxKind::Sqlite(tx) => Backend::Sqlite(tx),
            TxKind::SqliteReader(connection) => Backend::Sqlite(connection),
        }
    }

    /// What to append to a `SELECT … ORDER BY` so that it locks the rows it reads, in that order.
    pub(crate) const fn lock_suffix(&self) -> &'static str {
        match self.0 {
            TxKind::Postgres(_) | TxKind::PostgresLane(_) | TxKind::PostgresReader(_) => " FOR UPDATE",
            // BEGIN IMMEDIATE holds the only write lock already.
            TxKind::Sqlite(_) | TxKind::SqliteReader(_) => "",
        }
    }

    /// How a `SELECT … WHERE id IN (` ends that locks the rows it reads, in the order of their ids.
    pub(crate) const fn ordered_lock(&self) -> &'static str {
        match self.0 {
            TxKind::Postgres(_) | TxKind::PostgresLane(_) | TxKind::PostgresReader(_) => {
                ") ORDER BY id FOR UPDATE"
            }
            TxKind::Sqlite(_) | TxKind::SqliteReader(_) => ") ORDER BY id",
        }
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// After an error it is **unknown** whether the transaction took place.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.0 {
            TxKind::Postgres(tx) => tx.commit().await?,
            TxKind::PostgresLane(tx) => tx.commit().await?,
            TxKind::Sqlite(tx) => tx.commit().await?,
            TxKind::PostgresReader(_) | TxKind::SqliteReader(_) => {}
        }
        Ok(())
    }

    /// Rolls back; dropping does the same a little later.
    ///
    /// # Errors
    ///
    /// [`DbError::Driver`] when the connection is lost, which rolls back too.
    pub async fn rollback(self) -> Result<(), DbError> {
        match self.0 {
            TxKind::Postgres(tx) => tx.rollback().await?,
            TxKind::PostgresLane(tx) => tx.rollback().await?,
            TxKind::Sqlite(tx) => tx.rollback().await?,
            TxKind::PostgresReader(_) | TxKind::SqliteReader(_) => {}
        }
        Ok(())
    }
}
