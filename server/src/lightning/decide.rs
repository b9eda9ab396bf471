//! An operator's word on a withdrawal that the provider never decides.
//!
//! A provider can lose its own memory of a payment: LNbits that is killed while it pays may say *pending* ever after. No look
//! ends that, and the sats would be set aside for good. Somebody who has seen in the node what became of the payment may
//! end it here.
//!
//! The provider is asked once more, and what it knows counts more than any word. Nobody says *not paid* while an order may be
//! on the line or the invoice can still be paid. When that turns out wrong it costs no user a sat: the withdrawal is looked at
//! again like every other that failed, and a payment that was made after all is the operator's loss. *Paid* takes the sats for
//! good, so a provider that says the contrary stops it.

use uuid::Uuid;

use super::repo::withdrawal as repo;
use super::{Lightning, LightningError, PaymentState, Settlement, Step, Withdrawal, WithdrawalStatus};
use crate::admin::{AuditEntry, insert_audit_in_tx};
use crate::db::{Database, DbError, Tx};
use crate::http::time::iso_micros;

/// Withdrawals that are listed.
const LIST_MAX: i64 = 1_000;

/// Why a withdrawal failed by an operator's word, as its user reads it.
pub(super) const NOT_PAID: &str = "declared_unpaid";

/// What an operator says became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was made, at this fee.
    Paid {
        /// What the network took, in msat.
        fee_msat: u64,
    },
    /// It was not made, and never will be.
    NotPaid,
}

impl Verdict {
    const fn status(self) -> WithdrawalStatus {
        match self {
            Self::Paid { .. } => WithdrawalStatus::Confirmed,
            Self::NotPaid => WithdrawalStatus::Failed,
        }
    }
}

/// An operator's word, for the record.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    /// Who says so: a user's id, or `cli`.
    pub actor: &'a str,
    /// What became of the payment.
    pub verdict: Verdict,
    /// How the operator knows.
    pub reason: &'a str,
}

/// A withdrawal that is decided now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The withdrawal as it stands.
    pub withdrawal: Withdrawal,
    /// Whether the provider knew after all, whatever the operator said.
    pub is_by_provider: bool,
}

/// Why an operator's word was not taken. Nothing was moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// There is no such withdrawal.
    #[error("there is no withdrawal {0}; `postfun withdrawal list` prints those that are not decided")]
    Missing(Uuid),
    /// It is decided already.
    #[error("this withdrawal is decided already: {}", .0.as_str())]
    AlreadyDecided(WithdrawalStatus),
    /// Nothing was ever sent for it.
    #[error("nothing was sent for this withdrawal yet; a running server sends it, or gives it back")]
    NotSent,
    /// It may still be paid.
    #[error("this withdrawal can still be paid until {}; say so after that", iso_micros(*.until_ms))]
    StillPayable {
        /// Until when, in milliseconds since the epoch.
        until_ms: i64,
    },
    /// The provider could not be asked, and might know.
    #[error("the Lightning provider must be asked first, and does not answer with sense: {0}")]
    NotAsked(String),
    /// The provider says that it was not paid.
    #[error("the provider says that this withdrawal failed ({0}); nothing was changed")]
    Contradicted(String),
    /// The fee is more than the user may be charged.
    #[error("the fee of this withdrawal is at most {cap_msat} msat; book what it cost beyond that elsewhere")]
    FeeOverCap {
        /// The fee cap, in msat.
        cap_msat: u64,
    },
    /// The provider had never seen it, and was just told to pay once more.
    #[error(
        "the provider had never seen this withdrawal and was told to pay it just now; look again in a minute"
    )]
    Underway,
    /// The provider or the database failed.
    #[error(transparent)]
    Lightning(#[from] LightningError),
}

impl From<DbError> for DecideError {
    fn from(error: DbError) -> Self {
        Self::Lightning(error.into())
    }
}

/// Lists the withdrawals that are not decided, the next to be looked at first.
///
/// # Errors
///
/// [`DbError`].
pub async fn undecided(db: &Database) -> Result<Vec<Withdrawal>, DbError> {
    repo::list_pending(&mut db.reader().await?, LIST_MAX).await
}

impl Lightning {
    /// Ends a withdrawal by an operator's word, unless its provider knows better.
    ///
    /// # Errors
    ///
    /// [`DecideError`].
    pub async fn decide(&self, id: Uuid, word: Word<'_>) -> Result<Decided, DecideError> {
        let withdrawal = self.decidable(id, word.verdict).await?;
        let state = self.provider().await?.check_payment(withdrawal.payment_hash).await;
        let is_by_provider = match (state, word.verdict) {
            (PaymentState::Unknown { reason }, _) => return Err(DecideError::NotAsked(reason)),
            (PaymentState::Failed { reason }, Verdict::Paid { .. }) => {
                return Err(DecideError::Contradicted(reason));
            }
            (PaymentState::Settled(_), _)
            | (PaymentState::Failed { .. } | PaymentState::Missing, Verdict::NotPaid) => {
                self.look_at(&withdrawal).await?;
                true
            }
            // A provider that has never seen it may have forgotten it.
            (PaymentState::Pending | PaymentState::Missing, Verdict::Paid { fee_msat }) => {
                let amount_msat = withdrawal.amount_msat;
                self.confirm(&withdrawal, Settlement { amount_msat, fee_msat }, Some(word)).await?;
                false
            }
            (PaymentState::Pending, Verdict::NotPaid) => {
                self.record_failure(&withdrawal, NOT_PAID, Some(word)).await?;
                false
            }
        };
        let withdrawal = self.find(id).await?;
        let status = withdrawal.status;
        if status == WithdrawalStatus::Pending {
            return Err(DecideError::Underway);
        }
        if !is_by_provider && status != word.verdict.status() {
            // Somebody else was faster, and said otherwise.
            return Err(DecideError::AlreadyDecided(status));
        }
        Ok(Decided { withdrawal, is_by_provider })
    }

    /// Finds a withdrawal that an operator may decide now.
    async fn decidable(&self, id: Uuid, verdict: Verdict) -> Result<Withdrawal, DecideError> {
        let withdrawal = self.find(id).await?;
        if withdrawal.status != WithdrawalStatus::Pending {
            return Err(DecideError::AlreadyDecided(withdrawal.status));
        }
        if withdrawal.step == Step::Reserved {
            return Err(DecideError::NotSent);
        }
        let cap_msat = withdrawal.fee_cap_msat;
        if matches!(verdict, Verdict::Paid { fee_msat } if fee_msat > cap_msat) {
            return Err(DecideError::FeeOverCap { cap_msat });
        }
        let line_ms = withdrawal.on_line_until_ms.unwrap_or(0);
        let until_ms = match verdict {
            Verdict::Paid { .. } => line_ms,
            Verdict::NotPaid => line_ms.max(withdrawal.unpayable_from_ms()),
        };
        if self.clock.now_ms() <= until_ms {
            return Err(DecideError::StillPayable { until_ms });
        }
        Ok(withdrawal)
    }

    async fn find(&self, id: Uuid) -> Result<Withdrawal, DecideError> {
        repo::find(&mut self.db.reader().await?, id).await?.ok_or(DecideError::Missing(id))
    }

    /// Puts an operator's word on record, with what it does.
    pub(super) async fn record_word_in_tx(
        &self,
        tx: &mut Tx,
        withdrawal: &Withdrawal,
        word: Word<'_>,
    ) -> Result<(), DbError> {
        let entry = AuditEntry {
            actor: word.actor.to_owned(),
            action: match word.verdict {
                Verdict::Paid { .. } => "withdrawal_declared_paid",
                Verdict::NotPaid => "withdrawal_declared_unpaid",
            },
            subject: withdrawal.id.to_string(),
            reason: Some(word.reason.to_owned()),
            before: Some(withdrawal.step.as_str().to_owned()),
            after: match word.verdict {
                Verdict::Paid { fee_msat } => Some(format!("fee {fee_msat} msat")),
                Verdict::NotPaid => None,
            },
        };
        insert_audit_in_tx(tx, &entry, self.clock.as_ref(), self.entropy.as_ref()).await
    }
}
