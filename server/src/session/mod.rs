//! Sessions, the tokens that name them, and who is calling.
//!
//! An access token only names a session; whether that still lives, and what its user may do, is read from the
//! database on every call but quotes, which may trust a reading of the last second.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Sessions`]: beginning, refreshing, authenticating, ending |
//! | `device` | sessions as their users see and change them, one for each device |
//! | `record` | [`Session`] and [`Device`] |
//! | `token` | access tokens |
//! | `refresh` | refresh tokens, and what a presented one means |
//! | `reading` | the sessions of callers who come at the same time, read together |
//! | `watch` | the session of somebody who stays, as the reader of a stream does |
//! | `actor` | who is calling, as handlers ask for it |
//! | `http` | `/api/auth/refresh`, `/api/auth/logout`, `/api/v1/sessions/*` |
//!
//! | A session | Becomes | By |
//! |---|---|---|
//! | – | active | a sign-in, or a call that makes one for a device |
//! | active | active, one generation on | a sign-in on its device: tokens of before are worth nothing |
//! | active | ended | logout, ending all, another device where one is allowed, reuse of a refresh token, time |
//! | ended | active, one generation on | a sign-in or call from its device |

mod actor;
mod device;
mod error;
pub(crate) mod http;
mod reading;
mod record;
mod refresh;
pub(crate) mod repo;
mod token;
mod watch;

use std::net::IpAddr;
use std::sync::Arc;

use quick_cache::sync::Cache;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use actor::{Actor, Admin, OptionalActor, RecentActor};
pub(crate) use actor::{cookie_header, removal_cookie_header};
pub use device::{DeviceRequest, Listing, Opened, Stats};
pub use error::{ManageError, RefreshError, SessionError};
pub use record::{Device, Ended, Platform, ProvenKey, Session, reason};
pub use refresh::RefreshToken;
pub use token::{AccessToken, TokenError};
pub use watch::{SessionEnd, SessionWatch, StayingActor};

use crate::activity::{Action, Activity, Entry};
use crate::clock::Clock;
use crate::config::{Config, TokenConfig};
use crate::db::{Database, DbError, Tx};
use crate::http::limiter::Limit;
use crate::id::{Entropy, uuid_v4, uuid_v7};
use crate::identity::{IdentityKind, User, UserStatus};
use reading::Readings;
use refresh::{Meaning, Presented};

/// How long a quote may trust a session that was read.
const RECENT_MS: i64 = 1_000;
/// How many sessions are remembered for that second.
const RECENT_MAX: usize = 10_000;
/// How far the time of last use may lag behind, so that not every call is a write.
const ACTIVITY_LAG_MS: i64 = 5 * 60 * 1_000;
/// Sessions whose refreshes are counted one by one.
const COUNTED_MAX: usize = 50_000;

/// The service of sessions.
#[derive(Debug, Clone)]
pub struct Sessions {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    activity: Activity,
    keys: Arc<token::Keys>,
    refresh_keys: Arc<refresh::Keys>,
    refreshes: Option<Arc<Limit>>,
    config: TokenConfig,
    readings: Arc<Readings>,
    recent: Arc<Cache<[u8; 32], Arc<Recent>>>,
}

#[derive(Debug)]
struct Recent {
    actor: Actor,
    read_at_ms: i64,
}

/// A key that was proven just now.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// What kind of key.
    pub kind: IdentityKind,
    /// The key.
    pub subject: &'a str,
}

/// Where a session is begun from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// What the client says about its device; without an id the session is of no device in particular.
    pub device: Device,
}

/// Whose routes gave out an access token, which decides how long it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// `/auth` of seed 000: `JWT_EXPIRES_SECONDS`.
    Exchange,
    /// `/api/auth` of seed 004: `JWT_EXPIRES_IN`.
    Account,
}

/// Tokens that were handed out just now.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The token that names the session.
    pub token: AccessToken,
    /// How long it lives, in seconds.
    pub expires_in_s: u64,
    /// What gets the next ones.
    pub refresh_token: RefreshToken,
    /// How long that lives unless it is used, in seconds.
    pub refresh_expires_in_s: u64,
    /// The session.
    pub session: Session,
}

impl Sessions {
    /// Makes the service; its keys are derived from the configured secrets.
    #[must_use]
    pub fn new(
        db: Database,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        activity: Activity,
        config: &Config,
    ) -> Self {
        Self {
            keys: Arc::new(token::Keys::derive(&config.tokens.secret)),
            refresh_keys: Arc::new(refresh::Keys::derive(&config.tokens.refresh_secret)),
            refreshes: config.rates.refresh.and_then(|rate| Limit::new(rate, COUNTED_MAX)).map(Arc::new),
            config: config.tokens.clone(),
            readings: Arc::new(Readings::new(db.clone())),
            recent: Arc::new(Cache::new(RECENT_MAX)),
            db,
            clock,
            entropy,
            activity,
        }
    }

    /// Begins a session of a user who has just proven a key; on a device that had one, that one becomes active again.
    ///
    /// # Errors
    ///
    /// [`SessionError::Database`].
    pub(crate) async fn begin_in_tx(
        &self,
        tx: &mut Tx,
        user: &User,
        proof: Proof<'_>,
        origin: Origin,
        lifetime: Lifetime,
    ) -> Result<Begun, SessionError> {
        let ip = origin.ip;
        let session = if origin.device.id.is_some() {
            self.open_device_in_tx(tx, user.id, origin, Some(proof), self.session_ttl_ms(lifetime)).await?.0
        } else {
            let session = self.fresh(user.id, origin, Some(proof), self.session_ttl_ms(lifetime));
            repo::insert_session(tx, &session).await?;
            session
        };
        self.record_in_tx(tx, &session, Action::UserLogin, json!({"method": proof.kind.as_str()}), ip)
            .await?;
        Ok(self.tokens(session, user, lifetime))
    }

    /// Gives new tokens for a refresh token.
    ///
    /// The same successor is given again as long as nobody has presented it, so that a lost answer costs nothing.
    ///
    /// # Errors
    ///
    /// [`RefreshError`]; with [`RefreshError::Reused`] the session has been ended.
    pub async fn refresh(&self, token: &str) -> Result<(Begun, User), RefreshError> {
        let presented = self.refresh_keys.verify(token).ok_or(RefreshError::Invalid)?;
        if let Some(Err(wait_s)) =
            self.refreshes.as_ref().map(|limit| limit.check(presented.session_id.as_u128()))
        {
            return Err(RefreshError::TooMany { wait_s });
        }
        let mut tx = self.db.begin().await?;
        let (mut session, user) = self.presented_in_tx(&mut tx, presented).await?;
        match Meaning::of(presented.n, session.refresh_n, session.used_n) {
            Meaning::Unknown => return Err(RefreshError::Invalid),
            Meaning::Reuse => {
                self.end_for_reuse_in_tx(&mut tx, &session, presented).await?;
                tx.commit().await?;
                self.forget(|actor| actor.session_id == session.id);
                return Err(RefreshError::Reused { user_id: session.user_id });
            }
            Meaning::Advance => {
                session.used_n = session.refresh_n;
                session.refresh_n += 1;
            }
            Meaning::Repeat => {}
        }
        let now_ms = self.clock.now_ms();
        let expires_at_ms = now_ms.saturating_add(self.session_ttl_ms(Lifetime::Account));
        session.last_activity_at_ms = now_ms;
        session.expires_at_ms = session.expires_at_ms.max(expires_at_ms);
        repo::update_session(&mut tx, &session).await?;
        tx.commit().await?;
        Ok((self.tokens(session, &user, Lifetime::Account), user))
    }

    /// The session of a presented token, locked, and its user, if both live.
    async fn presented_in_tx(
        &self,
        tx: &mut Tx,
        presented: Presented,
    ) -> Result<(Session, User), RefreshError> {
        let session = repo::lock_session(tx, presented.session_id).await?.ok_or(RefreshError::Invalid)?;
        if session.generation != presented.generation || !session.is_active(self.clock.now_ms()) {
            return Err(RefreshError::Invalid);
        }
        let caller = repo::caller::find_caller(tx, session.id).await?.ok_or(RefreshError::Invalid)?;
        match caller.user.status {
            UserStatus::Active => Ok((session, caller.user)),
            UserStatus::Deleted => Err(RefreshError::UserDeleted),
        }
    }

    async fn end_for_reuse_in_tx(
        &self,
        tx: &mut Tx,
        session: &Session,
        presented: Presented,
    ) -> Result<(), DbError> {
        tracing::warn!(
            session.id = %session.id,
            presented = presented.n,
            newest = session.refresh_n,
            "a refresh token was used again after its successor; its session was ended"
        );
        repo::end_session(tx, session.id, reason::REUSE, self.clock.now_ms()).await?;
        let details = json!({"reason": reason::REUSE});
        self.record_in_tx(tx, session, Action::SessionTerminated, details, None).await
    }

    /// Finds out who a token stands for, from the database.
    ///
    /// # Errors
    ///
    /// [`SessionError`].
    pub async fn authenticate(&self, token: &str) -> Result<Actor, SessionError> {
        let claims = self.verified(token)?;
        let found = self.readings.read(claims.session_id).await?;
        let caller = found.ok_or(SessionError::InvalidToken)?;
        let is_alive = !caller.is_ended
            && caller.generation == claims.generation
            && caller.expires_at_ms > self.clock.now_ms()
            && claims.refresh_n <= caller.refresh_n;
        if !is_alive || caller.user.id != claims.user_id {
            return Err(SessionError::InvalidToken);
        }
        if caller.user.status == UserStatus::Deleted {
            return Err(SessionError::UserDeleted);
        }
        self.note_use(&claims, &caller).await?;
        Ok(Actor { user: caller.user, session_id: claims.session_id })
    }

    /// Writes down that the token came back, when that is news: then an older refresh token is a stolen one.
    async fn note_use(
        &self,
        claims: &token::Verified,
        caller: &repo::caller::Caller,
    ) -> Result<(), SessionError> {
        let now_ms = self.clock.now_ms();
        let is_first = claims.refresh_n > caller.used_n;
        if !is_first && now_ms.saturating_sub(caller.last_activity_at_ms) < ACTIVITY_LAG_MS {
            return Ok(());
        }
        let note = async {
            let mut tx = self.db.begin().await?;
            let (id, generation, n) = (claims.session_id, claims.generation, claims.refresh_n);
            let is_taken = repo::note_use(&mut tx, id, generation, n, now_ms).await?;
            tx.commit().await?;
            Ok::<bool, DbError>(is_taken)
        };
        match note.await {
            // It ended between the reading and the writing.
            Ok(false) => Err(SessionError::InvalidToken),
            Err(error) if is_first => Err(error.into()),
            // The time of last use can wait for the next call.
            Ok(true) | Err(_) => Ok(()),
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

    /// Ends the session that the caller is in; its tokens are refused from the next call on, in every process.
    ///
    /// # Errors
    ///
    /// [`SessionError::Database`].
    pub async fn log_out(&self, actor: &Actor) -> Result<(), SessionError> {
        let mut tx = self.db.begin().await?;
        if let Some(session) = repo::lock_session(&mut tx, actor.session_id).await? {
            repo::end_session(&mut tx, session.id, reason::LOGOUT, self.clock.now_ms()).await?;
            self.record_in_tx(&mut tx, &session, Action::UserLogout, json!({}), None).await?;
        }
        tx.commit().await?;
        self.forget(|recent| recent.session_id == actor.session_id);
        Ok(())
    }

    /// Ends every session of a user, but perhaps one; says how many.
    ///
    /// Their tokens are refused from the caller's commit on, in every process.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn end_all_in_tx(
        &self,
        tx: &mut Tx,
        user_id: Uuid,
        but: Option<Uuid>,
        reason: &str,
    ) -> Result<u64, DbError> {
        tx.lock_name(&lock_name(user_id)).await?;
        let count = repo::end_all(tx, user_id, but.unwrap_or_default(), reason, self.clock.now_ms()).await?;
        if count > 0 {
            let metadata = Some(json!({"reason": reason, "count": count}));
            let entry =
                Entry { user_id, session_id: None, action: Action::SessionTerminated, metadata, ip: None };
            self.activity.record_in_tx(tx, &entry).await?;
        }
        self.forget(|actor| actor.user.id == user_id && Some(actor.session_id) != but);
        Ok(count)
    }

    /// Ends the sessions of a user that a key began; returns their ids.
    ///
    /// Their tokens are refused from the caller's commit on, in every process.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn end_of_key_in_tx(
        &self,
        tx: &mut Tx,
        user_id: Uuid,
        key: Proof<'_>,
    ) -> Result<Vec<Uuid>, DbError> {
        tx.lock_name(&lock_name(user_id)).await?;
        let ended = repo::end_of_key(tx, user_id, &ProvenKey::from(key), self.clock.now_ms()).await?;
        if !ended.is_empty() {
            let metadata = Some(json!({"reason": reason::KEY_REMOVED, "count": ended.len()}));
            let action = Action::SessionTerminated;
            let entry = Entry { user_id, session_id: None, action, metadata, ip: None };
            self.activity.record_in_tx(tx, &entry).await?;
        }
        self.forget(|actor| actor.user.id == user_id);
        Ok(ended)
    }

    fn verified(&self, token: &str) -> Result<token::Verified, SessionError> {
        self.keys.verify(token, self.clock.now_s()).map_err(|refusal| match refusal {
            TokenError::Expired => SessionError::TokenExpired,
            TokenError::Foreign => SessionError::InvalidToken,
        })
    }

    /// Makes the tokens of a session as it stands.
    fn tokens(&self, session: Session, user: &User, lifetime: Lifetime) -> Begun {
        let now_ms = self.clock.now_ms();
        let expires_in_s = self.access_ttl_s(lifetime);
        let from_s = now_ms.div_euclid(1_000);
        let until_s = from_s.saturating_add(i64::try_from(expires_in_s).unwrap_or(i64::MAX));
        let life = token::Life { from_s, until_s };
        let claims = token::Claims::of(&session, user, life, uuid_v4(self.entropy.as_ref()));
        let presented =
            Presented { session_id: session.id, generation: session.generation, n: session.refresh_n };
        let left_ms = session.expires_at_ms.saturating_sub(now_ms).max(0);
        Begun {
            token: self.keys.sign(&claims),
            expires_in_s,
            refresh_token: self.refresh_keys.sign(presented),
            refresh_expires_in_s: u64::try_from(left_ms.div_euclid(1_000)).unwrap_or(0),
            session,
        }
    }

    /// A session that is not written yet.
    fn fresh(&self, user_id: Uuid, origin: Origin, proof: Option<Proof<'_>>, ttl_ms: i64) -> Session {
        let now_ms = self.clock.now_ms();
        Session {
            id: uuid_v7(now_ms, self.entropy.as_ref()),
            user_id,
            generation: 1,
            refresh_n: 0,
            used_n: 0,
            version: 1,
            key: proof.map(ProvenKey::from),
            push_token_updated_at_ms: origin.device.push_token.is_some().then_some(now_ms),
            is_single: self.config.single_session && origin.device.id.is_some(),
            device: origin.device,
            ip_address: origin.ip.map(|ip| ip.to_string()),
            created_at_ms: now_ms,
            last_activity_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(ttl_ms),
            ended: None,
        }
    }

    async fn record_in_tx(
        &self,
        tx: &mut Tx,
        session: &Session,
        action: Action,
        metadata: serde_json::Value,
        ip: Option<IpAddr>,
    ) -> Result<(), DbError> {
        let (user_id, session_id) = (session.user_id, Some(session.id));
        let entry = Entry { user_id, session_id, action, metadata: Some(metadata), ip };
        self.activity.record_in_tx(tx, &entry).await
    }

    /// Forgets what was read of some callers within the last second.
    fn forget(&self, is_gone: impl Fn(&Actor) -> bool) {
        self.recent.retain(|_token, recent| !is_gone(&recent.actor));
    }

    const fn access_ttl_s(&self, lifetime: Lifetime) -> u64 {
        match lifetime {
            Lifetime::Exchange => self.config.access_ttl_s,
            Lifetime::Account => self.config.account_access_ttl_s,
        }
    }

    /// A session lives as long as its refresh token, and never ends before its access token.
    fn session_ttl_ms(&self, lifetime: Lifetime) -> i64 {
        let seconds = self.config.session_ttl_s.max(self.access_ttl_s(lifetime));
        i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }
}

impl From<Proof<'_>> for ProvenKey {
    fn from(proof: Proof<'_>) -> Self {
        Self { kind: proof.kind.as_str().to_owned(), subject: proof.subject.to_owned() }
    }
}

/// The name under which changes of a user's sessions as a whole exclude each other.
fn lock_name(user_id: Uuid) -> String {
    format!("sessions:{user_id}")
}
