//! A user's own stream: everything that is theirs, nothing that is not, nothing missed and nothing twice.

use std::time::Duration;

use futures_util::future::join_all;
use postfun_server::events::NewEvent;
use postfun_tests::{EventStream, StreamEvent, TestApp, User, on_both_engines};
use serde_json::json;
use uuid::Uuid;

use super::{append, id_of};

const PATH: &str = "/api/me/stream";

async fn open(user: &User, last_event_id: Option<&str>) -> EventStream {
    EventStream::open(user, PATH, last_event_id).await
}

fn event(user: Uuid, number: usize) -> NewEvent {
    NewEvent { user, kind: "test.happened", data: format!(r#"{{"number":{number}}}"#) }
}

fn units(event: &StreamEvent, symbol: &str) -> String {
    let items = event.data["items"].as_array().unwrap();
    items.iter().find(|item| item["symbol"] == symbol).unwrap()["amount_units"].as_str().unwrap().to_owned()
}

/// The two numbers of an id.
fn position(event: &StreamEvent) -> (i64, i64) {
    let (seq, revision) = event.id.split_once('-').unwrap();
    (seq.parse().unwrap(), revision.parse().unwrap())
}

async fn swap(user: &User) {
    let body = r#"{"pool_id":1,"side":"AtoB","amount_in":0.01}"#;
    let _swapped = user.post("/api/amm/swap", body).await.ok(201);
}

on_both_engines! {
    async fn a_stream_begins_with_the_balances_and_tells_what_happens(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let _pool = admin.seed_pool().await;
        let mut stream = open(&user, None).await;
        let first = stream.next().await.unwrap();
        assert_eq!((first.name.as_str(), first.id.as_str()), ("balances", "0-0"));
        assert_eq!(first.data["btc"], json!({"balance_sats": 0, "balance_msats": "0", "held_msats": "0"}));
        assert_eq!(units(&first, "gBTC"), "0");

        admin.airdrop(&user, "gBTC", "2.5").await;
        let told = stream.next().await.unwrap();
        assert_eq!((told.name.as_str(), told.id.as_str()), ("balance.granted", "1-0"));
        assert_eq!((&told.data["seq"], &told.data["data"]["reason"]), (&json!(1), &json!("airdrop")));
        assert_eq!(told.data["created_at"], "2026-01-01T00:00:00.000000Z");
        let given = stream.next().await.unwrap();
        assert_eq!((given.name.as_str(), units(&given, "gBTC").as_str()), ("balances", "250000000"));

        swap(&user).await;
        let swapped = stream.next().await.unwrap();
        assert_eq!((swapped.name.as_str(), units(&swapped, "gBTC").as_str()), ("balances", "249000000"));
        assert_eq!(swapped.data["items"], user.get("/api/amm/balances").await.ok(200).json()["items"]);
        assert!(position(&swapped) > position(&given) && position(&swapped).0 == 1);
        assert_eq!(swapped.data["revision"], position(&swapped).1);
    }

    async fn a_second_tab_and_another_process_see_a_swap(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let _pool = admin.seed_pool().await;
        admin.airdrop(&user, "gBTC", "1").await;
        let other = app.reconfigured(|_| {}).await;
        let there = other.stranger().with_token(&user.token);
        let mut streams = [open(&user, None).await, open(&user, None).await, EventStream::open(&there, PATH, None).await];
        for stream in &mut streams {
            assert_eq!(units(&stream.next().await.unwrap(), "gBTC"), "100000000");
        }
        swap(&user).await;
        for stream in &mut streams {
            let next = stream.next().await.unwrap();
            assert_eq!((next.name.as_str(), units(&next, "gBTC").as_str()), ("balances", "99000000"));
        }
    }

    async fn nobody_hears_of_anybody_else(app: TestApp) {
        let (admin, user, other) = (app.admin().await, app.user(1).await, app.user(2).await);
        let mut stream = open(&user, None).await;
        assert_eq!(stream.next().await.unwrap().id, "0-0");
        admin.airdrop(&other, "gBTC", "7").await;
        append(&app, &[event(id_of(&app, &other).await, 1)]).await.unwrap();
        assert!(stream.is_silent_for(Duration::from_millis(500)).await);
        append(&app, &[event(id_of(&app, &user).await, 2)]).await.unwrap();
        app.app.events.announce([id_of(&app, &user).await]);
        let own = stream.next().await.unwrap();
        assert_eq!((own.id.as_str(), &own.data["data"]["number"]), ("1-0", &json!(2)));
    }

    async fn a_reader_who_keeps_losing_the_connection_misses_nothing_and_gets_nothing_twice(app: TestApp) {
        let other = app.reconfigured(|_| {}).await;
        let (user, elsewhere) = (app.user(1).await, app.user(1).await);
        let id = id_of(&app, &user).await;
        // Two servers append at once; the reader reads now here, now there.
        let writers: Vec<_> = [app.clone(), other.clone()].into_iter().enumerate().map(|(writer, server)| tokio::spawn(async move {
            for turn in 0..15 {
                append(&server, &[event(id, 100 * writer + 2 * turn), event(id, 100 * writer + 2 * turn + 1)]).await.unwrap();
                server.app.events.announce([id]);
            }
        })).collect();
        let clients = [(*elsewhere).clone(), other.stranger().with_token(&user.token)];
        let (mut seen, mut last, mut turn) = (Vec::new(), "0-0".to_owned(), 0);
        while seen.len() < 60 {
            let mut stream = EventStream::open(&clients[turn % 2], PATH, Some(&last)).await;
            for _ in 0..=turn % 4 {
                if seen.len() < 60 {
                    let next = stream.next_named("test.happened").await;
                    seen.push(next.data["seq"].as_i64().unwrap());
                    last = next.id;
                }
            }
            turn += 1;
        }
        for writer in join_all(writers).await {
            writer.unwrap();
        }
        assert_eq!(seen, (1..=60).collect::<Vec<_>>());
    }

    async fn who_resumes_gets_the_balances_only_if_they_changed(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        admin.airdrop(&user, "gBTC", "1").await;
        let first = open(&user, None).await.next().await.unwrap();
        let id = id_of(&app, &user).await;
        append(&app, &[event(id, 1)]).await.unwrap();
        let mut same = open(&user, Some(&first.id)).await;
        let next = same.next().await.unwrap();
        assert_eq!((next.name.as_str(), position(&next)), ("test.happened", (2, position(&first).1)));
        assert!(same.is_silent_for(Duration::from_millis(300)).await);
        admin.airdrop(&user, "gUSD", "1").await;
        let path = format!("{PATH}?after={}", next.id);
        let mut changed = EventStream::open(&user, &path, None).await;
        assert_eq!(changed.next().await.unwrap().name, "balance.granted");
        let balances = changed.next().await.unwrap();
        assert_eq!((balances.name.as_str(), units(&balances, "gUSD").as_str()), ("balances", "1000000"));
        // The header wins, as a browser that reconnects repeats the address.
        let mut browser = EventStream::open(&user, &path, Some(&balances.id)).await;
        assert!(browser.is_silent_for(Duration::from_millis(300)).await);
    }

    async fn a_long_backlog_comes_whole(app: TestApp) {
        let user = app.user(1).await;
        let id = id_of(&app, &user).await;
        let events: Vec<NewEvent> = (0..250).map(|number| event(id, number)).collect();
        append(&app, &events).await.unwrap();
        let mut stream = open(&user, Some("0-0")).await;
        for seq in 1..=250 {
            assert_eq!(stream.next().await.unwrap().data["seq"], seq);
        }
        append(&app, &events).await.unwrap();
        app.app.events.announce([id]);
        for seq in 251..=500 {
            assert_eq!(stream.next().await.unwrap().data["seq"], seq);
        }
    }

    async fn a_reader_who_never_reads_is_dropped_and_can_resume(app: TestApp) {
        let user = app.user(1).await;
        let id = id_of(&app, &user).await;
        let (mut idle, mut busy) = (open(&user, None).await, open(&user, None).await);
        assert_eq!(idle.next().await.unwrap().id, "0-0");
        assert_eq!(busy.next().await.unwrap().id, "0-0");
        // One at a time, so that each is a look of its own: more of them than a reader may be behind.
        for seq in 1..=60 {
            append(&app, &[event(id, 0)]).await.unwrap();
            app.app.events.announce([id]);
            assert_eq!(busy.next().await.unwrap().data["seq"], seq);
        }
        let mut last = "0-0".to_owned();
        let mut seen = 0;
        while let Some(next) = idle.next().await {
            seen += 1;
            assert_eq!(next.data["seq"], seen, "what arrives has no gap");
            last = next.id;
        }
        assert!(seen < 60, "the buffer is bounded: {seen}");
        let mut resumed = open(&user, Some(&last)).await;
        for seq in seen + 1..=60 {
            assert_eq!(resumed.next().await.unwrap().data["seq"], seq);
        }
    }

    async fn impossible_starts_are_refused(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        admin.airdrop(&user, "gBTC", "1").await;
        let with = |id: &str| (*user).clone().with("last-event-id", id);
        for id in ["2-1", "1-2", "2-0", "999999999999999999-0"] {
            let answer = with(id).get(PATH).await;
            answer.refused(400, "position_in_future");
            assert_eq!((answer.json()["seq"].clone(), answer.json()["revision"].clone()), (json!(1), json!(1)));
            user.get(&format!("{PATH}?after={id}")).await.refused(400, "position_in_future");
        }
        for id in ["", "x", "1", "-1-1", "1--1", "1.5-2", "99999999999999999999-0"] {
            with(id).get(PATH).await.refused(400, "invalid_last_event_id");
            user.get(&format!("{PATH}?after={id}")).await.refused(400, "invalid_after");
        }
        app.stranger().get(PATH).await.refused(401, "missing_bearer_token");
        app.stranger().with_token("nonsense").get(PATH).await.refused(401, "invalid_or_expired_token");
        assert_eq!(app.app.streams.users(), 0, "nobody was let in");
    }

    async fn streams_end_when_the_server_stops(app: TestApp) {
        let user = app.user(1).await;
        let mut stream = open(&user, None).await;
        assert_eq!(stream.next().await.unwrap().name, "balances");
        app.app.streams.end();
        assert_eq!(stream.next().await, None);
    }

    async fn who_leaves_is_forgotten(app: TestApp) {
        let (user, other) = (app.user(1).await, app.user(2).await);
        let streams = [open(&user, None).await, open(&user, None).await, open(&other, None).await];
        assert_eq!(app.app.streams.users(), 2);
        drop(streams);
        assert_eq!(app.app.streams.users(), 0);
        let mut again = open(&user, None).await;
        assert_eq!(again.next().await.unwrap().data["items"].as_array().map(Vec::len), Some(4));
    }
}
