//! What neither links nor unlinks a key: purposes, users and keys that are mixed up.

use postfun_core::nostr::login::KIND_NOTE;
use postfun_tests::link::{KeyChallenge, privy_proof};
use postfun_tests::signer::Challenge;
use postfun_tests::{Signer, TestApp, on_both_engines, privy};
use serde_json::json;

const IDENTITIES: &str = "/api/me/identities";

/// A challenge for signing in, as if it were about a key.
async fn login_challenge(app: &TestApp, like: &KeyChallenge) -> KeyChallenge {
    KeyChallenge { challenge: app.challenge().await, ..like.clone() }
}

on_both_engines! {
    async fn strangers_have_no_keys(app: TestApp) {
        let stranger = app.stranger();
        stranger.get(IDENTITIES).await.refused(401, "missing_bearer_token");
        for path in [IDENTITIES, "/api/me/identities/challenge", "/api/me/identities/unlink"] {
            stranger.post(path, "{}").await.refused(401, "missing_bearer_token");
        }
    }

    async fn challenge_for_signing_in_links_nothing_and_the_reverse(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let link = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let login = login_challenge(&app, &link).await;
        let [key, own] = [&new, &user.signer].map(|signer| signer.proof(&login, app.now_s(), |_| {}));
        user.link(&login, key, own).await.refused(404, "challenge_not_found");
        // The event of a link at the door, and the challenge of a link in the event of a sign-in.
        let event = user.signer.proof(&link, app.now_s(), |_| {});
        app.stranger().post("/auth/verify", event.to_string()).await.refused(404, "challenge_not_found");
        let Challenge { id, text, domain } = link.challenge.clone();
        let body = user.signer.login(&Challenge { id, text, domain }, app.now_s(), |_| {});
        app.stranger().post("/auth/verify", body).await.refused(404, "challenge_not_found");
        let event = user.signer.proof(&login, app.now_s(), |_| {});
        app.stranger().post("/auth/verify", event.to_string()).await.refused(400, "purpose_mismatch");
    }

    async fn event_for_another_purpose_links_nothing(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let good = |signer: &Signer| signer.proof(&challenge, app.now_s(), |_| {});
        for (from, to, code) in [
            (r#""purpose":"link","#, r#""purpose":"unlink","#, "purpose_mismatch"),
            (r#""purpose":"link","#, r#""purpose":"login","#, "purpose_mismatch"),
            (r#""purpose":"link","#, "", "purpose_mismatch"),
            (r#""data":""#, r#""data":"0"#, "data_mismatch"),
            (r#""data":""#, r#""date":""#, "data_mismatch"),
        ] {
            let bad = |signer: &Signer| signer.proof(&challenge, app.now_s(), |event| {
                event.content = event.content.replacen(from, to, 1);
            });
            user.link(&challenge, bad(&new), good(&user.signer)).await.refused(400, code);
            user.link(&challenge, good(&new), bad(&user.signer)).await.refused(400, code);
        }
        let _linked = user.link(&challenge, good(&new), good(&user.signer)).await;
        assert_eq!(app.count_rows("identities").await, 1, "ten proofs were not valid");
    }

    async fn event_of_another_kind_links_nothing(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let note = new.proof(&challenge, app.now_s(), |event| event.kind = KIND_NOTE);
        let own = user.signer.proof(&challenge, app.now_s(), |_| {});
        user.link(&challenge, note, own).await.refused(400, "kind_not_allowed");
    }

    async fn challenge_is_for_one_user_and_one_key(app: TestApp) {
        let app = app.with_privy().await;
        let (ada, bob) = (app.user(1).await, app.user(2).await);
        let new = Signer::numbered(3);
        let challenge = ada.key_challenge("link", "nostr", &new.pubkey()).await;
        let proof = |signer: &Signer| signer.proof(&challenge, app.now_s(), |_| {});
        bob.link(&challenge, proof(&new), proof(&bob.signer)).await.refused(404, "challenge_not_found");
        let other = Signer::numbered(4);
        ada.link(&challenge, proof(&other), proof(&ada.signer)).await.refused(400, "key_not_bound");
        ada.link(&challenge, privy_proof(0), proof(&ada.signer)).await.refused(400, "key_not_bound");
        let mut unlink = challenge.clone();
        unlink.challenge.id = ada.key_challenge("link", "nostr", &other.pubkey()).await.challenge.id;
        ada.unlink(&unlink, proof(&ada.signer)).await.refused(404, "challenge_not_found");
        let _linked = ada.link(&challenge, proof(&new), proof(&ada.signer)).await.ok(201);
        let unlink = ada.key_challenge("unlink", "nostr", &new.pubkey()).await;
        let mut another = unlink.clone();
        another.subject = ada.signer.pubkey();
        let own = ada.signer.proof(&unlink, app.now_s(), |_| {});
        ada.unlink(&another, own.clone()).await.refused(404, "challenge_not_found");
        let _unlinked = ada.unlink(&unlink, own).await.ok(200);
    }

    async fn both_sides_are_proven(app: TestApp) {
        let app = app.with_privy().await;
        let (ada, bob) = (app.user(1).await, app.user(2).await);
        let new = Signer::numbered(3);
        let challenge = ada.key_challenge("link", "nostr", &new.pubkey()).await;
        let proof = |signer: &Signer| signer.proof(&challenge, app.now_s(), |_| {});
        for not_own in [proof(&new), proof(&bob.signer), proof(&Signer::numbered(4)), privy_proof(0)] {
            ada.link(&challenge, proof(&new), not_own).await.refused(400, "proof_not_own");
        }
        ada.link(&challenge, proof(&ada.signer), proof(&ada.signer)).await.refused(400, "key_not_bound");
        assert_eq!(app.count_rows("identities").await, 2);
    }

    async fn key_of_somebody_else_is_refused_and_the_challenge_spent(app: TestApp) {
        let app = app.with_privy().await;
        let (ada, bob) = (app.user(1).await, app.user(2).await);
        let challenge = ada.key_challenge("link", "nostr", &bob.signer.pubkey()).await;
        let proof = |signer: &Signer| signer.proof(&challenge, app.now_s(), |_| {});
        ada.link(&challenge, proof(&bob.signer), proof(&ada.signer)).await.refused(409, "identity_taken");
        let again = ada.link(&challenge, proof(&bob.signer), proof(&ada.signer)).await;
        again.refused(400, "challenge_already_used");
        let (_privy, _id) = app.privy_user(0).await;
        let challenge = ada.key_challenge("link", "privy", &privy::did(0)).await;
        let own = ada.signer.proof(&challenge, app.now_s(), |_| {});
        ada.link(&challenge, privy_proof(0), own).await.refused(409, "identity_taken");
        assert_eq!(app.sign_in(&bob.signer).await.ok(200).raw("user.id"), bob.id.to_string());
    }

    async fn key_is_linked_once(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        user.ask_about_key("link", "nostr", &user.signer.pubkey()).await.refused(409, "identity_already_linked");
        let first = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let second = user.key_challenge("link", "nostr", &new.pubkey()).await;
        for (challenge, code) in [(&first, None), (&first, Some((400, "challenge_already_used"))),
                                  (&second, Some((409, "identity_already_linked")))] {
            let [key, own] = [&new, &user.signer].map(|signer| signer.proof(challenge, app.now_s(), |_| {}));
            let answer = user.link(challenge, key, own).await;
            match code {
                None => drop(answer.ok(201)),
                Some((status, code)) => answer.refused(status, code),
            }
        }
    }

    async fn last_key_stays(app: TestApp) {
        let user = app.user(1).await;
        let second = Signer::numbered(2);
        user.ask_about_key("unlink", "nostr", &user.signer.pubkey()).await.refused(409, "identity_last");
        user.ask_about_key("unlink", "nostr", &second.pubkey()).await.refused(404, "identity_not_found");
        let _linked = user.link_nostr(&user.signer, &second).await;
        let challenge = user.key_challenge("unlink", "nostr", &second.pubkey()).await;
        let removed = second.proof(&challenge, app.now_s(), |_| {});
        user.unlink(&challenge, removed).await.refused(400, "proof_by_removed_key");
        let _unlinked = user.unlink_with(&user.signer, "nostr", &second.pubkey()).await.ok(200);
        user.unlink(&challenge, user.signer.proof(&challenge, app.now_s(), |_| {})).await
            .refused(400, "challenge_already_used");
    }

    async fn twenty_keys_are_enough(app: TestApp) {
        let user = app.user(1).await;
        let late = user.key_challenge("link", "nostr", &Signer::numbered(99).pubkey()).await;
        for number in 2..=20 {
            let _linked = user.link_nostr(&user.signer, &Signer::numbered(number)).await;
        }
        let pubkey = Signer::numbered(21).pubkey();
        user.ask_about_key("link", "nostr", &pubkey).await.refused(409, "identity_limit");
        let [key, own] =
            [&Signer::numbered(99), &user.signer].map(|signer| signer.proof(&late, app.now_s(), |_| {}));
        user.link(&late, key, own).await.refused(409, "identity_limit");
    }

    async fn wrong_fields_are_named(app: TestApp) {
        let user = app.user(1).await;
        let (hex, long) = (user.signer.pubkey(), format!("did:privy:{}", "x".repeat(250)));
        for (purpose, kind, subject, field) in [
            ("login", "nostr", &*hex, "purpose"), ("", "nostr", &hex, "purpose"), ("link", "email", "a@b.c", "kind"),
            ("link", "Nostr", &hex, "kind"), ("link", "nostr", "", "subject"), ("link", "nostr", "npub1", "subject"),
            ("link", "nostr", &hex[1..], "subject"), ("link", "privy", &hex, "subject"),
            ("link", "privy", "did:privy:", "subject"), ("link", "privy", "did:privy:a b", "subject"),
            ("link", "privy", &long, "subject"), ("unlink", "nostr", "a\0b", "subject"),
        ] {
            let answer = user.ask_about_key(purpose, kind, subject).await;
            answer.refused(400, "invalid_field");
            assert_eq!(answer.json()["field"], field, "{purpose} {kind} {subject}");
        }
        let challenge = user.key_challenge("link", "nostr", &Signer::numbered(2).pubkey()).await;
        let own = user.signer.proof(&challenge, app.now_s(), |_| {});
        let both = json!({"event": own["event"], "privy_token": "x"});
        for (key, field) in [(json!({}), "key"), (both, "key"), (json!({"privy_token": 1}), "key.privy_token")] {
            let answer = user.link(&challenge, key, own.clone()).await;
            answer.refused(400, "invalid_field");
            assert_eq!(answer.json()["field"], field);
        }
        user.link(&challenge, json!({"event": {}}), own.clone()).await.refused(400, "event_malformed");
        for id in ["", "x", "00000000-0000-4000-8000-000000000000"] {
            let body = json!({"challenge_id": id, "key": own, "proof": own});
            user.post(IDENTITIES, body.to_string()).await.refused(404, "challenge_not_found");
        }
    }

    async fn deleted_user_links_nothing(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let _gone = user.delete("/api/v1/users/me", "").await.ok(200);
        let [key, own] = [&new, &user.signer].map(|signer| signer.proof(&challenge, app.now_s(), |_| {}));
        user.link(&challenge, key, own).await.refused(401, "invalid_or_expired_token");
        user.get(IDENTITIES).await.refused(401, "invalid_or_expired_token");
        assert_eq!(app.count_rows("identities").await, 1);
    }
}
