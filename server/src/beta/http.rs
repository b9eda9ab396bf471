//! `/api/private-beta/*`, as seed 004 has it: whoever redeems or checks hears in the body, not by the status, that it was
//! refused.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{BetaError, BetaPage, BetaStatus, BetaUser, ReferralKey, Selection};
use crate::app::App;
use crate::http::account::DoneAnswer;
use crate::http::page::{NumberedPage, PageParams};
use crate::http::schema::{AccountErrorBody, OrRefusal};
use crate::http::time::iso_millis;
use crate::http::{ApiError, JsonBody, QueryParams, no_route};
use crate::session::Admin;
use crate::session::http::wire::Field;
use crate::users::http::email;

const KEY: Field = Field("referral_key");
const MADE: &str = "Referral key created successfully";

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(make_one))
        .routes(routes!(make_one_by_another_name))
        .routes(routes!(make_many))
        .routes(routes!(list_unused))
        .routes(routes!(verify))
        .routes(routes!(check_validity))
        .routes(routes!(status))
        .routes(routes!(list_users))
        .routes(routes!(debug))
}

#[derive(Debug, Deserialize, ToSchema)]
struct BulkRequest {
    /// How many keys to make.
    #[schema(minimum = 1, maximum = 100)]
    count: Option<usize>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct RedeemRequest {
    /// Six digits.
    referral_key: Option<String>,
    /// Whom to let in; upper and lower case are the same.
    #[schema(max_length = 255)]
    user_email: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct KeyRequest {
    /// Six digits.
    referral_key: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct EmailRequest {
    #[schema(max_length = 255)]
    user_email: Option<String>,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
struct KeyAnswer {
    /// Always true.
    success: bool,
    message: &'static str,
    #[schema(example = "042917")]
    referral_key: String,
    /// When the server answered.
    timestamp: String,
}

/// Whether a key is worth something.
#[derive(Debug, Serialize, ToSchema)]
struct ValidityAnswer {
    /// Always true.
    success: bool,
    message: &'static str,
    /// `pending` when it can be redeemed, `active` when it was.
    #[schema(example = "pending")]
    status: &'static str,
    /// When the server answered.
    timestamp: String,
}

/// Keys, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KeysAnswer {
    /// Always true.
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    data: Vec<BetaUserObject>,
    /// How many are in `data`.
    count: usize,
    /// How many there are on all pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_pages: Option<i64>,
    /// When the server answered.
    timestamp: String,
}

/// A key, and who redeemed it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BetaUserObject {
    id: Uuid,
    #[schema(example = "042917")]
    referral_key: String,
    /// `pending` or `active`.
    #[schema(example = "pending")]
    status: &'static str,
    user_email: Option<String>,
    #[schema(example = "2026-11-21T10:00:00.000Z")]
    created_at: String,
    updated_at: String,
}

impl From<BetaUser> for BetaUserObject {
    fn from(user: BetaUser) -> Self {
        Self {
            id: user.id,
            referral_key: user.key.expose().to_owned(),
            status: user.status.as_str(),
            user_email: user.email,
            created_at: iso_millis(user.created_at_ms),
            updated_at: iso_millis(user.updated_at_ms),
        }
    }
}

impl KeysAnswer {
    fn of(users: Vec<BetaUser>, now_ms: i64) -> Self {
        Self {
            success: true,
            message: None,
            count: users.len(),
            data: users.into_iter().map(BetaUserObject::from).collect(),
            total: None,
            page: None,
            total_pages: None,
            timestamp: iso_millis(now_ms),
        }
    }
}

/// Says of a wrong field with the status 200 what it is.
fn told(error: ApiError) -> ApiError {
    if error.code() == "invalid_field" {
        return error.seed_code("Bad Request").with_status(StatusCode::OK);
    }
    error
}

/// Reads a body whose wrong fields are told with the status 200.
fn read<T>(body: Result<JsonBody<T>, ApiError>) -> Result<T, ApiError> {
    body.map(|JsonBody(value)| value).map_err(told)
}

fn given(field: Field, text: Option<String>) -> Result<String, ApiError> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| told(field.missing()))
}

/// Reads a key; a text that cannot be one is not found.
fn key(text: &str) -> Result<ReferralKey, BetaError> {
    text.parse().map_err(|_no_key| BetaError::KeyNotFound)
}

fn address(text: Option<String>) -> Result<String, ApiError> {
    let field = Field("user_email");
    email(field, given(field, text)?).map_err(told)
}

async fn make(app: &App, admin: &Admin, count: usize) -> Result<Vec<BetaUser>, ApiError> {
    let actor = admin.0.user.id.to_string();
    Ok(app.beta.make_keys(&actor, count, None).await?)
}

async fn one(app: &App, admin: &Admin) -> Result<Json<KeyAnswer>, ApiError> {
    let made = make(app, admin, 1).await?;
    let referral_key = made.first().map(|user| user.key.expose().to_owned()).unwrap_or_default();
    let timestamp = iso_millis(app.clock.now_ms());
    Ok(Json(KeyAnswer { success: true, message: MADE, referral_key, timestamp }))
}

async fn list(app: &App, selection: Selection, page: NumberedPage) -> Result<KeysAnswer, ApiError> {
    let BetaPage { users, total } = app.beta.list(selection, page.limit, page.offset()).await?;
    Ok(KeysAnswer {
        total: Some(total),
        page: Some(page.number),
        total_pages: Some(page.pages(total)),
        ..KeysAnswer::of(users, app.clock.now_ms())
    })
}

/// Make a key; for administrators.
#[utoipa::path(
    post, path = "/api/private-beta/referral", tag = "beta", security(("bearer" = [])),
    responses(
        (status = 200, body = OrRefusal<KeyAnswer>,
            description = "Or refused: `too_many_unused_keys`, `referral_keys_exhausted`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`forbidden`"),
    ),
)]
async fn make_one(State(app): State<Arc<App>>, admin: Admin) -> Result<Json<KeyAnswer>, ApiError> {
    one(&app, &admin).await
}

/// Make a key, by the other name that seed 004 has for it; for administrators.
#[utoipa::path(
    post, path = "/api/private-beta/referrals", tag = "beta", security(("bearer" = [])),
    responses(
        (status = 200, body = OrRefusal<KeyAnswer>,
            description = "Or refused: `too_many_unused_keys`, `referral_keys_exhausted`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`forbidden`"),
    ),
)]
async fn make_one_by_another_name(
    State(app): State<Arc<App>>,
    admin: Admin,
) -> Result<Json<KeyAnswer>, ApiError> {
    one(&app, &admin).await
}

/// Make several keys at once; for administrators.
#[utoipa::path(
    post, path = "/api/private-beta/referrals/bulk", tag = "beta", security(("bearer" = [])),
    request_body = BulkRequest,
    responses(
        (status = 200, body = OrRefusal<KeysAnswer>,
            description = "Or refused: `too_many_unused_keys`, `referral_keys_exhausted`"),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`forbidden`"),
    ),
)]
async fn make_many(
    State(app): State<Arc<App>>,
    admin: Admin,
    JsonBody(request): JsonBody<BulkRequest>,
) -> Result<Json<KeysAnswer>, ApiError> {
    let count = request.count.ok_or_else(|| Field("count").missing())?;
    let made = make(&app, &admin, count).await?;
    let message = Some("Referral keys created successfully");
    Ok(Json(KeysAnswer { message, ..KeysAnswer::of(made, app.clock.now_ms()) }))
}

/// List the keys that nobody has redeemed; for administrators.
#[utoipa::path(
    get, path = "/api/private-beta/referrals/unused", tag = "beta", security(("bearer" = [])),
    params(PageParams),
    responses(
        (status = 200, body = KeysAnswer),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_limit`, `invalid_query`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`forbidden`"),
    ),
)]
async fn list_unused(
    State(app): State<Arc<App>>,
    _admin: Admin,
    QueryParams(params): QueryParams<PageParams>,
) -> Result<Json<KeysAnswer>, ApiError> {
    Ok(Json(list(&app, Selection::Unused, params.check()?).await?))
}

/// Redeem a key for an e-mail address.
#[utoipa::path(
    post, path = "/api/private-beta/verify", tag = "beta", request_body = RedeemRequest,
    responses(
        (status = 200, body = OrRefusal<DoneAnswer>,
            description = "Or refused: `referral_key_not_found`, `referral_key_used`, `email_taken`; \
                           `invalid_field`, with `field`"),
        (status = 429, body = AccountErrorBody,
            description = "`rate_limited`, counted for each address and for each key"),
    ),
)]
async fn verify(
    State(app): State<Arc<App>>,
    body: Result<JsonBody<RedeemRequest>, ApiError>,
) -> Result<Json<DoneAnswer>, ApiError> {
    let RedeemRequest { referral_key, user_email } = read(body)?;
    let (text, email) = (given(KEY, referral_key)?, address(user_email)?);
    app.beta.redeem(&key(&text)?, &email).await?;
    let message = "Referral key verified and user activated successfully";
    Ok(Json(DoneAnswer::of(message, None, app.clock.now_ms())))
}

/// Is a key worth something?
#[utoipa::path(
    post, path = "/api/private-beta/check-validity", tag = "beta", request_body = KeyRequest,
    responses(
        (status = 200, body = OrRefusal<ValidityAnswer>,
            description = "Or refused: `referral_key_not_found`; `invalid_field`, with `field`"),
        (status = 429, body = AccountErrorBody, description = "`rate_limited`, counted for each address"),
    ),
)]
async fn check_validity(
    State(app): State<Arc<App>>,
    body: Result<JsonBody<KeyRequest>, ApiError>,
) -> Result<Json<ValidityAnswer>, ApiError> {
    let text = given(KEY, read(body)?.referral_key)?;
    let status = app.beta.judge(&key(&text)?).await?;
    let message = match status {
        BetaStatus::Pending => "Referral key is valid and can be used",
        BetaStatus::Active => "Referral key is valid and active",
    };
    let timestamp = iso_millis(app.clock.now_ms());
    Ok(Json(ValidityAnswer { success: true, message, status: status.as_str(), timestamp }))
}

/// Has an e-mail address redeemed a key?
#[utoipa::path(
    post, path = "/api/private-beta/status", tag = "beta", request_body = EmailRequest,
    responses(
        (status = 200, body = OrRefusal<DoneAnswer>,
            description = "Or refused: `user_not_found`; `invalid_field`, with `field`"),
        (status = 429, body = AccountErrorBody, description = "`rate_limited`, counted for each address"),
    ),
)]
async fn status(
    State(app): State<Arc<App>>,
    body: Result<JsonBody<EmailRequest>, ApiError>,
) -> Result<Json<DoneAnswer>, ApiError> {
    app.beta.check_email(&address(read(body)?.user_email)?).await?;
    Ok(Json(DoneAnswer::of("User status retrieved successfully", None, app.clock.now_ms())))
}

/// List all keys, and who redeemed them; for administrators.
#[utoipa::path(
    get, path = "/api/private-beta/users", tag = "beta", security(("bearer" = [])), params(PageParams),
    responses(
        (status = 200, body = KeysAnswer),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_limit`, `invalid_query`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`forbidden`"),
    ),
)]
async fn list_users(
    State(app): State<Arc<App>>,
    _admin: Admin,
    QueryParams(params): QueryParams<PageParams>,
) -> Result<Json<KeysAnswer>, ApiError> {
    Ok(Json(list(&app, Selection::All, params.check()?).await?))
}

/// As `users`, for developers; for administrators, and not in production.
#[utoipa::path(
    get, path = "/api/private-beta/debug", tag = "beta", security(("bearer" = [])), params(PageParams),
    responses(
        (status = 200, body = KeysAnswer),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_limit`, `invalid_query`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`forbidden`"),
        (status = 404, body = AccountErrorBody, description = "`route_not_found`, in production"),
    ),
)]
async fn debug(
    State(app): State<Arc<App>>,
    admin: Result<Admin, ApiError>,
    params: Result<QueryParams<PageParams>, ApiError>,
) -> Result<Json<KeysAnswer>, ApiError> {
    if app.config.production {
        return Err(no_route("/api/private-beta/debug"));
    }
    admin?;
    let QueryParams(params) = params?;
    let message = Some("Debug: all referral keys");
    Ok(Json(KeysAnswer { message, ..list(&app, Selection::All, params.check()?).await? }))
}
