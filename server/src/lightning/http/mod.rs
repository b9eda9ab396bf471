//! `/api/lightning/*`: the seed's five endpoints, the lists, and the provider's webhook.

mod deposit;
mod sats;
mod webhook;
mod withdraw;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::http::ApiError;
use crate::http::page::Limit;
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::session::Actor;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(balance))
        .routes(routes!(deposit::deposit))
        .routes(routes!(deposit::invoices))
        .routes(routes!(deposit::invoice))
        .routes(routes!(withdraw::withdraw))
        .routes(routes!(withdraw::withdrawals))
        .routes(routes!(withdraw::withdrawal))
        .routes(routes!(webhook::webhook))
}

#[derive(Debug, Serialize, ToSchema)]
struct SatsBalanceObject {
    user_id: i64,
    /// Always `BTC`.
    asset: &'static str,
    /// What can be spent, in whole sats, rounded down.
    balance_sats: u64,
    /// What can be spent, exactly, in msat.
    balance_msat: String,
    /// What is set aside for withdrawals, in msat.
    held_msat: String,
    updated_at: String,
}

/// Which rows of a list, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListPage {
    /// How many, 1 to 500.
    #[serde(default)]
    limit: Limit,
    /// Only rows made before this one: `next_before` of the page before.
    #[param(value_type = Option<String>)]
    before: Option<Uuid>,
}

/// What the caller holds in sats.
#[utoipa::path(
    get, path = "/api/lightning/balance", tag = "lightning", security(("bearer" = [])),
    responses((status = 200, body = SatsBalanceObject), (status = 401, body = ErrorBody)),
)]
async fn balance(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<SatsBalanceObject>, ApiError> {
    let balance = app.lightning.balance(actor.user.id).await?;
    Ok(Json(SatsBalanceObject {
        user_id: actor.user.number,
        asset: "BTC",
        balance_sats: balance.available_msat / 1_000,
        balance_msat: balance.available_msat.to_string(),
        held_msat: balance.held_msat.to_string(),
        updated_at: iso_micros(balance.updated_at_ms),
    }))
}

/// Reads an id of a path; whatever is no id names nothing.
fn id_or(text: &str, missing: fn() -> ApiError) -> Result<Uuid, ApiError> {
    // Only the form in which ids are given out, so that each thing has one name.
    text.parse::<Uuid>().ok().filter(|id| id.to_string() == text).ok_or_else(missing)
}

fn invoice_not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "invoice_not_found", "You have no invoice with this id.")
}

fn withdrawal_not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "withdrawal_not_found", "You have no withdrawal with this id.")
}
