//! Statements about notification preferences.

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::preference::{Preferences, Wishes};
use super::quiet::{QuietHours, TimeOfDay};
use crate::db::sql::Table;
use crate::db::{DbError, Tx, on_backend, statements};

macro_rules! columns {
    () => {
        "id, user_id, push_enabled, email_enabled, sms_enabled, transaction_notifications, security_alerts, \
         marketing_updates, product_updates, quiet_hours_enabled, quiet_hours_start_s, quiet_hours_end_s, timezone, \
         created_at_ms, updated_at_ms"
    };
}

statements! {
    FIND = concat!("SELECT ", columns!(), "
FROM notification_preferences
WHERE user_id = $1");
    LOCK = concat!("INSERT INTO notification_preferences (", columns!(), ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
RETURNING ", columns!());
    UPDATE = "
UPDATE notification_preferences
SET push_enabled = $2, email_enabled = $3, sms_enabled = $4, transaction_notifications = $5, security_alerts = $6,
    marketing_updates = $7, product_updates = $8, quiet_hours_enabled = $9, quiet_hours_start_s = $10,
    quiet_hours_end_s = $11, timezone = $12, updated_at_ms = $13
WHERE id = $1";
}

#[derive(Debug, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the table has a column for each switch")]
struct PreferencesRow {
    id: String,
    user_id: String,
    push_enabled: bool,
    email_enabled: bool,
    sms_enabled: bool,
    transaction_notifications: bool,
    security_alerts: bool,
    marketing_updates: bool,
    product_updates: bool,
    quiet_hours_enabled: bool,
    quiet_hours_start_s: Option<i64>,
    quiet_hours_end_s: Option<i64>,
    timezone: String,
    created_at_ms: i64,
    updated_at_ms: i64,
}

impl PreferencesRow {
    fn into_preferences(self) -> Result<Preferences, DbError> {
        Ok(Preferences {
            id: id("id", &self.id)?,
            user_id: id("user_id", &self.user_id)?,
            wishes: Wishes {
                push: self.push_enabled,
                email: self.email_enabled,
                sms: self.sms_enabled,
                transactions: self.transaction_notifications,
                security: self.security_alerts,
                marketing: self.marketing_updates,
                product: self.product_updates,
                quiet: QuietHours {
                    is_enabled: self.quiet_hours_enabled,
                    start: time("quiet_hours_start_s", self.quiet_hours_start_s)?,
                    end: time("quiet_hours_end_s", self.quiet_hours_end_s)?,
                    zone: self
                        .timezone
                        .parse()
                        .map_err(|_unknown| inconsistent("timezone", self.timezone))?,
                },
            },
            created_at_ms: self.created_at_ms,
            updated_at_ms: self.updated_at_ms,
        })
    }
}

fn inconsistent(column: &'static str, value: impl std::fmt::Display) -> DbError {
    DbError::inconsistent("notification_preferences", column, value)
}

fn id(column: &'static str, text: &str) -> Result<Uuid, DbError> {
    Uuid::parse_str(text).map_err(|_malformed| inconsistent(column, text))
}

fn time(column: &'static str, second: Option<i64>) -> Result<Option<TimeOfDay>, DbError> {
    let parse = |second: i64| {
        let time = u32::try_from(second).ok().and_then(TimeOfDay::from_second);
        time.ok_or_else(|| inconsistent(column, second))
    };
    second.map(parse).transpose()
}

fn second(time: Option<TimeOfDay>) -> Option<i64> {
    time.map(|time| time.second().into())
}

/// Finds a user's preferences.
pub(super) async fn find(tx: &mut Tx, user_id: Uuid) -> Result<Option<Preferences>, DbError> {
    let row: Option<PreferencesRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, PreferencesRow>(FIND)
        .bind(user_id.to_string())
        .fetch_optional(c)
        .await)?;
    row.map(PreferencesRow::into_preferences).transpose()
}

/// Reads a user's preferences, made of the given ones when missing, and holds them until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, fresh: &Preferences) -> Result<Preferences, DbError> {
    let wishes = &fresh.wishes;
    let row: PreferencesRow = on_backend!(tx, |c, DB| sqlx::query_as::<DB, PreferencesRow>(LOCK)
        .bind(fresh.id.to_string())
        .bind(fresh.user_id.to_string())
        .bind(wishes.push)
        .bind(wishes.email)
        .bind(wishes.sms)
        .bind(wishes.transactions)
        .bind(wishes.security)
        .bind(wishes.marketing)
        .bind(wishes.product)
        .bind(wishes.quiet.is_enabled)
        .bind(second(wishes.quiet.start))
        .bind(second(wishes.quiet.end))
        .bind(wishes.quiet.zone.name())
        .bind(fresh.created_at_ms)
        .fetch_one(c)
        .await)?;
    row.into_preferences()
}

/// Writes preferences that are there.
pub(super) async fn update(tx: &mut Tx, preferences: &Preferences) -> Result<(), DbError> {
    let wishes = &preferences.wishes;
    let changed = on_backend!(tx, |c, DB| sqlx::query::<DB>(UPDATE)
        .bind(preferences.id.to_string())
        .bind(wishes.push)
        .bind(wishes.email)
        .bind(wishes.sms)
        .bind(wishes.transactions)
        .bind(wishes.security)
        .bind(wishes.marketing)
        .bind(wishes.product)
        .bind(wishes.quiet.is_enabled)
        .bind(second(wishes.quiet.start))
        .bind(second(wishes.quiet.end))
        .bind(wishes.quiet.zone.name())
        .bind(preferences.updated_at_ms)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    DbError::check_rows("UPDATE", 1, changed)
}

/// Finds what some users want; those who have no preferences have the defaults, and those who are gone are left out.
pub(super) async fn find_wishes(tx: &mut Tx, user_ids: &[Uuid]) -> Result<HashMap<Uuid, Wishes>, DbError> {
    let active: Vec<(String,)> = Table::of(user_ids)
        .text(ToString::to_string)
        .fetch(tx, "SELECT id FROM users WHERE status = 'active' AND id IN (", ")")
        .await?;
    let stored: Vec<PreferencesRow> = Table::of(user_ids)
        .text(ToString::to_string)
        .fetch(tx, concat!("SELECT ", columns!(), " FROM notification_preferences WHERE user_id IN ("), ")")
        .await?;
    let defaults = active.into_iter().map(|(user_id,)| Ok((id("user_id", &user_id)?, Wishes::default())));
    let mut wishes = defaults.collect::<Result<HashMap<_, _>, DbError>>()?;
    for row in stored {
        let preferences = row.into_preferences()?;
        if let Some(wishes) = wishes.get_mut(&preferences.user_id) {
            *wishes = preferences.wishes;
        }
    }
    Ok(wishes)
}
