//! `kill -9` of a real LNbits in the middle of deposits; it comes back with what it has kept.

use std::time::Duration;

use postfun_server::config::BackendConfig;
use postfun_tests::lnbits::LnbitsServer;
use postfun_tests::{TestApp, User, on_both_engines};

use super::{Figures, count};
use crate::lightning::real::Place;
use crate::lightning::{balance, deposit};

/// How long our server waits for LNbits, so that it does not take hours of its clock until an order is over.
const PATIENCE: Duration = Duration::from_secs(5);
/// What one deposit brings, in sats.
const SATS: u64 = 300;

struct Scene {
    lnbits: LnbitsServer,
    place: Place,
    app: TestApp,
    user: User,
    /// What LNbits gave no definite answer to, and what of that it had done.
    asked_again: usize,
    done_before: usize,
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
        Self { lnbits, place, app, user, asked_again: 0, done_before: 0 }
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

on_both_engines! {
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
