//! Invoices: made, looked at, listed.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sats::SatsField;
use super::{ListPage, id_or, invoice_not_found};
use crate::app::App;
use crate::http::idempotency::{IdempotencyKey, StoredAnswer};
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::http::{ApiError, JsonWithRaw, PathParam, QueryParams};
use crate::identity::User;
use crate::lightning::{Deposit, Invoice, InvoiceStatus};
use crate::session::Actor;

/// The longest memo, in bytes: what a BOLT11 description holds.
const MEMO_MAX: usize = 639;

/// What to ask a payer for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DepositRequest {
    /// Whole sats.
    amount_sats: Option<SatsField>,
    /// What the payer reads; at most 639 bytes.
    memo: Option<String>,
}

/// An invoice as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvoiceObject {
    id: String,
    user_id: i64,
    amount_sats: u64,
    memo: Option<String>,
    /// The BOLT11 text.
    payment_request: String,
    payment_hash: String,
    /// `pending`, `paid` or `expired`.
    status: &'static str,
    /// Whether the balance was raised.
    credited: bool,
    expires_at: String,
    paid_at: Option<String>,
    created_at: String,
}

/// A page of invoices.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvoiceList {
    items: Vec<InvoiceObject>,
    /// `before` of the next page; null on the last.
    next_before: Option<String>,
}

impl InvoiceObject {
    fn new(invoice: &Invoice, user: &User) -> Self {
        Self {
            id: invoice.id.to_string(),
            user_id: user.number,
            amount_sats: invoice.amount_sats(),
            memo: invoice.memo.clone(),
            payment_request: invoice.payment_request.clone(),
            payment_hash: invoice.payment_hash.to_string(),
            status: invoice.status.as_str(),
            credited: invoice.status == InvoiceStatus::Paid,
            expires_at: iso_micros(invoice.expires_at_ms),
            paid_at: invoice.paid_at_ms.map(iso_micros),
            created_at: iso_micros(invoice.created_at_ms),
        }
    }
}

/// Ask for an invoice; once it is paid, its amount is yours.
#[utoipa::path(
    post, path = "/api/lightning/deposit", tag = "lightning", security(("bearer" = [])), request_body = DepositRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats get the first answer")),
    responses(
        (status = 201, body = InvoiceObject),
        (status = 400, body = ErrorBody,
            description = "`amount_required`, `invalid_amount`, `amount_must_be_positive`, `amount_over_limit`, `memo_too_long`, `invalid_memo`"),
        (status = 401, body = ErrorBody),
        (status = 422, body = ErrorBody, description = "`idempotency_key_reused`"),
        (status = 429, body = ErrorBody, description = "`too_many_invoices`"),
        (status = 500, body = ErrorBody, description = "`lightning_not_configured`, `lightning_wallet_changed`"),
        (status = 502, body = ErrorBody, description = "`lnbits_error`, `lnbits_unreachable`, `lnbits_bad_response`"),
    ),
)]
pub(super) async fn deposit(
    State(app): State<Arc<App>>,
    actor: Actor,
    key: IdempotencyKey,
    RawQuery(query): RawQuery,
    JsonWithRaw { value: request, raw }: JsonWithRaw<DepositRequest>,
) -> Result<Response, ApiError> {
    let amount_sats = SatsField::sats(request.amount_sats.as_ref())?;
    if request.memo.as_ref().is_some_and(|memo| memo.chars().any(char::is_control)) {
        return Err(ApiError::bad_request(
            "invalid_memo",
            "`memo` takes one line without control characters.",
        ));
    }
    if request.memo.as_ref().is_some_and(|memo| memo.len() > MEMO_MAX) {
        let message = format!("`memo` takes at most {MEMO_MAX} bytes.");
        return Err(ApiError::bad_request("memo_too_long", message));
    }
    let principal = actor.user.id.to_string();
    let claim =
        key.claim(principal, "POST /api/lightning/deposit", query.as_deref().unwrap_or_default(), &raw);
    let deposit = Deposit { user: &actor.user, amount_sats, memo: request.memo, claim, render };
    let (answer, is_replayed) = app.lightning.deposit(&deposit).await?;
    Ok(answer.into_response(is_replayed))
}

fn render(invoice: &Invoice, user: &User) -> Result<StoredAnswer, serde_json::Error> {
    let body = serde_json::to_vec(&InvoiceObject::new(invoice, user))?;
    Ok(StoredAnswer { status: StatusCode::CREATED, body: body.into() })
}

/// An invoice of yours; one that waits is looked up at the provider first.
#[utoipa::path(
    get, path = "/api/lightning/invoices/{id}", tag = "lightning", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = InvoiceObject),
        (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody, description = "`invoice_not_found`"),
    ),
)]
pub(super) async fn invoice(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<String>,
) -> Result<Json<InvoiceObject>, ApiError> {
    let id = id_or(&id, invoice_not_found)?;
    let invoice = app.lightning.invoice(actor.user.id, id).await?.ok_or_else(invoice_not_found)?;
    Ok(Json(InvoiceObject::new(&invoice, &actor.user)))
}

/// Your invoices, newest first.
#[utoipa::path(
    get, path = "/api/lightning/invoices", tag = "lightning", security(("bearer" = [])), params(ListPage),
    responses(
        (status = 200, body = InvoiceList),
        (status = 400, body = ErrorBody, description = "`invalid_limit`, `invalid_query`"),
        (status = 401, body = ErrorBody),
    ),
)]
pub(super) async fn invoices(
    State(app): State<Arc<App>>,
    actor: Actor,
    QueryParams(page): QueryParams<ListPage>,
) -> Result<Json<InvoiceList>, ApiError> {
    let limit = page.limit.get();
    let invoices = app.lightning.invoices(actor.user.id, page.before, limit).await?;
    let is_full = invoices.len() == usize::from(limit);
    let next_before = invoices.last().filter(|_| is_full).map(|invoice| invoice.id.to_string());
    let items = invoices.iter().map(|invoice| InvoiceObject::new(invoice, &actor.user)).collect();
    Ok(Json(InvoiceList { items, next_before }))
}
