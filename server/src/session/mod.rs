//! Sessions, the tokens that name them, and who is calling.
//!
//! An access token only names a session; whether that still lives, and what its user may do, is read from the
//! database on every call but quotes, which may trust a reading of the last second.

mod actor;
pub(crate) mod repo;
mod token;
mod watch;

use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use actor::{Actor, Admin, OptionalActor, RecentActor};
pub(crate) use actor::{cookie_header, removal_cookie_header};
pub use token::{AccessToken, TokenError};
pub use watch::{SessionEnd, SessionWatch, StayingActor};

use crate::clock::Clock;
use crate::config::TokenConfig;
use crate::db::{Database, DbError, Tx};
use crate::id::{Entropy, uuid_v4, uuid_v7};
use crate::identity::{IdentityKind, User};

/// How long a quote may trust a session that was read.
const RECENT_MS: i64 = 1_000;
/// How many sessions are remembered for that second.
const RECENT_MAX: usize = 10_000;

/// The service of sessions.
#[derive(Debug, Clone)]
pub struct Sessions {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    keys: Arc<token::Keys>,
    access_ttl_s: u64,
    recent: Arc<Cache<[u8; 32], Arc<Recent>>>,
}

#[derive(Debug)]
struct Recent {
    actor: Actor,
    read_at_ms: i64,
}

/// Why a call is not let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The token is not one of ours, has expired, or its session has ended.
    #[error("the token is invalid or has expired")]
    InvalidToken,
    /// The user was deleted.
    #[error("the user was deleted")]
    UserDeleted,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// A session that was just begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The token that names it.
    pub token: AccessToken,
    /// How long the token lives, in seconds.
    pub expires_in_s: u64,
}

impl Sessions {
    /// Makes the service; its signing key is derived from the configured secret.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, config: &TokenConfig) -> Self {
        let keys = Arc::new(token::Keys::derive(&config.secret));
        let recent = Arc::new(Cache::new(RECENT_MAX));
        Self { db, clock, entropy, keys, access_ttl_s: config.access_ttl_s, recent }
    }

    /// Begins a session of a user who has just proven a key.
    ///
    /// # Errors
    ///
    /// [`SessionError::Database`].
    pub(crate) async fn begin_in_tx(
        &self,
        tx: &mut Tx,
        user: &User,
        kind: IdentityKind,
        subject: &str,
    ) -> Result<Begun, SessionError> {
        let now_ms = self.clock.now_ms();
        let ttl_ms = i64::try_from(self.access_ttl_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let session = repo::NewSession {
            id: uuid_v7(now_ms, self.entropy.as_ref()),
            user_id: user.id,
            generation: 1,
            identity_kind: kind.as_str(),
            identity_subject: subject,
            created_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(ttl_ms),
        };
        repo::insert_session(tx, &session).await?;
        let claims = token::Claims::of(&session, user, uuid_v4(self.entropy.as_ref()));
        Ok(Begun { token: self.keys.sign(&claims), expires_in_s: self.access_ttl_s })
    }

    /// Finds out who a token stands for, from the database.
    ///
    /// # Errors
    ///
    /// [`SessionError::InvalidToken`], [`SessionError::UserDeleted`], [`SessionError::Database`].
    pub async fn authenticate(&self, token: &str) -> Result<Actor, SessionError> {
        let claims = self.verified(token)?;
        let row = repo::find_session(&mut self.db.reader().await?, claims.session_id).await?;
        let session = row.ok_or(SessionError::InvalidToken)?;
        let is_alive = session.ended_at_ms.is_none()
            && session.generation == claims.generation
            && session.expires_at_ms > self.clock.now_ms();
        if !is_alive || session.user.id != claims.user_id {
            return Err(SessionError::InvalidToken);
        }
        match session.user.status {
            crate::identity::UserStatus::Active => {
                Ok(Actor { user: session.user, session_id: claims.session_id })
            }
            crate::identity::UserStatus::Deleted => Err(SessionError::UserDeleted),
        }
    }

    /// As [`Sessions::authenticate`], but a reading of the last second is enough. Only for calls that neither write
    /// nor show anything private.
    ///
    /// # Errors
    ///
    /// As [`Sessions::authenticate`].
    pub async fn authenticate_recent(&self, token: &str) -> Result<Actor, SessionError> {
        let key: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(recent) = self.recent.get(&key) {
            let age_ms = self.clock.now_ms().saturating_sub(recent.read_at_ms);
            if (0..=RECENT_MS).contains(&age_ms) {
                return Ok(recent.actor.clone());
            }
        }
        let read_at_ms = self.clock.now_ms();
        let actor = self.authenticate(token).await?;
        self.recent.insert(key, Arc::new(Recent { actor: actor.clone(), read_at_ms }));
        Ok(actor)
    }

    /// Ends a session; a token of it is refused from the next call on, in every process.
    ///
    /// # Errors
    ///
    /// [`SessionError::Database`].
    pub async fn end(&self, session_id: Uuid) -> Result<(), SessionError> {
        let mut tx = self.db.begin().await?;
        repo::end_session(&mut tx, session_id, self.clock.now_ms()).await?;
        tx.commit().await?;
        self.recent.retain(|_token, recent| recent.actor.session_id != session_id);
        Ok(())
    }

    fn verified(&self, token: &str) -> Result<token::Verified, SessionError> {
        self.keys.verify(token, self.clock.now_s()).map_err(|_refusal| SessionError::InvalidToken)
    }
}
