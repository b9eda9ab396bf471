//! The jobs that delete what has grown old.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Fence, JobError, JobSpec, repo};
use crate::app::App;
use crate::db::{DbError, Tx};
use crate::http::idempotency;
use crate::{session, signin};

/// How long an expired challenge is kept, so that late callers still hear *expired*.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long a session that is over is kept, for its user's list.
const SESSIONS_KEPT_MS: i64 = 30 * KEPT_MS;
/// Rows that one transaction deletes, so that it never holds others up for long.
const ROWS: i64 = 1_000;
/// A sweep that is late harms nobody, so its leader rarely has to say that it lives.
const LEASE: Duration = Duration::from_mins(5);

/// Deletes at most so many rows that are old at a time, and says how many.
type DeleteOld = for<'a> fn(&'a mut Tx, i64, i64) -> BoxFuture<'a, Result<u64, DbError>>;

/// Every sweep; seed 004 asks for locks every five minutes and sessions every ten.
pub(super) fn all() -> Vec<JobSpec> {
    let minutes = Duration::from_mins;
    vec![
        sweep("sweep-locks", minutes(5), |tx, now_ms, rows| Box::pin(repo::delete_expired(tx, now_ms, rows))),
        sweep("sweep-challenges", minutes(5), |tx, now_ms, rows| {
            Box::pin(signin::repo::delete_expired(tx, now_ms.saturating_sub(KEPT_MS), rows))
        }),
        sweep("sweep-answers", minutes(5), |tx, now_ms, rows| {
            Box::pin(idempotency::delete_old(tx, now_ms, rows))
        }),
        sweep("sweep-sessions", minutes(10), |tx, now_ms, rows| {
            Box::pin(async move {
                let ended = session::repo::end_expired(tx, now_ms, rows).await?;
                let before_ms = now_ms.saturating_sub(SESSIONS_KEPT_MS);
                Ok(ended + session::repo::delete_expired(tx, before_ms, rows).await?)
            })
        }),
    ]
}

fn sweep(name: &'static str, every: Duration, delete: DeleteOld) -> JobSpec {
    JobSpec {
        name,
        every,
        lease: LEASE,
        run: Arc::new(move |app, fence| Box::pin(run(name, app, fence, delete))),
    }
}

async fn run(name: &'static str, app: Arc<App>, fence: Fence, delete: DeleteOld) -> Result<(), JobError> {
    let mut total = 0;
    loop {
        let mut tx = app.db.begin().await?;
        fence.check_in_tx(&mut tx).await?;
        let rows = delete(&mut tx, app.clock.now_ms(), ROWS).await?;
        tx.commit().await?;
        total += rows;
        if rows == 0 {
            break;
        }
    }
    if total > 0 {
        tracing::info!(job = name, rows = total, "old rows were deleted");
    }
    Ok(())
}
