//! One job in one process: leads it, or waits for the leader to fall silent.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::{Held, JobError, JobSpec, Locks};
use crate::app::App;
use crate::db::DbError;
use crate::id::{random, uuid_v4};

/// The longest run; whatever takes longer hangs.
const RUN_MAX: Duration = Duration::from_mins(15);
/// How long a run may go on once the process was asked to end.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// Waits vary by up to a part of this many, so that processes do not move in step.
const JITTER_PARTS: u32 = 10;

/// One job in one process.
#[derive(Debug)]
pub struct Worker {
    spec: JobSpec,
    app: Arc<App>,
    locks: Locks,
    key: String,
    owner: String,
    held: Option<Held>,
    next_run_at_ms: i64,
    stop: watch::Receiver<bool>,
}

/// How a run ended.
#[derive(Debug)]
enum Ending {
    Done,
    Failed(JobError),
    Panicked(JoinError),
    /// Another process leads the job now.
    Overtaken,
    TooLong,
    /// The process ends.
    Stopped,
}

impl Ending {
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) | Self::Panicked(_) | Self::TooLong => "failed",
            Self::Overtaken => "overtaken",
            Self::Stopped => "stopped",
        }
    }
}

impl Worker {
    /// Makes the worker of a job; `stop` becomes true when the process is to end.
    #[must_use]
    pub fn new(app: Arc<App>, spec: JobSpec, stop: watch::Receiver<bool>) -> Self {
        let owner = format!("process {} {}", std::process::id(), uuid_v4(app.entropy.as_ref()));
        let (locks, key) = (app.locks.clone(), format!("job:{}", spec.name));
        Self { spec, app, locks, key, owner, held: None, next_run_at_ms: i64::MIN, stop }
    }

    /// Works until the process is to end, and then lets another process lead at once.
    pub(super) async fn work(mut self) {
        let mut stop = self.stop.clone();
        loop {
            let wait = self.turn().await;
            tokio::select! {
                // A sender that is gone means that the process ends as well.
                _ = stop.wait_for(|is_stopping| *is_stopping) => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.resign().await;
    }

    /// Does what is due by the clock: takes or keeps the lead, runs the job. Returns how long there is nothing to do.
    pub async fn turn(&mut self) -> Duration {
        if !self.lead().await {
            return self.varied(self.spec.lease / 3);
        }
        if self.is_run_due() {
            self.run().await;
            let wait = self.varied(self.spec.every);
            self.next_run_at_ms = self.app.clock.now_ms().saturating_add(millis(wait));
        }
        self.wait()
    }

    /// Whether this process leads the job.
    #[must_use]
    pub const fn is_leader(&self) -> bool {
        self.held.is_some()
    }

    /// Gives the lead back.
    pub async fn resign(&mut self) {
        let Some(held) = self.held.take() else { return };
        if let Err(error) = self.locks.release(held).await {
            tracing::warn!(
                job = self.spec.name,
                error = error.chain(),
                "the lead of a job could not be given back"
            );
        }
        self.show_lead();
    }

    /// Takes the lead, or keeps it; says whether this process leads.
    async fn lead(&mut self) -> bool {
        let was_leader = self.is_leader();
        self.held = match self.held.take() {
            Some(held) if !self.is_renewal_due(&held) => Some(held),
            Some(held) => self.renewed(held).await,
            None => self.taken().await,
        };
        if was_leader != self.is_leader() {
            tracing::info!(job = self.spec.name, is_leader = self.is_leader(), "the lead of a job changed");
            self.show_lead();
        }
        self.is_leader()
    }

    async fn taken(&mut self) -> Option<Held> {
        match self.locks.try_take(&self.key, &self.owner, self.spec.lease).await {
            Ok(held) => {
                // Whoever led before may have died in the middle of it.
                self.next_run_at_ms = i64::MIN;
                held
            }
            Err(error) => {
                self.log_trouble(&error);
                None
            }
        }
    }

    async fn renewed(&self, mut held: Held) -> Option<Held> {
        match self.locks.renew(&mut held, self.spec.lease).await {
            Ok(is_held) => is_held.then_some(held),
            Err(error) => {
                self.log_trouble(&error);
                // Until it expires nobody else can have taken it.
                (self.app.clock.now_ms() < held.expires_at_ms()).then_some(held)
            }
        }
    }

    fn log_trouble(&self, error: &DbError) {
        tracing::warn!(
            job = self.spec.name,
            error = error.chain(),
            "the lead of a job could not be looked at"
        );
    }

    /// A third of the lease after it was taken; at once when the clock was set back.
    fn is_renewal_due(&self, held: &Held) -> bool {
        let left_ms = held.expires_at_ms().saturating_sub(self.app.clock.now_ms());
        let lease_ms = millis(self.spec.lease);
        left_ms <= millis(self.spec.lease * 2 / 3) || left_ms > lease_ms
    }

    /// When its time has come, or lies farther ahead than it was ever put, because the clock was set back.
    fn is_run_due(&self) -> bool {
        let left_ms = self.next_run_at_ms.saturating_sub(self.app.clock.now_ms());
        left_ms <= 0 || left_ms > millis(self.spec.every * 2)
    }

    async fn run(&mut self) {
        let Some(fence) = self.held.as_ref().map(|held| held.fence().clone()) else { return };
        let started = Instant::now();
        let mut task = JoinSet::new();
        task.spawn((self.spec.run)(Arc::clone(&self.app), fence));
        let ending = self.end_of(&mut task, started).await;
        // Whatever still runs is stopped before anybody else can begin.
        task.shutdown().await;
        self.note(&ending, started.elapsed());
    }

    /// Waits for a run to end, and keeps the lead meanwhile.
    async fn end_of(&mut self, task: &mut JoinSet<Result<(), JobError>>, started: Instant) -> Ending {
        let mut stopped = pin!(stopped(self.stop.clone()));
        loop {
            tokio::select! {
                Some(joined) = task.join_next() => return match joined {
                    Ok(Ok(())) => Ending::Done,
                    Ok(Err(JobError::Overtaken)) => Ending::Overtaken,
                    Ok(Err(error)) => Ending::Failed(error),
                    Err(error) => Ending::Panicked(error),
                },
                () = &mut stopped => return Ending::Stopped,
                () = tokio::time::sleep_until(started + RUN_MAX) => return Ending::TooLong,
                () = tokio::time::sleep(self.spec.lease / 3) => {
                    if !self.lead().await {
                        return Ending::Overtaken;
                    }
                }
            }
        }
    }

    fn note(&self, ending: &Ending, took: Duration) {
        let job = self.spec.name;
        metrics::counter!("postfun_job_runs_total", "job" => job, "outcome" => ending.outcome()).increment(1);
        metrics::histogram!("postfun_job_duration_seconds", "job" => job).record(took.as_secs_f64());
        match ending {
            Ending::Done => {
                let now_s = u32::try_from(self.app.clock.now_s()).map_or(f64::MAX, f64::from);
                metrics::gauge!("postfun_job_last_success_timestamp_seconds", "job" => job).set(now_s);
            }
            Ending::Failed(error) => {
                tracing::warn!(job, error = error.chain(), "a job failed; it runs again in its turn");
            }
            Ending::Panicked(error) => {
                tracing::error!(job, %error, "a job panicked; it runs again in its turn");
            }
            Ending::TooLong => tracing::error!(job, "a job took too long and was stopped"),
            Ending::Overtaken => tracing::warn!(job, "a job was stopped, as another process leads it now"),
            Ending::Stopped => tracing::warn!(job, "a job did not finish before the process ended"),
        }
    }

    fn show_lead(&self) {
        metrics::gauge!("postfun_job_is_leader", "job" => self.spec.name).set(if self.is_leader() {
            1.0
        } else {
            0.0
        });
    }

    /// How long until the lease is to be renewed or the job runs.
    fn wait(&self) -> Duration {
        let left_ms = self.next_run_at_ms.saturating_sub(self.app.clock.now_ms());
        let until_run = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        until_run.min(self.spec.lease / 3)
    }

    /// A little longer, never the same.
    fn varied(&self, wait: Duration) -> Duration {
        let part = u32::from_be_bytes(random(self.app.entropy.as_ref()));
        wait + (wait / JITTER_PARTS).mul_f64(f64::from(part) / f64::from(u32::MAX))
    }
}

/// Completes when a run has had its time after the process was asked to end.
async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means that the process ends as well.
    let _ = stop.wait_for(|is_stopping| *is_stopping).await;
    tokio::time::sleep(STOP_PATIENCE).await;
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
