//! The connection that a pool's worker keeps on PostgreSQL: lost, counted, and given up.

use std::time::Duration;

use postfun_server::db::Lane;
use postfun_tests::engine::{Engine, tell};
use postfun_tests::{TestApp, User};
use sqlx::{Connection, PgConnection};

async fn trader(app: &TestApp) -> User {
    let (admin, user) = (app.admin().await, app.user(1).await);
    let _pool = admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "10").await;
    user
}

async fn swap(user: &User) {
    let body = r#"{"pool_id":1,"side":"AtoB","amount_in":0.01}"#;
    let _swapped = user.post("/api/amm/swap", body).await.ok(201);
}

/// Runs a transaction that changes nothing.
async fn use_once(lane: &Lane) {
    lane.begin().await.unwrap().commit().await.unwrap();
}

struct Observer(PgConnection);

impl Observer {
    async fn of(app: &TestApp) -> Self {
        Self(PgConnection::connect(&app.database_url()).await.unwrap())
    }

    /// Counts the connections that workers keep.
    async fn kept(&mut self) -> i64 {
        let count = "SELECT COUNT(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND application_name = 'postfun worker'";
        sqlx::query_scalar(count).fetch_one(&mut self.0).await.unwrap()
    }

    async fn terminate_all(&mut self) {
        let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE datname = current_database() AND application_name LIKE 'postfun%'";
        sqlx::query(terminate).execute(&mut self.0).await.unwrap();
    }

    async fn wait_until_none_is_kept(&mut self) {
        let reached = async {
            while self.kept().await > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reached).await.expect("the connection is given up");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_connection_was_lost_takes_another() {
    tell(Engine::Postgres, |app| async move {
        let user = trader(&app).await;
        for _round in 0..3 {
            for _swap in 0..6 {
                swap(&user).await;
            }
            Observer::of(&app).await.terminate_all().await;
        }
        swap(&user).await;
        assert_eq!(app.replay(1).await.swaps(), 19);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begun_transaction_whose_connection_was_lost_is_begun_again() {
    tell(Engine::Postgres, |app| async move {
        let user = trader(&app).await;
        for _swap in 0..6 {
            swap(&user).await;
        }
        // What the worker remembers is outdated, so it reads and locks for a while, in transactions begun by commits.
        app.admin().await.airdrop(&user, "gBTC", "1").await;
        for _round in 0..3 {
            swap(&user).await;
            Observer::of(&app).await.terminate_all().await;
            for _swap in 0..4 {
                swap(&user).await;
            }
        }
        assert_eq!(app.replay(1).await.swaps(), 21);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_workers_keep_no_more_connections_than_there_are_places() {
    tell(Engine::Postgres, |app| async move {
        // Four connections: three of the pool and one that can be kept.
        let app = app.reconfigured(|config| config.pool.connections_max = 4).await;
        let mut observer = Observer::of(&app).await;
        let lanes = [app.app.db.lane(), app.app.db.lane(), app.app.db.lane()];
        for lane in &lanes {
            for _transaction in 0..8 {
                use_once(lane).await;
            }
        }
        assert_eq!(observer.kept().await, 1, "the others use the pool's");
        let [first, second, third] = &lanes;
        let (a, b, c) =
            (first.begin().await.unwrap(), second.begin().await.unwrap(), third.begin().await.unwrap());
        for tx in [a, b, c] {
            tx.rollback().await.unwrap();
        }
        first.rest().await;
        second.rest().await;
        observer.wait_until_none_is_kept().await;
        use_once(second).await;
        assert_eq!(observer.kept().await, 0, "a worker that has just rested is not busy");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_dropped_holds_nothing() {
    tell(Engine::Postgres, |app| async move {
        let user = trader(&app).await;
        let lane = app.app.db.lane();
        for _transaction in 0..8 {
            use_once(&lane).await;
        }
        drop(lane.begin().await.unwrap());
        use_once(&lane).await;
        swap(&user).await;
    })
    .await;
}
