//! A Lightning node that does what a story tells it to, in memory: real signed invoices, made-up payments.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use postfun_core::bolt11::{Draft, Invoice, Network};
use postfun_core::signature::schnorr::SecretKey;
use postfun_server::clock::{Clock, ManualClock};
use postfun_server::lightning::{
    BackendError, CreatedInvoice, InvoiceState, LightningBackend, NewInvoice, PayOutcome, PaymentHash,
    PaymentState, Settlement,
};
use tokio::sync::oneshot;

/// What the node does with the next order to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Pays, and says so.
    Settle {
        /// The fee, in msat.
        fee_msat: u64,
    },
    /// Pays another amount without a fee, and says so.
    SettleOther {
        /// The amount, in msat.
        amount_msat: u64,
    },
    /// Does not pay, and says so.
    Fail,
    /// Pays, and its answer is lost.
    SettleUnheard {
        /// The fee, in msat.
        fee_msat: u64,
    },
    /// Does not pay, and its answer is lost.
    FailUnheard,
    /// Takes the order and leaves it on its way.
    KeepPending,
    /// Never hears of the order.
    Lose,
    /// Says no without looking at the order, and remembers nothing of it.
    TurnAway,
}

/// The node. Clones are the same node.
#[derive(Debug, Clone)]
pub struct Node {
    inner: Arc<Inner>,
    kind: &'static str,
}

#[derive(Debug)]
struct Inner {
    clock: Arc<ManualClock>,
    state: Mutex<State>,
}

/// A call that the node has not begun to answer.
#[derive(Debug)]
pub struct Held {
    arrived: oneshot::Receiver<()>,
    go: oneshot::Sender<()>,
}

/// The node's end of it.
type Gate = (oneshot::Sender<()>, oneshot::Receiver<()>);

impl Held {
    fn new() -> (Self, Gate) {
        let ((tell, arrived), (go, wait)) = (oneshot::channel(), oneshot::channel());
        (Self { arrived, go }, (tell, wait))
    }

    /// Waits until the call is there.
    ///
    /// # Panics
    ///
    /// When it never comes, because the node is gone.
    pub async fn arrived(&mut self) {
        (&mut self.arrived).await.expect("the node is there");
    }

    /// Lets the node answer.
    pub fn go(self) {
        // Whoever asked may have given up.
        let _ = self.go.send(());
    }
}

async fn pass(gate: Option<Gate>) {
    if let Some((tell, wait)) = gate {
        let _ = tell.send(());
        let _ = wait.await;
    }
}

#[derive(Debug, Default)]
struct State {
    question_gate: Option<Gate>,
    order_gate: Option<Gate>,
    made: u8,
    invoices: HashMap<PaymentHash, (u64, bool)>,
    payments: HashMap<PaymentHash, PaymentState>,
    script: VecDeque<Behaviour>,
    orders: Vec<PaymentHash>,
    questions: usize,
    reserve_msat: u64,
    balance_msat: u64,
    /// None for the only wallet of a node that has one.
    wallet: Option<&'static str>,
    is_nameless: bool,
    is_down: bool,
    speaks_nonsense: bool,
}

impl Node {
    /// Makes a node that pays everything for one sat.
    #[must_use]
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { inner: Arc::new(Inner { clock, state: Mutex::default() }), kind: "scripted" }
    }

    /// Returns the same node under another name, as if it were another provider.
    #[must_use]
    pub fn renamed(&self, kind: &'static str) -> Self {
        Self { inner: Arc::clone(&self.inner), kind }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what becomes of the next orders, in their order.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.state().script.extend(behaviours);
    }

    /// Has one of the node's own invoices paid from outside.
    ///
    /// # Panics
    ///
    /// When there is none of that hash.
    pub fn receive(&self, hash: &str) {
        let hash = hash.parse().expect("a payment hash is hex");
        let mut state = self.state();
        let invoice = state.invoices.get_mut(&hash).expect("the node made this invoice");
        invoice.1 = true;
        let amount_msat = invoice.0;
        state.balance_msat += amount_msat;
    }

    /// Has one of the node's own invoices paid from outside with another amount than it asks for.
    ///
    /// # Panics
    ///
    /// As [`Node::receive`].
    pub fn receive_other(&self, hash: &str, amount_msat: u64) {
        let known = hash.parse().expect("a payment hash is hex");
        self.state().invoices.get_mut(&known).expect("the node made this invoice").0 = amount_msat;
        self.receive(hash);
    }

    /// Has the keys open another wallet from now on, or one that does not tell its name.
    pub fn set_wallet(&self, name: Option<&'static str>) {
        let mut state = self.state();
        state.wallet = name;
        state.is_nameless = name.is_none();
    }

    /// Decides a payment that was on its way.
    ///
    /// # Panics
    ///
    /// When the hash is none.
    pub fn decide(&self, hash: &str, outcome: PaymentState) {
        self.state().payments.insert(hash.parse().expect("a payment hash is hex"), outcome);
    }

    /// Holds the next question about a payment until it is let go.
    #[must_use]
    pub fn hold_question(&self) -> Held {
        let (held, gate) = Held::new();
        self.state().question_gate = Some(gate);
        held
    }

    /// Holds the next order to pay until it is let go.
    #[must_use]
    pub fn hold_order(&self) -> Held {
        let (held, gate) = Held::new();
        self.state().order_gate = Some(gate);
        held
    }

    /// Sets what the node says that a payment may cost, in msat.
    pub fn set_reserve_msat(&self, reserve_msat: u64) {
        self.state().reserve_msat = reserve_msat;
    }

    /// Sets whether the node can be reached.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Sets whether the node answers questions about payments without sense.
    pub fn set_nonsense(&self, speaks_nonsense: bool) {
        self.state().speaks_nonsense = speaks_nonsense;
    }

    /// Returns the orders that arrived, in their order.
    #[must_use]
    pub fn orders(&self) -> Vec<PaymentHash> {
        self.state().orders.clone()
    }

    /// Counts everything that the node was asked or told.
    #[must_use]
    pub fn calls(&self) -> usize {
        let state = self.state();
        state.questions + state.orders.len()
    }

    /// Makes an invoice of somebody elsewhere.
    ///
    /// # Panics
    ///
    /// When there can be no such invoice.
    #[must_use]
    pub fn foreign_invoice(&self, number: u8, amount_sats: Option<u64>, expires_in_s: u64) -> String {
        self.signed(&[0xaa; 32], Draft { expires_in_s, ..draft([number; 32], amount_sats) })
    }

    /// Makes an invoice of somebody elsewhere with a payment hash that they chose.
    ///
    /// # Panics
    ///
    /// When there can be no such invoice.
    #[must_use]
    pub fn invoice_with_hash(&self, payment_hash: [u8; 32], amount_sats: u64) -> String {
        self.signed(&[0xaa; 32], draft(payment_hash, Some(amount_sats)))
    }

    /// As [`Node::foreign_invoice`], for another network.
    ///
    /// # Panics
    ///
    /// As there.
    #[must_use]
    pub fn invoice_of_network(&self, number: u8, amount_sats: u64, network: Network) -> String {
        self.signed(&[0xaa; 32], Draft { network, ..draft([number; 32], Some(amount_sats)) })
    }

    /// Signs a draft that begins now.
    fn signed(&self, key: &[u8; 32], draft: Draft<'_>) -> String {
        let now_s = self.inner.clock.now_ms() / 1_000;
        let timestamp_s = u64::try_from(now_s).expect("stories play after 1970");
        let key = SecretKey::from_bytes(key).expect("this is a key");
        Draft { timestamp_s, ..draft }.sign(&key).expect("this invoice can be made")
    }

    fn make(&self, new: &NewInvoice) -> Result<CreatedInvoice, BackendError> {
        let number = {
            let mut state = self.state();
            state.questions += 1;
            if state.is_down {
                return Err(BackendError::Unreachable { detail: "the node is down".to_owned() });
            }
            state.made += 1;
            state.made
        };
        let mut hash = [0xcc; 32];
        hash[0] = number;
        let bolt11 = self.signed(
            &[0xbb; 32],
            Draft {
                expires_in_s: new.expiry_s,
                description: &new.memo,
                ..draft(hash, Some(new.amount_sats))
            },
        );
        self.state().invoices.insert(PaymentHash::from_bytes(hash), (new.amount_sats * 1_000, false));
        Ok(CreatedInvoice { payment_hash: PaymentHash::from_bytes(hash), bolt11 })
    }

    fn look(&self, hash: PaymentHash) -> Result<InvoiceState, BackendError> {
        let mut state = self.state();
        state.questions += 1;
        if state.is_down {
            return Err(BackendError::Unreachable { detail: "the node is down".to_owned() });
        }
        Ok(match state.invoices.get(&hash) {
            Some((amount_msat, true)) => InvoiceState::Paid { amount_msat: *amount_msat },
            Some((_, false)) => InvoiceState::Unpaid,
            None => InvoiceState::Missing,
        })
    }

    fn obey(&self, bolt11: &str, hash: PaymentHash) -> PayOutcome {
        assert!(!bolt11.contains(':'), "a provider takes no scheme: {bolt11}");
        let invoice = Invoice::decode(bolt11).expect("the server checks invoices before it pays them");
        assert_eq!(invoice.payment_hash, *hash.as_bytes(), "the hash is the invoice's");
        let mut state = self.state();
        state.orders.push(hash);
        let lost = || PayOutcome::Unknown { reason: "the answer was lost".to_owned() };
        let behaviour = state.script.pop_front().unwrap_or(Behaviour::Settle { fee_msat: 1_000 });
        if behaviour == Behaviour::Lose {
            return lost();
        }
        if behaviour == Behaviour::TurnAway {
            return PayOutcome::Failed { reason: "not today".to_owned() };
        }
        if matches!(state.payments.get(&hash), Some(PaymentState::Settled(_) | PaymentState::Pending)) {
            return PayOutcome::Failed { reason: "this hash is paid, or being paid".to_owned() };
        }
        let ordered_msat = invoice.amount_msat.expect("the server refuses invoices without an amount");
        let paid = |amount_msat, fee_msat| Settlement { amount_msat, fee_msat };
        let (now, outcome) = match behaviour {
            Behaviour::Settle { fee_msat } => {
                let paid = paid(ordered_msat, fee_msat);
                (PaymentState::Settled(paid), PayOutcome::Settled(paid))
            }
            Behaviour::SettleOther { amount_msat } => {
                let paid = paid(amount_msat, 0);
                (PaymentState::Settled(paid), PayOutcome::Settled(paid))
            }
            Behaviour::SettleUnheard { fee_msat } => {
                (PaymentState::Settled(paid(ordered_msat, fee_msat)), lost())
            }
            Behaviour::Fail => {
                let reason = "no route".to_owned();
                (PaymentState::Failed { reason: reason.clone() }, PayOutcome::Failed { reason })
            }
            Behaviour::FailUnheard => (PaymentState::Failed { reason: "no route".to_owned() }, lost()),
            Behaviour::KeepPending | Behaviour::Lose | Behaviour::TurnAway => {
                (PaymentState::Pending, PayOutcome::Unknown { reason: "on its way".to_owned() })
            }
        };
        state.payments.insert(hash, now);
        outcome
    }

    fn state_of(&self, hash: PaymentHash) -> PaymentState {
        let mut state = self.state();
        state.questions += 1;
        if state.is_down || state.speaks_nonsense {
            return PaymentState::Unknown { reason: "no sense in the answer".to_owned() };
        }
        state.payments.get(&hash).cloned().unwrap_or(PaymentState::Missing)
    }
}

/// A regtest invoice that is good for an hour.
fn draft(payment_hash: [u8; 32], amount_sats: Option<u64>) -> Draft<'static> {
    Draft {
        network: Network::Regtest,
        amount_msat: amount_sats.map(|sats| sats * 1_000),
        timestamp_s: 0,
        expires_in_s: 3_600,
        payment_hash,
        payment_secret: [5; 32],
        description: "from elsewhere",
    }
}

impl LightningBackend for Node {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn network(&self) -> Network {
        Network::Regtest
    }

    fn create_invoice<'a>(
        &'a self,
        new: &'a NewInvoice,
    ) -> BoxFuture<'a, Result<CreatedInvoice, BackendError>> {
        ready(self.make(new)).boxed()
    }

    fn check_invoice(&self, hash: PaymentHash) -> BoxFuture<'_, Result<InvoiceState, BackendError>> {
        ready(self.look(hash)).boxed()
    }

    fn fee_reserve<'a>(&'a self, _bolt11: &'a str) -> BoxFuture<'a, Result<u64, BackendError>> {
        let mut state = self.state();
        state.questions += 1;
        let answer = if state.is_down {
            Err(BackendError::Unreachable { detail: "the node is down".to_owned() })
        } else {
            Ok(state.reserve_msat)
        };
        ready(answer).boxed()
    }

    fn pay<'a>(&'a self, bolt11: &'a str, hash: PaymentHash) -> BoxFuture<'a, PayOutcome> {
        async move {
            // Others get their turn, as they would while a real payment is on its way.
            tokio::task::yield_now().await;
            let gate = self.state().order_gate.take();
            pass(gate).await;
            self.obey(bolt11, hash)
        }
        .boxed()
    }

    fn check_payment(&self, hash: PaymentHash) -> BoxFuture<'_, PaymentState> {
        async move {
            let gate = self.state().question_gate.take();
            pass(gate).await;
            self.state_of(hash)
        }
        .boxed()
    }

    fn wallet_balance(&self) -> BoxFuture<'_, Result<u64, BackendError>> {
        let mut state = self.state();
        state.questions += 1;
        let answer = if state.is_down {
            Err(BackendError::Unreachable { detail: "the node is down".to_owned() })
        } else {
            Ok(state.balance_msat)
        };
        ready(answer).boxed()
    }

    fn wallet_id(&self) -> BoxFuture<'_, Result<Option<String>, BackendError>> {
        let state = self.state();
        let name = state.wallet.unwrap_or("the only one").to_owned();
        let answer = if state.is_down {
            Err(BackendError::Unreachable { detail: "the node is down".to_owned() })
        } else {
            Ok((!state.is_nameless).then_some(name))
        };
        ready(answer).boxed()
    }
}
