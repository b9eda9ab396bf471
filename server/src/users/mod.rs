//! Users as seed 004 sees them: signing in with Privy, and profiles.
//!
//! | File | Subject |
//! |---|---|
//! | `mod` | [`Users`]: showing, making, changing and deleting |
//! | `login` | signing in with a Privy token |
//! | `profile` | [`Account`], [`Profile`] and how they change |
//! | `http` | `/api/auth/login`, `/api/auth/me`, `/api/auth/status`, `/api/v1/users/*` |
//!
//! Whoever is neither the user nor an administrator cannot tell a foreign user from a missing one.

mod error;
pub(crate) mod http;
mod login;
mod profile;
pub(crate) mod repo;

use std::sync::Arc;

use postfun_core::wallet::evm::EvmAddress;
use serde_json::json;
use uuid::Uuid;

pub use error::{LogInError, UserError};
pub use login::{LogIn, LoggedIn};
pub use profile::{Account, Changes, Profile, Wallet};

use crate::activity::{Action, Activity, Entry};
use crate::admin::{AuditEntry, insert_audit_in_tx};
use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};
use crate::id::Entropy;
use crate::identity::Identities;
use crate::privy::Privy;
use crate::session::{Actor, Sessions, reason};

/// The service of users.
#[derive(Debug, Clone)]
pub struct Users {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    identities: Identities,
    sessions: Sessions,
    activity: Activity,
    privy: Privy,
}

/// The services that this one rests on.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Users and their keys.
    pub identities: Identities,
    /// Sessions.
    pub sessions: Sessions,
    /// The activity log.
    pub activity: Activity,
    /// Privy.
    pub privy: Privy,
}

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Those on it.
    pub accounts: Vec<Account>,
    /// How many there are on all pages.
    pub total: i64,
}

/// How a caller names a user.
#[derive(Debug, Clone, Copy)]
pub enum Name<'a> {
    /// By id.
    Id(Uuid),
    /// By Privy's name for them.
    Privy(&'a str),
    /// By a wallet.
    Wallet(EvmAddress),
}

impl Users {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, parts: Parts) -> Self {
        let Parts { identities, sessions, activity, privy } = parts;
        Self { db, clock, entropy, identities, sessions, activity, privy }
    }

    /// Shows a user to themself or to an administrator.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`], [`UserError::Database`].
    pub async fn show(&self, actor: &Actor, name: Name<'_>) -> Result<Account, UserError> {
        let mut tx = self.db.reader().await?;
        let found = match name {
            Name::Id(id) => repo::find_account(&mut tx, id).await?,
            Name::Privy(did) => repo::find_by_privy(&mut tx, did).await?,
            Name::Wallet(address) => repo::find_by_wallet(&mut tx, address).await?,
        };
        found.filter(|account| actor.may_see(account.id)).ok_or(UserError::NotFound)
    }

    /// Lists all users to an administrator, and to anybody else themself.
    ///
    /// # Errors
    ///
    /// [`UserError::Database`].
    pub async fn list(&self, actor: &Actor, limit: i64, offset: i64) -> Result<Page, UserError> {
        let mut tx = self.db.reader().await?;
        if actor.user.is_admin() {
            let accounts = repo::list_accounts(&mut tx, limit, offset).await?;
            return Ok(Page { accounts, total: repo::count_users(&mut tx).await? });
        }
        let own = if offset == 0 { repo::find_account(&mut tx, actor.user.id).await? } else { None };
        Ok(Page { accounts: own.into_iter().collect(), total: 1 })
    }

    /// Makes a user for somebody who has not signed in yet; as an administrator.
    ///
    /// # Errors
    ///
    /// [`UserError::AdminOnly`], [`UserError::PrivyIdTaken`], [`UserError::WalletTaken`], [`UserError::Database`].
    pub async fn create(&self, actor: &Actor, did: &str, changes: Changes) -> Result<Account, UserError> {
        if !actor.user.is_admin() {
            return Err(UserError::AdminOnly);
        }
        let mut tx = self.db.begin().await?;
        // Holds the counter, so that the Privy user cannot sign in for the first time meanwhile.
        let user = self.identities.create_in_tx(&mut tx, changes.display_name.clone()).await?;
        if repo::find_by_privy(&mut tx, did).await?.is_some() {
            return Err(UserError::PrivyIdTaken);
        }
        let now_ms = self.clock.now_ms();
        let mut profile = repo::lock_profile(&mut tx, user.id, now_ms).await?;
        claim_wallet_in_tx(&mut tx, user.id, changes.wallet).await?;
        profile.apply(changes, now_ms);
        repo::update_profile(&mut tx, user.id, &profile).await?;
        repo::update_reserved(&mut tx, user.id, Some(did)).await?;
        self.audit_in_tx(&mut tx, actor, "user_create", user.id).await?;
        let account = repo::find_account(&mut tx, user.id).await?.ok_or(UserError::NotFound)?;
        tx.commit().await?;
        Ok(account)
    }

    /// Changes a user; with a version only if they are still at it.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`] also for a deleted user, [`UserError::Stale`], [`UserError::WalletTaken`],
    /// [`UserError::Database`].
    pub async fn update(
        &self,
        actor: &Actor,
        id: Uuid,
        version: Option<i64>,
        changes: Changes,
    ) -> Result<Account, UserError> {
        demand_may_see(actor, id)?;
        let mut tx = self.db.begin().await?;
        let now_ms = self.clock.now_ms();
        let name = changes.display_name.as_deref();
        if !repo::update_user(&mut tx, id, name, version, now_ms).await? {
            let found = repo::find_account(&mut tx, id).await?;
            let active = found.filter(|account| account.status == crate::identity::UserStatus::Active);
            return Err(
                active.map_or(UserError::NotFound, |account| UserError::Stale { current: account.version })
            );
        }
        let mut profile = repo::lock_profile(&mut tx, id, now_ms).await?;
        let wallet = changes.wallet.filter(|address| !profile.has_wallet(*address));
        claim_wallet_in_tx(&mut tx, id, wallet).await?;
        profile.apply(changes, now_ms);
        repo::update_profile(&mut tx, id, &profile).await?;
        let action = if wallet.is_some() { Action::WalletConnected } else { Action::ProfileUpdated };
        self.record_in_tx(&mut tx, actor, id, action).await?;
        self.audit_in_tx(&mut tx, actor, "user_update", id).await?;
        let account = repo::find_account(&mut tx, id).await?.ok_or(UserError::NotFound)?;
        tx.commit().await?;
        Ok(account)
    }

    /// Notes that a user is there.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`], [`UserError::Database`].
    pub async fn note_activity(&self, actor: &Actor, id: Uuid) -> Result<(), UserError> {
        demand_may_see(actor, id)?;
        let mut tx = self.db.begin().await?;
        let found = repo::find_account(&mut tx, id).await?;
        found.ok_or(UserError::NotFound)?;
        let now_ms = self.clock.now_ms();
        let mut profile = repo::lock_profile(&mut tx, id, now_ms).await?;
        profile.last_active_at_ms = now_ms;
        repo::update_profile(&mut tx, id, &profile).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a user: keys, balances and history stay, but nobody signs in any more, and every session ends.
    ///
    /// # Errors
    ///
    /// [`UserError::NotFound`], [`UserError::Database`].
    pub async fn delete(&self, actor: &Actor, id: Uuid) -> Result<(), UserError> {
        demand_may_see(actor, id)?;
        let mut tx = self.db.begin().await?;
        if !repo::update_deleted(&mut tx, id, self.clock.now_ms()).await? {
            return Err(UserError::NotFound);
        }
        self.sessions.end_all_in_tx(&mut tx, id, None, reason::USER_DELETED).await?;
        self.audit_in_tx(&mut tx, actor, "user_delete", id).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn record_in_tx(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        user_id: Uuid,
        action: Action,
    ) -> Result<(), DbError> {
        let is_self = actor.user.id == user_id;
        let session_id = is_self.then_some(actor.session_id);
        let metadata = (!is_self).then(|| json!({"by": "admin"}));
        self.activity.record_in_tx(tx, &Entry { user_id, session_id, action, metadata, ip: None }).await
    }

    /// Writes down what an administrator does to somebody else.
    async fn audit_in_tx(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        action: &'static str,
        id: Uuid,
    ) -> Result<(), DbError> {
        if actor.user.id == id {
            return Ok(());
        }
        let entry = AuditEntry {
            actor: actor.user.id.to_string(),
            action,
            subject: id.to_string(),
            reason: None,
            before: None,
            after: None,
        };
        insert_audit_in_tx(tx, &entry, self.clock.as_ref(), self.entropy.as_ref()).await
    }
}

/// Makes sure that nobody else has a wallet that is merely named, and that nobody gets it until the commit.
async fn claim_wallet_in_tx(
    tx: &mut Tx,
    user_id: Uuid,
    address: Option<EvmAddress>,
) -> Result<(), UserError> {
    let Some(address) = address else { return Ok(()) };
    lock_wallet_in_tx(tx, address).await?;
    match repo::find_by_wallet(tx, address).await? {
        Some(other) if other.id != user_id => Err(UserError::WalletTaken),
        _ => Ok(()),
    }
}

/// Keeps a wallet from changing hands until the transaction ends.
async fn lock_wallet_in_tx(tx: &mut Tx, address: EvmAddress) -> Result<(), DbError> {
    tx.lock_name(&format!("wallet:{address}")).await
}

fn demand_may_see(actor: &Actor, id: Uuid) -> Result<(), UserError> {
    if actor.may_see(id) { Ok(()) } else { Err(UserError::NotFound) }
}
