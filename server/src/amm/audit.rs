//! Replays every pool from its first event and compares it with its row, its accounts and its trades.

use std::collections::HashMap;

use postfun_core::amm::{Checkpoint, Event, Replay, ReplayError, Swapped};
use postfun_core::encoding::hex;
use sqlx::FromRow;

use super::checkpoint::step;
use super::pool::event_time;
use super::{PoolRecord, StoredEvent, Trade, checkpoint, repo};
use crate::audit::{Finding, Report};
use crate::db::{DbError, Tx, on_backend, statements};
use crate::ledger;

/// Events that are read at once.
const PAGE: u16 = 10_000;
/// Pools that are read at once.
const POOLS: u16 = 500;

statements! {
    POOL_ACCOUNTS = "
SELECT purpose, asset_id, available, held
FROM accounts
WHERE owner_kind = 'pool' AND owner_id = $1";
    TRADE_COUNTS = "
SELECT
    (SELECT COUNT(*) FROM trades WHERE trades.pool_id = pools.id) AS trades,
    (SELECT COUNT(*)
     FROM trades
     JOIN postings ON postings.unique_key = 'amm:' || trades.id || ':swap'
     JOIN accounts AS given ON given.owner_kind = 'user' AND given.owner_id = trades.user_id AND given.purpose = 'main'
      AND given.asset_id = CASE trades.side WHEN 'AtoB' THEN pools.token_a_id ELSE pools.token_b_id END
     JOIN accounts AS taken ON taken.owner_kind = 'user' AND taken.owner_id = trades.user_id AND taken.purpose = 'main'
      AND taken.asset_id = CASE trades.side WHEN 'AtoB' THEN pools.token_b_id ELSE pools.token_a_id END
     JOIN entries AS debit ON debit.posting_id = postings.id AND debit.account_id = given.id
      AND debit.amount = -trades.amount_in
     JOIN entries AS credit ON credit.posting_id = postings.id AND credit.account_id = taken.id
      AND credit.amount = trades.amount_out
     WHERE trades.pool_id = pools.id) AS posted,
    (SELECT COUNT(*)
     FROM trades
     WHERE trades.pool_id = pools.id AND trades.burned <>
        (SELECT CAST(COALESCE(SUM(burns.amount), 0) AS BIGINT)
         FROM burns
         WHERE burns.pool_id = trades.pool_id AND burns.seq = trades.seq
           AND burns.stage > trades.stage_before AND burns.stage <= trades.stage_after)) AS misburned,
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
    posted: i64,
    misburned: i64,
    burned: i64,
}

/// Audits every pool.
pub(crate) async fn run(tx: &mut Tx, report: &mut Report) -> Result<(), DbError> {
    let assets = ledger::repo::list_assets(tx).await?;
    let mut after_id = 0;
    loop {
        let rows = repo::list_pools(tx, after_id, POOLS).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let record = row.into_record(&assets)?;
            after_id = record.id;
            audit_pool(tx, &record, report).await?;
        }
    }
}

async fn audit_pool(tx: &mut Tx, record: &PoolRecord, report: &mut Report) -> Result<(), DbError> {
    report.pools += 1;
    match replay(tx, record, report).await? {
        Ok(replay) => compare(tx, record, &replay, report).await,
        Err(error) => {
            report.findings.push(Finding {
                what: "pool's history is wrong",
                subject: format!("pool {} at event {}", record.id, error.seq()),
                found: error.to_string(),
                expected: "an honest history".to_owned(),
            });
            Ok(())
        }
    }
}

async fn replay(
    tx: &mut Tx,
    record: &PoolRecord,
    report: &mut Report,
) -> Result<Result<Replay, ReplayError>, DbError> {
    let mut replay: Option<Replay> = None;
    loop {
        let after = replay.as_ref().map_or(0, |replay| i64::try_from(replay.seq()).unwrap_or(i64::MAX));
        let events = repo::list_events(tx, record.id, after, i64::from(PAGE)).await?;
        let Some(last) = events.last() else {
            let beyond = checkpoint::list_between(tx, record.id, after, i64::MAX).await?;
            report
                .findings
                .extend(beyond.iter().map(|stored| wrong_checkpoint(record, stored.seq, "no event")));
            return Ok(replay.ok_or(ReplayError::Empty));
        };
        let stored = checkpoint::list_between(tx, record.id, after, last.seq).await?;
        let mut stored: HashMap<i64, Checkpoint> =
            stored.into_iter().map(|stored| (stored.seq, stored.checkpoint)).collect();
        for event in &events {
            report.pool_events += 1;
            if let Err(error) = step(&mut replay, event) {
                return Ok(Err(error));
            }
            let Some(found) = stored.remove(&event.seq) else { continue };
            report.checkpoints += 1;
            if replay.as_ref().map(Replay::checkpoint) != Some(found) {
                report.findings.push(wrong_checkpoint(record, event.seq, "what the events lead to"));
            }
        }
        compare_trades(tx, record, after, &events, report).await?;
    }
}

/// A checkpoint that is not what it should be; it may be deleted, and is then made again.
fn wrong_checkpoint(record: &PoolRecord, seq: i64, expected: &str) -> Finding {
    Finding {
        what: "checkpoint differs from its events",
        subject: format!("pool {} at event {seq}", record.id),
        found: "other bytes".to_owned(),
        expected: expected.to_owned(),
    }
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
    differ("pool's head differs", hex::encode_lower(&record.head), hex::encode_lower(replay.head()));
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
    let counts: TradeCounts = on_backend!(tx, |c, DB| sqlx::query_as::<DB, TradeCounts>(TRADE_COUNTS)
        .bind(record.id)
        .fetch_one(c)
        .await)?;
    let swaps = replay.swaps().to_string();
    differ("pool's trades differ from its swaps", counts.trades.to_string(), swaps.clone());
    differ("pool's trades do not match what moved", counts.posted.to_string(), swaps);
    differ("pool's trades differ from their burns", counts.misburned.to_string(), "0".to_owned());
    differ(
        "pool's burns differ from its crossings",
        counts.burned.to_string(),
        replay.burned().get().to_string(),
    );
    Ok(())
}

/// Compares the trades behind some events with what the events say.
async fn compare_trades(
    tx: &mut Tx,
    record: &PoolRecord,
    after_seq: i64,
    events: &[StoredEvent],
    report: &mut Report,
) -> Result<(), DbError> {
    let last = events.last().map_or(after_seq, |event| event.seq);
    let trades = repo::list_trades_after(tx, record.id, after_seq, PAGE).await?;
    let trades: HashMap<i64, Trade> =
        trades.into_iter().filter(|trade| trade.seq <= last).map(|trade| (trade.seq, trade)).collect();
    for event in events {
        let Ok(Event::Swapped(swapped)) = Event::decode(&event.bytes) else { continue };
        let trade = trades.get(&event.seq);
        if !trade.is_some_and(|trade| is_trade_of(trade, &swapped, event)) {
            report.findings.push(Finding {
                what: "trade differs from its event",
                subject: format!("pool {} at event {}", record.id, event.seq),
                found: format!("{trade:?}"),
                expected: format!("{swapped:?}"),
            });
        }
    }
    Ok(())
}

fn is_trade_of(trade: &Trade, swapped: &Swapped, event: &StoredEvent) -> bool {
    (trade.side, trade.amount_in, trade.fee, trade.amount_out)
        == (swapped.side, swapped.amount_in, swapped.fee, swapped.amount_out)
        && trade.stage_after == swapped.stage_after.get()
        && event_time(trade.created_at_ms) == swapped.time_ms
        && trade.hash == event.hash
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
