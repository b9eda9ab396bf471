//! Statements about the private beta.

use sqlx::FromRow;
use uuid::Uuid;

use super::key::{BetaStatus, BetaUser, ReferralKey};
use crate::db::sql::Table;
use crate::db::{DbError, Tx, on_backend, statements};

macro_rules! columns {
    () => {
        "id, referral_key, status, user_email, created_at_ms, updated_at_ms"
    };
}

statements! {
    REDEEM = "
UPDATE private_beta_users
SET status = 'active', user_email = $2, updated_at_ms = $3
WHERE referral_key = $1 AND status = 'pending'";
    FIND_STATUS = "
SELECT status
FROM private_beta_users
WHERE referral_key = $1";
    FIND_EMAIL = "
SELECT id
FROM private_beta_users
WHERE user_email = $1";
    LIST_ALL = concat!("SELECT ", columns!(), "
FROM private_beta_users
ORDER BY id DESC
LIMIT $1 OFFSET $2");
    LIST_UNUSED = concat!("SELECT ", columns!(), "
FROM private_beta_users
WHERE status = 'pending'
ORDER BY id DESC
LIMIT $1 OFFSET $2");
    COUNT_ALL = "
SELECT COUNT(*)
FROM private_beta_users";
    COUNT_UNUSED = "
SELECT COUNT(*)
FROM private_beta_users
WHERE status = 'pending'";
}

#[derive(Debug, FromRow)]
struct BetaUserRow {
    id: String,
    referral_key: String,
    status: String,
    user_email: Option<String>,
    created_at_ms: i64,
    updated_at_ms: i64,
}

impl BetaUserRow {
    fn into_user(self) -> Result<BetaUser, DbError> {
        // The key itself is kept out of logs.
        let inconsistent = |column| DbError::inconsistent("private_beta_users", column, &self.id);
        Ok(BetaUser {
            id: Uuid::parse_str(&self.id).map_err(|_malformed| inconsistent("id"))?,
            key: self.referral_key.parse().map_err(|_malformed| inconsistent("referral_key"))?,
            status: BetaStatus::parse(&self.status).ok_or_else(|| inconsistent("status"))?,
            email: self.user_email,
            created_at_ms: self.created_at_ms,
            updated_at_ms: self.updated_at_ms,
        })
    }
}

/// Writes unused keys, and returns those that were not taken.
pub(super) async fn insert_unless_taken(tx: &mut Tx, users: &[BetaUser]) -> Result<Vec<BetaUser>, DbError> {
    let rows: Vec<BetaUserRow> = Table::of(users)
        .text(|user| user.id.to_string())
        .text(|user| user.key.expose())
        .text(|user| user.status.as_str())
        .int(|user| user.created_at_ms)
        .int(|user| user.updated_at_ms)
        .fetch_changed(
            tx,
            "INSERT INTO private_beta_users (id, referral_key, status, created_at_ms, updated_at_ms) ",
            concat!(" ON CONFLICT (referral_key) DO NOTHING RETURNING ", columns!()),
        )
        .await?;
    rows.into_iter().map(BetaUserRow::into_user).collect()
}

/// Gives an unused key to an address; says whether there was one.
pub(super) async fn redeem(
    tx: &mut Tx,
    key: &ReferralKey,
    email: &str,
    now_ms: i64,
) -> Result<bool, DbError> {
    let changed = on_backend!(tx, |c, DB| sqlx::query::<DB>(REDEEM)
        .bind(key.expose())
        .bind(email)
        .bind(now_ms)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(changed == 1)
}

/// Finds how far a key is.
pub(super) async fn find_status(tx: &mut Tx, key: &ReferralKey) -> Result<Option<BetaStatus>, DbError> {
    let status: Option<String> = on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, String>(FIND_STATUS)
        .bind(key.expose())
        .fetch_optional(c)
        .await)?;
    let read = |text: String| {
        BetaStatus::parse(&text).ok_or_else(|| DbError::inconsistent("private_beta_users", "status", text))
    };
    status.map(read).transpose()
}

/// Says whether an address has redeemed a key.
pub(super) async fn find_email(tx: &mut Tx, email: &str) -> Result<bool, DbError> {
    let id: Option<String> = on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, String>(FIND_EMAIL)
        .bind(email)
        .fetch_optional(c)
        .await)?;
    Ok(id.is_some())
}

/// Lists all keys, newest first.
pub(super) async fn list_all(tx: &mut Tx, limit: i64, offset: i64) -> Result<Vec<BetaUser>, DbError> {
    list(tx, LIST_ALL, limit, offset).await
}

/// Lists the unused keys, newest first.
pub(super) async fn list_unused(tx: &mut Tx, limit: i64, offset: i64) -> Result<Vec<BetaUser>, DbError> {
    list(tx, LIST_UNUSED, limit, offset).await
}

async fn list(
    tx: &mut Tx,
    statement: &'static str,
    limit: i64,
    offset: i64,
) -> Result<Vec<BetaUser>, DbError> {
    let rows: Vec<BetaUserRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, BetaUserRow>(statement)
        .bind(limit)
        .bind(offset)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(BetaUserRow::into_user).collect()
}

/// Counts all keys.
pub(super) async fn count_all(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(COUNT_ALL).fetch_one(c).await)?)
}

/// Counts the unused keys.
pub(super) async fn count_unused(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(COUNT_UNUSED).fetch_one(c).await)?)
}
