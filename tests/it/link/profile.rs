//! What a linked key brings along: what Privy vouches for, invitations, accounts that were made for it.

use postfun_tests::link::event_proof;
use postfun_tests::{Client, Signer, TestApp, User, on_both_engines, privy};
use serde_json::{Value, json};

/// The wallet of the vectors' identity token.
const WALLET: &str = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";

async fn profile(client: &Client) -> Value {
    client.get("/api/v1/users/me").await.ok(200).json()["data"].clone()
}

/// Links the Privy user of the vectors, about whom there is an identity token.
async fn link_vouched(user: &User) {
    let did = privy::tokens()["did"].as_str().unwrap();
    let challenge = user.key_challenge("link", "privy", did).await;
    let token = |list: &str| privy::tokens()[list][0]["token"].clone();
    let new = json!({"privy_token": token("access"), "identity_token": token("identity")});
    let own = user.signer.proof(&challenge, user.app().now_s(), |_| {});
    let _linked = user.link(&challenge, new, own).await.ok(201);
}

on_both_engines! {
    async fn what_privy_vouches_for_comes_along_and_wallets_yield_to_their_owner(app: TestApp) {
        let app = app.with_privy().await;
        let (user, other) = (app.user(1).await, app.user(2).await);
        let named = json!({"walletAddress": WALLET}).to_string();
        let _named = other.post("/api/v1/users/me/wallet", named.clone()).await.ok(200);
        link_vouched(&user).await;
        let own = profile(&user).await;
        assert_eq!((&own["email"], &own["emailVerified"]), (&json!("Ada@Example.org"), &json!(true)));
        assert_eq!((&own["walletAddress"], &own["walletVerified"]), (&json!(WALLET), &json!(true)));
        assert_eq!(profile(&other).await["walletAddress"], Value::Null);
        let refused = other.post("/api/v1/users/me/wallet", named).await;
        assert_eq!(refused.string("code"), "wallet_taken");
    }

    async fn what_privy_vouched_for_is_merely_said_once_it_is_unlinked(app: TestApp) {
        let app = app.with_privy().await;
        let (user, other) = (app.user(1).await, app.user(2).await);
        link_vouched(&user).await;
        let did = privy::tokens()["did"].as_str().unwrap();
        let _unlinked = user.unlink_with(&user.signer, "privy", did).await.ok(200);
        let own = profile(&user).await;
        assert_eq!((&own["email"], &own["emailVerified"]), (&json!("Ada@Example.org"), &json!(false)));
        assert_eq!((&own["walletAddress"], &own["walletVerified"]), (&json!(WALLET), &json!(false)));
        link_vouched(&other).await;
        assert_eq!(profile(&other).await["walletVerified"], true);
        assert_eq!(profile(&user).await["walletAddress"], Value::Null);
    }

    async fn identity_token_of_somebody_else_links_nothing(app: TestApp) {
        let app = app.with_privy().await;
        let user = app.user(1).await;
        let challenge = user.key_challenge("link", "privy", &privy::did(0)).await;
        let identity = privy::tokens()["identity"][0]["token"].clone();
        let new = json!({"privy_token": privy::token(0), "identity_token": identity});
        let own = user.signer.proof(&challenge, app.now_s(), |_| {});
        user.link(&challenge, new, own).await.refused(400, "invalid_privy_identity_token");
        assert_eq!(app.count_rows("identities").await, 1);
    }

    async fn invited_key_makes_its_user_an_administrator_on_record(app: TestApp) {
        let (user, invited) = (app.user(1).await, Signer::numbered(2));
        let _invited = app.admins().grant(&invited.npub().parse().unwrap(), "test", None).await.unwrap();
        assert_eq!(profile(&user).await["role"], "user");
        let _linked = user.link_nostr(&user.signer, &invited).await;
        assert_eq!(profile(&user).await["role"], "admin");
        assert_eq!(app.count_rows("admin_invitations").await, 0);
        assert_eq!(app.count_rows("admin_audit WHERE action = 'admin_grant' AND reason LIKE 'linked%'").await, 1);
    }

    async fn account_made_for_a_privy_user_is_theirs_and_nobody_elses(app: TestApp) {
        let app = app.with_privy().await;
        let admin = app.admin().await;
        let made = json!({"privyId": privy::did(0)}).to_string();
        let made = admin.post("/api/v1/users", made).await.ok(201).string("data.id");
        let user = app.user(1).await;
        let challenge = user.key_challenge("link", "privy", &privy::did(0)).await;
        let own = user.signer.proof(&challenge, app.now_s(), |_| {});
        let new = json!({"privy_token": privy::token(0)});
        user.link(&challenge, new, own).await.refused(409, "identity_taken");
        let signed_in = app.log_in(privy::token(0)).await.ok(200);
        assert_eq!(signed_in.string("data.user.id"), made);
    }

    async fn without_privy_its_keys_are_no_way_in(app: TestApp) {
        let with_privy = app.with_privy().await;
        let user = with_privy.user(1).await;
        let _linked = user.link_privy(&user.signer, 0).await;
        let user = app.user(1).await;
        let refused = user.ask_about_key("link", "privy", &privy::did(1)).await;
        refused.refused(503, "privy_not_configured");
        let refused = user.ask_about_key("unlink", "nostr", &user.signer.pubkey()).await;
        refused.refused(409, "identity_last");
        let challenge = user.key_challenge("link", "nostr", &Signer::numbered(2).pubkey()).await;
        let new = Signer::numbered(2).proof(&challenge, app.now_s(), |_| {});
        let refused = user.link(&challenge, new, json!({"privy_token": privy::token(0)})).await;
        refused.refused(503, "privy_not_configured");
        let _unlinked = user.unlink_with(&user.signer, "privy", &privy::did(0)).await.ok(200);
    }

    async fn administrator_is_found_by_a_linked_key_too(app: TestApp) {
        let (user, second) = (app.user(1).await, Signer::numbered(2));
        let _linked = user.link_nostr(&user.signer, &second).await;
        let _granted = app.admins().grant(&second.npub().parse().unwrap(), "test", None).await.unwrap();
        assert_eq!(profile(&user).await["role"], "admin");
    }

    async fn signature_that_is_none_links_nothing(app: TestApp) {
        let user = app.user(1).await;
        let new = Signer::numbered(2);
        let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
        let own = user.signer.proof(&challenge, app.now_s(), |_| {});
        // Signed by the caller in the name of the new key.
        let mut forged = event_proof(&user.signer.sign(user.signer.unsigned_answer(&challenge, app.now_s())));
        forged["event"]["pubkey"] = json!(new.pubkey());
        user.link(&challenge, forged, own).await.refused(400, "id_mismatch");
    }
}
