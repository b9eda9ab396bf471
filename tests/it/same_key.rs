//! One idempotency key used at the same moment by many: one effect, and everybody hears the same.

use postfun_tests::app::TestApp;
use postfun_tests::on_both_engines;
use postfun_tests::story::SEED_POOL;

/// Sends the same request from many tasks at once, half of them to a second server on the same database.
async fn at_once(app: &TestApp, token: &str, path: &'static str, bodies: Vec<String>) -> Vec<(u16, String)> {
    let other = app.reconfigured(|_| {}).await;
    let tasks: Vec<_> = bodies
        .into_iter()
        .zip([app, &other].into_iter().cycle())
        .map(|(body, server)| {
            let client = server.stranger().with_token(token);
            tokio::spawn(async move {
                let answer = client.post_once("one-key", path, body).await;
                (answer.status, answer.text)
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

on_both_engines! {
    async fn an_airdrop_is_given_once(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let body = format!(r#"{{"target_user_id":{},"symbol":"PFUN","amount":7}}"#, user.id);
        let answers = at_once(&app, &admin.token, "/api/amm/airdrop", vec![body; 12]).await;
        assert!(answers.iter().all(|(status, text)| *status == 201 && *text == answers[0].1), "{answers:?}");
        assert_eq!(user.balance_units("PFUN").await, 7_000_000);
    }

    async fn a_pool_is_made_once(app: TestApp) {
        let admin = app.admin().await;
        let answers = at_once(&app, &admin.token, "/api/amm/pools", vec![SEED_POOL.to_owned(); 8]).await;
        assert!(answers.iter().all(|(status, text)| *status == 201 && *text == answers[0].1), "{answers:?}");
        assert_eq!(app.app.pools.list(0, 500).await.unwrap().len(), 1);
    }

    async fn a_key_serves_one_of_two_pools(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let pools = [admin.seed_pool().await, admin.seed_pool().await];
        admin.airdrop(&user, "gBTC", "10").await;
        let body = |pool: &String| format!(r#"{{"pool_id":{pool},"side":"AtoB","amount_in":1}}"#);
        let bodies = pools.iter().cycle().take(12).map(body).collect();
        let answers = at_once(&app, &user.token, "/api/amm/swap", bodies).await;
        let done: Vec<_> = answers.iter().filter(|(status, _)| *status == 201).collect();
        assert!(answers.iter().all(|(status, _)| matches!(status, 201 | 422)), "{answers:?}");
        assert_eq!(done.len(), 6, "every repeat in the pool that was first");
        assert!(done.iter().all(|(_, text)| *text == done[0].1));
        assert_eq!(user.balance_units("gBTC").await, 900_000_000);
    }
}
