//! A look into the database behind the server's back: what HTTP does not show.

use std::collections::BTreeMap;

use postfun_core::amm::Replay;
use sqlx::{AssertSqlSafe, Connection, FromRow, PgConnection, SqliteConnection};

use crate::app::TestApp;
use crate::engine::Engine;

/// Tables whose rows come and go without anything having happened to anybody; an account without entries is nothing.
const UNREMARKABLE: [&str; 4] = ["_sqlx_migrations", "accounts", "distributed_locks", "idempotency"];

/// An event of a pool as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredEvent {
    /// Its number, from one.
    pub seq: i64,
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// The chain's hash up to here.
    pub hash: Vec<u8>,
}

/// A trade as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredTrade {
    /// Its id.
    pub id: String,
    /// The number of its event.
    pub seq: i64,
    /// The number of the user who swapped.
    pub user_number: i64,
    /// What went in, in base units.
    pub amount_in: i64,
    /// What came out, in base units.
    pub amount_out: i64,
    /// The fee, in base units of the input token.
    pub fee: i64,
}

/// A row of the activity log as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredActivity {
    /// What happened.
    pub action: String,
    /// In which session.
    pub session_id: Option<String>,
    /// Details, as JSON text.
    pub metadata: Option<String>,
    /// When, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

macro_rules! on_connection {
    ($app:expr, |$connection:ident| $body:expr) => {{
        let url = $app.database_url();
        match $app.engine {
            Engine::Sqlite => {
                let mut opened =
                    SqliteConnection::connect(&url).await.expect("the database file can be read");
                let $connection = &mut opened;
                $body
            }
            Engine::Postgres => {
                let mut opened = PgConnection::connect(&url).await.expect("the database can be read");
                let $connection = &mut opened;
                $body
            }
        }
    }};
}

impl TestApp {
    /// Returns every event of a pool, oldest first.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn pool_events(&self, pool_id: i64) -> Vec<StoredEvent> {
        const EVENTS: &str = "SELECT seq, bytes, hash FROM pool_events WHERE pool_id = $1 ORDER BY seq";
        on_connection!(self, |connection| {
            sqlx::query_as(EVENTS).bind(pool_id).fetch_all(connection).await.expect("events can be read")
        })
    }

    /// Returns every trade of a pool, oldest first.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn stored_trades(&self, pool_id: i64) -> Vec<StoredTrade> {
        const TRADES: &str = "SELECT trades.id, trades.seq, users.number AS user_number, trades.amount_in, \
                                     trades.amount_out, trades.fee \
                              FROM trades JOIN users ON users.id = trades.user_id \
                              WHERE trades.pool_id = $1 ORDER BY trades.seq";
        on_connection!(self, |connection| {
            sqlx::query_as(TRADES).bind(pool_id).fetch_all(connection).await.expect("trades can be read")
        })
    }

    /// Returns the activity log of everybody, oldest first.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn activity(&self) -> Vec<StoredActivity> {
        const ROWS: &str = "SELECT action, session_id, metadata, created_at_ms FROM activity_logs \
                            ORDER BY created_at_ms, id";
        on_connection!(self, |connection| {
            sqlx::query_as(ROWS).fetch_all(connection).await.expect("the activity log can be read")
        })
    }

    /// Recomputes a pool from its stored events with the core alone, and fails on a gap or the first wrong one.
    ///
    /// # Panics
    ///
    /// With the number of the event that does not follow.
    pub async fn replay(&self, pool_id: i64) -> Replay {
        let events = self.pool_events(pool_id).await;
        let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
        let expected: Vec<i64> = (1..).take(events.len()).collect();
        assert_eq!(numbers, expected, "the chain has a gap");
        let hash = |event: &StoredEvent| event.hash.clone().try_into().expect("a hash has 32 bytes");
        let (first, rest) = events.split_first().expect("a pool begins with its creation");
        let mut replay = Replay::start(&first.bytes, &hash(first)).expect("the first event creates the pool");
        for event in rest {
            replay.apply(&event.bytes, &hash(event)).expect("every event follows from those before");
        }
        replay
    }

    /// Writes a checkpoint behind the server's back.
    ///
    /// # Panics
    ///
    /// When the database refuses.
    pub async fn insert_checkpoint(&self, pool_id: i64, seq: i64, bytes: &[u8]) {
        const INSERT: &str = "INSERT INTO pool_checkpoints (pool_id, seq, bytes) VALUES ($1, $2, $3)";
        on_connection!(self, |connection| {
            let insert = sqlx::query(INSERT).bind(pool_id).bind(seq).bind(bytes);
            let _done = insert.execute(connection).await.expect("the row can be written");
        });
    }

    /// Returns what came in over Lightning and belongs to nobody, in msat.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn suspense_msat(&self) -> i64 {
        const SUSPENSE: &str =
            "SELECT CAST(COALESCE(SUM(available), 0) AS BIGINT) FROM accounts WHERE purpose = 'suspense'";
        on_connection!(self, |connection| {
            sqlx::query_scalar(SUSPENSE).fetch_one(connection).await.expect("accounts can be read")
        })
    }

    /// Returns what the operator has lost at the Lightning provider, in msat.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn operator_loss_msat(&self) -> i64 {
        const LOSS: &str =
            "SELECT CAST(COALESCE(-SUM(available), 0) AS BIGINT) FROM accounts WHERE owner_id = 'operator'";
        on_connection!(self, |connection| {
            sqlx::query_scalar(LOSS).fetch_one(connection).await.expect("accounts can be read")
        })
    }

    /// Lets a withdrawal be as one that was set aside by a process that died before it sent it.
    ///
    /// # Panics
    ///
    /// When the database does not answer, or has no such withdrawal.
    pub async fn never_sent(&self, id: &str) {
        const FORGET: &str = "UPDATE lightning_withdrawals SET step = 'reserved', attempts = 0, on_line_until_ms = NULL \
                              WHERE id = $1";
        self.age(FORGET, id).await;
    }

    /// Lets the next look at a failed withdrawal be due, where there is one to come.
    ///
    /// # Panics
    ///
    /// When the database does not answer, or has no such withdrawal.
    pub async fn look_late_now(&self, id: &str) {
        const DUE: &str = "UPDATE lightning_withdrawals \
                           SET late_check_at_ms = CASE WHEN late_check_at_ms IS NOT NULL THEN 1 END WHERE id = $1";
        self.age(DUE, id).await;
    }

    /// Lets an invoice have ended long ago, as if its hours had passed.
    ///
    /// # Panics
    ///
    /// When the database does not answer, or has no such invoice.
    pub async fn outlive_invoice(&self, id: &str) {
        self.age("UPDATE lightning_invoices SET expires_at_ms = 1 WHERE id = $1", id).await;
    }

    /// Changes the row of an id behind the server's back.
    async fn age(&self, statement: &'static str, id: &str) {
        let rows = on_connection!(self, |connection| {
            let changed = sqlx::query(statement).bind(id).execute(connection).await;
            changed.expect("a row can be changed").rows_affected()
        });
        assert_eq!(rows, 1, "there is such a row");
    }

    /// Counts the rows of every table that says what happened: equal before and after means that nothing was written.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn row_counts(&self) -> BTreeMap<String, i64> {
        let list = match self.engine {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Engine::Postgres => {
                "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            }
        };
        on_connection!(self, |connection| {
            let tables: Vec<String> =
                sqlx::query_scalar(list).fetch_all(&mut *connection).await.expect("tables can be listed");
            let mut counts = BTreeMap::new();
            for table in tables.into_iter().filter(|table| !UNREMARKABLE.contains(&table.as_str())) {
                let count = AssertSqlSafe(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
                let rows =
                    sqlx::query_scalar(count).fetch_one(&mut *connection).await.expect("rows can be counted");
                counts.insert(table, rows);
            }
            counts
        })
    }

    /// Counts the rows of a table, or of a part of it: whatever may stand behind `FROM`.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn count_rows(&self, table: &'static str) -> i64 {
        on_connection!(self, |connection| {
            let count = AssertSqlSafe(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
            sqlx::query_scalar(count).fetch_one(connection).await.expect("rows can be counted")
        })
    }

    /// Runs a statement behind the server's back.
    ///
    /// # Panics
    ///
    /// When the database refuses.
    pub async fn statement(&self, statement: String) {
        on_connection!(self, |connection| {
            let run = sqlx::query(AssertSqlSafe(statement)).execute(connection).await;
            let _done = run.expect("the statement can be run");
        });
    }

    /// Runs a statement that the database should refuse.
    ///
    /// # Errors
    ///
    /// The words of the refusal.
    ///
    /// # Panics
    ///
    /// When the database cannot be reached.
    pub async fn try_statement(&self, statement: &'static str) -> Result<(), String> {
        on_connection!(self, |connection| {
            let outcome = sqlx::query(statement).execute(connection).await;
            outcome.map(|_done| ()).map_err(|error| error.to_string())
        })
    }
}
