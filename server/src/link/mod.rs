//! One user, several keys: giving a user one more key, and taking one away.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Links`]: challenges, linking, unlinking |
//! | `proof` | what proves a key, and which key it proves |
//! | `http` | `/api/me/identities` |
//!
//! A session is not enough for either, since it can be stolen: each takes a challenge that is about this user, this key and
//! this purpose, and proofs that are not older than five minutes.
//!
//! | | Proven are | Why |
//! |---|---|---|
//! | link | the new key, and one that the user has | both sides agree |
//! | unlink | one that the user has and keeps | a lost or stolen key can be taken away without it, and whoever takes a key away shows that they still get in |
//!
//! An event (Nostr) carries the challenge and the hash of what it is about. A Privy token cannot: that it is fresh, and that the
//! challenge is the caller's own and used once, is all there is.
//!
//! # Decisions
//!
//! - A key of somebody else is refused, and so is one for which an administrator has made an account: whoever holds it
//!   signs in there.
//! - The last key that can sign in stays. Without a Privy app a Privy key cannot.
//! - An invitation to administer is of the key, wherever it signs in: linking an invited key makes its user an
//!   administrator, which is on record.
//! - A challenge is spent by good proofs, also when what they ask for is then refused.
//!
//! # Locks
//!
//! Challenge, counter of users, user, key, profile, sessions, events: the order of signing in. A user's keys change only under
//! the lock of their row, so that of two unlinkings at once the second sees what the first has left.

mod error;
pub(crate) mod http;
mod proof;

use std::net::IpAddr;
use std::sync::Arc;

use postfun_core::challenge::{Purpose, UserKey};
use serde_json::json;
use uuid::Uuid;

pub use error::LinkError;
pub use proof::KeyProof;

use crate::activity::{Action, Activity, Entry};
use crate::admin::{AuditEntry, insert_audit_in_tx};
use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};
use crate::events::Events;
use crate::id::Entropy;
use crate::identity::{Identities, Identity, IdentityKind, Key, Role};
use crate::privy::{self, Privy, PrivyError};
use crate::session::{Actor, Proof, Sessions};
use crate::signin::{Ask, Challenge, SignIn};
use crate::users::{self, Users};

/// Keys that a user can have.
pub const KEYS_MAX: usize = 20;
/// The oldest proof that counts, in seconds.
pub const PROOF_AGE_MAX_S: u64 = 300;

/// The service of linking keys.
#[derive(Debug, Clone)]
pub struct Links {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    identities: Identities,
    sessions: Sessions,
    activity: Activity,
    privy: Privy,
    users: Users,
    sign_in: SignIn,
    events: Events,
}

/// The services that this one rests on.
#[derive(Debug)]
pub struct Parts {
    /// What profiles rest on too: keys, sessions, Privy.
    pub accounts: users::Parts,
    /// Profiles.
    pub users: Users,
    /// Challenges.
    pub sign_in: SignIn,
    /// What the user's other devices hear.
    pub events: Events,
}

/// A key that the caller wants.
#[derive(Debug, Clone)]
pub struct LinkRequest {
    /// The challenge that was given out for it.
    pub challenge_id: String,
    /// Proves the new key.
    pub new: KeyProof,
    /// Proves a key that the caller has.
    pub own: KeyProof,
    /// From where.
    pub ip: Option<IpAddr>,
}

/// A key that the caller wants no more.
#[derive(Debug, Clone)]
pub struct UnlinkRequest {
    /// The challenge that was given out for it.
    pub challenge_id: String,
    /// The key.
    pub key: Key,
    /// Proves a key that the caller keeps.
    pub own: KeyProof,
    /// From where.
    pub ip: Option<IpAddr>,
}

/// What became of the caller's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlinked {
    /// Those left, the oldest first.
    pub keys: Vec<Identity>,
    /// The sessions that the key had begun; they have ended.
    pub sessions: Vec<Uuid>,
}

/// What good proofs have shown.
struct Proven {
    new: Key,
    own: Key,
    vouched: Option<privy::Profile>,
}

impl Links {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, parts: Parts) -> Self {
        let Parts { accounts, users, sign_in, events } = parts;
        let users::Parts { identities, sessions, activity, privy } = accounts;
        Self { db, clock, entropy, identities, sessions, activity, privy, users, sign_in, events }
    }

    /// Lists the caller's keys, the oldest first.
    ///
    /// # Errors
    ///
    /// [`LinkError::Database`].
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Identity>, LinkError> {
        Ok(self.identities.list_keys(actor.user.id).await?)
    }

    /// Gives out a challenge for linking or unlinking a key.
    ///
    /// Whether somebody else has the key is not told before it is proven.
    ///
    /// # Errors
    ///
    /// [`LinkError::PurposeUnknown`]; to link: [`LinkError::AlreadyLinked`], [`LinkError::TooMany`], [`LinkError::Privy`]
    /// when no Privy user can be linked; to unlink: [`LinkError::NotFound`], [`LinkError::Last`]; [`LinkError::SignIn`] for
    /// trouble with the database.
    pub async fn challenge(&self, actor: &Actor, purpose: &str, key: &Key) -> Result<Challenge, LinkError> {
        let purpose = Purpose::named(purpose, Some(&about(&actor.user.id.to_string(), key)));
        let purpose = purpose.ok_or(LinkError::PurposeUnknown)?;
        let keys = self.identities.list_keys(actor.user.id).await?;
        match purpose {
            Purpose::Link(_) if !self.signs_in(key.kind) => return Err(PrivyError::NotConfigured.into()),
            Purpose::Link(_) => demand_new(&keys, key)?,
            Purpose::Unlink(_) => self.demand_dispensable(&keys, key)?,
            Purpose::Login => return Err(LinkError::PurposeUnknown),
        }
        let ask = Ask { purpose, user_id: Some(actor.user.id), bound_pubkey: None };
        Ok(self.sign_in.give(ask, PROOF_AGE_MAX_S).await?)
    }

    /// Gives the caller a key that they have proven, and returns all keys.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    pub async fn link(&self, actor: &Actor, request: LinkRequest) -> Result<Vec<Identity>, LinkError> {
        let user_id = actor.user.id;
        let is_meant = |ask: &Ask| ask.user_id == Some(user_id) && matches!(ask.purpose, Purpose::Link(_));
        let challenge = self.sign_in.find_live(&request.challenge_id, is_meant).await?;
        let proven = self.counted(&challenge, self.prove(&challenge, user_id, &request)).await?;
        let mut tx = self.db.begin().await?;
        self.sign_in.consume_in_tx(&mut tx, &challenge).await?;
        let keys = self.link_in_tx(&mut tx, actor, proven, request.ip).await;
        self.settle(tx, user_id, keys).await
    }

    /// Takes a key from the caller and ends the sessions that it began.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    pub async fn unlink(&self, actor: &Actor, request: UnlinkRequest) -> Result<Unlinked, LinkError> {
        let user_id = actor.user.id;
        let purpose = about(&user_id.to_string(), &request.key).unlink();
        let is_meant = |ask: &Ask| ask.user_id == Some(user_id) && ask.purpose == purpose;
        let challenge = self.sign_in.find_live(&request.challenge_id, is_meant).await?;
        let own = self.counted(&challenge, self.prove_own(&challenge, user_id, &request.own)).await?;
        let mut tx = self.db.begin().await?;
        self.sign_in.consume_in_tx(&mut tx, &challenge).await?;
        let unlinked = self.unlink_in_tx(&mut tx, actor, &request, &own).await;
        self.settle(tx, user_id, unlinked).await
    }

    /// Commits, also a refusal, which has spent the challenge and changed nothing else.
    async fn settle<T>(&self, tx: Tx, user_id: Uuid, outcome: Result<T, LinkError>) -> Result<T, LinkError> {
        if matches!(&outcome, Err(LinkError::Database(_))) {
            return outcome;
        }
        tx.commit().await?;
        if outcome.is_ok() {
            self.events.announce([user_id]);
        }
        outcome
    }

    /// Links a key. Everything that can be refused is refused before the first write.
    async fn link_in_tx(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        proven: Proven,
        ip: Option<IpAddr>,
    ) -> Result<Vec<Identity>, LinkError> {
        let Proven { new, own, vouched } = proven;
        let Self { identities, users, .. } = self;
        let user_id = actor.user.id;
        let keys = identities.lock_keys_in_tx(tx, user_id).await?.ok_or(LinkError::UserDeleted)?;
        demand_new(&keys, &new)?;
        demand_own(&keys, &own)?;
        let is_privy = new.kind == IdentityKind::Privy;
        if is_privy && users.find_reserved_in_tx(tx, &new.subject).await?.is_some() {
            return Err(LinkError::Taken);
        }
        let attached = identities.attach_in_tx(tx, user_id, new.kind, &new.subject).await?;
        attached.ok_or(LinkError::Taken)?;
        if identities.promote_invited_in_tx(tx, user_id, &new).await? {
            self.audit_promotion_in_tx(tx, user_id, &new).await?;
        }
        if is_privy {
            users.fill_in_tx(tx, user_id, vouched).await?;
        }
        self.tell_in_tx(tx, actor, Action::IdentityLinked, &new, ip).await?;
        Ok(identities.list_keys_in_tx(tx, user_id).await?)
    }

    /// Unlinks a key. Everything that can be refused is refused before the first write.
    async fn unlink_in_tx(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        request: &UnlinkRequest,
        own: &Key,
    ) -> Result<Unlinked, LinkError> {
        let Self { identities, users, sessions, .. } = self;
        let (user_id, key) = (actor.user.id, &request.key);
        let keys = identities.lock_keys_in_tx(tx, user_id).await?.ok_or(LinkError::UserDeleted)?;
        self.demand_dispensable(&keys, key)?;
        demand_own(&keys, own)?;
        if own == key {
            return Err(LinkError::ProofByRemovedKey);
        }
        identities.detach_in_tx(tx, user_id, key).await?;
        if key.kind == IdentityKind::Privy {
            users.unvouch_in_tx(tx, user_id).await?;
        }
        let removed = Proof { kind: key.kind, subject: &key.subject };
        let sessions = sessions.end_of_key_in_tx(tx, user_id, removed).await?;
        self.tell_in_tx(tx, actor, Action::IdentityUnlinked, key, request.ip).await?;
        Ok(Unlinked { keys: identities.list_keys_in_tx(tx, user_id).await?, sessions })
    }

    /// Writes down what happened, and tells the user's other devices.
    async fn tell_in_tx(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        action: Action,
        key: &Key,
        ip: Option<IpAddr>,
    ) -> Result<(), DbError> {
        let Self { activity, events, .. } = self;
        let user_id = actor.user.id;
        let about = json!({"kind": key.kind.as_str(), "subject": key.subject});
        let entry =
            Entry { user_id, session_id: Some(actor.session_id), action, metadata: Some(about.clone()), ip };
        activity.record_in_tx(tx, &entry).await?;
        let kind = if action == Action::IdentityLinked { "identity.linked" } else { "identity.unlinked" };
        events.append_in_tx(tx, user_id, kind, about.to_string()).await?;
        Ok(())
    }

    async fn audit_promotion_in_tx(&self, tx: &mut Tx, user_id: Uuid, key: &Key) -> Result<(), DbError> {
        let entry = AuditEntry {
            actor: user_id.to_string(),
            action: "admin_grant",
            subject: user_id.to_string(),
            reason: Some(format!("linked the invited key {}:{}", key.kind.as_str(), key.subject)),
            before: Some(Role::User.as_str().to_owned()),
            after: Some(Role::Admin.as_str().to_owned()),
        };
        insert_audit_in_tx(tx, &entry, self.clock.as_ref(), self.entropy.as_ref()).await
    }

    /// Whether a key of a kind gets anybody in here.
    fn signs_in(&self, kind: IdentityKind) -> bool {
        match kind {
            IdentityKind::Nostr => true,
            IdentityKind::Privy => self.privy.app_id().is_some(),
        }
    }

    fn demand_dispensable(&self, keys: &[Identity], key: &Key) -> Result<(), LinkError> {
        if !keys.iter().any(|known| known.key == *key) {
            return Err(LinkError::NotFound);
        }
        let is_way_in = |known: &Identity| known.key != *key && self.signs_in(known.key.kind);
        if keys.iter().any(is_way_in) { Ok(()) } else { Err(LinkError::Last) }
    }
}

/// What a challenge about a user's key is about.
fn about<'a>(user_id: &'a str, key: &'a Key) -> UserKey<'a> {
    UserKey { user_id, kind: key.kind.as_str(), subject: &key.subject }
}

fn demand_new(keys: &[Identity], key: &Key) -> Result<(), LinkError> {
    if keys.iter().any(|known| known.key == *key) {
        return Err(LinkError::AlreadyLinked);
    }
    if keys.len() >= KEYS_MAX { Err(LinkError::TooMany) } else { Ok(()) }
}

fn demand_own(keys: &[Identity], key: &Key) -> Result<(), LinkError> {
    if keys.iter().any(|known| known.key == *key) { Ok(()) } else { Err(LinkError::ProofNotOwn) }
}
