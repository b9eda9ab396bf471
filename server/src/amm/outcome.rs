//! What to say after a commit that went wrong: what took place, never a guess.

use uuid::Uuid;

use super::batch::posting_key;
use super::{SwapDone, SwapError, repo};
use crate::db::{Database, DbError};
use crate::ledger;

/// Finds out, on a new connection and under the pool's lock, which swaps of a batch took place.
///
/// The lock matters: while it is held, the transaction whose commit went wrong is over, so that what is absent now
/// stays absent.
pub(super) async fn resolve(
    db: &Database,
    pool_id: i64,
    answers: Vec<Result<SwapDone, SwapError>>,
    trades: &[Option<Uuid>],
    error: &DbError,
) -> Vec<Result<SwapDone, SwapError>> {
    tracing::error!(pool.id = pool_id, %error, "a commit went wrong; looking for its swaps");
    let took_place = look(db, pool_id, trades).await;
    if let Err(error) = &took_place {
        tracing::error!(pool.id = pool_id, %error, "the outcome of a batch is unknown");
    }
    answers
        .into_iter()
        .zip(trades)
        .map(|(answer, trade)| match (trade, &took_place) {
            // Refusals and replays do not depend on this commit.
            (None, _) | (Some(_), Ok(true)) => answer,
            (Some(_), Ok(false)) => Err(SwapError::NotExecuted),
            (Some(trade_id), Err(_)) => Err(SwapError::OutcomeUnknown { trade_id: Some(*trade_id) }),
        })
        .collect()
}

/// A batch is one transaction, so one of its postings speaks for all.
async fn look(db: &Database, pool_id: i64, trades: &[Option<Uuid>]) -> Result<bool, DbError> {
    let Some(trade_id) = trades.iter().flatten().next() else { return Ok(false) };
    let mut tx = db.begin().await?;
    repo::lock_pool(&mut tx, pool_id).await?;
    let found = ledger::repo::find_posting_hashes(&mut tx, &[posting_key(*trade_id)]).await?;
    tx.rollback().await?;
    Ok(!found.is_empty())
}
