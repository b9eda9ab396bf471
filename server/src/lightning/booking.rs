//! The accounts that Lightning moves sats between, and what a provider did that is not what was asked of it.

use uuid::Uuid;

use super::{Lightning, LightningError};
use crate::ledger::{AccountId, AccountKey, Actor, AssetId, LedgerError, Leg, NewPosting, PostingKind};

/// The accounts of a movement between a user and the provider.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accounts {
    pub(super) user: AccountId,
    /// What the provider holds for users, turned around.
    pub(super) clearing: AccountId,
    /// What belongs to somebody, and nobody knows to whom.
    pub(super) suspense: AccountId,
    /// What the operator lost.
    pub(super) loss: AccountId,
}

impl Accounts {
    pub(super) const fn all(&self) -> [AccountId; 4] {
        [self.user, self.clearing, self.suspense, self.loss]
    }
}

impl Lightning {
    /// Returns the accounts of a user and of the provider, made where they are missing.
    pub(super) async fn accounts(&self, user: Uuid) -> Result<Accounts, LightningError> {
        let keys = [
            AccountKey::user(user, AssetId::BTC),
            AccountKey::lightning(AssetId::BTC),
            AccountKey::lightning_suspense(AssetId::BTC),
            AccountKey::operator_loss(AssetId::BTC),
        ];
        let ids = self.ledger.ensure_accounts(&keys).await?;
        let [user, clearing, suspense, loss] =
            ids.try_into().map_err(|_other| LightningError::Ledger(LedgerError::AccountMissing))?;
        Ok(Accounts { user, clearing, suspense, loss })
    }
}

/// The two legs of moving msat from one account to another.
pub(super) fn moved(from: AccountId, to: AccountId, msat: u64) -> Result<Vec<Leg>, LightningError> {
    let amount = super::units(msat)?;
    Ok(vec![Leg::debit(from, amount), Leg::credit(to, amount)])
}

/// Sats that came or went although the books do not expect them; a person must look into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// The wallet holds more than was to be expected: it goes into suspense.
    Surplus {
        /// By how much.
        msat: u64,
    },
    /// The wallet holds less: the operator bears it, never a user.
    Shortfall {
        /// By how much.
        msat: u64,
    },
}

impl Difference {
    /// Compares what arrived for a deposit with its invoice.
    pub(super) fn of_deposit(amount_msat: u64, received_msat: u64) -> Option<Self> {
        Self::between(received_msat, amount_msat)
    }

    /// Compares what a payment took from the wallet with what was ordered.
    pub(super) fn of_payment(amount_msat: u64, paid_msat: u64) -> Option<Self> {
        Self::between(amount_msat, paid_msat)
    }

    fn between(more_msat: u64, less_msat: u64) -> Option<Self> {
        let surplus = more_msat.checked_sub(less_msat).map(|msat| Self::Surplus { msat });
        let found = surplus.unwrap_or(Self::Shortfall { msat: less_msat.saturating_sub(more_msat) });
        (more_msat != less_msat).then_some(found)
    }

    /// Books it beside the posting that it is found with.
    pub(super) fn posting(
        self,
        found: &NewPosting,
        accounts: &Accounts,
    ) -> Result<NewPosting, LightningError> {
        let legs = match self {
            Self::Surplus { msat } => moved(accounts.clearing, accounts.suspense, msat)?,
            Self::Shortfall { msat } => moved(accounts.loss, accounts.clearing, msat)?,
        };
        Ok(NewPosting {
            unique_key: format!("lightning:{}:difference", found.reference_id),
            kind: PostingKind::LightningDifference,
            actor: Actor::System,
            legs,
            ..found.clone()
        })
    }

    /// Tells the operator.
    pub(super) fn alarm(self, reference_type: &'static str, id: Uuid) {
        let (kind, msat) = match self {
            Self::Surplus { msat } => ("surplus", msat),
            Self::Shortfall { msat } => ("shortfall", msat),
        };
        metrics::counter!("postfun_lightning_differences_total", "kind" => kind).increment(1);
        tracing::error!(
            reference = reference_type,
            reference.id = %id,
            kind,
            msat,
            "the provider moved another amount than it was asked for; a surplus is in suspense, a shortfall is the \
             operator's loss"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::Difference;

    #[test]
    fn more_in_the_wallet_is_a_surplus_and_less_a_shortfall() {
        assert_eq!((Difference::of_deposit(5, 5), Difference::of_payment(5, 5)), (None, None));
        assert_eq!(Difference::of_deposit(5, 7), Some(Difference::Surplus { msat: 2 }));
        assert_eq!(Difference::of_deposit(5, 4), Some(Difference::Shortfall { msat: 1 }));
        assert_eq!(Difference::of_payment(5, 7), Some(Difference::Shortfall { msat: 2 }));
        assert_eq!(Difference::of_payment(5, 4), Some(Difference::Surplus { msat: 1 }));
    }
}
