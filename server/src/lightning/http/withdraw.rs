//! Withdrawals: asked for, looked at, listed.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sats::SatsField;
use super::{ListPage, id_or, withdrawal_not_found};
use crate::app::App;
use crate::http::idempotency::{IdempotencyKey, StoredAnswer};
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::http::{ApiError, JsonWithRaw, PathParam, QueryParams};
use crate::identity::User;
use crate::lightning::{Step, WithdrawRequest, Withdrawal, WithdrawalStatus};
use crate::session::Actor;

/// Which invoice to pay. The amount is said twice, so that nobody pays another one than they read.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct WithdrawBody {
    /// The BOLT11 text, with or without `lightning:`.
    bolt11: Option<String>,
    /// Whole sats; exactly what the invoice asks for.
    amount_sats: Option<SatsField>,
    /// Another name of `amount_sats`.
    amount: Option<SatsField>,
}

/// A withdrawal as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WithdrawalObject {
    id: String,
    user_id: i64,
    amount_sats: u64,
    /// What the network took, in sats rounded up; null until it is known.
    fee_sats: Option<u64>,
    /// `pending`, `confirmed` or `failed`.
    status: &'static str,
    /// When it was decided.
    processed_at: Option<String>,
    created_at: String,
    /// Within `pending`: `reserved` (nothing was sent yet), `sent`, `unknown` (the provider does not say what became of
    /// it; the money stays set aside until it does); else `done`.
    progress: &'static str,
    /// What it means, in a sentence.
    detail: &'static str,
    /// Why it failed, as a stable code.
    failure: Option<String>,
    payment_request: String,
    payment_hash: String,
    /// The fee exactly, in msat.
    fee_msat: Option<String>,
    /// The most that the fee may cost, in sats, rounded down.
    fee_cap_sats: u64,
    /// Whether it went to another user of this server, without the network.
    settled_inside: bool,
}

/// A page of withdrawals.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WithdrawalList {
    items: Vec<WithdrawalObject>,
    /// `before` of the next page; null on the last.
    next_before: Option<String>,
}

impl WithdrawalObject {
    fn new(withdrawal: &Withdrawal, user: &User) -> Self {
        Self {
            id: withdrawal.id.to_string(),
            user_id: user.number,
            amount_sats: withdrawal.amount_sats(),
            fee_sats: withdrawal.fee_sats(),
            status: withdrawal.status.as_str(),
            processed_at: withdrawal.processed_at_ms.map(iso_micros),
            created_at: iso_micros(withdrawal.created_at_ms),
            progress: withdrawal.step.as_str(),
            detail: detail(withdrawal),
            failure: withdrawal.failure.clone(),
            payment_request: withdrawal.payment_request.clone(),
            payment_hash: withdrawal.payment_hash.to_string(),
            fee_msat: withdrawal.fee_msat.map(|msat| msat.to_string()),
            fee_cap_sats: withdrawal.fee_cap_msat / 1_000,
            settled_inside: withdrawal.is_inside(),
        }
    }
}

fn detail(withdrawal: &Withdrawal) -> &'static str {
    match (withdrawal.status, withdrawal.step) {
        (WithdrawalStatus::Confirmed, _) => "Paid.",
        (WithdrawalStatus::Failed, _) => "Not paid; your sats were given back.",
        (WithdrawalStatus::Pending, Step::Unknown) => {
            "Sent, but the provider has not said what became of it. Your sats stay set aside until it does; do not pay \
             this invoice from elsewhere meanwhile."
        }
        (WithdrawalStatus::Pending, Step::Sent) => "On its way.",
        (WithdrawalStatus::Pending, Step::Reserved | Step::Done) => {
            "Your sats are set aside; the payment is about to be sent."
        }
    }
}

/// Pay an invoice from your balance.
///
/// Amount and fee cap are set aside first; what the fee does not use comes back. The same invoice again pays nothing and
/// gets the first withdrawal.
#[utoipa::path(
    post, path = "/api/lightning/withdraw", tag = "lightning", security(("bearer" = [])), request_body = WithdrawBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats get the first withdrawal, as it stands")),
    responses(
        (status = 201, body = WithdrawalObject),
        (status = 400, body = ErrorBody,
            description = "`invalid_bolt11`, `amount_required`, `invalid_amount`, `amount_must_be_positive`, \
                `invoice_forged`, `network_mismatch`, `amountless_invoice`, `amount_mismatch`, `invoice_expired`, `self_payment`, \
                `amount_over_limit`, `daily_limit_reached`, `insufficient_funds`, `fee_over_cap`"),
        (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "`invoice_already_paid`, `conflict`"),
        (status = 422, body = ErrorBody, description = "`idempotency_key_reused`"),
        (status = 500, body = ErrorBody, description = "`lightning_not_configured`, `lightning_wallet_changed`"),
        (status = 502, body = ErrorBody, description = "`withdraw_failed`, `lnbits_error`, `lnbits_unreachable`"),
    ),
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    actor: Actor,
    key: IdempotencyKey,
    RawQuery(query): RawQuery,
    JsonWithRaw { value: body, raw }: JsonWithRaw<WithdrawBody>,
) -> Result<Response, ApiError> {
    let bolt11 = body.bolt11.as_deref().map(str::trim).filter(|text| !text.is_empty()).ok_or_else(|| {
        ApiError::bad_request("invalid_bolt11", "`bolt11` takes the invoice that is to be paid.")
    })?;
    let amount_sats = SatsField::sats(body.amount_sats.as_ref().or(body.amount.as_ref()))?;
    let principal = actor.user.id.to_string();
    let claim =
        key.claim(principal, "POST /api/lightning/withdraw", query.as_deref().unwrap_or_default(), &raw);
    let request = WithdrawRequest { user: &actor.user, bolt11, amount_sats, claim };
    let done = app.lightning.withdraw(&request).await?;
    let body = serde_json::to_vec(&WithdrawalObject::new(&done.withdrawal, &actor.user));
    let body = body.map_err(ApiError::internal)?.into();
    Ok(StoredAnswer { status: StatusCode::CREATED, body }.into_response(done.is_replayed))
}

/// A withdrawal of yours; one that is not decided is looked up at the provider first.
#[utoipa::path(
    get, path = "/api/lightning/withdrawals/{id}", tag = "lightning", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = WithdrawalObject),
        (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody, description = "`withdrawal_not_found`"),
    ),
)]
pub(super) async fn withdrawal(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<String>,
) -> Result<Json<WithdrawalObject>, ApiError> {
    let id = id_or(&id, withdrawal_not_found)?;
    let found = app.lightning.withdrawal(actor.user.id, id).await?.ok_or_else(withdrawal_not_found)?;
    Ok(Json(WithdrawalObject::new(&found, &actor.user)))
}

/// Your withdrawals, newest first.
#[utoipa::path(
    get, path = "/api/lightning/withdrawals", tag = "lightning", security(("bearer" = [])), params(ListPage),
    responses(
        (status = 200, body = WithdrawalList),
        (status = 400, body = ErrorBody, description = "`invalid_limit`, `invalid_query`"),
        (status = 401, body = ErrorBody),
    ),
)]
pub(super) async fn withdrawals(
    State(app): State<Arc<App>>,
    actor: Actor,
    QueryParams(page): QueryParams<ListPage>,
) -> Result<Json<WithdrawalList>, ApiError> {
    let limit = page.limit.get();
    let withdrawals = app.lightning.withdrawals(actor.user.id, page.before, limit).await?;
    let is_full = withdrawals.len() == usize::from(limit);
    let next_before = withdrawals.last().filter(|_| is_full).map(|withdrawal| withdrawal.id.to_string());
    let items = withdrawals.iter().map(|row| WithdrawalObject::new(row, &actor.user)).collect();
    Ok(Json(WithdrawalList { items, next_before }))
}
