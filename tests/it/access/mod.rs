//! Every route of seed 004 for everybody: who may call it, which fields its body has, and that none is forgotten.
//!
//! The table is compared with the server's own description: a route, a body or a field that is described and stands in
//! no row fails, and so does one that stands here alone. A new route needs a row in [`table`] and nothing else.

mod scene;
mod table;

use std::collections::BTreeSet;

use axum::http::Method;
use postfun_server::http::openapi;
use postfun_tests::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

use scene::{Caller, Names, Scene};

/// The routes that the table is about.
const PREFIXES: [&str; 3] = ["/api/auth/", "/api/v1/", "/api/private-beta/"];

/// Whether the table is about a path.
pub(crate) fn is_about(path: &str) -> bool {
    PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Everybody.
    Public,
    /// Whoever is signed in; each sees what is theirs.
    SignedIn,
    /// The user whom the path or the body names, and administrators; others hear these words, as if there were nothing.
    Owner(&'static str),
    /// Administrators.
    Admin,
}

/// A route, and a call of it that is right in every field. Names in braces stand for what [`Names`] holds.
#[derive(Debug)]
struct Row {
    method: Method,
    /// As the description has it.
    path: &'static str,
    body: Value,
    access: Access,
    /// What those who may call it get.
    ok: u16,
}

impl Row {
    const fn new(method: Method, path: &'static str, access: Access, ok: u16) -> Self {
        Self { method, path, body: Value::Null, access, ok }
    }

    fn with(self, body: Value) -> Self {
        Self { body, ..self }
    }

    fn expected(&self, caller: Caller) -> u16 {
        match (self.access, caller) {
            (Access::Public, _) | (_, Caller::Admin) => self.ok,
            (_, Caller::Anonymous) => 401,
            (Access::SignedIn | Access::Owner(_), Caller::Oneself) | (Access::SignedIn, Caller::Other) => {
                self.ok
            }
            (Access::Owner(_), Caller::Other) => 404,
            (Access::Admin, Caller::Oneself | Caller::Other) => 403,
        }
    }

    /// Whoever may surely call it, with as little power as that takes.
    const fn rightful(&self) -> Caller {
        match self.access {
            Access::Public => Caller::Anonymous,
            Access::SignedIn | Access::Owner(_) => Caller::Oneself,
            Access::Admin => Caller::Admin,
        }
    }

    /// Routes that refuse in the body alone answer a wrong field with 200.
    fn refusal_of_field(&self) -> u16 {
        let is_told_in_body = self.path.starts_with("/api/private-beta/") && self.access == Access::Public;
        if is_told_in_body { 200 } else { 400 }
    }
}

fn described() -> Value {
    serde_json::from_str(&openapi::document_text().unwrap()).unwrap()
}

/// The fields that the description gives to an operation's body, none where it takes none.
fn fields(document: &Value, operation: &Value) -> Option<BTreeSet<String>> {
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    let name = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    let schema = name.map_or(schema, |name| &document["components"]["schemas"][name]);
    Some(schema["properties"].as_object().unwrap().keys().cloned().collect())
}

#[test]
fn table_has_every_route_that_the_server_describes_with_every_field() {
    let document = described();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if is_about(path) {
            for (method, operation) in item.as_object().unwrap() {
                described.insert((method.to_uppercase(), path.clone(), fields(&document, operation)));
            }
        }
    }
    let row = |row: Row| {
        let fields = row.body.as_object().map(|body| body.keys().cloned().collect());
        (row.method.to_string(), row.path.to_owned(), fields)
    };
    let tested: BTreeSet<_> = table::rows().into_iter().map(row).collect();
    let lacking: Vec<_> = described.difference(&tested).collect();
    let unknown: Vec<_> = tested.difference(&described).collect();
    assert!(lacking.is_empty() && unknown.is_empty(), "no row for {lacking:#?}\nno route for {unknown:#?}");
    assert_eq!(table::rows().len(), tested.len(), "a route has two rows");
}

/// What two answers to the same person must have in common, when one may not tell more than the other.
fn without_id(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    (answer.status, body)
}

async fn check(row: &Row, scene: &Scene, caller: Caller) {
    let told = format!("{} {} by {caller:?}", row.method, row.path);
    let answer = scene.ask(row, caller, &scene.names, &row.body).await;
    let expected = row.expected(caller);
    assert_eq!(answer.status, expected, "{told}: {}", answer.text);
    assert_eq!(answer.json()["success"], expected < 400, "{told}: {}", answer.text);
    match (expected, row.access) {
        (401, _) => answer.refused_in_account(401, "missing_bearer_token", "Unauthorized"),
        (403, _) => answer.refused_in_account(403, "forbidden", "Forbidden"),
        (404, Access::Owner(hidden)) => {
            assert_eq!(answer.string("error"), hidden, "{told}");
            let missing = scene.ask(row, caller, &Names::of_nobody(), &row.body).await;
            assert_eq!(without_id(&answer), without_id(&missing), "{told}: foreign looks like missing");
        }
        _ => assert!(answer.json()["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{told}"),
    }
    if let (Access::Owner(hidden), Caller::Admin) = (row.access, caller) {
        let missing = scene.ask(row, caller, &Names::of_nobody(), &row.body).await;
        assert_eq!((missing.status, missing.string("error")), (404, hidden.to_owned()), "{told}: missing");
    }
}

/// Values of another type than a right one; `null` counts as absent.
fn wrong_types(right: &Value) -> Vec<Value> {
    let mut wrong = vec![json!([]), json!([right])];
    if !right.is_object() {
        wrong.extend([json!({}), json!({"value": right})]);
    }
    wrong.extend([json!("text"), json!(7), json!(true)].into_iter().filter(|value| match right {
        Value::String(_) => !value.is_string(),
        Value::Number(_) => !value.is_number(),
        Value::Bool(_) => !value.is_boolean(),
        Value::Null | Value::Array(_) | Value::Object(_) => true,
    }));
    if right.is_number() {
        wrong.extend([json!(0.5), json!(1e300), json!(right.to_string())]);
    }
    wrong
}

on_both_engines! {
    async fn every_route_is_for_those_whom_the_table_names(app: TestApp) {
        let app = app.with_privy().await;
        let mut number = 0;
        for row in table::rows() {
            for caller in [Caller::Anonymous, Caller::Other, Caller::Oneself, Caller::Admin] {
                number += 1;
                let scene = Scene::new(&app, &row, number).await;
                check(&row, &scene, caller).await;
            }
        }
    }

    /// Also what the table is not about.
    async fn whatever_is_described_as_for_users_is_closed_to_strangers(app: TestApp) {
        let (stranger, mut asked) = (app.stranger(), 0);
        for (path, item) in described()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                // Routes of the demo are not there without one.
                if operation["security"] == json!([{"bearer": []}]) && !path.starts_with("/api/demo/") {
                    let (method, path) = (method.to_uppercase().parse().unwrap(), Names::of_nobody().fill_path(path));
                    let answer = stranger.send_json(method, &path, axum::body::Body::from("{}")).await;
                    assert_eq!((answer.status, answer.string("code")), (401, "missing_bearer_token".to_owned()), "{path}");
                    asked += 1;
                }
            }
        }
        assert!(asked > table::rows().len(), "the description says which routes are for users");
    }

    async fn every_field_of_another_type_is_refused_by_its_name_and_unknown_ones_are_ignored(app: TestApp) {
        let app = app.with_privy().await;
        for (number, row) in (1..).zip(table::rows().iter().filter(|row| row.body.is_object())) {
            let (scene, caller) = (Scene::new(&app, row, number).await, row.rightful());
            for (field, right) in row.body.as_object().unwrap() {
                for wrong in wrong_types(right) {
                    let told = format!("{} {}: {field}: {wrong}", row.method, row.path);
                    let mut body = row.body.clone();
                    body[field] = wrong;
                    let answer = scene.ask(row, caller, &scene.names, &body).await;
                    assert_eq!(answer.status, row.refusal_of_field(), "{told}: {}", answer.text);
                    answer.refused_in_account(row.refusal_of_field(), "invalid_field", "Bad Request");
                    assert_eq!(answer.string("field"), *field, "{told}: {}", answer.text);
                }
            }
            for body in ["[]", "7", "null", "\"text\"", "{"] {
                let answer = scene.ask_text(row, caller, &scene.names, body).await;
                answer.refused_in_account(400, "invalid_json", "Bad Request");
            }
            let mut body = row.body.clone();
            for (name, value) in [("unknown", json!({"a": [1]})), ("role", json!("admin")), ("__proto__", json!({}))] {
                body[name] = value;
            }
            let answer = scene.ask(row, caller, &scene.names, &body).await;
            assert_eq!(answer.status, row.ok, "{} {}: {}", row.method, row.path, answer.text);
            assert_eq!(answer.json()["success"], true, "{} {}: {}", row.method, row.path, answer.text);
        }
    }
}
