//! The private beta of seed 004: keys that administrators make, and e-mail addresses that redeem them.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Beta`]: making, judging, redeeming and listing keys |
//! | `key` | [`ReferralKey`], [`BetaUser`] and how far it is |
//! | `http` | `/api/private-beta/*` |
//!
//! | A key | Becomes | By |
//! |---|---|---|
//! | – | pending | an administrator |
//! | pending | active, with an address | the first who redeems it, in one conditional update |
//!
//! Redeeming proves neither the address nor anything else: it signs nobody in and opens no route.

mod error;
pub(crate) mod http;
mod key;
pub(crate) mod repo;

use std::sync::Arc;

pub use error::BetaError;
pub use key::{BetaStatus, BetaUser, ReferralKey};

use crate::admin::{AuditEntry, insert_audit_in_tx};
use crate::clock::Clock;
use crate::config::Rate;
use crate::db::{Database, DbError, Tx};
use crate::http::limiter::Limit;
use crate::id::{Entropy, uuid_v7};

/// Keys that one call makes, at most.
pub const KEYS_MAX: usize = 100;
/// Unused keys there may be at once: of all that can be guessed, one in a hundred.
pub const UNUSED_MAX: i64 = 10_000;

/// How often keys that are taken are drawn again.
const DRAWS_MAX: usize = 100;
/// Keys whose attempts are counted one by one.
const COUNTED_MAX: usize = 50_000;
/// The name under which those who make keys exclude each other.
const LOCK: &str = "private_beta";

/// The service of the private beta.
#[derive(Debug, Clone)]
pub struct Beta {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    attempts: Option<Arc<Limit>>,
}

/// Which keys a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// Those that nobody has redeemed.
    Unused,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BetaPage {
    /// Those on it, newest first.
    pub users: Vec<BetaUser>,
    /// How many there are on all pages.
    pub total: i64,
}

impl Beta {
    /// Makes the service, which lets so many attempts at each key through.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, rate: Option<Rate>) -> Self {
        let attempts = rate.and_then(|rate| Limit::new(rate, COUNTED_MAX)).map(Arc::new);
        Self { db, clock, entropy, attempts }
    }

    /// Makes keys, as an administrator: `actor` is a user's id, or `cli`.
    ///
    /// # Errors
    ///
    /// [`BetaError::Count`] for none or more than [`KEYS_MAX`], [`BetaError::TooManyUnused`], [`BetaError::Exhausted`],
    /// [`BetaError::Database`].
    pub async fn make_keys(
        &self,
        actor: &str,
        count: usize,
        reason: Option<&str>,
    ) -> Result<Vec<BetaUser>, BetaError> {
        if !(1..=KEYS_MAX).contains(&count) {
            return Err(BetaError::Count);
        }
        let mut tx = self.db.begin().await?;
        // Otherwise two could go beyond the bound together.
        tx.lock_name(LOCK).await?;
        let wanted = i64::try_from(count).unwrap_or(i64::MAX);
        if repo::count_unused(&mut tx).await?.saturating_add(wanted) > UNUSED_MAX {
            return Err(BetaError::TooManyUnused);
        }
        let made = self.insert_keys_in_tx(&mut tx, count).await?;
        let ids: Vec<String> = made.iter().map(|user| user.id.to_string()).collect();
        let entry = AuditEntry {
            actor: actor.to_owned(),
            action: "beta_keys_make",
            subject: LOCK.to_owned(),
            reason: reason.map(str::to_owned),
            before: None,
            after: Some(ids.join(" ")),
        };
        insert_audit_in_tx(&mut tx, &entry, self.clock.as_ref(), self.entropy.as_ref()).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Draws keys until so many were not taken; the unique index decides.
    async fn insert_keys_in_tx(&self, tx: &mut Tx, count: usize) -> Result<Vec<BetaUser>, BetaError> {
        let now_ms = self.clock.now_ms();
        let mut made: Vec<BetaUser> = Vec::with_capacity(count);
        for _draw in 0..DRAWS_MAX {
            let fresh = |_| BetaUser {
                id: uuid_v7(now_ms, self.entropy.as_ref()),
                key: ReferralKey::draw(self.entropy.as_ref()),
                status: BetaStatus::Pending,
                email: None,
                created_at_ms: now_ms,
                updated_at_ms: now_ms,
            };
            let drawn: Vec<BetaUser> = (made.len()..count).map(fresh).collect();
            made.extend(repo::insert_unless_taken(tx, &drawn).await?);
            if made.len() == count {
                return Ok(made);
            }
        }
        Err(BetaError::Exhausted)
    }

    /// Redeems a key for an e-mail address; of any number who try at once, one does.
    ///
    /// # Errors
    ///
    /// [`BetaError::KeyNotFound`], [`BetaError::KeyUsed`], [`BetaError::EmailTaken`], [`BetaError::TooMany`],
    /// [`BetaError::Database`].
    pub async fn redeem(&self, key: &ReferralKey, email: &str) -> Result<(), BetaError> {
        if let Some(Err(wait_s)) = self.attempts.as_ref().map(|limit| limit.check(key.limit_key())) {
            return Err(BetaError::TooMany { wait_s });
        }
        // Guesses do not get as far as taking a lock.
        if self.judge(key).await? == BetaStatus::Active {
            return Err(BetaError::KeyUsed);
        }
        let email = email.to_lowercase();
        let mut tx = self.db.begin().await?;
        let is_redeemed = repo::redeem(&mut tx, key, &email, self.clock.now_ms()).await;
        match is_redeemed {
            Ok(true) => Ok(tx.commit().await?),
            // Somebody else was faster.
            Ok(false) => Err(BetaError::KeyUsed),
            // The address is all that can collide.
            Err(error) if error.is_conflict() => Err(BetaError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Says whether a key can still be redeemed or was.
    ///
    /// # Errors
    ///
    /// [`BetaError::KeyNotFound`], [`BetaError::Database`].
    pub async fn judge(&self, key: &ReferralKey) -> Result<BetaStatus, BetaError> {
        let found = repo::find_status(&mut self.db.reader().await?, key).await?;
        found.ok_or(BetaError::KeyNotFound)
    }

    /// Makes sure that an e-mail address has redeemed a key.
    ///
    /// # Errors
    ///
    /// [`BetaError::UserNotFound`], [`BetaError::Database`].
    pub async fn check_email(&self, email: &str) -> Result<(), BetaError> {
        let is_known = repo::find_email(&mut self.db.reader().await?, &email.to_lowercase()).await?;
        if is_known { Ok(()) } else { Err(BetaError::UserNotFound) }
    }

    /// Lists keys and who redeemed them; for administrators.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn list(&self, selection: Selection, limit: i64, offset: i64) -> Result<BetaPage, DbError> {
        let mut tx = self.db.reader().await?;
        Ok(match selection {
            Selection::All => BetaPage {
                users: repo::list_all(&mut tx, limit, offset).await?,
                total: repo::count_all(&mut tx).await?,
            },
            Selection::Unused => BetaPage {
                users: repo::list_unused(&mut tx, limit, offset).await?,
                total: repo::count_unused(&mut tx).await?,
            },
        })
    }
}
