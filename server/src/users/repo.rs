//! Statements about profiles, and about users as seed 004 sees them.

use postfun_core::wallet::evm::EvmAddress;
use sqlx::FromRow;
use uuid::Uuid;

use super::profile::{Account, Profile, Wallet};
use crate::db::{DbError, Tx, execute, on_backend, statements};
use crate::identity::{Role, UserStatus};

macro_rules! profile_columns {
    () => {
        "email, email_is_verified, phone, picture_url, wallet_address, wallet_is_verified, \
         wallet_registered_at_ms, last_active_at_ms"
    };
}

macro_rules! select_account {
    () => {
        "SELECT users.id, users.role, users.status, users.display_name, users.version, users.created_at_ms, \
         users.updated_at_ms, COALESCE(privy.subject, p.reserved_privy_id) AS privy_id, \
         p.email, COALESCE(p.email_is_verified, FALSE) AS email_is_verified, p.phone, p.picture_url, \
         p.wallet_address, COALESCE(p.wallet_is_verified, FALSE) AS wallet_is_verified, p.wallet_registered_at_ms, \
         COALESCE(p.last_active_at_ms, users.created_at_ms) AS last_active_at_ms \
         FROM users \
         LEFT JOIN profiles AS p ON p.user_id = users.id \
         LEFT JOIN identities AS privy \
         ON privy.user_id = users.id AND privy.kind = 'privy' AND privy.is_primary"
    };
}

statements! {
    FIND_ACCOUNT = concat!(select_account!(), "
WHERE users.id = $1");
    FIND_BY_PRIVY = concat!(select_account!(), "
WHERE users.id = COALESCE(
    (SELECT user_id FROM identities WHERE kind = 'privy' AND subject = $1),
    (SELECT user_id FROM profiles WHERE reserved_privy_id = $1))");
    FIND_BY_WALLET = concat!(select_account!(), "
WHERE p.wallet_address = $1");
    LIST_ACCOUNTS = concat!(select_account!(), "
ORDER BY users.number
LIMIT $1 OFFSET $2");
    COUNT_USERS = "
SELECT COUNT(*)
FROM users";
    FIND_RESERVED = "
SELECT user_id
FROM profiles
WHERE reserved_privy_id = $1";
    LOCK_PROFILE = concat!("
INSERT INTO profiles (user_id, email_is_verified, wallet_is_verified, last_active_at_ms)
VALUES ($1, FALSE, FALSE, $2)
ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
RETURNING ", profile_columns!());
    UPDATE_PROFILE = "
UPDATE profiles
SET email = $2, email_is_verified = $3, phone = $4, picture_url = $5, wallet_address = $6, wallet_is_verified = $7,
    wallet_registered_at_ms = $8, last_active_at_ms = $9
WHERE user_id = $1";
    UPDATE_RESERVED = "
UPDATE profiles
SET reserved_privy_id = $2
WHERE user_id = $1";
    UPDATE_UNVERIFIED_WALLET = "
UPDATE profiles
SET wallet_address = NULL, wallet_registered_at_ms = NULL
WHERE wallet_address = $1 AND NOT wallet_is_verified AND user_id <> $2";
    UPDATE_USER = "
UPDATE users
SET display_name = COALESCE($2, display_name), version = version + 1, updated_at_ms = $3
WHERE id = $1 AND status = 'active' AND version = COALESCE($4, version)";
    UPDATE_DELETED = "
UPDATE users
SET status = 'deleted', version = version + 1, updated_at_ms = $2
WHERE id = $1 AND status = 'active'";
}

#[derive(Debug, FromRow)]
struct ProfileRow {
    email: Option<String>,
    email_is_verified: bool,
    phone: Option<String>,
    picture_url: Option<String>,
    wallet_address: Option<String>,
    wallet_is_verified: bool,
    wallet_registered_at_ms: Option<i64>,
    last_active_at_ms: i64,
}

#[derive(Debug, FromRow)]
struct AccountRow {
    id: String,
    role: String,
    status: String,
    display_name: Option<String>,
    version: i64,
    created_at_ms: i64,
    updated_at_ms: i64,
    privy_id: Option<String>,
    #[sqlx(flatten)]
    profile: ProfileRow,
}

impl ProfileRow {
    fn into_profile(self) -> Result<Profile, DbError> {
        let inconsistent = |value: String| DbError::inconsistent("profiles", "wallet_address", value);
        let wallet = match (self.wallet_address, self.wallet_registered_at_ms) {
            (Some(text), Some(registered_at_ms)) => {
                let address = text.parse().map_err(|_malformed| inconsistent(text))?;
                Some(Wallet { address, is_verified: self.wallet_is_verified, registered_at_ms })
            }
            _ => None,
        };
        Ok(Profile {
            email: self.email,
            email_is_verified: self.email_is_verified,
            phone: self.phone,
            picture_url: self.picture_url,
            wallet,
            last_active_at_ms: self.last_active_at_ms,
        })
    }
}

impl AccountRow {
    fn into_account(self) -> Result<Account, DbError> {
        let inconsistent = |column, value: &str| DbError::inconsistent("users", column, value);
        Ok(Account {
            id: parse_id(&self.id)?,
            status: UserStatus::parse(&self.status).ok_or_else(|| inconsistent("status", &self.status))?,
            role: Role::parse(&self.role).ok_or_else(|| inconsistent("role", &self.role))?,
            display_name: self.display_name,
            version: self.version,
            created_at_ms: self.created_at_ms,
            updated_at_ms: self.updated_at_ms,
            privy_id: self.privy_id,
            profile: self.profile.into_profile()?,
        })
    }
}

fn parse_id(text: &str) -> Result<Uuid, DbError> {
    Uuid::parse_str(text).map_err(|_malformed| DbError::inconsistent("users", "id", text))
}

/// Finds an account by its id.
pub(super) async fn find_account(tx: &mut Tx, id: Uuid) -> Result<Option<Account>, DbError> {
    find(tx, FIND_ACCOUNT, &id.to_string()).await
}

/// Finds the account of a Privy user, or the one that was made for them.
pub(super) async fn find_by_privy(tx: &mut Tx, did: &str) -> Result<Option<Account>, DbError> {
    find(tx, FIND_BY_PRIVY, did).await
}

/// Finds the account that names a wallet.
pub(super) async fn find_by_wallet(tx: &mut Tx, address: EvmAddress) -> Result<Option<Account>, DbError> {
    find(tx, FIND_BY_WALLET, &address.to_string()).await
}

async fn find(tx: &mut Tx, statement: &'static str, by: &str) -> Result<Option<Account>, DbError> {
    let row: Option<AccountRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, AccountRow>(statement)
        .bind(by)
        .fetch_optional(c)
        .await)?;
    row.map(AccountRow::into_account).transpose()
}

/// Lists accounts by the order in which they were made.
pub(super) async fn list_accounts(tx: &mut Tx, limit: i64, offset: i64) -> Result<Vec<Account>, DbError> {
    let rows: Vec<AccountRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, AccountRow>(LIST_ACCOUNTS)
        .bind(limit)
        .bind(offset)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(AccountRow::into_account).collect()
}

/// Counts all users.
pub(super) async fn count_users(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(COUNT_USERS).fetch_one(c).await)?)
}

/// Finds the user whom an administrator made for a Privy user.
pub(super) async fn find_reserved(tx: &mut Tx, did: &str) -> Result<Option<Uuid>, DbError> {
    let id: Option<String> = on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, String>(FIND_RESERVED)
        .bind(did)
        .fetch_optional(c)
        .await)?;
    id.map(|id| parse_id(&id)).transpose()
}

/// Reads a user's profile, made when missing, and holds it until the transaction ends.
pub(super) async fn lock_profile(tx: &mut Tx, user_id: Uuid, now_ms: i64) -> Result<Profile, DbError> {
    let row: ProfileRow = on_backend!(tx, |c, DB| sqlx::query_as::<DB, ProfileRow>(LOCK_PROFILE)
        .bind(user_id.to_string())
        .bind(now_ms)
        .fetch_one(c)
        .await)?;
    row.into_profile()
}

/// Writes a profile that is there.
pub(super) async fn update_profile(tx: &mut Tx, user_id: Uuid, profile: &Profile) -> Result<(), DbError> {
    let Profile { email, email_is_verified, phone, picture_url, wallet, last_active_at_ms } = profile;
    let changed = execute!(
        tx,
        UPDATE_PROFILE,
        user_id.to_string(),
        email,
        email_is_verified,
        phone,
        picture_url,
        wallet.map(|wallet| wallet.address.to_string()),
        wallet.is_some_and(|wallet| wallet.is_verified),
        wallet.map(|wallet| wallet.registered_at_ms),
        last_active_at_ms
    )?;
    DbError::check_rows("UPDATE_PROFILE", 1, changed)
}

/// Writes for which Privy user an account is, or that it is theirs now.
pub(super) async fn update_reserved(tx: &mut Tx, user_id: Uuid, did: Option<&str>) -> Result<(), DbError> {
    let changed = execute!(tx, UPDATE_RESERVED, user_id.to_string(), did)?;
    DbError::check_rows("UPDATE_RESERVED", 1, changed)
}

/// Takes a wallet from whoever only named it, for somebody who has proven it.
pub(super) async fn release_wallet(tx: &mut Tx, address: EvmAddress, owner: Uuid) -> Result<(), DbError> {
    execute!(tx, UPDATE_UNVERIFIED_WALLET, address.to_string(), owner.to_string())?;
    Ok(())
}

/// Changes an active user, at a version if one is named; says whether there was one.
pub(super) async fn update_user(
    tx: &mut Tx,
    id: Uuid,
    display_name: Option<&str>,
    version: Option<i64>,
    now_ms: i64,
) -> Result<bool, DbError> {
    let changed = execute!(tx, UPDATE_USER, id.to_string(), display_name, now_ms, version)?;
    Ok(changed == 1)
}

/// Marks an active user as deleted; says whether there was one.
pub(super) async fn update_deleted(tx: &mut Tx, id: Uuid, now_ms: i64) -> Result<bool, DbError> {
    let changed = execute!(tx, UPDATE_DELETED, id.to_string(), now_ms)?;
    Ok(changed == 1)
}
