//! Showing, making, changing and deleting users.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::wire::{AccountObject, Said, privy_id, wallet};
use crate::app::App;
use crate::http::account::{DataAnswer, DoneAnswer};
use crate::http::page::PageParams;
use crate::http::schema::AccountErrorBody;
use crate::http::time::iso_millis;
use crate::http::{ApiError, JsonBody, PathParam, QueryParams};
use crate::session::Actor;
use crate::session::http::wire::Field;
use crate::users::{Account, Changes, Name, UserError};

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .routes(routes!(show_by_privy))
        .routes(routes!(show_by_wallet))
        .routes(routes!(set_wallet))
        .routes(routes!(note_activity))
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UsersAnswer {
    /// Always true.
    success: bool,
    users: Vec<AccountObject>,
    /// How many there are on all pages.
    total: i64,
    page: i64,
    total_pages: i64,
    /// When the server answered.
    timestamp: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreateUserRequest {
    /// Privy's name for the user; whoever signs in as them gets the account.
    #[schema(max_length = 255)]
    privy_id: Option<String>,
    #[schema(max_length = 255)]
    email: Option<String>,
    #[schema(max_length = 50)]
    phone: Option<String>,
    #[schema(max_length = 100)]
    display_name: Option<String>,
    /// An https address.
    #[schema(max_length = 500)]
    profile_picture_url: Option<String>,
    /// On Ethereum; upper and lower case together are a checksum.
    wallet_address: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpdateUserRequest {
    /// The version that was read; another one by now is a conflict. Without it the last write wins.
    version: Option<i64>,
    #[schema(max_length = 255)]
    email: Option<String>,
    #[schema(max_length = 50)]
    phone: Option<String>,
    #[schema(max_length = 100)]
    display_name: Option<String>,
    /// An https address.
    #[schema(max_length = 500)]
    profile_picture_url: Option<String>,
    /// On Ethereum; upper and lower case together are a checksum.
    wallet_address: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WalletRequest {
    /// On Ethereum; upper and lower case together are a checksum.
    wallet_address: Option<String>,
}

/// Reads a user's id, or `me`; whatever is neither names nobody.
fn user_id(text: &str, actor: &Actor) -> Result<Uuid, UserError> {
    actor.named(text).ok_or(UserError::NotFound)
}

fn data(account: Account, app: &App) -> DataAnswer<AccountObject> {
    DataAnswer::of(AccountObject::from(account), app.clock.now_ms())
}

/// List users: all of them for administrators, oneself for everybody else.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", security(("bearer" = [])), params(PageParams),
    responses(
        (status = 200, body = UsersAnswer),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_limit`, `invalid_query`"),
        (status = 401, body = AccountErrorBody),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    QueryParams(params): QueryParams<PageParams>,
) -> Result<Json<UsersAnswer>, ApiError> {
    let page = params.check()?;
    let found = app.users.list(&actor, page.limit, page.offset()).await?;
    Ok(Json(UsersAnswer {
        success: true,
        users: found.accounts.into_iter().map(AccountObject::from).collect(),
        total: found.total,
        page: page.number,
        total_pages: page.pages(found.total),
        timestamp: iso_millis(app.clock.now_ms()),
    }))
}

/// Make a user for somebody who has not signed in yet; for administrators.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", security(("bearer" = [])), request_body = CreateUserRequest,
    responses(
        (status = 201, body = DataAnswer<AccountObject>),
        (status = 400, body = AccountErrorBody,
            description = "`invalid_field`, with `field`; `privy_id_taken`, `wallet_taken`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`forbidden`"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    JsonBody(request): JsonBody<CreateUserRequest>,
) -> Result<(StatusCode, Json<DataAnswer<AccountObject>>), ApiError> {
    let CreateUserRequest { privy_id: did, email, phone, display_name, profile_picture_url, wallet_address } =
        request;
    let said = Said { email, phone, display_name, profile_picture_url, wallet_address };
    let (did, changes) = (privy_id(did)?, said.check()?);
    let account = app.users.create(&actor, &did, changes).await?;
    Ok((StatusCode::CREATED, Json(data(account, &app))))
}

/// Show a user.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "users", security(("bearer" = [])),
    params(("id" = String, Path, description = "An id, or `me`")),
    responses(
        (status = 200, body = DataAnswer<AccountObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<String>,
) -> Result<Json<DataAnswer<AccountObject>>, ApiError> {
    let id = user_id(&id, &actor)?;
    Ok(Json(data(app.users.show(&actor, Name::Id(id)).await?, &app)))
}

/// Show the user of a Privy user.
#[utoipa::path(
    get, path = "/api/v1/users/privy/{privyId}", tag = "users", security(("bearer" = [])),
    params(("privyId" = String, Path)),
    responses(
        (status = 200, body = DataAnswer<AccountObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn show_by_privy(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(did): PathParam<String>,
) -> Result<Json<DataAnswer<AccountObject>>, ApiError> {
    // Not every engine takes every text.
    if did.contains('\0') {
        return Err(UserError::NotFound.into());
    }
    Ok(Json(data(app.users.show(&actor, Name::Privy(&did)).await?, &app)))
}

/// Show the user of a wallet.
#[utoipa::path(
    get, path = "/api/v1/users/wallet/{address}", tag = "users", security(("bearer" = [])),
    params(("address" = String, Path)),
    responses(
        (status = 200, body = DataAnswer<AccountObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn show_by_wallet(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(address): PathParam<String>,
) -> Result<Json<DataAnswer<AccountObject>>, ApiError> {
    let address = address.parse().map_err(|_malformed| UserError::NotFound)?;
    Ok(Json(data(app.users.show(&actor, Name::Wallet(address)).await?, &app)))
}

/// Change a user; what is not named stays.
#[utoipa::path(
    put, path = "/api/v1/users/{id}", tag = "users", security(("bearer" = [])), request_body = UpdateUserRequest,
    params(("id" = String, Path, description = "An id, or `me`")),
    responses(
        (status = 200, body = DataAnswer<AccountObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`; `wallet_taken`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
        (status = 409, body = AccountErrorBody, description = "`stale_version`, with the `version` it is at"),
    ),
)]
async fn update(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<String>,
    JsonBody(request): JsonBody<UpdateUserRequest>,
) -> Result<Json<DataAnswer<AccountObject>>, ApiError> {
    let UpdateUserRequest { version, email, phone, display_name, profile_picture_url, wallet_address } =
        request;
    let said = Said { email, phone, display_name, profile_picture_url, wallet_address };
    let (id, changes) = (user_id(&id, &actor)?, said.check()?);
    Ok(Json(data(app.users.update(&actor, id, version, changes).await?, &app)))
}

/// Name a wallet; without a proof it stays unverified.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/wallet", tag = "users", security(("bearer" = [])),
    request_body = WalletRequest, params(("id" = String, Path, description = "An id, or `me`")),
    responses(
        (status = 200, body = DataAnswer<AccountObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `wallet_taken`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn set_wallet(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<String>,
    JsonBody(request): JsonBody<WalletRequest>,
) -> Result<Json<DataAnswer<AccountObject>>, ApiError> {
    let id = user_id(&id, &actor)?;
    let address = request.wallet_address.ok_or_else(|| Field("walletAddress").missing())?;
    let changes = Changes { wallet: Some(wallet(&address)?), ..Changes::default() };
    Ok(Json(data(app.users.update(&actor, id, None, changes).await?, &app)))
}

/// Note that a user is there.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/activity", tag = "users", security(("bearer" = [])),
    params(("id" = String, Path, description = "An id, or `me`")),
    responses(
        (status = 200, body = DoneAnswer),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn note_activity(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<String>,
) -> Result<Json<DoneAnswer>, ApiError> {
    app.users.note_activity(&actor, user_id(&id, &actor)?).await?;
    Ok(Json(DoneAnswer::of("Last active time updated", None, app.clock.now_ms())))
}

/// Delete a user: nobody signs in to it any more, every session ends; keys and balances are kept.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "users", security(("bearer" = [])),
    params(("id" = String, Path, description = "An id, or `me`")),
    responses(
        (status = 200, body = DoneAnswer),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn delete(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(id): PathParam<String>,
) -> Result<Json<DoneAnswer>, ApiError> {
    let id = user_id(&id, &actor)?;
    app.users.delete(&actor, id).await?;
    app.events.announce([id]);
    Ok(Json(DoneAnswer::of("User deleted successfully", None, app.clock.now_ms())))
}
