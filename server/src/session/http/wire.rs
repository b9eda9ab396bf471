//! What goes over the wire, and its limits.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::ApiError;
use crate::http::time::iso_millis;
use crate::session::{Actor, Device, Session};

/// Longest texts, in characters; seed 004's columns.
const DEVICE_ID_MAX: usize = 255;
const NAME_MAX: usize = 100;
const VERSION_MAX: usize = 50;
const PUSH_TOKEN_MAX: usize = 500;
const REASON_MAX: usize = 50;
pub(super) const KEY_MAX: usize = 255;

/// A field by its name on the wire, for refusing it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field(pub(crate) &'static str);

impl Field {
    pub(crate) fn missing(self) -> ApiError {
        self.refused("is required")
    }

    pub(crate) fn refused(self, why: &str) -> ApiError {
        ApiError::bad_request("invalid_field", format!("{} {why}", self.0)).with_field("field", self.0)
    }

    /// Checks a text; an empty one counts as absent.
    pub(crate) fn text(self, text: Option<String>, chars_max: usize) -> Result<Option<String>, ApiError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.chars().any(char::is_control) {
            return Err(self.refused("must not contain control characters"));
        }
        if text.chars().count() > chars_max {
            return Err(self.refused(&format!("takes at most {chars_max} characters")));
        }
        Ok(Some(text))
    }

    /// Checks a number of days.
    pub(super) fn days(self, days: Option<i64>, default: i64) -> Result<i64, ApiError> {
        let days = days.unwrap_or(default);
        if (1..=365).contains(&days) { Ok(days) } else { Err(self.refused("takes 1 to 365 days")) }
    }
}

/// Checks why a session ends.
pub(super) fn reason_or(text: Option<String>, default: &str) -> Result<String, ApiError> {
    Ok(Field("reason").text(text, REASON_MAX)?.unwrap_or_else(|| default.to_owned()))
}

/// Checks a push token that must be there.
pub(super) fn push_token(text: Option<String>) -> Result<String, ApiError> {
    let field = Field("pushToken");
    field.text(text, PUSH_TOKEN_MAX)?.ok_or_else(|| field.missing())
}

/// Checks every text that a client says about its device; an empty one counts as absent.
pub(crate) fn check_device(device: Device) -> Result<Device, ApiError> {
    Ok(Device {
        id: Field("deviceId").text(device.id, DEVICE_ID_MAX)?,
        platform: device.platform,
        name: Field("deviceName").text(device.name, NAME_MAX)?,
        model: Field("deviceModel").text(device.model, NAME_MAX)?,
        os_version: Field("osVersion").text(device.os_version, VERSION_MAX)?,
        app_version: Field("appVersion").text(device.app_version, VERSION_MAX)?,
        push_token: Field("pushToken").text(device.push_token, PUSH_TOKEN_MAX)?,
    })
}

/// A session, as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionObject {
    id: Uuid,
    user_id: Uuid,
    device_id: Option<String>,
    device_name: Option<String>,
    device_model: Option<String>,
    /// `ios`, `android` or `web`.
    #[schema(example = "web")]
    platform: &'static str,
    os_version: Option<String>,
    app_version: Option<String>,
    push_token: Option<String>,
    push_token_updated_at: Option<String>,
    is_active: bool,
    ip_address: Option<String>,
    #[schema(example = "2026-11-21T10:00:00.000Z")]
    created_at: String,
    last_activity_at: String,
    expires_at: String,
    terminated_at: Option<String>,
    termination_reason: Option<String>,
    /// For changes that must not overwrite each other.
    version: i64,
    /// Whether the call was made in this session.
    is_current: bool,
    /// The key that signed in; none where a call made the session.
    key: Option<KeyObject>,
}

/// The key that signed in.
#[derive(Debug, Serialize, ToSchema)]
struct KeyObject {
    #[schema(example = "nostr")]
    kind: String,
    subject: String,
}

impl SessionObject {
    pub(super) fn of(session: Session, actor: &Actor, now_ms: i64) -> Self {
        let is_active = session.is_active(now_ms);
        // One whose time is over has ended, also before the sweep that writes it down.
        let lapsed =
            (!is_active).then(|| (session.expires_at_ms, crate::session::reason::EXPIRED.to_owned()));
        let ended = session.ended.map(|ended| (ended.at_ms, ended.reason)).or(lapsed);
        let (terminated_at, termination_reason) = ended.map(|(at, why)| (iso_millis(at), why)).unzip();
        Self {
            id: session.id,
            user_id: session.user_id,
            device_id: session.device.id,
            device_name: session.device.name,
            device_model: session.device.model,
            platform: session.device.platform.as_str(),
            os_version: session.device.os_version,
            app_version: session.device.app_version,
            push_token: session.device.push_token,
            push_token_updated_at: session.push_token_updated_at_ms.map(iso_millis),
            is_active,
            ip_address: session.ip_address,
            created_at: iso_millis(session.created_at_ms),
            last_activity_at: iso_millis(session.last_activity_at_ms),
            expires_at: iso_millis(session.expires_at_ms),
            terminated_at,
            termination_reason,
            version: session.version,
            is_current: session.id == actor.session_id,
            key: session.key.map(|key| KeyObject { kind: key.kind, subject: key.subject }),
        }
    }
}
