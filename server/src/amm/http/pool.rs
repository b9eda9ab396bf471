//! Pools: list, get, create.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use postfun_core::amm::PoolParams;
use postfun_core::amount::{Decimals, Units};
use postfun_core::encoding::hex;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{both, fee_bps, invalid};
use crate::amm::create::Creation;
use crate::amm::error::pool_not_found;
use crate::amm::{NewPool, PoolRecord};
use crate::app::App;
use crate::http::amount::{AmountNumber, AmountText};
use crate::http::idempotency::StoredAnswer;
use crate::http::page::Limit;
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::http::{ApiError, IdempotencyKey, JsonWithRaw, PathParam, QueryParams};
use crate::ledger::{Asset, AssetId};
use crate::session::Admin;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PoolList {
    items: Vec<PoolObject>,
    /// `after_id` of the next page; null on the last.
    next_after_id: Option<i64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PoolPage {
    /// How many, 1 to 500.
    #[serde(default)]
    limit: Limit,
    /// Only pools with a higher number.
    #[serde(default)]
    after_id: u32,
}

/// A pool. Amounts stand in whole tokens, and in base units at the key that ends in `_units`; everything that a page
/// needs to compute a quote itself is here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PoolObject {
    id: i64,
    token_a_id: i64,
    token_b_id: i64,
    symbol_a: String,
    symbol_b: String,
    decimals_a: u8,
    decimals_b: u8,
    reserve_a: AmountNumber,
    reserve_a_units: String,
    reserve_b: AmountNumber,
    reserve_b_units: String,
    /// The fee of the present stage in basis points; exact, so it may have decimals (7.5, 3.75).
    fee_bps: AmountNumber,
    fee_bps_base: u16,
    /// 1 to 4.
    stage: u8,
    cumulative_volume_a: AmountNumber,
    cumulative_volume_a_units: String,
    cumulative_volume_b: AmountNumber,
    cumulative_volume_b_units: String,
    fee_accum_a: AmountNumber,
    fee_accum_a_units: String,
    fee_accum_b: AmountNumber,
    fee_accum_b_units: String,
    /// The volumes of token A at which stages 2, 3 and 4 begin.
    stage1_threshold: Option<AmountNumber>,
    stage1_threshold_units: Option<String>,
    stage2_threshold: Option<AmountNumber>,
    stage2_threshold_units: Option<String>,
    stage3_threshold: Option<AmountNumber>,
    stage3_threshold_units: Option<String>,
    burn_token_id: Option<i64>,
    burn_symbol: Option<String>,
    burn_decimals: Option<u8>,
    burn_stage1_amount: Option<AmountNumber>,
    burn_stage1_amount_units: Option<String>,
    burn_stage2_amount: Option<AmountNumber>,
    burn_stage2_amount_units: Option<String>,
    burn_stage3_amount: Option<AmountNumber>,
    burn_stage3_amount_units: Option<String>,
    burn_stage4_amount: Option<AmountNumber>,
    burn_stage4_amount_units: Option<String>,
    /// What reaching each stage really burns.
    burn_schedule: Vec<BurnStep>,
    /// How many events the pool has had; `expected_seq` of a swap.
    seq: i64,
    /// The hash of the last event: SHA-256 over the one before and the event's canonical bytes.
    head: String,
    created_at: String,
}

/// What reaching a stage burns.
#[derive(Debug, Serialize, ToSchema)]
struct BurnStep {
    /// The stage that is reached, 2 to 4.
    stage: u8,
    amount: AmountNumber,
    amount_units: String,
}

/// A pool to be made. The pair is named by ids or by symbols.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreatePoolRequest {
    token_a_id: Option<i64>,
    token_b_id: Option<i64>,
    symbol_a: Option<String>,
    symbol_b: Option<String>,
    reserve_a: Option<AmountText>,
    reserve_b: Option<AmountText>,
    /// 30 when missing.
    fee_bps_base: Option<u16>,
    stage1_threshold: Option<AmountText>,
    stage2_threshold: Option<AmountText>,
    stage3_threshold: Option<AmountText>,
    burn_token_id: Option<i64>,
    burn_stage1_amount: Option<AmountText>,
    burn_stage2_amount: Option<AmountText>,
    burn_stage3_amount: Option<AmountText>,
    burn_stage4_amount: Option<AmountText>,
}

/// The fee of the first stage when none is asked for, in basis points.
const FEE_BPS_DEFAULT: u16 = 30;

fn maybe(units: Option<Units>, decimals: Decimals) -> (Option<AmountNumber>, Option<String>) {
    units.map(|units| both(units, decimals)).unzip()
}

impl PoolObject {
    pub(super) fn new(record: &PoolRecord) -> Self {
        let (params, state) = (record.pool.params(), record.pool.state());
        let (a, b) = (record.token_a.decimals, record.token_b.decimals);
        let burn = record.burn_token.as_ref().map_or(a, |token| token.decimals);
        let (reserve_a, reserve_a_units) = both(state.reserve_a, a);
        let (reserve_b, reserve_b_units) = both(state.reserve_b, b);
        let (cumulative_volume_a, cumulative_volume_a_units) = both(state.volume_a, a);
        let (cumulative_volume_b, cumulative_volume_b_units) = both(state.volume_b, b);
        let (fee_accum_a, fee_accum_a_units) = both(state.fees_a, a);
        let (fee_accum_b, fee_accum_b_units) = both(state.fees_b, b);
        let [threshold_1, threshold_2, threshold_3] = params.thresholds;
        let (stage1_threshold, stage1_threshold_units) = maybe(threshold_1, a);
        let (stage2_threshold, stage2_threshold_units) = maybe(threshold_2, a);
        let (stage3_threshold, stage3_threshold_units) = maybe(threshold_3, a);
        let [burn_1, burn_2, burn_3, burn_4] = params.burns;
        let (burn_stage1_amount, burn_stage1_amount_units) = maybe(burn_1, burn);
        let (burn_stage2_amount, burn_stage2_amount_units) = maybe(burn_2, burn);
        let (burn_stage3_amount, burn_stage3_amount_units) = maybe(burn_3, burn);
        let (burn_stage4_amount, burn_stage4_amount_units) = maybe(burn_4, burn);
        Self {
            id: record.id,
            token_a_id: record.token_a.id.0,
            token_b_id: record.token_b.id.0,
            symbol_a: record.token_a.symbol.clone(),
            symbol_b: record.token_b.symbol.clone(),
            decimals_a: a.get(),
            decimals_b: b.get(),
            reserve_a,
            reserve_a_units,
            reserve_b,
            reserve_b_units,
            fee_bps: fee_bps(record.pool.fee_rate()),
            fee_bps_base: params.fee_bps_base,
            stage: state.stage.get(),
            cumulative_volume_a,
            cumulative_volume_a_units,
            cumulative_volume_b,
            cumulative_volume_b_units,
            fee_accum_a,
            fee_accum_a_units,
            fee_accum_b,
            fee_accum_b_units,
            stage1_threshold,
            stage1_threshold_units,
            stage2_threshold,
            stage2_threshold_units,
            stage3_threshold,
            stage3_threshold_units,
            burn_token_id: record.burn_token.as_ref().map(|token| token.id.0),
            burn_symbol: record.burn_token.as_ref().map(|token| token.symbol.clone()),
            burn_decimals: record.burn_token.as_ref().map(|token| token.decimals.get()),
            burn_stage1_amount,
            burn_stage1_amount_units,
            burn_stage2_amount,
            burn_stage2_amount_units,
            burn_stage3_amount,
            burn_stage3_amount_units,
            burn_stage4_amount,
            burn_stage4_amount_units,
            burn_schedule: burn_schedule(record),
            seq: record.seq,
            head: hex::encode_lower(&record.head),
            created_at: iso_micros(record.created_at_ms),
        }
    }
}

/// The crossings that exist and burn something.
fn burn_schedule(record: &PoolRecord) -> Vec<BurnStep> {
    let Some(token) = &record.burn_token else { return Vec::new() };
    let schedule =
        record.pool.burn_schedule().amounts().iter().zip(&record.pool.params().thresholds).zip(2_u8..);
    schedule
        .filter(|((amount, threshold), _)| threshold.is_some() && !amount.is_zero())
        .map(|((amount, _), stage)| {
            let (amount, amount_units) = both(*amount, token.decimals);
            BurnStep { stage, amount, amount_units }
        })
        .collect()
}

/// Pools, by ascending number.
#[utoipa::path(
    get, path = "/api/amm/pools", tag = "pools", params(PoolPage),
    responses(
        (status = 200, body = PoolList),
        (status = 400, body = ErrorBody, description = "`invalid_limit`, `invalid_query`"),
    ),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    QueryParams(page): QueryParams<PoolPage>,
) -> Result<Json<PoolList>, ApiError> {
    let limit = page.limit.get();
    let pools = app.pools.list(i64::from(page.after_id), limit).await?;
    let next_after_id = pools.last().map(|pool| pool.id).filter(|_| pools.len() == usize::from(limit));
    Ok(Json(PoolList { items: pools.iter().map(PoolObject::new).collect(), next_after_id }))
}

/// One pool.
#[utoipa::path(
    get, path = "/api/amm/pools/{id}", tag = "pools", params(("id" = i64, Path)),
    responses((status = 200, body = PoolObject), (status = 404, body = ErrorBody, description = "`pool_not_found`")),
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<i64>,
) -> Result<Json<PoolObject>, ApiError> {
    let record = app.pools.find(id).await?.ok_or_else(pool_not_found)?;
    Ok(Json(PoolObject::new(&record)))
}

/// Make a pool (administrators).
#[utoipa::path(
    post, path = "/api/amm/pools", tag = "pools", security(("bearer" = [])), request_body = CreatePoolRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats get the first answer")),
    responses(
        (status = 201, body = PoolObject),
        (status = 400, body = ErrorBody, description = "`token_ids_required`, `same_token`, `invalid_reserve`, \
            `invalid_fee`, `invalid_thresholds`, `invalid_burns`, `burn_token_required`, `asset_not_issuable`, \
            and why an amount cannot be read"),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody, description = "`forbidden`"),
        (status = 404, body = ErrorBody, description = "`token_a_not_found`, `token_b_not_found`, `burn_token_not_found`"),
        (status = 422, body = ErrorBody, description = "`idempotency_key_reused`"),
    ),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Admin(actor): Admin,
    key: IdempotencyKey,
    RawQuery(query): RawQuery,
    JsonWithRaw { value: request, raw }: JsonWithRaw<CreatePoolRequest>,
) -> Result<Response, ApiError> {
    let new = new_pool(&app, &request).await?;
    let principal = actor.user.id.to_string();
    let claim = key.claim(principal, "POST /api/amm/pools", query.as_deref().unwrap_or_default(), &raw);
    let creation = Creation { admin: &actor.user, claim, render: render_created };
    let (answer, is_replayed) = app.pools.create(&new, &creation).await?;
    Ok(answer.into_response(is_replayed))
}

fn render_created(record: &PoolRecord) -> Result<StoredAnswer, serde_json::Error> {
    let body = serde_json::to_vec(&PoolObject::new(record))?;
    Ok(StoredAnswer { status: StatusCode::CREATED, body: body.into() })
}

async fn new_pool(app: &App, request: &CreatePoolRequest) -> Result<NewPool, ApiError> {
    let token_a = token(app, request.token_a_id, request.symbol_a.as_deref(), "token_a_not_found").await?;
    let token_b = token(app, request.token_b_id, request.symbol_b.as_deref(), "token_b_not_found").await?;
    let burn_token = match request.burn_token_id {
        Some(id) => Some(token(app, Some(id), None, "burn_token_not_found").await?),
        None => None,
    };
    let (a, b) = (token_a.decimals, token_b.decimals);
    let read = |text: &Option<AmountText>, decimals, field| amount(text.as_ref(), decimals, field);
    let reserve_a = read(&request.reserve_a, a, "invalid_reserve_a")?;
    let reserve_b = read(&request.reserve_b, b, "invalid_reserve_b")?;
    let thresholds = [
        read(&request.stage1_threshold, a, "invalid_stage1_threshold")?,
        read(&request.stage2_threshold, a, "invalid_stage2_threshold")?,
        read(&request.stage3_threshold, a, "invalid_stage3_threshold")?,
    ];
    let params = PoolParams {
        reserve_a: super::required(reserve_a, "reserve_a", "invalid_reserve")?,
        reserve_b: super::required(reserve_b, "reserve_b", "invalid_reserve")?,
        fee_bps_base: request.fee_bps_base.unwrap_or(FEE_BPS_DEFAULT),
        thresholds,
        burns: burns(request, burn_token.as_ref())?,
    };
    Ok(NewPool { token_a, token_b, burn_token, params })
}

fn burns(request: &CreatePoolRequest, token: Option<&Asset>) -> Result<[Option<Units>; 4], ApiError> {
    let texts = [
        (&request.burn_stage1_amount, "invalid_burn_stage1_amount"),
        (&request.burn_stage2_amount, "invalid_burn_stage2_amount"),
        (&request.burn_stage3_amount, "invalid_burn_stage3_amount"),
        (&request.burn_stage4_amount, "invalid_burn_stage4_amount"),
    ];
    let Some(token) = token else {
        if texts.iter().any(|(text, _)| text.is_some()) {
            let message = "Burn amounts need a `burn_token_id`; without a token nothing can burn.";
            return Err(ApiError::bad_request("burn_token_required", message));
        }
        return Ok([None; 4]);
    };
    let mut burns = [None; 4];
    for (burn, (text, field)) in burns.iter_mut().zip(texts) {
        *burn = amount(text.as_ref(), token.decimals, field)?;
    }
    Ok(burns)
}

fn amount(
    text: Option<&AmountText>,
    decimals: Decimals,
    seed_code: &'static str,
) -> Result<Option<Units>, ApiError> {
    text.map(|text| text.units(decimals).map_err(|error| invalid(seed_code, &error))).transpose()
}

async fn token(
    app: &App,
    id: Option<i64>,
    symbol: Option<&str>,
    not_found: &'static str,
) -> Result<Asset, ApiError> {
    let found = match (id, symbol) {
        (Some(id), _) => app.ledger.find_asset(AssetId(id)).await?,
        (None, Some(symbol)) => app.ledger.find_asset_by_symbol(symbol).await?,
        (None, None) => {
            let message =
                "Name both tokens, by `token_a_id` and `token_b_id` or by `symbol_a` and `symbol_b`.";
            return Err(ApiError::bad_request("token_ids_required", message));
        }
    };
    found.ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, not_found, "There is no such token; GET /api/tokens lists them.")
    })
}
