//! Making sessions for devices and changing them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::wire::{Field, KEY_MAX, SessionObject, check_device, push_token};
use crate::app::App;
use crate::http::account::DataAnswer;
use crate::http::idempotency::IdempotencyKey;
use crate::http::schema::AccountErrorBody;
use crate::http::{ApiError, ClientIp, JsonBody, JsonWithRaw, OptionalJsonBody, PathParam};
use crate::session::{Actor, Device, DeviceRequest, Opened, Platform, Session};

/// How long a session lives when the client does not say, and by how much it is extended, in days.
const DAYS_DEFAULT: i64 = 30;
/// Under which route idempotency keys are remembered, whichever spelling was used.
const ROUTE: &str = "POST /api/v1/sessions";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(get_or_create))
        .routes(routes!(update))
        .routes(routes!(note_activity))
        .routes(routes!(set_push_token))
        .routes(routes!(extend))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreateSessionRequest {
    /// The caller's own id, unless the caller is an admin.
    user_id: Option<Uuid>,
    /// The client's own name for the device; a device has one session.
    #[schema(max_length = 255)]
    device_id: Option<String>,
    /// `ios`, `android` or `web`.
    platform: Option<String>,
    /// The same key and request give the same session.
    #[schema(max_length = 255)]
    idempotency_key: Option<String>,
    /// 1 to 365; 30 unless said.
    expires_in_days: Option<i64>,
    /// Its name, for people.
    #[schema(max_length = 100)]
    device_name: Option<String>,
    /// Its make.
    #[schema(max_length = 100)]
    device_model: Option<String>,
    #[schema(max_length = 50)]
    os_version: Option<String>,
    #[schema(max_length = 50)]
    app_version: Option<String>,
    /// Where notifications reach it.
    #[schema(max_length = 500)]
    push_token: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpdateSessionRequest {
    /// The version that was read; another one by now is a conflict. Without it the last write wins.
    version: Option<i64>,
    /// Its name, for people.
    #[schema(max_length = 100)]
    device_name: Option<String>,
    /// Its make.
    #[schema(max_length = 100)]
    device_model: Option<String>,
    #[schema(max_length = 50)]
    os_version: Option<String>,
    #[schema(max_length = 50)]
    app_version: Option<String>,
    /// Where notifications reach it.
    #[schema(max_length = 500)]
    push_token: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PushTokenRequest {
    #[schema(max_length = 500)]
    push_token: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExtendRequest {
    /// 1 to 365; 30 unless said. Never farther than a year from now.
    additional_days: Option<i64>,
}

/// Who asks, from where, and under which key.
struct Caller {
    actor: Actor,
    ip: ClientIp,
    key: IdempotencyKey,
}

impl Caller {
    /// Checks a request, in the order in which seed 004 does.
    fn check(&mut self, request: CreateSessionRequest, raw: &[u8]) -> Result<DeviceRequest, ApiError> {
        let user_id = request.user_id.ok_or_else(|| Field("userId").missing())?;
        let device_id = request.device_id.filter(|id| !id.is_empty());
        let device_id = device_id.ok_or_else(|| Field("deviceId").missing())?;
        let platform = request.platform.ok_or_else(|| Field("platform").missing())?;
        let platform = Platform::parse(&platform);
        let platform = platform.ok_or_else(|| Field("platform").refused("must be ios, android or web"))?;
        let device = check_device(Device {
            id: Some(device_id),
            platform,
            name: request.device_name,
            model: request.device_model,
            os_version: request.os_version,
            app_version: request.app_version,
            push_token: request.push_token,
        })?;
        let days = Field("expiresInDays").days(request.expires_in_days, DAYS_DEFAULT)?;
        let key = match Field("idempotencyKey").text(request.idempotency_key, KEY_MAX)? {
            Some(key) => IdempotencyKey::of_body(key),
            None => std::mem::take(&mut self.key),
        };
        let claim = key.claim(user_id.to_string(), ROUTE, "", raw);
        Ok(DeviceRequest { user_id, device, days, ip: Some(self.ip.0), claim })
    }

    fn object(&self, session: Session, app: &App) -> DataAnswer<SessionObject> {
        object(session, &self.actor, app)
    }
}

fn object(session: Session, actor: &Actor, app: &App) -> DataAnswer<SessionObject> {
    let now_ms = app.clock.now_ms();
    DataAnswer::of(SessionObject::of(session, actor, now_ms), now_ms)
}

/// Make the session of a device.
///
/// A device has one session: one that had ended becomes active again. By default the user's sessions on other devices
/// end.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "sessions", security(("bearer" = [])), request_body = CreateSessionRequest,
    params(("idempotency-key" = Option<String>, Header, description = "As `idempotencyKey` in the body, which wins")),
    responses(
        (status = 201, body = DataAnswer<SessionObject>, description = "A new one"),
        (status = 200, body = DataAnswer<SessionObject>, description = "The device's, or the one this request made before"),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`"),
        (status = 422, body = AccountErrorBody, description = "`idempotency_key_reused`"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    ip: ClientIp,
    key: IdempotencyKey,
    JsonWithRaw { value, raw }: JsonWithRaw<CreateSessionRequest>,
) -> Result<Response, ApiError> {
    let mut caller = Caller { actor, ip, key };
    let request = caller.check(value, &raw)?;
    let (session, opened) = app.sessions.open(&caller.actor, request).await?;
    // Sessions on other devices may have ended with it.
    app.events.announce([session.user_id]);
    let status = if opened == Opened::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(caller.object(session, &app))).into_response())
}

/// Find or make the session of a device.
#[utoipa::path(
    post, path = "/api/v1/sessions/get-or-create", tag = "sessions", security(("bearer" = [])),
    request_body = CreateSessionRequest,
    responses(
        (status = 200, body = DataAnswer<SessionObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`"),
        (status = 422, body = AccountErrorBody, description = "`idempotency_key_reused`"),
    ),
)]
async fn get_or_create(
    State(app): State<Arc<App>>,
    actor: Actor,
    ip: ClientIp,
    key: IdempotencyKey,
    JsonWithRaw { value, raw }: JsonWithRaw<CreateSessionRequest>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let mut caller = Caller { actor, ip, key };
    let request = caller.check(value, &raw)?;
    let (session, _opened) = app.sessions.open(&caller.actor, request).await?;
    // Sessions on other devices may have ended with it.
    app.events.announce([session.user_id]);
    Ok(Json(caller.object(session, &app)))
}

/// Change what a session says about its device; what is not named stays.
#[utoipa::path(
    put, path = "/api/v1/sessions/{id}", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = UpdateSessionRequest,
    responses(
        (status = 200, body = DataAnswer<SessionObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`"),
        (status = 409, body = AccountErrorBody, description = "`stale_version`, with the `version` it is at"),
    ),
)]
async fn update(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<Uuid>,
    JsonBody(request): JsonBody<UpdateSessionRequest>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let UpdateSessionRequest { version, device_name, device_model, os_version, app_version, push_token } =
        request;
    let device = check_device(Device {
        name: device_name,
        model: device_model,
        os_version,
        app_version,
        push_token,
        ..Device::default()
    })?;
    let session = app.sessions.describe(&actor, id, device, version).await?;
    Ok(Json(object(session, &actor, &app)))
}

/// Note that a session is in use.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/activity", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = DataAnswer<SessionObject>),
        (status = 400, body = AccountErrorBody, description = "`session_not_active`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`"),
    ),
)]
async fn note_activity(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<Uuid>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let session = app.sessions.note_activity(&actor, id).await?;
    Ok(Json(object(session, &actor, &app)))
}

/// Say where notifications reach the device.
#[utoipa::path(
    put, path = "/api/v1/sessions/{id}/push-token", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = PushTokenRequest,
    responses(
        (status = 200, body = DataAnswer<SessionObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`"),
    ),
)]
async fn set_push_token(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<Uuid>,
    JsonBody(request): JsonBody<PushTokenRequest>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let push_token = Some(push_token(request.push_token)?);
    let device = Device { push_token, ..Device::default() };
    let session = app.sessions.describe(&actor, id, device, None).await?;
    Ok(Json(object(session, &actor, &app)))
}

/// Put the end of an active session off.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/extend", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = ExtendRequest,
    responses(
        (status = 200, body = DataAnswer<SessionObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `session_not_active`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`"),
    ),
)]
async fn extend(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<Uuid>,
    OptionalJsonBody(request): OptionalJsonBody<ExtendRequest>,
) -> Result<Json<DataAnswer<SessionObject>>, ApiError> {
    let days = Field("additionalDays").days(request.additional_days, DAYS_DEFAULT)?;
    let session = app.sessions.extend(&actor, id, days).await?;
    Ok(Json(object(session, &actor, &app)))
}
