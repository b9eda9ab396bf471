//! The people and the steps that many tests begin with.

use std::ops::Deref;
use std::sync::Arc;

use postfun_server::admin::Admins;
use postfun_server::app::App;

use crate::app::TestApp;
use crate::client::{Answer, Client};
use crate::signer::{Challenge, Signer};

/// The seed document's pool, as its curl example makes it.
pub const SEED_POOL: &str = r#"{"symbol_a":"gBTC","symbol_b":"gUSD","reserve_a":1000,"reserve_b":65000000,
    "fee_bps_base":30,"stage1_threshold":1000,"stage2_threshold":2000,"stage3_threshold":5000,"burn_token_id":4,
    "burn_stage1_amount":100,"burn_stage2_amount":80,"burn_stage3_amount":60,"burn_stage4_amount":40}"#;

/// The number of the key that [`TestApp::admin`] signs with.
const ADMIN_NUMBER: u64 = u64::MAX;

/// Somebody who has signed in; sends requests with the token.
#[derive(Debug)]
pub struct User {
    /// The key.
    pub signer: Signer,
    /// The number that seed 000 shows as the user's id.
    pub id: u64,
    /// The token.
    pub token: String,
    /// The refresh token that came with it.
    pub refresh_token: String,
    client: Client,
}

impl Deref for User {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl TestApp {
    /// Asks for a challenge.
    ///
    /// # Panics
    ///
    /// When the server gives none.
    pub async fn challenge(&self) -> Challenge {
        Challenge::read(&self.stranger().post("/auth/challenge", "").await.ok(201))
    }

    /// Signs somebody in and returns the server's answer.
    pub async fn sign_in(&self, signer: &Signer) -> Answer {
        let body = signer.login(&self.challenge().await, self.now_s(), |_| {});
        self.stranger().post("/auth/verify", body).await
    }

    /// Signs in the person of a number, who is new or known.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn user(&self, number: u64) -> User {
        let signer = Signer::numbered(number);
        let answer = self.sign_in(&signer).await.ok(200);
        let token = answer.string("token");
        let id = answer.raw("user.id").parse().expect("a user's id is a whole number");
        let refresh_token = answer.string("refresh_token");
        User { signer, id, client: self.stranger().with_token(&token), token, refresh_token }
    }

    /// Runs a job of the server once, now.
    ///
    /// # Panics
    ///
    /// When there is none of this name, or when it fails.
    pub async fn run_job(&self, name: &str) {
        let jobs = App::jobs();
        let job = jobs.iter().find(|job| job.name == name).expect("the server has a job of this name");
        let held = self.app.locks.try_take(&format!("test:{name}"), "test", job.lease).await;
        let held = held.expect("the lock table can be read").expect("nobody else runs the job");
        (job.run)(Arc::clone(&self.app), held.fence().clone()).await.expect("the job succeeds");
        // A sweep of locks may have taken it already.
        self.app.locks.release(held).await.expect("the lock table can be written");
    }

    /// Runs every job that deletes what has grown old, once, now.
    ///
    /// # Panics
    ///
    /// When one fails.
    pub async fn run_sweeps(&self) {
        for job in App::jobs().iter().filter(|job| job.name.starts_with("sweep-")) {
            self.run_job(job.name).await;
        }
    }

    /// Returns the command line's view of who administers.
    #[must_use]
    pub fn admins(&self) -> Admins<'_> {
        Admins::new(&self.app.db, self.app.clock.as_ref(), self.app.entropy.as_ref())
    }

    /// Makes the admin of this server and signs them in.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn admin(&self) -> User {
        let key = Signer::numbered(ADMIN_NUMBER).npub().parse().expect("an npub names a user");
        self.admins().grant(&key, "test", None).await.expect("an npub can be made admin");
        self.user(ADMIN_NUMBER).await
    }
}

impl User {
    /// Asks for new tokens, as a client without any other does.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        let body = format!(r#"{{"refreshToken":"{refresh_token}"}}"#);
        self.client.app().stranger().post("/api/auth/refresh", body).await
    }

    /// Returns the id that seed 004 knows.
    ///
    /// # Panics
    ///
    /// When the server does not list this user's own sessions.
    pub async fn account_id(&self) -> String {
        self.get("/api/v1/sessions/user/me").await.ok(200).string("data.0.userId")
    }

    /// Gives tokens to somebody, as an admin.
    ///
    /// # Panics
    ///
    /// When the server refuses, for instance because this is no admin.
    pub async fn airdrop(&self, to: &Self, symbol: &str, amount: &str) {
        let body = format!(r#"{{"target_user_id":{},"symbol":"{symbol}","amount":{amount}}}"#, to.id);
        let _answer = self.post("/api/amm/airdrop", body).await.ok(201);
    }

    /// Makes the seed's pool, as an admin, and returns its id.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn seed_pool(&self) -> String {
        self.post("/api/amm/pools", SEED_POOL).await.ok(201).raw("id")
    }

    /// Returns what this user can spend of a token, in base units.
    ///
    /// # Panics
    ///
    /// When the token is not listed.
    pub async fn balance_units(&self, symbol: &str) -> u64 {
        let answer = self.get("/api/amm/balances").await.ok(200);
        let items = answer.json()["items"].as_array().expect("balances are a list").clone();
        let item =
            items.iter().find(|item| item["symbol"] == symbol).expect("every listed token has a balance");
        item["amount_units"].as_str().and_then(|text| text.parse().ok()).expect("base units are digits")
    }
}
