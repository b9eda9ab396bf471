//! Whose money it is, and what for.

use uuid::Uuid;

use super::AssetId;

/// The number of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// Who owns an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A person.
    User(Uuid),
    /// A pool, by its number.
    Pool(i64),
    /// The server itself.
    System,
}

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A user's money.
    Main,
    /// A pool's reserve of one of its tokens.
    Reserve,
    /// The fees a pool has taken and not paid out.
    Fees,
    /// What a pool will burn as its stages pass.
    BurnReserve,
    /// What a pool has burned; nothing ever leaves.
    Burned,
    /// Where issuable assets come from; below zero by what is in circulation.
    Issuance,
}

/// What makes an account unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountKey {
    /// Whose it is.
    pub owner: Owner,
    /// What for.
    pub purpose: Purpose,
    /// Of which asset.
    pub asset: AssetId,
}

impl Owner {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Pool(_) => "pool",
            Self::System => "system",
        }
    }

    pub(super) fn id(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Pool(number) => number.to_string(),
            Self::System => "postfun".to_owned(),
        }
    }
}

impl Purpose {
    /// Returns the name that the database holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Reserve => "reserve",
            Self::Fees => "fees",
            Self::BurnReserve => "burn_reserve",
            Self::Burned => "burned",
            Self::Issuance => "issuance",
        }
    }

    /// Whether such an account owes what others hold.
    #[must_use]
    pub const fn may_be_negative(self) -> bool {
        matches!(self, Self::Issuance)
    }
}

impl AccountKey {
    /// Names a user's money of an asset.
    #[must_use]
    pub const fn user(user: Uuid, asset: AssetId) -> Self {
        Self { owner: Owner::User(user), purpose: Purpose::Main, asset }
    }

    /// Names one of a pool's accounts.
    #[must_use]
    pub const fn pool(pool: i64, purpose: Purpose, asset: AssetId) -> Self {
        Self { owner: Owner::Pool(pool), purpose, asset }
    }

    /// Names the account from which an asset is issued.
    #[must_use]
    pub const fn issuance(asset: AssetId) -> Self {
        Self { owner: Owner::System, purpose: Purpose::Issuance, asset }
    }
}
