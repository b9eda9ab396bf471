//! A pool's live stream: nothing missed, nothing twice, whatever happens to the connection.

use axum::http::StatusCode;
use postfun_core::amm::Side;
use postfun_core::amount::Units;
use postfun_server::amm::{SwapAmount, SwapCommand, SwapLimits};
use postfun_server::http::idempotency::StoredAnswer;
use postfun_server::identity::UserRef;
use postfun_tests::{EventStream, TestApp, User, on_both_engines};
use serde_json::Value;

/// A pool's stream that is being read.
struct Events(EventStream);

impl Events {
    async fn open(app: &TestApp, query: &str, last_event_id: Option<i64>) -> Self {
        let (path, id) = (format!("/api/amm/pools/1/stream{query}"), last_event_id.map(|id| id.to_string()));
        Self(EventStream::open(&app.stranger(), &path, id.as_deref()).await)
    }

    /// Reads the next event as (name, id, data); `None` when the server ends the stream.
    async fn next(&mut self) -> Option<(String, i64, Value)> {
        self.0.next().await.map(|event| (event.name, event.id.parse().unwrap(), event.data))
    }
}

async fn trader(app: &TestApp) -> User {
    let (admin, user) = (app.admin().await, app.user(1).await);
    let _pool = admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "900").await;
    user
}

async fn swap(user: &User) -> i64 {
    let body = r#"{"pool_id":1,"side":"AtoB","amount_in":0.01}"#;
    user.post("/api/amm/swap", body).await.ok(201).json()["trade"]["seq"].as_i64().unwrap()
}

on_both_engines! {
    async fn a_stream_begins_with_the_pool_and_goes_on_with_its_trades(app: TestApp) {
        let user = trader(&app).await;
        let mut events = Events::open(&app, "", None).await;
        let (name, id, pool) = events.next().await.unwrap();
        assert_eq!((name.as_str(), id, &pool["reserve_a_units"]), ("pool", 1, &Value::from("100000000000")));
        for _ in 0..3 {
            let seq = swap(&user).await;
            let (name, id, trade) = events.next().await.unwrap();
            assert_eq!((name.as_str(), id, &trade["seq"]), ("swap", seq, &Value::from(seq)));
            assert_eq!((&trade["user_id"], &trade["amount_in_units"]), (&Value::Null, &Value::from("1000000")));
        }
    }

    async fn a_reader_who_keeps_losing_the_connection_misses_nothing_and_gets_nothing_twice(app: TestApp) {
        let user = trader(&app).await;
        let writer = tokio::spawn(async move {
            for _ in 0..60 {
                let _seq = swap(&user).await;
            }
        });
        let mut seen = Vec::new();
        let mut last = 1;
        while last < 61 {
            let mut events = Events::open(&app, "", Some(last)).await;
            for _ in 0..=seen.len() % 4 {
                if last < 61 {
                    last = events.next().await.unwrap().1;
                    seen.push(last);
                }
            }
        }
        writer.await.unwrap();
        assert_eq!(seen, (2..=61).collect::<Vec<_>>());
    }

    async fn a_trade_in_another_process_arrives_too(app: TestApp) {
        let user = trader(&app).await;
        let other = app.reconfigured(|_| {}).await;
        let mut events = Events::open(&other, "?after_seq=1", None).await;
        let seqs = [swap(&user).await, swap(&user).await];
        assert_eq!([events.next().await.unwrap().1, events.next().await.unwrap().1], seqs);
    }

    async fn a_reader_who_never_reads_is_dropped_and_can_resume(app: TestApp) {
        let user = trader(&app).await;
        let mut idle = Events::open(&app, "", None).await;
        assert_eq!(idle.next().await.unwrap().0, "pool");
        let user_id = app.app.identities.find_by_ref(&UserRef::Number(i64::try_from(user.id).unwrap())).await;
        let command = SwapCommand {
            user_id: user_id.unwrap().unwrap().id,
            user_number: 1,
            side: Side::AtoB,
            amount: SwapAmount::ExactIn(Units::new(1_000_000).unwrap()),
            limits: SwapLimits::default(),
            claim: None,
            render: |_receipt| Ok(StoredAnswer { status: StatusCode::CREATED, body: "{}".into() }),
        };
        for _ in 0..6 {
            let answers = app.app.pools.execute_batch(1, &vec![command.clone(); 256]).await;
            assert!(answers.iter().all(Result::is_ok));
        }
        // The feed hands out in its own time; a second reader shows when it has.
        let mut busy = Events::open(&app, "?after_seq=1", None).await;
        for seq in 2..=1537 {
            assert_eq!(busy.next().await.unwrap().1, seq);
        }
        let mut last = 1;
        while let Some((_, id, _)) = idle.next().await {
            assert_eq!(id, last + 1, "what arrives has no gap");
            last = id;
            if last == 1537 {
                break;
            }
        }
        let mut resumed = Events::open(&app, "", Some(last)).await;
        for seq in last + 1..=1537 {
            assert_eq!(resumed.next().await.unwrap().1, seq);
        }
    }

    async fn impossible_starts_are_refused(app: TestApp) {
        let _user = trader(&app).await;
        let stranger = app.stranger();
        stranger.get("/api/amm/pools/1/stream?after_seq=2").await.refused(400, "seq_in_future");
        stranger.get("/api/amm/pools/1/stream?after_seq=-1").await.refused(400, "invalid_query");
        stranger.get("/api/amm/pools/9/stream").await.refused(404, "pool_not_found");
        let with = |id: &str| app.stranger().with("last-event-id", id);
        with("2").get("/api/amm/pools/1/stream").await.refused(400, "seq_in_future");
        for id in ["", "x", "-1", "1.5", "99999999999"] {
            with(id).get("/api/amm/pools/1/stream").await.refused(400, "invalid_last_event_id");
        }
    }

    async fn streams_end_when_the_server_stops(app: TestApp) {
        let _user = trader(&app).await;
        let mut events = Events::open(&app, "", None).await;
        assert_eq!(events.next().await.unwrap().0, "pool");
        app.app.pools.end_streams();
        assert_eq!(events.next().await, None);
    }
}
