//! What one client may cost.

use std::net::SocketAddr;

use postfun_server::config::Rate;
use postfun_tests::{TestApp, on_both_engines};

fn from(ip: [u8; 4]) -> SocketAddr {
    SocketAddr::from((ip, 40_000))
}

on_both_engines! {
    async fn body_beyond_the_limit_is_refused(app: TestApp) {
        let max = app.app.config.limits.body_bytes;
        let padded = |size: usize| format!(r#"{{"pad":"{}"}}"#, "x".repeat(size - r#"{"pad":""}"#.len()));
        let _largest = app.stranger().post("/auth/challenge", padded(max)).await.ok(201);
        app.stranger().post("/auth/challenge", padded(max + 1)).await.refused(413, "body_too_large");
    }

    async fn sign_in_attempts_are_limited_per_address(app: TestApp) {
        let limited = app.reconfigured(|config| config.rates.auth = Some(Rate { count: 3, per_s: 60 })).await;
        let (one, other) = (limited.stranger().from_peer(from([10, 0, 0, 1])), limited.stranger().from_peer(from([10, 0, 0, 2])));
        for _allowed in 0..3 {
            let _challenge = one.post("/auth/challenge", "").await.ok(201);
        }
        let answer = one.post("/auth/challenge", "").await;
        answer.refused(429, "rate_limited");
        let wait_s: u64 = answer.header("retry-after").expect("a refusal says how long").parse().unwrap();
        assert!((1..=60).contains(&wait_s), "{wait_s}");
        let _other_address = other.post("/auth/challenge", "").await.ok(201);
    }

    async fn forwarded_address_counts_only_from_a_trusted_proxy(app: TestApp) {
        let limited = |trusted: &str| {
            let trusted = trusted.parse().unwrap();
            let app = app.clone();
            async move {
                app.reconfigured(|config| {
                    config.rates.auth = Some(Rate { count: 1, per_s: 60 });
                    config.trusted_proxies = vec![trusted];
                })
                .await
            }
        };
        let ask = |app: &TestApp, peer: [u8; 4], forwarded: &str| {
            let client = app.stranger().from_peer(from(peer)).with("x-forwarded-for", forwarded);
            async move { client.post("/auth/challenge", "").await.status }
        };
        let behind_proxy = limited("10.0.0.0/8").await;
        assert_eq!(ask(&behind_proxy, [10, 0, 0, 1], "203.0.113.1").await, 201);
        assert_eq!(ask(&behind_proxy, [10, 0, 0, 1], "203.0.113.2").await, 201);
        assert_eq!(ask(&behind_proxy, [10, 0, 0, 9], "203.0.113.2").await, 429, "the same client by another proxy");
        assert_eq!(ask(&behind_proxy, [10, 0, 0, 1], "203.0.113.9, 203.0.113.2").await, 429, "only the last hop counts");
        let open = limited("192.0.2.0/24").await;
        assert_eq!(ask(&open, [10, 0, 0, 1], "203.0.113.3").await, 201);
        assert_eq!(ask(&open, [10, 0, 0, 1], "203.0.113.4").await, 429, "anybody can write that header");
    }

    async fn addresses_of_one_ipv6_network_are_one_client(app: TestApp) {
        let limited = app.reconfigured(|config| config.rates.auth = Some(Rate { count: 1, per_s: 60 })).await;
        let ask = |address: &str| {
            let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
            let client = limited.stranger().from_peer(peer);
            async move { client.post("/auth/challenge", "").await.status }
        };
        assert_eq!(ask("2001:db8:1:1::1").await, 201);
        assert_eq!(ask("2001:db8:1:1:ffff::2").await, 429);
        assert_eq!(ask("2001:db8:1:2::1").await, 201);
    }
}
