//! Sats that come and go over Lightning: deposits and withdrawals that neither lose nor double one.
//!
//! | File | Subject |
//! |---|---|
//! | `backend` | the port to whoever holds the sats |
//! | `lnbits`, `simulated` | LNbits as that, and the node of the demo |
//! | `invoice`, `withdrawal` | what comes in and what goes out: their states |
//! | `connect` | the configured provider |
//! | `deposit` | making invoices, crediting them once |
//! | `withdraw` | from the request to the reservation |
//! | `send` | handing a withdrawal to the provider, and recording what became of it |
//! | `inside` | one user pays another's invoice without leaving the ledger |
//! | `booking` | the accounts, and amounts that are not what was asked for |
//! | `poll`, `late` | looking again at whatever is not decided, and at what failed |
//! | `decide` | an operator ends what the provider never decides |
//! | `node` | which provider and which wallet the database's sats are in |
//! | `audit` | rows against postings, and the ledger against the provider's wallet |
//! | `terms` | limits and fee caps |
//! | `repo` | the statements |
//!
//! # Rules
//!
//! - The row and its reservation are written in one transaction before anything is sent.
//! - A time-out is *unknown*, never a failure: the hold stays until the provider says what became of the payment hash.
//! - Rows decide, not memory: every step is one conditional update, so it does not matter which process takes it.
//! - No transaction is open while the provider is asked.

pub(crate) mod audit;
pub mod backend;
mod booking;
mod connect;
mod decide;
mod deposit;
mod error;
pub(crate) mod http;
mod inside;
mod invoice;
pub(crate) mod late;
pub mod lnbits;
mod node;
pub(crate) mod poll;
pub(crate) mod repo;
mod send;
pub mod simulated;
mod terms;
mod withdraw;
mod withdrawal;

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use postfun_core::amount::Units;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::{Builder, Uuid};

pub use audit::{ReconcileError, Reconciliation, is_comparable, reconcile};
pub use backend::{
    BackendError, CreatedInvoice, InvalidPaymentHash, InvoiceState, LightningBackend, NewInvoice, PayOutcome,
    PaymentHash, PaymentState, Settlement,
};
pub use connect::{ConnectError, Provider};
pub use decide::{DecideError, Decided, Verdict, Word, undecided};
pub(crate) use deposit::Deposit;
pub use error::LightningError;
pub use invoice::{Invoice, InvoiceStatus, PaidBy};
pub use node::{NodeError, OtherWallet};
pub use poll::Round;
pub use terms::Terms;
pub(crate) use withdraw::WithdrawRequest;
pub use withdrawal::{Step, Withdrawal, WithdrawalStatus};

use crate::clock::Clock;
use crate::db::Database;
use crate::events::Events;
use crate::http::idempotency::{self, Claim, StoredAnswer};
use crate::id::Entropy;
use crate::ledger::{AssetId, Ledger, LedgerError};

/// Questions and orders to the provider at a time.
const CALLS_MAX: usize = 16;

/// What the service works with.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The money.
    pub ledger: Ledger,
    /// What users hear of.
    pub events: Events,
    /// Who holds the sats; `None` when Lightning is off.
    pub backend: Option<Arc<dyn LightningBackend>>,
    /// What is allowed.
    pub terms: Terms,
}

/// The Lightning service. Clones are the same service.
#[derive(Debug, Clone)]
pub struct Lightning {
    parts: Arc<Parts>,
    calls: Arc<Semaphore>,
    /// Whether the provider has shown that its wallet is the one of this database.
    is_wallet_known: Arc<AtomicBool>,
}

/// What a user holds in sats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SatsBalance {
    /// What can be spent, in msat.
    pub available_msat: u64,
    /// What is set aside for withdrawals, in msat.
    pub held_msat: u64,
    /// When it last changed, in milliseconds since the epoch; the present for an account that nothing ever moved.
    pub updated_at_ms: i64,
}

impl Deref for Lightning {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Lightning {
    /// Makes the service.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            calls: Arc::new(Semaphore::new(CALLS_MAX)),
            is_wallet_known: Arc::default(),
        }
    }

    /// Returns the provider, as it is configured; `Lightning::provider` has it show its wallet first.
    ///
    /// # Errors
    ///
    /// [`LightningError::NotConfigured`].
    pub fn backend(&self) -> Result<&dyn LightningBackend, LightningError> {
        self.backend.as_deref().ok_or(LightningError::NotConfigured)
    }

    /// Returns what a user holds in sats.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the database fails.
    pub async fn balance(&self, user: Uuid) -> Result<SatsBalance, LightningError> {
        let (available, held, changed_at_ms) = self.ledger.balance_of_user(user, AssetId::BTC).await?;
        let updated_at_ms = changed_at_ms.unwrap_or_else(|| self.clock.now_ms());
        Ok(SatsBalance { available_msat: available.get(), held_msat: held.get(), updated_at_ms })
    }

    /// Waits for a turn to talk to the provider.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.calls.acquire().await.ok()
    }

    /// Asks the provider something, when it is this call's turn.
    async fn called<T>(
        &self,
        call: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, LightningError> {
        let _turn = self.turn().await;
        Ok(call.await.inspect_err(|error| {
            metrics::counter!("postfun_lightning_provider_errors_total", "kind" => error.kind()).increment(1);
        })?)
    }

    async fn stored_answer(&self, claim: Option<&Claim>) -> Result<Option<StoredAnswer>, LightningError> {
        let Some(claim) = claim else { return Ok(None) };
        let stored = idempotency::find_in_tx(&mut self.db.reader().await?, &[claim]).await?;
        Ok(stored.answer(claim).transpose()?)
    }
}

/// Msat as base units of BTC.
fn units(msat: u64) -> Result<Units, LightningError> {
    Units::new(msat).map_err(|_above| LightningError::Ledger(LedgerError::BalanceTooLarge))
}

/// The text below which the ids of a page's rows are; ids rise with time.
fn before(id: Option<Uuid>) -> String {
    id.unwrap_or(Uuid::max()).to_string()
}

/// The lowest id that is made at a time.
fn id_at(ms: i64) -> String {
    let ms = u64::try_from(ms).unwrap_or(0);
    Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid().to_string()
}
