//! A knock on the door of other processes: PostgreSQL's LISTEN and NOTIFY.
//!
//! Only ever a wake-up. A notification can be lost with its connection, so whoever hears one reads the rows, and whoever
//! hears none looks now and then.

use sqlx::postgres::{PgListener, PgPoolOptions};

use super::{Database, DbError, Pools};

/// Nothing is lost with a notification, so nothing waits until the disk has it.
const NOTIFY: &str = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, payload)
FROM UNNEST($2) AS told (payload)";

/// Hears what other processes notify.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Waits for the next notification and returns what it says.
    ///
    /// # Errors
    ///
    /// [`DbError::Driver`] when the connection is lost; listen again.
    pub async fn recv(&mut self) -> Result<String, DbError> {
        Ok(self.0.recv().await?.payload().to_owned())
    }
}

impl Database {
    /// Whether processes can notify each other: not on SQLite, and not through a proxy.
    #[must_use]
    pub const fn has_notifications(&self) -> bool {
        matches!(&self.pools, Pools::Postgres { is_direct: true, .. })
    }

    /// Sends every process that listens to a channel some payloads; on SQLite, and through a proxy, there is nobody to
    /// notify.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn notify(&self, channel: &'static str, payloads: &[String]) -> Result<(), DbError> {
        if let Pools::Postgres { pool, is_direct: true, .. } = &self.pools {
            sqlx::query(NOTIFY).bind(channel).bind(payloads).execute(pool).await?;
        }
        Ok(())
    }

    /// Begins to listen to a channel; `None` on SQLite, which has no notifications, and through a proxy,
    /// which passes none on.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn listen(&self, channel: &'static str) -> Result<Option<Listener>, DbError> {
        let Pools::Postgres { pool, is_direct: true, .. } = &self.pools else { return Ok(None) };
        // A connection of its own: one of the pool's would be gone for everybody else.
        let own =
            PgPoolOptions::new().max_connections(1).connect_lazy_with((*pool.connect_options()).clone());
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(channel).await?;
        Ok(Some(Listener(listener)))
    }
}
