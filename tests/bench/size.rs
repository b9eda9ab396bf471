//! The slowest hundredth of swaps with 10^6 trades and 10^5 users, against the same swaps in a database that is nearly empty.

use std::sync::Arc;
use std::time::Duration;

use postfun_server::app::App;
use postfun_server::config::DatabaseUrl;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::figures::{Load, median, of_rounds, round};
use crate::rig::{self, Way};
use crate::server::tempdir;

const USERS: usize = 100_000;
const TRADES: usize = 1_000_000;
/// Swaps that one transaction fills in.
const BATCH: usize = 256;
/// How many clients swap at the same time.
const CLIENTS: usize = 8;
/// Rounds of each; odd, so that one is the median.
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(3);

/// Users with tokens, as if each had been given them: their accounts, the postings and their entries.
const FILL: [&str; 8] = [
    "INSERT INTO users SELECT gen_random_uuid()::text, 1000000 + i, 'user', 'active', NULL, 1, 0, 0
     FROM generate_series(1, $1) AS i",
    "CREATE TABLE filled AS SELECT ROW_NUMBER() OVER () AS i, id FROM users WHERE number > 1000000",
    "INSERT INTO accounts SELECT 1000000 + 2 * i + a, 'user', id, 'main', a, $2, 0, 0, FALSE, 0
     FROM filled, (VALUES (1), (2)) AS of (a)",
    "INSERT INTO accounts SELECT 1000000 + a, 'system', 'postfun', 'issuance', a, 0, 0, 0, TRUE, 0
     FROM (VALUES (1), (2)) AS of (a) ON CONFLICT (owner_kind, owner_id, purpose, asset_id) DO NOTHING",
    "INSERT INTO postings SELECT id || ':' || a, 'bench:' || id || ':' || a, REPEAT('0', 64), 'starter_grant', 'user', id,
     'system', 'postfun', 0 FROM filled, (VALUES (1), (2)) AS of (a)",
    "INSERT INTO entries SELECT id || ':' || a, 0, 1000000 + 2 * i + a, a, $2 FROM filled, (VALUES (1), (2)) AS of (a)",
    "INSERT INTO entries SELECT filled.id || ':' || a, 1, accounts.id, a, -$2 FROM filled, (VALUES (1), (2)) AS of (a)
     JOIN accounts ON purpose = 'issuance' AND asset_id = a",
    "UPDATE accounts SET available = available - $1 * $2 WHERE purpose = 'issuance' AND asset_id IN (1, 2)",
];
/// What each of them gets, in base units of either token.
const GIVEN: u64 = 100_000_000_000;

pub(crate) async fn measure() -> Value {
    let cluster = rig::cluster().await;
    let (small_url, large_url) =
        (rig::database(&cluster, "small").await, rig::database(&cluster, "large").await);
    let (small_dir, large_dir) = (tempdir(), tempdir());
    let small = rig::engine(&small_dir, DatabaseUrl::Postgres(small_url)).await;
    let large = rig::engine(&large_dir, DatabaseUrl::Postgres(large_url.clone())).await;
    let few: Vec<Uuid> = rig::traders(&small, CLIENTS).await.iter().map(|trader| trader.id).collect();
    let many = fill(&large, &large_url).await;
    let (mut in_small, mut in_large) = (Vec::new(), Vec::new());
    for number in 0..=ROUNDS {
        in_small.push(rig::swap_for(&small, &few, Way::Queue, ROUND).await);
        // Other users in each round, whom nothing remembers yet.
        let some: Vec<Uuid> =
            many.iter().skip(number * CLIENTS).step_by(USERS / CLIENTS / 2).copied().take(CLIENTS).collect();
        in_large.push(rig::swap_for(&large, &some, Way::Queue, ROUND).await);
    }
    // The first round only warms up.
    let (in_small, in_large) = (&in_small[1..], &in_large[1..]);
    let p99 = |rounds: &[Load]| median(rounds, |load| load.latency_ms(0.99));
    let ratio = round(p99(in_large) / p99(in_small), 2);
    let report = postfun_server::audit::run(&large.db).await.expect("the audit runs");
    assert!(report.is_clean(), "the books are exact: {report}");
    small.db.close().await;
    large.db.close().await;
    json!({
        "users": USERS, "trades": TRADES, "clients": CLIENTS, "p99_ratio": ratio,
        "large": of_rounds(in_large), "empty": of_rounds(in_small),
    })
}

/// Makes the users at one blow, and the trades by the engine itself, whole batches at a time.
async fn fill(app: &Arc<App>, url: &str) -> Vec<Uuid> {
    let mut connection = PgConnection::connect(url).await.expect("the cluster is up");
    for statement in FILL {
        let text = statement.replace("$1", &USERS.to_string()).replace("$2", &GIVEN.to_string());
        connection.execute(AssertSqlSafe(text)).await.expect("users can be filled in");
    }
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM filled").fetch_all(&mut connection).await.expect("they are there");
    let users: Vec<Uuid> = ids.iter().map(|id| id.parse().expect("an id is a UUID")).collect();
    connection.execute("VACUUM (ANALYZE)").await.expect("the tables can be analysed");
    for batch in 0..TRADES.div_ceil(BATCH) {
        // Steps through all users in an order that is none of the tables'.
        let commands: Vec<_> = (batch * BATCH..(batch + 1) * BATCH)
            .map(|turn| rig::swap(users[turn * 7_919 % USERS], turn))
            .collect();
        let answers = app.pools.execute_batch(rig::POOL, &commands).await;
        assert!(answers.iter().all(Result::is_ok), "every swap that fills can be carried out");
    }
    connection.execute("VACUUM (ANALYZE)").await.expect("the tables can be analysed");
    connection.execute("CHECKPOINT").await.expect("the cluster's owner may");
    users
}
