//! `kill -9` of a real LNbits in the middle of deposits and of withdrawals; it comes back with what it has kept.
//!
//! Its `FakeWallet` forgets with it which invoices it has made, so it pays none of them afterwards. Should it say *pending* of
//! what it had begun to pay, then it does for good: that stays set aside here until an operator, who has looked, says what
//! became of it.

use std::time::{Duration, Instant};

use futures_util::future::join;
use postfun_core::bolt11;
use postfun_server::clock::{Clock, SystemClock};
use postfun_server::config::BackendConfig;
use postfun_server::lightning::{PaymentHash, Verdict, WithdrawalStatus, Word, reconcile};
use postfun_tests::lnbits::LnbitsServer;
use postfun_tests::{TestApp, User, on_both_engines};

use super::{Figures, count};
use crate::lightning::real::Place;
use crate::lightning::{balance, deposit, withdraw, withdrawal};

/// How long our server waits for LNbits, so that it does not take hours of its clock until an order is over.
const PATIENCE: Duration = Duration::from_secs(5);
/// What one deposit brings and one withdrawal takes, in sats.
const SATS: u64 = 300;
/// How long an invoice is good that is to be paid.
const INVOICE_S: u64 = 400;
/// The fee cap of so little, in msat.
const FEE_CAP_MSAT: u64 = 20_000;

struct Scene {
    lnbits: LnbitsServer,
    place: Place,
    app: TestApp,
    user: User,
    /// What LNbits gave no definite answer to, and what of that it had done.
    asked_again: usize,
    done_before: usize,
    /// Withdrawals that only an operator's word ended, and what of them LNbits sets aside although nobody got it, in msat.
    words: usize,
    stuck_msat: i128,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        let lnbits = LnbitsServer::start().await;
        let place = Place::at(&lnbits, app).await;
        let impatient = app.reconfigured(|config| {
            let mut lnbits = place.ours.config();
            (lnbits.timeout, lnbits.connect_timeout) = (PATIENCE, PATIENCE);
            config.lightning.backend = BackendConfig::Lnbits(lnbits);
            config.lightning.network = LnbitsServer::NETWORK;
        });
        let app = impatient.await;
        let user = app.user(1).await;
        place.fund(&user, 20_000).await;
        Self { lnbits, place, app, user, asked_again: 0, done_before: 0, words: 0, stuck_msat: 0 }
    }

    async fn kill_after(&mut self, delay: Duration) {
        tokio::time::sleep(delay).await;
        self.lnbits.kill();
    }

    fn note(&mut self, was_answered: bool, is_done: bool) {
        self.asked_again += usize::from(!was_answered);
        self.done_before += usize::from(!was_answered && is_done);
    }

    /// Looks at everything that is due until something is so.
    async fn poll_until(&mut self, what: &str, mut is_so: impl AsyncFnMut(&User) -> bool) {
        for _look in 0..20 {
            if is_so(&self.user).await {
                return;
            }
            self.app.clock.advance_ms(10_000);
            self.app.app.lightning.poll().await.expect("the rows can be read");
        }
        panic!("waited in vain: {what}");
    }

    /// Deposits while LNbits is killed: between the payment and whatever it tells of it.
    async fn deposit(&mut self, delay: Duration) {
        let before = balance(&self.user).await;
        let invoice = deposit(&self.user, SATS).await;
        let (theirs, bolt11) = (self.place.theirs.clone(), invoice.string("payment_request"));
        let paying = tokio::spawn(async move { theirs.try_pay(&bolt11).await.is_ok() });
        self.kill_after(delay).await;
        let was_told = paying.await.expect("it answers or breaks off");
        self.lnbits.start_again().await;
        let is_paid = self.place.ours.is_paid(&invoice.string("payment_hash")).await;
        assert!(is_paid || !was_told, "what LNbits has answered it has kept");
        self.note(was_told, is_paid);
        let again = invoice.string("payment_request");
        let is_paid = is_paid || self.place.theirs.try_pay(&again).await.is_ok();
        let after_msat = if is_paid {
            before.0 + SATS * 1_000
        } else {
            // Once LNbits has written down that it could not pay an invoice, it never pays that one.
            assert!(!self.place.ours.is_paid(&invoice.string("payment_hash")).await);
            before.0
        };
        self.poll_until("the deposit is decided", async |user| balance(user).await.0 == after_msat).await;
        self.app.clock.advance_ms(60_000);
        self.app.app.lightning.poll().await.expect("the rows can be read");
        assert_eq!(balance(&self.user).await, (after_msat, 0), "once");
    }
}

impl Scene {
    /// Withdraws while LNbits lives; says how long it took.
    async fn withdraw_undisturbed(&self) -> Duration {
        let bolt11 = self.place.theirs.invoice(SATS).await;
        let begin = Instant::now();
        assert_eq!(withdraw(&self.user, &bolt11, SATS).await.ok(201).string("status"), "confirmed");
        begin.elapsed()
    }

    /// Withdraws while LNbits is killed: between our order and whatever it does with it.
    async fn withdraw(&mut self, delay: Duration) {
        let before = balance(&self.user).await;
        // LNbits looks at its own clock, which stands where ours began.
        let ahead_ms = self.app.clock.now_ms() - SystemClock.now_ms();
        let ahead_s = u64::try_from(ahead_ms / 1_000).unwrap_or(0);
        let bolt11 = self.place.theirs.invoice_for(SATS, ahead_s + INVOICE_S).await;
        let hash =
            PaymentHash::from_bytes(bolt11::Invoice::decode(&bolt11).expect("an invoice").payment_hash);
        let (user, lnbits) = (&self.user, &mut self.lnbits);
        let kill = async {
            tokio::time::sleep(delay).await;
            lnbits.kill();
        };
        let (answer, ()) = join(withdraw(user, &bolt11, SATS), kill).await;
        self.lnbits.start_again().await;
        if answer.status == 502 && answer.json()["code"] != "withdraw_failed" {
            // It was gone before anything was set aside.
            self.note(false, false);
            assert_eq!(
                (balance(&self.user).await, self.place.theirs.is_paid(&hash.to_string()).await),
                (before, false)
            );
            return;
        }
        let id = answer.string("id");
        self.note(answer.string("status") != "pending", self.place.theirs.is_paid(&hash.to_string()).await);
        // What LNbits never heard of is handed over again. It may refuse that, when it has lost the payee's invoice.
        self.look(20, 10_000).await;
        if withdrawal(&self.user, &id).await.string("status") == "pending" {
            assert_eq!(balance(&self.user).await.1, SATS * 1_000 + FEE_CAP_MSAT, "it stays set aside");
            // Once nobody can pay the invoice any more, a refusal is a refusal.
            self.look(5, 60_000).await;
            // And nobody stays signed in for so long.
            self.user = self.app.user(1).await;
        }
        if withdrawal(&self.user, &id).await.string("status") == "pending" {
            self.ask_operator(&id, &hash.to_string()).await;
        }
        let is_paid = self.place.theirs.is_paid(&hash.to_string()).await;
        let end = if is_paid { "confirmed" } else { "failed" };
        assert_eq!(withdrawal(&self.user, &id).await.string("status"), end, "the payee is the witness");
        let after_msat = if is_paid { before.0 - SATS * 1_000 } else { before.0 };
        assert_eq!(balance(&self.user).await, (after_msat, 0), "once");
    }

    /// Looks at everything that is due, again and again.
    async fn look(&self, times: u32, every_ms: i64) {
        for _look in 0..times {
            self.app.clock.advance_ms(every_ms);
            self.app.app.lightning.poll().await.expect("the rows can be read");
        }
    }

    /// LNbits says *pending* for good. An operator looks what the payee got, and says so.
    async fn ask_operator(&mut self, id: &str, hash: &str) {
        let is_paid = self.place.theirs.is_paid(hash).await;
        let verdict = if is_paid { Verdict::Paid { fee_msat: 0 } } else { Verdict::NotPaid };
        let word = Word { actor: "cli", verdict, reason: "the payee's wallet" };
        let decided =
            self.app.app.lightning.decide(id.parse().expect("an id"), word).await.expect("a word is enough");
        assert!(!decided.is_by_provider && decided.withdrawal.status != WithdrawalStatus::Pending);
        self.words += 1;
        if !is_paid {
            self.stuck_msat += i128::from(SATS * 1_000);
        }
    }

    /// Nothing is in flight, and LNbits holds what the books say, but for what it holds back itself.
    async fn assert_wallet_covers(&self) {
        let backend = self.app.app.lightning.backend().expect("LNbits is configured");
        let found =
            reconcile(&self.app.app.db, backend).await.expect("LNbits answers").expect("there were invoices");
        assert_eq!((found.surplus_msat(), found.in_flight), (-self.stuck_msat, 0), "{found}");
    }
}

on_both_engines! {
    async fn lnbits_killed_while_it_pays_costs_nobody_a_sat(app: TestApp) {
        let mut scene = Box::pin(Scene::new(&app)).await;
        let (figures, rounds) = (Figures::begin("LNbits killed during withdrawals", app.engine), count(2, 12));
        let whole = scene.withdraw_undisturbed().await;
        for round in 0..rounds {
            // Some moment of an order, another each time, from the first question to the answer.
            let delay = whole * u32::try_from(11 - round * 5 % 12).expect("a small number") / 10;
            Box::pin(scene.withdraw(delay)).await;
            scene.assert_wallet_covers().await;
            app.assert_books_are_exact().await;
        }
        let done = usize::try_from(rounds).expect("a small number");
        let what = format!("{done} × `kill -9` of a real LNbits; {} decided by an operator", scene.words);
        figures.tell_counts(&what, done, scene.asked_again, scene.done_before);
    }

    async fn killed_lnbits_costs_nobody_a_sat(app: TestApp) {
        let mut scene = Box::pin(Scene::new(&app)).await;
        let (figures, rounds) = (Figures::begin("LNbits killed during deposits", app.engine), count(2, 20));
        for round in 0..rounds {
            // Some moment of an order, another each time: it takes LNbits a few hundredths of a second.
            let delay = Duration::from_millis(round * 23 % 90);
            Box::pin(scene.deposit(delay)).await;
            scene.place.assert_wallet_covers().await;
            app.assert_books_are_exact().await;
        }
        let done = usize::try_from(rounds).expect("a small number");
        let what = format!("{done} × `kill -9` of a real LNbits");
        figures.tell_counts(&what, done, scene.asked_again, scene.done_before);
    }
}
