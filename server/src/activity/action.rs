//! What can happen.

/// What happened; the names are those of seed 004, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A key was proven and a session begun.
    UserLogin,
    /// A user ended the session they called in.
    UserLogout,
    /// A key was proven for the first time.
    UserRegister,
    /// A session was made or made active again by a call.
    SessionCreated,
    /// A session was ended; the metadata say why.
    SessionTerminated,
    /// A user named a wallet.
    WalletConnected,
    /// A user gave a wallet up.
    WalletDisconnected,
    /// A user swapped.
    TradeExecuted,
    /// A user ordered something.
    OrderPlaced,
    /// A user took an order back.
    OrderCancelled,
    /// A message was sent to a user.
    NotificationSent,
    /// A user got one more key to sign in with.
    IdentityLinked,
    /// A user lost one.
    IdentityUnlinked,
    /// A setting of a user was changed; the metadata say which.
    SettingsUpdated,
    /// A user's profile was changed.
    ProfileUpdated,
    /// A user changed their password where they have one, which is not here.
    PasswordChanged,
    /// A user turned a second factor on where they sign in, which is not here.
    TwoFaEnabled,
    /// A user turned it off.
    TwoFaDisabled,
}

impl Action {
    /// Every one.
    pub const ALL: [Self; 18] = [
        Self::UserLogin,
        Self::UserLogout,
        Self::UserRegister,
        Self::SessionCreated,
        Self::SessionTerminated,
        Self::WalletConnected,
        Self::WalletDisconnected,
        Self::TradeExecuted,
        Self::OrderPlaced,
        Self::OrderCancelled,
        Self::NotificationSent,
        Self::IdentityLinked,
        Self::IdentityUnlinked,
        Self::SettingsUpdated,
        Self::ProfileUpdated,
        Self::PasswordChanged,
        Self::TwoFaEnabled,
        Self::TwoFaDisabled,
    ];

    /// Returns the name that the database holds and clients see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserLogin => "user_login",
            Self::UserLogout => "user_logout",
            Self::UserRegister => "user_register",
            Self::SessionCreated => "session_created",
            Self::SessionTerminated => "session_terminated",
            Self::WalletConnected => "wallet_connected",
            Self::WalletDisconnected => "wallet_disconnected",
            Self::TradeExecuted => "trade_executed",
            Self::OrderPlaced => "order_placed",
            Self::OrderCancelled => "order_cancelled",
            Self::NotificationSent => "notification_sent",
            Self::IdentityLinked => "identity_linked",
            Self::IdentityUnlinked => "identity_unlinked",
            Self::SettingsUpdated => "settings_updated",
            Self::ProfileUpdated => "profile_updated",
            Self::PasswordChanged => "password_changed",
            Self::TwoFaEnabled => "two_fa_enabled",
            Self::TwoFaDisabled => "two_fa_disabled",
        }
    }

    /// Finds an action by its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// Whether clients may write it: only what happens where this server cannot see it. Everything else the server knows
    /// better, and a row of it is worth something because nobody else could have written it.
    #[must_use]
    pub const fn is_of_clients(self) -> bool {
        matches!(self, Self::PasswordChanged | Self::TwoFaEnabled | Self::TwoFaDisabled)
    }
}
