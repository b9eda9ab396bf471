//! The port to whoever holds the server's sats on Lightning: a provider, or the simulated node of the demo.
//!
//! Paying has three outcomes, not two. *Unknown* is what a time-out, a lost connection or an answer without meaning
//! leaves behind: the payment may have gone out, so nobody may give the money back. It is decided later by
//! [`LightningBackend::check_payment`], and not by waiting.

use std::fmt;
use std::str::FromStr;

use futures_util::future::BoxFuture;
pub use postfun_core::bolt11::Network;
use postfun_core::encoding::hex;

/// The SHA-256 of a preimage: the name of a Lightning payment everywhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentHash([u8; 32]);

impl PaymentHash {
    /// Takes the bytes of a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for PaymentHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for PaymentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_lower(&self.0))
    }
}

impl fmt::Debug for PaymentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payment hash is 64 hexadecimal digits")]
pub struct InvalidPaymentHash;

impl FromStr for PaymentHash {
    type Err = InvalidPaymentHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        hex::decode_array(&text.to_ascii_lowercase()).map(Self).map_err(|_digits| InvalidPaymentHash)
    }
}

/// An invoice to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvoice {
    /// What it asks for, in sats; not zero.
    pub amount_sats: u64,
    /// The text that the payer reads; at most [`DESCRIPTION_LEN_MAX`](postfun_core::bolt11::DESCRIPTION_LEN_MAX) bytes.
    pub memo: String,
    /// For how long it can be paid, in seconds.
    pub expiry_s: u64,
}

/// An invoice that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedInvoice {
    /// Its name.
    pub payment_hash: PaymentHash,
    /// The BOLT11 text.
    pub bolt11: String,
}

/// How an invoice of ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceState {
    /// Nobody paid it yet, or it can no longer be paid.
    Unpaid,
    /// Paid.
    Paid {
        /// What arrived, in msat; a payer may give more than was asked for.
        amount_msat: u64,
    },
    /// The backend knows no such invoice.
    Missing,
}

/// What a payment took from the wallet, as the backend says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// What was paid, in msat; the invoice's amount unless something is wrong.
    pub amount_msat: u64,
    /// What it cost beside the amount, in msat.
    pub fee_msat: u64,
}

/// What came of an order to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayOutcome {
    /// Paid, for good.
    Settled(Settlement),
    /// Not paid, and this order never will be.
    Failed {
        /// In the backend's words.
        reason: String,
    },
    /// Nobody knows: it may have been paid, be on its way, or never have arrived.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// How a payment of ours stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// Paid, for good.
    Settled(Settlement),
    /// Not paid, and it never will be.
    Failed {
        /// In the backend's words.
        reason: String,
    },
    /// On its way.
    Pending,
    /// The backend knows no outgoing payment of that hash. The order may still be about to arrive.
    Missing,
    /// The backend could not be asked, or its answer has no meaning.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// Why a question to the backend has no answer. Paying never ends in one of these: see [`PayOutcome`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// It could not be reached in time, or is not able to answer now.
    #[error("the Lightning backend cannot be reached: {detail}")]
    Unreachable {
        /// What happened.
        detail: String,
    },
    /// It said no, for good.
    #[error("the Lightning backend refuses: {detail}")]
    Refused {
        /// Its words.
        detail: String,
    },
    /// Its answer has no meaning.
    #[error("the Lightning backend's answer makes no sense: {detail}")]
    BadResponse {
        /// What was wrong with it.
        detail: String,
    },
}

impl BackendError {
    /// Returns its name in measurements.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Refused { .. } => "refused",
            Self::BadResponse { .. } => "bad_response",
        }
    }
}

/// Makes invoices, pays invoices, and tells how both stand.
///
/// Implementations pass one contract suite (`tests/it/backend/contract.rs`). None of their texts holds a key, a
/// preimage or a memo, so callers may log them.
pub trait LightningBackend: fmt::Debug + Send + Sync {
    /// Returns `lnbits` or `simulated`; the database remembers it.
    fn kind(&self) -> &'static str;

    /// Returns the network of all its invoices.
    fn network(&self) -> Network;

    /// Makes an invoice. The caller decodes and checks the BOLT11 text before it shows it to anybody.
    ///
    /// # Errors
    ///
    /// [`BackendError`]. An invoice that was made although the answer was lost is never paid, since nobody saw it.
    fn create_invoice<'a>(
        &'a self,
        new: &'a NewInvoice,
    ) -> BoxFuture<'a, Result<CreatedInvoice, BackendError>>;

    /// Tells how one of our invoices stands; a payment of ours with the same hash does not count.
    ///
    /// # Errors
    ///
    /// [`BackendError`]; the invoice may have been paid or not.
    fn check_invoice(&self, hash: PaymentHash) -> BoxFuture<'_, Result<InvoiceState, BackendError>>;

    /// Asks for the highest fee of paying an invoice, in msat.
    ///
    /// # Errors
    ///
    /// [`BackendError::Refused`] for what is no payable invoice.
    fn fee_reserve<'a>(&'a self, bolt11: &'a str) -> BoxFuture<'a, Result<u64, BackendError>>;

    /// Orders to pay an invoice; `hash` is the invoice's own.
    ///
    /// An order is sent once and never repeated in here. A hash that was paid before, or is on its way, is not paid
    /// again: the outcome is then [`PayOutcome::Settled`] or [`PayOutcome::Unknown`].
    fn pay<'a>(&'a self, bolt11: &'a str, hash: PaymentHash) -> BoxFuture<'a, PayOutcome>;

    /// Tells how one of our payments stands; an invoice of ours with the same hash does not count.
    fn check_payment(&self, hash: PaymentHash) -> BoxFuture<'_, PaymentState>;

    /// Asks for the balance of the wallet, in msat, rounded down.
    ///
    /// # Errors
    ///
    /// [`BackendError`].
    fn wallet_balance(&self) -> BoxFuture<'_, Result<u64, BackendError>>;

    /// Asks which wallet the keys open: a name that stays when keys, labels and addresses change. `None` when the backend
    /// cannot say yet.
    ///
    /// # Errors
    ///
    /// [`BackendError`].
    fn wallet_id(&self) -> BoxFuture<'_, Result<Option<String>, BackendError>>;
}

#[cfg(test)]
mod tests {
    use super::PaymentHash;

    #[test]
    fn a_hash_is_text_and_back() {
        let hash = PaymentHash::from_bytes([0xab; 32]);
        let text = "ab".repeat(32);
        assert_eq!((hash.to_string(), format!("{hash:?}")), (text.clone(), text.clone()));
        assert_eq!(text.to_ascii_uppercase().parse(), Ok(hash));
        for wrong in ["", "ab", &text[1..], &format!("{text}00"), &text.replace('a', "g")] {
            assert!(wrong.parse::<PaymentHash>().is_err(), "{wrong}");
        }
    }
}
