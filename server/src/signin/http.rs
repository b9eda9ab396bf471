//! `/auth/*`: the routes of seed 000.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postfun_core::encoding::hex;
use postfun_core::nostr::{Event, login, npub};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::SignInError;
use crate::app::App;
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::http::{ApiError, ClientIp, JsonBody, OptionalJsonBody};
use crate::identity::User;
use crate::session::http::wire::check_device;
use crate::session::{self, Actor, Device, Origin};

/// Which key will answer; none is needed, but a challenge that names one cannot be answered by another.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct ChallengeRequest {
    /// 64 hex digits.
    pubkey: Option<String>,
    /// The same key as NIP-19 text.
    npub: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ChallengeResponse {
    challenge_id: String,
    /// To be put, unchanged, into the event's content.
    challenge: String,
    #[schema(example = "2026-11-21T10:00:00.000000Z")]
    expires_at: String,
    ttl_seconds: u64,
    /// The `domain` that the content must name.
    domain: String,
    /// The event kinds that sign in, the preferred first.
    accepted_kinds: Vec<u16>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct VerifyRequest {
    /// A signed NIP-01 event whose content is a JSON object with `challenge_id`, `challenge`, `domain` and `exp`.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
    /// Read only when the content names no challenge.
    challenge_id: Option<String>,
    /// The device's name, for the list of one's sessions.
    #[schema(max_length = 100)]
    device_name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct VerifyResponse {
    /// For the header `Authorization: Bearer …`.
    token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    /// Gets the next token at `/api/auth/refresh`.
    refresh_token: String,
    /// Seconds, unless it is used before.
    refresh_expires_in: u64,
    user: UserObject,
}

#[derive(Debug, Serialize, ToSchema)]
struct UserResponse {
    user: UserObject,
}

/// A user, as their own client sees them.
#[derive(Debug, Serialize, ToSchema)]
struct UserObject {
    id: i64,
    pubkey: Option<String>,
    npub: Option<String>,
    display_name: Option<String>,
    created_at: String,
    is_admin: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct LogoutResponse {
    ok: bool,
}

impl From<User> for UserObject {
    fn from(user: User) -> Self {
        let key = user.nostr_pubkey.as_deref().and_then(|key| hex::decode_array::<32>(key).ok());
        Self {
            id: user.number,
            is_admin: user.is_admin(),
            npub: key.map(|key| npub::encode(&key)),
            pubkey: user.nostr_pubkey,
            display_name: user.display_name,
            created_at: iso_micros(user.created_at_ms),
        }
    }
}

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(challenge))
        .routes(routes!(verify))
        .routes(routes!(me))
        .routes(routes!(logout))
}

/// Ask for a challenge to sign.
#[utoipa::path(
    post, path = "/auth/challenge", tag = "sign-in", request_body = ChallengeRequest,
    responses(
        (status = 201, body = ChallengeResponse),
        (status = 400, body = ErrorBody, description = "`invalid_pubkey`, `invalid_json`, `invalid_field`"),
        (status = 429, body = ErrorBody, description = "`rate_limited`"),
    ),
)]
async fn challenge(
    State(app): State<Arc<App>>,
    OptionalJsonBody(request): OptionalJsonBody<ChallengeRequest>,
) -> Result<(StatusCode, Json<ChallengeResponse>), ApiError> {
    let challenge = app.sign_in.challenge(bound_pubkey(&request)?).await?;
    let response = ChallengeResponse {
        challenge_id: challenge.id,
        challenge: challenge.challenge,
        expires_at: iso_micros(challenge.expires_at_ms),
        ttl_seconds: app.sign_in.challenge_ttl_s(),
        domain: app.sign_in.domain().to_owned(),
        accepted_kinds: login::KINDS.to_vec(),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn bound_pubkey(request: &ChallengeRequest) -> Result<Option<[u8; 32]>, SignInError> {
    let invalid = SignInError::InvalidPubkey;
    // Clients of the seed send either case.
    let pubkey = request.pubkey.as_deref().map(str::to_ascii_lowercase);
    let from_hex = pubkey.as_deref().map(hex::decode_array::<32>).transpose();
    let from_npub = request.npub.as_deref().map(npub::decode).transpose();
    match (from_hex, from_npub) {
        (Ok(Some(a)), Ok(Some(b))) if a != b => Err(invalid),
        (Ok(a), Ok(b)) => Ok(a.or(b)),
        (Err(_), _) | (_, Err(_)) => Err(invalid),
    }
}

/// Sign in with the signed challenge.
#[utoipa::path(
    post, path = "/auth/verify", tag = "sign-in", request_body = VerifyRequest,
    responses(
        (status = 200, body = VerifyResponse, description = "Also sets the HttpOnly cookie `pf_jwt`"),
        (status = 400, body = ErrorBody, description = "`error` is the seed's code (`invalid_event`, \
            `invalid_event_content`, `missing_challenge_id`, `challenge_expired`, `challenge_already_used`, \
            `invalid_signature_or_payload`), `code` says which check failed"),
        (status = 403, body = ErrorBody, description = "`user_deleted`"),
        (status = 404, body = ErrorBody, description = "`challenge_not_found`"),
        (status = 429, body = ErrorBody, description = "`rate_limited`"),
    ),
)]
async fn verify(
    State(app): State<Arc<App>>,
    ip: ClientIp,
    JsonBody(request): JsonBody<VerifyRequest>,
) -> Result<Response, ApiError> {
    let event = Event::from_json(request.event.get()).map_err(SignInError::from)?;
    let device = check_device(Device { name: request.device_name, ..Device::default() })?;
    let origin = Origin { ip: Some(ip.0), device };
    let signed_in = app.sign_in.verify(&event, request.challenge_id.as_deref(), origin).await?;
    let session = signed_in.session;
    let (token, expires_in) = (session.token, session.expires_in_s);
    let body = VerifyResponse {
        token: token.expose().to_owned(),
        token_type: "Bearer",
        expires_in,
        refresh_token: session.refresh_token.expose().to_owned(),
        refresh_expires_in: session.refresh_expires_in_s,
        user: signed_in.user.into(),
    };
    let mut response = Json(body).into_response();
    if let Some(cookie) = session::cookie_header(&token, expires_in, app.config.is_cookie_secure()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Who am I?
#[utoipa::path(
    get, path = "/auth/me", tag = "sign-in", security(("bearer" = [])),
    responses((status = 200, body = UserResponse), (status = 401, body = ErrorBody)),
)]
async fn me(actor: Actor) -> Json<UserResponse> {
    Json(UserResponse { user: actor.user.into() })
}

/// End this session; its token is refused from the next call on.
#[utoipa::path(
    post, path = "/auth/logout", tag = "sign-in", security(("bearer" = [])),
    responses((status = 200, body = LogoutResponse), (status = 401, body = ErrorBody)),
)]
async fn logout(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, ApiError> {
    app.sessions.log_out(&actor).await?;
    app.events.announce([actor.user.id]);
    let mut headers = HeaderMap::new();
    if let Some(cookie) = session::removal_cookie_header(app.config.is_cookie_secure()) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok((headers, Json(LogoutResponse { ok: true })).into_response())
}
