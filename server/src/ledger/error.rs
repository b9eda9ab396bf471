//! Why the ledger refused.

use super::AssetId;
use crate::db::DbError;

/// A refusal of the ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// An account has not enough available.
    #[error("the balance is too small")]
    InsufficientBalance,
    /// A sum would pass the largest amount.
    #[error("the balance would be too large")]
    BalanceTooLarge,
    /// The legs of a posting do not add up to zero for an asset.
    #[error("the legs do not balance for asset {}", .asset.0)]
    Unbalanced {
        /// The asset.
        asset: AssetId,
    },
    /// A posting has no leg, or a leg of zero.
    #[error("a posting needs legs, each above zero")]
    EmptyLeg,
    /// The key belongs to another movement.
    #[error("the key {key} belongs to another posting")]
    KeyReused {
        /// The key.
        key: String,
    },
    /// An account was not opened, or does not exist.
    #[error("an account is missing")]
    AccountMissing,
    /// The hold does not exist.
    #[error("the hold does not exist")]
    HoldMissing,
    /// The hold is settled or released.
    #[error("the hold is closed")]
    HoldNotOpen,
    /// The hold sets aside less than is to be spent.
    #[error("the hold sets aside less than that")]
    HoldTooSmall,
    /// The posting that is to settle a hold takes nothing out of its account.
    #[error("the posting does not use the hold")]
    HoldUnused,
    /// It is certain that the transaction did not take place, although its commit went wrong.
    #[error("the posting was not carried out")]
    NotExecuted,
    /// It is not known whether the transaction took place.
    #[error("it is not known whether the posting was carried out")]
    OutcomeUnknown,
    /// The asset is never made from nothing.
    #[error("the asset cannot be issued")]
    NotIssuable,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}
