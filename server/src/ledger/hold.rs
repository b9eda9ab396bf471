//! Money set aside inside an account until what it waits for is decided.

use postfun_core::amount::Units;
use uuid::Uuid;

use super::AccountId;

/// The id of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId(pub Uuid);

/// A hold that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// `<domain>:<id>:<step>`, made by the server; the same key is the same hold.
    pub unique_key: String,
    /// Where the money stays.
    pub account: AccountId,
    /// How much, in base units; above zero.
    pub amount: Units,
    /// When it should be looked at again, in milliseconds since the epoch; nothing is released by time alone.
    pub expires_at_ms: Option<i64>,
}

/// A hold's place in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HoldStatus {
    Open,
    Settled,
    Released,
}

impl HoldStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Released => "released",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Settled, Self::Released].into_iter().find(|status| status.as_str() == text)
    }
}

/// A hold as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) id: HoldId,
    pub(super) unique_key: String,
    pub(super) account: AccountId,
    pub(super) amount: i64,
    pub(super) remaining: i64,
    pub(super) status: HoldStatus,
    pub(super) expires_at_ms: Option<i64>,
    pub(super) created_at_ms: i64,
}
