//! Why something about Lightning was refused or did not work, and what the client hears.

use axum::http::StatusCode;
use postfun_core::bolt11::{Bolt11Error, PayRefusal};

use super::{BackendError, OtherWallet, Withdrawal};
use crate::db::DbError;
use crate::http::ApiError;
use crate::http::idempotency::KeyReused;
use crate::ledger::LedgerError;

/// A refusal or a failure of the Lightning service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LightningError {
    /// No provider is configured.
    #[error("no Lightning provider is configured")]
    NotConfigured,
    /// The configured provider's wallet is not the one that the sats are in.
    #[error(transparent)]
    OtherWallet(#[from] OtherWallet),
    /// The provider could not be asked, or said no; nothing was moved.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The text is no invoice.
    #[error(transparent)]
    Bolt11(#[from] Bolt11Error),
    /// The invoice is not one that this request may pay.
    #[error(transparent)]
    Unpayable(#[from] PayRefusal),
    /// More sats than one deposit or withdrawal may move.
    #[error("at most {max_sats} sats at a time")]
    OverLimit {
        /// The limit.
        max_sats: u64,
    },
    /// More sats than a user may take out in 24 hours.
    #[error("at most {max_sats} sats in 24 hours")]
    OverDailyLimit {
        /// The limit.
        max_sats: u64,
        /// What is left of it.
        left_sats: u64,
    },
    /// The user has too many invoices that nobody paid.
    #[error("too many unpaid invoices")]
    TooManyInvoices,
    /// The balance does not cover amount and fee cap.
    #[error("the balance is too small")]
    InsufficientFunds {
        /// What the user can spend, in msat.
        available_msat: u64,
        /// What would be set aside, in msat.
        required_msat: u64,
    },
    /// The provider may want more than the fee cap.
    #[error("the fee may be {reserve_msat} msat, above the cap of {cap_msat} msat")]
    FeeOverCap {
        /// What the provider would set aside, in msat.
        reserve_msat: u64,
        /// The cap, in msat.
        cap_msat: u64,
    },
    /// The invoice has the payment hash of one of ours and is not that one.
    #[error("the invoice imitates one of this server")]
    Forged,
    /// The invoice is the caller's own.
    #[error("the invoice is the caller's own")]
    SelfPayment,
    /// Another user is paying, or has paid, this invoice.
    #[error("somebody else pays this invoice")]
    HashTaken,
    /// The invoice of another user is paid already.
    #[error("the invoice is paid already")]
    AlreadyPaid,
    /// The withdrawal failed and everything was given back.
    #[error("the withdrawal failed")]
    WithdrawFailed(Box<Withdrawal>),
    /// The idempotency key belongs to another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An answer could not be rendered.
    #[error("the answer could not be rendered")]
    Render(#[from] serde_json::Error),
}

impl From<DbError> for LightningError {
    fn from(error: DbError) -> Self {
        Self::Ledger(error.into())
    }
}

impl LightningError {
    /// Whether another transaction was first; seen again, its row says what to answer.
    pub(super) const fn is_conflict(&self) -> bool {
        matches!(self, Self::Ledger(LedgerError::Database(error)) if error.is_conflict())
    }

    /// Writes the error and its causes in one line, for the log.
    pub(super) fn chain(&self) -> String {
        crate::db::error_chain(self)
    }
}

impl From<LightningError> for ApiError {
    fn from(error: LightningError) -> Self {
        match error {
            LightningError::NotConfigured => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "lightning_not_configured",
                "This server has no Lightning provider, so sats can neither come nor go.",
            ),
            LightningError::OtherWallet(error) => {
                tracing::error!(error = %error, "no sats move");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "lightning_wallet_changed",
                    "This server's Lightning wallet is not the one that its users' sats are in; nothing was moved. Its \
                     operator must look into it.",
                )
            }
            LightningError::Backend(error) => backend(&error),
            LightningError::Bolt11(error) => {
                let message = format!("This is not an invoice that can be paid: {error}.");
                Self::bad_request(error.code(), message).seed_code("invalid_bolt11")
            }
            LightningError::Unpayable(error) => {
                Self::bad_request(error.code(), format!("This invoice cannot be paid: {error}."))
            }
            LightningError::OverLimit { max_sats } => {
                let message = format!("At most {max_sats} sats can be moved at a time.");
                Self::bad_request("amount_over_limit", message).with_field("max_sats", max_sats)
            }
            LightningError::OverDailyLimit { max_sats, left_sats } => {
                let message = format!(
                    "At most {max_sats} sats can be withdrawn in 24 hours; {left_sats} of them are left."
                );
                Self::bad_request("daily_limit_reached", message)
                    .with_field("max_sats", max_sats)
                    .with_field("left_sats", left_sats)
            }
            LightningError::TooManyInvoices => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_invoices",
                "You have too many unpaid invoices; pay one or wait until they expire.",
            )
            .retry_after_s(60),
            LightningError::InsufficientFunds { available_msat, required_msat } => {
                insufficient(available_msat, required_msat)
            }
            LightningError::FeeOverCap { reserve_msat, cap_msat } => fee_over_cap(reserve_msat, cap_msat),
            LightningError::Forged => {
                let message = "This invoice imitates one of this server; ask for the original.";
                Self::bad_request("invoice_forged", message).seed_code("invalid_bolt11")
            }
            LightningError::SelfPayment => {
                Self::bad_request("self_payment", "This invoice is your own deposit; it cannot pay itself.")
            }
            LightningError::HashTaken => {
                Self::new(StatusCode::CONFLICT, "conflict", "This invoice cannot be paid from your account.")
            }
            LightningError::AlreadyPaid => Self::new(
                StatusCode::CONFLICT,
                "invoice_already_paid",
                "This invoice is paid already; ask for a new one.",
            ),
            LightningError::WithdrawFailed(withdrawal) => withdraw_failed(&withdrawal),
            LightningError::KeyReused(error) => error.into(),
            LightningError::Ledger(error) => error.into(),
            LightningError::Render(error) => Self::internal(error),
        }
    }
}

fn backend(error: &BackendError) -> ApiError {
    let (code, message) = match error {
        BackendError::Unreachable { .. } => (
            "lnbits_unreachable",
            "The Lightning provider cannot be reached; nothing was moved. Try again in a moment.",
        ),
        BackendError::BadResponse { .. } => (
            "lnbits_bad_response",
            "The Lightning provider answered without sense; nothing was moved. Try again later.",
        ),
        BackendError::Refused { .. } => {
            ("lnbits_error", "The Lightning provider refused; nothing was moved.")
        }
    };
    let seed_code = if code == "lnbits_bad_response" { code } else { "lnbits_error" };
    ApiError::new(StatusCode::BAD_GATEWAY, code, message)
        .seed_code(seed_code)
        .with_field("provider_detail", error.to_string())
        .retry_after_s(5)
}

fn insufficient(available_msat: u64, required_msat: u64) -> ApiError {
    let message = format!(
        "Your balance is {} sats; amount and fee cap together are {} sats. What the fee does not use comes back.",
        available_msat / 1_000,
        required_msat.div_ceil(1_000),
    );
    ApiError::bad_request("insufficient_funds", message)
        .with_field("balance_sats", available_msat / 1_000)
        .with_field("required_sats", required_msat.div_ceil(1_000))
}

fn fee_over_cap(reserve_msat: u64, cap_msat: u64) -> ApiError {
    let message = format!(
        "The fee of this payment may be {} sats, above the {} sats that are allowed.",
        reserve_msat.div_ceil(1_000),
        cap_msat / 1_000
    );
    ApiError::bad_request("fee_over_cap", message)
        .with_field("fee_reserve_sats", reserve_msat.div_ceil(1_000))
        .with_field("fee_cap_sats", cap_msat / 1_000)
}

fn withdraw_failed(withdrawal: &Withdrawal) -> ApiError {
    let message = "The payment did not go through; your sats were given back.";
    ApiError::new(StatusCode::BAD_GATEWAY, "withdraw_failed", message)
        .with_field("id", withdrawal.id.to_string())
        .with_field("status", withdrawal.status.as_str())
        .with_field("failure", withdrawal.failure.clone())
}
