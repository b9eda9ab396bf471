//! Statements about pools, their events, trades and burns.

use postfun_core::amm::{Pool, PoolParams, PoolState, Side, Stage};
use postfun_core::amount::Units;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{BurnRecord, PoolRecord, StoredEvent, Trade};
use crate::db::sql::Table;
use crate::db::writes::Writes;
use crate::db::{DbError, Tx, execute, on_backend, statements};
use crate::ledger::{Asset, AssetId};

/// Every column of a pool, in the order of [`PoolRow`].
macro_rules! pool_columns {
    () => {
        "id, token_a_id, token_b_id, burn_token_id, fee_bps_base, first_reserve_a, first_reserve_b, \
         threshold_1, threshold_2, threshold_3, burn_1, burn_2, burn_3, burn_4, \
         reserve_a, reserve_b, volume_a, volume_b, fees_a, fees_b, stage, seq, head, last_event_at_ms, created_at_ms"
    };
}

statements! {
    NEXT_POOL_ID = "
UPDATE counters
SET value = value + 1
WHERE name = 'pool'
RETURNING value";
    FIRST_POOL_ID = "
UPDATE counters
SET value = 1
WHERE name = 'pool' AND value <= 1 AND NOT EXISTS (SELECT 1 FROM pools)";
    FIND_POOL = concat!("SELECT ", pool_columns!(), " FROM pools WHERE id = $1");
    LIST_POOLS = concat!("SELECT ", pool_columns!(), " FROM pools WHERE id > $1 ORDER BY id LIMIT $2");
    INSERT_POOL = concat!("INSERT INTO pools (", pool_columns!(), ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)");
    INSERT_EVENT = "
INSERT INTO pool_events (pool_id, seq, bytes, hash)
VALUES ($1, $2, $3, $4)";
    LIST_EVENTS = "
SELECT seq, bytes, hash
FROM pool_events
WHERE pool_id = $1 AND seq > $2
ORDER BY seq
LIMIT $3";
    LIST_TRADES = "
SELECT id, pool_id, seq, user_id, side, amount_in, amount_out, fee, stage_before, stage_after, burned, hash, created_at_ms
FROM trades
WHERE pool_id = $1 AND seq < $2
ORDER BY seq DESC
LIMIT $3";
    LIST_TRADES_AFTER = "
SELECT id, pool_id, seq, user_id, side, amount_in, amount_out, fee, stage_before, stage_after, burned, hash, created_at_ms
FROM trades
WHERE pool_id = $1 AND seq > $2
ORDER BY seq
LIMIT $3";
    LIST_BURNS = "
SELECT pool_id, seq, stage, asset_id, amount, created_at_ms
FROM burns
WHERE pool_id = $1
ORDER BY stage DESC
LIMIT $2";
}

#[derive(Debug, FromRow)]
pub(super) struct PoolRow {
    id: i64,
    token_a_id: i64,
    token_b_id: i64,
    burn_token_id: Option<i64>,
    fee_bps_base: i64,
    first_reserve_a: i64,
    first_reserve_b: i64,
    threshold_1: Option<i64>,
    threshold_2: Option<i64>,
    threshold_3: Option<i64>,
    burn_1: Option<i64>,
    burn_2: Option<i64>,
    burn_3: Option<i64>,
    burn_4: Option<i64>,
    reserve_a: i64,
    reserve_b: i64,
    volume_a: i64,
    volume_b: i64,
    fees_a: i64,
    fees_b: i64,
    stage: i64,
    seq: i64,
    head: Vec<u8>,
    last_event_at_ms: i64,
    created_at_ms: i64,
}

fn units(column: &'static str, value: i64) -> Result<Units, DbError> {
    let count = u64::try_from(value).ok().and_then(|count| Units::new(count).ok());
    count.ok_or_else(|| DbError::inconsistent("pools", column, value))
}

fn optional(column: &'static str, value: Option<i64>) -> Result<Option<Units>, DbError> {
    value.map(|value| units(column, value)).transpose()
}

/// An amount as the database holds it; an amount is at most 2^63 − 1.
fn column(units: Units) -> i64 {
    i64::try_from(units.get()).unwrap_or(i64::MAX)
}

fn stage(value: i64) -> Result<Stage, DbError> {
    let stage = u8::try_from(value).ok().and_then(|number| Stage::new(number).ok());
    stage.ok_or_else(|| DbError::inconsistent("pools", "stage", value))
}

fn hash(table: &'static str, bytes: &[u8]) -> Result<[u8; 32], DbError> {
    bytes.try_into().map_err(|_length| DbError::inconsistent(table, "hash", format!("{} bytes", bytes.len())))
}

impl PoolRow {
    fn params(&self) -> Result<PoolParams, DbError> {
        let fee = u16::try_from(self.fee_bps_base);
        Ok(PoolParams {
            reserve_a: units("first_reserve_a", self.first_reserve_a)?,
            reserve_b: units("first_reserve_b", self.first_reserve_b)?,
            fee_bps_base: fee
                .map_err(|_range| DbError::inconsistent("pools", "fee_bps_base", self.fee_bps_base))?,
            thresholds: [
                optional("threshold_1", self.threshold_1)?,
                optional("threshold_2", self.threshold_2)?,
                optional("threshold_3", self.threshold_3)?,
            ],
            burns: [
                optional("burn_1", self.burn_1)?,
                optional("burn_2", self.burn_2)?,
                optional("burn_3", self.burn_3)?,
                optional("burn_4", self.burn_4)?,
            ],
        })
    }

    fn state(&self) -> Result<PoolState, DbError> {
        Ok(PoolState {
            reserve_a: units("reserve_a", self.reserve_a)?,
            reserve_b: units("reserve_b", self.reserve_b)?,
            volume_a: units("volume_a", self.volume_a)?,
            volume_b: units("volume_b", self.volume_b)?,
            fees_a: units("fees_a", self.fees_a)?,
            fees_b: units("fees_b", self.fees_b)?,
            stage: stage(self.stage)?,
        })
    }

    pub(super) fn into_record(self, assets: &[Asset]) -> Result<PoolRecord, DbError> {
        let token = |column, id| {
            let found = assets.iter().find(|asset| asset.id == AssetId(id)).cloned();
            found.ok_or_else(|| DbError::inconsistent("pools", column, id))
        };
        let pool = Pool::restore(&self.params()?, self.state()?)
            .map_err(|error| DbError::inconsistent("pools", "parameters", error))?;
        Ok(PoolRecord {
            id: self.id,
            token_a: token("token_a_id", self.token_a_id)?,
            token_b: token("token_b_id", self.token_b_id)?,
            burn_token: self.burn_token_id.map(|id| token("burn_token_id", id)).transpose()?,
            pool,
            seq: self.seq,
            head: hash("pools", &self.head)?,
            last_event_at_ms: self.last_event_at_ms,
            created_at_ms: self.created_at_ms,
        })
    }
}

/// Takes the next pool number.
pub(super) async fn next_pool_id(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(NEXT_POOL_ID).fetch_one(c).await)?)
}

/// Takes number 1, if no pool was ever made and no other number taken.
pub(super) async fn first_pool_id(tx: &mut Tx) -> Result<Option<i64>, DbError> {
    let changed = execute!(tx, FIRST_POOL_ID)?;
    Ok((changed == 1).then_some(1))
}

/// Finds a pool.
pub(super) async fn find_pool(tx: &mut Tx, id: i64) -> Result<Option<PoolRow>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, PoolRow>(FIND_POOL).bind(id).fetch_optional(c).await)?)
}

/// Locks a pool until the transaction ends and reads it.
pub(super) async fn lock_pool(tx: &mut Tx, id: i64) -> Result<Option<PoolRow>, DbError> {
    let suffix = tx.lock_suffix();
    Ok(on_backend!(tx, |c, DB| {
        let mut query =
            QueryBuilder::<DB>::new(concat!("SELECT ", pool_columns!(), " FROM pools WHERE id = "));
        query.push_bind(id).push(suffix);
        query.build_query_as::<PoolRow>().fetch_optional(c).await
    })?)
}

/// Lists pools after one by ascending number.
pub(super) async fn list_pools(tx: &mut Tx, after_id: i64, limit: u16) -> Result<Vec<PoolRow>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, PoolRow>(LIST_POOLS)
        .bind(after_id)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?)
}

/// Writes a new pool.
pub(super) async fn insert_pool(tx: &mut Tx, record: &PoolRecord) -> Result<(), DbError> {
    let (params, state) = (record.pool.params(), record.pool.state());
    let [threshold_1, threshold_2, threshold_3] = params.thresholds.map(|amount| amount.map(column));
    let [burn_1, burn_2, burn_3, burn_4] = params.burns.map(|amount| amount.map(column));
    execute!(
        tx,
        INSERT_POOL,
        record.id,
        record.token_a.id.0,
        record.token_b.id.0,
        record.burn_token.as_ref().map(|token| token.id.0),
        i64::from(params.fee_bps_base),
        column(params.reserve_a),
        column(params.reserve_b),
        threshold_1,
        threshold_2,
        threshold_3,
        burn_1,
        burn_2,
        burn_3,
        burn_4,
        column(state.reserve_a),
        column(state.reserve_b),
        column(state.volume_a),
        column(state.volume_b),
        column(state.fees_a),
        column(state.fees_b),
        i64::from(state.stage.get()),
        record.seq,
        record.head.to_vec(),
        record.last_event_at_ms,
        record.created_at_ms
    )?;
    Ok(())
}

/// Adds what trades have made of a pool. Its chain must still end where they begin: a number could come twice, after a
/// database has fallen back to an older state, a hash cannot.
pub(super) fn update_pool(writes: &mut Writes, record: &PoolRecord, head_before: [u8; 32]) {
    let state = record.pool.state();
    let table = Table::of(std::slice::from_ref(record))
        .int(|record| record.id)
        .int(|_| column(state.reserve_a))
        .int(|_| column(state.reserve_b))
        .int(|_| column(state.volume_a))
        .int(|_| column(state.volume_b))
        .int(|_| column(state.fees_a))
        .int(|_| column(state.fees_b))
        .int(|_| i64::from(state.stage.get()))
        .int(|record| record.seq)
        .bytes(|record| record.head.to_vec())
        .int(|record| record.last_event_at_ms)
        .bytes(|_| head_before.to_vec());
    writes.update(
        "update_pool",
        table,
        "WITH d (id, reserve_a, reserve_b, volume_a, volume_b, fees_a, fees_b, stage, seq, head, last_event_at_ms, \
         head_before) AS (",
        ") UPDATE pools SET reserve_a = d.reserve_a, reserve_b = d.reserve_b, volume_a = d.volume_a, \
         volume_b = d.volume_b, fees_a = d.fees_a, fees_b = d.fees_b, stage = d.stage, seq = d.seq, head = d.head, \
         last_event_at_ms = d.last_event_at_ms FROM d WHERE pools.id = d.id AND pools.head = d.head_before",
    );
}

/// Writes a single event.
pub(super) async fn insert_event(tx: &mut Tx, record: &PoolRecord, bytes: &[u8]) -> Result<(), DbError> {
    execute!(tx, INSERT_EVENT, record.id, record.seq, bytes.to_vec(), record.head.to_vec())?;
    Ok(())
}

/// Adds the events of trades; both lists are in the same order.
pub(super) fn insert_events(writes: &mut Writes, trades: &[Trade], events: &[Vec<u8>]) {
    let rows: Vec<(&Trade, &Vec<u8>)> = trades.iter().zip(events).collect();
    let table = Table::of(&rows)
        .int(|(trade, _)| trade.pool_id)
        .int(|(trade, _)| trade.seq)
        .bytes(|(_, bytes)| (*bytes).clone())
        .bytes(|(trade, _)| trade.hash.to_vec());
    writes.insert(table, "INSERT INTO pool_events (pool_id, seq, bytes, hash) ");
}

#[derive(Debug, FromRow)]
struct EventRow {
    seq: i64,
    bytes: Vec<u8>,
    hash: Vec<u8>,
}

/// Lists a pool's events after one, oldest first.
pub(super) async fn list_events(
    tx: &mut Tx,
    pool: i64,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>, DbError> {
    let rows: Vec<EventRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, EventRow>(LIST_EVENTS)
        .bind(pool)
        .bind(after_seq)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter()
        .map(|row| Ok(StoredEvent { seq: row.seq, hash: hash("pool_events", &row.hash)?, bytes: row.bytes }))
        .collect()
}

/// Adds trades.
pub(super) fn insert_trades(writes: &mut Writes, trades: &[Trade]) {
    let table = Table::of(trades)
        .text(|trade| trade.id.to_string())
        .int(|trade| trade.pool_id)
        .int(|trade| trade.seq)
        .text(|trade| trade.user_id.to_string())
        .text(|trade| trade.side.as_str())
        .int(|trade| column(trade.amount_in))
        .int(|trade| column(trade.amount_out))
        .int(|trade| column(trade.fee))
        .int(|trade| i64::from(trade.stage_before))
        .int(|trade| i64::from(trade.stage_after))
        .int(|trade| column(trade.burned))
        .bytes(|trade| trade.hash.to_vec())
        .int(|trade| trade.created_at_ms);
    writes.insert(
        table,
        "INSERT INTO trades (id, pool_id, seq, user_id, side, amount_in, amount_out, fee, stage_before, stage_after, \
         burned, hash, created_at_ms) ",
    );
}

/// Adds burns.
pub(super) fn insert_burns(writes: &mut Writes, burns: &[BurnRecord]) {
    let table = Table::of(burns)
        .int(|burn| burn.pool_id)
        .int(|burn| i64::from(burn.stage))
        .int(|burn| burn.seq)
        .int(|burn| burn.asset.0)
        .int(|burn| column(burn.amount))
        .int(|burn| burn.created_at_ms);
    writes.insert(table, "INSERT INTO burns (pool_id, stage, seq, asset_id, amount, created_at_ms) ");
}

#[derive(Debug, FromRow)]
struct TradeRow {
    id: String,
    pool_id: i64,
    seq: i64,
    user_id: String,
    side: String,
    amount_in: i64,
    amount_out: i64,
    fee: i64,
    stage_before: i64,
    stage_after: i64,
    burned: i64,
    hash: Vec<u8>,
    created_at_ms: i64,
}

impl TradeRow {
    fn into_trade(self) -> Result<Trade, DbError> {
        let uuid = |column, text: &str| {
            Uuid::parse_str(text).map_err(|_malformed| DbError::inconsistent("trades", column, text))
        };
        Ok(Trade {
            id: uuid("id", &self.id)?,
            pool_id: self.pool_id,
            seq: self.seq,
            user_id: uuid("user_id", &self.user_id)?,
            side: self
                .side
                .parse::<Side>()
                .map_err(|_name| DbError::inconsistent("trades", "side", &self.side))?,
            amount_in: units("amount_in", self.amount_in)?,
            amount_out: units("amount_out", self.amount_out)?,
            fee: units("fee", self.fee)?,
            stage_before: stage(self.stage_before)?.get(),
            stage_after: stage(self.stage_after)?.get(),
            burned: units("burned", self.burned)?,
            hash: hash("trades", &self.hash)?,
            created_at_ms: self.created_at_ms,
        })
    }
}

/// Lists a pool's trades, newest first.
pub(super) async fn list_trades(
    tx: &mut Tx,
    pool: i64,
    before_seq: Option<i64>,
    limit: u16,
) -> Result<Vec<Trade>, DbError> {
    let rows: Vec<TradeRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, TradeRow>(LIST_TRADES)
        .bind(pool)
        .bind(before_seq.unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(TradeRow::into_trade).collect()
}

/// Lists a pool's trades after an event, oldest first.
pub(super) async fn list_trades_after(
    tx: &mut Tx,
    pool: i64,
    after_seq: i64,
    limit: u16,
) -> Result<Vec<Trade>, DbError> {
    let rows: Vec<TradeRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, TradeRow>(LIST_TRADES_AFTER)
        .bind(pool)
        .bind(after_seq)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(TradeRow::into_trade).collect()
}

#[derive(Debug, FromRow)]
struct BurnRow {
    pool_id: i64,
    seq: i64,
    stage: i64,
    asset_id: i64,
    amount: i64,
    created_at_ms: i64,
}

/// Lists a pool's burns, newest first.
pub(super) async fn list_burns(tx: &mut Tx, pool: i64, limit: u16) -> Result<Vec<BurnRecord>, DbError> {
    let rows: Vec<BurnRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, BurnRow>(LIST_BURNS)
        .bind(pool)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    rows.into_iter()
        .map(|row| {
            Ok(BurnRecord {
                pool_id: row.pool_id,
                seq: row.seq,
                stage: stage(row.stage)?.get(),
                asset: AssetId(row.asset_id),
                amount: units("amount", row.amount)?,
                created_at_ms: row.created_at_ms,
            })
        })
        .collect()
}
