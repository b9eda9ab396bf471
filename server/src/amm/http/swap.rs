//! Carrying a swap out.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use postfun_core::amm::{QuoteError, SLIPPAGE_BPS_MAX, Side};
use postfun_core::amount::{Decimals, Units};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pool::PoolObject;
use super::trade::TradeObject;
use super::{both, fee_bps, invalid, parse_amount, parse_side, rate_of, required};
use crate::amm::error::{pool_not_found, quote_refused};
use crate::amm::{PoolRecord, SwapCommand, SwapLimits, SwapReceipt};
use crate::app::App;
use crate::http::amount::{AmountNumber, AmountText};
use crate::http::idempotency::StoredAnswer;
use crate::http::schema::ErrorBody;
use crate::http::{ApiError, IdempotencyKey, JsonWithRaw};
use crate::session::Actor;

/// A swap. One of `amount_in` and `amount_out` is fixed; everything below them is a condition, and a swap that would
/// break one does not take place.
#[derive(Debug, Deserialize, ToSchema)]
// A condition that is misspelt must not be skipped.
#[serde(deny_unknown_fields)]
pub(super) struct SwapRequest {
    pool_id: Option<i64>,
    /// `AtoB` or `BtoA`.
    #[schema(example = "AtoB")]
    side: Option<String>,
    /// What goes in, fee included, in tokens.
    amount_in: Option<AmountText>,
    /// What is to come out at least, in tokens; the smallest input that gives it is taken.
    amount_out: Option<AmountText>,
    /// The least output.
    min_amount_out: Option<AmountText>,
    /// The most input.
    max_amount_in: Option<AmountText>,
    /// The highest price impact, in basis points.
    max_slippage_bps: Option<u16>,
    /// The number of the pool's last event that the caller knows.
    expected_seq: Option<i64>,
    /// The last second, since the epoch, at which the swap may be carried out.
    deadline: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SwapResponse {
    trade: TradeObject,
    /// The pool after the swap.
    pool: PoolObject,
    quote: SwapQuote,
}

/// The quote that was carried out.
#[derive(Debug, Serialize, ToSchema)]
struct SwapQuote {
    amount_out: AmountNumber,
    amount_out_units: String,
    fee_bps: AmountNumber,
    fee_amount: AmountNumber,
    fee_amount_units: String,
    effective_in: AmountNumber,
    effective_in_units: String,
    price_impact_ppm: u32,
}

/// Swap.
#[utoipa::path(
    post, path = "/api/amm/swap", tag = "swaps", security(("bearer" = [])), request_body = SwapRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats get the first answer")),
    responses(
        (status = 201, body = SwapResponse, description = "A repeat carries the header `idempotent-replayed: true`"),
        (status = 400, body = ErrorBody, description = "As for a quote, and `insufficient_balance`, \
            `slippage_too_high`, `price_impact_too_high`, `expired`, `invalid_idempotency_key`"),
        (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
        (status = 409, body = ErrorBody, description = "`stale_state`"),
        (status = 422, body = ErrorBody, description = "`idempotency_key_reused`"),
        (status = 429, body = ErrorBody, description = "`queue_full`, `rate_limited`"),
        (status = 503, body = ErrorBody, description = "`database_busy` and `not_executed`: nothing happened; \
            `outcome_unknown`: repeat with the same key or look for `trade_id`"),
        (status = 507, body = ErrorBody, description = "`storage_full`: nothing happened"),
    ),
)]
pub(super) async fn swap(
    State(app): State<Arc<App>>,
    actor: Actor,
    key: IdempotencyKey,
    RawQuery(query): RawQuery,
    JsonWithRaw { value: request, raw }: JsonWithRaw<SwapRequest>,
) -> Result<Response, ApiError> {
    let pool_id = required(request.pool_id, "pool_id", "missing_params")?;
    let record = app.pools.find_recent(pool_id).await?.ok_or_else(pool_not_found)?;
    let side = parse_side(required(request.side.as_deref(), "side", "missing_params")?)?;
    let (amount_in, amount_out) = (request.amount_in.as_ref(), request.amount_out.as_ref());
    let amount = parse_amount(&record, side, amount_in, amount_out, "missing_params")?;
    let principal = actor.user.id.to_string();
    let claim = key.claim(principal, "POST /api/amm/swap", query.as_deref().unwrap_or_default(), &raw);
    let command = SwapCommand {
        user_id: actor.user.id,
        user_number: actor.user.number,
        side,
        amount,
        limits: limits(&request, &record, side)?,
        claim,
        render: render_swap,
    };
    let done = app.pools.swap(pool_id, command).await?;
    Ok(done.answer.into_response(done.is_replayed))
}

fn limits(request: &SwapRequest, record: &PoolRecord, side: Side) -> Result<SwapLimits, ApiError> {
    let (token_in, token_out) = record.tokens(side);
    let read = |text: &Option<AmountText>, decimals: Decimals, code| -> Result<Option<Units>, ApiError> {
        text.as_ref().map(|text| text.units(decimals).map_err(|error| invalid(code, &error))).transpose()
    };
    Ok(SwapLimits {
        amount_out_min: read(&request.min_amount_out, token_out.decimals, "invalid_min_amount_out")?,
        amount_in_max: read(&request.max_amount_in, token_in.decimals, "invalid_max_amount_in")?,
        price_impact_ppm_max: request.max_slippage_bps.map(impact_ppm).transpose()?,
        expected_seq: request.expected_seq,
        deadline_s: request.deadline,
    })
}

fn impact_ppm(slippage_bps: u16) -> Result<u32, ApiError> {
    if slippage_bps > SLIPPAGE_BPS_MAX {
        return Err(quote_refused(&QuoteError::InvalidSlippage { slippage_bps }));
    }
    Ok(u32::from(slippage_bps) * 100)
}

fn render_swap(receipt: &SwapReceipt) -> Result<StoredAnswer, serde_json::Error> {
    let (quote, record) = (&receipt.swap.quote, &receipt.pool);
    let (token_in, token_out) = record.tokens(quote.side);
    let (amount_out, amount_out_units) = both(quote.amount_out, token_out.decimals);
    let (fee_amount, fee_amount_units) = both(quote.fee, token_in.decimals);
    let (effective_in, effective_in_units) = both(quote.effective_in, token_in.decimals);
    let rate = rate_of(record, quote.stage).unwrap_or(postfun_core::amm::FeeRate::FREE);
    let body = serde_json::to_vec(&SwapResponse {
        trade: TradeObject::new(&receipt.trade, record, Some(receipt.user_number)),
        pool: PoolObject::new(record),
        quote: SwapQuote {
            amount_out,
            amount_out_units,
            fee_bps: fee_bps(rate),
            fee_amount,
            fee_amount_units,
            effective_in,
            effective_in_units,
            price_impact_ppm: quote.price_impact_ppm,
        },
    })?;
    Ok(StoredAnswer { status: StatusCode::CREATED, body: body.into() })
}
