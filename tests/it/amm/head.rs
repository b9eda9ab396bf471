//! The signed end of a history, and the checkpoints on the way there.

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use postfun_core::amm::{Checkpoint, Head, Playback, Replay, encode_record, replay_log};
use postfun_core::encoding::hex;
use postfun_core::nostr::npub;
use postfun_server::audit;
use postfun_server::config::Secret;
use postfun_tests::{Answer, StoredEvent, TestApp, on_both_engines};

/// Swaps of one user that wait at once.
const AT_ONCE: usize = 16;

async fn pool_with_swaps(app: &TestApp, swaps: usize) {
    let (admin, user) = (app.admin().await, app.user(1).await);
    let _pool = admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "6000").await;
    let body = r#"{"pool_id":1,"side":"AtoB","amount_in":0.9}"#;
    for first in (0..swaps).step_by(AT_ONCE) {
        let many = (first..swaps.min(first + AT_ONCE)).map(|_| user.post("/api/amm/swap", body));
        for answer in join_all(many).await {
            let _swapped = answer.ok(201);
        }
    }
}

fn read(answer: &Answer) -> (Head, [u8; 32], [u8; 64]) {
    let head = Head {
        pool_id: answer.raw("pool_id").parse().unwrap(),
        seq: answer.raw("seq").parse().unwrap(),
        hash: hex::decode_array(&answer.string("head")).unwrap(),
    };
    let key = hex::decode_array(&answer.string("pubkey")).unwrap();
    (head, key, hex::decode_array(&answer.string("signature")).unwrap())
}

fn bytes(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn log_of(events: &[StoredEvent]) -> Vec<u8> {
    let record =
        |event: &StoredEvent| encode_record(&event.bytes, &event.hash.clone().try_into().unwrap()).unwrap();
    events.iter().flat_map(record).collect()
}

on_both_engines! {
    async fn every_head_is_signed_by_the_key_that_the_server_names(app: TestApp) {
        pool_with_swaps(&app, 3).await;
        let config = app.stranger().get("/api/config").await.ok(200);
        let events = app.pool_events(1).await;
        for seq in 1..=4_usize {
            let answer = app.stranger().get(&format!("/api/amm/pools/1/head?seq={seq}")).await.ok(200);
            let (head, key, signature) = read(&answer);
            assert_eq!(head.verify(&key, &signature), Ok(()));
            assert_eq!((head.seq, head.pool_id), (seq.try_into().unwrap(), 1));
            assert_eq!(head.hash.to_vec(), events[seq - 1].hash);
            assert_eq!(config.string("head_key.pubkey"), hex::encode_lower(&key));
            assert_eq!(config.string("head_key.npub"), npub::encode(&key));
        }
        let now = app.stranger().get("/api/amm/pools/1/head").await.ok(200);
        assert_eq!(now.text, app.stranger().get("/api/amm/pools/1/head?seq=4").await.ok(200).text);
        assert_eq!(now.string("head"), app.stranger().get("/api/amm/pools/1").await.ok(200).string("head"));
    }

    async fn a_head_that_is_known_is_not_sent_again(app: TestApp) {
        pool_with_swaps(&app, 1).await;
        let first = app.stranger().get("/api/amm/pools/1/head").await.ok(200);
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        let etag = first.header("etag").unwrap().to_owned();
        let again = app.stranger().with("if-none-match", &etag).get("/api/amm/pools/1/head").await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        let _more = app.user(1).await.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#).await.ok(201);
        let moved = app.stranger().with("if-none-match", &etag).get("/api/amm/pools/1/head").await.ok(200);
        assert_eq!(moved.raw("seq"), "3");
    }

    async fn impossible_heads_are_refused(app: TestApp) {
        pool_with_swaps(&app, 1).await;
        for (query, code) in [
            ("?seq=3", "seq_in_future"),
            ("?seq=18446744073709551615", "seq_in_future"),
            ("?seq=0", "invalid_query"),
            ("?seq=-1", "invalid_query"),
            ("?seq=x", "invalid_query"),
        ] {
            app.stranger().get(&format!("/api/amm/pools/1/head{query}")).await.refused(400, code);
        }
        app.stranger().get("/api/amm/pools/9/head").await.refused(404, "pool_not_found");
    }

    async fn a_page_of_history_carries_the_signature_of_its_end(app: TestApp) {
        pool_with_swaps(&app, 3).await;
        for (query, seq) in [("?limit=2", 2), ("?limit=2&after_seq=2", 4), ("?after_seq=4", 4)] {
            let request = Request::get(format!("/api/amm/pools/1/history{query}")).body(Body::empty()).unwrap();
            let page = app.send_for_bytes(request).await;
            let head = app.stranger().get(&format!("/api/amm/pools/1/head?seq={seq}")).await.ok(200);
            assert_eq!(page.headers()["postfun-head-signature"], head.string("signature"), "{query}");
        }
    }

    async fn the_key_follows_from_the_secret_alone(app: TestApp) {
        pool_with_swaps(&app, 1).await;
        let here = app.stranger().get("/api/amm/pools/1/head").await.ok(200);
        let again = app.reconfigured(|_config| ()).await.stranger().get("/api/amm/pools/1/head").await.ok(200);
        assert_eq!(here.text, again.text, "every process gives the same signature");
        let other = app.reconfigured(|config| config.tokens.secret = Secret::new("another secret, long enough for this")).await;
        let other = other.stranger().get("/api/amm/pools/1/head").await.ok(200);
        assert_eq!(other.string("head"), here.string("head"));
        assert_ne!(other.string("pubkey"), here.string("pubkey"));
        let (head, key, signature) = read(&other);
        assert_eq!(head.verify(&key, &signature), Ok(()));
    }

    async fn checkpoints_appear_every_thousand_events_and_save_those_before(app: TestApp) {
        pool_with_swaps(&app, 2_010).await;
        let none = app.stranger().get("/api/amm/pools/1/checkpoints").await.ok(200);
        assert_eq!(none.raw("items"), "[]", "a swap never makes one");
        app.run_job("pool-checkpoints").await;
        app.run_job("pool-checkpoints").await;
        let (events, whole) = (app.pool_events(1).await, app.replay(1).await);
        let (mut path, mut seen) = ("?limit=1".to_owned(), Vec::new());
        loop {
            let page = app.stranger().get(&format!("/api/amm/pools/1/checkpoints{path}")).await.ok(200);
            if page.raw("items") == "[]" {
                break;
            }
            let seq: usize = page.raw("items.0.seq").parse().unwrap();
            let checkpoint = Checkpoint::from_bytes(bytes(&page.string("items.0.checkpoint")));
            let signature = hex::decode_array(&page.string("items.0.signature")).unwrap();
            let key = hex::decode_array(&page.string("pubkey")).unwrap();
            assert_eq!(checkpoint.verify(&key, &signature), Ok(()));
            assert_eq!(replay_log(&log_of(&events[..seq])).unwrap().checkpoint(), checkpoint);
            let mut playback = Playback::resume(Replay::resume(&checkpoint).unwrap());
            playback.push(&log_of(&events[seq..])).unwrap();
            assert_eq!(playback.end(), Ok(&whole));
            seen.push(seq);
            path = format!("?limit=1&before_seq={}", page.raw("next_before_seq"));
        }
        assert_eq!(seen, [2_000, 1_000]);
        let report = audit::run(&app.app.db).await.unwrap();
        assert!(report.is_clean() && report.checkpoints == 2, "{report}");
    }

    async fn the_audit_names_a_false_checkpoint_and_a_deleted_one_is_made_again(app: TestApp) {
        pool_with_swaps(&app, 1_000).await;
        app.run_job("pool-checkpoints").await;
        let honest = app.stranger().get("/api/amm/pools/1/checkpoints").await.ok(200).text;
        // Another pool's bytes of the same length: well-formed, and a lie.
        let mut lie = replay_log(&log_of(&app.pool_events(1).await)).unwrap().checkpoint().as_bytes().to_vec();
        let last = lie.len() - 1;
        lie[last] ^= 1;
        app.try_statement("DELETE FROM pool_checkpoints").await.unwrap();
        app.insert_checkpoint(1, 1_000, &lie).await;
        let said = audit::run(&app.app.db).await.unwrap().to_string();
        assert!(said.contains("checkpoint differs from its events: pool 1 at event 1000"), "{said}");
        app.try_statement("UPDATE pool_checkpoints SET seq = 5000").await.unwrap();
        let said = audit::run(&app.app.db).await.unwrap().to_string();
        assert!(said.contains("pool 1 at event 5000 has other bytes, must be no event"), "{said}");
        app.try_statement("DELETE FROM pool_checkpoints").await.unwrap();
        app.run_job("pool-checkpoints").await;
        assert_eq!(app.stranger().get("/api/amm/pools/1/checkpoints").await.ok(200).text, honest);
    }

    async fn no_checkpoint_is_made_of_a_history_that_is_wrong(app: TestApp) {
        pool_with_swaps(&app, 1_000).await;
        app.run_job("pool-checkpoints").await;
        app.try_statement("UPDATE pool_checkpoints SET bytes = (SELECT hash FROM pool_events WHERE seq = 1)").await.unwrap();
        let user = app.user(1).await;
        let body = r#"{"pool_id":1,"side":"BtoA","amount_in":65}"#;
        for _ in 0..63 {
            join_all((0..AT_ONCE).map(|_| user.post("/api/amm/swap", body))).await;
        }
        app.run_job("pool-checkpoints").await;
        let list = app.stranger().get("/api/amm/pools/1/checkpoints").await.ok(200);
        assert_eq!(list.json()["items"].as_array().unwrap().len(), 1, "the wrong one is not built on");
        app.try_statement("DELETE FROM pool_checkpoints").await.unwrap();
        app.run_job("pool-checkpoints").await;
        let list = app.stranger().get("/api/amm/pools/1/checkpoints").await.ok(200);
        assert_eq!(list.json()["items"].as_array().unwrap().len(), 2);
    }

    async fn impossible_pages_of_checkpoints_are_refused(app: TestApp) {
        pool_with_swaps(&app, 1).await;
        for (query, code) in [
            ("?limit=0", "invalid_limit"),
            ("?limit=501", "invalid_limit"),
            ("?before_seq=0", "invalid_query"),
            ("?before_seq=-1", "invalid_query"),
        ] {
            app.stranger().get(&format!("/api/amm/pools/1/checkpoints{query}")).await.refused(400, code);
        }
        app.stranger().get("/api/amm/pools/9/checkpoints").await.refused(404, "pool_not_found");
    }

    async fn pools_are_paged_by_their_number(app: TestApp) {
        let admin = app.admin().await;
        for _ in 0..5 {
            let body = r#"{"symbol_a":"gUSD","symbol_b":"PFUN","reserve_a":"10.5","reserve_b":1e2}"#;
            let _made = admin.post("/api/amm/pools", body).await.ok(201);
        }
        let (mut path, mut seen) = ("/api/amm/pools?limit=2".to_owned(), Vec::new());
        for _page in 0..3 {
            let page = app.stranger().get(&path).await.ok(200);
            let items = page.json()["items"].as_array().unwrap().clone();
            seen.extend(items.iter().map(|pool| pool["id"].as_u64().unwrap()));
            if page.raw("next_after_id") == "null" {
                break;
            }
            path = format!("/api/amm/pools?limit=2&after_id={}", page.raw("next_after_id"));
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
        assert_eq!(app.stranger().get("/api/amm/pools").await.ok(200).json()["items"].as_array().unwrap().len(), 5);
        for query in ["limit=0", "limit=501"] {
            app.stranger().get(&format!("/api/amm/pools?{query}")).await.refused(400, "invalid_limit");
        }
        app.stranger().get("/api/amm/pools?after_id=-1").await.refused(400, "invalid_query");
    }
}
