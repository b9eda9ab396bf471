//! A small LNbits in memory that outlives the server it serves, and fails in every way that a provider can.
//!
//! What it paid is the truth that a drill holds the books against. Like the real one it pays a hash once: an order for a
//! payment that is on its way or made is refused, one that failed may be tried again.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postfun_core::bolt11::{Draft, Invoice, Network};
use postfun_core::encoding::hex;
use postfun_core::signature::schnorr::SecretKey;
use postfun_server::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::stub::{Heard, Reply, answer, hear};

/// What the wallet holds before anything happens, in msat.
const OPENING_MSAT: u64 = 7_777_000;
/// What is said to be set aside for fees, in msat.
const RESERVE_MSAT: u64 = 2_000;

/// What becomes of an order to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is paid.
    Pay {
        /// The fee, in msat.
        fee_msat: u64,
    },
    /// There is no way to pay it.
    Fail,
    /// It never arrives.
    Lose,
    /// It is on its way for a while.
    Keep {
        /// Whether it is paid in the end.
        is_paid: bool,
        /// For how long.
        time: Duration,
    },
}

/// How an order is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As it should be.
    Plain,
    /// Not at all: the connection is closed.
    Close,
    /// Not at all: the connection stays open.
    Silence,
    /// In half.
    Break,
    /// Without sense.
    Garbage,
    /// With a status that says that nobody knows.
    Shrug,
}

/// What the provider does with one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// What becomes of it.
    pub fate: Fate,
    /// How it is answered.
    pub manner: Manner,
    /// How long it takes to arrive, also when nobody waits for the answer any more.
    pub delay: Duration,
}

impl Order {
    /// Paid for one sat, and answered.
    pub const PAID: Self = Self::plain(Fate::Pay { fee_msat: 1_000 });

    /// At once, and answered.
    #[must_use]
    pub const fn plain(fate: Fate) -> Self {
        Self { fate, manner: Manner::Plain, delay: Duration::ZERO }
    }

    /// The same, answered in another manner.
    #[must_use]
    pub const fn answered(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }
}

/// What the provider knows of a payment that it was ordered to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is on its way.
    Pending,
    /// It was made.
    Paid {
        /// The fee, in msat.
        fee_msat: u64,
    },
    /// It was not.
    Failed,
}

/// The provider; ends with the value.
#[derive(Debug)]
pub struct FakeLnbits {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Payment {
    amount_msat: u64,
    outcome: Outcome,
    /// When it is decided, and whether it is paid then.
    due: Option<(Instant, bool)>,
}

#[derive(Debug)]
struct Incoming {
    bolt11: String,
    amount_msat: u64,
    is_paid: bool,
}

#[derive(Debug, Default)]
struct State {
    made: u64,
    incoming: HashMap<String, Incoming>,
    payments: HashMap<String, Payment>,
    plans: HashMap<String, VecDeque<Order>>,
    refused_twice: u64,
    /// Of ten questions about a payment, so many are not answered with sense.
    noise: u64,
    questions: u64,
}

impl FakeLnbits {
    /// Starts a provider.
    ///
    /// # Panics
    ///
    /// When no loopback port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State::default()));
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, server }
    }

    /// Returns how the program reaches it, with little patience.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LNBITS_API_URL", format!("http://{}", self.address)),
            ("LNBITS_INVOICE_KEY", "invoice-key".to_owned()),
            ("LNBITS_ADMIN_KEY", "admin-key".to_owned()),
            ("POSTFUN_LIGHTNING_NETWORK", "regtest".to_owned()),
            ("POSTFUN_LIGHTNING_TIMEOUT_MS", "400".to_owned()),
        ]
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Makes an invoice of somebody elsewhere and plans what becomes of each order to pay it; after the plan all are paid.
    /// Returns its text and its payment hash.
    #[must_use]
    pub fn foreign_invoice(&self, sats: u64, expires_in_s: u64, plan: &[Order]) -> (String, String) {
        let mut state = self.state();
        let (bolt11, hash) = state.sign(0xaa, sats, expires_in_s);
        state.plans.insert(hash.clone(), plan.iter().copied().collect());
        (bolt11, hash)
    }

    /// Has one of its own invoices paid from outside.
    ///
    /// # Panics
    ///
    /// When there is none of that hash.
    pub fn receive(&self, hash: &str) {
        self.state().incoming.get_mut(hash).expect("the provider made this invoice").is_paid = true;
    }

    /// Returns what became of the payment of a hash; none when no order ever arrived.
    #[must_use]
    pub fn outcome(&self, hash: &str) -> Option<Outcome> {
        let mut state = self.state();
        state.ripen();
        state.payments.get(hash).map(|payment| payment.outcome)
    }

    /// Makes a payment after all that it had called failed.
    ///
    /// # Panics
    ///
    /// When there is none of that hash.
    pub fn pay_after_all(&self, hash: &str, fee_msat: u64) {
        let mut state = self.state();
        let payment = state.payments.get_mut(hash).expect("the payment was ordered");
        payment.outcome = Outcome::Paid { fee_msat };
    }

    /// Counts the orders that were refused because their hash was paid, or being paid.
    #[must_use]
    pub fn refused_twice(&self) -> u64 {
        self.state().refused_twice
    }

    /// Sets of how many questions about a payment in ten nothing can be made.
    pub fn set_noise(&self, noise: u64) {
        self.state().noise = noise;
    }
}

impl Drop for FakeLnbits {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut received = Vec::new();
    while let Some(request) = hear(&mut stream, &mut received).await {
        let reply = reply_to(&state, &request).await;
        if !answer(&mut stream, reply).await {
            return;
        }
    }
}

async fn reply_to(state: &Mutex<State>, request: &Heard) -> Reply {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path = path.strip_prefix("/api/v1/").unwrap_or(path);
    match (request.method.as_str(), path) {
        ("POST", "payments") => {
            let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
            match body["bolt11"].as_str() {
                Some(bolt11) => obey(state, bolt11).await,
                None => lock(state).make(&body),
            }
        }
        ("GET", "wallet") => {
            say(200, &json!({"id": "fake", "name": "fake", "balance": lock(state).balance_msat()}))
        }
        ("GET", "payments/fee-reserve") => say(200, &json!({"fee_reserve": RESERVE_MSAT})),
        ("GET", "payments") => lock(state).list(query.trim_start_matches("payment_hash=")),
        ("GET", path) => lock(state).look(path.trim_start_matches("payments/")),
        _ => say(404, &json!({"detail": "Not Found"})),
    }
}

/// Takes an order to pay, when it has arrived.
async fn obey(state: &Mutex<State>, bolt11: &str) -> Reply {
    let invoice = Invoice::decode(bolt11).expect("the server checks invoices before it pays them");
    let hash = hex::encode_lower(&invoice.payment_hash);
    let order = lock(state).plans.get_mut(&hash).and_then(VecDeque::pop_front).unwrap_or(Order::PAID);
    tokio::time::sleep(order.delay).await;
    let reply = lock(state).execute(&hash, &invoice, order.fate);
    match order.manner {
        Manner::Plain => reply,
        Manner::Close => Reply::Close,
        Manner::Silence => Reply::Silence,
        Manner::Break => Reply::Break,
        Manner::Garbage => Reply::Say(200, "<html>".to_owned()),
        Manner::Shrug => Reply::Say(504, "Gateway Timeout".to_owned()),
    }
}

impl State {
    /// Signs an invoice that begins now, with a payment hash of its own.
    fn sign(&mut self, key: u8, sats: u64, expires_in_s: u64) -> (String, String) {
        self.made += 1;
        let mut payment_hash = [key; 32];
        payment_hash[..8].copy_from_slice(&self.made.to_be_bytes());
        let draft = Draft {
            network: Network::Regtest,
            amount_msat: Some(sats * 1_000),
            timestamp_s: u64::try_from(SystemClock.now_ms() / 1_000).expect("drills run after 1970"),
            expires_in_s,
            payment_hash,
            payment_secret: [5; 32],
            description: "",
        };
        let key = SecretKey::from_bytes(&[key; 32]).expect("this is a key");
        (draft.sign(&key).expect("this invoice can be made"), hex::encode_lower(&payment_hash))
    }

    fn make(&mut self, order: &Value) -> Reply {
        let whole = |name: &str| order[name].as_u64().expect("an invoice has an amount and an end");
        let (bolt11, hash) = self.sign(0xbb, whole("amount"), whole("expiry"));
        let amount_msat = whole("amount") * 1_000;
        let said =
            json!({"payment_hash": hash, "bolt11": bolt11, "amount": amount_msat, "status": "pending"});
        self.incoming.insert(hash, Incoming { bolt11, amount_msat, is_paid: false });
        say(201, &said)
    }

    fn execute(&mut self, hash: &str, invoice: &Invoice, fate: Fate) -> Reply {
        self.ripen();
        let complaint = |status: &str| say(520, &json!({"detail": "Told so.", "status": status}));
        if fate == Fate::Lose {
            return Reply::Close;
        }
        if let Some(known) = self.payments.get(hash).filter(|known| known.outcome != Outcome::Failed) {
            self.refused_twice += 1;
            return complaint(known.outcome.as_str());
        }
        let (outcome, due) = match fate {
            Fate::Pay { fee_msat } => (Outcome::Paid { fee_msat }, None),
            Fate::Fail | Fate::Lose => (Outcome::Failed, None),
            Fate::Keep { is_paid, time } => (Outcome::Pending, Some((Instant::now() + time, is_paid))),
        };
        let amount_msat = invoice.amount_msat.expect("the server refuses invoices without an amount");
        let payment = Payment { amount_msat, outcome, due };
        let details = payment.details(hash);
        self.payments.insert(hash.to_owned(), payment);
        match outcome {
            Outcome::Paid { .. } => say(201, &details),
            Outcome::Pending | Outcome::Failed => complaint(outcome.as_str()),
        }
    }

    /// Decides what was on its way for long enough.
    fn ripen(&mut self) {
        for payment in self.payments.values_mut() {
            if let Some((_at, is_paid)) = payment.due.take_if(|(at, _is_paid)| *at <= Instant::now()) {
                payment.outcome = if is_paid { Outcome::Paid { fee_msat: 1_500 } } else { Outcome::Failed };
            }
        }
    }

    fn look(&mut self, hash: &str) -> Reply {
        self.ripen();
        self.questions += 1;
        // Seven and ten have no common divisor, so every kind of noise has its turn.
        if self.questions * 7 % 10 < self.noise {
            return match self.questions % 3 {
                0 => Reply::Close,
                1 => Reply::Say(200, r#"{"paid": true}"#.to_owned()),
                _ => Reply::Say(500, "Internal Server Error".to_owned()),
            };
        }
        let details = self.payments.get(hash).map(|payment| payment.details(hash));
        let details = details.or_else(|| self.incoming.get(hash).map(|incoming| incoming.details(hash)));
        details.map_or_else(
            || say(404, &json!({"detail": "Payment does not exist."})),
            |details| say(200, &json!({"paid": details["status"] == "success", "details": details})),
        )
    }

    fn list(&self, hash: &str) -> Reply {
        let found = self.incoming.get(hash).map(|incoming| incoming.details(hash));
        say(200, &json!(found.into_iter().collect::<Vec<_>>()))
    }

    fn balance_msat(&mut self) -> u64 {
        self.ripen();
        let received: u64 = self.incoming.values().filter(|row| row.is_paid).map(|row| row.amount_msat).sum();
        let spent: u64 = self.payments.values().map(Payment::spent_msat).sum();
        OPENING_MSAT + received - spent
    }
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid { .. } => "success",
            Self::Failed => "failed",
        }
    }
}

impl Payment {
    fn details(&self, hash: &str) -> Value {
        let fee_msat = match self.outcome {
            Outcome::Paid { fee_msat } => fee_msat,
            Outcome::Pending | Outcome::Failed => 0,
        };
        json!({
            "payment_hash": hash,
            "amount": -i128::from(self.amount_msat),
            "fee": -i128::from(fee_msat),
            "status": self.outcome.as_str(),
        })
    }

    /// What has left the wallet, or is on its way out of it.
    const fn spent_msat(&self) -> u64 {
        match self.outcome {
            Outcome::Paid { fee_msat } => self.amount_msat + fee_msat,
            Outcome::Pending => self.amount_msat,
            Outcome::Failed => 0,
        }
    }
}

impl Incoming {
    fn details(&self, hash: &str) -> Value {
        let status = if self.is_paid { "success" } else { "pending" };
        json!({"payment_hash": hash, "amount": self.amount_msat, "fee": 0, "status": status, "bolt11": self.bolt11})
    }
}

fn say(status: u16, body: &Value) -> Reply {
    Reply::Say(status, body.to_string())
}
