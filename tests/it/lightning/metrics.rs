//! What an operator can measure: credits, failures by their cause, what is set aside and for how long, and what nobody knows.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::fake_lnbits::{FakeLnbits, Fate, Order};
use postfun_tests::process::Process;
use postfun_tests::wire::{ask, request};
use postfun_tests::{Answer, TestApp, on_both_engines, plain_http};
use serde_json::json;

/// How long a figure may take to be seen; the poller looks every second, once it leads.
const PATIENCE: Duration = Duration::from_mins(1);

struct Scene {
    server: Process,
    metrics: std::net::SocketAddr,
    fake: FakeLnbits,
    token: String,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        app.clock.set_ms(SystemClock.now_ms());
        let (fake, token) = (FakeLnbits::start().await, app.user(1).await.token);
        let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let address = metrics.to_string();
        let settings = fake.settings();
        let mut settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        settings.push(("POSTFUN_METRICS_LISTEN", &address));
        let server = app.serve(&settings).await;
        Self { server, metrics, fake, token }
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = [format!("authorization: Bearer {}", self.token)];
        ask(self.server.address, &request(method, path, &headers, body)).await.unwrap()
    }

    async fn fund(&self, sats: u64) {
        let body = json!({"amount_sats": sats}).to_string();
        let invoice = self.ask("POST", "/api/lightning/deposit", &body).await.ok(201);
        self.fake.receive(&invoice.string("payment_hash"));
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(self.ask("GET", &path, "").await.ok(200).string("status"), "paid");
    }

    async fn withdraw(&self, order: Order) -> Answer {
        let (bolt11, _hash) = self.fake.foreign_invoice(100, 3_600, &[order]);
        let body = json!({"bolt11": bolt11, "amount_sats": 100}).to_string();
        self.ask("POST", "/api/lightning/withdraw", &body).await
    }

    /// Waits until a line of the measurements says a number that is right.
    async fn sees(&self, name: &str, is_right: impl Fn(f64) -> bool) {
        let begin = Instant::now();
        loop {
            let (status, text) = plain_http::call(self.metrics, "GET", "metrics", &[], "").await.unwrap();
            assert_eq!(status, 200);
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
            if line.is_some_and(&is_right) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{name} is {line:?} in\n{text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
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
            ("postfun_lightning_credits_total", 1.0),
            ("postfun_lightning_withdrawals_total{status=\"confirmed\"}", 1.0),
            ("postfun_lightning_withdrawals_total{status=\"failed\",cause=\"payment_failed\"}", 1.0),
            ("postfun_lightning_fee_losses_total", 1.0),
            ("postfun_lightning_unknown_total", 1.0),
            ("postfun_lightning_holds{step=\"unknown\"}", 1.0),
            ("postfun_lightning_holds{step=\"reserved\"}", 0.0),
        ] {
            scene.sees(name, |value| (value - expected).abs() < 0.5).await;
        }
        scene.sees("postfun_lightning_hold_age_seconds_max{step=\"unknown\"}", |age| (1.0..3_600.0).contains(&age)).await;
        scene.server.signal("TERM").await;
        assert_eq!(scene.server.wait().await.0, Some(0));
    }
}
