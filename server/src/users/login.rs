//! Signing in with a Privy token.

use serde_json::json;
use uuid::Uuid;

use super::{Account, LogInError, Users, lock_wallet_in_tx, repo};
use crate::activity::{Action, Entry};
use crate::db::{DbError, Tx};
use crate::identity::{IdentityKind, User, UserStatus};
use crate::privy;
use crate::session::{Begun, Lifetime, Origin, Proof};

const KIND: IdentityKind = IdentityKind::Privy;

/// What a client brings to sign in.
#[derive(Debug, Clone)]
pub struct LogIn<'a> {
    /// Proves the user.
    pub token: &'a str,
    /// Tells about them.
    pub identity_token: Option<&'a str>,
    /// From where.
    pub origin: Origin,
}

/// Somebody who has just signed in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The user.
    pub account: Account,
    /// Their session.
    pub session: Begun,
    /// Whether there was no such user before.
    pub is_new: bool,
}

impl Users {
    /// Signs the holder of a Privy token in; the first time that makes the user.
    ///
    /// # Errors
    ///
    /// [`LogInError`].
    pub async fn log_in(&self, request: LogIn<'_>) -> Result<LoggedIn, LogInError> {
        let did = self.privy.verify(request.token).await?.did;
        let vouched = self.vouched(request.identity_token, &did).await?;
        let mut tx = self.db.begin().await?;
        let (user, is_new) = self.admit_in_tx(&mut tx, &did).await?;
        if user.status == UserStatus::Deleted {
            return Err(LogInError::UserDeleted);
        }
        self.fill_in_tx(&mut tx, user.id, vouched).await?;
        if is_new {
            let metadata = Some(json!({"method": KIND.as_str()}));
            let (user_id, ip) = (user.id, request.origin.ip);
            let entry = Entry { user_id, session_id: None, action: Action::UserRegister, metadata, ip };
            self.activity.record_in_tx(&mut tx, &entry).await?;
        }
        let proof = Proof { kind: KIND, subject: &did };
        let session =
            self.sessions.begin_in_tx(&mut tx, &user, proof, request.origin, Lifetime::Account).await?;
        let account = repo::find_account(&mut tx, user.id).await?;
        let account = account.ok_or_else(|| DbError::inconsistent("users", "id", user.id))?;
        tx.commit().await?;
        Ok(LoggedIn { account, session, is_new })
    }

    /// What Privy says about the user: in the identity token, else asked for as long as little is known.
    ///
    /// # Errors
    ///
    /// [`LogInError::Privy`] for an identity token that does not count, [`LogInError::Database`].
    pub(crate) async fn vouched(
        &self,
        token: Option<&str>,
        did: &str,
    ) -> Result<Option<privy::Profile>, LogInError> {
        if let Some(token) = token {
            return Ok(Some(self.privy.verify_identity(token, did).await?));
        }
        let known = repo::find_by_privy(&mut self.db.reader().await?, did).await?;
        let is_bare = known.is_none_or(|account| account.profile.is_bare());
        Ok(if is_bare { self.privy.ask(did).await } else { None })
    }

    /// Finds the Privy user's account, takes over the one that was made for them, or makes one.
    async fn admit_in_tx(&self, tx: &mut Tx, did: &str) -> Result<(User, bool), DbError> {
        if let Some(reserved) = repo::find_reserved(tx, did).await?
            && let Some(user) = self.identities.attach_in_tx(tx, reserved, KIND, did).await?
        {
            repo::update_reserved(tx, user.id, None).await?;
            return Ok((user, false));
        }
        self.identities.admit_in_tx(tx, KIND, did).await
    }

    /// Takes over what Privy vouches for; a wallet that somebody else merely named becomes the user's.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn fill_in_tx(
        &self,
        tx: &mut Tx,
        user_id: Uuid,
        vouched: Option<privy::Profile>,
    ) -> Result<(), DbError> {
        let now_ms = self.clock.now_ms();
        let mut profile = repo::lock_profile(tx, user_id, now_ms).await?;
        profile.last_active_at_ms = now_ms;
        if let Some(mut vouched) = vouched {
            if let Some(address) = vouched.wallet {
                lock_wallet_in_tx(tx, address).await?;
                repo::release_wallet(tx, address, user_id).await?;
                let owner = repo::find_by_wallet(tx, address).await?;
                // Somebody else has proven it too; the first one keeps it.
                vouched.wallet = vouched.wallet.filter(|_| owner.is_none_or(|owner| owner.id == user_id));
            }
            profile.fill(vouched, now_ms);
        }
        repo::update_profile(tx, user_id, &profile).await
    }

    /// Finds the account that was made for a Privy user who has not signed in to it yet.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn find_reserved_in_tx(&self, tx: &mut Tx, did: &str) -> Result<Option<Uuid>, DbError> {
        repo::find_reserved(tx, did).await
    }

    /// What Privy vouched for is no longer proven, since the user's key there is theirs no more; it then yields to
    /// whoever proves it.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub(crate) async fn unvouch_in_tx(&self, tx: &mut Tx, user_id: Uuid) -> Result<(), DbError> {
        let mut profile = repo::lock_profile(tx, user_id, self.clock.now_ms()).await?;
        profile.unvouch();
        repo::update_profile(tx, user_id, &profile).await
    }
}
