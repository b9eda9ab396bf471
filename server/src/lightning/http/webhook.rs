//! The provider's webhook: a hint that something happened, of which nothing is believed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::ApiError;
use crate::http::schema::ErrorBody;
use crate::lightning::lnbits;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    ok: bool,
}

/// Tell that an invoice may have been paid (for the provider).
///
/// Anybody may call this: the invoice is looked up at the provider, and an unknown one is answered in the same way.
#[utoipa::path(
    post, path = "/api/lightning/webhook", tag = "lightning", request_body(content = String, content_type = "application/json"),
    responses((status = 200, body = Accepted), (status = 400, body = ErrorBody, description = "`invalid_webhook`")),
)]
pub(super) async fn webhook(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Accepted>, ApiError> {
    let hash = lnbits::webhook::payment_hash(&body).ok_or_else(|| {
        ApiError::bad_request("invalid_webhook", "This names no payment: a `payment_hash` is expected.")
    })?;
    app.lightning.hint(hash).await?;
    Ok(Json(Accepted { ok: true }))
}
