//! Durable swaps of one pool on SQLite (WAL, `synchronous=FULL`) against the same swaps with a commit each.

use std::time::Duration;

use postfun_server::config::DatabaseUrl;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::figures::{middle, of_rounds, round};
use crate::rig::{self, Way};
use crate::server::tempdir;

/// How many clients swap at the same time.
const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);

pub(crate) async fn measure() -> Value {
    let dir = tempdir();
    let app = rig::engine(&dir, DatabaseUrl::Sqlite(dir.join("postfun.db"))).await;
    let traders: Vec<Uuid> = rig::traders(&app, CLIENTS).await.iter().map(|trader| trader.id).collect();
    let (mut queued, mut single) = (Vec::new(), Vec::new());
    for _round in 0..=ROUNDS {
        queued.push(rig::swap_for(&app, &traders, Way::Queue, ROUND).await);
        single.push(rig::swap_for(&app, &traders, Way::OneByOne, ROUND).await);
    }
    // The first round only warms up.
    let (queued, single) = (&queued[1..], &single[1..]);
    let ratios = queued.iter().zip(single).map(|(ours, theirs)| ours.per_second() / theirs.per_second());
    let ratio = round(middle(ratios.collect()), 2);
    app.db.close().await;
    json!({ "clients": CLIENTS, "ratio": ratio, "queue": of_rounds(queued), "one_by_one": of_rounds(single) })
}
