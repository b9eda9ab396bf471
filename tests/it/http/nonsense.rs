//! Bad input, drawn at random: every answer is a refusal in the family's shape, and nothing is written.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method};
use postfun_tests::{Answer, TestApp, User, on_both_engines};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

/// Requests drawn for each property on each engine; a drill draws many more.
fn cases() -> u32 {
    if std::env::var_os("POSTFUN_DRILL").is_some() { 20_000 } else { 400 }
}

/// Routes that take a body, each with one that is right.
fn routes() -> [(&'static str, Value); 10] {
    let event = json!({"id": "0".repeat(64), "pubkey": "1".repeat(64), "created_at": 1_767_225_600, "kind": 22_242,
        "tags": [["a", "b"]], "content": r#"{"challenge":"c","challenge_id":"i"}"#, "sig": "2".repeat(128)});
    [
        ("/auth/challenge", json!({"pubkey": "1".repeat(64)})),
        ("/auth/verify", json!({"event": event, "challenge_id": "i"})),
        ("/api/amm/quote", json!({"pool_id": 1, "side": "AtoB", "amount_in": 1})),
        (
            "/api/amm/swap",
            json!({"pool_id": 1, "side": "AtoB", "amount_in": 1, "min_amount_out": 1,
            "max_slippage_bps": 50, "expected_seq": 1, "deadline": 1_767_225_700}),
        ),
        ("/api/amm/airdrop", json!({"target_user_id": 1, "symbol": "gBTC", "amount": 1})),
        ("/api/auth/refresh", json!({"refreshToken": format!("pfr_{}", "A".repeat(86))})),
        (
            "/api/v1/sessions",
            json!({"userId": "00000000-0000-0000-0000-000000000000", "deviceId": "d", "platform": "ios",
            "deviceName": "n", "pushToken": "p", "idempotencyKey": "k", "expiresInDays": 30}),
        ),
        ("/api/private-beta/verify", json!({"referral_key": "000000", "user_email": "a@example.org"})),
        ("/api/private-beta/referrals/bulk", json!({"count": 2})),
        ("/api/amm/pools", serde_json::from_str(postfun_tests::story::SEED_POOL).unwrap()),
    ]
}

/// Values that no field wants, and some that are only just wrong.
fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[0-9eE.+-]{1,30}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[[[1]]]]])),
        "[0-9a-fA-F]{62,66}".prop_map(Value::from),
        "npub1[02-9ac-hj-np-z]{50,60}".prop_map(Value::from),
        Just(json!("x".repeat(5_000))),
        Just(json!("\u{0}")),
        Just(json!({"$serde_json::private::RawValue": "1"})),
    ]
}

/// Replaces the member that a number picks, at any depth, or removes it.
fn damage(body: &mut Value, pick: usize, by: Option<Value>) {
    let Some(members) = body.as_object_mut().filter(|members| !members.is_empty()) else { return };
    let name = members.keys().nth(pick % members.len()).unwrap().clone();
    let inner = &mut members[&name];
    if inner.is_object() && !pick.is_multiple_of(3) {
        damage(inner, pick / 3, by);
    } else if let Some(by) = by {
        *inner = by;
    } else {
        members.remove(&name);
    }
}

#[derive(Debug, Clone)]
enum Nonsense {
    /// A right body with one member damaged.
    Damaged { route: usize, pick: usize, by: Option<Value> },
    /// Bytes.
    Bytes { route: usize, bytes: Vec<u8> },
    /// A right body cut off.
    Cut { route: usize, at: usize },
    /// Any path, by any method.
    Path { method: usize, path: String },
    /// A right path with any query.
    Query { query: String },
    /// A header that means something, with anything in it.
    Header { name: usize, value: Vec<u8> },
}

fn nonsense() -> impl Strategy<Value = Nonsense> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        6 => (0..10_usize, any::<usize>(), prop::option::weighted(0.8, odd_value()))
            .prop_map(|(route, pick, by)| Nonsense::Damaged { route, pick, by }),
        2 => (0..10_usize, bytes()).prop_map(|(route, bytes)| Nonsense::Bytes { route, bytes }),
        2 => (0..10_usize, any::<usize>()).prop_map(|(route, at)| Nonsense::Cut { route, at }),
        2 => (0..5_usize, "/[ -~]{0,60}").prop_map(|(method, path)| Nonsense::Path { method, path }),
        1 => "[ -~]{0,60}".prop_map(|query| Nonsense::Query { query }),
        2 => (0..HEADERS.len(), prop::collection::vec(32..=255_u8, 0..200))
            .prop_map(|(name, value)| Nonsense::Header { name, value }),
    ]
}

const HEADERS: [&str; 10] = [
    "authorization",
    "cookie",
    "origin",
    "host",
    "idempotency-key",
    "x-request-id",
    "x-forwarded-for",
    "content-type",
    "content-length",
    "accept-encoding",
];
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];

/// Percent-encodes what may not stand in a URL, so that every text is a path.
fn encoded(text: &str) -> String {
    let keep = |c: &char| c.is_ascii_alphanumeric() || "/-._~%?&=:@!$'()*+,;".contains(*c);
    text.chars().map(|c| if keep(&c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect()
}

async fn send(user: &User, nonsense: &Nonsense) -> Option<Answer> {
    Some(match nonsense {
        Nonsense::Damaged { route, pick, by } => {
            let (path, mut body) = routes()[*route].clone();
            damage(&mut body, *pick, by.clone());
            user.post(path, body.to_string()).await
        }
        Nonsense::Bytes { route, bytes } => user.post(routes()[*route].0, bytes.clone()).await,
        Nonsense::Cut { route, at } => {
            let (path, body) = routes()[*route].clone();
            let text = body.to_string();
            user.post(path, text[..at % text.len()].to_owned()).await
        }
        Nonsense::Path { method, path } => {
            let uri = encoded(path).parse::<axum::http::Uri>().ok()?;
            user.send(user.request(METHODS[*method].clone(), &uri.to_string(), Body::empty())).await
        }
        Nonsense::Query { query } => {
            let uri =
                format!("/api/amm/pools/1/trades?{}", encoded(query)).parse::<axum::http::Uri>().ok()?;
            user.get(&uri.to_string()).await
        }
        Nonsense::Header { name, value } => {
            let mut request =
                user.request(Method::POST, "/api/amm/quote", Body::from(routes()[2].1.to_string()));
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
            let value = HeaderValue::from_bytes(value).ok()?;
            request.headers_mut().insert(HeaderName::from_static(HEADERS[*name]), value);
            user.send(request).await
        }
    })
}

fn check(nonsense: &Nonsense, answer: &Answer) -> Result<(), TestCaseError> {
    let shown = format!("{nonsense:?} got {} {}", answer.status, answer.text);
    prop_assert!(answer.status < 500, "{}", shown);
    if answer.status >= 400 {
        let body: Value =
            serde_json::from_str(&answer.text).map_err(|_error| TestCaseError::fail(shown.clone()))?;
        for member in ["error", "code", "message", "request_id"] {
            prop_assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{}: {}", member, shown);
        }
        prop_assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"), "{}", shown);
    }
    Ok(())
}

/// Draws nonsense, the same in every run on an engine: a failure here is a failure everywhere.
fn draws(app: &TestApp) -> impl Iterator<Item = Nonsense> + use<> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[app.engine as u8 + 1; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..cases())
        .map(move |_| nonsense().new_tree(&mut runner).expect("nonsense can always be drawn").current())
}

on_both_engines! {
    /// An ordinary user may neither make pools nor airdrop, and has nothing to swap: nothing can succeed.
    async fn drill_nonsense_of_a_user_is_refused(app: TestApp) {
        app.admin().await.seed_pool().await;
        let user = app.user(1).await;
        let before = app.row_counts().await;
        let mut challenges = 0;
        for nonsense in draws(&app) {
            if let Some(answer) = send(&user, &nonsense).await {
                check(&nonsense, &answer).unwrap_or_else(|failure| panic!("{failure}"));
                // A damaged request for a challenge may still be one.
                challenges += i64::from(answer.status == 201);
            }
        }
        let mut after = app.row_counts().await;
        *after.get_mut("challenges").unwrap() -= challenges;
        assert_eq!(after, before, "nonsense has written something");
    }

    /// An admin may do everything, so some nonsense is none; what is refused must leave nothing behind.
    async fn drill_nonsense_of_an_admin_is_refused(app: TestApp) {
        let admin = app.admin().await;
        admin.seed_pool().await;
        let mut before = app.row_counts().await;
        for nonsense in draws(&app) {
            let Some(answer) = send(&admin, &nonsense).await else { continue };
            check(&nonsense, &answer).unwrap_or_else(|failure| panic!("{failure}"));
            let after = app.row_counts().await;
            if answer.status >= 400 {
                assert_eq!(after, before, "{nonsense:?} was refused and has written something");
            }
            before = after;
        }
    }
}
