//! Who may administer, and since when.

use postfun_server::admin::Change;
use postfun_server::identity::UserRef;
use postfun_tests::{Signer, TestApp, on_both_engines};

on_both_engines! {
    async fn key_can_be_made_admin_before_and_after_it_was_seen(app: TestApp) {
        let unseen = Signer::numbered(1);
        grant(&app, &unseen.npub()).await;
        let first = app.user(1).await;
        assert_eq!(first.get("/auth/me").await.ok(200).raw("user.is_admin"), "true");
        let second = app.user(2).await;
        assert_eq!(second.get("/auth/me").await.ok(200).raw("user.is_admin"), "false");
        grant(&app, &second.id.to_string()).await;
        assert_eq!(second.get("/auth/me").await.ok(200).raw("user.is_admin"), "true", "the same token, at once");
        revoke(&app, &second.signer.pubkey()).await;
        assert_eq!(second.get("/auth/me").await.ok(200).raw("user.is_admin"), "false");
        let (admins, invited) = app.admins().list().await.unwrap();
        assert_eq!((admins.len(), invited.len()), (1, 0));
    }

    async fn invitation_can_be_taken_back(app: TestApp) {
        let unseen = Signer::numbered(1);
        grant(&app, &unseen.npub()).await;
        revoke(&app, &unseen.npub()).await;
        assert_eq!(app.user(1).await.get("/auth/me").await.ok(200).raw("user.is_admin"), "false");
    }

    async fn configured_keys_are_admins_from_the_start(app: TestApp) {
        let signer = Signer::numbered(7);
        let configured = app.reconfigured(|config| config.admins = vec![signer.npub()]).await;
        let user = configured.user(7).await;
        assert_eq!(user.get("/auth/me").await.ok(200).raw("user.is_admin"), "true");
    }

    async fn changing_nothing_changes_nothing(app: TestApp) {
        let user = app.user(1).await;
        assert!(matches!(revoke(&app, &user.id.to_string()).await, Change::Unchanged));
        assert!(matches!(grant(&app, &user.id.to_string()).await, Change::Changed(_)));
        assert!(matches!(grant(&app, &user.signer.npub()).await, Change::Unchanged));
        let nobody: UserRef = "999".parse().unwrap();
        assert!(app.admins().grant(&nobody, "test", None).await.is_err());
    }
}

#[test]
fn nonsense_names_nobody() {
    for name in ["", "npub1", "-1", "1.5", "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"]
    {
        assert!(name.parse::<UserRef>().is_err(), "{name}");
    }
}

async fn grant(app: &TestApp, name: &str) -> Change {
    app.admins().grant(&name.parse().unwrap(), "test", Some("a reason")).await.unwrap()
}

async fn revoke(app: &TestApp, name: &str) -> Change {
    app.admins().revoke(&name.parse().unwrap(), "test", None).await.unwrap()
}
