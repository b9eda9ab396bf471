//! Months made ahead, and what is too old.
//!
//! PostgreSQL keeps each month of the log in a partition of its own, so that a month that is too old goes at once, file and
//! all. Partitions are made at start and every hour, this month's and the next two; what has come in before there was one
//! waits in the default partition and moves when its month is made. SQLite deletes old rows a few at a time.

use std::sync::Arc;
use std::time::Duration;

use super::{Activity, repo};
use crate::db::{Month, Partitioned};
use crate::jobs::{Fence, JobError, JobSpec};

/// The table.
const LOG: Partitioned = Partitioned { name: "activity_logs", time_column: "created_at_ms" };
/// Months that are ready before they begin.
const MONTHS_AHEAD: usize = 2;
/// Past months that are made of strays in one run.
const STRAYS_MAX: usize = 36;
/// Rows that one transaction deletes, so that it never holds others up for long.
const ROWS: i64 = 1_000;
/// A run that is late harms nobody for two months.
const EVERY: Duration = Duration::from_hours(1);
const LEASE: Duration = Duration::from_mins(5);

/// The job that makes months and forgets what is too old.
pub(crate) fn job() -> JobSpec {
    JobSpec {
        name: "activity-months",
        every: EVERY,
        lease: LEASE,
        run: Arc::new(|app, fence| {
            Box::pin(async move {
                app.activity.make_months(Some(&fence)).await?;
                if let Some(kept_s) = app.config.activity_kept_s {
                    app.activity.forget_old(kept_s, &fence).await?;
                }
                Ok(())
            })
        }),
    }
}

impl Activity {
    /// Makes this month's partition, the next two, and those of past months whose rows have none.
    ///
    /// Harmless when others do the same. At start there is no fence, because nobody leads the job yet.
    ///
    /// # Errors
    ///
    /// [`JobError::Overtaken`], [`JobError::Database`]; what is missing is made next time, and rows find a place meanwhile.
    pub async fn make_months(&self, fence: Option<&Fence>) -> Result<(), JobError> {
        let made = self.db.reader().await?.list_months(&LOG).await?;
        let Some(this_month) = Month::of_ms(self.clock.now_ms()) else { return Ok(()) };
        let ahead = std::iter::successors(Some(this_month), |month| month.next()).take(MONTHS_AHEAD + 1);
        for month in ahead.filter(|month| !made.contains(month)) {
            self.make_month(month, fence).await?;
        }
        for _month in 0..STRAYS_MAX {
            let stray_ms = self.db.reader().await?.find_stray_ms(&LOG, this_month.first_ms()).await?;
            let Some(month) = stray_ms.and_then(Month::of_ms) else { break };
            self.make_month(month, fence).await?;
        }
        Ok(())
    }

    async fn make_month(&self, month: Month, fence: Option<&Fence>) -> Result<(), JobError> {
        let mut tx = self.db.begin().await?;
        if let Some(fence) = fence {
            fence.check_in_tx(&mut tx).await?;
        }
        let moved = tx.make_month(&LOG, month).await?;
        tx.commit().await?;
        if let Some(rows) = moved {
            tracing::info!(%month, rows, "a month of the activity log was made");
        }
        Ok(())
    }

    /// Forgets what is older than some seconds: on PostgreSQL once the whole month is.
    async fn forget_old(&self, kept_s: u64, fence: &Fence) -> Result<(), JobError> {
        let kept_ms = i64::try_from(kept_s).unwrap_or(i64::MAX).saturating_mul(1_000);
        let before_ms = self.clock.now_ms().saturating_sub(kept_ms);
        let months = self.db.reader().await?.list_months(&LOG).await?;
        for month in months.into_iter().filter(|month| month.after_ms() <= before_ms) {
            let mut tx = self.db.begin().await?;
            fence.check_in_tx(&mut tx).await?;
            tx.drop_month(&LOG, month).await?;
            tx.commit().await?;
            tracing::info!(%month, "a month of the activity log was dropped");
        }
        while !self.db.has_partitions() {
            let mut tx = self.db.begin().await?;
            fence.check_in_tx(&mut tx).await?;
            let rows = repo::delete_old(&mut tx, before_ms, ROWS).await?;
            tx.commit().await?;
            if rows == 0 {
                break;
            }
        }
        Ok(())
    }
}
