//! The lists of the activity log find their rows by an index, in order, however many there are.

use postfun_tests::engine::{Engine, tell};
use postfun_tests::{TestApp, app::START_MS};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

/// Four months of a thousand users with forty thousand entries in each; half of them in sessions.
const FILL: &str = "
INSERT INTO activity_logs
SELECT gen_random_uuid()::text, 'user ' || i % 1000, CASE WHEN i % 2 = 0 THEN 'session ' || i % 20000 END,
    (ARRAY['user_login', 'session_created', 'settings_updated'])[1 + i % 3], NULL, NULL, $1 + i * 60000::bigint
FROM generate_series(1, 160000) AS i";

/// The parts in which they are.
const FULL: [&str; 4] = ["_2026_01", "_2026_02", "_2026_03", "_2026_04"];

/// Statements that must be quick, each with what to ask.
const HOT: [(&str, &str); 6] = [
    ("activity::LIST_OF_USER", "'user 7', '', 0, 9223372036854775807, '', 50, 0"),
    ("activity::COUNT_OF_USER", "'user 7', '', 0, 9223372036854775807, '', 10001"),
    ("activity::LIST_OF_SESSION", "'', 'session 8', 0, 9223372036854775807, '', 50, 0"),
    ("activity::COUNT_OF_SESSION", "'', 'session 8', 0, 9223372036854775807, '', 10001"),
    ("activity::LIST_OF_ALL", "'', '', 0, 9223372036854775807, '', 50, 100"),
    ("activity::FIND_NTH_TIME", "'user 7', 0, 10"),
];

fn statement(name: &str) -> &'static str {
    postfun_server::statements()
        .into_iter()
        .find(|(place, _)| place == name)
        .expect("there is such a statement")
        .1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_run_along_an_index_of_every_partition_on_postgres() {
    tell(Engine::Postgres, |app: TestApp| async move {
        let mut observer = PgConnection::connect(&app.database_url()).await.unwrap();
        sqlx::query(FILL).bind(START_MS).execute(&mut observer).await.unwrap();
        app.clock.advance_ms(160_000 * 60_000);
        app.run_job("activity-months").await;
        observer.execute("ANALYZE").await.unwrap();
        for (name, arguments) in HOT {
            observer.execute(AssertSqlSafe(format!("PREPARE hot AS {}", statement(name)))).await.unwrap();
            // As it is planned for these arguments, and as it is planned once for all.
            for mode in ["force_custom_plan", "force_generic_plan"] {
                observer.execute(AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).await.unwrap();
                let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE hot({arguments})"));
                let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut observer).await.unwrap();
                let plan = plan.join("\n");
                assert!(
                    plan.contains("activity_logs_2026_01") && plan.contains("Index"),
                    "{name}, {mode}:\n{plan}"
                );
                // The months that have not begun are empty.
                let full = |line: &&str| FULL.iter().any(|part| line.contains(part));
                let scans: Vec<_> =
                    plan.lines().filter(full).filter(|line| line.contains("Seq Scan")).collect();
                assert!(scans.is_empty(), "{name}, {mode}:\n{plan}");
                // Nothing is sorted but the heads of the months, which come in order; of a short session a few rows may be.
                let is_short = name.contains("COUNT") || name.contains("SESSION");
                assert!(is_short || plan.contains("Merge Append"), "{name}, {mode}:\n{plan}");
            }
            observer.execute("DEALLOCATE hot").await.unwrap();
        }
        // Which months are asked for decides which are looked at.
        let january = format!("'', '', 0, {}, '', 50, 0", START_MS + 1_000_000);
        observer
            .execute(AssertSqlSafe(format!("PREPARE hot AS {}", statement("activity::LIST_OF_ALL"))))
            .await
            .unwrap();
        observer.execute("SET plan_cache_mode = force_custom_plan").await.unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE hot({january})"));
        let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut observer).await.unwrap();
        assert!(!plan.join("\n").contains("activity_logs_2026_02"), "{}", plan.join("\n"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_search_by_an_index_on_sqlite() {
    tell(Engine::Sqlite, |app: TestApp| async move {
        let mut connection = SqliteConnection::connect(&app.database_url()).await.unwrap();
        let lists = HOT.iter().map(|(name, _)| *name).filter(|name| !name.contains("COUNT"));
        for name in lists.chain(["activity::DELETE_OLD"]) {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement(name)));
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(explain).fetch_all(&mut connection).await.unwrap();
            assert!(plan.iter().any(|(.., step)| step.contains("INDEX")), "{name}: {plan:?}");
            for (.., step) in plan {
                assert!(!step.starts_with("SCAN") && !step.contains("TEMP B-TREE"), "{name}: {step}");
            }
        }
    })
    .await;
}
