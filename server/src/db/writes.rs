//! Many statements that write rows, in one go.
//!
//! What a transaction writes at its end is known before the first of its statements runs. PostgreSQL therefore gets all
//! of it as one statement: a way there and back costs more than most of these statements do. SQLite, which lives in this
//! process, gets them one after the other.
//!
//! The statements must not build on each other: on PostgreSQL none sees what the others write. Triggers and constraints
//! are checked when all are through.

use sqlx::{Postgres, QueryBuilder};

use super::sql::{Column, Table, execute_valued, push_unnested};
use super::{Backend, DbError, Tx};

/// Statements that wait to be run together.
#[derive(Debug, Default)]
pub(crate) struct Writes(Vec<Write>);

#[derive(Debug)]
struct Write {
    before: &'static str,
    columns: Vec<Column>,
    rows: usize,
    after: &'static str,
    /// How the statement is called when it changes another number of rows than it takes.
    checked_as: Option<&'static str>,
}

impl Writes {
    /// Adds a statement that inserts the rows of a table. It begins with `INSERT INTO table (columns) `.
    pub(crate) fn insert<T: Sync>(&mut self, table: Table<'_, T>, statement: &'static str) {
        self.add(table, statement, "", None);
    }

    /// Adds a statement that must change one row for each row of the table, which stands between its two parts as
    /// `WITH d (columns) AS (` … `) UPDATE …`. `name` is for the error.
    pub(crate) fn update<T: Sync>(
        &mut self,
        name: &'static str,
        table: Table<'_, T>,
        before: &'static str,
        after: &'static str,
    ) {
        self.add(table, before, after, Some(name));
    }

    fn add<T: Sync>(
        &mut self,
        table: Table<'_, T>,
        before: &'static str,
        after: &'static str,
        checked_as: Option<&'static str>,
    ) {
        let (columns, rows) = table.into_values();
        if rows > 0 {
            self.0.push(Write { before, columns, rows, after, checked_as });
        }
    }

    /// Runs everything that was added.
    ///
    /// # Errors
    ///
    /// [`DbError`]; the caller's transaction must then be rolled back.
    pub(crate) async fn execute_in_tx(self, tx: &mut Tx) -> Result<(), DbError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let checks: Vec<_> =
            self.0.iter().filter_map(|write| Some((write.checked_as?, write.rows))).collect();
        let changed = match tx.backend() {
            Backend::Postgres(connection) => {
                let mut query = self.for_postgres();
                let counts: Vec<i64> = query.build_query_scalar().fetch_one(connection).await?;
                counts.into_iter().map(|count| u64::try_from(count).unwrap_or(0)).collect()
            }
            Backend::Sqlite(connection) => {
                let mut changed = Vec::with_capacity(checks.len());
                for write in &self.0 {
                    let values = (write.columns.as_slice(), write.rows);
                    let rows = execute_valued(&mut *connection, write.before, values, write.after).await?;
                    if write.checked_as.is_some() {
                        changed.push(rows);
                    }
                }
                changed
            }
        };
        for ((name, rows), changed) in checks.into_iter().zip(changed) {
            DbError::check_rows(name, u64::try_from(rows).unwrap_or(u64::MAX), changed)?;
        }
        Ok(())
    }

    /// All statements as parts of one, which returns how many rows the checked ones have changed.
    fn for_postgres(self) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::new("WITH ");
        let mut checked = Vec::new();
        for (number, write) in self.0.into_iter().enumerate() {
            query.push(if number > 0 { ", w" } else { "w" }).push(number).push(" AS (");
            push_unnested(&mut query, write.before, write.columns, write.after);
            if write.checked_as.is_some() {
                query.push(" RETURNING 1");
                checked.push(number);
            }
            query.push(")");
        }
        query.push(" SELECT CAST(ARRAY[");
        let mut counts = query.separated(", ");
        for number in checked {
            counts.push("(SELECT COUNT(*) FROM w").push_unseparated(number).push_unseparated(")");
        }
        query.push("] AS BIGINT[])");
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_gets_one_statement_whatever_the_numbers_of_rows() {
        let text = |rows: &[i64]| {
            let mut writes = Writes::default();
            writes.insert(Table::of(rows).int(|row| *row), "INSERT INTO a (x) ");
            writes.insert(Table::of(&rows[..0]).int(|row| *row), "INSERT INTO nothing (x) ");
            let table = Table::of(rows).int(|row| *row).int(|row| *row);
            writes.update("u", table, "WITH d (x, y) AS (", ") UPDATE b SET y = d.y FROM d WHERE b.x = d.x");
            writes.for_postgres().into_string()
        };
        assert_eq!(
            text(&[1]),
            "WITH w0 AS (INSERT INTO a (x) SELECT * FROM UNNEST($1)), \
             w1 AS (WITH d (x, y) AS (SELECT * FROM UNNEST($2, $3)) \
             UPDATE b SET y = d.y FROM d WHERE b.x = d.x RETURNING 1) \
             SELECT CAST(ARRAY[(SELECT COUNT(*) FROM w1)] AS BIGINT[])"
        );
        assert_eq!(text(&[1]), text(&[1, 2, 3]));
    }
}
