//! Withdrawals that failed, looked at again: a payment that the provider made after it had called it failed has cost the
//! operator its sats, and must not wait for somebody to notice.
//!
//! Nothing is taken back from a user. The loss is booked, so that the ledger and the wallet agree, and an operator is told.
//! It runs as a job of its own under a database lease, so that it never keeps deposits and withdrawals waiting.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use uuid::Uuid;

use super::booking::moved;
use super::repo::withdrawal as repo;
use super::{Lightning, LightningError, PaymentState, Settlement, Withdrawal};
use crate::fault;
use crate::jobs::{JobError, JobSpec};
use crate::ledger::{Actor, NewPosting, PostingKind};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// When a failed withdrawal is looked at, in milliseconds after it failed; then never again.
const LOOKS_MS: [i64; 7] = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS, 7 * DAY_MS];

/// When it is looked at again after a look that brought no answer.
const AGAIN_MS: i64 = 10 * MINUTE_MS;

/// Withdrawals that one round looks at.
const ROUND: i64 = 100;
/// Questions to the provider at a time.
const AT_ONCE: usize = 4;

/// How often a round is made.
const EVERY: Duration = Duration::from_secs(10);
/// The job of looking again at what failed.
pub(crate) fn job() -> JobSpec {
    JobSpec {
        name: "lightning-late",
        every: EVERY,
        lease: super::poll::LEASE,
        run: Arc::new(|app, _fence| {
            async move {
                app.lightning.look_at_failed().await.map_err(JobError::other)?;
                Ok(())
            }
            .boxed()
        }),
    }
}

/// The first look at a withdrawal that failed now; `None` when nothing was ever sent.
pub(super) fn first_look_ms(withdrawal: &Withdrawal, now_ms: i64) -> Option<i64> {
    (withdrawal.attempts > 0).then(|| now_ms.saturating_add(LOOKS_MS[0]))
}

impl Lightning {
    /// Looks again at the failed withdrawals that are due; says at how many.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the rows cannot be read or written; the same rows are then due again.
    pub async fn look_at_failed(&self) -> Result<usize, LightningError> {
        if self.backend().is_err() {
            return Ok(0);
        }
        let now_ms = self.clock.now_ms();
        let due = repo::list_late(&mut self.db.reader().await?, now_ms, ROUND).await?;
        let looks: Vec<_> = due.iter().map(|row| self.look_late_at(row, now_ms).boxed()).collect();
        let next: Vec<(Uuid, Option<i64>)> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        let mut tx = self.db.begin().await?;
        repo::set_late_checks(&mut tx, &next).await?;
        tx.commit().await?;
        Ok(due.len())
    }

    /// Asks about one, and returns when it is to be looked at next.
    async fn look_late_at(&self, row: &Withdrawal, now_ms: i64) -> (Uuid, Option<i64>) {
        let answer = match self.provider().await {
            Ok(backend) => {
                let _turn = self.turn().await;
                backend.check_payment(row.payment_hash).await
            }
            Err(error) => PaymentState::Unknown { reason: error.chain() },
        };
        let next = match answer {
            PaymentState::Settled(settlement) => match self.note_paid_late(row, settlement).await {
                Ok(()) => None,
                Err(error) => {
                    tracing::warn!(withdrawal.id = %row.id, error = error.chain(), "a late payment could not be booked yet");
                    Some(now_ms)
                }
            },
            PaymentState::Failed { .. } | PaymentState::Missing => next_look_ms(row, now_ms),
            PaymentState::Pending | PaymentState::Unknown { .. } => Some(now_ms.saturating_add(AGAIN_MS)),
        };
        (row.id, next)
    }

    /// Books a payment that was made after it had been called failed: everything that it took is the operator's loss.
    ///
    /// Unless a newer withdrawal of the same invoice pays for it, or another failed one was booked for it.
    pub(super) async fn note_paid_late(
        &self,
        withdrawal: &Withdrawal,
        settlement: Settlement,
    ) -> Result<(), LightningError> {
        let accounts = self.accounts(withdrawal.user_id).await?;
        let late_msat = settlement.amount_msat.saturating_add(settlement.fee_msat);
        let posting = NewPosting {
            unique_key: format!("lightning:{}:late", withdrawal.id),
            kind: PostingKind::LatePayment,
            reference_type: "lightning_withdrawal",
            reference_id: withdrawal.id.to_string(),
            actor: Actor::System,
            legs: moved(accounts.loss, accounts.clearing, late_msat)?,
        };
        let key = posting.unique_key.clone();
        let mut tx = self.db.begin().await?;
        self.ledger.post_one_in_tx(&mut tx, posting).await?;
        match repo::mark_paid_late(&mut tx, withdrawal.id, late_msat).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if error.is_conflict() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        fault::point("late:booking");
        self.ledger.commit_posted(tx, &key, &accounts.all()).await?;
        fault::point("late:booked");
        metrics::counter!("postfun_lightning_paid_after_failed_total").increment(1);
        tracing::error!(
            withdrawal.id = %withdrawal.id,
            late_msat,
            "the provider has paid a withdrawal that it had called failed; its sats were given back already, and are the \
             operator's loss"
        );
        Ok(())
    }
}

/// The next look at a withdrawal of which the provider still knows no payment.
fn next_look_ms(row: &Withdrawal, now_ms: i64) -> Option<i64> {
    let failed_at_ms = row.processed_at_ms?;
    LOOKS_MS.iter().map(|after| failed_at_ms.saturating_add(*after)).find(|at| *at > now_ms)
}
