//! Challenges, proofs and tokens at the edges of their lives.

use postfun_core::nostr::UnsignedEvent;
use postfun_tests::{Signer, TestApp, on_both_engines};
use serde_json::{Value, json};

/// Lives and skews of the settings that the tests use, in seconds.
const CHALLENGE_TTL_S: i64 = 600;
const SKEW_S: u64 = 300;
const TOKEN_TTL_S: i64 = 86_400;

fn set_expiry(event: &mut UnsignedEvent, exp: Value) {
    let mut content: Value = serde_json::from_str(&event.content).unwrap();
    content["exp"] = exp;
    event.content = content.to_string();
}

on_both_engines! {
    async fn challenge_expires_exactly_at_its_time(app: TestApp) {
        let signer = Signer::numbered(1);
        let (in_time, too_late) = (app.challenge().await, app.challenge().await);
        app.clock.advance_ms(CHALLENGE_TTL_S * 1_000 - 1);
        let body = signer.login(&in_time, app.now_s(), |_| {});
        let _signed_in = app.stranger().post("/auth/verify", body).await.ok(200);
        app.clock.advance_ms(1);
        let body = signer.login(&too_late, app.now_s(), |_| {});
        app.stranger().post("/auth/verify", body).await.refused(400, "challenge_expired");
    }

    async fn clocks_may_differ_by_the_skew_and_no_second_more(app: TestApp) {
        let now_s = app.now_s();
        for (created_at, passes) in [
            (now_s - SKEW_S, true),
            (now_s + SKEW_S, true),
            (now_s - SKEW_S - 1, false),
            (now_s + SKEW_S + 1, false),
            (0, false),
        ] {
            let challenge = app.challenge().await;
            let body = Signer::numbered(1).login(&challenge, now_s, |event| event.created_at = created_at);
            let answer = app.stranger().post("/auth/verify", body).await;
            if passes {
                assert_eq!(answer.status, 200, "{created_at}: {}", answer.text);
            } else {
                answer.refused(400, "created_at_out_of_range");
            }
        }
    }

    async fn own_expiry_of_a_proof_counts(app: TestApp) {
        let now_s = i64::try_from(app.now_s()).unwrap();
        let (past, future) = (now_s - 300, now_s + CHALLENGE_TTL_S + 300);
        let cases = [
            (json!(past), None),
            (json!(future), None),
            (Value::Null, None),
            (json!(past - 1), Some("login_expired")),
            (json!(-1), Some("login_expired")),
            (json!(future + 1), Some("expiry_too_far")),
            (json!(i64::MAX), Some("expiry_too_far")),
            (json!("soon"), Some("content_malformed")),
            (json!(1.5), Some("content_malformed")),
        ];
        for (exp, refusal) in cases {
            let challenge = app.challenge().await;
            let body = Signer::numbered(1).login(&challenge, app.now_s(), |event| set_expiry(event, exp.clone()));
            let answer = app.stranger().post("/auth/verify", body).await;
            match refusal {
                None => assert_eq!(answer.status, 200, "{exp}: {}", answer.text),
                Some(code) => answer.refused(400, code),
            }
        }
    }

    async fn token_ends_exactly_at_its_time(app: TestApp) {
        let user = app.user(1).await;
        app.clock.advance_ms(TOKEN_TTL_S * 1_000 - 1);
        let _still_known = user.get("/auth/me").await.ok(200);
        app.clock.advance_ms(1);
        user.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        let _the_session_lives_on = user.refresh(&user.refresh_token).await.ok(200);
    }

    async fn clock_that_steps_back_revives_nothing(app: TestApp) {
        let signer = Signer::numbered(1);
        let challenge = app.challenge().await;
        let body = signer.login(&challenge, app.now_s(), |_| {});
        let _signed_in = app.stranger().post("/auth/verify", body.clone()).await.ok(200);
        app.clock.advance_ms(-3_600_000);
        let again = signer.login(&challenge, app.now_s(), |_| {});
        app.stranger().post("/auth/verify", again).await.refused(400, "challenge_already_used");
        let _still_works = app.sign_in(&signer).await.ok(200);
    }
}
