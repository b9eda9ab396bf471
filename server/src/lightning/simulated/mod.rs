//! A Lightning node that the server plays itself: the backend of a demo.
//!
//! Its invoices are real ones for regtest, signed by a key of the server; anybody may settle one with [`Simulated::settle`],
//! and it pays every regtest invoice out of its wallet. What it knows stands in tables of its own, so that it survives a
//! restart and several processes share it; the ledger trusts it as little as a provider.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Simulated`] |
//! | [`fault`] | what is to go wrong |
//! | `repo` | the statements |
//!
//! Rows are locked in the order payment, invoice, wallet.

pub mod fault;
pub(crate) mod repo;

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use postfun_core::bolt11::{Draft, Invoice};
use postfun_core::rounding::mul_div_ceil;
use postfun_core::signature::schnorr::SecretKey;
use sha2::{Digest, Sha256};

use self::fault::{AskFault, Faults, PayFault};
use self::repo::PaymentRow;
use super::backend::{
    BackendError, CreatedInvoice, InvoiceState, LightningBackend, Network, NewInvoice, PayOutcome,
    PaymentHash, PaymentState, Settlement,
};
use crate::clock::Clock;
use crate::config::Secret;
use crate::db::{Database, DbError, Tx};
use crate::id::{Entropy, random};
use crate::keys;

/// Names the key that signs the node's invoices.
const KEY_LABEL: &str = "postfun/lightning-simulated/v1";

/// The reserve of LNbits: the larger of 2000 msat and 1 %.
const RESERVE_MSAT_MIN: u64 = 2_000;
const RESERVE_PPM: u64 = 10_000;
const PPM: u128 = 1_000_000;

const PENDING: &str = "pending";
const SETTLED: &str = "settled";
const FAILED: &str = "failed";

/// The simulated node.
pub struct Simulated {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    key: SecretKey,
    fees: Fees,
    faults: Faults,
}

/// What a payment to another node costs; one to this node is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// For each payment, in msat.
    pub base_msat: u64,
    /// Of the amount, in millionths, rounded up.
    pub ppm: u64,
}

/// What became of the wish to settle an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// It is paid now.
    Now,
    /// It was paid before; nothing changed.
    Before,
    /// It can no longer be paid.
    Expired,
    /// The node knows no such invoice.
    Missing,
}

/// How a payment ends that hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Paid.
    Settle,
    /// Not paid; the wallet gets its sats back.
    Fail,
}

/// What an order asks for.
struct Order {
    hash: PaymentHash,
    amount_msat: i64,
    fee_msat: i64,
    total_msat: i64,
}

impl Simulated {
    /// Puts the node together; it goes on where it stopped.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, secret: &Secret) -> Self {
        let key = keys::signing_key(secret, KEY_LABEL);
        Self {
            db,
            clock,
            entropy,
            key,
            fees: Fees { base_msat: 1_000, ppm: 1_000 },
            faults: Faults::default(),
        }
    }

    /// Charges other fees.
    #[must_use]
    pub fn with_fees(self, fees: Fees) -> Self {
        Self { fees, ..self }
    }

    /// Returns the plan of what goes wrong.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Pays an invoice of this node, from nowhere; anybody may.
    ///
    /// # Errors
    ///
    /// [`DbError`]; after a failed commit the invoice may be paid or not, and the call can be repeated.
    pub async fn settle(&self, hash: PaymentHash) -> Result<Settle, DbError> {
        let mut tx = self.db.begin().await?;
        let Some(invoice) = repo::find_invoice(&mut tx, hash).await? else { return Ok(Settle::Missing) };
        if !repo::update_invoice_paid(&mut tx, hash, self.clock.now_ms()).await? {
            let invoice = repo::find_invoice(&mut tx, hash).await?;
            let is_paid = invoice.is_some_and(|invoice| invoice.paid_at_ms.is_some());
            return Ok(if is_paid { Settle::Before } else { Settle::Expired });
        }
        credit(&mut tx, invoice.amount_msat).await?;
        tx.commit().await?;
        Ok(Settle::Now)
    }

    /// Ends a payment that hangs; false when there is none.
    ///
    /// # Errors
    ///
    /// As [`Simulated::settle`].
    pub async fn decide(&self, hash: PaymentHash, decision: Decision) -> Result<bool, DbError> {
        let mut tx = self.db.begin().await?;
        let status = match decision {
            Decision::Settle => SETTLED,
            Decision::Fail => FAILED,
        };
        let Some(payment) = repo::update_payment_decided(&mut tx, hash, status).await? else {
            return Ok(false);
        };
        if decision == Decision::Fail {
            credit(&mut tx, payment.amount_msat).await?;
            credit(&mut tx, payment.fee_msat).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn create(&self, new: &NewInvoice) -> Result<CreatedInvoice, BackendError> {
        self.ask().await?;
        let amount_msat = new.amount_sats.checked_mul(1_000);
        let (now_ms, expiry_ms) = (self.clock.now_ms(), i64::try_from(new.expiry_s.saturating_mul(1_000)));
        let amount_column = amount_msat.and_then(|msat| i64::try_from(msat).ok());
        let (Some(amount_column), Ok(expiry_ms)) = (amount_column, expiry_ms) else {
            return Err(BackendError::Refused { detail: "the amount or the expiry is too large".to_owned() });
        };
        // The preimage is nobody's business: there is no network that would ask for it.
        let payment_hash: [u8; 32] = Sha256::digest(random::<32>(self.entropy.as_ref())).into();
        let draft = Draft {
            network: Network::Regtest,
            amount_msat,
            timestamp_s: u64::try_from(self.clock.now_s()).unwrap_or(0),
            expires_in_s: new.expiry_s,
            payment_hash,
            payment_secret: random(self.entropy.as_ref()),
            description: &new.memo,
        };
        let bolt11 =
            draft.sign(&self.key).map_err(|error| BackendError::Refused { detail: error.to_string() })?;
        let payment_hash = PaymentHash::from(payment_hash);
        let times = (now_ms, now_ms.saturating_add(expiry_ms));
        let mut tx = self.db.begin().await?;
        repo::insert_invoice(&mut tx, payment_hash, amount_column, times).await?;
        tx.commit().await?;
        Ok(CreatedInvoice { payment_hash, bolt11 })
    }

    async fn invoice_state(&self, hash: PaymentHash) -> Result<InvoiceState, BackendError> {
        self.ask().await?;
        let mut tx = self.db.reader().await?;
        let invoice = repo::find_invoice(&mut tx, hash).await?;
        Ok(match invoice {
            None => InvoiceState::Missing,
            Some(invoice) if invoice.paid_at_ms.is_some() => {
                InvoiceState::Paid { amount_msat: invoice.amount_msat.unsigned_abs() }
            }
            Some(_) => InvoiceState::Unpaid,
        })
    }

    async fn reserve(&self, bolt11: &str) -> Result<u64, BackendError> {
        self.ask().await?;
        let order = self.read(bolt11).map_err(|detail| BackendError::Refused { detail })?;
        let percent = mul_div_ceil(order.amount_msat.unsigned_abs(), RESERVE_PPM, PPM).unwrap_or(u64::MAX);
        Ok(percent.max(RESERVE_MSAT_MIN))
    }

    async fn order(&self, bolt11: &str, hash: PaymentHash) -> PayOutcome {
        let fault = self.faults.next_pay();
        let unknown = |reason: &str| PayOutcome::Unknown { reason: reason.to_owned() };
        match fault {
            Some(PayFault::LostBefore) => return unknown("no answer in time"),
            Some(PayFault::Delay(time)) => tokio::time::sleep(time).await,
            Some(PayFault::Twice) => drop(self.carry_out(bolt11, hash, SETTLED).await),
            Some(PayFault::LostAfter | PayFault::Garbage | PayFault::Refuse | PayFault::Hang) | None => {}
        }
        let status = match fault {
            Some(PayFault::Refuse) => FAILED,
            Some(PayFault::Hang) => PENDING,
            _ => SETTLED,
        };
        let outcome = self.carry_out(bolt11, hash, status).await;
        match fault {
            Some(PayFault::LostAfter) => unknown("no answer in time"),
            Some(PayFault::Garbage) => unknown("the answer makes no sense"),
            _ => outcome,
        }
    }

    /// Carries an order out; what the database does not say for certain is unknown.
    async fn carry_out(&self, bolt11: &str, hash: PaymentHash, status: &'static str) -> PayOutcome {
        let order = match self.read(bolt11) {
            Ok(order) if order.hash == hash => order,
            Ok(_) => return failed("the invoice has another payment hash"),
            Err(reason) => return PayOutcome::Failed { reason },
        };
        self.transfer(&order, status)
            .await
            .unwrap_or_else(|error| PayOutcome::Unknown { reason: error.to_string() })
    }

    /// Reads an invoice that this node can pay.
    fn read(&self, bolt11: &str) -> Result<Order, String> {
        let invoice = Invoice::decode(bolt11).map_err(|error| error.to_string())?;
        if invoice.network != Network::Regtest {
            return Err("the invoice is for another network".to_owned());
        }
        let amount_msat = invoice.amount_msat.ok_or("the invoice has no amount")?;
        let too_large = || "the amount is too large".to_owned();
        let share = mul_div_ceil(amount_msat, self.fees.ppm, PPM).ok_or_else(too_large)?;
        let fee_msat = share.checked_add(self.fees.base_msat).ok_or_else(too_large)?;
        let column = |msat: u64| i64::try_from(msat).map_err(|_large| too_large());
        let (amount_msat, fee_msat) = (column(amount_msat)?, column(fee_msat)?);
        let total_msat = amount_msat.checked_add(fee_msat).ok_or_else(too_large)?;
        if invoice.is_expired(u64::try_from(self.clock.now_s()).unwrap_or(0)) {
            return Err("the invoice has expired".to_owned());
        }
        Ok(Order { hash: PaymentHash::from(invoice.payment_hash), amount_msat, fee_msat, total_msat })
    }

    async fn transfer(&self, order: &Order, status: &'static str) -> Result<PayOutcome, DbError> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.db.begin().await?;
        let own = repo::find_invoice(&mut tx, order.hash).await?;
        // A payment to this node itself costs nothing, and has nowhere to hang.
        let (fee_msat, status) = match (&own, status) {
            (None, status) => (order.fee_msat, status),
            (Some(_), FAILED) => (0, FAILED),
            (Some(_), _) => (0, SETTLED),
        };
        let payment = PaymentRow { amount_msat: order.amount_msat, fee_msat, status: status.to_owned() };
        if !repo::insert_payment(&mut tx, order.hash, &payment, now_ms).await? {
            let before = repo::find_payment(&mut tx, order.hash).await?;
            return Ok(before.map_or_else(|| failed("no such payment"), |payment| outcome(&payment)));
        }
        if status == FAILED {
            tx.commit().await?;
            return Ok(outcome(&payment));
        }
        if own.is_some() {
            if !repo::update_invoice_paid(&mut tx, order.hash, now_ms).await? {
                return Ok(failed("the invoice is paid already, or has expired"));
            }
        } else if !repo::update_balance(&mut tx, order.total_msat.saturating_neg()).await? {
            return Ok(failed("the wallet holds too little"));
        }
        tx.commit().await?;
        Ok(outcome(&payment))
    }

    async fn payment_state(&self, hash: PaymentHash) -> PaymentState {
        if let Err(error) = self.ask().await {
            return PaymentState::Unknown { reason: error.to_string() };
        }
        let found = async {
            let mut tx = self.db.reader().await?;
            repo::find_payment(&mut tx, hash).await
        };
        match found.await {
            Err(error) => PaymentState::Unknown { reason: error.to_string() },
            Ok(None) => PaymentState::Missing,
            Ok(Some(payment)) => match outcome(&payment) {
                PayOutcome::Settled(settlement) => PaymentState::Settled(settlement),
                PayOutcome::Failed { reason } => PaymentState::Failed { reason },
                PayOutcome::Unknown { .. } => PaymentState::Pending,
            },
        }
    }

    async fn balance(&self) -> Result<u64, BackendError> {
        self.ask().await?;
        let mut tx = self.db.reader().await?;
        Ok(repo::find_balance(&mut tx).await?.unsigned_abs())
    }

    /// Lets happen what was planned for this question.
    async fn ask(&self) -> Result<(), BackendError> {
        match self.faults.next_ask() {
            None => Ok(()),
            Some(AskFault::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Some(AskFault::Lost) => Err(BackendError::Unreachable { detail: "no answer in time".to_owned() }),
            Some(AskFault::Garbage) => Err(BackendError::BadResponse { detail: "it is nonsense".to_owned() }),
        }
    }
}

impl LightningBackend for Simulated {
    fn kind(&self) -> &'static str {
        "simulated"
    }

    fn network(&self) -> Network {
        Network::Regtest
    }

    fn create_invoice<'a>(
        &'a self,
        new: &'a NewInvoice,
    ) -> BoxFuture<'a, Result<CreatedInvoice, BackendError>> {
        self.create(new).boxed()
    }

    fn check_invoice(&self, hash: PaymentHash) -> BoxFuture<'_, Result<InvoiceState, BackendError>> {
        self.invoice_state(hash).boxed()
    }

    fn fee_reserve<'a>(&'a self, bolt11: &'a str) -> BoxFuture<'a, Result<u64, BackendError>> {
        self.reserve(bolt11).boxed()
    }

    fn pay<'a>(&'a self, bolt11: &'a str, hash: PaymentHash) -> BoxFuture<'a, PayOutcome> {
        self.order(bolt11, hash).boxed()
    }

    fn check_payment(&self, hash: PaymentHash) -> BoxFuture<'_, PaymentState> {
        self.payment_state(hash).boxed()
    }

    fn wallet_balance(&self) -> BoxFuture<'_, Result<u64, BackendError>> {
        self.balance().boxed()
    }

    fn wallet_id(&self) -> BoxFuture<'_, Result<Option<String>, BackendError>> {
        // It has one wallet, which stands in the same database as the ledger.
        ready(Ok(Some("simulated".to_owned()))).boxed()
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated")
            .field("fees", &self.fees)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl From<DbError> for BackendError {
    fn from(error: DbError) -> Self {
        Self::Unreachable { detail: error.to_string() }
    }
}

async fn credit(tx: &mut Tx, msat: i64) -> Result<(), DbError> {
    let is_done = repo::update_balance(tx, msat).await?;
    DbError::check_rows("UPDATE_BALANCE", 1, u64::from(is_done))
}

fn outcome(payment: &PaymentRow) -> PayOutcome {
    match payment.status.as_str() {
        SETTLED => PayOutcome::Settled(Settlement {
            amount_msat: payment.amount_msat.unsigned_abs(),
            fee_msat: payment.fee_msat.unsigned_abs(),
        }),
        FAILED => failed("no route was found"),
        _ => PayOutcome::Unknown { reason: "it is on its way".to_owned() },
    }
}

fn failed(reason: &str) -> PayOutcome {
    PayOutcome::Failed { reason: reason.to_owned() }
}
