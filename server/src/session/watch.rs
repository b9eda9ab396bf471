//! Watching the session of somebody who was let in and stays, as the reader of a stream does.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uuid::Uuid;

use super::actor::{Credential, missing_bearer_token};
use super::{Actor, SessionError, Sessions, repo};
use crate::app::App;
use crate::db::DbError;
use crate::http::ApiError;

/// What is remembered of the token that somebody was let in with; not the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionWatch {
    session_id: Uuid,
    generation: i64,
    expires_at_s: i64,
}

/// Why a session that was watched is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// Its user signed out, or the session was ended otherwise.
    SignedOut,
    /// The token or the session has expired.
    Expired,
    /// The user was deleted.
    UserDeleted,
}

/// A caller who stays; a bearer token wins over the cookie, as everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StayingActor {
    /// The caller.
    pub actor: Actor,
    /// What tells later whether they may stay.
    pub watch: SessionWatch,
}

impl FromRequestParts<Arc<App>> for StayingActor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let credential = Credential::find(parts, app)?.ok_or_else(missing_bearer_token)?;
        let actor = app.sessions.authenticate(credential.token()).await?;
        Ok(Self { actor, watch: app.sessions.watch(credential.token())? })
    }
}

impl SessionEnd {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "session_ended",
            Self::Expired => "session_expired",
            Self::UserDeleted => "user_deleted",
        }
    }

    /// Returns the sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::SignedOut => "This session has ended; sign in again.",
            Self::Expired => "This session has expired; sign in again.",
            Self::UserDeleted => "This account was deleted.",
        }
    }
}

impl Sessions {
    /// Remembers a token that was accepted.
    ///
    /// # Errors
    ///
    /// [`SessionError::InvalidToken`].
    pub(super) fn watch(&self, token: &str) -> Result<SessionWatch, SessionError> {
        let claims = self.verified(token)?;
        Ok(SessionWatch {
            session_id: claims.session_id,
            generation: claims.generation,
            expires_at_s: claims.expires_at_s,
        })
    }

    /// Finds out which of these are over, all with one statement.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn list_ended(
        &self,
        watched: &[SessionWatch],
    ) -> Result<HashMap<SessionWatch, SessionEnd>, DbError> {
        if watched.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = watched.iter().map(|watch| watch.session_id).collect();
        let rows = repo::list_session_states(&mut self.db.reader().await?, &ids).await?;
        let (now_s, now_ms) = (self.clock.now_s(), self.clock.now_ms());
        let end = |watch: &SessionWatch| {
            let row = rows.get(&watch.session_id).filter(|row| row.generation == watch.generation);
            match row {
                Some(row) if row.is_deleted => Some(SessionEnd::UserDeleted),
                Some(row) if row.ended_at_ms.is_some() => Some(SessionEnd::SignedOut),
                Some(row) if row.expires_at_ms <= now_ms => Some(SessionEnd::Expired),
                Some(_) if watch.expires_at_s <= now_s => Some(SessionEnd::Expired),
                Some(_) => None,
                // Deleted after its end, or activated anew since.
                None => Some(SessionEnd::SignedOut),
            }
        };
        Ok(watched.iter().filter_map(|watch| Some((*watch, end(watch)?))).collect())
    }
}
