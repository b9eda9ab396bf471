//! Many rows in one statement.
//!
//! A statement that takes rows is written around a [`Table`], which each engine gets in its own way. PostgreSQL takes a
//! column as one array, so that any number of rows is one text and one round trip. SQLite takes values; as each number of
//! rows is a text of its own there, their numbers are powers of two, and a handful of texts serve every batch.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Postgres, QueryBuilder, Sqlite, SqliteConnection};

use super::{Backend, DbError, Tx};

/// The largest number of values that SQLite takes in one statement.
const BINDS_MAX: usize = 32_766;

/// Rows that a statement takes, column by column in the statement's order.
#[derive(Debug)]
pub(crate) struct Table<'a, T> {
    rows: &'a [T],
    columns: Vec<Column>,
}

/// The values of a column, row by row.
#[derive(Debug)]
pub(super) enum Column {
    Int(Vec<i64>),
    OptionalInt(Vec<Option<i64>>),
    Text(Vec<String>),
    Bytes(Vec<Vec<u8>>),
}

impl<'a, T: Sync> Table<'a, T> {
    /// Makes the table of a list; its columns follow.
    pub(crate) const fn of(rows: &'a [T]) -> Self {
        Self { rows, columns: Vec::new() }
    }

    /// Adds a column of integers.
    pub(crate) fn int(mut self, value: impl FnMut(&T) -> i64) -> Self {
        self.columns.push(Column::Int(self.rows.iter().map(value).collect()));
        self
    }

    /// Adds a column of integers, some of which are missing.
    pub(crate) fn optional_int(mut self, value: impl FnMut(&T) -> Option<i64>) -> Self {
        self.columns.push(Column::OptionalInt(self.rows.iter().map(value).collect()));
        self
    }

    /// Adds a column of texts.
    pub(crate) fn text<V: Into<String>>(mut self, mut value: impl FnMut(&'a T) -> V) -> Self {
        self.columns.push(Column::Text(self.rows.iter().map(|row| value(row).into()).collect()));
        self
    }

    /// Adds a column of bytes.
    pub(crate) fn bytes(mut self, value: impl FnMut(&T) -> Vec<u8>) -> Self {
        self.columns.push(Column::Bytes(self.rows.iter().map(value).collect()));
        self
    }

    /// Runs a statement that takes the rows between its two parts, and says how many rows it changed. On SQLite it may
    /// be run several times, for some of the rows each.
    pub(crate) async fn execute(
        self,
        tx: &mut Tx,
        before: &'static str,
        after: &'static str,
    ) -> Result<u64, DbError> {
        if self.rows.is_empty() {
            return Ok(0);
        }
        match tx.backend() {
            Backend::Postgres(connection) => {
                let done = self.for_postgres(before, after).build().execute(connection).await?;
                Ok(done.rows_affected())
            }
            Backend::Sqlite(connection) => {
                execute_valued(connection, before, (&self.columns, self.rows.len()), after).await
            }
        }
    }

    /// Runs a query that takes the rows, as a list or as a table, between its two parts. None of them may make a
    /// difference when it is there twice.
    pub(crate) async fn fetch<R>(
        self,
        tx: &mut Tx,
        before: &'static str,
        after: &'static str,
    ) -> Result<Vec<R>, DbError>
    where
        R: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        match tx.backend() {
            Backend::Postgres(connection) => {
                let mut query = self.for_postgres(before, after);
                Ok(query.build_query_as().fetch_all(connection).await?)
            }
            Backend::Sqlite(connection) => {
                // The last row fills the list up to a power of two.
                let last = self.rows.len() - 1;
                let padded = (0..self.rows.len().next_power_of_two()).map(|row| row.min(last));
                let mut query = self.for_sqlite(before, padded, after);
                Ok(query.build_query_as().fetch_all(connection).await?)
            }
        }
    }

    /// As [`Table::execute`], for a statement that returns something of each row it changed.
    pub(crate) async fn fetch_changed<R>(
        self,
        tx: &mut Tx,
        before: &'static str,
        after: &'static str,
    ) -> Result<Vec<R>, DbError>
    where
        R: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let Backend::Sqlite(connection) = tx.backend() else { return self.fetch(tx, before, after).await };
        let mut changed = Vec::new();
        for (first, count) in chunks(self.rows.len(), self.columns.len()) {
            let mut query = self.for_sqlite(before, first..first + count, after);
            changed.extend(query.build_query_as::<R>().fetch_all(&mut *connection).await?);
        }
        Ok(changed)
    }

    /// Leaves the values, and how many rows they are.
    pub(super) fn into_values(self) -> (Vec<Column>, usize) {
        (self.columns, self.rows.len())
    }

    fn for_postgres(self, before: &'static str, after: &'static str) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::new("");
        push_unnested(&mut query, before, self.columns, after);
        query
    }

    fn for_sqlite(
        &self,
        before: &'static str,
        rows: impl Iterator<Item = usize>,
        after: &'static str,
    ) -> QueryBuilder<Sqlite> {
        valued(before, &self.columns, rows, after)
    }
}

/// Appends a statement that takes columns as arrays.
pub(super) fn push_unnested(
    query: &mut QueryBuilder<Postgres>,
    before: &'static str,
    columns: Vec<Column>,
    after: &'static str,
) {
    query.push(before).push("SELECT * FROM UNNEST(");
    let mut arrays = query.separated(", ");
    for column in columns {
        match column {
            Column::Int(values) => arrays.push_bind(values),
            Column::OptionalInt(values) => arrays.push_bind(values),
            Column::Text(values) => arrays.push_bind(values),
            Column::Bytes(values) => arrays.push_bind(values),
        };
    }
    query.push(")").push(after);
}

/// Writes a statement that takes some rows of columns as values.
fn valued(
    before: &'static str,
    columns: &[Column],
    rows: impl Iterator<Item = usize>,
    after: &'static str,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(before);
    query.push_values(rows, |mut values, row| {
        for column in columns {
            match column {
                Column::Int(list) => values.push_bind(list.get(row).copied()),
                Column::OptionalInt(list) => values.push_bind(list.get(row).copied().flatten()),
                Column::Text(list) => values.push_bind(list.get(row).cloned()),
                Column::Bytes(list) => values.push_bind(list.get(row).cloned()),
            };
        }
    });
    query.push(after);
    query
}

/// Runs a statement that takes rows of columns as values, some of them at a time, and says how many rows it changed.
pub(super) async fn execute_valued(
    connection: &mut SqliteConnection,
    before: &'static str,
    (columns, rows): (&[Column], usize),
    after: &'static str,
) -> Result<u64, DbError> {
    let mut changed = 0;
    for (first, count) in chunks(rows, columns.len()) {
        let mut query = valued(before, columns, first..first + count, after);
        changed += query.build().execute(&mut *connection).await?.rows_affected();
    }
    Ok(changed)
}

/// Cuts rows into runs, as (first, count), whose values fit one statement and whose lengths are powers of two.
fn chunks(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    let largest = prev_power_of_two(BINDS_MAX.checked_div(columns.max(1)).unwrap_or(1));
    let mut first = 0;
    std::iter::from_fn(move || {
        let count = largest.min(prev_power_of_two(rows - first));
        let chunk = (first, count);
        first += count;
        (count > 0).then_some(chunk)
    })
}

fn prev_power_of_two(number: usize) -> usize {
    number.checked_ilog2().map_or(0, |exponent| 1 << exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_powers_of_two_and_lose_nothing() {
        assert_eq!(chunks(11, 3).collect::<Vec<_>>(), [(0, 8), (8, 2), (10, 1)]);
        assert!(chunks(20_000, 5).all(|(_, count)| count * 5 <= BINDS_MAX));
        assert_eq!(chunks(20_000, 5).map(|(_, count)| count).sum::<usize>(), 20_000);
        assert_eq!(chunks(0, 5).count(), 0);
    }

    #[test]
    fn postgres_gets_one_text_for_any_number_of_rows() {
        let text = |rows: &[i64]| {
            let table = Table::of(rows).int(|row| *row).text(ToString::to_string);
            table.for_postgres("INSERT INTO t (a, b) ", "").into_string()
        };
        assert_eq!(text(&[1]), "INSERT INTO t (a, b) SELECT * FROM UNNEST($1, $2)");
        assert_eq!(text(&[1]), text(&[1, 2, 3]));
    }

    #[test]
    fn sqlite_gets_values() {
        let table = Table::of(&[1, 2]).int(|row| *row).text(ToString::to_string);
        let text = table.for_sqlite("INSERT INTO t (a, b) ", 0..2, "").into_string();
        assert_eq!(text, "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)");
    }
}
