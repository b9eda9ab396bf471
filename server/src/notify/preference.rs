//! What a user wants to be told, by which channel, and when not.

use serde_json::{Value, json};
use uuid::Uuid;

use super::quiet::{QuietHours, TimeOfDay, Zone};

/// A user's preferences as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// The id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// What the user wants.
    pub wishes: Wishes,
    /// In milliseconds since the epoch.
    pub created_at_ms: i64,
    /// In milliseconds since the epoch.
    pub updated_at_ms: i64,
}

/// What a user wants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the user's screen")]
pub struct Wishes {
    /// Whether to send push messages.
    pub push: bool,
    /// Whether to send e-mail.
    pub email: bool,
    /// Whether to send text messages.
    pub sms: bool,
    /// Whether to tell of the user's own money.
    pub transactions: bool,
    /// Whether to tell of sign-ins, keys and sessions.
    pub security: bool,
    /// Whether to advertise.
    pub marketing: bool,
    /// Whether to tell of what is new.
    pub product: bool,
    /// When to leave the user alone.
    pub quiet: QuietHours,
}

/// A value that a client sets, clears or leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clearable<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

/// What a client wants to be different; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Whether to send push messages.
    pub push: Option<bool>,
    /// Whether to send e-mail.
    pub email: Option<bool>,
    /// Whether to send text messages.
    pub sms: Option<bool>,
    /// Whether to tell of the user's own money.
    pub transactions: Option<bool>,
    /// Whether to tell of sign-ins, keys and sessions.
    pub security: Option<bool>,
    /// Whether to advertise.
    pub marketing: Option<bool>,
    /// Whether to tell of what is new.
    pub product: Option<bool>,
    /// Whether quiet hours count.
    pub quiet: Option<bool>,
    /// When they begin.
    pub quiet_start: Clearable<TimeOfDay>,
    /// When they end.
    pub quiet_end: Clearable<TimeOfDay>,
    /// Whose clock.
    pub zone: Option<Zone>,
}

/// The defaults of seed 004: everything but text messages and advertisement, at any hour.
impl Default for Wishes {
    fn default() -> Self {
        Self {
            push: true,
            email: true,
            sms: false,
            transactions: true,
            security: true,
            marketing: false,
            product: true,
            quiet: QuietHours::default(),
        }
    }
}

impl<T> Clearable<T> {
    fn or(self, known: Option<T>) -> Option<T> {
        match self {
            Self::Keep => known,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl Wishes {
    /// Takes over what a client wants to be different.
    pub(super) fn with(self, changes: Changes) -> Self {
        Self {
            push: changes.push.unwrap_or(self.push),
            email: changes.email.unwrap_or(self.email),
            sms: changes.sms.unwrap_or(self.sms),
            transactions: changes.transactions.unwrap_or(self.transactions),
            security: changes.security.unwrap_or(self.security),
            marketing: changes.marketing.unwrap_or(self.marketing),
            product: changes.product.unwrap_or(self.product),
            quiet: QuietHours {
                is_enabled: changes.quiet.unwrap_or(self.quiet.is_enabled),
                start: changes.quiet_start.or(self.quiet.start),
                end: changes.quiet_end.or(self.quiet.end),
                zone: changes.zone.unwrap_or(self.quiet.zone),
            },
        }
    }

    /// Returns the settings in which others differ from these, as (name on the wire, here, there).
    pub(super) fn differences(&self, others: &Self) -> Vec<(&'static str, Value, Value)> {
        let pairs = self.settings().into_iter().zip(others.settings());
        pairs
            .filter(|((_, here), (_, there))| here != there)
            .map(|((name, here), (_, there))| (name, here, there))
            .collect()
    }

    fn settings(&self) -> [(&'static str, Value); 11] {
        let time = |time: Option<TimeOfDay>| json!(time.map(|time| time.to_string()));
        [
            ("pushEnabled", json!(self.push)),
            ("emailEnabled", json!(self.email)),
            ("smsEnabled", json!(self.sms)),
            ("transactionNotifications", json!(self.transactions)),
            ("securityAlerts", json!(self.security)),
            ("marketingUpdates", json!(self.marketing)),
            ("productUpdates", json!(self.product)),
            ("quietHoursEnabled", json!(self.quiet.is_enabled)),
            ("quietHoursStart", time(self.quiet.start)),
            ("quietHoursEnd", time(self.quiet.end)),
            ("timezone", json!(self.quiet.zone.name())),
        ]
    }
}
