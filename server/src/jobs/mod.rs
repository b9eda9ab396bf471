//! Work that nobody asks for: sweeps, pollers, whatever has its time. One process leads each job.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`JobSpec`], [`start`] and [`Jobs::stop`] |
//! | `worker` | one job in one process: taking the lead, keeping it, running |
//! | `lock` | named locks with owner, expiry and fencing number; a job's lead is one of them |
//! | `sweep` | the jobs that delete what has grown old |
//! | `repo` | the statements |
//!
//! | A process | Becomes | By |
//! |---|---|---|
//! | waits | leader | the lock `job:NAME` being free or expired when it looks |
//! | leader | leader | renewing the lock at a third of its lease, also while the job runs |
//! | leader | waiting | the lock having another holder, or no database until it expired; a run under way is dropped |
//! | leader | gone | a stop: the run may finish for five seconds, then the lock is given back |
//!
//! A leader that dies, or sleeps, is followed by another process once its lease is over. A job must therefore bear
//! being dropped between any two of its steps, and checks its [`Fence`] in every transaction that must not come late.

mod lock;
pub(crate) mod repo;
mod sweep;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
pub use lock::{Fence, Held, Locks};
use tokio::sync::watch;
use tokio::task::JoinSet;
pub use worker::Worker;

use crate::app::App;
use crate::db::DbError;

/// How long all jobs together may take to end: a run's own patience and the giving back of its lock.
const STOP_MAX: Duration = Duration::from_secs(8);

/// What a job does in one run.
pub type Run = Arc<dyn Fn(Arc<App>, Fence) -> BoxFuture<'static, Result<(), JobError>> + Send + Sync>;

/// A job.
#[derive(Clone)]
pub struct JobSpec {
    /// Its name in the lock table, in measurements and in the log.
    pub name: &'static str,
    /// From the end of a run to the next; up to a tenth more.
    pub every: Duration,
    /// After this much silence of its leader another process takes over.
    pub lease: Duration,
    /// What it does.
    pub run: Run,
}

impl std::fmt::Debug for JobSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Somebody else has taken the job's lock.
    #[error("somebody else has taken the lock")]
    Overtaken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Something else did.
    #[error("the job failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl JobError {
    /// Makes the error of a run from that of a domain.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// Writes the error and its causes in one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        crate::db::error_chain(self)
    }
}

/// The jobs of a process, at work.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    workers: JoinSet<()>,
}

/// Starts every job of the server.
#[must_use]
pub fn start(app: &Arc<App>) -> Jobs {
    start_these(app, App::jobs())
}

/// Starts some jobs.
#[must_use]
pub fn start_these(app: &Arc<App>, specs: Vec<JobSpec>) -> Jobs {
    let (stop, receiver) = watch::channel(false);
    let mut workers = JoinSet::new();
    for spec in specs {
        workers.spawn(Worker::new(Arc::clone(app), spec, receiver.clone()).work());
    }
    Jobs { stop, workers }
}

/// The jobs that delete what has grown old.
pub(crate) fn sweeps() -> Vec<JobSpec> {
    sweep::all()
}

impl Jobs {
    /// Asks the jobs to end, without waiting for them.
    pub fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Asks the jobs to end and waits until they have; whatever takes too long is dropped.
    pub async fn stop(mut self) {
        self.ask_to_stop();
        let all = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_MAX, all).await.is_err() {
            tracing::warn!("some jobs did not end in time and are cut");
        }
        self.workers.shutdown().await;
    }
}
