//! Who is calling, as handlers ask for it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use uuid::Uuid;

use super::{AccessToken, SessionError};
use crate::app::App;
use crate::db::{DbError, Tx};
use crate::http::{ApiError, origin};
use crate::identity::{User, repo as identity_repo};

/// The cookie that stands in for a bearer token on our own pages.
pub(crate) const COOKIE: &str = "pf_jwt";

/// What a path says instead of the caller's own id.
const ME: &str = "me";

/// A user who is signed in; read from the database for this very call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user: User,
    /// The session they call in.
    pub session_id: Uuid,
}

/// A user who was signed in at most a second ago; for calls that neither write nor show anything private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentActor(pub Actor);

/// The caller of a public route that shows a little more to its own user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionalActor(pub Option<Actor>);

/// A user who is an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin(pub Actor);

impl Actor {
    /// Whether a user's affairs are the caller's: their own, and for an administrator everybody's.
    pub(crate) fn may_see(&self, user_id: Uuid) -> bool {
        self.user.id == user_id || self.user.is_admin()
    }

    /// As [`Actor::may_see`], of a user who exists; a foreign one is as good as a missing one.
    pub(crate) async fn sees_in_tx(&self, tx: &mut Tx, user_id: Uuid) -> Result<bool, DbError> {
        if self.user.id == user_id {
            return Ok(true);
        }
        Ok(self.user.is_admin() && identity_repo::find_user(tx, user_id).await?.is_some())
    }

    /// Reads a user's id, or `me`; whatever is neither names nobody.
    pub(crate) fn named(&self, text: &str) -> Option<Uuid> {
        if text == ME { Some(self.user.id) } else { Uuid::parse_str(text).ok() }
    }
}

/// Where a token was found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Credential<'a> {
    Bearer(&'a str),
    Cookie(&'a str),
}

impl<'a> Credential<'a> {
    /// Finds the token of a request; a bearer token wins over the cookie.
    ///
    /// A cookie goes out with every request that any page makes, so a call that changes something counts it only
    /// when the request comes from a page of ours.
    pub(crate) fn find(parts: &'a Parts, app: &App) -> Result<Option<Self>, ApiError> {
        let authorization = parts.headers.get(header::AUTHORIZATION);
        if let Some(token) = authorization.and_then(|value| value.to_str().ok()).and_then(bearer) {
            return Ok(Some(Self::Bearer(token)));
        }
        let Some(token) = cookie(&parts.headers) else {
            // Another scheme may be meant for a proxy, but whoever sends one and no cookie wanted to be let in.
            return authorization.map_or(Ok(None), |value| Err(malformed(value)));
        };
        let is_safe = matches!(parts.method, Method::GET | Method::HEAD);
        if is_safe || origin::is_own(&parts.headers, &app.config) {
            return Ok(Some(Self::Cookie(token)));
        }
        let message = "A call with the session cookie must come from this server's own page; other clients send the \
                       token in the Authorization header.";
        Err(ApiError::new(StatusCode::FORBIDDEN, "origin_not_allowed", message))
    }

    pub(crate) const fn token(self) -> &'a str {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => token,
        }
    }
}

/// The refusal of a header without a bearer token, in the words of seed 004.
fn malformed(value: &HeaderValue) -> ApiError {
    let is_empty = value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"bearer");
    let words = if is_empty {
        "Token is missing"
    } else {
        "Invalid authorization header format. Expected: Bearer <token>"
    };
    missing_bearer_token().in_account("Unauthorized", words)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE && !value.is_empty()).then_some(value))
}

pub(super) fn missing_bearer_token() -> ApiError {
    let message = "Sign in first: this call needs an `Authorization: Bearer …` header.";
    ApiError::new(StatusCode::UNAUTHORIZED, "missing_bearer_token", message)
        .in_account("Unauthorized", "No authorization header provided")
}

impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let credential = Credential::find(parts, app)?.ok_or_else(missing_bearer_token)?;
        Ok(app.sessions.authenticate(credential.token()).await?)
    }
}

impl FromRequestParts<Arc<App>> for RecentActor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let credential = Credential::find(parts, app)?.ok_or_else(missing_bearer_token)?;
        Ok(Self(app.sessions.authenticate_recent(credential.token()).await?))
    }
}

impl FromRequestParts<Arc<App>> for OptionalActor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Some(credential) = Credential::find(parts, app)? else { return Ok(Self(None)) };
        match (app.sessions.authenticate(credential.token()).await, credential) {
            (Ok(actor), _) => Ok(Self(Some(actor))),
            // A cookie that has grown old should not close a public page.
            (
                Err(SessionError::InvalidToken | SessionError::TokenExpired | SessionError::UserDeleted),
                Credential::Cookie(_),
            ) => Ok(Self(None)),
            (Err(error), _) => Err(error.into()),
        }
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, app).await?;
        if actor.user.is_admin() {
            return Ok(Self(actor));
        }
        let message = "Only administrators may do this; `postfun admin grant` makes one.";
        Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
    }
}

/// Writes the session cookie: unreadable for scripts, sent only by pages of this host.
pub(crate) fn cookie_header(token: &AccessToken, max_age_s: u64, is_secure: bool) -> Option<HeaderValue> {
    set_cookie(token.expose(), max_age_s, is_secure)
}

/// Removes the session cookie.
pub(crate) fn removal_cookie_header(is_secure: bool) -> Option<HeaderValue> {
    set_cookie("", 0, is_secure)
}

fn set_cookie(value: &str, max_age_s: u64, is_secure: bool) -> Option<HeaderValue> {
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).ok()
}
