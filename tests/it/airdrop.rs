//! Airdrops: what an admin may make from nothing, and what nobody may.

use postfun_tests::{Signer, TestApp, User, on_both_engines};
use serde_json::{Value, json};

const AIRDROP: &str = "/api/amm/airdrop";

async fn people(app: &TestApp) -> (User, User) {
    (app.admin().await, app.user(1).await)
}

on_both_engines! {
    async fn airdrop_reaches_a_user_by_every_name(app: TestApp) {
        let (admin, user) = people(&app).await;
        let names = [
            json!({"target_user_id": user.id, "symbol": "gBTC"}),
            json!({"target_pubkey": user.signer.pubkey(), "token_id": 1}),
            json!({"target_npub": user.signer.npub(), "symbol": "gBTC"}),
        ];
        for (turn, mut body) in (1..).zip(names) {
            body["amount"] = json!("0.00000001");
            let answer = admin.post(AIRDROP, body.to_string()).await.ok(201);
            assert_eq!(answer.units("balance_units"), turn);
            assert_eq!((answer.raw("amount"), answer.units("amount_units")), ("0.00000001".to_owned(), 1));
            assert_eq!((answer.raw("token_id"), answer.string("symbol")), ("1".to_owned(), "gBTC".to_owned()));
            assert_eq!(answer.raw("user_id"), user.id.to_string());
        }
        assert_eq!(user.balance_units("gBTC").await, 3);
    }

    async fn only_admins_airdrop(app: TestApp) {
        let (_, user) = people(&app).await;
        let body = json!({"target_user_id": user.id, "symbol": "gBTC", "amount": 1}).to_string();
        let before = app.row_counts().await;
        app.stranger().post(AIRDROP, body.clone()).await.refused(401, "missing_bearer_token");
        user.post(AIRDROP, body).await.refused(403, "forbidden");
        assert_eq!(app.row_counts().await, before);
    }

    async fn nothing_withdrawable_is_made_from_nothing(app: TestApp) {
        let (admin, user) = people(&app).await;
        let before = app.row_counts().await;
        for symbol in ["BTC", "BAN", "USDT", "SOL"] {
            let body = json!({"target_user_id": user.id, "symbol": symbol, "amount": 1}).to_string();
            admin.post(AIRDROP, body).await.refused(400, "asset_not_issuable");
        }
        assert_eq!(app.row_counts().await, before);
    }

    async fn impossible_airdrop_is_refused_and_leaves_nothing(app: TestApp) {
        let (admin, user) = people(&app).await;
        let unknown = Signer::numbered(99);
        let before = app.row_counts().await;
        let to_user = |changes: Value| {
            let mut body = json!({"target_user_id": user.id, "symbol": "gBTC", "amount": 1});
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        for (body, statuses) in [
            (json!({"symbol": "gBTC", "amount": 1}), [400, 400]),
            (to_user(json!({"target_user_id": 999})), [404, 404]),
            (to_user(json!({"target_user_id": -1})), [400, 404]),
            (to_user(json!({"target_user_id": null, "target_pubkey": unknown.pubkey()})), [404, 404]),
            (to_user(json!({"target_user_id": null, "target_npub": "npub1nonsense"})), [400, 404]),
            (to_user(json!({"target_user_id": null, "target_pubkey": "zz"})), [400, 404]),
            (to_user(json!({"symbol": "NOPE"})), [404, 404]),
            (to_user(json!({"symbol": null, "token_id": 999})), [404, 404]),
            (to_user(json!({"symbol": null})), [400, 400]),
            (to_user(json!({"amount": 0})), [400, 400]),
            (to_user(json!({"amount": -5})), [400, 400]),
            (to_user(json!({"amount": "0.000000001"})), [400, 400]),
            (to_user(json!({"amount": "1e30"})), [400, 400]),
            (to_user(json!({"amount": null})), [400, 400]),
        ] {
            let answer = admin.post(AIRDROP, body.to_string()).await;
            assert!(statuses.contains(&answer.status), "{body}: {} {}", answer.status, answer.text);
            answer.refused(answer.status, answer.json()["code"].as_str().unwrap());
        }
        assert_eq!(app.row_counts().await, before);
    }

    async fn balance_cannot_outgrow_an_amount(app: TestApp) {
        let (admin, user) = people(&app).await;
        let most = json!({"target_user_id": user.id, "symbol": "gBTC", "amount": "92233720368.54775807"}).to_string();
        let _most = admin.post(AIRDROP, most).await.ok(201);
        let one_more = json!({"target_user_id": user.id, "symbol": "gBTC", "amount": "0.00000001"}).to_string();
        let answer = admin.post(AIRDROP, one_more).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert_eq!(user.balance_units("gBTC").await, u64::try_from(i64::MAX).unwrap());
    }

    async fn every_airdrop_is_on_record(app: TestApp) {
        let (admin, user) = people(&app).await;
        let before = app.row_counts().await;
        admin.airdrop(&user, "gUSD", "5").await;
        let after = app.row_counts().await;
        for (table, rows) in [("admin_audit", 1), ("postings", 1), ("entries", 2)] {
            assert_eq!(after[table] - before[table], rows, "{table}");
        }
    }
}
