//! Who people are: users, and the keys they have proven to hold.
//!
//! A user is made at the first proof of a key, once, however many proofs race. An identity is a proven key and the
//! only thing that signs in; profile fields never do.

pub(crate) mod repo;
mod user;

use std::sync::Arc;

use postfun_core::encoding::hex;
use postfun_core::nostr::npub;
pub use user::{Identity, IdentityKind, Key, Role, User, UserStatus};
use uuid::Uuid;

use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};
use crate::id::{Entropy, uuid_v7};

/// The service of users and their keys.
#[derive(Debug, Clone)]
pub struct Identities {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Names a user from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserRef {
    /// By the integer that the seeds' clients know.
    Number(i64),
    /// By a Nostr public key, lower-case hexadecimal.
    Nostr(String),
}

impl Identities {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { db, clock, entropy }
    }

    /// Finds the user of a proven key or makes one.
    ///
    /// The counter's row is locked before the key is looked up a second time, so that of several first proofs one
    /// makes the user and the others find it.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn find_or_create_in_tx(
        &self,
        tx: &mut Tx,
        kind: IdentityKind,
        subject: &str,
    ) -> Result<User, DbError> {
        Ok(self.admit_in_tx(tx, kind, subject).await?.0)
    }

    /// As [`Identities::find_or_create_in_tx`], and says whether the user was made.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn admit_in_tx(
        &self,
        tx: &mut Tx,
        kind: IdentityKind,
        subject: &str,
    ) -> Result<(User, bool), DbError> {
        if let Some(user) = self.find_used_in_tx(tx, kind, subject).await? {
            return Ok((user, false));
        }
        let number = repo::next_user_number(tx).await?;
        if let Some(user) = self.find_used_in_tx(tx, kind, subject).await? {
            return Ok((user, false));
        }
        let is_invited = repo::delete_invitation(tx, kind, subject).await?;
        let user = User {
            role: if is_invited { Role::Admin } else { Role::User },
            nostr_pubkey: (kind == IdentityKind::Nostr).then(|| subject.to_owned()),
            ..self.new_user(number)
        };
        repo::insert_user(tx, &user).await?;
        repo::insert_identity(tx, user.id, kind, subject, user.created_at_ms).await?;
        tracing::info!(user.number = user.number, identity.kind = kind.as_str(), "a new user signed in");
        Ok((user, true))
    }

    /// Finds the user of a key that was just proven, and keeps the key theirs until the transaction ends: otherwise a
    /// session could begin with a key that is being taken away.
    async fn find_used_in_tx(
        &self,
        tx: &mut Tx,
        kind: IdentityKind,
        subject: &str,
    ) -> Result<Option<User>, DbError> {
        match repo::update_used(tx, kind, subject, self.clock.now_ms()).await? {
            Some(id) => repo::find_user(tx, id).await,
            None => Ok(None),
        }
    }

    /// Makes a user without a key; holds the counter of users until the transaction ends.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn create_in_tx(
        &self,
        tx: &mut Tx,
        display_name: Option<String>,
    ) -> Result<User, DbError> {
        let number = repo::next_user_number(tx).await?;
        let user = User { display_name, ..self.new_user(number) };
        repo::insert_user(tx, &user).await?;
        Ok(user)
    }

    /// Gives a user a key that was just proven; nothing when somebody has it already.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn attach_in_tx(
        &self,
        tx: &mut Tx,
        user_id: Uuid,
        kind: IdentityKind,
        subject: &str,
    ) -> Result<Option<User>, DbError> {
        repo::lock_user_numbers(tx).await?;
        if repo::find_by_identity(tx, kind, subject).await?.is_some() {
            return Ok(None);
        }
        let now_ms = self.clock.now_ms();
        repo::insert_identity(tx, user_id, kind, subject, now_ms).await?;
        repo::update_changed(tx, user_id, now_ms).await?;
        repo::find_user(tx, user_id).await
    }

    /// Lists an active user's keys, the oldest first, and holds them as they are until the transaction ends; nothing when
    /// the user was deleted.
    ///
    /// Holds the counter of users too, and first, as everybody does who takes both.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn lock_keys_in_tx(
        &self,
        tx: &mut Tx,
        user_id: Uuid,
    ) -> Result<Option<Vec<Identity>>, DbError> {
        repo::lock_user_numbers(tx).await?;
        if !repo::lock_user(tx, user_id).await? {
            return Ok(None);
        }
        Ok(Some(repo::list_identities(tx, user_id).await?))
    }

    /// Takes a key from a user whose keys are locked; the oldest one left of its kind becomes the primary one.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn detach_in_tx(&self, tx: &mut Tx, user_id: Uuid, key: &Key) -> Result<(), DbError> {
        repo::delete_identity(tx, user_id, key).await?;
        repo::update_primary(tx, user_id, key.kind).await?;
        repo::update_changed(tx, user_id, self.clock.now_ms()).await
    }

    /// Uses up the invitation of a key that was attached to a user; says whether that made the user an administrator.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn promote_invited_in_tx(
        &self,
        tx: &mut Tx,
        user_id: Uuid,
        key: &Key,
    ) -> Result<bool, DbError> {
        Ok(repo::delete_invitation(tx, key.kind, &key.subject).await?
            && repo::update_role(tx, user_id, Role::Admin, self.clock.now_ms()).await?)
    }

    /// Lists a user's keys, the oldest first.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn list_keys(&self, user_id: Uuid) -> Result<Vec<Identity>, DbError> {
        self.list_keys_in_tx(&mut self.db.reader().await?, user_id).await
    }

    /// As [`Identities::list_keys`], as the caller's transaction sees them.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn list_keys_in_tx(&self, tx: &mut Tx, user_id: Uuid) -> Result<Vec<Identity>, DbError> {
        repo::list_identities(tx, user_id).await
    }

    fn new_user(&self, number: i64) -> User {
        let now_ms = self.clock.now_ms();
        User {
            id: uuid_v7(now_ms, self.entropy.as_ref()),
            number,
            role: Role::User,
            status: UserStatus::Active,
            display_name: None,
            nostr_pubkey: None,
            created_at_ms: now_ms,
        }
    }

    /// Finds a user by id.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn find(&self, id: Uuid) -> Result<Option<User>, DbError> {
        repo::find_user(&mut self.db.reader().await?, id).await
    }

    /// Finds a user by what an administrator calls them.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn find_by_ref(&self, user: &UserRef) -> Result<Option<User>, DbError> {
        let mut tx = self.db.reader().await?;
        repo::find_by_ref(&mut tx, user).await
    }
}

/// The text names nobody: not an `npub`, not 64 lower-case hex digits, not a number above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user is named by an npub, by a public key of 64 lower-case hex digits, or by their number")]
pub struct InvalidUserRef;

impl std::str::FromStr for UserRef {
    type Err = InvalidUserRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(key) = npub::decode(text) {
            return Ok(Self::Nostr(hex::encode_lower(&key)));
        }
        if hex::decode_array::<32>(text).is_ok() {
            return Ok(Self::Nostr(text.to_owned()));
        }
        let number = text.parse::<i64>().ok().filter(|number| *number > 0 && !text.starts_with('+'));
        number.map(Self::Number).ok_or(InvalidUserRef)
    }
}
