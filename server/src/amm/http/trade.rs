//! A pool's trades and burns, newest first.

use std::num::NonZeroU64;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use postfun_core::encoding::hex;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::both;
use crate::amm::error::pool_not_found;
use crate::amm::{BurnRecord, PoolRecord, Trade};
use crate::app::App;
use crate::http::amount::AmountNumber;
use crate::http::page::Limit;
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::http::{ApiError, PathParam, QueryParams};
use crate::session::OptionalActor;

/// A swap that took place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TradeObject {
    id: String,
    pool_id: i64,
    /// The number of its event in the pool's chain.
    seq: i64,
    /// The caller's own number; null on the trades of others.
    user_id: Option<i64>,
    side: &'static str,
    amount_in: AmountNumber,
    amount_in_units: String,
    amount_out: AmountNumber,
    amount_out_units: String,
    /// In the input token.
    fee_paid: AmountNumber,
    fee_paid_units: String,
    /// The stage whose fee was paid.
    stage_before: u8,
    /// The stage after it.
    stage: u8,
    /// What its crossings burned, in the burn token; null when nothing.
    burn_amount: Option<AmountNumber>,
    burn_amount_units: Option<String>,
    /// The hash of its event.
    hash: String,
    created_at: String,
}

/// A page of trades.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TradeList {
    items: Vec<TradeObject>,
    /// `before_seq` of the next page; null on the last.
    next_before_seq: Option<i64>,
}

/// A burn that took place.
#[derive(Debug, Serialize, ToSchema)]
struct BurnObject {
    pool_id: i64,
    /// The number of the swap's event.
    seq: i64,
    /// The stage that was reached.
    stage: u8,
    token_id: i64,
    symbol: String,
    amount: AmountNumber,
    amount_units: String,
    created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BurnList {
    items: Vec<BurnObject>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TradePage {
    /// How many, 1 to 500.
    #[serde(default)]
    limit: Limit,
    /// Only trades before this event.
    #[param(value_type = Option<u64>, minimum = 1)]
    before_seq: Option<NonZeroU64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BurnPage {
    /// How many, 1 to 500.
    #[serde(default)]
    limit: Limit,
}

impl TradeObject {
    pub(super) fn new(trade: &Trade, record: &PoolRecord, user_number: Option<i64>) -> Self {
        let (token_in, token_out) = record.tokens(trade.side);
        let (amount_in, amount_in_units) = both(trade.amount_in, token_in.decimals);
        let (amount_out, amount_out_units) = both(trade.amount_out, token_out.decimals);
        let (fee_paid, fee_paid_units) = both(trade.fee, token_in.decimals);
        let burned = record.burn_token.as_ref().filter(|_| !trade.burned.is_zero());
        let (burn_amount, burn_amount_units) = burned.map(|token| both(trade.burned, token.decimals)).unzip();
        Self {
            id: trade.id.to_string(),
            pool_id: trade.pool_id,
            seq: trade.seq,
            user_id: user_number,
            side: trade.side.as_str(),
            amount_in,
            amount_in_units,
            amount_out,
            amount_out_units,
            fee_paid,
            fee_paid_units,
            stage_before: trade.stage_before,
            stage: trade.stage_after,
            burn_amount,
            burn_amount_units,
            hash: hex::encode_lower(&trade.hash),
            created_at: iso_micros(trade.created_at_ms),
        }
    }
}

impl BurnObject {
    fn new(burn: &BurnRecord, record: &PoolRecord) -> Option<Self> {
        let token = record.burn_token.as_ref()?;
        let (amount, amount_units) = both(burn.amount, token.decimals);
        Some(Self {
            pool_id: burn.pool_id,
            seq: burn.seq,
            stage: burn.stage,
            token_id: token.id.0,
            symbol: token.symbol.clone(),
            amount,
            amount_units,
            created_at: iso_micros(burn.created_at_ms),
        })
    }
}

/// A pool's trades, newest first; a caller who is signed in finds their own marked.
#[utoipa::path(
    get, path = "/api/amm/pools/{id}/trades", tag = "pools", params(("id" = i64, Path), TradePage),
    responses(
        (status = 200, body = TradeList),
        (status = 400, body = ErrorBody, description = "`invalid_limit`, `invalid_query`"),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
    ),
)]
pub(super) async fn trades(
    State(app): State<Arc<App>>,
    OptionalActor(actor): OptionalActor,
    PathParam(id): PathParam<i64>,
    QueryParams(page): QueryParams<TradePage>,
) -> Result<Json<TradeList>, ApiError> {
    let record = app.pools.find_recent(id).await?.ok_or_else(pool_not_found)?;
    let limit = page.limit.get();
    let before_seq = page.before_seq.map(|seq| i64::try_from(seq.get()).unwrap_or(i64::MAX));
    let trades = app.pools.trades(id, before_seq, limit).await?;
    let is_full = trades.len() == usize::from(limit);
    let own = |trade: &Trade| actor.as_ref().filter(|actor| actor.user.id == trade.user_id);
    let items: Vec<TradeObject> = trades
        .iter()
        .map(|trade| TradeObject::new(trade, &record, own(trade).map(|actor| actor.user.number)))
        .collect();
    // Event 1 makes the pool, so a page that ends with event 2 is the last.
    let next_before_seq = items.last().map(|trade| trade.seq).filter(|seq| is_full && *seq > 2);
    Ok(Json(TradeList { items, next_before_seq }))
}

/// A pool's burns, newest first.
#[utoipa::path(
    get, path = "/api/amm/pools/{id}/burns", tag = "pools", params(("id" = i64, Path), BurnPage),
    responses(
        (status = 200, body = BurnList),
        (status = 400, body = ErrorBody, description = "`invalid_limit`"),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
    ),
)]
pub(super) async fn burns(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<i64>,
    QueryParams(page): QueryParams<BurnPage>,
) -> Result<Json<BurnList>, ApiError> {
    let record = app.pools.find_recent(id).await?.ok_or_else(pool_not_found)?;
    let burns = app.pools.burns(id, page.limit.get()).await?;
    Ok(Json(BurnList { items: burns.iter().filter_map(|burn| BurnObject::new(burn, &record)).collect() }))
}
