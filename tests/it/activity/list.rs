//! Lists and counts, and who sees what.

use postfun_tests::{Client, TestApp, on_both_engines};
use serde_json::{Value, json};

use super::{PATH, actions, entries, fill};

const MISSING: &str = "00000000-0000-4000-8000-000000000000";
const DAY_MS: i64 = 86_400_000;

/// Writes down something of one's own.
async fn note(client: &Client, action: &str) {
    let _written = client.post(PATH, json!({"action": action}).to_string()).await.ok(201);
}

on_both_engines! {
    async fn log_is_listed_newest_first_with_the_seeds_keys(app: TestApp) {
        let user = app.user(1).await;
        let id = user.account_id().await;
        app.clock.advance_ms(1_500);
        let body = json!({"action": "two_fa_enabled", "metadata": {"kind": "totp", "n": [1, 2.5, null]}});
        let written = user.post(PATH, body.to_string()).await.ok(201).json();
        let expected = json!({
            "id": written["data"]["id"], "userId": id, "sessionId": written["data"]["sessionId"], "action": "two_fa_enabled",
            "metadata": {"kind": "totp", "n": [1, 2.5, null]}, "ipAddress": "127.0.0.1", "createdAt": "2026-01-01T00:00:01.500Z",
        });
        assert_eq!(written["data"], expected);
        let page = user.get(&format!("{PATH}/user/{id}")).await.ok(200);
        assert_eq!(entries(&page)[0], expected);
        assert_eq!(actions(&page), ["two_fa_enabled", "user_login"]);
        let body = page.json();
        for (key, value) in [("success", json!(true)), ("total", json!(2)), ("totalIsExact", json!(true)), ("page", json!(1)),
            ("totalPages", json!(1)), ("timestamp", json!("2026-01-01T00:00:01.500Z"))] {
            assert_eq!(body[key], value, "{key}");
        }
        for path in [PATH.to_owned(), format!("{PATH}?userId=me"), format!("{PATH}?userId={id}"), format!("{PATH}/user/me/recent")] {
            assert_eq!(entries(&user.get(&path).await.ok(200)), entries(&page), "{path}");
        }
        let session = user.get("/api/v1/sessions/user/me").await.ok(200).string("data.0.id");
        assert_eq!(expected["sessionId"], session.as_str(), "that of the call");
    }

    async fn pages_are_whole_and_do_not_overlap_also_within_one_millisecond(app: TestApp) {
        let user = app.user(1).await;
        for _turn in 0..9 {
            note(&user, "password_changed").await;
        }
        let whole = entries(&user.get(PATH).await.ok(200));
        let order: Vec<_> = whole.iter().map(|entry| (entry["createdAt"].to_string(), entry["id"].to_string())).collect();
        assert!(order.is_sorted_by(|earlier, later| earlier > later), "newest first, with the id as tie-break");
        let mut paged = Vec::new();
        for page in 1..=4 {
            let answer = user.get(&format!("{PATH}/user/me?limit=3&page={page}")).await.ok(200);
            assert_eq!((answer.raw("total"), answer.raw("totalPages"), answer.raw("page")), ("10".into(), "4".into(), page.to_string()));
            paged.extend(entries(&answer));
        }
        assert_eq!(paged, whole);
        assert_eq!(entries(&user.get(&format!("{PATH}?limit=3&page=5")).await.ok(200)), Vec::<Value>::new());
        assert_eq!(entries(&user.get(&format!("{PATH}/user/me/recent?limit=2")).await.ok(200)), whole[..2]);
    }

    async fn filters_narrow_the_list(app: TestApp) {
        let user = app.user(1).await;
        let first_session = user.get("/api/v1/sessions/user/me").await.ok(200).string("data.0.id");
        app.clock.advance_ms(1);
        note(&user, "password_changed").await;
        app.clock.advance_ms(DAY_MS - 2);
        note(&user, "two_fa_enabled").await;
        app.clock.advance_ms(1);
        let user = app.user(1).await;
        app.clock.advance_ms(1_000);
        note(&user, "password_changed").await;
        let newest_first = ["password_changed", "user_login", "two_fa_enabled", "password_changed", "user_login"];
        for (query, expected) in [
            ("", &newest_first[..]),
            ("action=password_changed", &["password_changed", "password_changed"]),
            (&format!("sessionId={first_session}"), &newest_first[2..]),
            (&format!("sessionId={first_session}&action=user_login"), &["user_login"]),
            (&format!("sessionId={MISSING}"), &[]),
            ("startDate=2026-01-02", &newest_first[..2]),
            ("endDate=2026-01-01", &newest_first[2..]),
            ("startDate=2026-01-01&endDate=2026-01-01", &newest_first[2..]),
            ("startDate=2026-01-01&endDate=2026-01-02", &newest_first[..]),
            ("startDate=2026-01-01T23:59:59.999Z&endDate=2026-01-02T00:00:00Z", &newest_first[1..3]),
            ("startDate=2026-01-02T01:59:59.999%2B02:00&endDate=2026-01-02T02:00:00%2B02:00", &newest_first[1..3]),
            ("startDate=2026-01-02T00:00:01Z", &newest_first[..1]),
            ("startDate=2026-01-02T00:00:01.001Z", &[]),
            ("endDate=2025-12-31", &[]),
        ] {
            let answer = user.get(&format!("{PATH}?{query}")).await.ok(200);
            assert_eq!(actions(&answer), expected, "{query}");
            assert_eq!(answer.raw("total"), expected.len().to_string(), "{query}");
            let stats = user.get(&format!("{PATH}/stats?{query}")).await.ok(200);
            assert_eq!(stats.raw("data.totalActions"), expected.len().to_string(), "{query}");
        }
        let stats = user.get(&format!("{PATH}/stats")).await.ok(200).json();
        assert_eq!(stats["data"]["actionBreakdown"], json!([
            {"action": "password_changed", "count": 2}, {"action": "user_login", "count": 2}, {"action": "two_fa_enabled", "count": 1},
        ]));
    }

    async fn wrong_parameters_are_named(app: TestApp) {
        let user = app.user(1).await;
        for (path, field) in [
            ("?limit=101", "limit"),
            ("?limit=0", "limit"),
            ("?limit=-1", "limit"),
            ("?limit=x", "limit"),
            ("?page=0", "page"),
            ("?page=101&limit=100", "page"),
            ("?page=9223372036854775807", "page"),
            ("?page=1.5", "page"),
            ("?action=nothing", "action"),
            ("?action=", "action"),
            ("?sessionId=x", "sessionId"),
            ("?startDate=yesterday", "startDate"),
            ("?startDate=2026-02-30", "startDate"),
            ("?startDate=", "startDate"),
            ("?endDate=2026-01-01T00:00:00", "endDate"),
            ("?endDate=1767225600000", "endDate"),
            ("?startDate=2026-01-02&endDate=2026-01-01", "endDate"),
            ("/user/me?limit=101", "limit"),
            ("/user/me?page=0", "page"),
            ("/user/me/recent?limit=101", "limit"),
            ("/user/me/recent?limit=0", "limit"),
            ("/stats?action=nothing", "action"),
        ] {
            let answer = user.get(&format!("{PATH}{path}")).await.ok(400);
            assert_eq!(answer.json()["field"], field, "{path}: {}", answer.text);
        }
        let last = user.get(&format!("{PATH}?page=100&limit=100")).await.ok(200);
        assert_eq!(entries(&last), Vec::<Value>::new());
    }

    async fn long_log_is_counted_and_paged_up_to_a_bound(app: TestApp) {
        let user = app.user(1).await;
        let id = user.account_id().await;
        fill(&app, &id, 10_000, postfun_tests::app::START_MS - 20_000_000).await;
        let page = user.get(&format!("{PATH}?limit=100&page=100")).await.ok(200);
        assert_eq!((page.raw("total"), page.raw("totalIsExact"), page.raw("totalPages")), ("10000".into(), "false".into(), "100".into()));
        let oldest = entries(&page).last().unwrap()["createdAt"].as_str().unwrap().to_owned();
        let older = user.get(&format!("{PATH}?endDate={oldest}")).await.ok(200);
        assert_eq!((older.raw("total"), older.raw("totalIsExact")), ("2".into(), "true".into()), "from there on the rest");
        assert_eq!(user.get(&format!("{PATH}/user/me/recent")).await.ok(200).raw("count"), "20");
        assert_eq!(user.get(&format!("{PATH}/stats")).await.ok(200).raw("data.totalActions"), "10001");
    }

    async fn everybody_sees_themself_and_admins_everybody(app: TestApp) {
        let (user, other, admin) = (app.user(1).await, app.user(2).await, app.admin().await);
        let (id, other_id) = (user.account_id().await, other.account_id().await);
        let session = user.get("/api/v1/sessions/user/me").await.ok(200).string("data.0.id");
        note(&user, "password_changed").await;
        for path in ["?userId=", "/stats?userId="] {
            let ask = async |client: &Client, id: &str| client.get(&format!("{PATH}{path}{id}")).await;
            for id in [id.as_str(), MISSING, "not-an-id"] {
                ask(&other, id).await.refused_in_account(404, "user_not_found", "User not found");
            }
            ask(&admin, MISSING).await.refused_in_account(404, "user_not_found", "User not found");
            let without_time = |answer: Value| (answer["data"].clone(), answer["logs"].clone());
            let (seen, own) = (ask(&admin, &id).await.ok(200).json(), ask(&user, &id).await.ok(200).json());
            assert_eq!(without_time(seen), without_time(own), "{path}");
        }
        let whose = async |client: &Client, query: &str| {
            let list = entries(&client.get(&format!("{PATH}{query}")).await.ok(200));
            list.iter().map(|entry| entry["userId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(whose(&other, "").await, std::slice::from_ref(&other_id));
        assert_eq!(whose(&other, &format!("?sessionId={session}")).await, Vec::<String>::new(), "a foreign session is as good as none");
        assert_eq!(whose(&admin, &format!("?sessionId={session}")).await, [id.clone(), id.clone()]);
        assert_eq!(whose(&admin, &format!("?sessionId={session}&userId={other_id}")).await, Vec::<String>::new());
        assert_eq!(whose(&admin, "?action=password_changed").await, [id]);
        assert_eq!(whose(&admin, "").await.len(), 4);
        assert_eq!(admin.get(&format!("{PATH}/stats")).await.ok(200).raw("data.totalActions"), "4");
        assert_eq!(other.get(&format!("{PATH}/stats")).await.ok(200).raw("data.totalActions"), "1");
    }
}
