//! The people of one call: whom it is about, somebody else, an administrator, a stranger.

use axum::body::Body;
use postfun_tests::{Answer, Client, TestApp, User, privy};
use serde_json::{Value, json};

use super::Row;

const MISSING: &str = "00000000-0000-4000-8000-000000000000";
/// The Privy user whom a row is about that names one.
const PRIVY_NUMBER: usize = 0;
/// Person numbers of others; of those whom rows are about there are fewer.
const OTHERS: u64 = 1_000_000;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Anonymous,
    Oneself,
    Other,
    Admin,
}

/// What stands for each name in a row.
#[derive(Debug)]
pub(super) struct Names(Vec<(&'static str, String)>);

/// A user with a wallet and a session beside the one they call in, an unused key to the beta, and everybody who calls.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) names: Names,
    oneself: Client,
    other: User,
    admin: User,
}

impl Names {
    /// Names of what is not there.
    pub(super) fn of_nobody() -> Self {
        let wallet = wallet(u64::MAX);
        let names =
            [("user", MISSING), ("session", MISSING), ("privy_id", "did:privy:nobody"), ("wallet", &wallet)];
        Self(names.map(|(name, value)| (name, value.to_owned())).to_vec()).and_constants("nobody")
    }

    fn and_constants(mut self, fresh: &str) -> Self {
        let access = privy::tokens()["access"][0]["token"].as_str().unwrap();
        let identity = privy::tokens()["identity"][0]["token"].as_str().unwrap();
        self.0.extend([
            ("fresh", fresh.to_owned()),
            ("privy_token", access.to_owned()),
            ("identity_token", identity.to_owned()),
        ]);
        self
    }

    /// Writes what the names in braces stand for into a text.
    fn fill(&self, text: &str) -> String {
        let write =
            |text: String, (name, value): &(&str, String)| text.replace(&format!("{{{name}}}"), value);
        self.0.iter().fold(text.to_owned(), write)
    }

    /// As [`Names::fill`], for a path as the description has it.
    pub(super) fn fill_path(&self, path: &str) -> String {
        let id = if path.starts_with("/api/v1/sessions/") { "{session}" } else { "{user}" };
        let named =
            [("{id}", id), ("{userId}", "{user}"), ("{privyId}", "{privy_id}"), ("{address}", "{wallet}")];
        self.fill(&named.iter().fold(path.to_owned(), |path, (theirs, ours)| path.replace(theirs, ours)))
    }
}

impl Scene {
    /// Sets the scene for one row; `number` makes everything in it new.
    pub(super) async fn new(app: &TestApp, row: &Row, number: u64) -> Self {
        let (admin, other, user) =
            (app.admin().await, app.user(OTHERS + number).await, app.user(number).await);
        let refresh_token = user.refresh_token.clone();
        let oneself = if row.path.contains("{privyId}") {
            app.privy_user(PRIVY_NUMBER).await.0
        } else {
            (*user).clone()
        };
        let user_id = oneself.get("/api/v1/users/me").await.ok(200).string("data.id");
        let body = json!({"walletAddress": wallet(number)}).to_string();
        let _named = oneself.post("/api/v1/users/me/wallet", body).await.ok(200);
        let body = json!({"userId": user_id, "deviceId": "beside", "platform": "web"}).to_string();
        let session = oneself.post("/api/v1/sessions/get-or-create", body).await.ok(200).string("data.id");
        let key = crate::beta::keys(app, 2).await;
        let known_email = format!("known{number}@example.org");
        let redeemed = crate::beta::redeem(&app.stranger(), &key[1], &known_email).await;
        assert_eq!(redeemed.json()["success"], true, "{}", redeemed.text);
        let names = Names(vec![
            ("user", user_id),
            ("session", session),
            ("wallet", wallet(number)),
            ("fresh_wallet", wallet(OTHERS + number)),
            ("privy_id", privy::did(PRIVY_NUMBER)),
            ("refresh_token", refresh_token),
            ("key", key[0].clone()),
            ("known_email", known_email),
        ]);
        Self { names: names.and_constants(&format!("fresh{number}")), oneself, other, admin }
    }

    /// Calls a row's route.
    pub(super) async fn ask(&self, row: &Row, caller: Caller, names: &Names, body: &Value) -> Answer {
        if body.is_null() {
            let client = self.client(caller);
            let path = names.fill_path(row.path);
            return client.send(client.request(row.method.clone(), &path, Body::empty())).await;
        }
        self.ask_text(row, caller, names, &body.to_string()).await
    }

    /// As [`Scene::ask`], with any text as a body.
    pub(super) async fn ask_text(&self, row: &Row, caller: Caller, names: &Names, body: &str) -> Answer {
        let path = names.fill_path(row.path);
        self.client(caller).send_json(row.method.clone(), &path, Body::from(names.fill(body))).await
    }

    fn client(&self, caller: Caller) -> Client {
        match caller {
            Caller::Anonymous => self.admin.app().stranger(),
            Caller::Oneself => self.oneself.clone(),
            Caller::Other => (*self.other).clone(),
            Caller::Admin => (*self.admin).clone(),
        }
    }
}

/// The address of a wallet, without a checksum.
fn wallet(number: u64) -> String {
    format!("0x{number:040x}")
}
