//! Proofs that are too old, challenges that are over.

use postfun_server::signin::ATTEMPTS_MAX;
use postfun_tests::link::privy_proof;
use postfun_tests::{Signer, TestApp, on_both_engines, privy};

on_both_engines! {
    async fn event_is_fresh_for_five_minutes(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let made = |signer: &Signer, age_s: u64| {
            signer.proof(&challenge, app.now_s(), |event| event.created_at -= age_s)
        };
        user.link(&challenge, made(&new, 301), made(&user.signer, 0)).await.refused(400, "proof_stale");
        user.link(&challenge, made(&new, 0), made(&user.signer, 301)).await.refused(400, "proof_stale");
        let future = new.proof(&challenge, app.now_s(), |event| event.created_at += 301);
        user.link(&challenge, future, made(&user.signer, 0)).await.refused(400, "created_at_out_of_range");
        let _linked = user.link(&challenge, made(&new, 300), made(&user.signer, 300)).await.ok(201);
    }

    async fn event_is_fresh_for_five_minutes_whatever_clocks_may_differ(app: TestApp) {
        let app = Box::pin(app.reconfigured(|settings| settings.login.clock_skew_s = 3_600)).await;
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let [key, own] = [(&new, 301), (&user.signer, 0)]
            .map(|(signer, age_s)| signer.proof(&challenge, app.now_s(), |event| event.created_at -= age_s));
        user.link(&challenge, key, own).await.refused(400, "proof_stale");
    }

    async fn token_is_fresh_for_five_minutes(app: TestApp) {
        let app = app.with_privy().await;
        let user = app.user(1).await;
        // The tokens were made a minute before.
        app.clock.advance_ms(241_000);
        let challenge = user.key_challenge("link", "privy", &privy::did(0)).await;
        let own = user.signer.proof(&challenge, app.now_s(), |_| {});
        user.link(&challenge, privy_proof(0), own).await.refused(400, "proof_stale");
        app.clock.advance_ms(-1_000);
        let own = user.signer.proof(&challenge, app.now_s(), |_| {});
        let _linked = user.link(&challenge, privy_proof(0), own).await.ok(201);
        app.clock.advance_ms(1_000);
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let key = new.proof(&challenge, app.now_s(), |_| {});
        user.link(&challenge, key, privy_proof(0)).await.refused(400, "proof_stale");
    }

    async fn challenge_lives_for_five_minutes(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let answer = user.ask_about_key("link", "nostr", &new.pubkey()).await.ok(201);
        assert_eq!((answer.raw("ttl_seconds"), answer.string("expires_at")), ("300".to_owned(),
                   "2026-01-01T00:05:00.000000Z".to_owned()));
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        app.clock.advance_ms(300_000);
        let [key, own] = [&new, &user.signer].map(|signer| signer.proof(&challenge, app.now_s(), |_| {}));
        user.link(&challenge, key, own).await.refused(400, "challenge_expired");
    }

    async fn challenge_bears_ten_wrong_proofs(app: TestApp) {
        let app = app.with_privy().await;
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let good = |signer: &Signer| signer.proof(&challenge, app.now_s(), |_| {});
        let expired = privy::tokens()["access"].as_array().unwrap().iter()
            .find(|case| case["verdict"] == "expired").unwrap()["token"].clone();
        let wrong = [
            (privy_proof(5), "key_not_bound"),
            (serde_json::json!({"privy_token": "x"}), "invalid_privy_token"),
            (serde_json::json!({"privy_token": expired}), "privy_token_expired"),
            (new.proof(&challenge, app.now_s() - 400, |_| {}), "proof_stale"),
            (new.proof(&challenge, app.now_s(), |event| "{}".clone_into(&mut event.content)), "content_malformed"),
        ];
        for attempt in 0..ATTEMPTS_MAX {
            let (proof, code) = &wrong[usize::try_from(attempt).unwrap() % wrong.len()];
            user.link(&challenge, proof.clone(), good(&user.signer)).await.refused(400, code);
        }
        let exhausted = user.link(&challenge, good(&new), good(&user.signer)).await;
        exhausted.refused(400, "challenge_attempts_exceeded");
        assert_eq!(app.count_rows("identities").await, 1);
    }

    async fn sweep_forgets_challenges_about_keys_too(app: TestApp) {
        let user = app.user(1).await;
        let _challenge = user.key_challenge("link", "nostr", &Signer::numbered(2).pubkey()).await;
        assert_eq!(app.count_rows("challenges WHERE purpose = 'link' AND data IS NOT NULL").await, 1);
        app.clock.advance_ms(48 * 60 * 60 * 1_000);
        app.run_sweeps().await;
        assert_eq!(app.count_rows("challenges").await, 0);
    }
}
