//! What a job leaves in the measurements.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::sync::watch;

use super::{JobError, JobSpec, Worker};
use crate::app::App;
use crate::clock::ManualClock;
use crate::config::Config;
use crate::id::SeededEntropy;

const EVERY: Duration = Duration::from_secs(10);

/// Succeeds, fails, panics, and succeeds again.
fn moody(run: u32) -> Result<(), JobError> {
    match run {
        1 => Err(JobError::other("the other side does not answer")),
        2 => panic!("a job of the test panics"),
        _ => Ok(()),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn runs_are_counted_by_how_they_ended_and_one_that_fails_runs_again() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_767_225_600_000));
    let config = Config { demo: false, ..Config::for_tests(dir.path()) };
    let app = App::open(config, clock.clone(), Arc::new(SeededEntropy::new(1))).await.unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let run = Arc::new(move |_app, _fence| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { moody(run) }) as futures_util::future::BoxFuture<'static, _>
    });
    let (_sender, stop) = watch::channel(false);
    let spec = JobSpec { name: "moody", every: EVERY, lease: EVERY * 100, run };
    let mut worker = Worker::new(Arc::clone(&app), spec, stop);
    for _run in 0..4 {
        let wait = worker.turn().await;
        assert!((EVERY..=EVERY + EVERY / 10).contains(&wait), "{wait:?}");
        let _not_due = worker.turn().await;
        clock.advance_ms(11_000);
    }
    worker.resign().await;
    app.db.close().await;
    let text = recorder.handle().render();
    for line in [
        "postfun_job_runs_total{job=\"moody\",outcome=\"done\"} 2",
        "postfun_job_runs_total{job=\"moody\",outcome=\"failed\"} 2",
        "postfun_job_duration_seconds_count{job=\"moody\"} 4",
        "postfun_job_last_success_timestamp_seconds{job=\"moody\"} 1767225633",
        "postfun_job_is_leader{job=\"moody\"} 0",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}
