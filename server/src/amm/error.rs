//! Why there is no pool or no swap, and how that looks from outside.

use axum::http::StatusCode;
use postfun_core::amm::{PoolError, QuoteError};
use postfun_core::amount::Units;
use uuid::Uuid;

use crate::db::DbError;
use crate::http::ApiError;
use crate::http::idempotency::KeyReused;
use crate::ledger::{Asset, LedgerError};

/// Why a pool was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreatePoolError {
    /// Both tokens are the same.
    #[error("both tokens are the same")]
    SameToken,
    /// The server may not make units of this asset, so it cannot fill a pool with it.
    #[error("the asset {} cannot be issued", .0.symbol)]
    NotIssuable(Box<Asset>),
    /// The parameters are not possible.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The key belongs to another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The ledger refused or failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The answer could not be written as JSON.
    #[error("the answer could not be rendered")]
    Render(#[from] serde_json::Error),
}

/// Why a swap did not take place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// There is no such pool.
    #[error("the pool does not exist")]
    PoolNotFound,
    /// The pool gives no quote for this amount.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// The caller has not enough of the input token.
    #[error("the balance is too small")]
    InsufficientBalance,
    /// The output would be below the least the caller accepts.
    #[error("the output would be below the minimum")]
    BelowMinimum {
        /// What the swap would give now.
        amount_out: Units,
        /// The output token.
        token: Box<Asset>,
    },
    /// The input would be above the most the caller accepts.
    #[error("the input would be above the maximum")]
    AboveMaximum {
        /// What the swap would cost now.
        amount_in: Units,
        /// The input token.
        token: Box<Asset>,
    },
    /// The swap's own size would move the price further than the caller accepts.
    #[error("the price impact would be too high")]
    PriceImpact {
        /// How far it would, in parts per million.
        price_impact_ppm: u32,
    },
    /// The pool has had events since the state that the caller expects.
    #[error("the pool has moved on")]
    StaleState {
        /// The number of its last event.
        seq: i64,
    },
    /// The caller's deadline is over.
    #[error("the deadline is over")]
    DeadlineOver,
    /// The key belongs to another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The transaction could not be committed, and it is certain that it did not take place.
    #[error("the swap was not carried out")]
    NotExecuted,
    /// There is no room to write the swap down, and it is certain that it did not take place.
    #[error("there is no room to write the swap down")]
    StorageFull,
    /// The transaction's end is not known and could not be found out.
    #[error("it is not known whether the swap was carried out")]
    OutcomeUnknown {
        /// The id that the trade has if it was, as far as that is known.
        trade_id: Option<Uuid>,
    },
    /// Too many swaps wait for this pool already, of this user or of all.
    #[error("too many swaps are waiting")]
    QueueFull,
    /// The ledger refused or failed.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database failed before anything was committed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The answer could not be written as JSON.
    #[error("the answer could not be rendered")]
    Render(#[from] serde_json::Error),
}

impl SwapError {
    /// Whether it is the database that fails, not the swap.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, Self::NotExecuted | Self::StorageFull)
            || self.database().is_some_and(DbError::is_outage)
    }

    /// What everybody is told whose swap was not carried out because of this one error.
    pub(super) fn not_executed(&self) -> Self {
        let is_full =
            matches!(self, Self::StorageFull) || self.database().is_some_and(DbError::is_storage_full);
        if is_full { Self::StorageFull } else { Self::NotExecuted }
    }

    /// Writes the error and its causes in one line, for the log.
    pub(super) fn chain(&self) -> String {
        self.database().map_or_else(|| self.to_string(), DbError::chain)
    }

    const fn database(&self) -> Option<&DbError> {
        if let Self::Database(error) | Self::Ledger(LedgerError::Database(error)) = self {
            return Some(error);
        }
        None
    }
}

impl From<LedgerError> for SwapError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::InsufficientBalance => Self::InsufficientBalance,
            LedgerError::Database(error) => Self::Database(error),
            other @ (LedgerError::BalanceTooLarge
            | LedgerError::Unbalanced { .. }
            | LedgerError::EmptyLeg
            | LedgerError::KeyReused { .. }
            | LedgerError::AccountMissing
            | LedgerError::HoldMissing
            | LedgerError::HoldNotOpen
            | LedgerError::HoldTooSmall
            | LedgerError::HoldUnused
            | LedgerError::NotExecuted
            | LedgerError::OutcomeUnknown
            | LedgerError::NotIssuable) => Self::Ledger(other),
        }
    }
}

/// A pool that does not exist.
pub(super) fn pool_not_found() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "pool_not_found",
        "There is no pool of that number; GET /api/amm/pools lists them.",
    )
}

/// A quote that is not possible.
pub(super) fn quote_refused(error: &QuoteError) -> ApiError {
    let message = match error {
        QuoteError::InvalidSide => "`side` is AtoB or BtoA.",
        QuoteError::NotPositive => "The amount must be above zero.",
        QuoteError::TooSmall => "The amount is so small that nothing would come out; use a larger one.",
        QuoteError::PoolExhausted => "The pool does not hold that much; ask for less.",
        QuoteError::TooLarge => "The amount is larger than the pool can take; use a smaller one.",
        QuoteError::InvalidSlippage { .. } => "A slippage is 0 to 10000 basis points.",
        QuoteError::InvariantBroken | QuoteError::Stale | _ => return ApiError::internal(error.clone()),
    };
    ApiError::bad_request(error.code(), message)
}

impl From<SwapError> for ApiError {
    fn from(error: SwapError) -> Self {
        match error {
            SwapError::PoolNotFound => pool_not_found(),
            SwapError::Quote(error) => quote_refused(&error),
            SwapError::InsufficientBalance => Self::bad_request(
                "insufficient_balance",
                "Your balance of the input token is smaller than the amount.",
            ),
            SwapError::BelowMinimum { amount_out, token } => {
                let amount = postfun_core::amount::format(amount_out, token.decimals);
                let message =
                    format!("The swap would give {amount} {} now, less than your minimum.", token.symbol);
                Self::bad_request("slippage_too_high", message)
                    .with_field("amount_out_units", amount_out.get().to_string())
            }
            SwapError::AboveMaximum { amount_in, token } => {
                let amount = postfun_core::amount::format(amount_in, token.decimals);
                let message =
                    format!("The swap would cost {amount} {} now, more than your maximum.", token.symbol);
                Self::bad_request("slippage_too_high", message)
                    .with_field("amount_in_units", amount_in.get().to_string())
            }
            SwapError::PriceImpact { price_impact_ppm } => {
                let message = "The swap would move the price further than you accept; use a smaller amount.";
                Self::bad_request("price_impact_too_high", message)
                    .with_field("price_impact_ppm", price_impact_ppm)
            }
            SwapError::StaleState { seq } => {
                let message = "The pool has moved on since the state you expect; quote again.";
                Self::new(StatusCode::CONFLICT, "stale_state", message).with_field("seq", seq)
            }
            SwapError::DeadlineOver => {
                Self::bad_request("expired", "The swap's deadline is over; nothing was swapped.")
            }
            SwapError::KeyReused(error) => error.into(),
            SwapError::NotExecuted => {
                let message = "The swap was not carried out and nothing was taken; try again.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_executed", message).retry_after_s(1)
            }
            SwapError::StorageFull => Self::storage_full(),
            SwapError::OutcomeUnknown { trade_id } => {
                let message = "The database did not answer, so it is not known whether the swap was carried out. Look \
                               for the trade before you try again, or repeat it with the same Idempotency-Key.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", message)
                    .with_field("trade_id", trade_id.map(|id| id.to_string()))
                    .retry_after_s(5)
            }
            SwapError::QueueFull => {
                let message =
                    "Too many swaps are waiting for this pool; yours was not queued. Try again in a second.";
                Self::new(StatusCode::TOO_MANY_REQUESTS, "queue_full", message).retry_after_s(1)
            }
            SwapError::Ledger(error) => error.into(),
            SwapError::Database(error) => error.into(),
            SwapError::Render(error) => Self::internal(error),
        }
    }
}

impl From<CreatePoolError> for ApiError {
    fn from(error: CreatePoolError) -> Self {
        match error {
            CreatePoolError::SameToken => {
                Self::bad_request("same_token", "A pool needs two different tokens.")
            }
            CreatePoolError::NotIssuable(asset) => Self::bad_request(
                "asset_not_issuable",
                format!(
                    "{} can be withdrawn, so it is never made from nothing to fill a pool.",
                    asset.symbol
                ),
            ),
            CreatePoolError::Pool(error) => {
                let message = match &error {
                    PoolError::EmptyReserve => "Both reserves must be above zero.",
                    PoolError::FeeTooHigh { .. } => "`fee_bps_base` is 0 to 9999 basis points.",
                    PoolError::ThresholdOrder { .. } => {
                        "The thresholds that are set must be above zero and each above the one before."
                    }
                    PoolError::BurnsTooLarge => "The burn amounts add up to more than an amount can hold.",
                    PoolError::InvalidStage { .. } | _ => return Self::internal(error),
                };
                Self::bad_request(error.code(), message)
            }
            CreatePoolError::KeyReused(error) => error.into(),
            CreatePoolError::Ledger(error) => error.into(),
            CreatePoolError::Database(error) => error.into(),
            CreatePoolError::Render(error) => Self::internal(error),
        }
    }
}
