//! The simulated node: it survives a restart, is shared by processes, and has bad days when told so.

use std::time::Duration;

use postfun_core::bolt11::{Invoice, Network};
use postfun_server::lightning::backend::{
    BackendError, CreatedInvoice, InvoiceState, LightningBackend, NewInvoice, PayOutcome, PaymentHash,
    PaymentState, Settlement,
};
use postfun_server::lightning::simulated::fault::{AskFault, PayFault};
use postfun_server::lightning::simulated::{Decision, Fees, Settle, Simulated};
use postfun_tests::{TestApp, on_both_engines};

use super::contract::{elsewhere, simulated};

async fn invoice(node: &Simulated, amount_sats: u64) -> CreatedInvoice {
    let new = NewInvoice { amount_sats, memo: String::new(), expiry_s: 600 };
    node.create_invoice(&new).await.unwrap()
}

/// A node with a thousand sats, and an invoice of somebody else for a hundred.
async fn ready(app: &TestApp) -> (Simulated, String, PaymentHash) {
    let node = simulated(app);
    let funding = invoice(&node, 1_000).await;
    assert_eq!(node.settle(funding.payment_hash).await.unwrap(), Settle::Now);
    let text = elsewhere(Network::Regtest, 100, app.now_s());
    let hash = Invoice::decode(&text).unwrap().payment_hash.into();
    (node, text, hash)
}

/// What a payment of a hundred sats costs by default: one sat and a thousandth.
const FEE_MSAT: u64 = 1_100;
const PAID: Settlement = Settlement { amount_msat: 100_000, fee_msat: FEE_MSAT };
const BEFORE_MSAT: u64 = 1_000_000;
const AFTER_MSAT: u64 = BEFORE_MSAT - 100_000 - FEE_MSAT;

on_both_engines! {
    async fn other_processes_know_what_one_did(app: TestApp) {
        let (node, text, hash) = ready(&app).await;
        let own = invoice(&node, 7).await;
        let other = simulated(&app.reconfigured(|_| {}).await);
        assert_eq!(other.pay(&text, hash).await, PayOutcome::Settled(PAID));
        assert_eq!(other.settle(own.payment_hash).await.unwrap(), Settle::Now);
        assert_eq!(node.check_payment(hash).await, PaymentState::Settled(PAID));
        let state = node.check_invoice(own.payment_hash).await;
        assert_eq!(state, Ok(InvoiceState::Paid { amount_msat: 7_000 }));
        assert_eq!(node.wallet_balance().await, Ok(AFTER_MSAT + 7_000));
        // One key, so that a page which pinned the node's id accepts both.
        let payee = |invoice: &CreatedInvoice| Invoice::decode(&invoice.bolt11).unwrap().payee;
        assert_eq!(payee(&own), payee(&invoice(&other, 7).await));
    }

    async fn an_invoice_is_settled_once_by_whoever_comes_first(app: TestApp) {
        let node = simulated(&app);
        let own = invoice(&node, 21).await;
        let settled = futures_util::future::join_all((0..10).map(|_| node.settle(own.payment_hash))).await;
        let settled: Vec<_> = settled.into_iter().map(Result::unwrap).collect();
        assert_eq!(settled.iter().filter(|settle| **settle == Settle::Now).count(), 1, "{settled:?}");
        assert_eq!(settled.iter().filter(|settle| **settle == Settle::Before).count(), 9, "{settled:?}");
        assert_eq!(node.wallet_balance().await, Ok(21_000));
        let stranger = PaymentHash::from_bytes([1; 32]);
        assert_eq!(node.settle(stranger).await.unwrap(), Settle::Missing);
    }

    async fn an_expired_invoice_can_be_paid_by_nobody(app: TestApp) {
        let (node, text, hash) = ready(&app).await;
        let own = invoice(&node, 21).await;
        app.clock.advance_ms(599_999);
        let late = invoice(&node, 22).await;
        app.clock.advance_ms(1);
        assert_eq!(node.settle(own.payment_hash).await.unwrap(), Settle::Expired);
        assert_eq!(node.settle(late.payment_hash).await.unwrap(), Settle::Now);
        assert_eq!(node.check_invoice(own.payment_hash).await, Ok(InvoiceState::Unpaid));
        for (text, hash) in [(&own.bolt11, own.payment_hash), (&text, hash)] {
            assert!(matches!(node.pay(text, hash).await, PayOutcome::Failed { .. }));
        }
        assert_eq!(node.wallet_balance().await, Ok(BEFORE_MSAT + 22_000));
    }

    async fn foreign_networks_and_hashes_are_not_paid(app: TestApp) {
        let (node, text, _) = ready(&app).await;
        let mainnet = elsewhere(Network::Mainnet, 1, app.now_s());
        let hash = Invoice::decode(&mainnet).unwrap().payment_hash.into();
        assert!(matches!(node.pay(&mainnet, hash).await, PayOutcome::Failed { .. }));
        assert!(matches!(node.pay(&text, hash).await, PayOutcome::Failed { .. }));
        assert_eq!(node.wallet_balance().await, Ok(BEFORE_MSAT));
    }

    async fn fees_are_what_was_said(app: TestApp) {
        let (node, text, hash) = ready(&app).await;
        let node = node.with_fees(Fees { base_msat: 5, ppm: 12_345 });
        // 1234.5 msat are rounded up.
        assert_eq!(node.pay(&text, hash).await, PayOutcome::Settled(Settlement { fee_msat: 1_240, ..PAID }));
    }

    async fn an_order_that_was_lost_was_not_carried_out(app: TestApp) {
        let (node, text, hash) = ready(&app).await;
        node.faults().plan_pay([PayFault::LostBefore]);
        assert!(matches!(node.pay(&text, hash).await, PayOutcome::Unknown { .. }));
        assert_eq!(node.check_payment(hash).await, PaymentState::Missing);
        assert_eq!(node.wallet_balance().await, Ok(BEFORE_MSAT));
        assert_eq!(node.pay(&text, hash).await, PayOutcome::Settled(PAID));
    }

    async fn an_answer_that_was_lost_hides_a_payment(app: TestApp) {
        for (number, fault) in (1..).zip([PayFault::LostAfter, PayFault::Garbage]) {
            let (node, text, hash) = ready(&app).await;
            node.faults().plan_pay([fault]);
            assert!(matches!(node.pay(&text, hash).await, PayOutcome::Unknown { .. }), "{fault:?}");
            assert_eq!(node.check_payment(hash).await, PaymentState::Settled(PAID));
            assert_eq!(node.pay(&text, hash).await, PayOutcome::Settled(PAID));
            assert_eq!(node.wallet_balance().await, Ok(number * AFTER_MSAT));
        }
    }

    async fn late_and_doubled_orders_pay_once(app: TestApp) {
        for (number, fault) in (1..).zip([PayFault::Delay(Duration::from_millis(1)), PayFault::Twice]) {
            let (node, text, hash) = ready(&app).await;
            node.faults().plan_pay([fault]);
            assert_eq!(node.pay(&text, hash).await, PayOutcome::Settled(PAID), "{fault:?}");
            assert_eq!(node.wallet_balance().await, Ok(number * AFTER_MSAT));
        }
    }

    async fn a_payment_that_hangs_ends_as_is_decided(app: TestApp) {
        for (decision, balance_msat) in [(Decision::Settle, AFTER_MSAT), (Decision::Fail, AFTER_MSAT + BEFORE_MSAT)] {
            let (node, text, hash) = ready(&app).await;
            node.faults().plan_pay([PayFault::Hang]);
            let held = node.wallet_balance().await.unwrap() - 100_000 - FEE_MSAT;
            assert!(matches!(node.pay(&text, hash).await, PayOutcome::Unknown { .. }));
            assert!(matches!(node.pay(&text, hash).await, PayOutcome::Unknown { .. }));
            assert_eq!(node.check_payment(hash).await, PaymentState::Pending);
            assert_eq!(node.wallet_balance().await, Ok(held));
            assert!(node.decide(hash, decision).await.unwrap());
            assert!(!node.decide(hash, Decision::Fail).await.unwrap(), "decided once");
            let state = node.check_payment(hash).await;
            assert_eq!(matches!(state, PaymentState::Settled(_)), decision == Decision::Settle, "{state:?}");
            assert_eq!(node.wallet_balance().await, Ok(balance_msat));
        }
    }

    async fn a_payment_of_our_own_invoice_has_nowhere_to_hang(app: TestApp) {
        let (node, _, _) = ready(&app).await;
        let own = invoice(&node, 9).await;
        node.faults().plan_pay([PayFault::Hang]);
        assert_eq!(node.pay(&own.bolt11, own.payment_hash).await, PayOutcome::Settled(Settlement { amount_msat: 9_000, fee_msat: 0 }));
        assert!(!node.decide(own.payment_hash, Decision::Fail).await.unwrap());
        assert_eq!(node.wallet_balance().await, Ok(BEFORE_MSAT));
        // Paid from nowhere first: then there is nothing left to pay.
        let own = invoice(&node, 9).await;
        node.settle(own.payment_hash).await.unwrap();
        assert!(matches!(node.pay(&own.bolt11, own.payment_hash).await, PayOutcome::Failed { .. }));
        assert_eq!(node.check_payment(own.payment_hash).await, PaymentState::Missing);
    }

    async fn questions_fail_as_planned_and_then_no_more(app: TestApp) {
        let (node, text, hash) = ready(&app).await;
        node.faults().plan_ask([AskFault::Lost, AskFault::Garbage, AskFault::Lost, AskFault::Delay(Duration::from_millis(1))]);
        assert!(matches!(node.wallet_balance().await, Err(BackendError::Unreachable { .. })));
        assert!(matches!(node.fee_reserve(&text).await, Err(BackendError::BadResponse { .. })));
        assert!(matches!(node.check_payment(hash).await, PaymentState::Unknown { .. }));
        assert_eq!(node.check_payment(hash).await, PaymentState::Missing);
        assert_eq!(node.fee_reserve(&text).await, Ok(2_000));
        let dear = elsewhere(Network::Regtest, 1_000, app.now_s());
        assert_eq!(node.fee_reserve(&dear).await, Ok(10_000));
    }
}
