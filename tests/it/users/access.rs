//! What deleting means, and who sees whom in the list; who may call what is in `access`.

use postfun_tests::{TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    async fn deleting_is_for_the_user_and_for_admins_once(app: TestApp) {
        let app = app.with_privy().await;
        let admin = app.admin().await;
        let ((user, id), (other, other_id)) = (app.privy_user(0).await, app.privy_user(1).await);
        let path = format!("/api/v1/users/{id}");
        app.stranger().delete(&path, "").await.refused_in_account(401, "missing_bearer_token", "Unauthorized");
        other.delete(&path, "").await.refused_in_account(404, "user_not_found", "User not found");
        let _gone = user.delete(&path, "").await.ok(200);
        admin.delete(&path, "").await.refused_in_account(404, "user_not_found", "User not found");
        assert_eq!(admin.get(&path).await.ok(200).json()["data"]["status"], "deleted");
        let _gone = admin.delete(&format!("/api/v1/users/{other_id}"), "").await.ok(200);
        other.get("/api/auth/me").await.refused_in_account(401, "invalid_or_expired_token", "Unauthorized");
        assert_eq!(app.count_rows("admin_audit WHERE action = 'user_delete'").await, 1);
    }

    async fn list_shows_all_to_admins_and_oneself_to_others(app: TestApp) {
        let app = app.with_privy().await;
        let admin = app.admin().await;
        let mut users = Vec::new();
        for number in 0..4 {
            users.push(app.privy_user(number).await);
        }
        let (user, id) = &users[2];
        let own = user.get("/api/v1/users").await.ok(200).json();
        assert_eq!((&own["total"], &own["users"][0]["id"], &own["totalPages"]), (&json!(1), &json!(id), &json!(1)));
        assert_eq!(own["users"].as_array().unwrap().len(), 1);
        assert_eq!(user.get("/api/v1/users?page=2").await.ok(200).json()["users"], json!([]));
        let page = admin.get("/api/v1/users?page=2&limit=2").await.ok(200).json();
        assert_eq!((&page["total"], &page["page"], &page["totalPages"]), (&json!(5), &json!(2), &json!(3)));
        assert_eq!(page["users"][0]["id"], json!(users[1].1));
        for (query, field) in [("limit=101", "limit"), ("limit=0", "limit"), ("page=0", "page"), ("page=x", "page")] {
            let answer = admin.get(&format!("/api/v1/users?{query}")).await.ok(400);
            assert_eq!(answer.json()["field"], field, "{query}");
        }
    }
}
