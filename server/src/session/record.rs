//! A session, and the device it is on.

use uuid::Uuid;

/// Where a user is signed in: a row that lives on when it ends, and may become active again on the same device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names it.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// Raised at each activation, so that a token of an earlier one never revives.
    pub generation: i64,
    /// The number of the newest refresh token of this generation.
    pub refresh_n: i64,
    /// The largest number that came back.
    pub used_n: i64,
    /// Raised by each change of a client.
    pub version: i64,
    /// The key that was proven at the last sign-in; none where a call made the session.
    pub key: Option<ProvenKey>,
    /// The device.
    pub device: Device,
    /// When the push token was set, in milliseconds since the epoch.
    pub push_token_updated_at_ms: Option<i64>,
    /// The address of the last sign-in.
    pub ip_address: Option<String>,
    /// Whether it holds the user's only place for a device.
    pub is_single: bool,
    /// When it was first made, in milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When it was last used, give or take five minutes, in milliseconds since the epoch.
    pub last_activity_at_ms: i64,
    /// From when on it is over, in milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// When and why it was ended.
    pub ended: Option<Ended>,
}

/// A key as the session remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenKey {
    /// Its kind, such as `nostr`.
    pub kind: String,
    /// The key.
    pub subject: String,
}

/// The end of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Why, in a word.
    pub reason: String,
}

/// What a client says about its device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// The client's own name for it; a session without one is of no device in particular.
    pub id: Option<String>,
    /// What it runs.
    pub platform: Platform,
    /// Its name, for people.
    pub name: Option<String>,
    /// Its make.
    pub model: Option<String>,
    /// The version of its system.
    pub os_version: Option<String>,
    /// The version of the client.
    pub app_version: Option<String>,
    /// Where notifications reach it.
    pub push_token: Option<String>,
}

/// What a device runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Platform {
    /// A browser, or anything else that speaks HTTP.
    #[default]
    Web,
    /// An iPhone or iPad.
    Ios,
    /// An Android device.
    Android,
}

impl Platform {
    /// Every platform, in the order in which seed 004 names them.
    pub const ALL: [Self; 3] = [Self::Ios, Self::Android, Self::Web];

    /// Returns the name that clients and the database know.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Ios => "ios",
            Self::Android => "android",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == text)
    }
}

/// Why sessions end when nobody said why.
pub mod reason {
    /// A user ended the session they called in, or another one.
    pub const LOGOUT: &str = "user_logout";
    /// A user ended all.
    pub const LOGOUT_ALL: &str = "user_logout_all";
    /// The user signed in on another device.
    pub const OTHER_DEVICE: &str = "new_session_on_different_device";
    /// A refresh token came back that had been replaced by one in use.
    pub const REUSE: &str = "refresh_token_reuse";
    /// The key that began it is no longer the user's.
    pub const KEY_REMOVED: &str = "identity_unlinked";
    /// Its time was over.
    pub const EXPIRED: &str = "expired";
    /// The user was deleted.
    pub const USER_DELETED: &str = "user_deleted";
}

impl Session {
    /// Whether it can be used.
    #[must_use]
    pub const fn is_active(&self, now_ms: i64) -> bool {
        self.ended.is_none() && self.expires_at_ms > now_ms
    }

    /// Makes it active again, or for the first time on new terms; tokens of before are worth nothing.
    pub(super) const fn reactivate(&mut self) {
        self.generation += 1;
        self.refresh_n = 0;
        self.used_n = 0;
    }
}
