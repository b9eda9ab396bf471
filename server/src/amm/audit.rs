//! Replays every pool from its first event and compares it with its row, its accounts and its trades.

use postfun_core::amm::{Replay, ReplayError};
use sqlx::FromRow;

use super::{PoolRecord, StoredEvent, repo};
use crate::audit::{Finding, Report};
use crate::db::{DbError, Tx, on_backend, statements};
use crate::ledger;

/// Events that are read at once.
const PAGE: i64 = 10_000;

statements! {
    POOL_ACCOUNTS = "
SELECT purpose, asset_id, available, held
FROM accounts
WHERE owner_kind = 'pool' AND owner_id = $1";
    WRONG_TRADES = "
SELECT
    (SELECT COUNT(*) FROM trades WHERE trades.pool_id = pools.id) AS trades,
    (SELECT COUNT(*) FROM trades JOIN pool_events AS e ON e.pool_id = trades.pool_id AND e.seq = trades.seq AND e.hash = trades.hash
     WHERE trades.pool_id = pools.id) AS matching,
    (SELECT COUNT(*) FROM trades JOIN postings ON postings.reference_id = trades.id AND postings.kind = 'swap'
     WHERE trades.pool_id = pools.id) AS posted,
    (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM burns WHERE burns.pool_id = pools.id) AS burned
FROM pools
WHERE pools.id = $1";
}

#[derive(Debug, FromRow)]
struct AccountRow {
    purpose: String,
    asset_id: i64,
    available: i64,
    held: i64,
}

#[derive(Debug, FromRow)]
struct TradeCounts {
    trades: i64,
    matching: i64,
    posted: i64,
    burned: i64,
}

/// Audits every pool.
pub(crate) async fn run(tx: &mut Tx, report: &mut Report) -> Result<(), DbError> {
    let assets = ledger::repo::list_assets(tx).await?;
    for row in repo::list_pools(tx).await? {
        let record = row.into_record(&assets)?;
        report.pools += 1;
        match replay(tx, &record, report).await? {
            Ok(replay) => compare(tx, &record, &replay, report).await?,
            Err(error) => report.findings.push(Finding {
                what: "pool's history is wrong",
                subject: format!("pool {} at event {}", record.id, error.seq()),
                found: error.to_string(),
                expected: "an honest history".to_owned(),
            }),
        }
    }
    Ok(())
}

async fn replay(
    tx: &mut Tx,
    record: &PoolRecord,
    report: &mut Report,
) -> Result<Result<Replay, ReplayError>, DbError> {
    let mut replay: Option<Replay> = None;
    loop {
        let after = replay.as_ref().map_or(0, |replay| i64::try_from(replay.seq()).unwrap_or(i64::MAX));
        let events = repo::list_events(tx, record.id, after, PAGE).await?;
        if events.is_empty() {
            return Ok(replay.ok_or(ReplayError::Empty));
        }
        for event in &events {
            report.pool_events += 1;
            if let Err(error) = step(&mut replay, event) {
                return Ok(Err(error));
            }
        }
    }
}

fn step(replay: &mut Option<Replay>, event: &StoredEvent) -> Result<(), ReplayError> {
    if let Some(replay) = replay {
        return replay.apply(&event.bytes, &event.hash);
    }
    *replay = Some(Replay::start(&event.bytes, &event.hash)?);
    Ok(())
}

async fn compare(
    tx: &mut Tx,
    record: &PoolRecord,
    replay: &Replay,
    report: &mut Report,
) -> Result<(), DbError> {
    let mut differ = |what: &'static str, found: String, expected: String| {
        if found != expected {
            report.findings.push(Finding { what, subject: format!("pool {}", record.id), found, expected });
        }
    };
    differ("pool differs from its events", format!("{:?}", record.pool), format!("{:?}", replay.pool()));
    differ("pool's number differs", record.id.to_string(), replay.created().pool_id.to_string());
    differ("pool's sequence differs", record.seq.to_string(), replay.seq().to_string());
    differ("pool's head differs", format!("{:?}", record.head), format!("{:?}", replay.head()));
    let accounts: Vec<AccountRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, AccountRow>(POOL_ACCOUNTS)
        .bind(record.id.to_string())
        .fetch_all(c)
        .await)?;
    for (name, purpose, asset, expected) in expected_accounts(record, replay) {
        let found: i64 = accounts
            .iter()
            .filter(|row| row.purpose == purpose && row.asset_id == asset)
            .map(|row| row.available.saturating_add(row.held))
            .sum();
        differ(name, found.to_string(), expected.to_string());
    }
    let counts: TradeCounts = on_backend!(tx, |c, DB| sqlx::query_as::<DB, TradeCounts>(WRONG_TRADES)
        .bind(record.id)
        .fetch_one(c)
        .await)?;
    let swaps = replay.swaps().to_string();
    differ("pool's trades differ from its swaps", counts.trades.to_string(), swaps.clone());
    differ("pool's trades do not match their events", counts.matching.to_string(), swaps.clone());
    differ("pool's trades do not match their postings", counts.posted.to_string(), swaps);
    differ(
        "pool's burns differ from its crossings",
        counts.burned.to_string(),
        replay.burned().get().to_string(),
    );
    Ok(())
}

/// What each of a pool's accounts must hold.
fn expected_accounts(record: &PoolRecord, replay: &Replay) -> Vec<(&'static str, &'static str, i64, u64)> {
    let (state, a, b) = (replay.pool().state(), record.token_a.id.0, record.token_b.id.0);
    let mut expected = vec![
        ("reserve of token A differs from its account", "reserve", a, state.reserve_a.get()),
        ("reserve of token B differs from its account", "reserve", b, state.reserve_b.get()),
        ("fees in token A differ from their account", "fees", a, state.fees_a.get()),
        ("fees in token B differ from their account", "fees", b, state.fees_b.get()),
    ];
    if let Some(token) = &record.burn_token {
        let total = replay.pool().burn_schedule().total(&replay.pool().params().thresholds);
        let left = total.map_or(0, |total| total.get().saturating_sub(replay.burned().get()));
        expected.push(("burned differs from its account", "burned", token.id.0, replay.burned().get()));
        expected.push(("burn reserve differs from its account", "burn_reserve", token.id.0, left));
    }
    expected
}
