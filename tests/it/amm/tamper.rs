//! What the audit says when somebody gets past the triggers.

use postfun_server::audit;
use postfun_tests::{Engine, TestApp, on_both_engines};

async fn findings(app: &TestApp) -> String {
    audit::run(&app.app.db).await.unwrap().to_string()
}

/// Runs statements behind the server's back, the first of them only where triggers are named as on that engine.
async fn tamper(app: &TestApp, statements: &[&'static str]) {
    for statement in statements {
        app.try_statement(statement).await.unwrap();
    }
}

on_both_engines! {
    async fn a_trade_that_was_changed_is_found(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let _pool = admin.seed_pool().await;
        admin.airdrop(&user, "gBTC", "5").await;
        let _swapped = user.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#).await.ok(201);
        assert!(findings(&app).await.ends_with("clean"));
        let unlock = match app.engine {
            Engine::Sqlite => "DROP TRIGGER trades_no_update",
            Engine::Postgres => "DROP TRIGGER trades_append_only ON trades",
        };
        tamper(&app, &[unlock, "UPDATE trades SET amount_out = amount_out + 1"]).await;
        let said = findings(&app).await;
        assert!(said.contains("trade differs from its event: pool 1 at event 2"), "{said}");
        assert!(said.contains("pool's trades do not match what moved"), "{said}");
        tamper(&app, &["UPDATE trades SET amount_out = amount_out - 1, user_id = (SELECT id FROM users WHERE number = 1)"]).await;
        let said = findings(&app).await;
        assert!(said.contains("pool's trades do not match what moved"), "another user's trade: {said}");
        tamper(&app, &["UPDATE trades SET user_id = (SELECT id FROM users WHERE number = 2), burned = 1"]).await;
        let said = findings(&app).await;
        assert!(said.contains("pool's trades differ from their burns"), "{said}");
        tamper(&app, &["UPDATE trades SET burned = 0"]).await;
    }

    async fn a_balance_that_was_changed_is_found(app: TestApp) {
        let _pool = app.admin().await.seed_pool().await;
        tamper(&app, &["UPDATE accounts SET available = available + 1 WHERE owner_kind = 'pool' AND purpose = 'fees' AND asset_id = 1"]).await;
        let said = findings(&app).await;
        assert!(said.contains("account differs from its entries"), "{said}");
        assert!(said.contains("fees in token A differ from their account"), "{said}");
        tamper(&app, &["UPDATE accounts SET available = available - 1 WHERE owner_kind = 'pool' AND purpose = 'fees' AND asset_id = 1"]).await;
    }

    async fn a_misspelt_condition_is_not_skipped(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let _pool = admin.seed_pool().await;
        admin.airdrop(&user, "gBTC", "5").await;
        let body = r#"{"pool_id":1,"side":"AtoB","amount_in":1,"min_amout_out":99999999}"#;
        user.post("/api/amm/swap", body).await.refused(400, "invalid_field");
        assert_eq!(user.balance_units("gBTC").await, 500_000_000);
    }
}
