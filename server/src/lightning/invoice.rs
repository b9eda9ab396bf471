//! An invoice of ours: somebody pays it, and its user is credited.

use uuid::Uuid;

use super::PaymentHash;
use crate::http::time::iso_micros;

/// An invoice's place in its life, as the seed's clients read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceStatus {
    /// Not paid yet.
    Pending,
    /// Paid and credited.
    Paid,
    /// It can no longer be paid, which the provider has confirmed.
    Expired,
}

/// Who paid an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidBy {
    /// Somebody outside, through the provider.
    Provider,
    /// Another user, inside the ledger.
    Ledger,
}

/// An invoice as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: Uuid,
    /// Whose deposit it is.
    pub user_id: Uuid,
    /// What it asks for, in msat; whole sats, and what is credited whatever arrives.
    pub amount_msat: u64,
    /// What its user wrote on it.
    pub memo: Option<String>,
    /// The BOLT11 text.
    pub payment_request: String,
    /// The name of the payment.
    pub payment_hash: PaymentHash,
    /// Its place in its life.
    pub status: InvoiceStatus,
    /// Who paid it.
    pub paid_by: Option<PaidBy>,
    /// How often the provider was asked about it.
    pub checks: i64,
    /// When it was made, in milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Until when it can be paid.
    pub expires_at_ms: i64,
    /// When it was credited.
    pub paid_at_ms: Option<i64>,
}

impl InvoiceStatus {
    const ALL: [Self; 3] = [Self::Pending, Self::Paid, Self::Expired];

    /// Returns the name in answers and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Expired => "expired",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl PaidBy {
    const ALL: [Self; 2] = [Self::Provider, Self::Ledger];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Ledger => "ledger",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == text)
    }
}

impl Invoice {
    /// Returns the amount in sats.
    #[must_use]
    pub const fn amount_sats(&self) -> u64 {
        self.amount_msat / 1_000
    }

    /// Whether nothing is left to be found out about it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.status != InvoiceStatus::Pending
    }

    /// The event that tells its user of it.
    pub(super) fn event(&self) -> String {
        serde_json::json!({
            "invoice_id": self.id.to_string(),
            "amount_sats": self.amount_sats(),
            "status": self.status.as_str(),
            "payment_hash": self.payment_hash.to_string(),
            "paid_at": self.paid_at_ms.map(iso_micros),
        })
        .to_string()
    }
}
