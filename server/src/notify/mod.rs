//! What users want to be told, by which channel and when. Nothing is sent here: whoever sends asks first.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Notifications`]: showing and changing preferences, and [`Notifications::may_send`] |
//! | `permission` | which class of messages may be sent when |
//! | `preference` | [`Preferences`], [`Wishes`] and how they change |
//! | `quiet` | times of day, time zones, quiet hours |
//! | `http` | `/api/v1/notifications/*` |
//!
//! Preferences are made when they are read first; until then the defaults count.

mod error;
pub(crate) mod http;
mod permission;
mod preference;
mod quiet;
pub(crate) mod repo;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use error::NotifyError;
pub use permission::{Channel, Class, Notice, Permission};
pub use preference::{Changes, Clearable, Preferences, Wishes};
pub use quiet::{InvalidTimeOfDay, InvalidZone, QuietHours, TimeOfDay, Zone};

use crate::activity::{Action, Activity, Entry};
use crate::admin::{AuditEntry, insert_audit_in_tx};
use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};
use crate::id::{Entropy, uuid_v7};
use crate::session::Actor;

/// The service of notification preferences.
#[derive(Debug, Clone)]
pub struct Notifications {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    activity: Activity,
}

impl Notifications {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, activity: Activity) -> Self {
        Self { db, clock, entropy, activity }
    }

    /// Says of each message whether it may be sent now, by its channel, and if not when it may.
    ///
    /// Every sender asks this for what is due, right before sending, and nothing else: it knows the user's wishes, quiet
    /// hours in the user's zone, the classes that do not wait for their end, and users who are gone.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn may_send(&self, notices: &[Notice]) -> Result<Vec<Permission>, DbError> {
        let user_ids: Vec<Uuid> = notices.iter().map(|notice| notice.user_id).collect();
        let wishes = repo::find_wishes(&mut self.db.reader().await?, &user_ids).await?;
        let now_ms = self.clock.now_ms();
        let permit = |notice: &Notice| {
            let wishes = wishes.get(&notice.user_id);
            wishes.map_or(Permission::Never, |wishes| wishes.permit(notice.class, notice.channel, now_ms))
        };
        Ok(notices.iter().map(permit).collect())
    }

    /// Shows a user's preferences to themself or to an administrator; the first time that makes them.
    ///
    /// # Errors
    ///
    /// [`NotifyError::UserNotFound`], [`NotifyError::Database`].
    pub async fn show(&self, actor: &Actor, user_id: Uuid) -> Result<Preferences, NotifyError> {
        let mut tx = self.db.reader().await?;
        demand_user(&mut tx, actor, user_id).await?;
        if let Some(preferences) = repo::find(&mut tx, user_id).await? {
            return Ok(preferences);
        }
        drop(tx);
        let mut tx = self.db.begin().await?;
        let preferences = self.lock_in_tx(&mut tx, user_id).await?;
        tx.commit().await?;
        Ok(preferences)
    }

    /// Changes a user's preferences; what is not named stays.
    ///
    /// # Errors
    ///
    /// [`NotifyError::UserNotFound`], [`NotifyError::QuietHoursIncomplete`], [`NotifyError::Database`].
    pub async fn update(
        &self,
        actor: &Actor,
        user_id: Uuid,
        changes: Changes,
    ) -> Result<Preferences, NotifyError> {
        self.set(actor, user_id, |wishes| {
            let wishes = wishes.with(changes);
            let QuietHours { is_enabled, start, end, .. } = &wishes.quiet;
            match (is_enabled, start, end) {
                (true, None, _) => Err(NotifyError::QuietHoursIncomplete { missing: "quietHoursStart" }),
                (true, _, None) => Err(NotifyError::QuietHoursIncomplete { missing: "quietHoursEnd" }),
                _ => Ok(wishes),
            }
        })
        .await
    }

    /// Sets a user's preferences back to the defaults.
    ///
    /// # Errors
    ///
    /// [`NotifyError::UserNotFound`], [`NotifyError::Database`].
    pub async fn reset(&self, actor: &Actor, user_id: Uuid) -> Result<Preferences, NotifyError> {
        self.set(actor, user_id, |_wishes| Ok(Wishes::default())).await
    }

    async fn set(
        &self,
        actor: &Actor,
        user_id: Uuid,
        change: impl FnOnce(Wishes) -> Result<Wishes, NotifyError>,
    ) -> Result<Preferences, NotifyError> {
        let mut tx = self.db.begin().await?;
        demand_user(&mut tx, actor, user_id).await?;
        let mut preferences = self.lock_in_tx(&mut tx, user_id).await?;
        let wishes = change(preferences.wishes.clone())?;
        let differences = preferences.wishes.differences(&wishes);
        if !differences.is_empty() {
            preferences = Preferences { wishes, updated_at_ms: self.clock.now_ms(), ..preferences };
            repo::update(&mut tx, &preferences).await?;
            self.record_in_tx(&mut tx, actor, user_id, differences).await?;
        }
        tx.commit().await?;
        Ok(preferences)
    }

    /// Reads a user's preferences, made when missing, and holds them until the transaction ends.
    async fn lock_in_tx(&self, tx: &mut Tx, user_id: Uuid) -> Result<Preferences, DbError> {
        let now_ms = self.clock.now_ms();
        let fresh = Preferences {
            id: uuid_v7(now_ms, self.entropy.as_ref()),
            user_id,
            wishes: Wishes::default(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        };
        repo::lock(tx, &fresh).await
    }

    /// Writes down what was changed; what an administrator changes for somebody else also in their record.
    async fn record_in_tx(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        user_id: Uuid,
        differences: Vec<(&'static str, Value, Value)>,
    ) -> Result<(), DbError> {
        let (before, after): (Map<_, _>, Map<_, _>) = differences
            .into_iter()
            .map(|(name, before, after)| ((name.to_owned(), before), (name.to_owned(), after)))
            .unzip();
        let is_self = actor.user.id == user_id;
        if !is_self {
            let entry = AuditEntry {
                actor: actor.user.id.to_string(),
                action: "notification_preferences_update",
                subject: user_id.to_string(),
                reason: None,
                before: Some(Value::Object(before).to_string()),
                after: Some(Value::Object(after.clone()).to_string()),
            };
            insert_audit_in_tx(tx, &entry, self.clock.as_ref(), self.entropy.as_ref()).await?;
        }
        let mut metadata = json!({"notificationPreferences": after});
        if !is_self {
            metadata["by"] = json!("admin");
        }
        let entry = Entry {
            user_id,
            session_id: is_self.then_some(actor.session_id),
            action: Action::SettingsUpdated,
            metadata: Some(metadata),
            ip: None,
        };
        self.activity.record_in_tx(tx, &entry).await
    }
}

async fn demand_user(tx: &mut Tx, actor: &Actor, user_id: Uuid) -> Result<(), NotifyError> {
    if actor.sees_in_tx(tx, user_id).await? { Ok(()) } else { Err(NotifyError::UserNotFound) }
}
