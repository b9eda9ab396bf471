//! Tables in monthly parts, where the engine has such.
//!
//! On SQLite such a table is one like any other, and these functions find nothing to do. On PostgreSQL a month's partition
//! is made beside the table and attached. Rows that came in before their month had a partition lie in the default one;
//! PostgreSQL refuses a partition whose rows lie there, so they move first, in the same transaction.
//!
//! Writers wait until it is over, before they look for a place for their row. PostgreSQL would let them look first: whoever
//! was sent to the default partition and waits for that would hear afterwards that it does not take the row any more.
//!
//! DDL takes no parameters, hence the texts that are put together here, of the names of our own tables and of numbers.

use std::fmt;

use sqlx::{AssertSqlSafe, Executor, PgConnection};
use time::{Date, OffsetDateTime};

use super::{Backend, Database, DbError, Pools, Tx};

/// How long making or dropping a month waits for others, who wait behind it meanwhile; the next run tries again.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '3s'";
/// Moving many rows takes the time that it takes.
const NO_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";
const LIST_PARTITIONS: &str = "
SELECT CAST(pg_class.relname AS TEXT)
FROM pg_inherits
JOIN pg_class ON pg_class.oid = pg_inherits.inhrelid
WHERE pg_inherits.inhparent = to_regclass($1)
ORDER BY 1";

/// A table with a partition for each month, named `TABLE_YYYY_MM`, and `TABLE_default` for the rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partitioned {
    /// Its name.
    pub(crate) name: &'static str,
    /// The column that decides, in milliseconds since the epoch.
    pub(crate) time_column: &'static str,
}

/// A month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    /// Its first day.
    first: Date,
}

impl Month {
    /// Returns the month of a time in milliseconds since the epoch; none outside the years 1 to 9998.
    pub(crate) fn of_ms(ms: i64) -> Option<Self> {
        let at = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1_000)).ok()?;
        let first = at.date().replace_day(1).ok()?;
        (1..=9_998).contains(&first.year()).then_some(Self { first })
    }

    /// Returns the next month.
    pub(crate) fn next(self) -> Option<Self> {
        Self::of_ms(self.after_ms())
    }

    /// Returns its first millisecond.
    pub(crate) const fn first_ms(self) -> i64 {
        self.first.midnight().assume_utc().unix_timestamp() * 1_000
    }

    /// Returns the first millisecond after it.
    pub(crate) fn after_ms(self) -> i64 {
        let days = self.first.month().length(self.first.year());
        self.first_ms() + i64::from(days) * 24 * 60 * 60 * 1_000
    }

    /// Reads what [`fmt::Display`] writes.
    fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('_')?;
        let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let read = Self { first: Date::from_calendar_date(year.parse().ok()?, month, 1).ok()? };
        (read.to_string() == text).then_some(read)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}_{:02}", self.first.year(), u8::from(self.first.month()))
    }
}

impl Partitioned {
    fn part(&self, month: Month) -> String {
        format!("{}_{month}", self.name)
    }
}

impl Database {
    /// Whether [`Partitioned`] tables are in parts, so that old months are dropped instead of deleted.
    pub(crate) const fn has_partitions(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }
}

impl Tx {
    /// Lists the months that have a partition, oldest first.
    pub(crate) async fn list_months(&mut self, table: &Partitioned) -> Result<Vec<Month>, DbError> {
        let Backend::Postgres(connection) = self.backend() else { return Ok(Vec::new()) };
        let names: Vec<String> =
            sqlx::query_scalar(LIST_PARTITIONS).bind(table.name).fetch_all(connection).await?;
        let month = |name: &String| Month::parse(name.strip_prefix(table.name)?.strip_prefix('_')?);
        Ok(names.iter().filter_map(month).collect())
    }

    /// Finds the oldest row of before a time that lies in the default partition, in milliseconds since the epoch.
    pub(crate) async fn find_stray_ms(
        &mut self,
        table: &Partitioned,
        before_ms: i64,
    ) -> Result<Option<i64>, DbError> {
        let Backend::Postgres(connection) = self.backend() else { return Ok(None) };
        let Partitioned { name, time_column } = table;
        let oldest = format!("SELECT MIN({time_column}) FROM {name}_default WHERE {time_column} < $1");
        Ok(sqlx::query_scalar(AssertSqlSafe(oldest)).bind(before_ms).fetch_one(connection).await?)
    }

    /// Makes a month's partition and moves the rows there that had none; says how many, or nothing when it was there.
    pub(crate) async fn make_month(
        &mut self,
        table: &Partitioned,
        month: Month,
    ) -> Result<Option<u64>, DbError> {
        // Whoever else makes it is done afterwards.
        self.lock_name(&format!("partitions of {}", table.name)).await?;
        if self.list_months(table).await?.contains(&month) {
            return Ok(None);
        }
        let Backend::Postgres(connection) = self.backend() else { return Ok(None) };
        let Partitioned { name, time_column } = table;
        let (part, first_ms, after_ms) = (table.part(month), month.first_ms(), month.after_ms());
        run(connection, LOCK_TIMEOUT).await?;
        run(connection, NO_TIMEOUT).await?;
        let create = format!("CREATE TABLE {part} (LIKE {name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)");
        run(connection, AssertSqlSafe(create)).await?;
        let lock = format!("LOCK TABLE ONLY {name} IN SHARE ROW EXCLUSIVE MODE");
        run(connection, AssertSqlSafe(lock)).await?;
        let moving = format!(
            "WITH moved AS (DELETE FROM {name}_default WHERE {time_column} >= {first_ms} AND {time_column} < {after_ms} \
             RETURNING *) INSERT INTO {part} SELECT * FROM moved"
        );
        let moved = run(connection, AssertSqlSafe(moving)).await?;
        let attach = format!(
            "ALTER TABLE {name} ATTACH PARTITION {part} FOR VALUES FROM ({first_ms}) TO ({after_ms})"
        );
        run(connection, AssertSqlSafe(attach)).await?;
        Ok(Some(moved))
    }

    /// Drops a month's partition with all its rows.
    pub(crate) async fn drop_month(&mut self, table: &Partitioned, month: Month) -> Result<(), DbError> {
        let Backend::Postgres(connection) = self.backend() else { return Ok(()) };
        run(connection, LOCK_TIMEOUT).await?;
        run(connection, AssertSqlSafe(format!("DROP TABLE {}", table.part(month)))).await?;
        Ok(())
    }
}

async fn run(connection: &mut PgConnection, text: impl sqlx::SqlSafeStr) -> Result<u64, DbError> {
    Ok(connection.execute(sqlx::raw_sql(text)).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::Month;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    #[test]
    fn months_begin_and_end_in_utc() {
        for (ms, name, days) in [
            (0, "1970_01", 31),
            (1_767_225_599_999, "2025_12", 31),
            (1_767_225_600_000, "2026_01", 31),
            // Leap years: every fourth, but not 2100.
            (1_709_251_199_999, "2024_02", 29),
            (4_107_542_399_999, "2100_02", 28),
            (-1, "1969_12", 31),
        ] {
            let month = Month::of_ms(ms).unwrap();
            assert_eq!(month.to_string(), name, "{ms}");
            assert!((month.first_ms()..month.after_ms()).contains(&ms), "{name}");
            assert_eq!(month.after_ms() - month.first_ms(), days * DAY_MS, "{name}");
            assert_eq!(month.next().unwrap().first_ms(), month.after_ms());
            assert_eq!(Month::parse(name), Some(month));
        }
        for ms in [i64::MIN, i64::MAX] {
            assert_eq!(Month::of_ms(ms), None);
        }
    }

    #[test]
    fn only_months_are_read_as_such() {
        for text in [
            "",
            "default",
            "2026",
            "2026_1",
            "2026_13",
            "2026_00",
            "26_01",
            "2026_01_old",
            "+2026_01",
            "2026_01 ",
        ] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }
}
