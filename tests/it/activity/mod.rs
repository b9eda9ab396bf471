//! The activity log: lists, who may see and write what, months and what is too old.

mod list;
mod month;
mod plan;
mod write;

use postfun_tests::{Answer, TestApp};
use serde_json::Value;

const PATH: &str = "/api/v1/activity-logs";

/// The entries of a page or of a list.
fn entries(answer: &Answer) -> Vec<Value> {
    let body = answer.json();
    let list = if body["logs"].is_array() { &body["logs"] } else { &body["data"] };
    list.as_array().unwrap().clone()
}

/// Their actions, in order.
fn actions(answer: &Answer) -> Vec<String> {
    entries(answer).iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

/// Writes entries behind the server's back: so many, a second apart from a time on, of a user in a session.
async fn fill(app: &TestApp, user_id: &str, count: u32, from_ms: i64) {
    let insert = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO activity_logs (id, user_id, session_id, action, metadata, ip_address, created_at_ms) \
         SELECT '{}-' || SUBSTR(CAST(1000000000000 + i AS TEXT), 2), '{user_id}', NULL, 'user_login', NULL, NULL, \
         {from_ms} + CAST(i AS BIGINT) * 1000 FROM n",
        uuid::Uuid::from_u64_pair(from_ms.unsigned_abs() << 16, 0).to_string().get(..23).unwrap(),
    );
    app.statement(insert).await;
}
