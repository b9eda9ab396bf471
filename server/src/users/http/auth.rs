//! Signing in with Privy, and who is calling.

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

use super::wire::AccountObject;
use crate::app::App;
use crate::http::account::{DataAnswer, DoneAnswer};
use crate::http::schema::AccountErrorBody;
use crate::http::time::iso_millis;
use crate::http::{ApiError, ClientIp, JsonBody};
use crate::notify::http::PreferencesObject;
use crate::session::http::TokenPair;
use crate::session::http::wire::{Field, check_device};
use crate::session::{Actor, Device, Listing, Origin, Platform, Session, cookie_header};
use crate::users::{LogIn, LoggedIn, Name};

/// Sessions that a user is shown beside themself.
const SESSIONS_MAX: u16 = 5;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(log_in)).routes(routes!(me)).routes(routes!(status))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogInRequest {
    /// The access token that Privy gave the user.
    privy_token: Option<String>,
    /// Privy's identity token, which tells e-mail address and wallet.
    identity_token: Option<String>,
    /// The client's own name for the device; a device has one session.
    #[schema(max_length = 255)]
    device_id: Option<String>,
    /// Its name, for people.
    #[schema(max_length = 100)]
    device_name: Option<String>,
    /// `ios`, `android` or `web`; `web` unless said.
    platform: Option<String>,
    /// Where notifications reach it.
    #[schema(max_length = 500)]
    push_token: Option<String>,
}

/// Somebody who has just signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogInObject {
    user: AccountObject,
    tokens: TokenPair,
    /// Whether there was no such user before.
    is_new_user: bool,
    session: LogInSession,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogInSession {
    id: Uuid,
    device_id: Option<String>,
    platform: &'static str,
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeObject {
    #[serde(flatten)]
    user: AccountObject,
    /// Those used last, at most five.
    active_sessions: Vec<MeSession>,
    notification_preferences: PreferencesObject,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeSession {
    id: Uuid,
    device_name: Option<String>,
    platform: &'static str,
    last_activity_at: String,
}

impl From<Session> for MeSession {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            device_name: session.device.name,
            platform: session.device.platform.as_str(),
            last_activity_at: iso_millis(session.last_activity_at_ms),
        }
    }
}

impl From<LoggedIn> for LogInObject {
    fn from(logged_in: LoggedIn) -> Self {
        let LoggedIn { account, session, is_new } = logged_in;
        Self {
            user: account.into(),
            tokens: TokenPair::from(&session),
            is_new_user: is_new,
            session: LogInSession {
                id: session.session.id,
                platform: session.session.device.platform.as_str(),
                device_id: session.session.device.id,
            },
        }
    }
}

fn device(request: &mut LogInRequest) -> Result<Device, ApiError> {
    let platform = match request.platform.take().filter(|text| !text.is_empty()) {
        None => Platform::Web,
        Some(text) => {
            Platform::parse(&text).ok_or_else(|| Field("platform").refused("must be ios, android or web"))?
        }
    };
    check_device(Device {
        id: request.device_id.take(),
        platform,
        name: request.device_name.take(),
        push_token: request.push_token.take(),
        ..Device::default()
    })
}

/// Sign in with a Privy token; the first time that makes the user.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "sign-in", request_body = LogInRequest,
    responses(
        (status = 200, body = DataAnswer<LogInObject>, description = "Also sets the HttpOnly cookie `pf_jwt`"),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`"),
        (status = 401, body = AccountErrorBody,
            description = "`invalid_privy_token`, `privy_token_expired`, `invalid_privy_identity_token`"),
        (status = 403, body = AccountErrorBody, description = "`user_deleted`"),
        (status = 429, body = AccountErrorBody, description = "`rate_limited`"),
        (status = 503, body = AccountErrorBody, description = "`privy_not_configured`, `privy_unreachable`"),
    ),
)]
async fn log_in(
    State(app): State<Arc<App>>,
    ip: ClientIp,
    JsonBody(mut request): JsonBody<LogInRequest>,
) -> Result<Response, ApiError> {
    let token = request.privy_token.take().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Field("privyToken").missing())?;
    let identity_token = request.identity_token.take().filter(|token| !token.is_empty());
    let origin = Origin { ip: Some(ip.0), device: device(&mut request)? };
    let log_in = LogIn { token: &token, identity_token: identity_token.as_deref(), origin };
    let logged_in = app.users.log_in(log_in).await?;
    // Sessions on other devices may have ended with it.
    app.events.announce([logged_in.account.id]);
    let begun = &logged_in.session;
    let cookie = cookie_header(&begun.token, begun.expires_in_s, app.config.is_cookie_secure());
    let body = DataAnswer::of(LogInObject::from(logged_in), app.clock.now_ms());
    let mut response = Json(body.with_message("Login successful")).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Who am I, and where am I signed in?
#[utoipa::path(
    get, path = "/api/auth/me", tag = "users", security(("bearer" = [])),
    responses((status = 200, body = DataAnswer<MeObject>), (status = 401, body = AccountErrorBody)),
)]
async fn me(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<DataAnswer<MeObject>>, ApiError> {
    let account = app.users.show(&actor, Name::Id(actor.user.id)).await?;
    let listing = Listing { user_id: actor.user.id, with_inactive: false, limit: SESSIONS_MAX };
    let sessions = app.sessions.list(&actor, listing).await?;
    let preferences = app.notifications.show(&actor, actor.user.id).await?;
    let me = MeObject {
        user: account.into(),
        active_sessions: sessions.into_iter().map(MeSession::from).collect(),
        notification_preferences: preferences.into(),
    };
    Ok(Json(DataAnswer::of(me, app.clock.now_ms())))
}

/// Does signing in work?
#[utoipa::path(get, path = "/api/auth/status", tag = "operations", responses((status = 200, body = DoneAnswer)))]
async fn status(State(app): State<Arc<App>>) -> Json<DoneAnswer> {
    Json(DoneAnswer::of("Authentication service is running", None, app.clock.now_ms()))
}
