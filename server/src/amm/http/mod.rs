//! `/api/amm/*`: the routes of seed 000 about pools and swaps.

mod cached;
mod head;
mod history;
mod pool;
mod quote;
mod stream;
mod swap;
mod trade;

use std::sync::Arc;

use postfun_core::amm::{FeeRate, PoolError, Side, Stage};
use postfun_core::amount::{AmountError, Decimals, Units};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{PoolRecord, SwapAmount};
use crate::app::App;
use crate::http::ApiError;
use crate::http::amount::{AmountNumber, AmountText};

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(pool::list, pool::create))
        .routes(routes!(pool::get))
        .routes(routes!(quote::quote))
        .routes(routes!(swap::swap))
        .routes(routes!(trade::trades))
        .routes(routes!(trade::burns))
        .routes(routes!(history::history))
        .routes(routes!(head::head))
        .routes(routes!(head::checkpoints))
        .routes(routes!(stream::stream))
}

/// An amount at the seed's key and its twin in base units.
fn both(units: Units, decimals: Decimals) -> (AmountNumber, String) {
    (AmountNumber::new(units, decimals), units.get().to_string())
}

/// A fee rate in basis points as an exact JSON number: 30, 7.5, 3.75.
fn fee_bps(rate: FeeRate) -> AmountNumber {
    AmountNumber::new(rate.millibps(), FeeRate::MILLIBPS)
}

/// The rate of a stage of a pool.
fn rate_of(record: &PoolRecord, stage: Stage) -> Result<FeeRate, PoolError> {
    FeeRate::new(record.pool.params().fee_bps_base, stage)
}

fn parse_side(text: &str) -> Result<Side, ApiError> {
    text.parse().map_err(|error| super::error::quote_refused(&error))
}

/// The one of the two amounts that a request fixes, in base units; without one the seed's code is the route's.
fn parse_amount(
    record: &PoolRecord,
    side: Side,
    amount_in: Option<&AmountText>,
    amount_out: Option<&AmountText>,
    seed_code: &'static str,
) -> Result<SwapAmount, ApiError> {
    let (token_in, token_out) = record.tokens(side);
    match (amount_in, amount_out) {
        (Some(text), None) => text
            .units(token_in.decimals)
            .map(SwapAmount::ExactIn)
            .map_err(|error| invalid("invalid_amount_in", &error)),
        (None, Some(text)) => text
            .units(token_out.decimals)
            .map(SwapAmount::ExactOut)
            .map_err(|error| invalid("invalid_amount_out", &error)),
        _ => Err(ApiError::bad_request("missing_params", "Give one of `amount_in` and `amount_out`.")
            .seed_code(seed_code)),
    }
}

/// An amount that cannot be read: the seed's code names the field, ours the reason.
fn invalid(seed_code: &'static str, error: &AmountError) -> ApiError {
    let field = seed_code.trim_start_matches("invalid_");
    ApiError::bad_request(error.code(), format!("`{field}` is not possible: {error}."))
        .seed_code(seed_code)
        .with_field("field", field)
}

/// A parameter that a request must have.
fn required<T>(value: Option<T>, name: &'static str, seed_code: &'static str) -> Result<T, ApiError> {
    value.ok_or_else(|| {
        ApiError::bad_request("missing_params", format!("`{name}` is missing."))
            .seed_code(seed_code)
            .with_field("field", name)
    })
}
