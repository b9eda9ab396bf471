//! Showing and ending sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::wire::{SessionObject, reason_or};
use crate::app::App;
use crate::http::account::{DataAnswer, DoneAnswer, ListAnswer};
use crate::http::page::Limit;
use crate::http::schema::AccountErrorBody;
use crate::http::{ApiError, OptionalJsonBody, PathParam, QueryParams};
use crate::session::{Actor, Listing, ManageError, reason};

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(show, end))
        .routes(routes!(show_active))
        .routes(routes!(list))
        .routes(routes!(stats))
        .routes(routes!(end_all))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Whether sessions that ended are in the list.
    #[serde(default, rename = "includeInactive")]
    include_inactive: bool,
    /// How many at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
struct EndRequest {
    /// Why, in at most 50 characters.
    reason: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EndAllRequest {
    /// Why, in at most 50 characters.
    reason: Option<String>,
    /// Whether the session of this call goes on.
    #[serde(default)]
    except_current: bool,
}

/// How many sessions a user has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StatsObject {
    total_sessions: i64,
    active_sessions: i64,
    /// The active ones by platform.
    device_breakdown: Vec<PlatformCount>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PlatformCount {
    platform: String,
    count: i64,
}

/// Reads a user's id, or `me`; whatever is neither names nobody.
fn user_id(text: &str, actor: &Actor) -> Result<Uuid, ApiError> {
    actor.named(text).ok_or_else(|| ManageError::UserNotFound.into())
}

/// Show a session.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = DataAnswer<SessionObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`: there is none, or it is foreign"),
    ),
)]
async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<Uuid>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let session = app.sessions.show(&actor, id).await?;
    let now_ms = app.clock.now_ms();
    Ok(Json(DataAnswer::of(SessionObject::of(session, &actor, now_ms), now_ms)))
}

/// End a session.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = EndRequest,
    responses(
        (status = 200, body = DataAnswer<SessionObject>, description = "One that has ended keeps its reason"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`"),
    ),
)]
async fn end(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<Uuid>,
    OptionalJsonBody(request): OptionalJsonBody<EndRequest>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let why = reason_or(request.reason, reason::LOGOUT)?;
    let session = app.sessions.end(&actor, id, &why).await?;
    app.events.announce([session.user_id]);
    let now_ms = app.clock.now_ms();
    let body = DataAnswer::of(SessionObject::of(session, &actor, now_ms), now_ms);
    Ok(Json(body.with_message("Session terminated successfully")))
}

/// Show the active session that was used last.
#[utoipa::path(
    get, path = "/api/v1/sessions/user/{userId}/active", tag = "sessions", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`")),
    responses(
        (status = 200, body = DataAnswer<SessionObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`no_active_session`, `user_not_found`"),
    ),
)]
async fn show_active(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let session = app.sessions.show_active(&actor, user_id(&user, &actor)?).await?;
    let now_ms = app.clock.now_ms();
    Ok(Json(DataAnswer::of(SessionObject::of(session, &actor, now_ms), now_ms)))
}

/// List a user's sessions, last used first.
#[utoipa::path(
    get, path = "/api/v1/sessions/user/{userId}", tag = "sessions", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), ListParams),
    responses(
        (status = 200, body = ListAnswer<SessionObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`"),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(params): QueryParams<ListParams>,
) -> Result<Json<ListAnswer<SessionObject>>, ApiError> {
    let user_id = user_id(&user, &actor)?;
    let listing = Listing { user_id, with_inactive: params.include_inactive, limit: params.limit.get() };
    let sessions = app.sessions.list(&actor, listing).await?;
    let now_ms = app.clock.now_ms();
    let data = sessions.into_iter().map(|session| SessionObject::of(session, &actor, now_ms)).collect();
    Ok(Json(ListAnswer::of(data, now_ms)))
}

/// Count a user's sessions.
#[utoipa::path(
    get, path = "/api/v1/sessions/user/{userId}/stats", tag = "sessions", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`")),
    responses(
        (status = 200, body = DataAnswer<StatsObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`"),
    ),
)]
async fn stats(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
) -> Result<Json<DataAnswer<StatsObject>>, ApiError> {
    let stats = app.sessions.stats(&actor, user_id(&user, &actor)?).await?;
    let data = StatsObject {
        total_sessions: stats.total,
        active_sessions: stats.active.iter().map(|(_, count)| count).sum(),
        device_breakdown: stats
            .active
            .into_iter()
            .map(|(platform, count)| PlatformCount { platform, count })
            .collect(),
    };
    Ok(Json(DataAnswer::of(data, app.clock.now_ms())))
}

/// End every session of a user, or every other one.
#[utoipa::path(
    delete, path = "/api/v1/sessions/user/{userId}/all", tag = "sessions", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`")), request_body = EndAllRequest,
    responses(
        (status = 200, body = DoneAnswer, description = "`count` says how many were active"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`"),
    ),
)]
async fn end_all(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    OptionalJsonBody(request): OptionalJsonBody<EndAllRequest>,
) -> Result<Json<DoneAnswer>, ApiError> {
    let user_id = user_id(&user, &actor)?;
    let why = reason_or(request.reason, reason::LOGOUT_ALL)?;
    let but = request.except_current.then_some(actor.session_id);
    let count = app.sessions.end_all(&actor, user_id, but, &why).await?;
    app.events.announce([user_id]);
    let message = "Sessions terminated successfully";
    Ok(Json(DoneAnswer::of(message, Some(count), app.clock.now_ms())))
}
