//! What a swap would give.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{both, fee_bps, parse_amount, parse_side, rate_of, required};
use crate::amm::error::pool_not_found;
use crate::app::App;
use crate::http::amount::{AmountNumber, AmountText};
use crate::http::schema::ErrorBody;
use crate::http::{ApiError, JsonBody};
use crate::session::RecentActor;

/// One of `amount_in` and `amount_out` is fixed.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct QuoteRequest {
    pool_id: Option<i64>,
    /// `AtoB` or `BtoA`.
    #[schema(example = "AtoB")]
    side: Option<String>,
    /// What goes in, fee included, in tokens.
    amount_in: Option<AmountText>,
    /// What is to come out at least, in tokens.
    amount_out: Option<AmountText>,
}

/// What a swap would give in the pool's state `seq`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuoteResponse {
    pool_id: i64,
    side: &'static str,
    amount_in: AmountNumber,
    amount_in_units: String,
    /// Rounded down.
    amount_out: AmountNumber,
    amount_out_units: String,
    fee_bps: AmountNumber,
    /// Rounded up, in the input token.
    fee_amount: AmountNumber,
    fee_amount_units: String,
    /// What enters the reserve: `amount_in` less the fee.
    effective_in: AmountNumber,
    effective_in_units: String,
    /// How far the swap's own size moves its price, in parts per million, rounded up.
    price_impact_ppm: u32,
    stage: u8,
    /// The number of the pool's last event.
    seq: i64,
}

/// Quote a swap without carrying it out.
#[utoipa::path(
    post, path = "/api/amm/quote", tag = "swaps", security(("bearer" = [])), request_body = QuoteRequest,
    responses(
        (status = 200, body = QuoteResponse),
        (status = 400, body = ErrorBody, description = "`invalid_side`, `missing_params`, \
            `amount_in_must_be_positive`, `amount_too_small`, `amount_too_large`, `pool_exhausted`, and why an amount \
            cannot be read (`error` is then `invalid_amount_in` or `invalid_amount_out`)"),
        (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
    ),
)]
pub(super) async fn quote(
    State(app): State<Arc<App>>,
    _actor: RecentActor,
    JsonBody(request): JsonBody<QuoteRequest>,
) -> Result<Json<QuoteResponse>, ApiError> {
    let id = request.pool_id.ok_or_else(pool_not_found)?;
    let record = app.pools.find_recent(id).await?.ok_or_else(pool_not_found)?;
    let side = parse_side(&required(request.side, "side", "invalid_side")?)?;
    let (amount_in, amount_out) = (request.amount_in.as_ref(), request.amount_out.as_ref());
    let amount = parse_amount(&record, side, amount_in, amount_out, "invalid_amount_in")?;
    let quote = amount.quote(&record.pool, side)?;
    let (token_in, token_out) = record.tokens(side);
    let rate = rate_of(&record, quote.stage).map_err(ApiError::internal)?;
    let (amount_in, amount_in_units) = both(quote.amount_in, token_in.decimals);
    let (amount_out, amount_out_units) = both(quote.amount_out, token_out.decimals);
    let (fee_amount, fee_amount_units) = both(quote.fee, token_in.decimals);
    let (effective_in, effective_in_units) = both(quote.effective_in, token_in.decimals);
    Ok(Json(QuoteResponse {
        pool_id: record.id,
        side: side.as_str(),
        amount_in,
        amount_in_units,
        amount_out,
        amount_out_units,
        fee_bps: fee_bps(rate),
        fee_amount,
        fee_amount_units,
        effective_in,
        effective_in_units,
        price_impact_ppm: quote.price_impact_ppm,
        stage: quote.stage.get(),
        seq: record.seq,
    }))
}
