//! `/api/v1/activity-logs/*`: routes of seed 004.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Action, ActivityError, COUNTED_MAX, Count, Entry, Log, Search};
use crate::app::App;
use crate::http::account::{DataAnswer, ListAnswer};
use crate::http::page::{PageParams, check_rows};
use crate::http::schema::AccountErrorBody;
use crate::http::time::{Instants, instants, iso_millis};
use crate::http::{ApiError, ClientIp, JsonBody, PathParam, QueryParams};
use crate::session::http::wire::Field;
use crate::session::{Actor, ManageError};

/// Entries that `recent` shows when the client does not say.
const RECENT_DEFAULT: i64 = 20;
/// Largest details, in bytes of their JSON.
const METADATA_BYTES_MAX: usize = 2_048;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(stats))
        .routes(routes!(list_of_user))
        .routes(routes!(list_recent))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct SearchParams {
    /// A user's id, or `me`; administrators see everybody when they name nobody.
    user_id: Option<String>,
    /// A session's id.
    session_id: Option<Uuid>,
    /// The name of an action.
    action: Option<String>,
    /// A day in UTC or a moment: `2026-11-21` or `2026-11-21T10:00:00Z`.
    start_date: Option<String>,
    /// As `startDate`; the whole day, or the moment itself, is still included.
    end_date: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RecentParams {
    /// 1 to 100; 20 unless said.
    limit: Option<i64>,
}

/// A page of the activity log, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogsAnswer {
    /// Always true.
    success: bool,
    logs: Vec<LogObject>,
    /// How many there are on all pages, counted up to 10000.
    total: i64,
    /// Whether there are no more than `total`; if there are, `endDate` leads to them.
    total_is_exact: bool,
    page: i64,
    total_pages: i64,
    /// When the server answered.
    timestamp: String,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogObject {
    id: Uuid,
    user_id: Uuid,
    session_id: Option<Uuid>,
    #[schema(example = "user_login")]
    action: String,
    /// Details, by the kind of action.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    ip_address: Option<String>,
    #[schema(example = "2026-11-21T10:00:00.000Z")]
    created_at: String,
}

/// How often things happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ActivityStatsObject {
    total_actions: i64,
    /// By action, most frequent first.
    action_breakdown: Vec<ActionCount>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ActionCount {
    #[schema(example = "user_login")]
    action: String,
    count: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreateRequest {
    /// The caller's own id; an entry is always the caller's.
    user_id: Option<Uuid>,
    /// A session of the caller; that of the call unless said.
    session_id: Option<Uuid>,
    /// `password_changed`, `two_fa_enabled` or `two_fa_disabled`; everything else is written by the server.
    #[schema(example = "two_fa_enabled")]
    action: Option<String>,
    /// Details: an object of at most 2048 bytes.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

impl From<Log> for LogObject {
    fn from(log: Log) -> Self {
        Self {
            id: log.id,
            user_id: log.user_id,
            session_id: log.session_id,
            action: log.action,
            metadata: log.metadata,
            ip_address: log.ip_address,
            created_at: iso_millis(log.created_at_ms),
        }
    }
}

impl From<Count> for ActionCount {
    fn from(count: Count) -> Self {
        Self { action: count.action, count: count.entries }
    }
}

impl SearchParams {
    fn check(self, actor: &Actor) -> Result<Search, ApiError> {
        let user_id = self.user_id.map(|text| user_id(&text, actor)).transpose()?;
        let action = self.action.map(|text| action(&text)).transpose()?;
        let dates = |name, text: Option<String>| text.map(|text| date(name, &text)).transpose();
        let (start, end) = (dates("startDate", self.start_date)?, dates("endDate", self.end_date)?);
        let all = Search::default();
        let from_ms = start.map_or(all.from_ms, |start| start.first_ms);
        let until_ms = end.map_or(all.until_ms, |end| end.after_ms);
        if from_ms >= until_ms {
            return Err(Field("endDate").refused("must not lie before startDate"));
        }
        Ok(Search { user_id, session_id: self.session_id, action, from_ms, until_ms })
    }
}

fn user_id(text: &str, actor: &Actor) -> Result<Uuid, ActivityError> {
    actor.named(text).ok_or(ActivityError::UserNotFound)
}

fn action(text: &str) -> Result<Action, ApiError> {
    Action::parse(text)
        .ok_or_else(|| Field("action").refused("must be the name of an action, such as user_login"))
}

fn date(name: &'static str, text: &str) -> Result<Instants, ApiError> {
    let complaint = "must be a day such as 2026-11-21 or a moment such as 2026-11-21T10:00:00Z";
    instants(text).ok_or_else(|| Field(name).refused(complaint))
}

/// Answers with a page of what is found.
async fn page(
    app: &App,
    actor: &Actor,
    search: Search,
    params: PageParams,
) -> Result<Json<LogsAnswer>, ApiError> {
    let page = params.check_within(COUNTED_MAX)?;
    let found = app.activity.list(actor, search, page.limit, page.offset()).await?;
    Ok(Json(LogsAnswer {
        success: true,
        logs: found.logs.into_iter().map(LogObject::from).collect(),
        total: found.total,
        total_is_exact: found.total_is_exact,
        page: page.number,
        total_pages: page.pages(found.total),
        timestamp: iso_millis(app.clock.now_ms()),
    }))
}

/// List what happened, newest first: to everybody for administrators, to oneself for everybody else.
///
/// Pages reach ten thousand entries; `endDate` leads farther back.
#[utoipa::path(
    get, path = "/api/v1/activity-logs", tag = "activity", security(("bearer" = [])), params(SearchParams, PageParams),
    responses(
        (status = 200, body = LogsAnswer),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_query`, `invalid_limit`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    QueryParams(params): QueryParams<SearchParams>,
    QueryParams(paging): QueryParams<PageParams>,
) -> Result<Json<LogsAnswer>, ApiError> {
    let search = params.check(&actor)?;
    page(&app, &actor, search, paging).await
}

/// List what happened to a user, newest first.
///
/// Pages reach ten thousand entries.
#[utoipa::path(
    get, path = "/api/v1/activity-logs/user/{userId}", tag = "activity", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), PageParams),
    responses(
        (status = 200, body = LogsAnswer),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_query`, `invalid_limit`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn list_of_user(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(paging): QueryParams<PageParams>,
) -> Result<Json<LogsAnswer>, ApiError> {
    let search = Search::of_user(user_id(&user, &actor)?);
    page(&app, &actor, search, paging).await
}

/// List what happened to a user last, newest first.
#[utoipa::path(
    get, path = "/api/v1/activity-logs/user/{userId}/recent", tag = "activity", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), RecentParams),
    responses(
        (status = 200, body = ListAnswer<LogObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_limit`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn list_recent(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(params): QueryParams<RecentParams>,
) -> Result<Json<ListAnswer<LogObject>>, ApiError> {
    let limit = check_rows(params.limit, RECENT_DEFAULT)?;
    let logs = app.activity.recent(&actor, user_id(&user, &actor)?, limit).await?;
    Ok(Json(ListAnswer::of(logs.into_iter().map(LogObject::from).collect(), app.clock.now_ms())))
}

/// Count what happened, by action.
#[utoipa::path(
    get, path = "/api/v1/activity-logs/stats", tag = "activity", security(("bearer" = [])), params(SearchParams),
    responses(
        (status = 200, body = DataAnswer<ActivityStatsObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `invalid_query`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn stats(
    State(app): State<Arc<App>>,
    actor: Actor,
    QueryParams(params): QueryParams<SearchParams>,
) -> Result<Json<DataAnswer<ActivityStatsObject>>, ApiError> {
    let counts = app.activity.stats(&actor, params.check(&actor)?).await?;
    let data = ActivityStatsObject {
        total_actions: counts.iter().map(|count| count.entries).sum(),
        action_breakdown: counts.into_iter().map(ActionCount::from).collect(),
    };
    Ok(Json(DataAnswer::of(data, app.clock.now_ms())))
}

/// Write down what the caller did where this server cannot see it.
#[utoipa::path(
    post, path = "/api/v1/activity-logs", tag = "activity", security(("bearer" = [])), request_body = CreateRequest,
    responses(
        (status = 201, body = DataAnswer<LogObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 403, body = AccountErrorBody, description = "`server_only_action`: the server writes it when it happens"),
        (status = 404, body = AccountErrorBody, description = "`session_not_found`: there is none, or it is foreign"),
        (status = 429, body = AccountErrorBody, description = "`too_many_entries` in one day"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    ip: ClientIp,
    JsonBody(request): JsonBody<CreateRequest>,
) -> Result<(StatusCode, Json<DataAnswer<LogObject>>), ApiError> {
    let entry = request.check(&app, &actor, ip).await?;
    let log = app.activity.note(entry).await?;
    Ok((StatusCode::CREATED, Json(DataAnswer::of(log.into(), app.clock.now_ms()))))
}

impl CreateRequest {
    async fn check(self, app: &App, actor: &Actor, ip: ClientIp) -> Result<Entry, ApiError> {
        if self.user_id.is_some_and(|id| id != actor.user.id) {
            return Err(Field("userId").refused("can only be the caller's own"));
        }
        let action = action(&self.action.ok_or_else(|| Field("action").missing())?)?;
        let metadata = self.metadata.map(Value::Object);
        if metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > METADATA_BYTES_MAX) {
            return Err(Field("metadata").refused(&format!("takes at most {METADATA_BYTES_MAX} bytes")));
        }
        let session_id = self.session_id.unwrap_or(actor.session_id);
        if session_id != actor.session_id
            && app.sessions.show(actor, session_id).await?.user_id != actor.user.id
        {
            return Err(ManageError::NotFound.into());
        }
        Ok(Entry { user_id: actor.user.id, session_id: Some(session_id), action, metadata, ip: Some(ip.0) })
    }
}
