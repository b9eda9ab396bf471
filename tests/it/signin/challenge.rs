//! Challenges: their shape, whom they are for, how often they bear a wrong proof.

use postfun_tests::signer::Challenge;
use postfun_tests::{Signer, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    async fn challenge_has_the_seeds_shape(app: TestApp) {
        let answer = app.stranger().post("/auth/challenge", "").await.ok(201);
        let body = answer.json();
        assert_eq!(body["ttl_seconds"], 600);
        assert_eq!(body["expires_at"], "2026-01-01T00:10:00.000000Z");
        assert_eq!(body["domain"], "postfun");
        assert_eq!(body["accepted_kinds"], json!([22242, 27235, 1]));
        let challenge = body["challenge"].as_str().unwrap();
        assert!(challenge.len() == 43 && challenge.chars().all(is_base64url), "{challenge}");
        let id = body["challenge_id"].as_str().unwrap();
        assert!(id.len() == 36 && &id[14..15] == "4", "not a random UUID: {id}");
    }

    async fn body_of_a_challenge_is_optional(app: TestApp) {
        let stranger = app.stranger();
        for body in ["", "{}", r#"{"pubkey":null}"#, r#"{"future":"field"}"#] {
            let _challenge = stranger.post("/auth/challenge", body).await.ok(201);
        }
        stranger.post("/auth/challenge", "{").await.refused(400, "invalid_json");
        stranger.post("/auth/challenge", "[]").await.refused(400, "invalid_json");
    }

    async fn challenges_never_repeat(app: TestApp) {
        let (first, second) = (app.challenge().await, app.challenge().await);
        assert_ne!(first.id, second.id);
        assert_ne!(first.text, second.text);
    }

    async fn malformed_key_gets_no_challenge(app: TestApp) {
        let (one, two) = (Signer::numbered(1), Signer::numbered(2));
        let (hex, npub) = (one.pubkey(), one.npub());
        let bodies = [
            json!({"pubkey": ""}),
            json!({"pubkey": &hex[1..]}),
            json!({"pubkey": format!("{}zz", &hex[2..])}),
            json!({"pubkey": npub}),
            json!({"npub": hex}),
            json!({"npub": npub.replace("npub1", "nsec1")}),
            json!({"npub": &npub[..npub.len() - 1]}),
            json!({"pubkey": hex, "npub": two.npub()}),
        ];
        for body in bodies {
            app.stranger().post("/auth/challenge", body.to_string()).await.refused(400, "invalid_pubkey");
        }
    }

    async fn bound_challenge_is_for_its_key_alone(app: TestApp) {
        let (owner, thief) = (Signer::numbered(1), Signer::numbered(2));
        let bindings = [
            json!({"pubkey": owner.pubkey()}),
            json!({"npub": owner.npub()}),
            json!({"pubkey": owner.pubkey().to_uppercase()}),
            json!({"pubkey": owner.pubkey(), "npub": owner.npub()}),
        ];
        for body in bindings {
            let challenge = Challenge::read(&app.stranger().post("/auth/challenge", body.to_string()).await.ok(201));
            let stolen = thief.login(&challenge, app.now_s(), |_| {});
            app.stranger().post("/auth/verify", stolen).await.refused(400, "key_not_bound");
            let own = owner.login(&challenge, app.now_s(), |_| {});
            let _signed_in = app.stranger().post("/auth/verify", own).await.ok(200);
        }
    }

    async fn stranger_cannot_burn_a_challenge(app: TestApp) {
        let (owner, stranger) = (Signer::numbered(1), Signer::numbered(2));
        let challenge = app.challenge().await;
        // The owner's key in an event that the stranger signed: the id is right, the signature is not.
        let mut event = owner.unsigned_login(&challenge, app.now_s());
        event.pubkey = stranger.public_key();
        let forged = stranger.sign(event).to_json().replace(&stranger.pubkey(), &owner.pubkey());
        app.stranger().post("/auth/verify", format!(r#"{{"event":{forged}}}"#)).await.refused(400, "id_mismatch");
        let own = owner.login(&challenge, app.now_s(), |_| {});
        let _signed_in = app.stranger().post("/auth/verify", own).await.ok(200);
    }

    async fn challenge_bears_ten_wrong_proofs(app: TestApp) {
        let signer = Signer::numbered(1);
        let challenge = app.challenge().await;
        let wrong = signer.login(&challenge, app.now_s(), |event| event.kind = 4);
        for _attempt in 0..10 {
            app.stranger().post("/auth/verify", wrong.clone()).await.refused(400, "kind_not_allowed");
        }
        let right = signer.login(&challenge, app.now_s(), |_| {});
        let answer = app.stranger().post("/auth/verify", right).await;
        answer.refused(400, "challenge_attempts_exceeded");
    }

    async fn challenge_is_used_once(app: TestApp) {
        let challenge = app.challenge().await;
        let body = Signer::numbered(1).login(&challenge, app.now_s(), |_| {});
        let _signed_in = app.stranger().post("/auth/verify", body.clone()).await.ok(200);
        app.stranger().post("/auth/verify", body).await.refused(400, "challenge_already_used");
        let of_another = Signer::numbered(2).login(&challenge, app.now_s(), |_| {});
        app.stranger().post("/auth/verify", of_another).await.refused(400, "challenge_already_used");
    }
}

fn is_base64url(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}
