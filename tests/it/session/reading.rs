//! Sessions of callers who come at the same time are read together, and nobody gets another's.

use futures_util::future::join_all;
use postfun_tests::{TestApp, on_both_engines};

const USERS: u64 = 12;
const CALLS_EACH: usize = 10;

on_both_engines! {
    async fn calls_at_the_same_time_are_each_answered_for_their_own_user(app: TestApp) {
        let users = join_all((1..=USERS).map(|number| app.user(number))).await;
        for round in 0..3 {
            let calls = (0..CALLS_EACH).flat_map(|_| &users).map(|user| async move {
                let me = user.get("/auth/me").await.ok(200);
                assert_eq!(me.json()["user"]["id"], user.id, "round {round}");
            });
            join_all(calls).await;
        }
    }

    async fn an_end_among_many_calls_takes_effect_on_the_next(app: TestApp) {
        let users = join_all((1..=USERS).map(|number| app.user(number))).await;
        for leaving in 0..users.len() {
            let before = users.iter().map(|user| user.get("/auth/me"));
            let (_answers, logout) = tokio::join!(join_all(before), users[leaving].post("/auth/logout", ""));
            let _ended = logout.ok(200);
            let after = join_all(users.iter().map(|user| user.get("/auth/me"))).await;
            for (number, answer) in after.iter().enumerate() {
                assert_eq!(answer.status, if number <= leaving { 401 } else { 200 }, "{number} after {leaving}");
            }
        }
    }
}
