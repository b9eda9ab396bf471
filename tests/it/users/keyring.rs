//! Privy's published keys: fetched, kept, fetched again.

use postfun_tests::stub::{Reply, Stub};
use postfun_tests::{TestApp, on_both_engines, privy};

const MINUTE_MS: i64 = 60_000;

/// A server that has no key of its own, and a Privy that answers as told.
async fn by_key_set(app: &TestApp, replies: &[Reply]) -> (TestApp, Stub) {
    let stub = Stub::start(replies, &[]).await;
    let mut config = privy::config();
    config.api_url = format!("http://{}/", stub.address).parse().unwrap();
    config.verification_key = None;
    (Box::pin(app.reconfigured(|settings| settings.privy = Some(config))).await, stub)
}

fn key_set() -> Reply {
    Reply::Say(200, privy::tokens()["jwks"].to_string())
}

/// The token of a case.
fn case(name: &str) -> &'static str {
    let cases = privy::tokens()["by_key_set"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"].as_str() == Some(name)).unwrap();
    case["token"].as_str().unwrap()
}

on_both_engines! {
    async fn each_token_counts_by_the_key_it_names(app: TestApp) {
        let (app, stub) = by_key_set(&app, &[key_set()]).await;
        for case in privy::tokens()["by_key_set"].as_array().unwrap() {
            let answer = app.log_in(case["token"].as_str().unwrap()).await;
            if case["verdict"] == "ok" {
                assert_eq!(answer.status, 200, "{}: {}", case["name"], answer.text);
            } else {
                answer.refused_in_account(401, "invalid_privy_token", "Unauthorized");
            }
        }
        assert_eq!(stub.heard().len(), 1, "one set serves all");
        assert_eq!(stub.heard()[0].target, "/v1/apps/cmtestapp000000000000000/jwks.json");
    }

    async fn unknown_keys_are_looked_for_every_ten_minutes(app: TestApp) {
        let (app, stub) = by_key_set(&app, &[key_set()]).await;
        let unknown = case("by a key that is not in the set");
        for (after_ms, fetched) in [(0, 1), (0, 1), (10 * MINUTE_MS - 1, 1), (1, 2), (0, 2)] {
            app.clock.advance_ms(after_ms);
            app.log_in(unknown).await.refused_in_account(401, "invalid_privy_token", "Unauthorized");
            assert_eq!(stub.heard().len(), fetched, "{after_ms}");
        }
    }

    async fn set_is_good_for_an_hour(app: TestApp) {
        let (app, stub) = by_key_set(&app, &[key_set(), Reply::Close]).await;
        let _fetched = app.log_in(privy::token(0)).await.ok(200);
        app.clock.advance_ms(50 * MINUTE_MS);
        let _kept = app.log_in(privy::token(0)).await.ok(200);
        app.clock.advance_ms(10 * MINUTE_MS);
        // The token has ended by now too, but nothing is said about it without a key.
        let answer = app.log_in(privy::token(0)).await;
        answer.refused_in_account(503, "privy_unreachable", "Service Unavailable");
        assert_eq!(stub.heard().len(), 2);
        let _left_alone = app.log_in(privy::token(0)).await.ok(503);
        assert_eq!(stub.heard().len(), 2, "Privy is left alone for five seconds");
    }

    async fn many_logins_at_once_fetch_once(app: TestApp) {
        let (app, stub) = by_key_set(&app, &[key_set()]).await;
        let answers = futures_util::future::join_all((0..12).map(|n| app.log_in(privy::token(n)))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(stub.heard().len(), 1);
    }
}
