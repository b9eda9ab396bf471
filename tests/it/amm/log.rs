//! The public history: whoever downloads it can recompute the pool.

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use postfun_core::amm::replay_log;
use postfun_tests::{TestApp, on_both_engines};

async fn download(app: &TestApp, query: &str) -> (HeaderMap, Vec<u8>) {
    let uri = format!("/api/amm/pools/1/history{query}");
    let response = app.send_for_bytes(Request::get(uri).body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

async fn pool_with_swaps(app: &TestApp, swaps: usize) {
    let (admin, user) = (app.admin().await, app.user(1).await);
    let _pool = admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "6000").await;
    for _ in 0..swaps {
        app.clock.advance_ms(1_000);
        let body = r#"{"pool_id":1,"side":"AtoB","amount_in":700}"#;
        let _swapped = user.post("/api/amm/swap", body).await.ok(201);
    }
}

on_both_engines! {
    async fn pages_put_together_replay_to_the_pool_of_today(app: TestApp) {
        pool_with_swaps(&app, 5).await;
        let (mut log, mut after) = (Vec::new(), "0".to_owned());
        for page in 0..4 {
            let (headers, bytes) = download(&app, &format!("?limit=2&after_seq={after}")).await;
            let is_last = page == 3;
            assert_eq!(bytes.is_empty(), is_last);
            assert_eq!(headers["postfun-pool-seq"], "6");
            headers["postfun-last-seq"].to_str().unwrap().clone_into(&mut after);
            log.extend(bytes);
        }
        let (_, whole) = download(&app, "").await;
        assert_eq!(log, whole);
        let replay = replay_log(&whole).unwrap();
        let record = app.app.pools.find(1).await.unwrap().unwrap();
        assert_eq!((replay.pool(), replay.head()), (&record.pool, &record.head));
        assert_eq!((replay.swaps(), replay.burned().get()), (5, 180_000_000), "3500 gBTC cross two thresholds");
    }

    async fn a_page_that_is_known_is_not_sent_again(app: TestApp) {
        pool_with_swaps(&app, 1).await;
        let (headers, _) = download(&app, "").await;
        let again = |etag: String| {
            let request = Request::get("/api/amm/pools/1/history").header("if-none-match", etag);
            app.send_for_bytes(request.body(Body::empty()).unwrap())
        };
        let etag = headers["etag"].to_str().unwrap().to_owned();
        let known = again(etag).await;
        assert_eq!(known.status(), 304);
        assert!(known.into_body().collect().await.unwrap().to_bytes().is_empty());
        assert_eq!(again("\"another\"".to_owned()).await.status(), 200);
    }

    async fn a_changed_byte_is_found(app: TestApp) {
        pool_with_swaps(&app, 3).await;
        let (_, mut log) = download(&app, "").await;
        let last = log.len() - 40;
        log[last] ^= 1;
        assert_eq!(replay_log(&log).unwrap_err().seq(), 4);
    }

    async fn impossible_pages_are_refused(app: TestApp) {
        pool_with_swaps(&app, 1).await;
        for (query, code) in [
            ("?after_seq=3", "seq_in_future"),
            ("?after_seq=-1", "invalid_query"),
            ("?after_seq=4294967296", "invalid_query"),
            ("?limit=0", "invalid_limit"),
            ("?limit=10001", "invalid_limit"),
            ("?limit=x", "invalid_limit"),
        ] {
            app.stranger().get(&format!("/api/amm/pools/1/history{query}")).await.refused(400, code);
        }
        app.stranger().get("/api/amm/pools/9/history").await.refused(404, "pool_not_found");
    }
}
