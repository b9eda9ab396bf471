//! A user, as the whole server knows them.

use uuid::Uuid;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id everything refers to.
    pub id: Uuid,
    /// The integer that the seeds' clients know.
    pub number: i64,
    /// What the user may do beyond their own affairs.
    pub role: Role,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// A name for others to see; not unique, not proven.
    pub display_name: Option<String>,
    /// The primary Nostr key, lower-case hexadecimal.
    pub nostr_pubkey: Option<String>,
    /// When the user first proved a key, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

/// What a user may do beyond their own affairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing.
    User,
    /// Make pools, give tokens away, look at everyone.
    Admin,
}

/// Whether a user may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// They may.
    Active,
    /// They may not; keys and balances are kept.
    Deleted,
}

/// What kind of key an identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// A Nostr public key.
    Nostr,
    /// A user of the configured Privy app, `did:privy:…`.
    Privy,
}

/// A key, whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What kind of key.
    pub kind: IdentityKind,
    /// The key in its one spelling: for Nostr lower-case hexadecimal, for Privy the user's DID.
    pub subject: String,
}

/// A key that a user has proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The key.
    pub key: Key,
    /// Whether it is the one of its kind that is shown as the user's.
    pub is_primary: bool,
    /// When it was proven for the first time, in milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When it was proven for the last time, in milliseconds since the epoch.
    pub last_used_at_ms: i64,
}

impl User {
    /// Whether the user is an administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

impl Role {
    /// Returns the name that the database holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Admin].into_iter().find(|role| role.as_str() == text)
    }
}

impl UserStatus {
    /// Returns the name that the database holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Deleted].into_iter().find(|status| status.as_str() == text)
    }
}

impl IdentityKind {
    /// Every kind that can sign in.
    pub const ALL: [Self; 2] = [Self::Nostr, Self::Privy];

    /// Returns the name that clients and the database know.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nostr => "nostr",
            Self::Privy => "privy",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
