//! The private beta: keys are made by administrators, and each is redeemed once.

mod keys;
mod redeem;

use postfun_tests::{Answer, Client, TestApp};
use serde_json::json;

/// Makes keys behind HTTP's back.
pub(crate) async fn keys(app: &TestApp, count: usize) -> Vec<String> {
    let made = app.app.beta.make_keys("test", count, None).await.unwrap();
    made.iter().map(|user| user.key.expose().to_owned()).collect()
}

pub(crate) async fn redeem(client: &Client, key: &str, email: &str) -> Answer {
    let body = json!({"referral_key": key, "user_email": email});
    client.post("/api/private-beta/verify", body.to_string()).await
}

/// Insists on a refusal that only the body tells.
#[track_caller]
fn refused(answer: &Answer, code: &str, message: &str) {
    answer.refused_in_account(200, code, message);
    assert_eq!(answer.string("message"), message);
}
