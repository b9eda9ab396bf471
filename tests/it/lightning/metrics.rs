//! What an operator can measure: credits, failures by their cause, what is set aside and for how long, and what nobody knows.

use std::time::Duration;

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::fake_lnbits::{FakeLnbits, Fate, Order};
use postfun_tests::metrics::Measured;
use postfun_tests::{Answer, TestApp, on_both_engines};
use serde_json::json;

struct Scene {
    server: Measured,
    fake: FakeLnbits,
    token: String,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        app.clock.set_ms(SystemClock.now_ms());
        let (fake, token) = (FakeLnbits::start().await, app.user(1).await.token);
        let settings = fake.settings();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let server = Measured::start(app, &settings).await;
        Self { server, fake, token }
    }

    async fn fund(&self, sats: u64) {
        let body = json!({"amount_sats": sats}).to_string();
        let invoice = self.server.ask(&self.token, "POST", "/api/lightning/deposit", &body).await.ok(201);
        self.fake.receive(&invoice.string("payment_hash"));
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(self.server.ask(&self.token, "GET", &path, "").await.ok(200).string("status"), "paid");
    }

    async fn withdraw(&self, order: Order) -> Answer {
        let (bolt11, _hash) = self.fake.foreign_invoice(100, 3_600, &[order]);
        let body = json!({"bolt11": bolt11, "amount_sats": 100}).to_string();
        self.server.ask(&self.token, "POST", "/api/lightning/withdraw", &body).await
    }
}

on_both_engines! {
    async fn operator_measures_credits_failures_holds_and_the_unknown(app: TestApp) {
        let scene = Scene::new(&app).await;
        scene.fund(3_000).await;
        let _paid = scene.withdraw(Order::plain(Fate::Pay { fee_msat: 30_000 })).await.ok(201);
        scene.withdraw(Order::plain(Fate::Fail)).await.refused(502, "withdraw_failed");
        let kept = Fate::Keep { is_paid: true, time: Duration::from_hours(1) };
        let unknown = scene.withdraw(Order::plain(kept)).await.ok(201);
        assert_eq!(unknown.string("progress"), "unknown");
        for (name, expected) in [
            ("postfun_lightning_credits_total", 1),
            ("postfun_lightning_withdrawals_total{status=\"confirmed\"}", 1),
            ("postfun_lightning_withdrawals_total{status=\"failed\",cause=\"payment_failed\"}", 1),
            ("postfun_lightning_fee_losses_total", 1),
            ("postfun_lightning_unknown_total", 1),
            ("postfun_lightning_holds{step=\"unknown\"}", 1),
            ("postfun_lightning_holds{step=\"reserved\"}", 0),
        ] {
            scene.server.counts(name, expected).await;
        }
        scene.server.sees("postfun_lightning_hold_age_seconds_max{step=\"unknown\"}", |age| (1.0..3_600.0).contains(&age)).await;
        scene.server.stop().await;
    }
}
