//! Who may see and change whom: every route for strangers, the user, somebody else and an admin.

use axum::body::Body;
use axum::http::Method;
use postfun_tests::{Answer, Client, TestApp, on_both_engines, privy};
use serde_json::{Value, json};

const WALLET: &str = "0x27b1fdb04752bbc536007a920d24acb045561c26";
const MISSING: &str = "00000000-0000-4000-8000-000000000000";

/// What a route answers to the user, to somebody else and to an admin; a stranger gets 401 everywhere.
struct Route(Method, &'static str, Value, [u16; 3]);

fn routes() -> Vec<Route> {
    let create = json!({"privyId": "privy_user123", "email": "user@example.com"});
    vec![
        Route(Method::GET, "/api/auth/me", Value::Null, [200, 200, 200]),
        Route(Method::GET, "/api/v1/users", Value::Null, [200, 200, 200]),
        Route(Method::POST, "/api/v1/users", create, [403, 403, 201]),
        Route(Method::PUT, "/api/v1/users/{id}", json!({"displayName": "x"}), [200, 404, 200]),
        Route(Method::POST, "/api/v1/users/{id}/wallet", json!({"walletAddress": WALLET}), [200, 404, 200]),
        Route(Method::POST, "/api/v1/users/{id}/activity", Value::Null, [200, 404, 200]),
        Route(Method::GET, "/api/v1/users/{id}", Value::Null, [200, 404, 200]),
        Route(Method::GET, "/api/v1/users/privy/{did}", Value::Null, [200, 404, 200]),
        Route(Method::GET, "/api/v1/users/wallet/{wallet}", Value::Null, [200, 404, 200]),
    ]
}

impl Route {
    async fn ask(&self, client: &Client, id: &str, did: &str, wallet: &str) -> Answer {
        let path = self.1.replace("{id}", id).replace("{did}", did).replace("{wallet}", wallet);
        if self.2.is_null() {
            return client.send(client.request(self.0.clone(), &path, Body::empty())).await;
        }
        client.send_json(self.0.clone(), &path, Body::from(self.2.to_string())).await
    }
}

on_both_engines! {
    async fn every_route_is_for_the_user_and_for_admins(app: TestApp) {
        let app = app.with_privy().await;
        let admin = app.admin().await;
        let (user, id) = app.privy_user(0).await;
        let (other, _other_id) = app.privy_user(1).await;
        let did = privy::did(0);
        for route in routes() {
            let told = format!("{} {}", route.0, route.1);
            let anonymous = route.ask(&app.stranger(), &id, &did, WALLET).await;
            anonymous.refused_in_account(401, "missing_bearer_token", "Unauthorized");
            for (client, expected) in [(&user, route.3[0]), (&other, route.3[1]), (&*admin, route.3[2])] {
                let answer = route.ask(client, &id, &did, WALLET).await;
                assert_eq!(answer.status, expected, "{told}: {}", answer.text);
                assert_eq!(answer.json()["success"], expected < 400, "{told}");
                if expected == 404 {
                    answer.refused_in_account(404, "user_not_found", "User not found");
                    let missing = route.ask(client, MISSING, "did:privy:nobody", &WALLET.replace('2', "3")).await;
                    assert_eq!((missing.status, missing.string("error")), (404, "User not found".to_owned()), "{told}");
                }
            }
        }
    }

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
