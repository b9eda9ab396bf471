//! What users did and what was done to their accounts, in the order in which it happened.
//!
//! A row is written in the transaction of what it tells of, so that neither exists without the other.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Activity`]: writing and showing |
//! | `action` | what can happen, and what of it clients may write |
//! | `keeping` | months made ahead, and what is too old |
//! | `http` | `/api/v1/activity-logs/*` |

mod action;
mod error;
pub(crate) mod http;
pub(crate) mod keeping;
pub(crate) mod repo;

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

pub use action::Action;
pub use error::ActivityError;

use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};
use crate::id::{Entropy, uuid_v7};
use crate::session::Actor;

/// Rows that are counted and paged through; whoever wants to go farther back says until when.
pub(crate) const COUNTED_MAX: i64 = 10_000;
/// Rows that a user may have of one day and still write more.
const PER_DAY_MAX: i64 = 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The service of the activity log.
#[derive(Debug, Clone)]
pub struct Activity {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What is to be remembered.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose account.
    pub user_id: Uuid,
    /// In which session, or about which.
    pub session_id: Option<Uuid>,
    /// What.
    pub action: Action,
    /// Details, a JSON object; never a secret.
    pub metadata: Option<Value>,
    /// From where.
    pub ip: Option<IpAddr>,
}

/// What was remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The id.
    pub id: Uuid,
    /// Whose account.
    pub user_id: Uuid,
    /// In which session, or about which.
    pub session_id: Option<Uuid>,
    /// The name of the action.
    pub action: String,
    /// Details, a JSON object.
    pub metadata: Option<Value>,
    /// From where.
    pub ip_address: Option<String>,
    /// When, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Of this user alone.
    pub user_id: Option<Uuid>,
    /// Of this session alone.
    pub session_id: Option<Uuid>,
    /// Of this action alone.
    pub action: Option<Action>,
    /// From this time on, in milliseconds since the epoch.
    pub from_ms: i64,
    /// Before this time, in milliseconds since the epoch.
    pub until_ms: i64,
}

/// A page of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What is on it.
    pub logs: Vec<Log>,
    /// How many there are on all pages, counted up to ten thousand.
    pub total: i64,
    /// Whether there are no more than that.
    pub total_is_exact: bool,
}

/// How often an action happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The name of the action.
    pub action: String,
    /// How often.
    pub entries: i64,
}

impl Default for Search {
    fn default() -> Self {
        Self { user_id: None, session_id: None, action: None, from_ms: i64::MIN, until_ms: i64::MAX }
    }
}

impl Search {
    /// Of a user.
    #[must_use]
    pub fn of_user(user_id: Uuid) -> Self {
        Self { user_id: Some(user_id), ..Self::default() }
    }

    fn action_name(&self) -> &'static str {
        self.action.map_or("", Action::as_str)
    }
}

impl Activity {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { db, clock, entropy }
    }

    /// Writes down what this transaction does.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn record_in_tx(&self, tx: &mut Tx, entry: &Entry) -> Result<(), DbError> {
        let now_ms = self.clock.now_ms();
        repo::insert(tx, uuid_v7(now_ms, self.entropy.as_ref()), entry, now_ms).await
    }

    /// Writes down what a client says that its user did where this server cannot see it.
    ///
    /// # Errors
    ///
    /// [`ActivityError::ServerOnly`], [`ActivityError::TooMany`], [`ActivityError::Database`].
    pub async fn note(&self, entry: Entry) -> Result<Log, ActivityError> {
        if !entry.action.is_of_clients() {
            return Err(ActivityError::ServerOnly { action: entry.action });
        }
        let now_ms = self.clock.now_ms();
        let mut tx = self.db.begin().await?;
        tx.lock_name(&format!("activity:{}", entry.user_id)).await?;
        let since_ms = now_ms.saturating_sub(DAY_MS);
        let full = repo::find_nth_time(&mut tx, entry.user_id, since_ms, PER_DAY_MAX - 1).await?;
        if let Some(at_ms) = full {
            let wait_s = at_ms.saturating_add(DAY_MS).saturating_sub(now_ms).div_euclid(1_000) + 1;
            return Err(ActivityError::TooMany { wait_s: u64::try_from(wait_s).unwrap_or(1) });
        }
        let id = uuid_v7(now_ms, self.entropy.as_ref());
        repo::insert(&mut tx, id, &entry, now_ms).await?;
        tx.commit().await?;
        let Entry { user_id, session_id, action, metadata, ip } = entry;
        let ip_address = ip.map(|ip| ip.to_string());
        let action = action.as_str().to_owned();
        Ok(Log { id, user_id, session_id, action, metadata, ip_address, created_at_ms: now_ms })
    }

    /// Lists a page of what is found, newest first: for administrators of everybody, for others of themselves.
    ///
    /// # Errors
    ///
    /// [`ActivityError::UserNotFound`], [`ActivityError::Database`].
    pub async fn list(
        &self,
        actor: &Actor,
        search: Search,
        limit: i64,
        offset: i64,
    ) -> Result<Page, ActivityError> {
        let mut tx = self.db.reader().await?;
        let search = allowed(&mut tx, actor, search).await?;
        let logs = repo::list(&mut tx, &search, limit, offset).await?;
        let counted = repo::count(&mut tx, &search, COUNTED_MAX + 1).await?;
        Ok(Page { logs, total: counted.min(COUNTED_MAX), total_is_exact: counted <= COUNTED_MAX })
    }

    /// Lists what happened to a user last, newest first.
    ///
    /// # Errors
    ///
    /// [`ActivityError::UserNotFound`], [`ActivityError::Database`].
    pub async fn recent(&self, actor: &Actor, user_id: Uuid, limit: i64) -> Result<Vec<Log>, ActivityError> {
        let mut tx = self.db.reader().await?;
        let search = allowed(&mut tx, actor, Search::of_user(user_id)).await?;
        Ok(repo::list(&mut tx, &search, limit, 0).await?)
    }

    /// Counts what is found of each action, most frequent first.
    ///
    /// # Errors
    ///
    /// [`ActivityError::UserNotFound`], [`ActivityError::Database`].
    pub async fn stats(&self, actor: &Actor, search: Search) -> Result<Vec<Count>, ActivityError> {
        let mut tx = self.db.reader().await?;
        let search = allowed(&mut tx, actor, search).await?;
        Ok(repo::count_actions(&mut tx, &search).await?)
    }
}

/// Narrows a search to what the caller may see.
async fn allowed(tx: &mut Tx, actor: &Actor, search: Search) -> Result<Search, ActivityError> {
    match search.user_id {
        Some(user_id) if !actor.sees_in_tx(tx, user_id).await? => Err(ActivityError::UserNotFound),
        None if !actor.user.is_admin() => Ok(Search { user_id: Some(actor.user.id), ..search }),
        _ => Ok(search),
    }
}
