//! A stream lives no longer than the session that opened it, and nobody has more streams than their share.

use std::net::SocketAddr;
use std::time::Duration;

use postfun_tests::{Client, EventStream, Signer, TestApp, on_both_engines};

use super::id_of;

const PATH: &str = "/api/me/stream";
const TOKEN_TTL_MS: i64 = 86_400_000;

async fn opened(client: &Client) -> EventStream {
    let mut stream = EventStream::open(client, PATH, None).await;
    assert_eq!(stream.next().await.unwrap().name, "balances");
    stream
}

/// Reads the last event and the end.
async fn ends_with(stream: &mut EventStream, code: &str) {
    let last = stream.next().await.unwrap();
    assert_eq!((last.name.as_str(), &last.data["code"]), ("end", &code.into()), "{last:?}");
    assert!(last.data["message"].as_str().unwrap().ends_with('.'));
    assert_eq!(stream.next().await, None);
}

fn from(ip: [u8; 4]) -> SocketAddr {
    SocketAddr::from((ip, 40_000))
}

on_both_engines! {
    async fn signing_out_ends_the_streams_of_that_session_in_every_process(app: TestApp) {
        let (user, same_user) = (app.user(1).await, app.user(1).await);
        let other = app.reconfigured(|_| {}).await;
        let mut here = opened(&user).await;
        let mut there = opened(&other.stranger().with_token(&user.token)).await;
        let mut another_session = opened(&same_user).await;
        let _out = user.post("/auth/logout", "").await.ok(200);
        ends_with(&mut here, "session_ended").await;
        ends_with(&mut there, "session_ended").await;
        let admin = app.admin().await;
        admin.airdrop(&same_user, "gBTC", "1").await;
        assert_eq!(another_session.next().await.unwrap().name, "balance.granted");
    }

    async fn a_stolen_refresh_token_ends_the_streams_at_once(app: TestApp) {
        let user = app.user(1).await;
        let mut stream = opened(&user).await;
        let next = user.refresh(&user.refresh_token).await.ok(200).string("data.accessToken");
        let _used = app.stranger().with_token(&next).get("/auth/me").await.ok(200);
        user.refresh(&user.refresh_token).await.refused_in_account(401, "refresh_token_reused", "Unauthorized");
        // Of its own accord the server looks every five seconds.
        let ending = tokio::time::timeout(Duration::from_secs(3), ends_with(&mut stream, "session_ended"));
        ending.await.expect("the stream ends at once");
    }

    async fn nothing_is_told_after_the_session_ended(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        let mut stream = opened(&user).await;
        // As by another process whose ring was lost: nobody is told that the session ended.
        app.try_statement("UPDATE sessions SET ended_at_ms = 1, end_reason = 'test' WHERE user_id IN (SELECT id FROM users WHERE role = 'user')")
            .await
            .unwrap();
        admin.airdrop(&user, "gBTC", "1").await;
        ends_with(&mut stream, "session_ended").await;
    }

    async fn a_token_that_expires_ends_its_stream(app: TestApp) {
        let user = app.user(1).await;
        let mut stream = opened(&user).await;
        app.clock.advance_ms(TOKEN_TTL_MS - 1_000);
        app.app.events.announce([id_of(&app, &user).await]);
        let mut later = opened(&user).await;
        app.clock.advance_ms(1_000);
        // Nobody rings: the next look of its own accord finds it.
        ends_with(&mut stream, "session_expired").await;
        ends_with(&mut later, "session_expired").await;
        user.get(PATH).await.refused(401, "invalid_or_expired_token");
    }

    async fn a_deleted_user_is_shown_out(app: TestApp) {
        let user = app.user(1).await;
        let mut stream = opened(&user).await;
        app.try_statement("UPDATE users SET status = 'deleted'").await.unwrap();
        app.app.events.announce([id_of(&app, &user).await]);
        ends_with(&mut stream, "user_deleted").await;
        user.get(PATH).await.refused(403, "user_deleted");
    }

    async fn the_cookie_opens_a_stream_and_a_bearer_token_wins(app: TestApp) {
        let answer = app.sign_in(&Signer::numbered(1)).await.ok(200);
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let mut stream = opened(&app.stranger().with("cookie", &cookie)).await;
        let other = app.user(2).await;
        let admin = app.admin().await;
        let mut of_other = opened(&app.stranger().with("cookie", &cookie).with_token(&other.token)).await;
        admin.airdrop(&other, "gBTC", "1").await;
        assert_eq!(of_other.next().await.unwrap().name, "balance.granted");
        app.stranger().with("cookie", "pf_jwt=nonsense").get(PATH).await.refused(401, "invalid_or_expired_token");
        let own = app.stranger().with("cookie", &cookie).with("host", "127.0.0.1:8000").with("origin", "http://127.0.0.1:8000");
        let _out = own.post("/auth/logout", "").await.ok(200);
        ends_with(&mut stream, "session_ended").await;
    }

    async fn one_user_has_so_many_streams_and_no_more(app: TestApp) {
        let few = app.reconfigured(|config| config.limits.streams_per_user = 2).await;
        let (user, other) = (few.user(1).await, few.user(2).await);
        let (first, _second) = (opened(&user).await, opened(&user).await);
        let refused = (*user).clone().from_peer(from([10, 0, 0, 9])).get(PATH).await;
        refused.refused(429, "too_many_streams");
        assert!(refused.header("retry-after").is_some());
        let _of_other = opened(&other).await;
        drop(first);
        let _again = opened(&user).await;
    }

    async fn one_address_has_so_many_streams_of_any_kind(app: TestApp) {
        let few = app.reconfigured(|config| {
            config.limits.streams_per_address = Some(2);
            config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        }).await;
        let _pool = few.admin().await.seed_pool().await;
        let user = few.user(1).await;
        let at = |ip: &str| (*user).clone().from_peer(from([10, 0, 0, 1])).with("x-forwarded-for", ip);
        let pool = "/api/amm/pools/1/stream";
        let (own, _of_pool) = (opened(&at("203.0.113.1")).await, EventStream::open(&at("203.0.113.1"), pool, None).await);
        for path in [PATH, pool] {
            at("203.0.113.1").get(path).await.refused(429, "too_many_streams");
        }
        let _elsewhere = opened(&at("203.0.113.2")).await;
        drop(own);
        let _again = EventStream::open(&at("203.0.113.1"), pool, None).await;
    }
}
