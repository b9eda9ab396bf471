//! The ledger's statements. Balances are written as absolute values that were computed in memory; SQL never adds.
//!
//! What a book writes goes into [`Writes`], so that it goes together with what its caller writes.

use std::collections::HashMap;

use postfun_core::amount::{Decimals, Units};
use sqlx::FromRow;
use uuid::Uuid;

use super::hold::{Hold, HoldStatus};
use super::{AccountId, AccountKey, Asset, AssetId, HoldId, LedgerError, NewPosting};
use crate::db::sql::Table;
use crate::db::writes::Writes;
use crate::db::{DbError, Tx, execute, on_backend, statements};

statements! {
    LIST_ASSETS = "
SELECT id, symbol, name, decimals, is_issuable, is_listed
FROM assets
ORDER BY id";
    NEXT_ACCOUNT_ID = "
UPDATE counters
SET value = value + 1
WHERE name = 'account'
RETURNING value";
    INSERT_ACCOUNT = "
INSERT INTO accounts (id, owner_kind, owner_id, purpose, asset_id, available, held, version, may_be_negative, created_at_ms)
VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6, $7)
ON CONFLICT (owner_kind, owner_id, purpose, asset_id) DO NOTHING";
    LIST_USER_ACCOUNTS = "
SELECT id, asset_id, available, held, version, may_be_negative
FROM accounts
WHERE owner_kind = 'user' AND owner_id = $1 AND purpose = 'main'
ORDER BY asset_id";
    FIND_LAST_ENTRY_TIME = "
SELECT created_at_ms
FROM postings
WHERE id = (SELECT MAX(posting_id) FROM entries WHERE account_id = $1)";
    FIND_HOLD = "
SELECT id, unique_key, account_id, amount, remaining, status, expires_at_ms, created_at_ms
FROM holds
WHERE id = $1";
    FIND_HOLD_BY_KEY = "
SELECT id, unique_key, account_id, amount, remaining, status, expires_at_ms, created_at_ms
FROM holds
WHERE unique_key = $1";
}

#[derive(Debug, FromRow)]
struct AssetRow {
    id: i64,
    symbol: String,
    name: String,
    decimals: i64,
    is_issuable: bool,
    is_listed: bool,
}

/// Lists every asset by ascending id.
pub(crate) async fn list_assets(tx: &mut Tx) -> Result<Vec<Asset>, DbError> {
    let rows: Vec<AssetRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, AssetRow>(LIST_ASSETS).fetch_all(c).await)?;
    rows.into_iter()
        .map(|row| {
            let decimals = u8::try_from(row.decimals).ok().and_then(|decimals| Decimals::new(decimals).ok());
            Ok(Asset {
                id: AssetId(row.id),
                decimals: decimals
                    .ok_or_else(|| DbError::inconsistent("assets", "decimals", row.decimals))?,
                symbol: row.symbol,
                name: row.name,
                is_issuable: row.is_issuable,
                is_listed: row.is_listed,
            })
        })
        .collect()
}

/// Finds an account's id or makes the account.
pub(super) async fn ensure_account(tx: &mut Tx, key: &AccountKey, now_ms: i64) -> Result<AccountId, DbError> {
    if let Some(id) = find_account(tx, key).await? {
        return Ok(id);
    }
    // The counter's row lock also makes the accounts of one database come one after the other.
    let id: i64 = on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(NEXT_ACCOUNT_ID).fetch_one(c).await)?;
    let (kind, owner, purpose) = (key.owner.kind(), key.owner.id(), key.purpose);
    execute!(
        tx,
        INSERT_ACCOUNT,
        id,
        kind,
        owner,
        purpose.as_str(),
        key.asset.0,
        purpose.may_be_negative(),
        now_ms
    )?;
    // Another process may have been first; then its account is the one.
    find_account(tx, key).await?.ok_or_else(|| DbError::inconsistent("accounts", "id", id))
}

async fn find_account(tx: &mut Tx, key: &AccountKey) -> Result<Option<AccountId>, DbError> {
    Ok(find_accounts(tx, &[key]).await?.pop().flatten())
}

/// Finds the ids of accounts; none stands in the place of each that does not exist.
pub(super) async fn find_accounts(
    tx: &mut Tx,
    keys: &[&AccountKey],
) -> Result<Vec<Option<AccountId>>, DbError> {
    let rows: Vec<(String, String, String, i64, i64)> = Table::of(keys)
        .text(|key| key.owner.kind())
        .text(|key| key.owner.id())
        .text(|key| key.purpose.as_str())
        .int(|key| key.asset.0)
        .fetch(
            tx,
            "SELECT owner_kind, owner_id, purpose, asset_id, id FROM accounts \
             WHERE (owner_kind, owner_id, purpose, asset_id) IN (",
            ")",
        )
        .await?;
    let ids: HashMap<_, _> = rows
        .into_iter()
        .map(|(kind, owner, purpose, asset, id)| ((kind, owner, purpose, asset), AccountId(id)))
        .collect();
    let name = |key: &AccountKey| {
        let (kind, purpose) = (key.owner.kind().to_owned(), key.purpose.as_str().to_owned());
        (kind, key.owner.id(), purpose, key.asset.0)
    };
    Ok(keys.iter().map(|key| ids.get(&name(key)).copied()).collect())
}

#[derive(Debug, FromRow)]
struct AccountColumns {
    id: i64,
    asset_id: i64,
    available: i64,
    held: i64,
    version: i64,
    may_be_negative: bool,
}

/// An account's balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountRow {
    pub(super) id: AccountId,
    pub(super) asset: AssetId,
    pub(super) available: i64,
    pub(super) held: i64,
    /// How often it has changed.
    pub(super) version: i64,
    pub(super) may_be_negative: bool,
}

impl AccountRow {
    /// Returns available and held of an account that is never below zero.
    pub(super) fn amounts(&self) -> Result<(Units, Units), LedgerError> {
        let units = |column, value: i64| {
            u64::try_from(value)
                .ok()
                .and_then(|count| Units::new(count).ok())
                .ok_or_else(|| DbError::inconsistent("accounts", column, value))
        };
        Ok((units("available", self.available)?, units("held", self.held)?))
    }
}

impl From<AccountColumns> for AccountRow {
    fn from(row: AccountColumns) -> Self {
        Self {
            id: AccountId(row.id),
            asset: AssetId(row.asset_id),
            available: row.available,
            held: row.held,
            version: row.version,
            may_be_negative: row.may_be_negative,
        }
    }
}

/// Locks accounts in ascending order and reads them. `ids` is sorted and has no doubles.
pub(super) async fn lock_accounts(tx: &mut Tx, ids: &[AccountId]) -> Result<Vec<AccountRow>, DbError> {
    let order = tx.ordered_lock();
    let rows: Vec<AccountColumns> = Table::of(ids)
        .int(|id| id.0)
        .fetch(
            tx,
            "SELECT id, asset_id, available, held, version, may_be_negative FROM accounts WHERE id IN (",
            order,
        )
        .await?;
    Ok(rows.into_iter().map(AccountRow::from).collect())
}

/// Lists a user's accounts by ascending asset.
pub(super) async fn list_user_accounts(tx: &mut Tx, user: Uuid) -> Result<Vec<AccountRow>, DbError> {
    let rows: Vec<AccountColumns> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, AccountColumns>(LIST_USER_ACCOUNTS)
            .bind(user.to_string())
            .fetch_all(c)
            .await)?;
    Ok(rows.into_iter().map(AccountRow::from).collect())
}

#[derive(Debug, FromRow)]
struct UserAccountColumns {
    owner_id: String,
    #[sqlx(flatten)]
    account: AccountColumns,
}

/// Lists the accounts of users, as they are at one moment.
pub(super) async fn list_accounts_of_users(
    tx: &mut Tx,
    users: &[Uuid],
) -> Result<HashMap<Uuid, Vec<AccountRow>>, DbError> {
    let mut accounts: HashMap<Uuid, Vec<AccountRow>> = HashMap::new();
    let rows: Vec<UserAccountColumns> = Table::of(users)
        .text(ToString::to_string)
        .fetch(
            tx,
            "SELECT owner_id, id, asset_id, available, held, version, may_be_negative FROM accounts \
             WHERE owner_kind = 'user' AND purpose = 'main' AND owner_id IN (",
            ")",
        )
        .await?;
    for UserAccountColumns { owner_id, account } in rows {
        let user = Uuid::parse_str(&owner_id)
            .map_err(|_malformed| DbError::inconsistent("accounts", "owner_id", &owner_id))?;
        accounts.entry(user).or_default().push(account.into());
    }
    Ok(accounts)
}

/// Finds when money last moved into or out of an account; posting ids rise with time.
pub(super) async fn find_last_entry_time(tx: &mut Tx, account: AccountId) -> Result<Option<i64>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(FIND_LAST_ENTRY_TIME)
        .bind(account.0)
        .fetch_optional(c)
        .await)?)
}

/// Finds which keys were posted, with the hash of their legs.
pub(crate) async fn find_posting_hashes(
    tx: &mut Tx,
    keys: &[String],
) -> Result<HashMap<String, String>, DbError> {
    let rows: Vec<(String, String)> = Table::of(keys)
        .text(Clone::clone)
        .fetch(tx, "SELECT unique_key, legs_hash FROM postings WHERE unique_key IN (", ")")
        .await?;
    Ok(rows.into_iter().collect())
}

/// A posting that is about to be written.
#[derive(Debug)]
pub(super) struct NewPostingRow {
    pub(super) id: Uuid,
    pub(super) legs_hash: String,
    pub(super) posting: NewPosting,
}

struct EntryRow {
    posting_id: String,
    leg: i64,
    account: AccountId,
    asset: AssetId,
    amount: i64,
}

/// Adds postings and their entries to what is written.
pub(super) fn insert_postings(
    writes: &mut Writes,
    rows: &[NewPostingRow],
    now_ms: i64,
    asset_of: impl Fn(AccountId) -> Option<AssetId>,
) -> Result<(), LedgerError> {
    let mut entries = Vec::with_capacity(rows.len().saturating_mul(5));
    for row in rows {
        for (leg, number) in row.posting.legs.iter().zip(0_i64..) {
            let asset = asset_of(leg.account).ok_or(LedgerError::AccountMissing)?;
            let posting_id = row.id.to_string();
            entries.push(EntryRow {
                posting_id,
                leg: number,
                account: leg.account,
                asset,
                amount: leg.amount,
            });
        }
    }
    insert_posting_rows(writes, rows, now_ms);
    insert_entry_rows(writes, &entries);
    Ok(())
}

fn insert_posting_rows(writes: &mut Writes, rows: &[NewPostingRow], now_ms: i64) {
    let table = Table::of(rows)
        .text(|row| row.id.to_string())
        .text(|row| row.posting.unique_key.clone())
        .text(|row| row.legs_hash.clone())
        .text(|row| row.posting.kind.as_str())
        .text(|row| row.posting.reference_type)
        .text(|row| row.posting.reference_id.clone())
        .text(|row| row.posting.actor.kind())
        .text(|row| row.posting.actor.id())
        .int(|_| now_ms);
    writes.insert(
        table,
        "INSERT INTO postings (id, unique_key, legs_hash, kind, reference_type, reference_id, actor_kind, actor_id, created_at_ms) ",
    );
}

fn insert_entry_rows(writes: &mut Writes, rows: &[EntryRow]) {
    let table = Table::of(rows)
        .text(|row| row.posting_id.clone())
        .int(|row| row.leg)
        .int(|row| row.account.0)
        .int(|row| row.asset.0)
        .int(|row| row.amount);
    writes.insert(table, "INSERT INTO entries (posting_id, leg, account_id, asset_id, amount) ");
}

/// Adds balances as they now are. Each must still be in the version that it was computed from.
pub(super) fn update_balances(writes: &mut Writes, rows: &[&AccountRow]) {
    let table = Table::of(rows)
        .int(|row| row.id.0)
        .int(|row| row.available)
        .int(|row| row.held)
        .int(|row| row.version);
    writes.update(
        "update_balances",
        table,
        "WITH d (id, available, held, version) AS (",
        ") UPDATE accounts SET available = d.available, held = d.held, version = d.version + 1 \
         FROM d WHERE accounts.id = d.id AND accounts.version = d.version",
    );
}

#[derive(Debug, FromRow)]
struct HoldColumns {
    id: String,
    unique_key: String,
    account_id: i64,
    amount: i64,
    remaining: i64,
    status: String,
    expires_at_ms: Option<i64>,
    created_at_ms: i64,
}

impl HoldColumns {
    fn into_hold(self) -> Result<Hold, DbError> {
        let id =
            Uuid::parse_str(&self.id).map_err(|_malformed| DbError::inconsistent("holds", "id", &self.id))?;
        let status = HoldStatus::parse(&self.status)
            .ok_or_else(|| DbError::inconsistent("holds", "status", &self.status))?;
        Ok(Hold {
            id: HoldId(id),
            unique_key: self.unique_key,
            account: AccountId(self.account_id),
            amount: self.amount,
            remaining: self.remaining,
            status,
            expires_at_ms: self.expires_at_ms,
            created_at_ms: self.created_at_ms,
        })
    }
}

/// Finds a hold. Its account's lock must be held before what it says is relied on.
pub(super) async fn find_hold(tx: &mut Tx, id: HoldId) -> Result<Option<Hold>, DbError> {
    let row: Option<HoldColumns> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, HoldColumns>(FIND_HOLD)
        .bind(id.0.to_string())
        .fetch_optional(c)
        .await)?;
    row.map(HoldColumns::into_hold).transpose()
}

/// Finds a hold by its unique key.
pub(super) async fn find_hold_by_key(tx: &mut Tx, key: &str) -> Result<Option<Hold>, DbError> {
    let row: Option<HoldColumns> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, HoldColumns>(FIND_HOLD_BY_KEY)
            .bind(key)
            .fetch_optional(c)
            .await)?;
    row.map(HoldColumns::into_hold).transpose()
}

/// Adds new holds to what is written.
pub(super) fn insert_holds(writes: &mut Writes, holds: &[&Hold]) {
    let table = Table::of(holds)
        .text(|hold| hold.id.0.to_string())
        .text(|hold| hold.unique_key.clone())
        .int(|hold| hold.account.0)
        .int(|hold| hold.amount)
        .int(|hold| hold.remaining)
        .text(|hold| hold.status.as_str())
        .optional_int(|hold| hold.expires_at_ms)
        .int(|hold| hold.created_at_ms)
        .int(|hold| hold.created_at_ms);
    writes.insert(
        table,
        "INSERT INTO holds (id, unique_key, account_id, amount, remaining, status, expires_at_ms, created_at_ms, updated_at_ms) ",
    );
}

/// Adds what open holds have become.
pub(super) fn update_holds(writes: &mut Writes, holds: &[&Hold], now_ms: i64) {
    let table = Table::of(holds)
        .text(|hold| hold.id.0.to_string())
        .int(|hold| hold.remaining)
        .text(|hold| hold.status.as_str())
        .int(|_| now_ms);
    writes.update(
        "update_holds",
        table,
        "WITH d (id, remaining, status, updated_at_ms) AS (",
        ") UPDATE holds SET remaining = d.remaining, status = d.status, updated_at_ms = d.updated_at_ms \
         FROM d WHERE holds.id = d.id AND holds.status = 'open'",
    );
}
