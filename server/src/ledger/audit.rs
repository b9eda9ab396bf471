//! Recomputes every balance from its entries.

use crate::audit::{self, Finding};
use crate::db::{DbError, Tx, on_backend, statements};

statements! {
    COUNT = "
SELECT
    (SELECT COUNT(*) FROM accounts) AS accounts,
    (SELECT COUNT(*) FROM entries) AS entries";
    UNBALANCED_POSTINGS = "
SELECT posting_id AS subject, CAST(SUM(amount) AS BIGINT) AS found, CAST(0 AS BIGINT) AS expected
FROM entries
GROUP BY posting_id, asset_id
HAVING SUM(amount) <> 0
ORDER BY posting_id
LIMIT $1";
    EMPTY_POSTINGS = "
SELECT postings.id AS subject, CAST(0 AS BIGINT) AS found, CAST(1 AS BIGINT) AS expected
FROM postings
WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.posting_id = postings.id)
ORDER BY postings.id
LIMIT $1";
    WRONG_BALANCES = "
SELECT CAST(accounts.id AS TEXT) AS subject, available + held AS found, CAST(COALESCE(s.total, 0) AS BIGINT) AS expected
FROM accounts
LEFT JOIN (SELECT account_id, CAST(SUM(amount) AS BIGINT) AS total FROM entries GROUP BY account_id) AS s
  ON s.account_id = accounts.id
WHERE available + held <> COALESCE(s.total, 0)
ORDER BY accounts.id
LIMIT $1";
    WRONG_HOLDS = "
SELECT CAST(accounts.id AS TEXT) AS subject, held AS found, CAST(COALESCE(s.total, 0) AS BIGINT) AS expected
FROM accounts
LEFT JOIN (SELECT account_id, CAST(SUM(remaining) AS BIGINT) AS total FROM holds WHERE status = 'open' GROUP BY account_id) AS s
  ON s.account_id = accounts.id
WHERE held <> COALESCE(s.total, 0)
ORDER BY accounts.id
LIMIT $1";
    WRONG_ASSETS = "
SELECT CAST(entries.account_id AS TEXT) AS subject, entries.asset_id AS found, accounts.asset_id AS expected
FROM entries
JOIN accounts ON accounts.id = entries.account_id
WHERE entries.asset_id <> accounts.asset_id
ORDER BY entries.account_id
LIMIT $1";
    STRAY_ENTRIES = "
SELECT entries.posting_id AS subject, entries.account_id AS found, CAST(0 AS BIGINT) AS expected
FROM entries
LEFT JOIN accounts ON accounts.id = entries.account_id
LEFT JOIN postings ON postings.id = entries.posting_id
WHERE accounts.id IS NULL OR postings.id IS NULL
ORDER BY entries.posting_id
LIMIT $1";
    BELOW_ZERO = "
SELECT CAST(id AS TEXT) AS subject, available AS found, CAST(0 AS BIGINT) AS expected
FROM accounts
WHERE (available < 0 AND NOT may_be_negative) OR held < 0
ORDER BY id
LIMIT $1";
    ISSUED_WITHOUT_RIGHT = "
SELECT assets.symbol AS subject, available AS found, CAST(0 AS BIGINT) AS expected
FROM accounts
JOIN assets ON assets.id = accounts.asset_id
WHERE accounts.purpose = 'issuance' AND NOT assets.is_issuable AND available <> 0
ORDER BY assets.id
LIMIT $1";
}

/// Counts accounts and entries.
pub(crate) async fn count(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, (i64, i64)>(COUNT).fetch_one(c).await)?)
}

/// Runs every check in one snapshot.
pub(crate) async fn run(tx: &mut Tx) -> Result<Vec<Finding>, DbError> {
    let checks = [
        ("posting does not balance", UNBALANCED_POSTINGS),
        ("posting has no entry", EMPTY_POSTINGS),
        ("account differs from its entries", WRONG_BALANCES),
        ("account's holds differ from what it sets aside", WRONG_HOLDS),
        ("entry is of another asset than its account", WRONG_ASSETS),
        ("entry belongs to no account or no posting", STRAY_ENTRIES),
        ("account is below zero", BELOW_ZERO),
        ("asset was issued that must not be", ISSUED_WITHOUT_RIGHT),
    ];
    audit::find(tx, &checks).await
}
