//! What an operator types.

use std::collections::BTreeSet;

use postfun_tests::process::Finished;
use postfun_tests::{Engine, Signer, TestApp, on_both_engines};

on_both_engines! {
    async fn help_and_version_need_nothing(app: TestApp) {
        let help = app.run(&["--help"]).await.succeeded();
        for part in ["serve", "migrate", "admin", "audit", "backup", "openapi", "POSTFUN_LISTEN", "DATABASE_URL", "JWT_SECRET"] {
            assert!(help.contains(part), "{part} is not in {help}");
        }
        assert_eq!(app.run(&["--version"]).await.succeeded().trim(), concat!("postfun ", env!("CARGO_PKG_VERSION")));
        let nonsense = app.run(&["fly"]).await;
        assert_eq!(nonsense.code, Some(2), "{}", nonsense.err);
        assert!(nonsense.err.contains("fly"), "{}", nonsense.err);
    }

    async fn migrate_can_be_repeated(app: TestApp) {
        for _run in 0..2 {
            let said = app.run(&["migrate"]).await.succeeded();
            assert!(said.contains("up to date"), "{said}");
        }
    }

    async fn admins_come_and_go_by_the_command_line(app: TestApp) {
        let (unseen, user) = (Signer::numbered(1), app.user(2).await);
        let said = app.run(&["admin", "list"]).await.succeeded();
        assert!(said.contains("no administrator"), "{said}");
        app.run(&["admin", "grant", &unseen.npub(), "--reason", "first"]).await.succeeded();
        app.run(&["admin", "grant", &user.id.to_string()]).await.succeeded();
        assert_eq!(user.get("/auth/me").await.ok(200).raw("user.is_admin"), "true");
        let said = app.run(&["admin", "list"]).await.succeeded();
        assert!(said.contains(&user.signer.pubkey()) && said.contains(&unseen.pubkey()), "{said}");
        assert_eq!(app.user(1).await.get("/auth/me").await.ok(200).raw("user.is_admin"), "true");
        app.run(&["admin", "revoke", &user.signer.npub()]).await.succeeded();
        assert_eq!(user.get("/auth/me").await.ok(200).raw("user.is_admin"), "false");
        for (nobody, code) in [("999", 1), ("npub1x", 2), ("somebody", 2)] {
            let refused = app.run(&["admin", "grant", nobody]).await;
            assert_eq!(refused.code, Some(code), "{nobody}: {}{}", refused.out, refused.err);
            assert!(!refused.err.is_empty());
        }
        let rows = app.row_counts().await;
        assert_eq!(rows["admin_audit"], 3, "every change is on record");
    }

    async fn withdrawals_are_decided_by_nobody_when_there_is_none(app: TestApp) {
        let said = app.run(&["withdrawal", "list"]).await.succeeded();
        assert!(said.contains("Every withdrawal is decided."), "{said}");
        let id = "0192f0c1-2b6d-7c3a-9d2e-0a1b2c3d4e5f";
        let mut command = app.program(&["withdrawal", "not-paid", id, "--reason", "seen in the node"]);
        command.env("JWT_SECRET", "only-for-tests-0123456789abcdef0123456789abcdef");
        let refused = Finished::of(command).await;
        assert_eq!(refused.code, Some(1), "{}", refused.out);
        assert!(refused.err.contains(id) && refused.err.contains("withdrawal list"), "{}", refused.err);
        assert_eq!(app.run(&["withdrawal", "not-paid", id]).await.code, Some(2), "a word needs its reason");
    }

    async fn beta_keys_are_printed_and_are_on_record(app: TestApp) {
        let said = app.run(&["beta", "keys", "10", "--reason", "launch"]).await.succeeded();
        let keys: Vec<&str> = said.lines().collect();
        assert!(keys.len() == 10 && keys.iter().all(|key| key.len() == 6), "{said}");
        assert_eq!(app.count_rows("admin_audit WHERE actor = 'cli' AND reason = 'launch'").await, 1);
        let redeemed = crate::beta::redeem(&app.stranger(), keys[0], "ada@example.org").await.ok(200);
        assert_eq!(redeemed.json()["success"], true);
        let unused = app.run(&["beta", "unused"]).await.succeeded();
        let unused: BTreeSet<&str> = unused.lines().collect();
        assert_eq!(unused, keys[1..].iter().copied().collect());
        for count in ["0", "101", "ten"] {
            assert_eq!(app.run(&["beta", "keys", count]).await.code, Some(2), "{count}");
        }
    }

    async fn audit_is_clean_until_somebody_changes_a_number(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        admin.seed_pool().await;
        admin.airdrop(&user, "gBTC", "2").await;
        let _swapped = user.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#).await.ok(201);
        let said = app.run(&["audit"]).await.succeeded();
        assert!(said.contains("1 pool") && said.contains("2 pool events"), "{said}");
        for (change, back) in [
            ("UPDATE accounts SET available = available + 1 WHERE available > 0", "UPDATE accounts SET available = available - 1 WHERE available > 0"),
            ("UPDATE pools SET reserve_a = reserve_a + 1", "UPDATE pools SET reserve_a = reserve_a - 1"),
            ("UPDATE pools SET stage = 2", "UPDATE pools SET stage = 1"),
            ("UPDATE pools SET seq = seq + 1", "UPDATE pools SET seq = seq - 1"),
        ] {
            app.try_statement(change).await.expect(change);
            let finished = app.run(&["audit"]).await;
            assert_eq!(finished.code, Some(3), "{change}: {}", finished.out);
            app.try_statement(back).await.expect(back);
        }
        app.run(&["audit"]).await.succeeded();
    }

    async fn backup_is_a_whole_database(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        admin.airdrop(&user, "gBTC", "2").await;
        let path = app.data_dir().join("copy.db");
        let finished = app.run(&["backup", path.to_str().unwrap()]).await;
        if app.engine == Engine::Postgres {
            assert_eq!(finished.code, Some(1), "{}", finished.out);
            assert!(finished.err.contains("pg_dump"), "{}", finished.err);
            return;
        }
        finished.succeeded();
        let again = app.run(&["backup", path.to_str().unwrap()]).await;
        assert_eq!(again.code, Some(1), "a copy is never written over: {}", again.out);
        let mut audit = app.program(&["audit"]);
        audit.env("DATABASE_URL", format!("sqlite:///{}", path.display()));
        let said = postfun_tests::process::Finished::of(audit).await.succeeded();
        assert!(said.contains("2 entries"), "{said}");
    }

    async fn description_can_be_checked(app: TestApp) {
        let document = app.run(&["openapi"]).await.succeeded();
        let path = app.data_dir().join("openapi.json");
        std::fs::write(&path, &document).unwrap();
        app.run(&["openapi", "--check", path.to_str().unwrap()]).await.succeeded();
        std::fs::write(&path, document.replace("/auth/me", "/auth/you")).unwrap();
        assert_eq!(app.run(&["openapi", "--check", path.to_str().unwrap()]).await.code, Some(3));
        let served = app.serve(&[("POSTFUN_DEMO", "on")]).await;
        let mut curl = tokio::process::Command::new("curl");
        curl.args(["--silent", "--fail", &format!("http://{}/apidoc/openapi.json", served.address)]);
        let served = postfun_tests::process::Finished::of(curl).await.succeeded();
        let (printed, served): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(&document).unwrap(), serde_json::from_str(&served).unwrap());
        assert_eq!(printed, served);
    }
}
