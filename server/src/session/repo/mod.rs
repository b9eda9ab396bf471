//! Statements about sessions; `caller` has those that every call runs, `ending` those that end them.

pub(crate) mod caller;
pub(crate) mod ending;

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

pub(crate) use ending::{delete_expired, end_expired};
pub(in crate::session) use ending::{end_all, end_of_key, end_other_devices, end_session};

use crate::db::sql::Table;
use crate::db::{DbError, Tx, execute, on_backend, statements};
use crate::identity::UserStatus;
use crate::session::record::{Device, Ended, Platform, ProvenKey, Session};

macro_rules! session_columns {
    () => {
        "id, user_id, generation, refresh_n, used_n, version, identity_kind, identity_subject, device_id, device_name, \
         device_model, platform, os_version, app_version, push_token, push_token_updated_at_ms, ip_address, single_slot, \
         created_at_ms, last_activity_at_ms, expires_at_ms, ended_at_ms, end_reason"
    };
}

statements! {
    INSERT_SESSION = concat!("INSERT INTO sessions (", session_columns!(), ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)");
    UPDATE_SESSION = "
UPDATE sessions
SET user_id = $2, generation = $3, refresh_n = $4, used_n = $5, version = $6, identity_kind = $7,
    identity_subject = $8, device_id = $9, device_name = $10, device_model = $11, platform = $12, os_version = $13,
    app_version = $14, push_token = $15, push_token_updated_at_ms = $16, ip_address = $17, single_slot = $18,
    created_at_ms = $19, last_activity_at_ms = $20, expires_at_ms = $21, ended_at_ms = $22, end_reason = $23
WHERE id = $1";
    LOCK_SESSION = "
UPDATE sessions
SET version = version
WHERE id = $1";
    LOCK_DEVICE = "
UPDATE sessions
SET version = version
WHERE user_id = $1 AND device_id = $2";
    FIND_SESSION = concat!("SELECT ", session_columns!(), "
FROM sessions
WHERE id = $1");
    FIND_BY_DEVICE = concat!("SELECT ", session_columns!(), "
FROM sessions
WHERE user_id = $1 AND device_id = $2");
    FIND_ACTIVE = concat!("SELECT ", session_columns!(), "
FROM sessions
WHERE user_id = $1 AND ended_at_ms IS NULL AND expires_at_ms > $2
ORDER BY last_activity_at_ms DESC, id DESC
LIMIT 1");
    LIST_SESSIONS = concat!("SELECT ", session_columns!(), "
FROM sessions
WHERE user_id = $1 AND ($3 = 1 OR (ended_at_ms IS NULL AND expires_at_ms > $2))
ORDER BY last_activity_at_ms DESC, id DESC
LIMIT $4");
    COUNT_SESSIONS = "
SELECT CAST(COUNT(*) AS BIGINT)
FROM sessions
WHERE user_id = $1";
    COUNT_BY_PLATFORM = "
SELECT platform, CAST(COUNT(*) AS BIGINT) AS sessions
FROM sessions
WHERE user_id = $1 AND ended_at_ms IS NULL AND expires_at_ms > $2
GROUP BY platform
ORDER BY platform";
    NOTE_USE = "
UPDATE sessions
SET used_n = CASE WHEN used_n < $3 THEN $3 ELSE used_n END, last_activity_at_ms = $4
WHERE id = $1 AND generation = $2 AND refresh_n >= $3 AND ended_at_ms IS NULL";
}

#[derive(Debug, FromRow)]
struct SessionRow {
    id: String,
    user_id: String,
    generation: i64,
    refresh_n: i64,
    used_n: i64,
    version: i64,
    identity_kind: Option<String>,
    identity_subject: Option<String>,
    device_id: Option<String>,
    device_name: Option<String>,
    device_model: Option<String>,
    platform: String,
    os_version: Option<String>,
    app_version: Option<String>,
    push_token: Option<String>,
    push_token_updated_at_ms: Option<i64>,
    ip_address: Option<String>,
    single_slot: Option<String>,
    created_at_ms: i64,
    last_activity_at_ms: i64,
    expires_at_ms: i64,
    ended_at_ms: Option<i64>,
    end_reason: Option<String>,
}

impl SessionRow {
    fn into_session(self) -> Result<Session, DbError> {
        let uuid = |column, text: &str| {
            Uuid::parse_str(text).map_err(|_malformed| DbError::inconsistent("sessions", column, text))
        };
        let platform = Platform::parse(&self.platform);
        Ok(Session {
            id: uuid("id", &self.id)?,
            user_id: uuid("user_id", &self.user_id)?,
            generation: self.generation,
            refresh_n: self.refresh_n,
            used_n: self.used_n,
            version: self.version,
            key: self
                .identity_kind
                .zip(self.identity_subject)
                .map(|(kind, subject)| ProvenKey { kind, subject }),
            device: Device {
                id: self.device_id,
                platform: platform
                    .ok_or_else(|| DbError::inconsistent("sessions", "platform", &self.platform))?,
                name: self.device_name,
                model: self.device_model,
                os_version: self.os_version,
                app_version: self.app_version,
                push_token: self.push_token,
            },
            push_token_updated_at_ms: self.push_token_updated_at_ms,
            ip_address: self.ip_address,
            is_single: self.single_slot.is_some(),
            created_at_ms: self.created_at_ms,
            last_activity_at_ms: self.last_activity_at_ms,
            expires_at_ms: self.expires_at_ms,
            ended: self.ended_at_ms.zip(self.end_reason).map(|(at_ms, reason)| Ended { at_ms, reason }),
        })
    }
}

/// Binds every column of a session, in the order of the columns.
macro_rules! bind_session {
    ($query:expr, $session:expr) => {{
        let session: &Session = $session;
        let user_id = session.user_id.to_string();
        $query
            .bind(session.id.to_string())
            .bind(user_id.clone())
            .bind(session.generation)
            .bind(session.refresh_n)
            .bind(session.used_n)
            .bind(session.version)
            .bind(session.key.as_ref().map(|key| key.kind.clone()))
            .bind(session.key.as_ref().map(|key| key.subject.clone()))
            .bind(session.device.id.clone())
            .bind(session.device.name.clone())
            .bind(session.device.model.clone())
            .bind(session.device.platform.as_str())
            .bind(session.device.os_version.clone())
            .bind(session.device.app_version.clone())
            .bind(session.device.push_token.clone())
            .bind(session.push_token_updated_at_ms)
            .bind(session.ip_address.clone())
            .bind(session.is_single.then_some(user_id))
            .bind(session.created_at_ms)
            .bind(session.last_activity_at_ms)
            .bind(session.expires_at_ms)
            .bind(session.ended.as_ref().map(|ended| ended.at_ms))
            .bind(session.ended.as_ref().map(|ended| ended.reason.clone()))
    }};
}

/// Writes a new session.
pub(in crate::session) async fn insert_session(tx: &mut Tx, session: &Session) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| bind_session!(sqlx::query::<DB>(INSERT_SESSION), session)
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

/// Writes a session that was locked and read in this transaction.
pub(in crate::session) async fn update_session(tx: &mut Tx, session: &Session) -> Result<(), DbError> {
    let rows = on_backend!(tx, |c, DB| bind_session!(sqlx::query::<DB>(UPDATE_SESSION), session)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    DbError::check_rows("UPDATE_SESSION", 1, rows)
}

/// Finds a session and keeps others from changing it until the transaction ends.
pub(in crate::session) async fn lock_session(tx: &mut Tx, id: Uuid) -> Result<Option<Session>, DbError> {
    execute!(tx, LOCK_SESSION, id.to_string())?;
    find_session(tx, id).await
}

/// Finds a user's session on a device and keeps others from changing it until the transaction ends.
pub(in crate::session) async fn lock_device(
    tx: &mut Tx,
    user_id: Uuid,
    device_id: &str,
) -> Result<Option<Session>, DbError> {
    execute!(tx, LOCK_DEVICE, user_id.to_string(), device_id)?;
    let row: Option<SessionRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, SessionRow>(FIND_BY_DEVICE)
        .bind(user_id.to_string())
        .bind(device_id)
        .fetch_optional(c)
        .await)?;
    row.map(SessionRow::into_session).transpose()
}

/// Finds a session.
pub(in crate::session) async fn find_session(tx: &mut Tx, id: Uuid) -> Result<Option<Session>, DbError> {
    let row: Option<SessionRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, SessionRow>(FIND_SESSION)
        .bind(id.to_string())
        .fetch_optional(c)
        .await)?;
    row.map(SessionRow::into_session).transpose()
}

/// Finds the active session that was used last.
pub(in crate::session) async fn find_active(
    tx: &mut Tx,
    user_id: Uuid,
    now_ms: i64,
) -> Result<Option<Session>, DbError> {
    let row: Option<SessionRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, SessionRow>(FIND_ACTIVE)
        .bind(user_id.to_string())
        .bind(now_ms)
        .fetch_optional(c)
        .await)?;
    row.map(SessionRow::into_session).transpose()
}

/// Which of a user's sessions a list holds.
#[derive(Debug, Clone, Copy)]
pub(in crate::session) struct Selection {
    pub(in crate::session) user_id: Uuid,
    pub(in crate::session) with_inactive: bool,
    pub(in crate::session) limit: i64,
}

/// Lists sessions, last used first.
pub(in crate::session) async fn list_sessions(
    tx: &mut Tx,
    selection: Selection,
    now_ms: i64,
) -> Result<Vec<Session>, DbError> {
    let rows: Vec<SessionRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, SessionRow>(LIST_SESSIONS)
        .bind(selection.user_id.to_string())
        .bind(now_ms)
        .bind(i64::from(selection.with_inactive))
        .bind(selection.limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(SessionRow::into_session).collect()
}

/// Counts all sessions of a user.
pub(in crate::session) async fn count_sessions(tx: &mut Tx, user_id: Uuid) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(COUNT_SESSIONS)
        .bind(user_id.to_string())
        .fetch_one(c)
        .await)?)
}

/// Counts the active sessions of a user on each platform.
pub(in crate::session) async fn count_by_platform(
    tx: &mut Tx,
    user_id: Uuid,
    now_ms: i64,
) -> Result<Vec<(String, i64)>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, (String, i64)>(COUNT_BY_PLATFORM)
        .bind(user_id.to_string())
        .bind(now_ms)
        .fetch_all(c)
        .await)?)
}

/// What of a session tells whether it is over.
#[derive(Debug)]
pub(in crate::session) struct SessionState {
    pub(in crate::session) generation: i64,
    pub(in crate::session) expires_at_ms: i64,
    pub(in crate::session) ended_at_ms: Option<i64>,
    /// Whether its user is.
    pub(in crate::session) is_deleted: bool,
}

#[derive(Debug, FromRow)]
struct SessionStateRow {
    id: String,
    generation: i64,
    expires_at_ms: i64,
    ended_at_ms: Option<i64>,
    status: String,
}

/// Finds how sessions are.
pub(in crate::session) async fn list_session_states(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, SessionState>, DbError> {
    let rows: Vec<SessionStateRow> = Table::of(ids)
        .text(ToString::to_string)
        .fetch(
            tx,
            "SELECT sessions.id, sessions.generation, sessions.expires_at_ms, sessions.ended_at_ms, users.status \
             FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id IN (",
            ")",
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let id = Uuid::parse_str(&row.id)
                .map_err(|_malformed| DbError::inconsistent("sessions", "id", &row.id))?;
            let SessionStateRow { generation, expires_at_ms, ended_at_ms, status, .. } = row;
            let is_deleted = status == UserStatus::Deleted.as_str();
            Ok((id, SessionState { generation, expires_at_ms, ended_at_ms, is_deleted }))
        })
        .collect()
}

/// Notes that a token made beside the refresh token `n` came back; says whether the session still takes it.
pub(in crate::session) async fn note_use(
    tx: &mut Tx,
    id: Uuid,
    generation: i64,
    n: i64,
    now_ms: i64,
) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(NOTE_USE)
        .bind(id.to_string())
        .bind(generation)
        .bind(n)
        .bind(now_ms)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
