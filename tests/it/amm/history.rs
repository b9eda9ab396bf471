//! What a pool shows of its past.

use postfun_core::encoding::hex;
use postfun_tests::{TestApp, User, on_both_engines};

async fn pool_with_trades(app: &TestApp, trades: u64) -> (User, User) {
    let (admin, one, two) = (app.admin().await, app.user(1).await, app.user(2).await);
    admin.seed_pool().await;
    for user in [&one, &two] {
        admin.airdrop(user, "gBTC", "1000").await;
    }
    for number in 0..trades {
        let user = if number % 2 == 0 { &one } else { &two };
        let body = format!(r#"{{"pool_id":1,"side":"AtoB","amount_in":0.0{}}}"#, number + 1);
        let _swapped = user.post("/api/amm/swap", body).await.ok(201);
        app.clock.advance_ms(1_000);
    }
    (one, two)
}

fn seqs(answer: &postfun_tests::Answer) -> Vec<u64> {
    answer.json()["items"].as_array().unwrap().iter().map(|trade| trade["seq"].as_u64().unwrap()).collect()
}

on_both_engines! {
    async fn trades_are_paged_newest_first_without_gap(app: TestApp) {
        let (user, _) = pool_with_trades(&app, 7).await;
        let mut seen = Vec::new();
        let mut path = "/api/amm/pools/1/trades?limit=3".to_owned();
        for _page in 0..4 {
            let page = user.get(&path).await.ok(200);
            seen.extend(seqs(&page));
            let next = page.raw("next_before_seq");
            if next == "null" {
                break;
            }
            path = format!("/api/amm/pools/1/trades?limit=3&before_seq={next}");
        }
        assert_eq!(seen, [8, 7, 6, 5, 4, 3, 2]);
    }

    async fn only_own_trades_show_whose_they_are(app: TestApp) {
        let (one, two) = pool_with_trades(&app, 4).await;
        let (first, second) = (one.id, two.id);
        for (client, expected) in [
            (app.stranger(), [None, None, None, None]),
            ((*one).clone(), [None, Some(first), None, Some(first)]),
            ((*two).clone(), [Some(second), None, Some(second), None]),
        ] {
            let items = client.get("/api/amm/pools/1/trades").await.ok(200).json()["items"].clone();
            let users: Vec<_> = items.as_array().unwrap().iter().map(|trade| trade["user_id"].as_u64()).collect();
            assert_eq!(users, expected);
        }
    }

    async fn trades_show_the_hashes_of_the_chain(app: TestApp) {
        let (user, _) = pool_with_trades(&app, 5).await;
        let events = app.pool_events(1).await;
        let items = user.get("/api/amm/pools/1/trades").await.ok(200).json()["items"].clone();
        for trade in items.as_array().unwrap() {
            let seq = usize::try_from(trade["seq"].as_u64().unwrap()).unwrap();
            assert_eq!(trade["hash"], hex::encode_lower(&events[seq - 1].hash));
        }
        let pool = app.stranger().get("/api/amm/pools/1").await.ok(200);
        assert_eq!(pool.string("head"), hex::encode_lower(app.replay(1).await.head()));
    }

    async fn limit_is_one_to_five_hundred(app: TestApp) {
        let (user, _) = pool_with_trades(&app, 2).await;
        for list in ["trades", "burns"] {
            for limit in ["1", "500"] {
                let _page = user.get(&format!("/api/amm/pools/1/{list}?limit={limit}")).await.ok(200);
            }
            for limit in ["0", "501", "-1", "1.5", "ten", "", "18446744073709551616"] {
                let answer = user.get(&format!("/api/amm/pools/1/{list}?limit={limit}")).await;
                assert_eq!(answer.status, 400, "{list} {limit}: {}", answer.text);
                answer.refused(400, answer.json()["code"].as_str().unwrap());
            }
        }
        for before in ["-1", "x", "1e3", "18446744073709551616"] {
            let answer = user.get(&format!("/api/amm/pools/1/trades?before_seq={before}")).await;
            assert_eq!(answer.status, 400, "{before}: {}", answer.text);
        }
        assert_eq!(seqs(&user.get("/api/amm/pools/1/trades?before_seq=2").await.ok(200)), [] as [u64; 0]);
    }

    async fn stored_history_cannot_be_changed(app: TestApp) {
        let _traders = pool_with_trades(&app, 1).await;
        for statement in [
            "UPDATE entries SET amount = amount + 1",
            "DELETE FROM entries",
            "UPDATE postings SET kind = kind",
            "DELETE FROM postings",
            "UPDATE pool_events SET seq = seq + 1",
            "DELETE FROM pool_events",
            "DELETE FROM trades",
        ] {
            let refusal = app.try_statement(statement).await.expect_err(statement);
            assert!(refusal.contains("append-only") || refusal.contains("append only"), "{statement}: {refusal}");
        }
    }
}
