//! Many tabs of one browser, answers that are lost on their way, and a thief.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use postfun_tests::{TestApp, User, on_both_engines};
use tokio::sync::Mutex;

const TABS: usize = 20;

/// How answers get lost: none, some of each kind, almost all.
#[derive(Debug, Clone, Copy)]
struct Losses {
    name: &'static str,
    /// Of each so many attempts of a tab one gets its answer.
    answered_each: usize,
}

const LOSSES: [Losses; 3] = [
    Losses { name: "nothing is lost", answered_each: 1 },
    Losses { name: "every second answer is lost", answered_each: 2 },
    Losses { name: "four of five answers are lost", answered_each: 5 },
];

/// What all tabs of a browser share.
#[derive(Debug, Clone)]
struct Stored {
    access: String,
    refresh: String,
    refreshes: usize,
}

/// Refreshes as the page does: under the browser's lock, unless another tab was faster, again after a lost answer.
async fn refresh_in_tab(app: &TestApp, stored: &Mutex<Stored>, losses: Losses) {
    let seen = stored.lock().await.refresh.clone();
    // Every tab has seen that its token is about to end before one of them does something about it.
    tokio::task::yield_now().await;
    let mut shared = stored.lock().await;
    if shared.refresh == seen {
        let body = format!(r#"{{"refreshToken":"{seen}"}}"#);
        let mut answer = app.stranger().post("/api/auth/refresh", body.clone()).await.ok(200);
        for _lost in 1..losses.answered_each {
            answer = app.stranger().post("/api/auth/refresh", body.clone()).await.ok(200);
        }
        shared.access = answer.string("data.accessToken");
        shared.refresh = answer.string("data.refreshToken");
        shared.refreshes += 1;
    }
    let client = app.stranger().with_token(&shared.access);
    drop(shared);
    let _signed_in = client.get("/auth/me").await.ok(200);
}

/// Twenty tabs that know nothing of each other refresh at the same moment; some answers are lost.
async fn refresh_at_once(app: &TestApp, refresh_token: &str, losses: Losses) -> Vec<(String, String)> {
    let tabs = (0..TABS).map(|tab| {
        let (client, body) = (app.stranger(), format!(r#"{{"refreshToken":"{refresh_token}"}}"#));
        tokio::spawn(async move {
            let answer = client.post("/api/auth/refresh", body).await.ok(200);
            let pair = (answer.string("data.refreshToken"), answer.string("data.accessToken"));
            tab.is_multiple_of(losses.answered_each).then_some(pair)
        })
    });
    join_all(tabs).await.into_iter().filter_map(|tab| tab.expect("no tab panics")).collect()
}

async fn is_signed_in(app: &TestApp, token: &str) -> bool {
    app.stranger().with_token(token).get("/auth/me").await.status == 200
}

/// Signs a user in and lets them refresh and go on, so that there is an old token to steal.
async fn with_history(app: &TestApp, number: u64) -> (User, String, String) {
    let user = app.user(number).await;
    let answer = user.refresh(&user.refresh_token).await.ok(200);
    let (refresh, access) = (answer.string("data.refreshToken"), answer.string("data.accessToken"));
    assert!(is_signed_in(app, &access).await);
    (user, refresh, access)
}

on_both_engines! {
    async fn twenty_tabs_with_one_lock_refresh_once_and_stay_signed_in(app: TestApp) {
        for (number, losses) in (1..).zip(LOSSES) {
            let user = app.user(number).await;
            let first = Stored { access: user.token.clone(), refresh: user.refresh_token.clone(), refreshes: 0 };
            let stored = Arc::new(Mutex::new(first));
            for round in 1..=3 {
                let tabs = (0..TABS).map(|_tab| {
                    let (app, stored) = (app.clone(), Arc::clone(&stored));
                    tokio::spawn(async move { refresh_in_tab(&app, &stored, losses).await })
                });
                for tab in join_all(tabs).await {
                    tab.unwrap_or_else(|error| panic!("{}, round {round}: {error}", losses.name));
                }
            }
            let shared = stored.lock().await;
            assert!((3..=3 * TABS).contains(&shared.refreshes), "{}: {}", losses.name, shared.refreshes);
            assert!(is_signed_in(&app, &shared.access).await, "{}", losses.name);
        }
        assert_eq!(app.count_rows("sessions WHERE ended_at_ms IS NOT NULL").await, 0, "nobody was logged out");
    }

    async fn twenty_tabs_at_once_get_one_successor_whatever_is_lost(app: TestApp) {
        for (number, losses) in (1..).zip(LOSSES) {
            let user = app.user(number).await;
            let mut newest = user.refresh_token.clone();
            for round in 1..=3 {
                let pairs = refresh_at_once(&app, &newest, losses).await;
                let successors: BTreeSet<_> = pairs.iter().map(|(refresh, _)| refresh.clone()).collect();
                assert_eq!(successors.len(), 1, "{}, round {round}: {successors:?}", losses.name);
                for (_, access) in &pairs {
                    assert!(is_signed_in(&app, access).await, "{}, round {round}", losses.name);
                }
                newest = successors.into_iter().next().expect("there is one");
            }
        }
        assert_eq!(app.count_rows("sessions WHERE ended_at_ms IS NOT NULL").await, 0, "nobody was logged out");
    }

    async fn thief_with_an_old_token_ends_the_family_with_one_request(app: TestApp) {
        let (user, newest, access) = with_history(&app, 1).await;
        let theft = user.refresh(&user.refresh_token).await;
        theft.refused_in_account(401, "refresh_token_reused", "Unauthorized");
        for token in [&access, &user.token] {
            assert!(!is_signed_in(&app, token).await, "access tokens of the family are dead");
        }
        for token in [&newest, &user.refresh_token] {
            user.refresh(token).await.refused_in_account(401, "invalid_refresh_token", "Unauthorized");
        }
    }

    async fn thief_among_twenty_tabs_ends_the_family_and_nobody_revives_it(app: TestApp) {
        let (user, newest, _access) = with_history(&app, 1).await;
        // Twenty tabs refresh the newest token while the thief shows the one before.
        let tabs = (0..TABS).map(|_tab| {
            let (client, body) = (app.stranger(), format!(r#"{{"refreshToken":"{newest}"}}"#));
            tokio::spawn(async move { client.post("/api/auth/refresh", body).await })
        });
        let thief = user.refresh(&user.refresh_token);
        let (theft, tabs) = tokio::join!(thief, join_all(tabs));
        theft.refused_in_account(401, "refresh_token_reused", "Unauthorized");
        for answer in tabs.into_iter().map(|tab| tab.expect("no tab panics")) {
            if answer.status == 200 {
                assert!(!is_signed_in(&app, &answer.string("data.accessToken")).await);
            } else {
                answer.refused_in_account(401, "invalid_refresh_token", "Unauthorized");
            }
        }
    }

    async fn first_use_of_a_successor_and_reuse_at_once_leave_no_doubt(app: TestApp) {
        for number in 1..=10 {
            let user = app.user(number).await;
            let answer = user.refresh(&user.refresh_token).await.ok(200);
            let access = answer.string("data.accessToken");
            // The page goes on while another holder of the old token asks: either that was in time, or all is over.
            let (known, again) = tokio::join!(is_signed_in(&app, &access), user.refresh(&user.refresh_token));
            if again.status == 200 {
                assert_eq!(again.string("data.refreshToken"), answer.string("data.refreshToken"));
                assert!(known && is_signed_in(&app, &access).await, "{number}");
                user.refresh(&user.refresh_token).await.refused_in_account(401, "refresh_token_reused", "Unauthorized");
            }
            assert!(!is_signed_in(&app, &access).await, "{number}");
        }
    }
}
