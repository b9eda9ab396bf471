//! Jobs among several processes, and the locks that they are led by.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use postfun_server::jobs::{self, Fence, JobError, JobSpec, Worker};
use postfun_tests::{TestApp, on_both_engines};
use tokio::sync::{Notify, watch};

const EVERY: Duration = Duration::from_secs(10);
const LEASE: Duration = Duration::from_secs(30);
const LEASE_MS: i64 = 30_000;

/// The fences of every run, in order: who ran, and under which number.
#[derive(Debug, Clone, Default)]
struct Runs(Arc<Mutex<Vec<(&'static str, Fence)>>>);

impl Runs {
    fn by(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|(name, _)| *name).collect()
    }

    fn last(&self) -> Fence {
        self.0.lock().unwrap().last().expect("the job has run").1.clone()
    }

    /// A job that only notes its run.
    fn noting(&self, process: &'static str) -> JobSpec {
        let runs = self.clone();
        job(move |fence| {
            runs.0.lock().unwrap().push((process, fence));
            async { Ok(()) }.boxed()
        })
    }
}

fn job(
    run: impl Fn(Fence) -> futures_util::future::BoxFuture<'static, Result<(), JobError>> + Send + Sync + 'static,
) -> JobSpec {
    JobSpec { name: "test", every: EVERY, lease: LEASE, run: Arc::new(move |_app, fence| run(fence)) }
}

/// A worker whose process is never asked to end.
fn worker(app: &TestApp, spec: JobSpec) -> Worker {
    let (sender, stop) = watch::channel(false);
    std::mem::forget(sender);
    Worker::new(Arc::clone(&app.app), spec, stop)
}

/// Writes something under a fence, as a job does.
async fn write_fenced(app: &TestApp, fence: &Fence) -> Result<(), JobError> {
    let mut tx = app.app.db.begin().await?;
    fence.check_in_tx(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

on_both_engines! {
    async fn one_of_two_processes_leads_for_as_long_as_it_lives(app: TestApp) {
        let (runs, beside) = (Runs::default(), app.reconfigured(|_| {}).await);
        let (mut one, mut two) = (worker(&app, runs.noting("one")), worker(&beside, runs.noting("two")));
        for _round in 0..8 {
            one.turn().await;
            two.turn().await;
            app.clock.advance_ms(LEASE_MS / 2);
        }
        assert_eq!(runs.by(), ["one"; 8]);
        assert!(one.is_leader() && !two.is_leader());
        beside.app.db.close().await;
    }

    async fn when_the_leader_dies_the_other_follows_after_its_lease_and_not_before(app: TestApp) {
        let (runs, beside) = (Runs::default(), app.reconfigured(|_| {}).await);
        let (mut one, mut two) = (worker(&app, runs.noting("one")), worker(&beside, runs.noting("two")));
        one.turn().await;
        drop(one);
        app.clock.advance_ms(LEASE_MS - 1);
        two.turn().await;
        assert_eq!(runs.by(), ["one"]);
        app.clock.advance_ms(1);
        two.turn().await;
        assert_eq!(runs.by(), ["one", "two"]);
        beside.app.db.close().await;
    }

    async fn leader_that_slept_through_its_lease_writes_nothing_more(app: TestApp) {
        let (runs, beside) = (Runs::default(), app.reconfigured(|_| {}).await);
        let (mut one, mut two) = (worker(&app, runs.noting("one")), worker(&beside, runs.noting("two")));
        one.turn().await;
        let stale = runs.last();
        write_fenced(&app, &stale).await.expect("the leader may write");
        app.clock.advance_ms(LEASE_MS + 1);
        write_fenced(&app, &stale).await.expect("nobody has taken over yet");
        two.turn().await;
        let fresh = runs.last();
        assert!(fresh.number() > stale.number());
        assert!(matches!(write_fenced(&app, &stale).await, Err(JobError::Overtaken)));
        write_fenced(&app, &fresh).await.expect("the new leader may write");
        one.turn().await;
        assert!(!one.is_leader() && two.is_leader());
        assert_eq!(runs.by(), ["one", "two"], "the old leader notices before it runs");
        beside.app.db.close().await;
    }

    async fn fenced_write_holds_a_takeover_off_until_it_is_committed(app: TestApp) {
        let beside = app.reconfigured(|_| {}).await;
        let held = app.app.locks.try_take("lock", "one", LEASE).await.unwrap().expect("it is free");
        app.clock.advance_ms(LEASE_MS);
        let mut tx = app.app.db.begin().await.unwrap();
        held.fence().check_in_tx(&mut tx).await.expect("nobody has taken it yet");
        let locks = beside.app.locks.clone();
        let takeover = tokio::spawn(async move { locks.try_take("lock", "two", LEASE).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!takeover.is_finished(), "the takeover waits for the transaction");
        tx.commit().await.unwrap();
        let taken = takeover.await.unwrap().unwrap().expect("it has expired");
        assert!(taken.fence().number() > held.fence().number());
        beside.app.db.close().await;
    }

    async fn stop_in_good_order_lets_the_other_lead_at_once(app: TestApp) {
        let (runs, beside) = (Runs::default(), app.reconfigured(|_| {}).await);
        let mut two = worker(&beside, runs.noting("two"));
        let ran = Arc::new(Notify::new());
        let (told, noting) = (Arc::clone(&ran), runs.noting("one"));
        let spec = job(move |fence| {
            let run = (noting.run)(Arc::clone(&app.app), fence);
            let told = Arc::clone(&told);
            async move {
                run.await?;
                told.notify_one();
                Ok(())
            }
            .boxed()
        });
        let process = jobs::start_these(&beside.app, vec![spec]);
        ran.notified().await;
        two.turn().await;
        assert_eq!(runs.by(), ["one"]);
        process.stop().await;
        two.turn().await;
        assert_eq!(runs.by(), ["one", "two"]);
        beside.app.db.close().await;
    }

    async fn run_under_way_may_finish_and_one_without_end_is_dropped(app: TestApp) {
        let began = Arc::new(Notify::new());
        let finished = Arc::new(Mutex::new(Vec::new()));
        let slow = |name: &'static str, takes: Duration| {
            let (began, finished) = (Arc::clone(&began), Arc::clone(&finished));
            let spec = job(move |_fence| {
                let (began, finished) = (Arc::clone(&began), Arc::clone(&finished));
                async move {
                    began.notify_one();
                    tokio::time::sleep(takes).await;
                    finished.lock().unwrap().push(name);
                    Ok(())
                }
                .boxed()
            });
            JobSpec { name, ..spec }
        };
        let process = jobs::start_these(
            &app.app,
            vec![slow("short", Duration::from_millis(500)), slow("endless", Duration::from_hours(1))],
        );
        began.notified().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        tokio::time::timeout(Duration::from_mins(1), process.stop()).await.expect("the process ends");
        assert_eq!(*finished.lock().unwrap(), ["short"]);
        for key in ["job:short", "job:endless"] {
            let free = app.app.locks.try_take(key, "other", LEASE).await.unwrap();
            assert!(free.is_some(), "{key} was given back");
        }
    }

    async fn run_is_dropped_when_another_process_leads(app: TestApp) {
        let (runs, beside) = (Runs::default(), app.reconfigured(|_| {}).await);
        let began = Arc::new(Notify::new());
        let told = Arc::clone(&began);
        let endless = job(move |_fence| {
            let told = Arc::clone(&told);
            async move {
                told.notify_one();
                std::future::pending().await
            }
            .boxed()
        });
        // A real third of a lease passes until the leader looks.
        let lease = Duration::from_millis(300);
        let mut one = worker(&app, JobSpec { lease, ..endless });
        let run = tokio::spawn(async move {
            one.turn().await;
            one.is_leader()
        });
        began.notified().await;
        app.clock.advance_ms(301);
        let mut two = worker(&beside, runs.noting("two"));
        while !two.is_leader() {
            // Whoever renews first has it; a leader that is alive puts its expiry off.
            app.clock.advance_ms(301);
            two.turn().await;
        }
        assert!(!run.await.unwrap(), "the run was dropped and the lead with it");
        assert_eq!(runs.by(), ["two"]);
        beside.app.db.close().await;
    }

    async fn of_many_takers_one_gets_a_lock(app: TestApp) {
        for round in 0..4 {
            let key = format!("lock {round}");
            let takers = (0..20).map(|taker| {
                let (locks, key) = (app.app.locks.clone(), key.clone());
                tokio::spawn(async move { locks.try_take(&key, &format!("taker {taker}"), LEASE).await })
            });
            let held: Vec<_> = join_all(takers).await.into_iter().filter_map(|taken| taken.unwrap().unwrap()).collect();
            assert_eq!(held.len(), 1, "{held:?}");
        }
    }

    async fn lock_that_was_given_back_or_swept_is_no_longer_held(app: TestApp) {
        let locks = &app.app.locks;
        let mut first = locks.try_take("lock", "one", LEASE).await.unwrap().expect("it is free");
        assert!(locks.try_take("lock", "one", LEASE).await.unwrap().is_none(), "not twice by one owner either");
        assert!(locks.renew(&mut first, LEASE * 2).await.unwrap());
        app.clock.advance_ms(LEASE_MS * 2);
        app.run_job("sweep-locks").await;
        assert_eq!(app.count_rows("distributed_locks WHERE lock_key = 'lock'").await, 0);
        assert!(!locks.renew(&mut first, LEASE).await.unwrap(), "it was swept");
        let second = locks.try_take("lock", "two", LEASE).await.unwrap().expect("it is free");
        assert!(second.fence().number() > first.fence().number(), "numbers never begin anew");
        assert!(!locks.release(first).await.unwrap(), "a lock of somebody else stays");
        assert!(locks.try_take("lock", "three", LEASE).await.unwrap().is_none());
        assert!(locks.release(second).await.unwrap());
        assert!(locks.try_take("lock", "three", LEASE).await.unwrap().is_some());
    }

    async fn name_is_held_by_one_transaction_at_a_time(app: TestApp) {
        let beside = app.reconfigured(|_| {}).await;
        let mut first = app.app.db.begin().await.unwrap();
        first.lock_name("somebody").await.unwrap();
        let db = beside.app.db.clone();
        let second = tokio::spawn(async move {
            let mut tx = db.begin().await.unwrap();
            tx.lock_name("somebody").await.unwrap();
            tx.commit().await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!second.is_finished());
        first.commit().await.unwrap();
        second.await.unwrap();
        beside.app.db.close().await;
    }

    async fn every_job_of_the_server_runs(app: TestApp) {
        let specs = postfun_server::app::App::jobs();
        let mut names: Vec<_> = specs.iter().map(|spec| spec.name).collect();
        for spec in specs {
            assert!(spec.lease >= Duration::from_secs(1) && !spec.every.is_zero(), "{spec:?}");
            app.run_job(spec.name).await;
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), postfun_server::app::App::jobs().len(), "a name leads one job");
    }
}
