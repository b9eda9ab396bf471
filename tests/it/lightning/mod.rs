//! Sats over Lightning: nothing is lost, nothing is paid twice.

mod decide;
mod demo;
mod deposit;
mod difference;
mod inside;
mod late;
mod metrics;
pub(crate) mod real;
mod refusal;
mod unknown;
mod wallet;
mod withdraw;

use postfun_tests::{Answer, Node, TestApp, User};
use serde_json::json;

/// A server with a node, and somebody who has no sats yet.
struct Scene {
    app: TestApp,
    node: Node,
    user: User,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        Self::with(app, |_| {}).await
    }

    async fn with(app: &TestApp, change: impl FnOnce(&mut postfun_server::config::LightningLimits)) -> Self {
        let node = Node::new(app.clock.clone());
        let app = app.with_node(&node, |config| change(&mut config.lightning.limits)).await;
        let user = app.user(1).await;
        Self { app, node, user }
    }

    /// Looks at whatever is due a little later.
    async fn poll_after_s(&self, seconds: i64) {
        self.app.clock.advance_ms(seconds * 1_000);
        self.app.app.lightning.poll().await.expect("the rows can be read");
    }
}

/// Asks for an invoice.
pub(crate) async fn deposit(user: &User, amount_sats: u64) -> Answer {
    user.post("/api/lightning/deposit", json!({"amount_sats": amount_sats}).to_string()).await.ok(201)
}

/// Gives somebody sats, as they really come: by an invoice that is paid.
async fn fund(scene: &Scene, user: &User, amount_sats: u64) {
    let invoice = deposit(user, amount_sats).await;
    scene.node.receive(&invoice.string("payment_hash"));
    let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
    assert_eq!(user.get(&path).await.ok(200).string("status"), "paid");
}

pub(crate) async fn withdraw(user: &User, bolt11: &str, amount_sats: u64) -> Answer {
    let body = json!({"bolt11": bolt11, "amount_sats": amount_sats}).to_string();
    user.post("/api/lightning/withdraw", body).await
}

pub(crate) async fn withdrawal(user: &User, id: &str) -> Answer {
    user.get(&format!("/api/lightning/withdrawals/{id}")).await.ok(200)
}

/// What somebody can spend and what is set aside for them, in msat.
pub(crate) async fn balance(user: &User) -> (u64, u64) {
    let answer = user.get("/api/lightning/balance").await.ok(200);
    let msat = |key| answer.string(key).parse().expect("msat are digits");
    (msat("balance_msat"), msat("held_msat"))
}
