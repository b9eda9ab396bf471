//! Who administers, and the record of what administrators did.
//!
//! Administrators are made on the command line or by configuration, never over HTTP. A key that was never seen can be
//! invited; it becomes an administrator's at its first sign-in.

pub(crate) mod repo;

use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};
use crate::id::{Entropy, uuid_v7};
use crate::identity::{IdentityKind, Role, User, UserRef, repo as identity_repo};

/// An action of an administrator, written in the transaction of its effect and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEntry {
    /// A user's id, or `cli`, or `config`.
    pub(crate) actor: String,
    pub(crate) action: &'static str,
    pub(crate) subject: String,
    pub(crate) reason: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Why nobody became, or stopped being, an administrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// Nobody has this number; a key can be invited before it is seen, a number cannot.
    #[error("there is no user number {number}; name a key to invite someone who has not signed in yet")]
    NoSuchUser {
        /// The number.
        number: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What a change of administrators did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The user's role changed.
    Changed(User),
    /// The key was never seen: its invitation was written, or taken back.
    Invitation(String),
    /// Nothing had to be done.
    Unchanged,
}

/// Writes an entry of the administrators' record.
pub(crate) async fn insert_audit_in_tx(
    tx: &mut Tx,
    entry: &AuditEntry,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(), DbError> {
    let now_ms = clock.now_ms();
    repo::insert_audit(tx, uuid_v7(now_ms, entropy), entry, now_ms).await
}

/// The command line's and the configuration's view of administrators.
#[derive(Debug)]
pub struct Admins<'a> {
    db: &'a Database,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
}

impl<'a> Admins<'a> {
    /// Makes the view.
    #[must_use]
    pub fn new(db: &'a Database, clock: &'a dyn Clock, entropy: &'a dyn Entropy) -> Self {
        Self { db, clock, entropy }
    }

    /// Makes a user an administrator, or invites a key that was never seen.
    ///
    /// # Errors
    ///
    /// [`AdminError::NoSuchUser`] for a number that nobody has, else [`AdminError::Database`].
    pub async fn grant(
        &self,
        user: &UserRef,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<Change, AdminError> {
        self.change(user, Role::Admin, actor, reason).await
    }

    /// Takes the role, or the invitation, back.
    ///
    /// # Errors
    ///
    /// As [`Admins::grant`].
    pub async fn revoke(
        &self,
        user: &UserRef,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<Change, AdminError> {
        self.change(user, Role::User, actor, reason).await
    }

    /// Lists the administrators, then the invited keys.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn list(&self) -> Result<(Vec<User>, Vec<String>), DbError> {
        let mut tx = self.db.reader().await?;
        Ok((identity_repo::list_admins(&mut tx).await?, identity_repo::list_invitations(&mut tx).await?))
    }

    async fn change(
        &self,
        user: &UserRef,
        role: Role,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<Change, AdminError> {
        let mut tx = self.db.begin().await?;
        let now_ms = self.clock.now_ms();
        // Otherwise the key could sign in for the first time between the look and what follows from it.
        identity_repo::lock_user_numbers(&mut tx).await?;
        let found = identity_repo::find_by_ref(&mut tx, user).await?;
        let change = match (found, user) {
            (Some(user), _) => {
                let is_changed = identity_repo::update_role(&mut tx, user.id, role, now_ms).await?;
                if is_changed { Change::Changed(User { role, ..user }) } else { Change::Unchanged }
            }
            (None, UserRef::Number(number)) => return Err(AdminError::NoSuchUser { number: *number }),
            (None, UserRef::Nostr(key)) => {
                let is_changed = match role {
                    Role::Admin => identity_repo::insert_invitation(&mut tx, key, now_ms).await?,
                    Role::User => identity_repo::delete_invitation(&mut tx, IdentityKind::Nostr, key).await?,
                };
                if is_changed { Change::Invitation(key.clone()) } else { Change::Unchanged }
            }
        };
        let subject = match &change {
            Change::Changed(user) => user.id.to_string(),
            Change::Invitation(key) => format!("nostr:{key}"),
            Change::Unchanged => return Ok(change),
        };
        let (before, after) = match role {
            Role::Admin => (Role::User, Role::Admin),
            Role::User => (Role::Admin, Role::User),
        };
        let entry = AuditEntry {
            actor: actor.to_owned(),
            action: if role == Role::Admin { "admin_grant" } else { "admin_revoke" },
            subject,
            reason: reason.map(str::to_owned),
            before: Some(before.as_str().to_owned()),
            after: Some(after.as_str().to_owned()),
        };
        insert_audit_in_tx(&mut tx, &entry, self.clock, self.entropy).await?;
        tx.commit().await?;
        Ok(change)
    }
}
