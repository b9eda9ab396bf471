//! What users did and what was done to their accounts, in the order in which it happened.
//!
//! A row is written in the transaction of what it tells of, so that neither exists without the other.

pub(crate) mod repo;

use std::net::IpAddr;
use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Clock;
use crate::db::{DbError, Tx};
use crate::id::{Entropy, uuid_v7};

/// The service of the activity log.
#[derive(Debug, Clone)]
pub struct Activity {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What happened; the names are those of seed 004, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A key was proven and a session begun.
    UserLogin,
    /// A user ended the session they called in.
    UserLogout,
    /// A key was proven for the first time.
    UserRegister,
    /// A user named a wallet.
    WalletConnected,
    /// A user got one more key to sign in with.
    IdentityLinked,
    /// A user lost one.
    IdentityUnlinked,
    /// A user's profile was changed.
    ProfileUpdated,
    /// A setting of a user was changed; the metadata say which.
    SettingsUpdated,
    /// A session was made or made active again by a call.
    SessionCreated,
    /// A session was ended; the metadata say why.
    SessionTerminated,
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
    pub metadata: Option<serde_json::Value>,
    /// From where.
    pub ip: Option<IpAddr>,
}

impl Action {
    /// Returns the name that the database holds and clients see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserLogin => "user_login",
            Self::UserLogout => "user_logout",
            Self::UserRegister => "user_register",
            Self::WalletConnected => "wallet_connected",
            Self::IdentityLinked => "identity_linked",
            Self::IdentityUnlinked => "identity_unlinked",
            Self::ProfileUpdated => "profile_updated",
            Self::SettingsUpdated => "settings_updated",
            Self::SessionCreated => "session_created",
            Self::SessionTerminated => "session_terminated",
        }
    }
}

impl Activity {
    /// Makes the service.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
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
}
