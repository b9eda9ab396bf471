//! Sessions as their users see and change them: one for each device, and by default one active device.

use std::net::IpAddr;

use bytes::Bytes;
use serde_json::json;
use uuid::Uuid;

use axum::http::StatusCode;

use super::repo::Selection;
use super::{
    Actor, Device, Ended, ManageError, Origin, Proof, ProvenKey, Session, Sessions, lock_name, reason, repo,
};
use crate::activity::{Action, Entry};
use crate::db::{DbError, Tx};
use crate::http::idempotency::{self, Claim, StoredAnswer};

/// The length of a day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The farthest a session may be extended, in days from now.
const DAYS_MAX: i64 = 365;

/// How a call found the session that it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// There was none on the device.
    Created,
    /// It had ended.
    Reactivated,
    /// It was active and was brought up to date.
    Kept,
    /// The same request was made before.
    Replayed,
}

/// A session that is asked for.
#[derive(Debug, Clone)]
pub struct DeviceRequest {
    /// Whose.
    pub user_id: Uuid,
    /// On which device; its id is given.
    pub device: Device,
    /// For how many days, 1 to 365.
    pub days: i64,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// What makes a repetition of the request harmless.
    pub claim: Option<Claim>,
}

/// Which sessions a list holds.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// Whose.
    pub user_id: Uuid,
    /// Whether those that ended are in it.
    pub with_inactive: bool,
    /// How many at most.
    pub limit: u16,
}

/// How many sessions a user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// All that are remembered.
    pub total: i64,
    /// The active ones on each platform, by its name.
    pub active: Vec<(String, i64)>,
}

impl Sessions {
    /// Finds or makes the session of a device.
    ///
    /// # Errors
    ///
    /// [`ManageError::UserNotFound`], [`ManageError::KeyReused`], [`ManageError::Database`].
    pub async fn open(
        &self,
        actor: &Actor,
        request: DeviceRequest,
    ) -> Result<(Session, Opened), ManageError> {
        let DeviceRequest { user_id, device, days, ip, claim } = request;
        let mut tx = self.db.begin().await?;
        self.check_user(&mut tx, actor, user_id).await?;
        tx.lock_name(&lock_name(user_id)).await?;
        if let Some(session) = replayed_in_tx(&mut tx, claim.as_ref()).await? {
            return Ok((session, Opened::Replayed));
        }
        let origin = Origin { ip, device };
        let (session, opened) =
            self.open_device_in_tx(&mut tx, user_id, origin, None, days.saturating_mul(DAY_MS)).await?;
        if opened != Opened::Kept {
            self.record_in_tx(&mut tx, &session, Action::SessionCreated, json!({}), ip).await?;
        }
        if let Some(claim) = &claim {
            let body = Bytes::from(session.id.to_string());
            let answer = StoredAnswer { status: StatusCode::CREATED, body };
            idempotency::insert_in_tx(&mut tx, &[(claim, &answer)], self.clock.now_ms()).await?;
        }
        tx.commit().await?;
        Ok((session, opened))
    }

    /// Finds or makes the session of a device, after ending those on others where only one is allowed.
    pub(super) async fn open_device_in_tx(
        &self,
        tx: &mut Tx,
        user_id: Uuid,
        origin: Origin,
        proof: Option<Proof<'_>>,
        ttl_ms: i64,
    ) -> Result<(Session, Opened), DbError> {
        let now_ms = self.clock.now_ms();
        let device_id = origin.device.id.clone().unwrap_or_default();
        tx.lock_name(&lock_name(user_id)).await?;
        if self.config.single_session {
            self.end_others_in_tx(tx, user_id, &device_id).await?;
        }
        let Some(mut session) = repo::lock_device(tx, user_id, &device_id).await? else {
            let session = self.fresh(user_id, origin, proof, ttl_ms);
            repo::insert_session(tx, &session).await?;
            return Ok((session, Opened::Created));
        };
        let was_active = session.is_active(now_ms);
        // Whoever proves a key gets tokens of their own; a mere call leaves those of the device alone.
        if proof.is_some() || !was_active {
            session.reactivate();
            session.expires_at_ms = now_ms.saturating_add(ttl_ms);
        } else {
            session.expires_at_ms = session.expires_at_ms.max(now_ms.saturating_add(ttl_ms));
        }
        session.key = proof.map(ProvenKey::from).or(session.key.filter(|_| was_active));
        session.ip_address = origin.ip.map(|ip| ip.to_string()).or(session.ip_address);
        session.last_activity_at_ms = now_ms;
        session.ended = None;
        session.is_single = self.config.single_session;
        adopt(&mut session, origin.device, now_ms);
        session.version += 1;
        repo::update_session(tx, &session).await?;
        Ok((session, if was_active { Opened::Kept } else { Opened::Reactivated }))
    }

    /// Ends the sessions on a user's other devices.
    async fn end_others_in_tx(&self, tx: &mut Tx, user_id: Uuid, device_id: &str) -> Result<(), DbError> {
        let count = repo::end_other_devices(tx, user_id, device_id, self.clock.now_ms()).await?;
        if count > 0 {
            let metadata = Some(json!({"reason": reason::OTHER_DEVICE, "count": count}));
            let action = Action::SessionTerminated;
            let entry = Entry { user_id, session_id: None, action, metadata, ip: None };
            self.activity.record_in_tx(tx, &entry).await?;
            self.forget(|actor| actor.user.id == user_id);
        }
        Ok(())
    }

    /// Shows a session.
    ///
    /// # Errors
    ///
    /// [`ManageError::NotFound`], [`ManageError::Database`].
    pub async fn show(&self, actor: &Actor, id: Uuid) -> Result<Session, ManageError> {
        let found = repo::find_session(&mut self.db.reader().await?, id).await?;
        found.filter(|session| actor.may_see(session.user_id)).ok_or(ManageError::NotFound)
    }

    /// Shows the active session of a user that was used last.
    ///
    /// # Errors
    ///
    /// [`ManageError::UserNotFound`], [`ManageError::NoneActive`], [`ManageError::Database`].
    pub async fn show_active(&self, actor: &Actor, user_id: Uuid) -> Result<Session, ManageError> {
        let mut tx = self.db.reader().await?;
        self.check_user(&mut tx, actor, user_id).await?;
        let found = repo::find_active(&mut tx, user_id, self.clock.now_ms()).await?;
        found.ok_or(ManageError::NoneActive)
    }

    /// Lists a user's sessions, last used first.
    ///
    /// # Errors
    ///
    /// [`ManageError::UserNotFound`], [`ManageError::Database`].
    pub async fn list(&self, actor: &Actor, listing: Listing) -> Result<Vec<Session>, ManageError> {
        let Listing { user_id, with_inactive, limit } = listing;
        let mut tx = self.db.reader().await?;
        self.check_user(&mut tx, actor, user_id).await?;
        let selection = Selection { user_id, with_inactive, limit: limit.into() };
        Ok(repo::list_sessions(&mut tx, selection, self.clock.now_ms()).await?)
    }

    /// Counts a user's sessions.
    ///
    /// # Errors
    ///
    /// [`ManageError::UserNotFound`], [`ManageError::Database`].
    pub async fn stats(&self, actor: &Actor, user_id: Uuid) -> Result<Stats, ManageError> {
        let mut tx = self.db.reader().await?;
        self.check_user(&mut tx, actor, user_id).await?;
        let total = repo::count_sessions(&mut tx, user_id).await?;
        let active = repo::count_by_platform(&mut tx, user_id, self.clock.now_ms()).await?;
        Ok(Stats { total, active })
    }

    /// Changes what a client says about its device; what it does not name stays.
    ///
    /// # Errors
    ///
    /// [`ManageError::NotFound`], [`ManageError::Stale`] when `version` is given and no longer the session's,
    /// [`ManageError::Database`].
    pub async fn describe(
        &self,
        actor: &Actor,
        id: Uuid,
        device: Device,
        version: Option<i64>,
    ) -> Result<Session, ManageError> {
        let now_ms = self.clock.now_ms();
        self.change(actor, id, |session| {
            if let Some(expected) = version.filter(|expected| *expected != session.version) {
                return Err(ManageError::Stale { expected, current: session.version });
            }
            let platform = session.device.platform;
            adopt(session, Device { platform, ..device }, now_ms);
            session.version += 1;
            Ok(())
        })
        .await
    }

    /// Notes that a session is in use.
    ///
    /// # Errors
    ///
    /// [`ManageError::NotFound`], [`ManageError::NotActive`], [`ManageError::Database`].
    pub async fn note_activity(&self, actor: &Actor, id: Uuid) -> Result<Session, ManageError> {
        let now_ms = self.clock.now_ms();
        self.change(actor, id, |session| {
            demand_active(session, now_ms)?;
            session.last_activity_at_ms = now_ms;
            Ok(())
        })
        .await
    }

    /// Puts the end of an active session off by some days, but never farther than a year from now.
    ///
    /// # Errors
    ///
    /// [`ManageError::NotFound`], [`ManageError::NotActive`], [`ManageError::Database`].
    pub async fn extend(&self, actor: &Actor, id: Uuid, days: i64) -> Result<Session, ManageError> {
        let now_ms = self.clock.now_ms();
        self.change(actor, id, |session| {
            demand_active(session, now_ms)?;
            let wanted = session.expires_at_ms.saturating_add(days.saturating_mul(DAY_MS));
            let farthest = now_ms.saturating_add(DAYS_MAX * DAY_MS);
            session.expires_at_ms = wanted.min(farthest).max(session.expires_at_ms);
            session.version += 1;
            Ok(())
        })
        .await
    }

    /// Ends a session of the caller, or for an admin of anybody; one that has ended keeps its reason.
    ///
    /// # Errors
    ///
    /// [`ManageError::NotFound`], [`ManageError::Database`].
    pub async fn end(&self, actor: &Actor, id: Uuid, reason: &str) -> Result<Session, ManageError> {
        let mut tx = self.db.begin().await?;
        let mut session = self.owned_in_tx(&mut tx, actor, id).await?;
        let now_ms = self.clock.now_ms();
        if repo::end_session(&mut tx, id, reason, now_ms).await? {
            let details = json!({"reason": reason});
            self.record_in_tx(&mut tx, &session, Action::SessionTerminated, details, None).await?;
            session.ended = Some(Ended { at_ms: now_ms, reason: reason.to_owned() });
        }
        tx.commit().await?;
        self.forget(|recent| recent.session_id == id);
        Ok(session)
    }

    /// Ends every session of a user, but perhaps the caller's own; says how many.
    ///
    /// # Errors
    ///
    /// [`ManageError::UserNotFound`], [`ManageError::Database`].
    pub async fn end_all(
        &self,
        actor: &Actor,
        user_id: Uuid,
        but: Option<Uuid>,
        reason: &str,
    ) -> Result<u64, ManageError> {
        let mut tx = self.db.begin().await?;
        self.check_user(&mut tx, actor, user_id).await?;
        let count = self.end_all_in_tx(&mut tx, user_id, but, reason).await?;
        tx.commit().await?;
        Ok(count)
    }

    async fn change(
        &self,
        actor: &Actor,
        id: Uuid,
        change: impl FnOnce(&mut Session) -> Result<(), ManageError>,
    ) -> Result<Session, ManageError> {
        let mut tx = self.db.begin().await?;
        let mut session = self.owned_in_tx(&mut tx, actor, id).await?;
        change(&mut session)?;
        repo::update_session(&mut tx, &session).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// A session that the caller may change, locked.
    async fn owned_in_tx(&self, tx: &mut Tx, actor: &Actor, id: Uuid) -> Result<Session, ManageError> {
        let found = repo::lock_session(tx, id).await?;
        found.filter(|session| actor.may_see(session.user_id)).ok_or(ManageError::NotFound)
    }

    /// Makes sure that the caller may look at a user; strangers cannot tell a foreign user from a missing one.
    async fn check_user(&self, tx: &mut Tx, actor: &Actor, user_id: Uuid) -> Result<(), ManageError> {
        if actor.sees_in_tx(tx, user_id).await? { Ok(()) } else { Err(ManageError::UserNotFound) }
    }
}

fn demand_active(session: &Session, now_ms: i64) -> Result<(), ManageError> {
    if session.is_active(now_ms) { Ok(()) } else { Err(ManageError::NotActive) }
}

/// Takes over what a client says about its device; what it does not name stays.
fn adopt(session: &mut Session, device: Device, now_ms: i64) {
    let Device { id: _, platform, name, model, os_version, app_version, push_token } = device;
    if push_token.is_some() {
        session.push_token_updated_at_ms = Some(now_ms);
    }
    let known = &mut session.device;
    known.platform = platform;
    for (known, said) in [
        (&mut known.name, name),
        (&mut known.model, model),
        (&mut known.os_version, os_version),
        (&mut known.app_version, app_version),
        (&mut known.push_token, push_token),
    ] {
        if said.is_some() {
            *known = said;
        }
    }
}

/// The session that the same request got before; a key of another request is refused.
async fn replayed_in_tx(tx: &mut Tx, claim: Option<&Claim>) -> Result<Option<Session>, ManageError> {
    let Some(claim) = claim else { return Ok(None) };
    let stored = idempotency::find_in_tx(tx, &[claim]).await?;
    let Some(answer) = stored.answer(claim) else { return Ok(None) };
    let body = answer.map_err(|_reused| ManageError::KeyReused)?.body;
    let id = std::str::from_utf8(&body).ok().and_then(|text| Uuid::parse_str(text).ok());
    let id = id.ok_or_else(|| DbError::inconsistent("idempotency", "body", "no session id"))?;
    // It may have been deleted since, long after it ended; then there is nothing to repeat.
    Ok(repo::find_session(tx, id).await?)
}
