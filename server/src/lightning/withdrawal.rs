//! A withdrawal: a user's sats leave by paying an invoice of somebody else.
//!
//! ```text
//! reserved ──claim──▶ sent ──answer──▶ confirmed
//!    │                 │ ▲              failed (a definite no: everything is given back)
//!    │                 ▼ │ asked by payment hash, handed over again when the provider never saw it
//!    │               unknown
//!    └─ the invoice expired before anything was sent ─▶ failed
//! ```
//!
//! On the wire *reserved*, *sent* and *unknown* are all `pending`; `progress` tells them apart. Only a provider that says
//! so makes a sent withdrawal fail, or an operator when the provider never will; a time-out never does.

use uuid::Uuid;

use super::PaymentHash;
use crate::http::time::iso_micros;
use crate::ledger::HoldId;

/// A withdrawal's status, as the seed's clients read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalStatus {
    /// Not decided yet.
    Pending,
    /// Paid.
    Confirmed,
    /// Not paid, and everything was given back.
    Failed,
}

/// How far a withdrawal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The money is set aside; nothing was sent.
    Reserved,
    /// It was handed to the provider, or is about to be.
    Sent,
    /// It was handed to the provider, which does not say what became of it.
    Unknown,
    /// It is decided.
    Done,
}

/// A withdrawal as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// What the invoice asks for, in msat; whole sats.
    pub amount_msat: u64,
    /// The BOLT11 text that is paid.
    pub payment_request: String,
    /// The name of the payment.
    pub payment_hash: PaymentHash,
    /// Until when the invoice can be paid, in milliseconds since the epoch.
    pub invoice_expires_at_ms: i64,
    /// Its status.
    pub status: WithdrawalStatus,
    /// How far it is.
    pub step: Step,
    /// What is set aside for it; `None` when it was settled inside the ledger.
    pub hold_id: Option<HoldId>,
    /// The most that its fee may cost the user, in msat.
    pub fee_cap_msat: u64,
    /// What the network took, in msat; known once it is confirmed.
    pub fee_msat: Option<u64>,
    /// What the provider paid, fee included, although it had called this payment failed; in msat.
    pub late_msat: Option<u64>,
    /// Why it failed, as a stable code.
    pub failure: Option<String>,
    /// How often it was handed to the provider.
    pub attempts: i64,
    /// Until when an order to pay may be on the line, in milliseconds since the epoch.
    pub on_line_until_ms: Option<i64>,
    /// When the provider is to be asked next.
    pub check_at_ms: Option<i64>,
    /// How often the provider was asked about it.
    pub checks: i64,
    /// When it was asked for.
    pub created_at_ms: i64,
    /// When it was decided.
    pub processed_at_ms: Option<i64>,
}

impl WithdrawalStatus {
    const ALL: [Self; 3] = [Self::Pending, Self::Confirmed, Self::Failed];

    /// Returns the name in answers and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl Step {
    const ALL: [Self; 4] = [Self::Reserved, Self::Sent, Self::Unknown, Self::Done];

    /// Returns the name in answers and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Done => "done",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

impl Withdrawal {
    /// Returns the amount in sats.
    #[must_use]
    pub const fn amount_sats(&self) -> u64 {
        self.amount_msat / 1_000
    }

    /// Returns the fee in sats, rounded up.
    #[must_use]
    pub fn fee_sats(&self) -> Option<u64> {
        self.fee_msat.map(|fee_msat| fee_msat.div_ceil(1_000))
    }

    /// Returns the time after which no order can pay its invoice any more, in milliseconds since the epoch.
    pub(super) const fn unpayable_from_ms(&self) -> i64 {
        self.invoice_expires_at_ms.saturating_add(super::deposit::GRACE_MS)
    }

    /// Whether it was settled inside the ledger.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        self.hold_id.is_none()
    }

    /// The event that tells its user of it.
    pub(super) fn event(&self) -> String {
        serde_json::json!({
            "withdrawal_id": self.id.to_string(),
            "amount_sats": self.amount_sats(),
            "fee_sats": self.fee_sats(),
            "status": self.status.as_str(),
            "progress": self.step.as_str(),
            "failure": self.failure,
            "processed_at": self.processed_at_ms.map(iso_micros),
        })
        .to_string()
    }
}
