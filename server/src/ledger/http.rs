//! Tokens, balances and airdrops: routes of seed 000 that are about holding, not about swapping.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use postfun_core::amount::Units;
use postfun_core::encoding::hex;
use postfun_core::nostr::npub;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Airdrop, AirdropError, Asset, AssetId, Balance, Holdings, LedgerError};
use crate::app::App;
use crate::http::amount::{AmountNumber, AmountText};
use crate::http::idempotency::StoredAnswer;
use crate::http::schema::ErrorBody;
use crate::http::{ApiError, IdempotencyKey, JsonWithRaw};
use crate::identity::{User, UserRef};
use crate::session::{Actor, Admin};

/// Millisatoshis, the base unit of bitcoin here, in a sat.
const MSAT_PER_SAT: u64 = 1_000;

#[derive(Debug, Serialize, ToSchema)]
struct TokenList {
    items: Vec<TokenObject>,
}

/// A token that pools trade.
#[derive(Debug, Serialize, ToSchema)]
struct TokenObject {
    id: i64,
    symbol: String,
    name: String,
    /// One token is 10^decimals base units.
    decimals: u8,
}

/// What a user holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceList {
    items: Vec<BalanceObject>,
}

#[derive(Debug, Serialize, ToSchema)]
struct BalanceObject {
    token_id: i64,
    symbol: String,
    name: String,
    decimals: u8,
    /// What can be spent, in tokens.
    amount: AmountNumber,
    /// The same in base units.
    amount_units: String,
    /// What is set aside, in tokens.
    held: AmountNumber,
    /// The same in base units.
    held_units: String,
}

/// A gift to a user: whom by one of the three targets, what by id or symbol.
#[derive(Debug, Deserialize, ToSchema)]
struct AirdropRequest {
    target_user_id: Option<i64>,
    target_pubkey: Option<String>,
    target_npub: Option<String>,
    token_id: Option<i64>,
    symbol: Option<String>,
    amount: AmountText,
}

#[derive(Debug, Serialize, ToSchema)]
struct AirdropResponse {
    token_id: i64,
    symbol: String,
    user_id: i64,
    amount: AmountNumber,
    amount_units: String,
    /// What the user can spend now.
    balance: AmountNumber,
    balance_units: String,
}

/// All that a user holds, as the event `balances` of their stream tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldingsObject {
    /// Grows with every change of any balance.
    revision: i64,
    /// Every token that pools trade; zeros are listed too.
    items: Vec<BalanceObject>,
    btc: Option<BitcoinObject>,
}

/// What a user holds of bitcoin.
#[derive(Debug, Serialize, ToSchema)]
struct BitcoinObject {
    /// What can be spent, rounded down to whole sats.
    balance_sats: u64,
    /// The same in millisatoshis, exact.
    balance_msats: String,
    /// What is set aside, in millisatoshis.
    held_msats: String,
}

impl From<Holdings> for HoldingsObject {
    fn from(holdings: Holdings) -> Self {
        let btc = holdings.btc.map(|balance| BitcoinObject {
            balance_sats: balance.available.get() / MSAT_PER_SAT,
            balance_msats: balance.available.get().to_string(),
            held_msats: balance.held.get().to_string(),
        });
        let items = holdings.tokens.into_iter().map(BalanceObject::from).collect();
        Self { revision: holdings.revision, items, btc }
    }
}

impl From<Balance> for BalanceObject {
    fn from(balance: Balance) -> Self {
        let decimals = balance.asset.decimals;
        Self {
            token_id: balance.asset.id.0,
            symbol: balance.asset.symbol,
            name: balance.asset.name,
            decimals: decimals.get(),
            amount: AmountNumber::new(balance.available, decimals),
            amount_units: balance.available.get().to_string(),
            held: AmountNumber::new(balance.held, decimals),
            held_units: balance.held.get().to_string(),
        }
    }
}

impl From<Vec<Balance>> for BalanceList {
    fn from(balances: Vec<Balance>) -> Self {
        Self { items: balances.into_iter().map(BalanceObject::from).collect() }
    }
}

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(tokens)).routes(routes!(balances)).routes(routes!(airdrop))
}

/// Every token that pools trade.
#[utoipa::path(get, path = "/api/tokens", tag = "tokens", responses((status = 200, body = TokenList)))]
async fn tokens(State(app): State<Arc<App>>) -> Result<Json<TokenList>, ApiError> {
    let listed = app.ledger.assets().await?.into_iter().filter(|asset| asset.is_listed);
    let items = listed
        .map(|asset| TokenObject {
            id: asset.id.0,
            symbol: asset.symbol,
            name: asset.name,
            decimals: asset.decimals.get(),
        })
        .collect();
    Ok(Json(TokenList { items }))
}

/// What the caller holds of every token; zeros are listed too.
#[utoipa::path(
    get, path = "/api/amm/balances", tag = "tokens", security(("bearer" = [])),
    responses((status = 200, body = BalanceList), (status = 401, body = ErrorBody)),
)]
async fn balances(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<BalanceList>, ApiError> {
    Ok(Json(app.ledger.balances_of_user(actor.user.id).await?.into()))
}

/// Give a user tokens that the server may issue (administrators).
#[utoipa::path(
    post, path = "/api/amm/airdrop", tag = "tokens", security(("bearer" = [])), request_body = AirdropRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats get the first answer")),
    responses(
        (status = 201, body = AirdropResponse),
        (status = 400, body = ErrorBody, description = "`target_required`, `invalid_pubkey`, `token_required`, `invalid_amount`, \
            `asset_not_issuable`, `balance_too_large`"),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody, description = "`forbidden`"),
        (status = 404, body = ErrorBody, description = "`user_not_found`, `token_not_found`"),
        (status = 422, body = ErrorBody, description = "`idempotency_key_reused`"),
    ),
)]
async fn airdrop(
    State(app): State<Arc<App>>,
    Admin(actor): Admin,
    key: IdempotencyKey,
    RawQuery(query): RawQuery,
    JsonWithRaw { value: request, raw }: JsonWithRaw<AirdropRequest>,
) -> Result<Response, ApiError> {
    let to = target(&app, &request).await?;
    let asset = asset(&app, &request).await?;
    let amount = request.amount.units(asset.decimals).map_err(|error| invalid_amount(&error))?;
    if amount.is_zero() {
        return Err(ApiError::bad_request("amount_must_be_positive", "The amount must be above zero."));
    }
    let principal = actor.user.id.to_string();
    let claim = key.claim(principal, "POST /api/amm/airdrop", query.as_deref().unwrap_or_default(), &raw);
    let airdrop = Airdrop { admin: &actor.user, to: &to, asset, amount, claim, render: render_airdrop };
    let (answer, is_replayed) = app.ledger.airdrop(&airdrop).await?;
    Ok(answer.into_response(is_replayed))
}

fn render_airdrop(airdrop: &Airdrop<'_>, balance: Units) -> Result<StoredAnswer, serde_json::Error> {
    let decimals = airdrop.asset.decimals;
    let body = serde_json::to_vec(&AirdropResponse {
        token_id: airdrop.asset.id.0,
        symbol: airdrop.asset.symbol.clone(),
        user_id: airdrop.to.number,
        amount: AmountNumber::new(airdrop.amount, decimals),
        amount_units: airdrop.amount.get().to_string(),
        balance: AmountNumber::new(balance, decimals),
        balance_units: balance.get().to_string(),
    })?;
    Ok(StoredAnswer { status: StatusCode::CREATED, body: body.into() })
}

async fn target(app: &App, request: &AirdropRequest) -> Result<User, ApiError> {
    let AirdropRequest { target_user_id, target_pubkey, target_npub, .. } = request;
    let user = match (target_user_id, target_pubkey, target_npub) {
        (Some(number), None, None) => UserRef::Number(*number),
        (None, Some(key), None) => {
            // Either case, as in `/auth/challenge`.
            let key = key.to_ascii_lowercase();
            hex::decode_array::<32>(&key).map_err(|_malformed| invalid_pubkey())?;
            UserRef::Nostr(key)
        }
        (None, None, Some(npub)) => {
            let key = npub::decode(npub).map_err(|_malformed| invalid_pubkey())?;
            UserRef::Nostr(hex::encode_lower(&key))
        }
        _ => {
            let message = "Name one of `target_user_id`, `target_pubkey` and `target_npub`.";
            return Err(ApiError::bad_request("target_required", message));
        }
    };
    app.identities.find_by_ref(&user).await?.ok_or_else(|| {
        let message = "There is no such user; they must sign in once.";
        ApiError::new(StatusCode::NOT_FOUND, "user_not_found", message)
    })
}

fn invalid_pubkey() -> ApiError {
    let message = "`target_pubkey` takes 64 hex digits, `target_npub` the same key in bech32.";
    ApiError::bad_request("invalid_pubkey", message)
}

async fn asset(app: &App, request: &AirdropRequest) -> Result<Asset, ApiError> {
    let found = match (request.token_id, &request.symbol) {
        (Some(id), None) => app.ledger.find_asset(AssetId(id)).await?,
        (None, Some(symbol)) => app.ledger.find_asset_by_symbol(symbol).await?,
        _ => return Err(ApiError::bad_request("token_required", "Name one of `token_id` and `symbol`.")),
    };
    found.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "token_not_found",
            "There is no such token; GET /api/tokens lists them.",
        )
    })
}

/// An amount that could not be read; the seed's code is the same for every reason.
pub(crate) fn invalid_amount(error: &postfun_core::amount::AmountError) -> ApiError {
    ApiError::bad_request(error.code(), format!("The amount is not possible: {error}."))
        .seed_code("invalid_amount")
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::InsufficientBalance => {
                Self::bad_request("insufficient_balance", "Your balance is smaller than the amount.")
            }
            LedgerError::BalanceTooLarge => {
                Self::bad_request("balance_too_large", "The balance would pass the largest amount there is.")
            }
            LedgerError::NotIssuable => Self::bad_request(
                "asset_not_issuable",
                "This asset can be withdrawn, so it is never made from nothing.",
            ),
            LedgerError::NotExecuted => {
                let message = "Nothing was carried out; try again.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_executed", message).retry_after_s(1)
            }
            LedgerError::OutcomeUnknown => {
                let message = "The database did not answer, so it is not known whether this was carried out. Look before \
                               you try again, or repeat it with the same Idempotency-Key.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", message).retry_after_s(5)
            }
            LedgerError::Database(error) => error.into(),
            LedgerError::Unbalanced { .. }
            | LedgerError::EmptyLeg
            | LedgerError::KeyReused { .. }
            | LedgerError::AccountMissing
            | LedgerError::HoldMissing
            | LedgerError::HoldNotOpen
            | LedgerError::HoldTooSmall
            | LedgerError::HoldUnused => Self::internal(error),
        }
    }
}

impl From<AirdropError> for ApiError {
    fn from(error: AirdropError) -> Self {
        match error {
            AirdropError::KeyReused(error) => error.into(),
            AirdropError::Ledger(error) => error.into(),
            AirdropError::Render(error) => Self::internal(error),
        }
    }
}
