//! `/api/demo/*`: mounted in a demo only.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::lightning;
use crate::app::App;
use crate::http::ApiError;
use crate::http::schema::ErrorBody;
use crate::ledger::Posted;
use crate::ledger::http::BalanceList;
use crate::session::Actor;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(starter_grant))
        .routes(routes!(lightning::settle))
        .routes(routes!(lightning::invoice))
        .routes(routes!(lightning::trouble))
        .routes(routes!(lightning::decide))
}

/// Take the demo's starter tokens, once.
#[utoipa::path(
    post, path = "/api/demo/starter-grant", tag = "demo", security(("bearer" = [])),
    responses(
        (status = 201, body = BalanceList, description = "The balances after the grant"),
        (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "`already_granted`"),
    ),
)]
async fn starter_grant(
    State(app): State<Arc<App>>,
    actor: Actor,
) -> Result<(StatusCode, Json<BalanceList>), ApiError> {
    match super::starter_grant(&app.ledger, actor.user.id).await? {
        Posted::Already => Err(ApiError::new(
            StatusCode::CONFLICT,
            "already_granted",
            "You have had the starter tokens already; they are given once.",
        )),
        Posted::New => {
            let balances = app.ledger.balances_of_user(actor.user.id).await?;
            Ok((StatusCode::CREATED, Json(balances.into())))
        }
    }
}
