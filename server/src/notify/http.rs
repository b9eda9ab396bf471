//! `/api/v1/notifications/*`: routes of seed 004, whose two spellings do the same.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Changes, Clearable, NotifyError, Preferences, TimeOfDay, Zone};
use crate::app::App;
use crate::http::account::DataAnswer;
use crate::http::schema::AccountErrorBody;
use crate::http::time::iso_millis;
use crate::http::{ApiError, JsonBody, PathParam, QueryParams};
use crate::session::Actor;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(show, update))
        .routes(routes!(reset))
        .routes(routes!(show_of_user, update_of_user))
        .routes(routes!(reset_of_user))
}

#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FormParams {
    /// How the answer writes times of day: `epoch` as `1970-01-01T22:00:00.000Z`, which is the default, or `clock` as
    /// `22:00:00`.
    #[serde(default)]
    #[param(inline)]
    times: TimeForm,
}

/// How the answer writes times of day.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum TimeForm {
    #[default]
    Epoch,
    Clock,
}

/// What a user wants to be told, by which channel, and when not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "seed 004 has a key for each switch")]
pub(crate) struct PreferencesObject {
    id: Uuid,
    user_id: Uuid,
    push_enabled: bool,
    email_enabled: bool,
    sms_enabled: bool,
    /// The user's own money.
    transaction_notifications: bool,
    /// Sign-ins, keys and sessions; they do not wait for the end of quiet hours.
    security_alerts: bool,
    marketing_updates: bool,
    product_updates: bool,
    /// Whether everything but security alerts and questions for approval waits for the end of the quiet hours.
    quiet_hours_enabled: bool,
    /// The first quiet moment on the clock of `timezone`.
    #[schema(example = "1970-01-01T22:00:00.000Z")]
    quiet_hours_start: Option<String>,
    /// The first moment after; before the start it lies on the next day, and at the start there are no quiet hours.
    #[schema(example = "1970-01-01T07:00:00.000Z")]
    quiet_hours_end: Option<String>,
    /// A name of the IANA time zone database.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    #[schema(example = "2026-11-21T10:00:00.000Z")]
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpdateRequest {
    push_enabled: Option<bool>,
    email_enabled: Option<bool>,
    sms_enabled: Option<bool>,
    transaction_notifications: Option<bool>,
    security_alerts: Option<bool>,
    marketing_updates: Option<bool>,
    product_updates: Option<bool>,
    /// On only with a start and an end.
    quiet_hours_enabled: Option<bool>,
    /// `22:00:00`, `22:00` or `1970-01-01T22:00:00.000Z`; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "22:00:00")]
    quiet_hours_start: Clearable<TimeOfDay>,
    /// As the start.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "07:00:00")]
    quiet_hours_end: Clearable<TimeOfDay>,
    /// A name of the IANA time zone database.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    timezone: Option<Zone>,
}

impl TimeForm {
    fn write(self, time: TimeOfDay) -> String {
        match self {
            Self::Epoch => time.epoch_form(),
            Self::Clock => time.to_string(),
        }
    }
}

impl PreferencesObject {
    fn of(preferences: Preferences, form: TimeForm) -> Self {
        let Preferences { id, user_id, wishes, created_at_ms, updated_at_ms } = preferences;
        let quiet = wishes.quiet;
        Self {
            id,
            user_id,
            push_enabled: wishes.push,
            email_enabled: wishes.email,
            sms_enabled: wishes.sms,
            transaction_notifications: wishes.transactions,
            security_alerts: wishes.security,
            marketing_updates: wishes.marketing,
            product_updates: wishes.product,
            quiet_hours_enabled: quiet.is_enabled,
            quiet_hours_start: quiet.start.map(|time| form.write(time)),
            quiet_hours_end: quiet.end.map(|time| form.write(time)),
            timezone: quiet.zone.name().to_owned(),
            created_at: iso_millis(created_at_ms),
            updated_at: iso_millis(updated_at_ms),
        }
    }
}

impl From<Preferences> for PreferencesObject {
    fn from(preferences: Preferences) -> Self {
        Self::of(preferences, TimeForm::default())
    }
}

impl From<UpdateRequest> for Changes {
    fn from(request: UpdateRequest) -> Self {
        Self {
            push: request.push_enabled,
            email: request.email_enabled,
            sms: request.sms_enabled,
            transactions: request.transaction_notifications,
            security: request.security_alerts,
            marketing: request.marketing_updates,
            product: request.product_updates,
            quiet: request.quiet_hours_enabled,
            quiet_start: request.quiet_hours_start,
            quiet_end: request.quiet_hours_end,
            zone: request.timezone,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Clearable<T> {
    /// Reads a value that is there: null clears.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

type Answer = Result<Json<DataAnswer<PreferencesObject>>, ApiError>;

/// What the routes have in common.
struct Call {
    app: Arc<App>,
    actor: Actor,
    user_id: Uuid,
    form: TimeForm,
}

impl Call {
    fn new(app: Arc<App>, actor: Actor, user: &str, form: FormParams) -> Result<Self, ApiError> {
        let user_id = actor.named(user).ok_or(NotifyError::UserNotFound)?;
        Ok(Self { app, actor, user_id, form: form.times })
    }

    async fn show(self) -> Answer {
        let preferences = self.app.notifications.show(&self.actor, self.user_id).await?;
        Ok(self.answer(preferences, None))
    }

    async fn update(self, request: UpdateRequest) -> Answer {
        let preferences = self.app.notifications.update(&self.actor, self.user_id, request.into()).await?;
        Ok(self.answer(preferences, Some("Notification preferences updated successfully")))
    }

    async fn reset(self) -> Answer {
        let preferences = self.app.notifications.reset(&self.actor, self.user_id).await?;
        Ok(self.answer(preferences, Some("Notification preferences reset to defaults")))
    }

    fn answer(
        &self,
        preferences: Preferences,
        message: Option<&'static str>,
    ) -> Json<DataAnswer<PreferencesObject>> {
        let body = DataAnswer::of(PreferencesObject::of(preferences, self.form), self.app.clock.now_ms());
        Json(match message {
            Some(message) => body.with_message(message),
            None => body,
        })
    }
}

/// Show what a user wants to be told; the first time that makes the preferences.
#[utoipa::path(
    get, path = "/api/v1/notifications/preferences/{userId}", tag = "notifications", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), FormParams),
    responses(
        (status = 200, body = DataAnswer<PreferencesObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(form): QueryParams<FormParams>,
) -> Answer {
    Call::new(app, actor, &user, form)?.show().await
}

/// Change what a user wants to be told; what is not named stays.
#[utoipa::path(
    put, path = "/api/v1/notifications/preferences/{userId}", tag = "notifications", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), FormParams), request_body = UpdateRequest,
    responses(
        (status = 200, body = DataAnswer<PreferencesObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `quiet_hours_incomplete`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn update(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(form): QueryParams<FormParams>,
    JsonBody(request): JsonBody<UpdateRequest>,
) -> Answer {
    Call::new(app, actor, &user, form)?.update(request).await
}

/// Set what a user wants to be told back to the defaults.
#[utoipa::path(
    post, path = "/api/v1/notifications/preferences/{userId}/reset", tag = "notifications", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), FormParams),
    responses(
        (status = 200, body = DataAnswer<PreferencesObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn reset(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(form): QueryParams<FormParams>,
) -> Answer {
    Call::new(app, actor, &user, form)?.reset().await
}

/// Show what a user wants to be told: another spelling of `/preferences/{userId}`.
#[utoipa::path(
    get, path = "/api/v1/notifications/user/{userId}", tag = "notifications", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), FormParams),
    responses(
        (status = 200, body = DataAnswer<PreferencesObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn show_of_user(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(form): QueryParams<FormParams>,
) -> Answer {
    Call::new(app, actor, &user, form)?.show().await
}

/// Change what a user wants to be told: another spelling of `/preferences/{userId}`.
#[utoipa::path(
    put, path = "/api/v1/notifications/user/{userId}", tag = "notifications", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), FormParams), request_body = UpdateRequest,
    responses(
        (status = 200, body = DataAnswer<PreferencesObject>),
        (status = 400, body = AccountErrorBody, description = "`invalid_field`, `quiet_hours_incomplete`, with `field`"),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn update_of_user(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(form): QueryParams<FormParams>,
    JsonBody(request): JsonBody<UpdateRequest>,
) -> Answer {
    Call::new(app, actor, &user, form)?.update(request).await
}

/// Set what a user wants to be told back to the defaults: another spelling of `/preferences/{userId}/reset`.
#[utoipa::path(
    post, path = "/api/v1/notifications/user/{userId}/reset", tag = "notifications", security(("bearer" = [])),
    params(("userId" = String, Path, description = "A user's id, or `me`"), FormParams),
    responses(
        (status = 200, body = DataAnswer<PreferencesObject>),
        (status = 401, body = AccountErrorBody),
        (status = 404, body = AccountErrorBody, description = "`user_not_found`, also for somebody else"),
    ),
)]
async fn reset_of_user(
    State(app): State<Arc<App>>,
    actor: Actor,
    PathParam(user): PathParam<String>,
    QueryParams(form): QueryParams<FormParams>,
) -> Answer {
    Call::new(app, actor, &user, form)?.reset().await
}
