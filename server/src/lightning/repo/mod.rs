//! The statements of Lightning, by table.

pub(crate) mod invoice;
pub(crate) mod node;
pub(crate) mod withdrawal;

use crate::db::DbError;

/// Reads a count of msat, which the schema keeps from being negative.
fn msat(table: &'static str, column: &'static str, value: i64) -> Result<u64, DbError> {
    u64::try_from(value).map_err(|_negative| DbError::inconsistent(table, column, value))
}

/// Writes a count of msat; it came out of the ledger, so it fits.
fn column(msat: u64) -> i64 {
    i64::try_from(msat).unwrap_or(i64::MAX)
}

fn parsed<T>(
    table: &'static str,
    column: &'static str,
    text: String,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, DbError> {
    parse(&text).ok_or_else(|| DbError::inconsistent(table, column, text))
}
