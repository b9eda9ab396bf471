//! What to say after a commit that went wrong: what took place, never a guess.

use std::time::Duration;

use uuid::Uuid;

use super::batch::{Pending, RestsOn, posting_key};
use super::{SwapDone, SwapError, repo};
use crate::db::{Database, DbError};
use crate::ledger;

/// How long the look may take; a database that does not answer by then leaves the outcome unknown.
const LOOK_PATIENCE: Duration = Duration::from_secs(10);

/// Finds out, on a new connection and under the pool's lock, whether a batch took place.
///
/// The lock matters: while it is held, the transaction whose commit went wrong is over, so that what is absent now
/// stays absent. A batch is one transaction, so one of its postings speaks for all.
///
/// # Errors
///
/// `None` when that could not be found out.
pub(super) async fn took_place(db: &Database, pool_id: i64, pending: &[Pending]) -> Option<bool> {
    let trade_id = pending.iter().find_map(|pending| match pending.rests_on {
        RestsOn::Trade(trade_id) => Some(trade_id),
        RestsOn::Nothing | RestsOn::State => None,
    });
    let Some(trade_id) = trade_id else { return Some(false) };
    match tokio::time::timeout(LOOK_PATIENCE, look(db, pool_id, trade_id)).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            tracing::error!(pool.id = pool_id, error = error.chain(), "the outcome of a batch is unknown");
            None
        }
        Err(_elapsed) => {
            tracing::error!(
                pool.id = pool_id,
                "the outcome of a batch is unknown: the database does not answer"
            );
            None
        }
    }
}

async fn look(db: &Database, pool_id: i64, trade_id: Uuid) -> Result<bool, DbError> {
    let mut tx = db.begin().await?;
    repo::lock_pool(&mut tx, pool_id).await?;
    let found = ledger::repo::find_posting_hashes(&mut tx, &[posting_key(trade_id)]).await?;
    tx.rollback().await?;
    Ok(!found.is_empty())
}

/// Turns pending answers into true ones: the batch took place, it did not because of `cause`, or nobody knows.
pub(super) fn settle(
    pending: Vec<Pending>,
    took_place: Option<bool>,
    cause: &SwapError,
) -> Vec<Result<SwapDone, SwapError>> {
    pending
        .into_iter()
        .map(|Pending { answer, rests_on }| match (rests_on, took_place) {
            (RestsOn::Nothing, _) | (_, Some(true)) => answer,
            // Whatever the outcome, nothing was carried out for a swap that was refused.
            (RestsOn::State, _) | (RestsOn::Trade(_), Some(false)) => Err(cause.not_executed()),
            (RestsOn::Trade(trade_id), None) => Err(SwapError::OutcomeUnknown { trade_id: Some(trade_id) }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::http::idempotency::StoredAnswer;

    fn batch() -> Vec<Pending> {
        let done = |is_replayed| {
            let answer = StoredAnswer { status: StatusCode::CREATED, body: "{}".into() };
            Ok(SwapDone { answer, is_replayed })
        };
        let trade = RestsOn::Trade(Uuid::from_u128(1));
        vec![
            Pending { answer: Err(SwapError::DeadlineOver), rests_on: RestsOn::Nothing },
            Pending { answer: done(true), rests_on: RestsOn::Nothing },
            Pending { answer: done(false), rests_on: trade },
            Pending { answer: done(true), rests_on: trade },
            Pending { answer: Err(SwapError::InsufficientBalance), rests_on: RestsOn::State },
        ]
    }

    fn words(took_place: Option<bool>) -> Vec<String> {
        let word = |answer: Result<SwapDone, SwapError>| match answer {
            Ok(done) => format!("done, replayed {}", done.is_replayed),
            Err(error) => crate::http::ApiError::from(error).code().to_owned(),
        };
        settle(batch(), took_place, &SwapError::NotExecuted).into_iter().map(word).collect()
    }

    #[test]
    fn a_batch_that_took_place_is_answered_as_it_was_computed() {
        let expected = [
            "expired",
            "done, replayed true",
            "done, replayed false",
            "done, replayed true",
            "insufficient_balance",
        ];
        assert_eq!(words(Some(true)), expected);
    }

    #[test]
    fn nothing_of_a_batch_that_did_not_take_place_is_told_as_done() {
        let expected = ["expired", "done, replayed true", "not_executed", "not_executed", "not_executed"];
        assert_eq!(words(Some(false)), expected);
    }

    #[test]
    fn an_unknown_outcome_is_unknown_for_those_it_concerns() {
        let expected =
            ["expired", "done, replayed true", "outcome_unknown", "outcome_unknown", "not_executed"];
        assert_eq!(words(None), expected);
    }
}
