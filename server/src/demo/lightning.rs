//! What stands in for the rest of the Lightning network in a demo: anybody may pay the node's invoices, and there is
//! somebody elsewhere who wants to be paid.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use postfun_core::bolt11::{Draft, Network};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::http::{ApiError, JsonBody};
use crate::id::random;
use crate::keys;
use crate::lightning::PaymentHash;
use crate::lightning::simulated::fault::PayFault;
use crate::lightning::simulated::{Decision, Settle, Simulated};
use crate::session::Actor;

/// Names the key of the somebody elsewhere.
const KEY_LABEL: &str = "postfun/demo-payee/v1";
/// For how long their invoices can be paid, in seconds.
const EXPIRY_S: u64 = 3_600;
/// The most that they ask for, in sats.
const AMOUNT_SATS_MAX: u64 = 100_000_000;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct PaymentRef {
    payment_hash: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Settled {
    /// False when it was paid before.
    settled_now: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct InvoiceRequest {
    /// Whole sats.
    #[schema(minimum = 1)]
    amount_sats: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ForeignInvoice {
    payment_request: String,
    payment_hash: String,
    amount_sats: u64,
    expires_at: String,
}

/// What goes wrong with the next withdrawal.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Trouble {
    /// It is refused for good.
    Refuse,
    /// It is paid, and the answer is lost.
    AnswerLost,
    /// It never arrives.
    OrderLost,
    /// It stays on its way until it is decided.
    Hang,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct TroubleRequest {
    next_payment: Trouble,
}

/// How a payment ends that stays on its way.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    /// Paid.
    Settle,
    /// Not paid.
    Fail,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DecisionRequest {
    payment_hash: String,
    end: End,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    ok: bool,
}

fn node(app: &App) -> Result<&Simulated, ApiError> {
    app.simulated_node.as_deref().ok_or_else(|| {
        let message = "This demo has no simulated Lightning node.";
        ApiError::new(StatusCode::NOT_FOUND, "route_not_found", message)
    })
}

fn hash(text: &str) -> Result<PaymentHash, ApiError> {
    text.parse().map_err(|_malformed| {
        ApiError::bad_request("invalid_payment_hash", "`payment_hash` takes 64 hexadecimal digits.")
    })
}

fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "invoice_not_found", "The node knows no such payment.")
}

/// Pay an invoice of this server as somebody from outside would; no sat is worth anything here.
#[utoipa::path(
    post, path = "/api/demo/lightning/settle", tag = "demo", security(("bearer" = [])), request_body = PaymentRef,
    responses(
        (status = 200, body = Settled),
        (status = 400, body = ErrorBody, description = "`invalid_payment_hash`, `invoice_expired`"),
        (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody, description = "`invoice_not_found`"),
    ),
)]
pub(super) async fn settle(
    State(app): State<Arc<App>>,
    _actor: Actor,
    JsonBody(request): JsonBody<PaymentRef>,
) -> Result<Json<Settled>, ApiError> {
    let hash = hash(&request.payment_hash)?;
    let settled_now = match node(&app)?.settle(hash).await? {
        Settle::Now => true,
        Settle::Before => false,
        Settle::Expired => {
            return Err(ApiError::bad_request("invoice_expired", "This invoice can no longer be paid."));
        }
        Settle::Missing => return Err(not_found()),
    };
    // As a provider's webhook would.
    app.lightning.hint(hash).await?;
    Ok(Json(Settled { settled_now }))
}

/// Ask somebody elsewhere for an invoice, to have something to pay.
#[utoipa::path(
    post, path = "/api/demo/lightning/invoice", tag = "demo", security(("bearer" = [])), request_body = InvoiceRequest,
    responses(
        (status = 201, body = ForeignInvoice),
        (status = 400, body = ErrorBody, description = "`invalid_amount`, `invalid_field`"),
        (status = 401, body = ErrorBody),
    ),
)]
pub(super) async fn invoice(
    State(app): State<Arc<App>>,
    _actor: Actor,
    JsonBody(request): JsonBody<InvoiceRequest>,
) -> Result<(StatusCode, Json<ForeignInvoice>), ApiError> {
    let _node = node(&app)?;
    if !(1..=AMOUNT_SATS_MAX).contains(&request.amount_sats) {
        let message = format!("`amount_sats` takes 1 to {AMOUNT_SATS_MAX}.");
        return Err(ApiError::bad_request("invalid_amount", message));
    }
    let payment_hash: [u8; 32] = random(app.entropy.as_ref());
    let now_s = app.clock.now_s();
    let draft = Draft {
        network: Network::Regtest,
        amount_msat: Some(request.amount_sats * 1_000),
        timestamp_s: u64::try_from(now_s).unwrap_or(0),
        expires_in_s: EXPIRY_S,
        payment_hash,
        payment_secret: random(app.entropy.as_ref()),
        description: "Something bought elsewhere",
    };
    let key = keys::signing_key(&app.config.tokens.secret, KEY_LABEL);
    let payment_request = draft.sign(&key).map_err(ApiError::internal)?;
    let expires_at_ms = now_s.saturating_add(i64::try_from(EXPIRY_S).unwrap_or(0)).saturating_mul(1_000);
    let invoice = ForeignInvoice {
        payment_request,
        payment_hash: PaymentHash::from_bytes(payment_hash).to_string(),
        amount_sats: request.amount_sats,
        expires_at: iso_micros(expires_at_ms),
    };
    Ok((StatusCode::CREATED, Json(invoice)))
}

/// Have something go wrong with the next withdrawal, in this process.
#[utoipa::path(
    post, path = "/api/demo/lightning/trouble", tag = "demo", security(("bearer" = [])), request_body = TroubleRequest,
    responses((status = 200, body = Done), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)),
)]
pub(super) async fn trouble(
    State(app): State<Arc<App>>,
    _actor: Actor,
    JsonBody(request): JsonBody<TroubleRequest>,
) -> Result<Json<Done>, ApiError> {
    let fault = match request.next_payment {
        Trouble::Refuse => PayFault::Refuse,
        Trouble::AnswerLost => PayFault::LostAfter,
        Trouble::OrderLost => PayFault::LostBefore,
        Trouble::Hang => PayFault::Hang,
    };
    node(&app)?.faults().plan_pay([fault]);
    Ok(Json(Done { ok: true }))
}

/// End a payment that stays on its way.
#[utoipa::path(
    post, path = "/api/demo/lightning/decide", tag = "demo", security(("bearer" = [])), request_body = DecisionRequest,
    responses(
        (status = 200, body = Done),
        (status = 400, body = ErrorBody, description = "`invalid_payment_hash`"),
        (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody, description = "`invoice_not_found`"),
    ),
)]
pub(super) async fn decide(
    State(app): State<Arc<App>>,
    _actor: Actor,
    JsonBody(request): JsonBody<DecisionRequest>,
) -> Result<Json<Done>, ApiError> {
    let decision = match request.end {
        End::Settle => Decision::Settle,
        End::Fail => Decision::Fail,
    };
    let is_known = node(&app)?.decide(hash(&request.payment_hash)?, decision).await?;
    if is_known { Ok(Json(Done { ok: true })) } else { Err(not_found()) }
}
