//! What every backend promises, proven for a real LNbits and for the simulated node on both engines.

use std::sync::Arc;

use futures_util::future::join_all;
use postfun_core::bolt11::{Draft, Invoice, Network};
use postfun_core::signature::schnorr::SecretKey;
use postfun_server::config::Secret;
use postfun_server::id::OsEntropy;
use postfun_server::lightning::backend::{
    CreatedInvoice, InvoiceState, LightningBackend, NewInvoice, PayOutcome, PaymentHash, PaymentState,
    Settlement,
};
use postfun_server::lightning::lnbits::Lnbits;
use postfun_server::lightning::simulated::fault::PayFault;
use postfun_server::lightning::simulated::{Settle, Simulated};
use postfun_tests::lnbits::{LnbitsServer, LnbitsWallet};
use postfun_tests::{TestApp, on_both_engines};

/// What a wallet begins with.
const SATS: u64 = 10_000;

/// A backend, and somebody else on the same network.
enum World {
    Lnbits { backend: Box<Lnbits>, stranger: LnbitsWallet },
    Simulated { backend: Arc<Simulated>, app: TestApp },
}

impl World {
    async fn lnbits() -> Self {
        let server = LnbitsServer::shared().await;
        let (ours, stranger) = (server.wallet(SATS).await, server.wallet(SATS).await);
        let backend = Box::new(Lnbits::new(&ours.config(), LnbitsServer::NETWORK, None).unwrap());
        Self::Lnbits { backend, stranger }
    }

    async fn simulated(app: TestApp) -> Self {
        let backend = Arc::new(simulated(&app));
        let world = Self::Simulated { backend, app };
        let funding = world.invoice(SATS).await;
        world.pay_ours(&funding).await;
        world
    }

    fn backend(&self) -> &dyn LightningBackend {
        match self {
            Self::Lnbits { backend, .. } => backend.as_ref(),
            Self::Simulated { backend, .. } => backend.as_ref(),
        }
    }

    /// Makes an invoice of ours.
    async fn invoice(&self, amount_sats: u64) -> CreatedInvoice {
        let new = NewInvoice { amount_sats, memo: "for \"tea\", ☕".to_owned(), expiry_s: 600 };
        self.backend().create_invoice(&new).await.unwrap()
    }

    /// Lets the stranger pay an invoice of ours.
    async fn pay_ours(&self, invoice: &CreatedInvoice) {
        match self {
            Self::Lnbits { stranger, .. } => stranger.pay(&invoice.bolt11).await,
            Self::Simulated { backend, .. } => {
                assert_eq!(backend.settle(invoice.payment_hash).await.unwrap(), Settle::Now);
            }
        }
    }

    /// Makes an invoice of the stranger's.
    async fn foreign(&self, sats: u64) -> (String, PaymentHash) {
        let text = match self {
            Self::Lnbits { stranger, .. } => stranger.invoice(sats).await,
            Self::Simulated { app, .. } => elsewhere(Network::Regtest, sats, app.now_s()),
        };
        let hash = Invoice::decode(&text).unwrap().payment_hash.into();
        (text, hash)
    }

    /// Makes an invoice that nobody can reach.
    async fn unreachable(&self) -> (String, PaymentHash) {
        match self {
            Self::Lnbits { .. } => {
                // FakeWallet knows only what the same LNbits made.
                let text = elsewhere(LnbitsServer::NETWORK, 21, 4_000_000_000);
                let hash = Invoice::decode(&text).unwrap().payment_hash.into();
                (text, hash)
            }
            Self::Simulated { backend, .. } => {
                backend.faults().plan_pay([PayFault::Refuse]);
                self.foreign(21).await
            }
        }
    }

    async fn balance(&self) -> u64 {
        self.backend().wallet_balance().await.unwrap()
    }
}

/// Puts a simulated node on a story's database, as each of its processes does.
pub(super) fn simulated(app: &TestApp) -> Simulated {
    let (db, clock) = (app.app.db.clone(), Arc::clone(&app.app.clock));
    Simulated::new(db, clock, Arc::new(OsEntropy), &Secret::new("one secret for all processes of a story"))
}

/// Makes an invoice of a node that neither backend knows.
pub(super) fn elsewhere(network: Network, sats: u64, timestamp_s: u64) -> String {
    let draft = Draft {
        network,
        amount_msat: Some(sats * 1_000),
        timestamp_s,
        expires_in_s: 600,
        payment_hash: postfun_server::id::random(&OsEntropy),
        payment_secret: [8; 32],
        description: "elsewhere",
    };
    draft.sign(&SecretKey::from_bytes(&[9; 32]).unwrap()).unwrap()
}

async fn invoices_say_what_was_asked_for(world: &World) {
    let (first, second) = (world.invoice(21).await, world.invoice(21).await);
    assert_ne!(first.payment_hash, second.payment_hash);
    let decoded = Invoice::decode(&first.bolt11).unwrap();
    assert_eq!((decoded.network, decoded.amount_msat), (world.backend().network(), Some(21_000)));
    assert_eq!(PaymentHash::from(decoded.payment_hash), first.payment_hash);
    assert_eq!(decoded.description.as_deref(), Some("for \"tea\", ☕"));
    assert_eq!(decoded.expires_in_s, 600);
}

async fn an_invoice_is_paid_once_somebody_pays_it(world: &World) {
    let (paid, other, before) = (world.invoice(333).await, world.invoice(444).await, world.balance().await);
    let backend = world.backend();
    assert_eq!(backend.check_invoice(paid.payment_hash).await, Ok(InvoiceState::Unpaid));
    world.pay_ours(&paid).await;
    let state = backend.check_invoice(paid.payment_hash).await;
    assert_eq!(state, Ok(InvoiceState::Paid { amount_msat: 333_000 }));
    assert_eq!(backend.check_invoice(other.payment_hash).await, Ok(InvoiceState::Unpaid));
    assert_eq!(world.balance().await, before + 333_000);
    // Money that came in is no payment of ours.
    assert_eq!(backend.check_payment(paid.payment_hash).await, PaymentState::Missing);
}

async fn the_wallet_has_one_name(world: &World) {
    let name = world.backend().wallet_id().await.unwrap().expect("it has a name");
    let _invoice = world.invoice(5).await;
    assert_eq!(world.backend().wallet_id().await, Ok(Some(name)));
}

async fn unknown_hashes_are_missing_in_both_directions(world: &World) {
    let hash = PaymentHash::from_bytes(postfun_server::id::random(&OsEntropy));
    assert_eq!(world.backend().check_invoice(hash).await, Ok(InvoiceState::Missing));
    assert_eq!(world.backend().check_payment(hash).await, PaymentState::Missing);
}

async fn a_payment_costs_its_amount_and_a_fee_within_the_reserve(world: &World) {
    let ((text, hash), before) = (world.foreign(1_234).await, world.balance().await);
    let reserve_msat = world.backend().fee_reserve(&text).await.unwrap();
    let PayOutcome::Settled(paid) = world.backend().pay(&text, hash).await else { panic!("it can be paid") };
    let Settlement { amount_msat, fee_msat } = paid;
    assert_eq!(amount_msat, 1_234_000);
    assert!(fee_msat <= reserve_msat, "{fee_msat} of {reserve_msat}");
    assert_eq!(world.backend().check_payment(hash).await, PaymentState::Settled(paid));
    assert_eq!(world.balance().await, before - 1_234_000 - fee_msat);
    // Money that went out is no invoice of ours.
    assert_eq!(world.backend().check_invoice(hash).await, Ok(InvoiceState::Missing));
}

async fn one_hash_is_paid_once_however_often_it_is_ordered(world: &World) {
    let ((text, hash), before) = (world.foreign(100).await, world.balance().await);
    let orders = join_all((0..8).map(|_| world.backend().pay(&text, hash))).await;
    for outcome in orders.iter().chain([&world.backend().pay(&text, hash).await]) {
        assert!(!matches!(outcome, PayOutcome::Failed { .. }), "{orders:?}");
    }
    let PaymentState::Settled(Settlement { fee_msat, .. }) = world.backend().check_payment(hash).await else {
        panic!("it was paid")
    };
    assert_eq!(world.balance().await, before - 100_000 - fee_msat);
}

async fn a_second_order_that_the_wallet_cannot_afford_is_no_failure(world: &World) {
    // More than half of the wallet: LNbits looks at the balance before it looks for the first payment.
    let (text, hash) = world.foreign(6_000).await;
    let first = world.backend().pay(&text, hash).await;
    assert!(matches!(first, PayOutcome::Settled(_)), "{first:?}");
    assert_eq!(world.backend().pay(&text, hash).await, first);
}

async fn a_payment_beyond_the_wallet_fails_and_costs_nothing(world: &World) {
    let ((text, hash), before) = (world.foreign(SATS + 1).await, world.balance().await);
    let outcome = world.backend().pay(&text, hash).await;
    assert!(matches!(outcome, PayOutcome::Failed { .. }), "{outcome:?}");
    let state = world.backend().check_payment(hash).await;
    assert!(matches!(state, PaymentState::Missing | PaymentState::Failed { .. }), "{state:?}");
    assert_eq!(world.balance().await, before);
}

async fn a_payment_without_a_route_fails_for_good(world: &World) {
    let ((text, hash), before) = (world.unreachable().await, world.balance().await);
    for _order in 0..2 {
        let outcome = world.backend().pay(&text, hash).await;
        assert!(matches!(outcome, PayOutcome::Failed { .. }), "{outcome:?}");
        let state = world.backend().check_payment(hash).await;
        assert!(matches!(state, PaymentState::Failed { .. }), "{state:?}");
    }
    assert_eq!(world.balance().await, before);
}

async fn what_is_no_invoice_is_not_paid(world: &World) {
    let (text, hash) = world.foreign(5).await;
    let damaged = format!("{}qqqqqq", &text[..text.len() - 6]);
    for text in ["", "lnbc1garbage", "☕", &damaged] {
        assert!(world.backend().fee_reserve(text).await.is_err(), "{text}");
        let outcome = world.backend().pay(text, hash).await;
        assert!(!matches!(outcome, PayOutcome::Settled(_)), "{text}: {outcome:?}");
    }
    assert_eq!(world.backend().check_payment(hash).await, PaymentState::Missing);
}

async fn an_invoice_of_our_own_can_be_paid_and_is_told_apart(world: &World) {
    let (own, before) = (world.invoice(50).await, world.balance().await);
    let paid = world.backend().pay(&own.bolt11, own.payment_hash).await;
    let settlement = Settlement { amount_msat: 50_000, fee_msat: 0 };
    assert_eq!(paid, PayOutcome::Settled(settlement));
    let state = world.backend().check_invoice(own.payment_hash).await;
    assert_eq!(state, Ok(InvoiceState::Paid { amount_msat: 50_000 }));
    assert_eq!(world.backend().check_payment(own.payment_hash).await, PaymentState::Settled(settlement));
    assert_eq!(world.balance().await, before);
}

/// Makes a test of each promise for each backend.
macro_rules! promises {
    ($($name:ident)*) => {
        mod lnbits {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(&super::World::lnbits().await).await;
                }
            )*
        }

        mod simulated {
            use super::*;

            on_both_engines! {
                $(
                    async fn $name(app: TestApp) {
                        super::$name(&World::simulated(app).await).await;
                    }
                )*
            }
        }
    };
}

promises! {
    invoices_say_what_was_asked_for
    the_wallet_has_one_name
    an_invoice_is_paid_once_somebody_pays_it
    unknown_hashes_are_missing_in_both_directions
    a_payment_costs_its_amount_and_a_fee_within_the_reserve
    one_hash_is_paid_once_however_often_it_is_ordered
    a_second_order_that_the_wallet_cannot_afford_is_no_failure
    a_payment_beyond_the_wallet_fails_and_costs_nothing
    a_payment_without_a_route_fails_for_good
    what_is_no_invoice_is_not_paid
    an_invoice_of_our_own_can_be_paid_and_is_told_apart
}
