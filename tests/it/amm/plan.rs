//! The statements that every swap, list and stream runs find their rows by an index, however many there are.

use std::time::Duration;

use postfun_core::amm::Side;
use postfun_core::amount::Units;
use postfun_server::amm::{SwapAmount, SwapCommand, SwapLimits};
use postfun_server::http::idempotency::StoredAnswer;
use postfun_tests::engine::{Engine, tell};
use postfun_tests::{Client, TestApp};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use uuid::Uuid;

/// Users with a gift each, as the ledger would have written it.
const FILL: [&str; 6] = [
    "INSERT INTO users SELECT gen_random_uuid()::text, 1000000 + i, 'user', 'active', NULL, 1, 0, 0
     FROM generate_series(1, 20000) AS i",
    "INSERT INTO accounts SELECT 1000000 + number, 'user', id, 'main', 1, 1000000, 0, 0, FALSE, 0
     FROM users WHERE number > 1000000",
    "INSERT INTO postings SELECT id, 'fill:' || id, '', 'starter_grant', 'user', id, 'system', 'postfun', 0
     FROM users WHERE number > 1000000",
    "INSERT INTO entries SELECT owner_id, 0, id, 1, 1000000 FROM accounts WHERE id > 1000000",
    "INSERT INTO entries SELECT filled.owner_id, 1, issuance.id, 1, -1000000 FROM accounts AS filled
     JOIN accounts AS issuance ON issuance.purpose = 'issuance' AND issuance.asset_id = 1 WHERE filled.id > 1000000",
    "UPDATE accounts SET available = available - 20000::bigint * 1000000 WHERE purpose = 'issuance' AND asset_id = 1",
];

/// Tables that grow with users and trades.
const LARGE: [&str; 6] = ["users", "accounts", "postings", "entries", "trades", "pool_events"];

fn swap_of(user_id: Uuid) -> SwapCommand {
    SwapCommand {
        user_id,
        user_number: 1,
        side: Side::AtoB,
        amount: SwapAmount::ExactIn(Units::new(100_000).unwrap()),
        limits: SwapLimits::default(),
        claim: None,
        render: |_receipt| Ok(StoredAnswer { status: axum::http::StatusCode::CREATED, body: "{}".into() }),
    }
}

/// Fills the database with 20,000 users and 4,096 trades.
async fn fill(app: &TestApp, observer: &mut PgConnection) {
    for statement in FILL {
        observer.execute(statement).await.unwrap();
    }
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM users WHERE number BETWEEN 1000001 AND 1000256")
            .fetch_all(&mut *observer)
            .await
            .unwrap();
    let commands: Vec<SwapCommand> = ids.iter().map(|id| swap_of(id.parse().unwrap())).collect();
    for _batch in 0..10 {
        let answers = app.app.pools.execute_batch(1, &commands).await;
        assert!(answers.iter().all(Result::is_ok));
    }
    observer.execute("ANALYZE").await.unwrap();
}

/// What people do all day.
async fn use_everything(client: &Client) {
    for turn in 0..12 {
        let body = r#"{"pool_id":1,"side":"AtoB","amount_in":0.01}"#;
        let _swapped = client.post_once(&turn.to_string(), "/api/amm/swap", body.to_owned()).await.ok(201);
    }
    for path in [
        "/api/amm/balances",
        "/api/amm/pools/1",
        "/api/amm/pools/1/trades?limit=50",
        "/api/amm/pools/1/trades?limit=50&before_seq=2000",
        "/api/amm/pools/1/burns",
    ] {
        let _answer = client.get(path).await.ok(200);
    }
}

/// How often each large table was read from end to end, once the counters hold everything. Entries are only written.
async fn scans(observer: &mut PgConnection) -> Vec<(String, i64)> {
    let counted =
        "SELECT CAST(relname AS TEXT), seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = ANY($1)";
    let names: Vec<String> = LARGE.map(str::to_owned).to_vec();
    let all = async {
        loop {
            let rows: Vec<(String, i64, i64)> =
                sqlx::query_as(counted).bind(&names).fetch_all(&mut *observer).await.unwrap();
            let used = rows.iter().filter(|(table, _, used)| *used > 0 || table == "entries").count();
            if used == LARGE.len() {
                return rows.into_iter().map(|(table, scans, _)| (table, scans)).collect();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.expect("every large table was used by an index")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_large_table_is_read_from_end_to_end_on_postgres() {
    tell(Engine::Postgres, |app| async move {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let _pool = admin.seed_pool().await;
        admin.airdrop(&user, "gBTC", "10").await;
        let mut observer = PgConnection::connect(&app.database_url()).await.unwrap();
        fill(&app, &mut observer).await;
        observer.execute("SELECT pg_stat_reset()").await.unwrap();
        let fresh = Box::pin(app.reconfigured(|_| {})).await;
        use_everything(&fresh.stranger().with_token(&user.token)).await;
        assert_eq!(fresh.app.pools.events(1, 1_000, 10).await.unwrap().len(), 10);
        // A connection that ends hands its counters in.
        fresh.app.db.close().await;
        for (table, scans) in scans(&mut observer).await {
            assert_eq!(scans, 0, "{table} was read from end to end");
        }
        // The counters do tell: this one reads a whole table.
        observer.execute("SELECT COUNT(amount_in + fee) FROM trades").await.unwrap();
        observer.execute("SELECT pg_stat_force_next_flush()").await.unwrap();
        let told = self::scans(&mut observer).await;
        assert!(told.iter().any(|(table, scans)| table == "trades" && *scans > 0), "{told:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_statements_search_by_an_index_on_sqlite() {
    const HOT: [&str; 9] = [
        "amm::FIND_POOL",
        "amm::LIST_TRADES",
        "amm::LIST_TRADES_AFTER",
        "amm::LIST_EVENTS",
        "amm::LIST_BURNS",
        "ledger::LIST_USER_ACCOUNTS",
        "session::FIND_SESSION",
        "session::caller::FIND_CALLER",
        "events::LIST_EVENTS_AFTER",
    ];
    tell(Engine::Sqlite, |app| async move {
        let mut connection = SqliteConnection::connect(&app.database_url()).await.unwrap();
        let statements = postfun_server::statements();
        for name in HOT {
            let (_, text) = statements.iter().find(|(place, _)| place == name).expect(name);
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(explain).fetch_all(&mut connection).await.unwrap();
            assert!(!plan.is_empty(), "{name}");
            for (.., step) in plan {
                assert!(!step.starts_with("SCAN") && !step.contains("TEMP B-TREE"), "{name}: {step}");
            }
        }
    })
    .await;
}
