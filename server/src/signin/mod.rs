//! Signing in with a key: a challenge that is given out, and the proof that consumes it.
//!
//! | State of a challenge | Becomes | By |
//! |---|---|---|
//! | issued | consumed | the first valid proof, in one conditional update |
//! | issued | expired | time: at `expires_at` it is expired |
//! | issued | exhausted | too many proofs that were not valid |
//!
//! A challenge is consumed only after the signature was found valid, so that a stranger cannot burn it; the cap on
//! attempts keeps them from trying for ever.
//!
//! Challenges for linking and unlinking keys live by the same rules; [`link`](crate::link) gives them out. One purpose's
//! challenge does not exist for another.

mod challenge;
mod error;
pub(crate) mod http;
pub(crate) mod repo;

use std::sync::Arc;

use postfun_core::challenge::Purpose;
use postfun_core::encoding::hex;
use postfun_core::nostr::Event;
use postfun_core::nostr::login::{self, LoginContent};

pub use challenge::{ATTEMPTS_MAX, Ask, Challenge};
pub use error::SignInError;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Database, Tx};
use crate::id::Entropy;
use crate::identity::{Identities, IdentityKind, User, UserStatus};
use crate::session::{Begun, Lifetime, Origin, Proof, Sessions};

/// The service of signing in.
#[derive(Debug, Clone)]
pub struct SignIn {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    identities: Identities,
    sessions: Sessions,
    rules: Rules,
}

/// What the configuration says about signing in.
#[derive(Debug, Clone)]
struct Rules {
    domain: String,
    domain_required: bool,
    challenge_ttl_s: u64,
    clock_skew_s: u64,
    verify_url: String,
}

/// Someone who has just signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// Their new session.
    pub session: Begun,
}

impl SignIn {
    /// Makes the service.
    #[must_use]
    pub fn new(
        db: Database,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        identities: Identities,
        sessions: Sessions,
        config: &Config,
    ) -> Self {
        let base = config.public_url.as_ref().map_or_else(
            || format!("http://{}", config.listen),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        );
        let rules = Rules {
            domain: config.login.domain.clone(),
            domain_required: config.login.domain_required,
            challenge_ttl_s: config.login.challenge_ttl_s,
            clock_skew_s: config.login.clock_skew_s,
            verify_url: format!("{base}/auth/verify"),
        };
        Self { db, clock, entropy, identities, sessions, rules }
    }

    /// Returns the domain that a sign-in must be meant for.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.rules.domain
    }

    /// Returns how long a challenge lives, in seconds.
    #[must_use]
    pub const fn challenge_ttl_s(&self) -> u64 {
        self.rules.challenge_ttl_s
    }

    /// Gives out a challenge for signing in; with `bound_pubkey` only that key may answer it.
    ///
    /// # Errors
    ///
    /// [`SignInError::Database`].
    pub async fn challenge(&self, bound_pubkey: Option<[u8; 32]>) -> Result<Challenge, SignInError> {
        let ask = Ask { purpose: Purpose::Login, user_id: None, bound_pubkey };
        self.give(ask, self.rules.challenge_ttl_s).await
    }

    /// Gives out a challenge that lives for `ttl_s` seconds, but never longer than one for signing in.
    ///
    /// # Errors
    ///
    /// [`SignInError::Database`].
    pub(crate) async fn give(&self, ask: Ask, ttl_s: u64) -> Result<Challenge, SignInError> {
        let ttl_s = ttl_s.min(self.rules.challenge_ttl_s);
        let challenge = Challenge::new(self.clock.now_ms(), ttl_s, ask, self.entropy.as_ref());
        let mut tx = self.db.begin().await?;
        repo::insert_challenge(&mut tx, &challenge).await?;
        tx.commit().await?;
        Ok(challenge)
    }

    /// Checks a signed event and signs its key in.
    ///
    /// `challenge_id` counts only when the event's content names none.
    ///
    /// # Errors
    ///
    /// The first that applies, in the order of [`SignInError`].
    pub async fn verify(
        &self,
        event: &Event,
        challenge_id: Option<&str>,
        origin: Origin,
    ) -> Result<SignedIn, SignInError> {
        let content = LoginContent::parse(event)?;
        let id = content.challenge_id.as_deref().or(challenge_id).ok_or(SignInError::ChallengeIdMissing)?;
        let challenge = self.find_live(id, |ask| ask.purpose == Purpose::Login).await?;
        if let Err(refusal) = self.check_content(event, &content, &challenge) {
            self.count_attempt(&challenge).await?;
            return Err(refusal);
        }
        self.admit(&challenge, &hex::encode_lower(event.pubkey()), origin).await
    }

    /// Finds a challenge that can still be answered, if it was given for what the caller wants.
    ///
    /// # Errors
    ///
    /// [`SignInError::ChallengeNotFound`] also for one of another purpose or user, [`SignInError::ChallengeExpired`],
    /// [`SignInError::ChallengeUsed`], [`SignInError::AttemptsExceeded`], [`SignInError::Database`].
    pub(crate) async fn find_live(
        &self,
        id: &str,
        is_meant: impl FnOnce(&Ask) -> bool,
    ) -> Result<Challenge, SignInError> {
        // Only ids of the shape that was given out reach the database, which need not take every text.
        if uuid::Uuid::try_parse(id).is_err() {
            return Err(SignInError::ChallengeNotFound);
        }
        let found = repo::find_challenge(&mut self.db.reader().await?, id).await?;
        let meant = found.filter(|challenge| is_meant(&challenge.ask));
        let challenge = meant.ok_or(SignInError::ChallengeNotFound)?;
        challenge.check_alive(self.clock.now_ms())?;
        Ok(challenge)
    }

    /// Checks that a signed event answers a challenge.
    ///
    /// # Errors
    ///
    /// [`SignInError::Login`], [`SignInError::Event`].
    pub(crate) fn check(&self, event: &Event, challenge: &Challenge) -> Result<(), SignInError> {
        self.check_content(event, &LoginContent::parse(event)?, challenge)
    }

    fn check_content(
        &self,
        event: &Event,
        content: &LoginContent,
        challenge: &Challenge,
    ) -> Result<(), SignInError> {
        let expected = login::Expected {
            challenge_id: &challenge.id,
            challenge: &challenge.challenge,
            bound_pubkey: challenge.ask.bound_pubkey.as_ref(),
            domain: &self.rules.domain,
            domain_required: self.rules.domain_required,
            now_s: u64::try_from(self.clock.now_s()).unwrap_or(0),
            skew_s: self.rules.clock_skew_s,
            ttl_s: self.rules.challenge_ttl_s,
            url: Some(&self.rules.verify_url),
            method: "POST",
            purpose: challenge.ask.purpose,
        };
        login::check(event, content, &expected)?;
        event.verify()?;
        Ok(())
    }

    /// Counts a proof that was not valid.
    ///
    /// # Errors
    ///
    /// [`SignInError::Database`].
    pub(crate) async fn count_attempt(&self, challenge: &Challenge) -> Result<(), SignInError> {
        let mut tx = self.db.begin().await?;
        repo::count_attempt(&mut tx, &challenge.id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Consumes a challenge that was answered.
    ///
    /// # Errors
    ///
    /// [`SignInError::ChallengeUsed`] when somebody else did, or when it expired meanwhile; [`SignInError::Database`].
    pub(crate) async fn consume_in_tx(&self, tx: &mut Tx, challenge: &Challenge) -> Result<(), SignInError> {
        let is_mine = repo::consume_challenge(tx, &challenge.id, self.clock.now_ms()).await?;
        if is_mine { Ok(()) } else { Err(SignInError::ChallengeUsed) }
    }

    /// Consumes the challenge, finds or makes the user and begins a session, all or nothing.
    async fn admit(
        &self,
        challenge: &Challenge,
        pubkey: &str,
        origin: Origin,
    ) -> Result<SignedIn, SignInError> {
        let kind = IdentityKind::Nostr;
        let mut tx = self.db.begin().await?;
        self.consume_in_tx(&mut tx, challenge).await?;
        let user = self.identities.find_or_create_in_tx(&mut tx, kind, pubkey).await?;
        if user.status == UserStatus::Deleted {
            return Err(SignInError::UserDeleted);
        }
        let proof = Proof { kind, subject: pubkey };
        let session = self.sessions.begin_in_tx(&mut tx, &user, proof, origin, Lifetime::Exchange).await?;
        tx.commit().await?;
        Ok(SignedIn { user, session })
    }
}
