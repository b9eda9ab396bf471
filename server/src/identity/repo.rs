//! Statements about users and their keys.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Identity, IdentityKind, Key, Role, User, UserRef, UserStatus};
use crate::db::{DbError, Tx, execute, on_backend, statements};

/// What of a user every look-up returns; the primary Nostr key comes along.
macro_rules! user_columns {
    () => {
        "users.id, users.number, users.role, users.status, users.display_name, users.created_at_ms, \
         nostr.subject AS nostr_pubkey"
    };
}

/// Where it comes from.
macro_rules! user_tables {
    () => {
        " FROM users \
         LEFT JOIN identities AS nostr ON nostr.user_id = users.id AND nostr.kind = 'nostr' AND nostr.is_primary"
    };
}
pub(crate) use {user_columns, user_tables};

statements! {
    NEXT_USER_NUMBER = "
UPDATE counters
SET value = value + 1
WHERE name = 'user'
RETURNING value";
    LOCK_USER_NUMBERS = "
UPDATE counters
SET value = value
WHERE name = 'user'";
    FIND_BY_IDENTITY = concat!("SELECT ", user_columns!(), user_tables!(), "
JOIN identities AS i ON i.user_id = users.id
WHERE i.kind = $1 AND i.subject = $2");
    FIND_USER = concat!("SELECT ", user_columns!(), user_tables!(), "
WHERE users.id = $1");
    FIND_BY_NUMBER = concat!("SELECT ", user_columns!(), user_tables!(), "
WHERE users.number = $1");
    LIST_ADMINS = concat!("SELECT ", user_columns!(), user_tables!(), "
WHERE users.role = 'admin'
ORDER BY users.number");
    INSERT_USER = "
INSERT INTO users (id, number, role, status, display_name, version, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, 1, $6, $6)";
    INSERT_IDENTITY = "
INSERT INTO identities (kind, subject, user_id, is_primary, created_at_ms, last_used_at_ms)
VALUES ($1, $2, $3, NOT EXISTS (SELECT 1 FROM identities WHERE user_id = $3 AND kind = $1 AND is_primary), $4, $4)";
    LOCK_USER = "
UPDATE users
SET version = version
WHERE id = $1 AND status = 'active'";
    UPDATE_CHANGED = "
UPDATE users
SET version = version + 1, updated_at_ms = $2
WHERE id = $1";
    UPDATE_USED = "
UPDATE identities
SET last_used_at_ms = $3
WHERE kind = $1 AND subject = $2
RETURNING user_id";
    LIST_IDENTITIES = "
SELECT kind, subject, is_primary, created_at_ms, COALESCE(last_used_at_ms, created_at_ms) AS last_used_at_ms
FROM identities
WHERE user_id = $1
ORDER BY created_at_ms, kind, subject";
    DELETE_IDENTITY = "
DELETE FROM identities
WHERE kind = $1 AND subject = $2 AND user_id = $3";
    UPDATE_PRIMARY = "
UPDATE identities
SET is_primary = TRUE
WHERE kind = $2 AND subject = (
    SELECT subject FROM identities WHERE user_id = $1 AND kind = $2 ORDER BY created_at_ms, subject LIMIT 1)
    AND NOT EXISTS (SELECT 1 FROM identities WHERE user_id = $1 AND kind = $2 AND is_primary)";
    UPDATE_ROLE = "
UPDATE users
SET role = $2, version = version + 1, updated_at_ms = $3
WHERE id = $1 AND role <> $2";
    INSERT_INVITATION = "
INSERT INTO admin_invitations (kind, subject, created_at_ms)
VALUES ($1, $2, $3)
ON CONFLICT (kind, subject) DO NOTHING";
    DELETE_INVITATION = "
DELETE FROM admin_invitations
WHERE kind = $1 AND subject = $2";
    LIST_INVITATIONS = "
SELECT subject
FROM admin_invitations
WHERE kind = 'nostr'
ORDER BY created_at_ms, subject";
}

/// A user as the database holds them.
#[derive(Debug, FromRow)]
pub(crate) struct UserRow {
    id: String,
    number: i64,
    role: String,
    status: String,
    display_name: Option<String>,
    created_at_ms: i64,
    nostr_pubkey: Option<String>,
}

impl UserRow {
    pub(crate) fn into_user(self) -> Result<User, DbError> {
        let inconsistent = |column, value: &str| DbError::inconsistent("users", column, value);
        Ok(User {
            id: Uuid::parse_str(&self.id).map_err(|_malformed| inconsistent("id", &self.id))?,
            number: self.number,
            role: Role::parse(&self.role).ok_or_else(|| inconsistent("role", &self.role))?,
            status: UserStatus::parse(&self.status).ok_or_else(|| inconsistent("status", &self.status))?,
            display_name: self.display_name,
            nostr_pubkey: self.nostr_pubkey,
            created_at_ms: self.created_at_ms,
        })
    }
}

/// A user's key as the database holds it.
#[derive(Debug, FromRow)]
struct IdentityRow {
    kind: String,
    subject: String,
    is_primary: bool,
    created_at_ms: i64,
    last_used_at_ms: i64,
}

impl IdentityRow {
    fn into_identity(self) -> Result<Identity, DbError> {
        let Self { kind, subject, is_primary, created_at_ms, last_used_at_ms } = self;
        let kind =
            IdentityKind::parse(&kind).ok_or_else(|| DbError::inconsistent("identities", "kind", &kind))?;
        Ok(Identity { key: Key { kind, subject }, is_primary, created_at_ms, last_used_at_ms })
    }
}

/// Takes the next user number; holds the counter until the transaction ends.
pub(super) async fn next_user_number(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(NEXT_USER_NUMBER).fetch_one(c).await)?)
}

/// Keeps users from being made until the transaction ends.
pub(crate) async fn lock_user_numbers(tx: &mut Tx) -> Result<(), DbError> {
    execute!(tx, LOCK_USER_NUMBERS)?;
    Ok(())
}

/// Finds the user of a proven key.
pub(crate) async fn find_by_identity(
    tx: &mut Tx,
    kind: IdentityKind,
    subject: &str,
) -> Result<Option<User>, DbError> {
    let row: Option<UserRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, UserRow>(FIND_BY_IDENTITY)
        .bind(kind.as_str())
        .bind(subject)
        .fetch_optional(c)
        .await)?;
    row.map(UserRow::into_user).transpose()
}

/// Finds a user by id.
pub(crate) async fn find_user(tx: &mut Tx, id: Uuid) -> Result<Option<User>, DbError> {
    let row: Option<UserRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, UserRow>(FIND_USER)
        .bind(id.to_string())
        .fetch_optional(c)
        .await)?;
    row.map(UserRow::into_user).transpose()
}

/// Finds a user by what people call them.
pub(crate) async fn find_by_ref(tx: &mut Tx, user: &UserRef) -> Result<Option<User>, DbError> {
    let number = match user {
        UserRef::Nostr(pubkey) => return find_by_identity(tx, IdentityKind::Nostr, pubkey).await,
        UserRef::Number(number) => *number,
    };
    let row: Option<UserRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, UserRow>(FIND_BY_NUMBER)
        .bind(number)
        .fetch_optional(c)
        .await)?;
    row.map(UserRow::into_user).transpose()
}

/// Lists the administrators by number.
pub(crate) async fn list_admins(tx: &mut Tx) -> Result<Vec<User>, DbError> {
    let rows: Vec<UserRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, UserRow>(LIST_ADMINS).fetch_all(c).await)?;
    rows.into_iter().map(UserRow::into_user).collect()
}

/// Writes a new user.
pub(super) async fn insert_user(tx: &mut Tx, user: &User) -> Result<(), DbError> {
    execute!(
        tx,
        INSERT_USER,
        user.id.to_string(),
        user.number,
        user.role.as_str(),
        user.status.as_str(),
        &user.display_name,
        user.created_at_ms
    )?;
    Ok(())
}

/// Writes a user's key; the first one of a kind is the primary one.
pub(super) async fn insert_identity(
    tx: &mut Tx,
    user_id: Uuid,
    kind: IdentityKind,
    subject: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    execute!(tx, INSERT_IDENTITY, kind.as_str(), subject, user_id.to_string(), now_ms)?;
    Ok(())
}

/// Keeps others from changing an active user until the transaction ends; says whether there is one.
pub(super) async fn lock_user(tx: &mut Tx, id: Uuid) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(LOCK_USER)
        .bind(id.to_string())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Raises a user's version, for whoever holds an older one.
pub(super) async fn update_changed(tx: &mut Tx, id: Uuid, now_ms: i64) -> Result<(), DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(UPDATE_CHANGED)
        .bind(id.to_string())
        .bind(now_ms)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    DbError::check_rows("UPDATE_CHANGED", 1, rows)
}

/// Notes that a key was proven and keeps it from being unlinked until the transaction ends; returns its user's id.
pub(super) async fn update_used(
    tx: &mut Tx,
    kind: IdentityKind,
    subject: &str,
    now_ms: i64,
) -> Result<Option<Uuid>, DbError> {
    let id: Option<String> = on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, String>(UPDATE_USED)
        .bind(kind.as_str())
        .bind(subject)
        .bind(now_ms)
        .fetch_optional(c)
        .await)?;
    let parse = |id: String| {
        Uuid::parse_str(&id).map_err(|_malformed| DbError::inconsistent("identities", "user_id", id))
    };
    id.map(parse).transpose()
}

/// Lists a user's keys, the oldest first.
pub(super) async fn list_identities(tx: &mut Tx, user_id: Uuid) -> Result<Vec<Identity>, DbError> {
    let rows: Vec<IdentityRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, IdentityRow>(LIST_IDENTITIES)
        .bind(user_id.to_string())
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(IdentityRow::into_identity).collect()
}

/// Takes a key from a user.
pub(super) async fn delete_identity(tx: &mut Tx, user_id: Uuid, key: &Key) -> Result<(), DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(DELETE_IDENTITY)
        .bind(key.kind.as_str())
        .bind(&key.subject)
        .bind(user_id.to_string())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    DbError::check_rows("DELETE_IDENTITY", 1, rows)
}

/// Makes a user's oldest key of a kind the primary one, where there is none.
pub(super) async fn update_primary(tx: &mut Tx, user_id: Uuid, kind: IdentityKind) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(UPDATE_PRIMARY)
        .bind(user_id.to_string())
        .bind(kind.as_str())
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

/// Changes a user's role; says whether it was another one before.
pub(crate) async fn update_role(tx: &mut Tx, id: Uuid, role: Role, now_ms: i64) -> Result<bool, DbError> {
    let changed = execute!(tx, UPDATE_ROLE, id.to_string(), role.as_str(), now_ms)?;
    Ok(changed == 1)
}

/// Invites a key that was never seen; says whether it was not invited before.
pub(crate) async fn insert_invitation(tx: &mut Tx, subject: &str, now_ms: i64) -> Result<bool, DbError> {
    let changed = execute!(tx, INSERT_INVITATION, IdentityKind::Nostr.as_str(), subject, now_ms)?;
    Ok(changed == 1)
}

/// Takes an invitation back, or uses it up; says whether there was one.
pub(crate) async fn delete_invitation(
    tx: &mut Tx,
    kind: IdentityKind,
    subject: &str,
) -> Result<bool, DbError> {
    let changed = execute!(tx, DELETE_INVITATION, kind.as_str(), subject)?;
    Ok(changed == 1)
}

/// Lists the invited Nostr keys, oldest invitation first.
pub(crate) async fn list_invitations(tx: &mut Tx) -> Result<Vec<String>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, String>(LIST_INVITATIONS).fetch_all(c).await)?)
}
