//! Getting new tokens, logging out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::wire::{Field, reason_or};
use crate::app::App;
use crate::http::account::{DataAnswer, DoneAnswer};
use crate::http::schema::AccountErrorBody;
use crate::http::{ApiError, JsonBody, OptionalJsonBody};
use crate::session::{Actor, Begun, RefreshError, cookie_header, reason, removal_cookie_header};

/// The longest refresh token that is looked at, in bytes; ours are shorter.
const TOKEN_LEN_MAX: usize = 512;

#[derive(Debug, Deserialize, ToSchema)]
struct RefreshRequest {
    /// The newest refresh token; after a lost answer the one before does too.
    #[serde(rename = "refreshToken")]
    refresh_token: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
struct LogoutRequest {
    /// One of the caller's sessions; without it the one of the token.
    #[serde(rename = "sessionId")]
    session_id: Option<Uuid>,
    /// Why, in at most 50 characters.
    reason: Option<String>,
}

/// Tokens as seed 004 hands them out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenPair {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// Gets the next pair; each is good for one refresh, and again as long as nobody used what it got.
    refresh_token: String,
    /// Life of the access token, in seconds.
    expires_in: u64,
    /// Life of the refresh token, in seconds.
    refresh_expires_in: u64,
    #[schema(example = "Bearer")]
    token_type: &'static str,
}

impl From<&Begun> for TokenPair {
    fn from(begun: &Begun) -> Self {
        Self {
            access_token: begun.token.expose().to_owned(),
            refresh_token: begun.refresh_token.expose().to_owned(),
            expires_in: begun.expires_in_s,
            refresh_expires_in: begun.refresh_expires_in_s,
            token_type: "Bearer",
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(refresh)).routes(routes!(logout))
}

/// Get new tokens for a refresh token.
///
/// When an answer was lost, ask again with the same token: as long as nobody used the new ones, they are given again.
/// A token that comes back after its successor was used ends the session, since two must hold it.
#[utoipa::path(
    post, path = "/api/auth/refresh", tag = "sessions", request_body = RefreshRequest,
    responses(
        (status = 200, body = DataAnswer<TokenPair>, description = "Also sets the HttpOnly cookie `pf_jwt`"),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`"),
        (status = 401, body = AccountErrorBody,
            description = "`invalid_refresh_token`, `refresh_token_reused` (the session is over), `user_deleted`"),
        (status = 429, body = AccountErrorBody, description = "`rate_limited`, counted for each session"),
    ),
)]
async fn refresh(
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<RefreshRequest>,
) -> Result<Response, ApiError> {
    let token = request.refresh_token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Field("refreshToken").missing())?;
    if token.len() > TOKEN_LEN_MAX {
        return Err(RefreshError::Invalid.into());
    }
    let (begun, _user) = app.sessions.refresh(&token).await.inspect_err(|error| {
        // The session's streams end now, not when somebody looks next.
        if let RefreshError::Reused { user_id } = error {
            app.events.announce([*user_id]);
        }
    })?;
    let body = DataAnswer::of(TokenPair::from(&begun), app.clock.now_ms());
    let mut response = Json(body).into_response();
    let cookie = cookie_header(&begun.token, begun.expires_in_s, app.config.is_cookie_secure());
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// End a session; its tokens are refused from the next call on.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "sessions", security(("bearer" = [])), request_body = LogoutRequest,
    responses(
        (status = 200, body = DoneAnswer),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`"),
    ),
)]
async fn logout(
    State(app): State<Arc<App>>,
    actor: Actor,
    OptionalJsonBody(request): OptionalJsonBody<LogoutRequest>,
) -> Result<Response, ApiError> {
    let other = request.session_id.filter(|id| *id != actor.session_id);
    if let Some(id) = other {
        let why = reason_or(request.reason, reason::LOGOUT)?;
        app.sessions.end(&actor, id, &why).await?;
    } else {
        app.sessions.log_out(&actor).await?;
    }
    app.events.announce([actor.user.id]);
    let body = DoneAnswer::of("Logged out successfully", None, app.clock.now_ms());
    let mut response = Json(body).into_response();
    let cookie = removal_cookie_header(app.config.is_cookie_secure()).filter(|_| other.is_none());
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
