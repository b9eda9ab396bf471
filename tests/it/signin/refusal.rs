//! Every refusal of a proof, by its code; none consumes the challenge or makes a user.

use postfun_core::nostr::UnsignedEvent;
use postfun_tests::signer::Challenge;
use postfun_tests::{Signer, TestApp, on_both_engines};
use serde_json::{Value, json};

/// A change to the signed event's JSON, and the refusal it must meet: the seed's code, the stable one.
type Tampering = (&'static str, fn(&mut Value), &'static str, &'static str);

/// A change to the event before it is signed, and the refusal it must meet: the seed's code, the stable one.
type Mistake = (&'static str, fn(&mut UnsignedEvent), &'static str, &'static str);

const EVENT: &str = "invalid_event";
const CONTENT: &str = "invalid_event_content";
const PROOF: &str = "invalid_signature_or_payload";

const TAMPERINGS: [Tampering; 20] = [
    ("no id", |e| remove(e, "id"), EVENT, "event_malformed"),
    ("no pubkey", |e| remove(e, "pubkey"), EVENT, "event_malformed"),
    ("no created_at", |e| remove(e, "created_at"), EVENT, "event_malformed"),
    ("no kind", |e| remove(e, "kind"), EVENT, "event_malformed"),
    ("no tags", |e| remove(e, "tags"), EVENT, "event_malformed"),
    ("no content", |e| remove(e, "content"), EVENT, "event_malformed"),
    ("no sig", |e| remove(e, "sig"), EVENT, "event_malformed"),
    ("an array", |e| *e = json!([]), EVENT, "event_malformed"),
    ("null", |e| *e = Value::Null, EVENT, "event_malformed"),
    ("kind as text", |e| e["kind"] = json!("22242"), EVENT, "event_malformed"),
    ("kind beyond 16 bits", |e| e["kind"] = json!(65_536), EVENT, "event_malformed"),
    ("negative time", |e| e["created_at"] = json!(-1), EVENT, "event_malformed"),
    ("fractional time", |e| e["created_at"] = json!(1.5), EVENT, "event_malformed"),
    ("tags of numbers", |e| e["tags"] = json!([[1]]), EVENT, "event_malformed"),
    ("short id", |e| e["id"] = json!("00"), EVENT, "event_hex_invalid"),
    ("key in capitals", |e| e["pubkey"] = json!("A".repeat(64)), EVENT, "event_hex_invalid"),
    ("signature of 63 bytes", |e| e["sig"] = json!("0".repeat(126)), EVENT, "event_hex_invalid"),
    ("time beyond 2^53", |e| e["created_at"] = json!(1_u64 << 53), EVENT, "event_time_out_of_range"),
    ("another id", |e| e["id"] = json!("0".repeat(64)), PROOF, "id_mismatch"),
    ("no signature", |e| e["sig"] = json!("0".repeat(128)), PROOF, "signature_invalid"),
];

const MISTAKES: [Mistake; 12] = [
    ("content is no JSON", |e| "hello".clone_into(&mut e.content), CONTENT, "content_malformed"),
    ("content is a list", |e| "[]".clone_into(&mut e.content), CONTENT, "content_malformed"),
    ("no challenge", |e| drop_member(e, "challenge"), CONTENT, "content_malformed"),
    ("content beyond 4 KiB", |e| set(e, "padding", json!("x".repeat(4_096))), CONTENT, "content_too_large"),
    ("another challenge", |e| set(e, "challenge", json!("x".repeat(43))), PROOF, "challenge_mismatch"),
    ("another domain", |e| set(e, "domain", json!("evil.example")), PROOF, "domain_mismatch"),
    ("domain in capitals", |e| set(e, "domain", json!("Postfun")), PROOF, "domain_mismatch"),
    ("another purpose", |e| set(e, "purpose", json!("link")), PROOF, "purpose_mismatch"),
    ("kind 4", |e| e.kind = 4, PROOF, "kind_not_allowed"),
    ("kind 27235 without tags", |e| e.kind = 27_235, PROOF, "url_mismatch"),
    (
        "kind 27235 elsewhere",
        |e| http_auth(e, "http://evil.example/auth/verify", "POST"),
        PROOF,
        "url_mismatch",
    ),
    (
        "kind 27235, GET",
        |e| http_auth(e, "http://127.0.0.1:8000/auth/verify", "GET"),
        PROOF,
        "method_mismatch",
    ),
];

fn remove(event: &mut Value, member: &str) {
    event.as_object_mut().unwrap().remove(member).unwrap();
}

fn content(event: &UnsignedEvent) -> serde_json::Map<String, Value> {
    serde_json::from_str(&event.content).unwrap()
}

fn drop_member(event: &mut UnsignedEvent, member: &str) {
    let mut content = content(event);
    content.remove(member).unwrap();
    event.content = Value::Object(content).to_string();
}

fn set(event: &mut UnsignedEvent, member: &str, value: Value) {
    let mut content = content(event);
    content.insert(member.to_owned(), value);
    event.content = Value::Object(content).to_string();
}

fn http_auth(event: &mut UnsignedEvent, url: &str, method: &str) {
    event.kind = 27_235;
    event.tags = [["u", url], ["method", method]].iter().map(|tag| tag.map(str::to_owned).to_vec()).collect();
}

async fn assert_still_usable(app: &TestApp, challenge: &Challenge, after: &str) {
    let body = Signer::numbered(1).login(challenge, app.now_s(), |_| {});
    let answer = app.stranger().post("/auth/verify", body).await;
    assert_eq!(answer.status, 200, "after {after}: {}", answer.text);
}

on_both_engines! {
    async fn tampered_event_is_refused(app: TestApp) {
        for (what, tamper, seed_code, code) in TAMPERINGS {
            let challenge = app.challenge().await;
            let mut body: Value =
                serde_json::from_str(&Signer::numbered(1).login(&challenge, app.now_s(), |_| {})).unwrap();
            tamper(&mut body["event"]);
            let answer = app.stranger().post("/auth/verify", body.to_string()).await;
            answer.refused(400, code);
            assert_eq!(answer.json()["error"], seed_code, "{what}: {}", answer.text);
            assert_still_usable(&app, &challenge, what).await;
        }
    }

    async fn mistaken_proof_is_refused(app: TestApp) {
        for (what, mistake, seed_code, code) in MISTAKES {
            let challenge = app.challenge().await;
            let body = Signer::numbered(1).login(&challenge, app.now_s(), mistake);
            let answer = app.stranger().post("/auth/verify", body).await;
            answer.refused(400, code);
            assert_eq!(answer.json()["error"], seed_code, "{what}: {}", answer.text);
            assert_still_usable(&app, &challenge, what).await;
        }
    }

    async fn refused_proof_makes_no_user(app: TestApp) {
        let challenge = app.challenge().await;
        let body = Signer::numbered(1).login(&challenge, app.now_s(), |event| event.kind = 4);
        app.stranger().post("/auth/verify", body).await.refused(400, "kind_not_allowed");
        assert_eq!(app.user(2).await.id, 1, "the refused key must not have taken the first number");
    }

    async fn challenge_must_be_named_and_known(app: TestApp) {
        let (signer, challenge) = (Signer::numbered(1), app.challenge().await);
        let unnamed = signer.login(&challenge, app.now_s(), |event| drop_member(event, "challenge_id"));
        app.stranger().post("/auth/verify", unnamed.clone()).await.refused(400, "missing_challenge_id");
        let unknown = Challenge { id: "3f2b0c1e-0000-4000-8000-000000000000".to_owned(), ..challenge.clone() };
        let body = signer.login(&unknown, app.now_s(), |_| {});
        app.stranger().post("/auth/verify", body).await.refused(404, "challenge_not_found");
        for id in ["", "no-uuid", "' OR 1=1 --", "\u{0}"] {
            let odd = Challenge { id: id.to_owned(), ..challenge.clone() };
            let body = signer.login(&odd, app.now_s(), |_| {});
            app.stranger().post("/auth/verify", body).await.refused(404, "challenge_not_found");
        }
        // The body's challenge id counts when the content names none.
        let beside = unnamed.replacen('{', &format!(r#"{{"challenge_id":"{}","#, challenge.id), 1);
        let _signed_in = app.stranger().post("/auth/verify", beside).await.ok(200);
    }

    async fn every_kind_of_the_list_signs_in(app: TestApp) {
        let verify = format!("http://{}/auth/verify", app.app.config.listen);
        let kinds: [&(dyn Fn(&mut UnsignedEvent) + Sync); 3] =
            [&|event| event.kind = 1, &|event| event.kind = 22_242, &|event| http_auth(event, &verify, "POST")];
        for change in kinds {
            let challenge = app.challenge().await;
            let body = Signer::numbered(1).login(&challenge, app.now_s(), change);
            let _signed_in = app.stranger().post("/auth/verify", body).await.ok(200);
        }
    }

    async fn domain_may_be_absent_only_while_none_is_configured(app: TestApp) {
        let signer = Signer::numbered(1);
        let body = signer.login(&app.challenge().await, app.now_s(), |event| drop_member(event, "domain"));
        let _signed_in = app.stranger().post("/auth/verify", body).await.ok(200);
        let strict = app
            .reconfigured(|config| {
                "postfun.example".clone_into(&mut config.login.domain);
                config.login.domain_required = true;
            })
            .await;
        let challenge = strict.challenge().await;
        assert_eq!(challenge.domain, "postfun.example");
        let absent = signer.login(&challenge, strict.now_s(), |event| drop_member(event, "domain"));
        strict.stranger().post("/auth/verify", absent).await.refused(400, "domain_missing");
        let old = signer.login(&challenge, strict.now_s(), |event| set(event, "domain", json!("postfun")));
        strict.stranger().post("/auth/verify", old).await.refused(400, "domain_mismatch");
        let _signed_in = strict.sign_in(&signer).await.ok(200);
    }
}
