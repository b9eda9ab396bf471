//! The list of a user's events as the database holds it.

use futures_util::future::join_all;
use postfun_server::audit;
use postfun_server::db::DbError;
use postfun_server::events::NewEvent;
use postfun_tests::{TestApp, on_both_engines};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{append, id_of};

fn event(user: Uuid, number: usize) -> NewEvent {
    NewEvent { user, kind: "test.happened", data: format!(r#"{{"number":{number}}}"#) }
}

on_both_engines! {
    async fn numbers_follow_each_other_and_are_each_users_own(app: TestApp) {
        let (one, two) = (app.user(1).await, app.user(2).await);
        let (one, two) = (id_of(&app, &one).await, id_of(&app, &two).await);
        assert_eq!(append(&app, &[event(one, 0)]).await.unwrap(), [1]);
        let mixed = [event(two, 1), event(one, 2), event(two, 3), event(one, 4), event(two, 5)];
        assert_eq!(append(&app, &mixed).await.unwrap(), [1, 2, 2, 3, 3]);
        assert_eq!(append(&app, &[]).await.unwrap(), [0_i64; 0]);
        let stored = app.app.events.list_after(one, 1, 100).await.unwrap();
        let stored: Vec<(i64, &str, &str)> =
            stored.iter().map(|event| (event.seq, event.kind.as_str(), event.data.as_str())).collect();
        assert_eq!(stored, [(2, "test.happened", r#"{"number":2}"#), (3, "test.happened", r#"{"number":4}"#)]);
        assert_eq!((app.app.events.last_seq(one).await.unwrap(), app.app.events.last_seq(Uuid::nil()).await.unwrap()), (3, 0));
    }

    async fn what_is_rolled_back_leaves_no_gap(app: TestApp) {
        let user = id_of(&app, &app.user(1).await).await;
        let mut tx = app.app.db.begin().await.unwrap();
        assert_eq!(app.app.events.append_in_tx(&mut tx, user, "test.happened", "{}".to_owned()).await.unwrap(), 1);
        tx.rollback().await.unwrap();
        assert_eq!(append(&app, &[event(user, 1)]).await.unwrap(), [1]);
    }

    async fn two_servers_append_at_once_and_nobody_sees_a_number_before_those_below_it(app: TestApp) {
        let other = app.reconfigured(|_| {}).await;
        let users = [id_of(&app, &app.user(1).await).await, id_of(&app, &app.user(2).await).await];
        let watching = tokio::spawn({
            let app = app.clone();
            async move {
                let (mut last, mut looks) = (0, 0);
                while last < 80 {
                    let seen = app.app.events.list_after(users[0], last, 500).await.unwrap();
                    let numbers: Vec<i64> = seen.iter().map(|event| event.seq).collect();
                    assert_eq!(numbers, (last + 1..).take(seen.len()).collect::<Vec<_>>(), "a gap was seen");
                    last = numbers.last().copied().unwrap_or(last);
                    looks += 1;
                    tokio::task::yield_now().await;
                }
                looks
            }
        });
        // Each writer names the users in another order; the locks are ascending all the same.
        let writers = (0..8_usize).map(|writer| {
            let server = if writer % 2 == 0 { app.clone() } else { other.clone() };
            tokio::spawn(async move {
                for number in 0..10 {
                    let [first, second] = if (writer + number) % 3 == 0 { [users[1], users[0]] } else { users };
                    append(&server, &[event(first, number), event(second, number)]).await.unwrap();
                }
            })
        });
        for writer in join_all(writers).await {
            writer.unwrap();
        }
        assert!(watching.await.unwrap() > 0);
        assert_eq!(app.app.events.last_seq(users[1]).await.unwrap(), 80);
    }

    async fn a_gift_is_an_event_and_a_repeated_one_is_not(app: TestApp) {
        let demo = app.reconfigured(|config| config.demo = true).await;
        let (admin, user) = (demo.admin().await, demo.user(1).await);
        let body = json!({"target_user_id": user.id, "symbol": "gBTC", "amount": "0.5"}).to_string();
        let _given = admin.post_once("gift", "/api/amm/airdrop", body.clone()).await.ok(201);
        let _replayed = admin.post_once("gift", "/api/amm/airdrop", body).await.ok(201);
        let _granted = user.post("/api/demo/starter-grant", "").await.ok(201);
        user.post("/api/demo/starter-grant", "").await.refused(409, "already_granted");
        let events = demo.app.events.list_after(id_of(&demo, &user).await, 0, 100).await.unwrap();
        let data: Vec<Value> = events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect();
        assert!(events.iter().all(|event| event.kind == "balance.granted"));
        assert_eq!(data.iter().map(|data| &data["reason"]).collect::<Vec<_>>(), ["airdrop", "starter_grant"]);
        assert_eq!((&data[0]["items"][0]["symbol"], &data[0]["items"][0]["amount_units"]), (&json!("gBTC"), &json!("50000000")));
        assert_eq!(data[1]["items"].as_array().unwrap().len(), 3);
        assert_eq!(demo.app.events.last_seq(id_of(&demo, &admin).await).await.unwrap(), 0);
    }

    async fn events_that_nobody_could_read_are_refused(app: TestApp) {
        let user = id_of(&app, &app.user(1).await).await;
        let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(8_192));
        for (kind, data) in [("happened", "{}".to_owned()), ("test.happened", long)] {
            let refused = append(&app, &[NewEvent { user, kind, data }]).await;
            assert!(matches!(refused, Err(DbError::Constraint { .. })), "{refused:?}");
        }
        assert!(matches!(append(&app, &[event(Uuid::nil(), 1)]).await, Err(DbError::Constraint { .. })));
        assert_eq!(app.app.events.last_seq(user).await.unwrap(), 0);
    }

    async fn audit_finds_a_counter_that_is_ahead_of_its_events(app: TestApp) {
        let user = id_of(&app, &app.user(1).await).await;
        append(&app, &[event(user, 1), event(user, 2)]).await.unwrap();
        app.try_statement("UPDATE user_streams SET seq = 3").await.unwrap();
        let report = audit::run(&app.app.db).await.unwrap();
        assert_eq!(report.user_events, 2);
        assert_eq!(report.findings.len(), 1, "{report}");
        assert_eq!(report.findings[0].to_string(), format!("user's events have a gap: {user} has 2 events from 1 to 2, must be 3 from 1 to 3"));
        app.try_statement("UPDATE user_streams SET seq = 2").await.unwrap();
    }
}
