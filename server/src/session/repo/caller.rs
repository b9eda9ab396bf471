//! What every call has to know of the session it is made in, and of its user.

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use crate::db::sql::Table;
use crate::db::{DbError, Tx, on_backend, statements};
use crate::identity::User;
use crate::identity::repo::{UserRow, user_columns, user_tables};

/// What a call has to know of its session and its user.
macro_rules! caller_columns {
    () => {
        concat!(
            "sessions.id AS session_id, sessions.generation, sessions.refresh_n, sessions.used_n, \
             sessions.last_activity_at_ms, sessions.expires_at_ms, sessions.ended_at_ms, ",
            user_columns!(),
            user_tables!(),
            " JOIN sessions ON sessions.user_id = users.id"
        )
    };
}

statements! {
    FIND_CALLER = concat!("SELECT ", caller_columns!(), "
WHERE sessions.id = $1");
}

/// What a call has to know of the session it is made in, and its user.
#[derive(Debug, Clone)]
pub(in crate::session) struct Caller {
    pub(in crate::session) generation: i64,
    pub(in crate::session) refresh_n: i64,
    pub(in crate::session) used_n: i64,
    pub(in crate::session) last_activity_at_ms: i64,
    pub(in crate::session) expires_at_ms: i64,
    pub(in crate::session) is_ended: bool,
    pub(in crate::session) user: User,
}

#[derive(Debug, FromRow)]
struct CallerRow {
    session_id: String,
    generation: i64,
    refresh_n: i64,
    used_n: i64,
    last_activity_at_ms: i64,
    expires_at_ms: i64,
    ended_at_ms: Option<i64>,
    #[sqlx(flatten)]
    user: UserRow,
}

impl CallerRow {
    fn into_caller(self) -> Result<Caller, DbError> {
        Ok(Caller {
            generation: self.generation,
            refresh_n: self.refresh_n,
            used_n: self.used_n,
            last_activity_at_ms: self.last_activity_at_ms,
            expires_at_ms: self.expires_at_ms,
            is_ended: self.ended_at_ms.is_some(),
            user: self.user.into_user()?,
        })
    }
}

/// Finds what a call has to know of its session.
pub(in crate::session) async fn find_caller(tx: &mut Tx, id: Uuid) -> Result<Option<Caller>, DbError> {
    let row: Option<CallerRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, CallerRow>(FIND_CALLER)
        .bind(id.to_string())
        .fetch_optional(c)
        .await)?;
    row.map(CallerRow::into_caller).transpose()
}

/// As [`find_caller`], for many calls with one statement.
pub(in crate::session) async fn list_callers(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Caller>, DbError> {
    let rows: Vec<CallerRow> = Table::of(ids)
        .text(ToString::to_string)
        .fetch(tx, concat!("SELECT ", caller_columns!(), " WHERE sessions.id IN ("), ")")
        .await?;
    rows.into_iter()
        .map(|row| {
            let id = Uuid::parse_str(&row.session_id)
                .map_err(|_malformed| DbError::inconsistent("sessions", "id", &row.session_id))?;
            Ok((id, row.into_caller()?))
        })
        .collect()
}
