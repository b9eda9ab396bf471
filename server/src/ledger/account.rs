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
    /// The Lightning provider that keeps the sats.
    Lightning,
    /// Whoever runs the server, with their own money.
    Operator,
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
    /// What came in from outside or is owed; below zero by what others hold because of it.
    Clearing,
    /// What came in and belongs to nobody yet; a person must decide.
    Suspense,
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
            Self::System | Self::Lightning | Self::Operator => "system",
        }
    }

    pub(super) fn id(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Pool(number) => number.to_string(),
            Self::System => "postfun".to_owned(),
            Self::Lightning => "lightning".to_owned(),
            Self::Operator => "operator".to_owned(),
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
            Self::Clearing => "clearing",
            Self::Suspense => "suspense",
        }
    }

    /// Whether such an account owes what others hold.
    #[must_use]
    pub const fn may_be_negative(self) -> bool {
        matches!(self, Self::Issuance | Self::Clearing)
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

    /// Names what the Lightning provider has taken in for users; below zero by what they hold.
    #[must_use]
    pub const fn lightning(asset: AssetId) -> Self {
        Self { owner: Owner::Lightning, purpose: Purpose::Clearing, asset }
    }

    /// Names what came in over Lightning and belongs to nobody yet.
    #[must_use]
    pub const fn lightning_suspense(asset: AssetId) -> Self {
        Self { owner: Owner::Lightning, purpose: Purpose::Suspense, asset }
    }

    /// Names what the operator lost; below zero by it.
    #[must_use]
    pub const fn operator_loss(asset: AssetId) -> Self {
        Self { owner: Owner::Operator, purpose: Purpose::Clearing, asset }
    }
}
