//! The rows: one for each route of seed 004.

use axum::http::Method;
use serde_json::{Value, json};

use super::Access::{Admin, Owner, Public, SignedIn};
use super::Row;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// What is said to be missing, to those who may not know that it is there.
const USER: &str = "User not found";
const SESSION: &str = "Session not found";

pub(super) fn rows() -> Vec<Row> {
    [auth(), users(), sessions(), activity(), notifications(), beta()].into_iter().flatten().collect()
}

fn auth() -> Vec<Row> {
    let log_in = json!({"privyToken": "{privy_token}", "identityToken": "{identity_token}", "deviceId": "{fresh}",
        "deviceName": "Phone", "platform": "ios", "pushToken": "push"});
    vec![
        Row::new(POST, "/api/auth/login", Public, 200).with(log_in),
        Row::new(POST, "/api/auth/refresh", Public, 200).with(json!({"refreshToken": "{refresh_token}"})),
        Row::new(POST, "/api/auth/logout", Owner(SESSION), 200)
            .with(json!({"sessionId": "{session}", "reason": "lost"})),
        Row::new(GET, "/api/auth/me", SignedIn, 200),
        Row::new(GET, "/api/auth/status", Public, 200),
    ]
}

fn users() -> Vec<Row> {
    let profile = json!({"email": "ada@example.org", "phone": "+15550100", "displayName": "Ada",
        "profilePictureUrl": "https://example.org/ada.png", "walletAddress": "{wallet}"});
    let with = |name: &str, value: Value| {
        let mut body = profile.clone();
        body[name] = value;
        body
    };
    let made = {
        let mut body = with("privyId", json!("{fresh}"));
        body["walletAddress"] = json!("{fresh_wallet}");
        body
    };
    vec![
        Row::new(GET, "/api/v1/users", SignedIn, 200),
        Row::new(POST, "/api/v1/users", Admin, 201).with(made),
        Row::new(GET, "/api/v1/users/{id}", Owner(USER), 200),
        Row::new(GET, "/api/v1/users/privy/{privyId}", Owner(USER), 200),
        Row::new(GET, "/api/v1/users/wallet/{address}", Owner(USER), 200),
        Row::new(PUT, "/api/v1/users/{id}", Owner(USER), 200).with(with("version", json!(2))),
        Row::new(POST, "/api/v1/users/{id}/wallet", Owner(USER), 200)
            .with(json!({"walletAddress": "{wallet}"})),
        Row::new(POST, "/api/v1/users/{id}/activity", Owner(USER), 200),
        Row::new(DELETE, "/api/v1/users/{id}", Owner(USER), 200),
    ]
}

fn sessions() -> Vec<Row> {
    let device = json!({"userId": "{user}", "deviceId": "{fresh}", "platform": "ios", "idempotencyKey": "{fresh}",
        "expiresInDays": 30, "deviceName": "Phone", "deviceModel": "X", "osVersion": "17", "appVersion": "1.0",
        "pushToken": "push"});
    let about = json!({"version": 1, "deviceName": "Phone", "deviceModel": "X", "osVersion": "17", "appVersion": "1.0",
        "pushToken": "push"});
    vec![
        Row::new(POST, "/api/v1/sessions", Owner(USER), 201).with(device.clone()),
        Row::new(POST, "/api/v1/sessions/get-or-create", Owner(USER), 200).with(device),
        Row::new(GET, "/api/v1/sessions/{id}", Owner(SESSION), 200),
        Row::new(PUT, "/api/v1/sessions/{id}", Owner(SESSION), 200).with(about),
        Row::new(POST, "/api/v1/sessions/{id}/activity", Owner(SESSION), 200),
        Row::new(PUT, "/api/v1/sessions/{id}/push-token", Owner(SESSION), 200)
            .with(json!({"pushToken": "push"})),
        Row::new(POST, "/api/v1/sessions/{id}/extend", Owner(SESSION), 200)
            .with(json!({"additionalDays": 1})),
        Row::new(DELETE, "/api/v1/sessions/{id}", Owner(SESSION), 200).with(json!({"reason": "mine"})),
        Row::new(GET, "/api/v1/sessions/user/{userId}", Owner(USER), 200),
        Row::new(GET, "/api/v1/sessions/user/{userId}/active", Owner(USER), 200),
        Row::new(GET, "/api/v1/sessions/user/{userId}/stats", Owner(USER), 200),
        Row::new(DELETE, "/api/v1/sessions/user/{userId}/all", Owner(USER), 200)
            .with(json!({"reason": "mine", "exceptCurrent": true})),
    ]
}

fn activity() -> Vec<Row> {
    let entry =
        json!({"userId": null, "sessionId": null, "action": "two_fa_enabled", "metadata": {"kind": "totp"}});
    vec![
        Row::new(GET, "/api/v1/activity-logs", SignedIn, 200),
        Row::new(POST, "/api/v1/activity-logs", SignedIn, 201).with(entry),
        Row::new(GET, "/api/v1/activity-logs/stats", SignedIn, 200),
        Row::new(GET, "/api/v1/activity-logs/user/{userId}", Owner(USER), 200),
        Row::new(GET, "/api/v1/activity-logs/user/{userId}/recent", Owner(USER), 200),
    ]
}

fn notifications() -> Vec<Row> {
    let wishes = json!({"pushEnabled": true, "emailEnabled": false, "smsEnabled": true, "transactionNotifications": true,
        "securityAlerts": true, "marketingUpdates": false, "productUpdates": true, "quietHoursEnabled": true,
        "quietHoursStart": "22:00:00", "quietHoursEnd": "07:00:00", "timezone": "Europe/Berlin"});
    vec![
        Row::new(GET, "/api/v1/notifications/preferences/{userId}", Owner(USER), 200),
        Row::new(PUT, "/api/v1/notifications/preferences/{userId}", Owner(USER), 200).with(wishes.clone()),
        Row::new(POST, "/api/v1/notifications/preferences/{userId}/reset", Owner(USER), 200),
        Row::new(GET, "/api/v1/notifications/user/{userId}", Owner(USER), 200),
        Row::new(PUT, "/api/v1/notifications/user/{userId}", Owner(USER), 200).with(wishes),
        Row::new(POST, "/api/v1/notifications/user/{userId}/reset", Owner(USER), 200),
    ]
}

fn beta() -> Vec<Row> {
    vec![
        Row::new(POST, "/api/private-beta/referral", Admin, 200),
        Row::new(POST, "/api/private-beta/referrals", Admin, 200),
        Row::new(POST, "/api/private-beta/referrals/bulk", Admin, 200).with(json!({"count": 2})),
        Row::new(GET, "/api/private-beta/referrals/unused", Admin, 200),
        Row::new(GET, "/api/private-beta/users", Admin, 200),
        Row::new(GET, "/api/private-beta/debug", Admin, 200),
        Row::new(POST, "/api/private-beta/verify", Public, 200)
            .with(json!({"referral_key": "{key}", "user_email": "{fresh}@example.org"})),
        Row::new(POST, "/api/private-beta/check-validity", Public, 200)
            .with(json!({"referral_key": "{key}"})),
        Row::new(POST, "/api/private-beta/status", Public, 200).with(json!({"user_email": "{known_email}"})),
    ]
}
