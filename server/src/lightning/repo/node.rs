//! Which provider this database's sats are at.

use sqlx::FromRow;

use super::{column, msat};
use crate::db::{DbError, Tx, execute, on_backend, statements};

statements! {
    FIND_NODE = "
SELECT backend, network, wallet, opening_msat
FROM lightning_node
WHERE id = 1";
    INSERT_NODE = "
INSERT INTO lightning_node (id, backend, network, wallet, opening_msat, created_at_ms)
VALUES (1, $1, $2, NULL, NULL, $3)
ON CONFLICT (id) DO NOTHING";
    REPLACE_NODE = "
UPDATE lightning_node
SET backend = $1, network = $2, wallet = NULL, opening_msat = NULL, created_at_ms = $3
WHERE id = 1";
    LOCK_WALLET = "
UPDATE lightning_node
SET wallet = COALESCE(wallet, $1)
WHERE id = 1
RETURNING wallet";
    REPLACE_WALLET = "
UPDATE lightning_node
SET wallet = $1, opening_msat = NULL, created_at_ms = $2
WHERE id = 1";
    SET_OPENING = "
UPDATE lightning_node
SET opening_msat = $1 + COALESCE((SELECT CAST(SUM(available) AS BIGINT) FROM accounts
    WHERE owner_kind = 'system' AND owner_id = 'lightning' AND purpose = 'clearing'), 0)
WHERE id = 1 AND opening_msat IS NULL";
    IS_IN_USE = "
SELECT EXISTS (SELECT 1 FROM accounts
    WHERE asset_id = $1 AND (owner_kind <> 'system' OR purpose = 'suspense') AND (available <> 0 OR held <> 0))
    OR EXISTS (SELECT 1 FROM lightning_withdrawals WHERE status = 'pending')
    OR EXISTS (SELECT 1 FROM lightning_invoices WHERE status = 'pending' AND expires_at_ms > $2)";
}

/// What the database remembers of its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lightning) struct Node {
    pub(in crate::lightning) backend: String,
    pub(in crate::lightning) network: String,
    /// The provider's own name of its wallet; `None` until it was told.
    pub(in crate::lightning) wallet: Option<String>,
    /// What the provider's wallet held before the first invoice; `None` until it was read.
    pub(in crate::lightning) opening_msat: Option<u64>,
}

#[derive(Debug, FromRow)]
struct NodeRow {
    backend: String,
    network: String,
    wallet: Option<String>,
    opening_msat: Option<i64>,
}

/// Finds what the database remembers.
pub(in crate::lightning) async fn find(tx: &mut Tx) -> Result<Option<Node>, DbError> {
    let row: Option<NodeRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, NodeRow>(FIND_NODE).fetch_optional(c).await)?;
    row.map(|row| {
        let opening_msat =
            row.opening_msat.map(|value| msat("lightning_node", "opening_msat", value)).transpose()?;
        Ok(Node { backend: row.backend, network: row.network, wallet: row.wallet, opening_msat })
    })
    .transpose()
}

/// Remembers a provider, unless one is remembered already.
pub(in crate::lightning) async fn insert(
    tx: &mut Tx,
    backend: &str,
    network: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    execute!(tx, INSERT_NODE, backend, network, now_ms)?;
    Ok(())
}

/// Remembers another provider instead.
pub(in crate::lightning) async fn replace(
    tx: &mut Tx,
    backend: &str,
    network: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    execute!(tx, REPLACE_NODE, backend, network, now_ms)?;
    Ok(())
}

/// Locks what is remembered of the wallet and returns it; where nothing is, it is `told` from now on.
pub(in crate::lightning) async fn lock_wallet(
    tx: &mut Tx,
    told: Option<&str>,
) -> Result<Option<String>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, Option<String>>(LOCK_WALLET)
        .bind(told)
        .fetch_one(c)
        .await)?)
}

/// Remembers another wallet of the same provider instead.
pub(in crate::lightning) async fn replace_wallet(
    tx: &mut Tx,
    told: Option<&str>,
    now_ms: i64,
) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(REPLACE_WALLET)
        .bind(told)
        .bind(now_ms)
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

/// Writes down what the provider's wallet held before the first invoice, without what the books say it holds; only once.
pub(in crate::lightning) async fn set_opening(tx: &mut Tx, wallet_msat: u64) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(SET_OPENING)
        .bind(column(wallet_msat))
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

/// Whether somebody holds sats, or could get some through the remembered provider.
pub(in crate::lightning) async fn is_in_use(tx: &mut Tx, asset: i64, now_ms: i64) -> Result<bool, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, bool>(IS_IN_USE)
        .bind(asset)
        .bind(now_ms)
        .fetch_one(c)
        .await)?)
}
