//! Looking again at whatever is not decided: paid invoices that nobody came back for, withdrawals on their way, and what a
//! process that died left behind.
//!
//! It runs as a job under a database lease, so that one process of several does it; nothing is wrong when two do.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};

use super::repo::{invoice, withdrawal};
use crate::jobs::{JobError, JobSpec};

use super::{Invoice, Lightning, LightningError, Step, Withdrawal};

/// Rows of each kind that one round looks at.
const ROUND: i64 = 200;
/// Questions to the provider at a time.
const AT_ONCE: usize = 8;

/// How often a round is made.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// For how long another process leaves the rounds to this one after it has fallen silent.
pub(super) const LEASE: Duration = Duration::from_secs(10);

/// The job of looking again.
pub(crate) fn job() -> JobSpec {
    JobSpec {
        name: "lightning",
        every: EVERY,
        lease: LEASE,
        run: Arc::new(|app, _fence| {
            async move {
                app.lightning.poll().await.map_err(JobError::other)?;
                Ok(())
            }
            .boxed()
        }),
    }
}

/// What a round looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Invoices.
    pub invoices: usize,
    /// Withdrawals.
    pub withdrawals: usize,
}

impl Lightning {
    /// Looks at everything that is due, once.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the rows cannot be read; what fails for one row is logged and tried again later.
    pub async fn poll(&self) -> Result<Round, LightningError> {
        if self.backend().is_err() {
            return Ok(Round::default());
        }
        let now_ms = self.clock.now_ms();
        let (invoices, withdrawals) = {
            let mut reader = self.db.reader().await?;
            let withdrawals = withdrawal::list_due(&mut reader, now_ms, ROUND).await?;
            (invoice::list_due(&mut reader, now_ms, ROUND).await?, withdrawals)
        };
        let round = Round { invoices: invoices.len(), withdrawals: withdrawals.len() };
        // Side by side, so that slow payments do not keep deposits waiting.
        let withdrawals = withdrawals.into_iter().map(|row| self.take_on(row).boxed()).collect();
        let invoices = invoices.into_iter().map(|row| self.take_up(row).boxed()).collect();
        tokio::join!(some_at_once(withdrawals), some_at_once(invoices));
        self.measure().await?;
        Ok(round)
    }

    async fn take_on(&self, row: Withdrawal) {
        let looked = self.look_at(&row).await;
        // Also after an error, so that one row that always fails does not crowd out the others.
        let postponed = self.postpone(&row).await;
        for error in [looked, postponed].into_iter().filter_map(Result::err) {
            tracing::warn!(
                withdrawal.id = %row.id,
                error = error.chain(),
                "a withdrawal could not be looked at; trying again later"
            );
        }
    }

    async fn take_up(&self, row: Invoice) {
        let looked = self.look_at_invoice(&row).await;
        let postponed = self.postpone_invoice(&row).await;
        for error in [looked, postponed].into_iter().filter_map(Result::err) {
            tracing::warn!(
                invoice.id = %row.id,
                error = error.chain(),
                "an invoice could not be looked at; trying again later"
            );
        }
    }

    /// Measures how many withdrawals are pending, how many of them unknown, and how old the oldest of each is.
    async fn measure(&self) -> Result<(), LightningError> {
        let now_ms = self.clock.now_ms();
        let pending = withdrawal::measure(&mut self.db.reader().await?).await?;
        for step in [Step::Reserved, Step::Sent, Step::Unknown] {
            let found = pending.iter().find(|row| row.step == step.as_str());
            let (count, oldest_s) = found
                .map_or((0, 0), |row| (row.rows, now_ms.saturating_sub(row.oldest_at_ms).max(0) / 1_000));
            let number = |value: i64| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
            metrics::gauge!("postfun_lightning_holds", "step" => step.as_str()).set(number(count));
            metrics::gauge!("postfun_lightning_hold_age_seconds_max", "step" => step.as_str())
                .set(number(oldest_s));
        }
        Ok(())
    }
}

async fn some_at_once(looks: Vec<BoxFuture<'_, ()>>) {
    stream::iter(looks).for_each_concurrent(AT_ONCE, |look| look).await;
}
