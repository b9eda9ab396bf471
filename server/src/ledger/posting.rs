//! A movement of money: legs that add up to zero for every asset.

use std::collections::BTreeMap;
use std::fmt::Write;

use postfun_core::amount::Units;
use postfun_core::encoding::hex;
use sha2::{Digest, Sha256};

use super::{AccountId, AssetId, LedgerError};

/// What a movement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostingKind {
    /// An administrator gave a user tokens.
    Airdrop,
    /// A new user of a demo got something to trade with.
    StarterGrant,
    /// A pool got its first reserves and its burn schedule.
    PoolSeed,
    /// A user swapped.
    Swap,
    /// A pool reached a stage.
    Burn,
    /// Sats arrived over Lightning.
    Deposit,
    /// Sats left over Lightning.
    Withdrawal,
    /// What the network took for a withdrawal.
    WithdrawalFee,
    /// One user paid another's invoice without leaving the ledger.
    InsidePayment,
    /// Sats arrived that nobody is owed yet.
    Suspense,
    /// The Lightning provider moved another amount than it was asked for.
    LightningDifference,
    /// The Lightning provider made a payment that it had called failed.
    LatePayment,
}

impl PostingKind {
    /// Returns the name that the database holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Airdrop => "airdrop",
            Self::StarterGrant => "starter_grant",
            Self::PoolSeed => "pool_seed",
            Self::Swap => "swap",
            Self::Burn => "burn",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::WithdrawalFee => "withdrawal_fee",
            Self::InsidePayment => "inside_payment",
            Self::Suspense => "suspense",
            Self::LightningDifference => "lightning_difference",
            Self::LatePayment => "late_payment",
        }
    }
}

/// Who made a movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The user themself.
    User(uuid::Uuid),
    /// An administrator.
    Admin(uuid::Uuid),
    /// The server by its own rules.
    System,
}

impl Actor {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Admin(_) => "admin",
            Self::System => "system",
        }
    }

    pub(super) fn id(&self) -> String {
        match self {
            Self::User(id) | Self::Admin(id) => id.to_string(),
            Self::System => "postfun".to_owned(),
        }
    }
}

/// One side of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// The account.
    pub account: AccountId,
    /// Base units; positive credits, negative debits.
    pub amount: i64,
}

impl Leg {
    /// Makes a leg that raises an account.
    #[must_use]
    pub fn credit(account: AccountId, amount: Units) -> Self {
        // An amount is at most 2^63 − 1.
        Self { account, amount: i64::try_from(amount.get()).unwrap_or(i64::MAX) }
    }

    /// Makes a leg that lowers an account.
    #[must_use]
    pub fn debit(account: AccountId, amount: Units) -> Self {
        Self { account, amount: -Self::credit(account, amount).amount }
    }
}

/// A movement that is to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPosting {
    /// `<domain>:<id>:<step>`, made by the server; the same step is posted once.
    pub unique_key: String,
    /// What it is about.
    pub kind: PostingKind,
    /// What `reference_id` names.
    pub reference_type: &'static str,
    /// The thing that moved the money.
    pub reference_id: String,
    /// Who made it.
    pub actor: Actor,
    /// The legs; several may touch one account.
    pub legs: Vec<Leg>,
}

impl NewPosting {
    /// Checks that no leg is zero and that debits equal credits for every asset.
    pub(super) fn check(&self, asset_of: impl Fn(AccountId) -> Option<AssetId>) -> Result<(), LedgerError> {
        if self.legs.is_empty() || self.legs.iter().any(|leg| leg.amount == 0) {
            return Err(LedgerError::EmptyLeg);
        }
        let mut sums = BTreeMap::<AssetId, i128>::new();
        for leg in &self.legs {
            let asset = asset_of(leg.account).ok_or(LedgerError::AccountMissing)?;
            *sums.entry(asset).or_default() += i128::from(leg.amount);
        }
        match sums.into_iter().find(|(_, sum)| *sum != 0) {
            Some((asset, _)) => Err(LedgerError::Unbalanced { asset }),
            None => Ok(()),
        }
    }

    /// Hashes what makes the movement what it is, so that a key cannot be used for another one.
    pub(super) fn legs_hash(&self) -> String {
        let mut text = String::from(self.kind.as_str());
        for leg in &self.legs {
            // Writing to a string cannot fail.
            let _ = write!(text, "|{}:{}", leg.account.0, leg.amount);
        }
        hex::encode_lower(&Sha256::digest(text.as_bytes()))
    }
}
