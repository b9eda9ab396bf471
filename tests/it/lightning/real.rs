//! The whole service against a real LNbits: a wallet of ours, and one of somebody else's in the same LNbits.

use futures_util::future::join_all;
use postfun_core::bolt11::{Draft, Network};
use postfun_core::signature::schnorr::SecretKey;
use postfun_server::app::StartError;
use postfun_server::clock::{Clock, SystemClock};
use postfun_server::config::BackendConfig;
use postfun_server::lightning::reconcile;
use postfun_tests::lnbits::{LnbitsServer, LnbitsWallet};
use postfun_tests::{TestApp, User, on_both_engines};
use serde_json::json;

use super::{balance, deposit, withdraw, withdrawal};

/// What our wallet holds before anything happens.
const OPENING_SATS: u64 = 500;

/// A server whose sats are at LNbits, somebody without sats, and somebody elsewhere who has plenty.
pub(crate) struct Place {
    pub(crate) app: TestApp,
    pub(crate) user: User,
    pub(crate) ours: LnbitsWallet,
    pub(crate) theirs: LnbitsWallet,
}

impl Place {
    async fn new(app: &TestApp) -> Self {
        Self::at(LnbitsServer::shared().await, app).await
    }

    pub(crate) async fn at(server: &LnbitsServer, app: &TestApp) -> Self {
        // LNbits looks at its own clock.
        app.clock.set_ms(SystemClock.now_ms());
        let (ours, theirs) = (server.wallet(OPENING_SATS).await, server.wallet(100_000).await);
        let app = again(app, &ours).await;
        let user = app.user(1).await;
        Self { app, user, ours, theirs }
    }

    /// Gives somebody sats: the other wallet pays their invoice.
    pub(crate) async fn fund(&self, user: &User, sats: u64) {
        let invoice = deposit(user, sats).await;
        self.theirs.pay(&invoice.string("payment_request")).await;
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(user.get(&path).await.ok(200).string("status"), "paid");
    }

    /// Nothing is in flight, and LNbits holds what the books say.
    pub(crate) async fn assert_wallet_covers(&self) {
        let backend = self.app.app.lightning.backend().expect("LNbits is configured");
        let found =
            reconcile(&self.app.app.db, backend).await.expect("LNbits answers").expect("there were invoices");
        assert_eq!((found.surplus_msat(), found.in_flight), (0, 0), "{found}");
        assert_eq!(found.opening_msat, OPENING_SATS * 1_000);
    }
}

/// One more server on the same database and the same wallet, as after a restart.
async fn again(app: &TestApp, wallet: &LnbitsWallet) -> TestApp {
    try_again(app, wallet).await.expect("the server starts")
}

async fn try_again(app: &TestApp, wallet: &LnbitsWallet) -> Result<TestApp, StartError> {
    app.try_reconfigured(|config| {
        config.lightning.backend = BackendConfig::Lnbits(wallet.config());
        config.lightning.network = LnbitsServer::NETWORK;
    })
    .await
}

/// A good invoice of a node that LNbits' node has no way to; one for each wallet.
fn unreachable_invoice(wallet: &LnbitsWallet, sats: u64) -> String {
    let draft = Draft {
        network: Network::Mainnet,
        amount_msat: Some(sats * 1_000),
        timestamp_s: u64::try_from(SystemClock.now_ms() / 1_000).unwrap(),
        expires_in_s: 3_600,
        payment_hash: *wallet.id.as_bytes().first_chunk().unwrap(),
        payment_secret: [5; 32],
        description: "nobody home",
    };
    draft.sign(&SecretKey::from_bytes(&[0xaa; 32]).unwrap()).unwrap()
}

on_both_engines! {
    async fn real_deposit_is_credited_once_whoever_notices(app: TestApp) {
        let place = Place::new(&app).await;
        let invoice = deposit(&place.user, 1_234).await;
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(place.user.get(&path).await.ok(200).string("status"), "pending");
        place.theirs.pay(&invoice.string("payment_request")).await;
        // A restart, a doubled webhook, two pollers and many polls, all at once.
        let restarted = again(&app, &place.ours).await;
        let hint = json!({"payment_hash": invoice.string("payment_hash")}).to_string();
        for _twice in 0..2 {
            let _ok = restarted.stranger().post("/api/lightning/webhook", json!(hint).to_string()).await.ok(200);
        }
        let pollers = join_all([place.app.app.lightning.poll(), restarted.app.lightning.poll()]);
        let (rounds, polls) =
            futures_util::future::join(pollers, join_all((0..10).map(|_| place.user.get(&path)))).await;
        assert!(rounds.iter().all(Result::is_ok) && polls.iter().all(|answer| answer.status == 200));
        assert_eq!(place.user.get(&path).await.ok(200).string("status"), "paid");
        assert_eq!(balance(&place.user).await, (1_234_000, 0));
        place.assert_wallet_covers().await;
    }

    async fn real_withdrawal_is_paid_once_and_costs_what_lnbits_took(app: TestApp) {
        let place = Place::new(&app).await;
        place.fund(&place.user, 10_000).await;
        let bolt11 = place.theirs.invoice(4_000).await;
        let answers = join_all((0..4).map(|_| withdraw(&place.user, &bolt11, 4_000))).await;
        let id = answers[0].string("id");
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.string("id") == id));
        let paid = withdrawal(&place.user, &id).await;
        assert_eq!(paid.string("status"), "confirmed", "{}", paid.text);
        let fee_msat: u64 = paid.string("fee_msat").parse().unwrap();
        assert_eq!(balance(&place.user).await, (6_000_000 - fee_msat, 0));
        place.assert_wallet_covers().await;
    }

    async fn real_refusal_gives_everything_back(app: TestApp) {
        let place = Place::new(&app).await;
        place.fund(&place.user, 10_000).await;
        let answer = withdraw(&place.user, &unreachable_invoice(&place.ours, 4_000), 4_000).await;
        answer.refused(502, "withdraw_failed");
        assert_eq!(balance(&place.user).await, (10_000_000, 0));
        place.assert_wallet_covers().await;
    }

    async fn real_reserve_above_the_cap_moves_nothing(app: TestApp) {
        let place = Place::new(&app).await;
        place.fund(&place.user, 10_000).await;
        let strict = place.app.reconfigured(|config| {
            config.lightning.backend = BackendConfig::Lnbits(place.ours.config());
            config.lightning.network = LnbitsServer::NETWORK;
            config.lightning.limits.fee_sats_max = Some(0);
        });
        let user = strict.await.user(1).await;
        let bolt11 = place.theirs.invoice(4_000).await;
        withdraw(&user, &bolt11, 4_000).await.refused(400, "fee_over_cap");
        assert_eq!(balance(&user).await, (10_000_000, 0));
        place.assert_wallet_covers().await;
    }

    async fn real_second_payment_of_an_invoice_settled_inside_is_in_suspense(app: TestApp) {
        let place = Place::new(&app).await;
        let payee = place.app.user(2).await;
        place.fund(&place.user, 2_000).await;
        let invoice = deposit(&payee, 1_000).await;
        let bolt11 = invoice.string("payment_request");
        let inside = withdraw(&place.user, &bolt11, 1_000).await.ok(201);
        assert_eq!(inside.raw("settled_inside"), "true");
        place.theirs.pay(&bolt11).await;
        let hint = json!({"payment_hash": invoice.string("payment_hash")}).to_string();
        let _ok = place.app.stranger().post("/api/lightning/webhook", hint).await.ok(200);
        place.app.app.lightning.poll().await.unwrap();
        assert_eq!(place.app.suspense_msat().await, 1_000_000);
        assert_eq!((balance(&place.user).await, balance(&payee).await), ((1_000_000, 0), (1_000_000, 0)));
        place.assert_wallet_covers().await;
    }

    async fn real_wallet_may_have_new_keys_but_be_no_other_while_anybody_holds_sats(app: TestApp) {
        let place = Place::new(&app).await;
        place.fund(&place.user, 2_000).await;
        let ours = place.ours.with_new_keys().await;
        let rotated = again(&app, &ours).await;
        let user = rotated.user(1).await;
        let paid = withdraw(&user, &place.theirs.invoice(500).await, 500).await.ok(201);
        assert_eq!(paid.string("status"), "confirmed", "{}", paid.text);
        let refused = try_again(&app, &place.theirs).await.expect_err("it must not start").to_string();
        assert!(refused.contains(&place.ours.id) && refused.contains(&place.theirs.id), "{refused}");
        assert!(refused.contains("configure keys of the old wallet again"), "{refused}");
        // Invoices in one wallet, payments from another: LNbits names the wallet of both keys.
        let mixed = LnbitsWallet { admin_key: ours.admin_key.clone(), ..place.theirs.clone() };
        let mixed = again(&app, &mixed).await;
        let body = json!({"amount_sats": 5}).to_string();
        mixed.user(1).await.post("/api/lightning/deposit", body).await.refused(502, "lnbits_error");
        // Once everybody is paid out, another wallet may come.
        let left_msat = balance(&user).await.0;
        let sats = left_msat / 1_000 - 20;
        let paid = withdraw(&user, &place.theirs.invoice(sats).await, sats).await.ok(201);
        assert_eq!(paid.string("status"), "confirmed", "{}", paid.text);
        assert!(try_again(&app, &place.theirs).await.is_err(), "twenty sats are left");
    }
}
