//! LNbits as the backend: its HTTP API, versions 1.x and what older ones answer.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Lnbits`]: what an answer means for money |
//! | `answer` | answers as data |
//! | `transport` | requests, bounded in time and size |
//! | [`webhook`] | what LNbits posts |
//! | `text` | its words, fit for a log |
//!
//! # What LNbits' refusals are worth
//!
//! LNbits refuses a second order of one hash, but not always with the truth: it looks at the balance and at the
//! invoice's own state first, and says *failed* although the first order was paid. So a refusal is believed only after
//! LNbits was asked for the payment itself:
//!
//! | answer to the order | then | outcome |
//! |---|---|---|
//! | 201 `success` with an amount | | settled |
//! | 201 `pending`, 520 `pending` | | unknown |
//! | 201 without a status or an amount, 520 `success` | ask | settled when it is, failed when it failed, else unknown |
//! | 201 `failed`, 520 `failed`, 400 to 429 | ask | failed when it failed or is not known, settled when it is, else unknown |
//! | another status, no whole answer in time, nonsense | | unknown |
//!
//! The fee limit is LNbits' own: the larger of 2000 msat and 1 % (its settings), told by [`fee_reserve`].
//!
//! [`fee_reserve`]: LightningBackend::fee_reserve

mod answer;
mod text;
mod transport;
pub mod webhook;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

pub use transport::TransportError;

use answer::{Known, Payment, State};
use transport::{Answer, Fault, Transport};

use super::backend::{
    BackendError, CreatedInvoice, InvoiceState, LightningBackend, Network, NewInvoice, PayOutcome,
    PaymentHash, PaymentState,
};
use crate::config::{LnbitsConfig, Secret};

/// An LNbits wallet.
#[derive(Debug)]
pub struct Lnbits {
    transport: Transport,
    network: Network,
    /// Marked as sensitive, so that it is never printed.
    invoice_key: HeaderValue,
    admin_key: Option<HeaderValue>,
    webhook: Option<Url>,
}

/// What a question about one payment brought.
enum Found {
    Payment(Known),
    Nothing,
}

#[derive(Deserialize)]
struct FeeReserve {
    fee_reserve: u64,
}

#[derive(Deserialize)]
struct Wallet {
    /// Absent from old versions.
    #[serde(default)]
    name: String,
    balance: i64,
    /// Told to the key that pays only.
    id: Option<String>,
}

impl Lnbits {
    /// Prepares the way to an LNbits server; nothing is sent yet.
    ///
    /// `webhook` is where LNbits reports paid invoices; it needs a way to there.
    ///
    /// # Errors
    ///
    /// [`TransportError`], when this machine can make no HTTP client.
    pub fn new(
        config: &LnbitsConfig,
        network: Network,
        webhook: Option<Url>,
    ) -> Result<Self, TransportError> {
        Ok(Self {
            transport: Transport::new(config)?,
            network,
            invoice_key: header(&config.invoice_key),
            admin_key: config.admin_key.as_ref().map(header),
            webhook,
        })
    }

    async fn create(&self, new: &NewInvoice) -> Result<CreatedInvoice, BackendError> {
        let mut order = json!({
            "out": false,
            "amount": new.amount_sats,
            "unit": "sat",
            "memo": new.memo,
            "expiry": new.expiry_s,
        });
        if let Some(webhook) = &self.webhook {
            order["webhook"] = Value::from(webhook.as_str());
        }
        let answer =
            self.transport.post(&["payments"], order.to_string().into_bytes(), &self.invoice_key).await;
        let payment: Payment = json_of(answer)?;
        let hash = payment.hash.as_deref().and_then(|text| text.parse().ok());
        match (hash, payment.invoice()) {
            (Some(payment_hash), Some(bolt11)) => Ok(CreatedInvoice { payment_hash, bolt11 }),
            _ => Err(senseless("it is no invoice")),
        }
    }

    /// Asks about one payment of this wallet; the outgoing one where there are two of one hash.
    ///
    /// `key` decides which wallet is asked: a payment of another wallet is unknown to it.
    async fn find(&self, hash: PaymentHash, key: &HeaderValue) -> Result<Found, BackendError> {
        let path = ["payments", &hash.to_string()];
        let answer = self.transport.get(&path, &[], key).await.map_err(fault)?;
        if is_unknown_payment(&answer) {
            return Ok(Found::Nothing);
        }
        let answer = accepted(answer)?;
        answer::about(&answer.body, hash).map(Found::Payment).map_err(senseless)
    }

    async fn find_incoming(&self, hash: PaymentHash) -> Result<Found, BackendError> {
        match self.find(hash, &self.invoice_key).await? {
            Found::Payment(known) if known.is_outgoing => {}
            found @ (Found::Payment(_) | Found::Nothing) => return Ok(found),
        }
        // We paid an invoice of our own, and LNbits shows the payment first.
        let query = [("payment_hash", &*hash.to_string())];
        let answer = self.transport.get(&["payments"], &query, &self.invoice_key).await.map_err(fault)?;
        let answer = accepted(answer)?;
        let incoming = answer::incoming(&answer.body, hash).map_err(senseless)?;
        Ok(incoming.map_or(Found::Nothing, Found::Payment))
    }

    async fn invoice_state(&self, hash: PaymentHash) -> Result<InvoiceState, BackendError> {
        Ok(match self.find_incoming(hash).await? {
            Found::Nothing => InvoiceState::Missing,
            Found::Payment(known) if known.state == State::Success => {
                InvoiceState::Paid { amount_msat: known.amount_msat }
            }
            Found::Payment(_) => InvoiceState::Unpaid,
        })
    }

    async fn payment_state(&self, hash: PaymentHash) -> PaymentState {
        // Asked with the key that pays, so that it is the paying wallet that answers.
        let key = self.admin_key.as_ref().unwrap_or(&self.invoice_key);
        let known = match self.find(hash, key).await {
            Ok(Found::Payment(known)) if known.is_outgoing => known,
            Ok(Found::Payment(_) | Found::Nothing) => return PaymentState::Missing,
            Err(error) => return PaymentState::Unknown { reason: error.to_string() },
        };
        match known.state {
            State::Success => PaymentState::Settled(known.settlement()),
            State::Pending => PaymentState::Pending,
            State::Failed => {
                PaymentState::Failed { reason: "LNbits says that the payment failed".to_owned() }
            }
        }
    }

    async fn order(&self, bolt11: &str, hash: PaymentHash) -> PayOutcome {
        let Some(key) = &self.admin_key else {
            return self.refused(hash, "no LNBITS_ADMIN_KEY is set".to_owned()).await;
        };
        let order = json!({ "out": true, "bolt11": bolt11 }).to_string().into_bytes();
        let answer = match self.transport.post(&["payments"], order, key).await {
            Ok(answer) => answer,
            Err(cause) => return PayOutcome::Unknown { reason: fault(cause).to_string() },
        };
        match answer.status {
            200..=299 => self.accepted(&answer.body, hash).await,
            520 => self.complained(&answer, hash).await,
            // Never sent on to a node; but an earlier order of the same hash may have been.
            400..=407 | 409..=429 => self.refused(hash, words(&answer)).await,
            _ => PayOutcome::Unknown { reason: words(&answer) },
        }
    }

    async fn accepted(&self, body: &[u8], hash: PaymentHash) -> PayOutcome {
        let payment: Payment = match answer::read(body) {
            Ok(payment) => payment,
            Err(reason) => return PayOutcome::Unknown { reason },
        };
        if payment.hash.is_some() && !payment.is_of(hash) {
            return PayOutcome::Unknown { reason: "the answer is about another payment".to_owned() };
        }
        match payment.state() {
            Ok(Some(State::Success)) => match payment.settlement() {
                Some(settlement) => PayOutcome::Settled(settlement),
                None => self.looked_up(hash, "LNbits paid, and does not say how much").await,
            },
            Ok(Some(State::Failed)) => {
                self.refused(hash, "LNbits says that the payment failed".to_owned()).await
            }
            Ok(Some(State::Pending)) => PayOutcome::Unknown { reason: "it is on its way".to_owned() },
            Ok(None) => self.looked_up(hash, "LNbits took the order").await,
            Err(reason) => PayOutcome::Unknown { reason },
        }
    }

    async fn complained(&self, answer: &Answer, hash: PaymentHash) -> PayOutcome {
        match answer::complaint(&answer.body) {
            Some(State::Failed) => self.refused(hash, words(answer)).await,
            Some(State::Success) => self.looked_up(hash, &words(answer)).await,
            Some(State::Pending) | None => PayOutcome::Unknown { reason: words(answer) },
        }
    }

    /// Decides about an order that was refused: for good only if no payment of that hash exists.
    async fn refused(&self, hash: PaymentHash, words: String) -> PayOutcome {
        match self.payment_state(hash).await {
            PaymentState::Settled(settlement) => PayOutcome::Settled(settlement),
            PaymentState::Failed { .. } | PaymentState::Missing => PayOutcome::Failed { reason: words },
            PaymentState::Pending | PaymentState::Unknown { .. } => PayOutcome::Unknown { reason: words },
        }
    }

    /// Decides about an order that was taken: the payment must exist.
    async fn looked_up(&self, hash: PaymentHash, words: &str) -> PayOutcome {
        match self.payment_state(hash).await {
            PaymentState::Settled(settlement) => PayOutcome::Settled(settlement),
            PaymentState::Failed { reason } => PayOutcome::Failed { reason },
            PaymentState::Pending | PaymentState::Missing | PaymentState::Unknown { .. } => {
                PayOutcome::Unknown { reason: words.to_owned() }
            }
        }
    }

    async fn reserve(&self, bolt11: &str) -> Result<u64, BackendError> {
        let path = ["payments", "fee-reserve"];
        let answer = self.transport.get(&path, &[("invoice", bolt11)], &self.invoice_key).await;
        json_of::<FeeReserve>(answer).map(|reserve| reserve.fee_reserve)
    }

    async fn wallet(&self, key: &HeaderValue) -> Result<Wallet, BackendError> {
        json_of(self.transport.get(&["wallet"], &[], key).await)
    }

    /// Reads the balance, and looks whether both keys are of one wallet, as far as their names tell.
    async fn balance(&self) -> Result<u64, BackendError> {
        let wallet = self.wallet(&self.invoice_key).await?;
        let balance = u64::try_from(wallet.balance)
            .map_err(|_negative| senseless("the wallet's balance is below zero"))?;
        if let Some(admin_key) = &self.admin_key
            && self.wallet(admin_key).await?.name != wallet.name
        {
            return Err(two_wallets());
        }
        Ok(balance)
    }

    /// Asks both keys which wallet they open.
    async fn identity(&self) -> Result<Option<String>, BackendError> {
        let paying = match &self.admin_key {
            Some(key) => self.wallet(key).await?.id,
            None => None,
        };
        match (paying, self.wallet_of_payments().await?) {
            (Some(paying), Some(receiving)) if paying != receiving => Err(two_wallets()),
            (paying, receiving) => Ok(paying.or(receiving).map(|id| text::short(&id))),
        }
    }

    /// The key that makes invoices is not told its wallet's id, but each payment names the wallet; none before the first.
    async fn wallet_of_payments(&self) -> Result<Option<String>, BackendError> {
        let list = self.transport.get(&["payments"], &[("limit", "1")], &self.invoice_key).await;
        match json_of::<Vec<Payment>>(list) {
            Ok(payments) => Ok(payments.into_iter().find_map(|payment| payment.wallet_id)),
            // A version that knows no limit may answer with more than is read.
            Err(BackendError::BadResponse { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl LightningBackend for Lnbits {
    fn kind(&self) -> &'static str {
        "lnbits"
    }

    fn network(&self) -> Network {
        self.network
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
        self.identity().boxed()
    }
}

fn header(key: &Secret) -> HeaderValue {
    // The configuration lets only visible ASCII through; anything else would be an empty key, which opens nothing.
    let mut value = HeaderValue::from_bytes(key.expose()).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// LNbits' own 404, told from that of a proxy before it or of a wrong address.
fn is_unknown_payment(answer: &Answer) -> bool {
    let is_payment = |detail: String| detail.to_ascii_lowercase().starts_with("payment ");
    answer.status == 404
        && answer::read::<Value>(&answer.body)
            .ok()
            .and_then(|body| text::detail(&body))
            .is_some_and(is_payment)
}

fn json_of<T: serde::de::DeserializeOwned>(answer: Result<Answer, Fault>) -> Result<T, BackendError> {
    let answer = accepted(answer.map_err(fault)?)?;
    answer::read(&answer.body).map_err(senseless)
}

fn accepted(answer: Answer) -> Result<Answer, BackendError> {
    let detail = || words(&answer);
    match answer.status {
        200..=299 => Ok(answer),
        408 | 429 | 500..=519 => Err(BackendError::Unreachable { detail: detail() }),
        400..=499 => Err(BackendError::Refused { detail: detail() }),
        520 if answer::complaint(&answer.body) == Some(State::Failed) => {
            Err(BackendError::Refused { detail: detail() })
        }
        520..=599 => Err(BackendError::Unreachable { detail: detail() }),
        _ => Err(BackendError::BadResponse { detail: detail() }),
    }
}

fn words(answer: &Answer) -> String {
    let detail = answer::read::<Value>(&answer.body).ok().and_then(|body| text::detail(&body));
    detail.map_or_else(
        || format!("status {}", answer.status),
        |detail| format!("status {}: {detail}", answer.status),
    )
}

fn fault(fault: Fault) -> BackendError {
    match fault {
        Fault::Unreachable(detail) => BackendError::Unreachable { detail },
        Fault::TooLarge => senseless("it is too large"),
    }
}

fn two_wallets() -> BackendError {
    let detail = "LNBITS_INVOICE_KEY and LNBITS_ADMIN_KEY belong to two wallets".to_owned();
    BackendError::Refused { detail }
}

fn senseless(detail: impl Into<String>) -> BackendError {
    BackendError::BadResponse { detail: detail.into() }
}
