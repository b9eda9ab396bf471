//! The double-entry ledger: the only way money moves.
//!
//! | File | Subject |
//! |---|---|
//! | `airdrop` | giving users what the server may issue |
//! | `asset` | what can be held, and what the server may issue |
//! | `account` | whose money it is and what for |
//! | `posting` | a movement whose legs add up to zero for every asset |
//! | `hold` | money set aside until something is decided |
//! | `book` | locked accounts in memory: the four verbs, then one write |
//! | `outcome` | what to say after a commit that went wrong |
//! | `repo` | the statements |
//! | `audit` | recomputes balances from entries |
//!
//! # Phases of a posting
//!
//! | Phase | What happens | Round trips |
//! |---|---|---|
//! | open | missing accounts are made, in a transaction of their own | 0, or 2 and 4 for each the first time |
//! | lock | accounts are locked in ascending id and read; announced keys are looked up | 1 or 2 |
//! | apply | each movement is checked and applied in memory; a refused one changes nothing | 0 |
//! | write | postings, entries, holds and absolute balances, in multi-row statements | 2 to 4 |
//!
//! A batch of any size goes through the same phases once, and a refused movement never fails its neighbours.
//!
//! Credits raise an account and are positive, debits lower it and are negative. What users hold was debited to the
//! asset's issuance or clearing account, the only ones that may be below zero.

mod account;
mod airdrop;
mod asset;
pub(crate) mod audit;
mod book;
mod error;
mod hold;
pub(crate) mod http;
mod outcome;
mod posting;
pub(crate) mod repo;

use std::collections::HashMap;
use std::sync::Arc;

use postfun_core::amount::Units;
use quick_cache::sync::Cache;

pub use account::{AccountId, AccountKey, Owner, Purpose};
pub use airdrop::Issue;
pub(crate) use airdrop::{Airdrop, AirdropError};
pub use asset::{Asset, AssetId};
pub(crate) use book::Balances;
pub use book::{Book, Posted};
pub use error::LedgerError;
pub use hold::{HoldId, NewHold};
pub use posting::{Actor, Leg, NewPosting, PostingKind};

use crate::clock::Clock;
use crate::db::{Database, Tx};
use crate::events::Events;
use crate::id::Entropy;

/// How many account ids a process remembers; ids never change, so this only saves look-ups.
const ACCOUNT_CACHE: usize = 65_536;

/// The ledger's service.
#[derive(Debug, Clone)]
pub struct Ledger {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    events: Events,
    account_ids: Arc<Cache<AccountKey, AccountId>>,
    assets: Arc<tokio::sync::RwLock<Vec<Asset>>>,
}

/// What a user holds of one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The asset.
    pub asset: Asset,
    /// What can be spent, in base units.
    pub available: Units,
    /// What is set aside, in base units.
    pub held: Units,
}

/// Everything that a user holds, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// Grows with every change of any of the user's balances; zero before the first.
    pub revision: i64,
    /// Every listed token, in the order of their ids.
    pub tokens: Vec<Balance>,
    /// Bitcoin; base units are msat.
    pub btc: Option<Balance>,
}

impl Ledger {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, events: Events) -> Self {
        let account_ids = Arc::new(Cache::new(ACCOUNT_CACHE));
        Self { db, clock, entropy, events, account_ids, assets: Arc::default() }
    }

    /// Lists every asset, by ascending id.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn assets(&self) -> Result<Vec<Asset>, LedgerError> {
        // Assets are only ever added by migrations, so one reading serves the process.
        let known = self.assets.read().await.clone();
        if !known.is_empty() {
            return Ok(known);
        }
        let assets = repo::list_assets(&mut self.db.reader().await?).await?;
        self.assets.write().await.clone_from(&assets);
        Ok(assets)
    }

    /// Finds an asset by its id.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn find_asset(&self, id: AssetId) -> Result<Option<Asset>, LedgerError> {
        Ok(self.assets().await?.into_iter().find(|asset| asset.id == id))
    }

    /// Finds an asset by its symbol, exactly as written.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn find_asset_by_symbol(&self, symbol: &str) -> Result<Option<Asset>, LedgerError> {
        Ok(self.assets().await?.into_iter().find(|asset| asset.symbol == symbol))
    }

    /// Returns the ids of accounts, making those that do not exist yet, empty.
    ///
    /// Accounts are made in a transaction of their own, before the one that moves money: so that one only locks, in
    /// ascending order, and cannot deadlock with another that makes the same account.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotIssuable`] for an account that would issue what the server must not, else
    /// [`LedgerError::Database`].
    pub async fn ensure_accounts(&self, keys: &[AccountKey]) -> Result<Vec<AccountId>, LedgerError> {
        let mut ids: Vec<Option<AccountId>> = keys.iter().map(|key| self.account_ids.get(key)).collect();
        if ids.iter().any(Option::is_none) {
            self.refuse_foreign_issuance(keys).await?;
            self.find_missing(keys, &mut ids).await?;
        }
        if ids.iter().any(Option::is_none) {
            let mut tx = self.db.begin().await?;
            for (key, id) in keys.iter().zip(&mut ids) {
                if id.is_none() {
                    *id = Some(repo::ensure_account(&mut tx, key, self.clock.now_ms()).await?);
                }
            }
            tx.commit().await?;
            // Remembered only now: the number of a row that is rolled back is given to another account.
            for (key, id) in keys.iter().zip(&ids) {
                if let Some(id) = id {
                    self.account_ids.insert(key.clone(), *id);
                }
            }
        }
        ids.into_iter().map(|id| id.ok_or(LedgerError::AccountMissing)).collect()
    }

    /// Looks up the ids that are not remembered, and remembers them.
    async fn find_missing(
        &self,
        keys: &[AccountKey],
        ids: &mut [Option<AccountId>],
    ) -> Result<(), LedgerError> {
        let unknown: Vec<(&AccountKey, &mut Option<AccountId>)> =
            keys.iter().zip(ids).filter(|(_, id)| id.is_none()).collect();
        let wanted: Vec<&AccountKey> = unknown.iter().map(|(key, _)| *key).collect();
        let found = repo::find_accounts(&mut self.db.reader().await?, &wanted).await?;
        for ((key, place), id) in unknown.into_iter().zip(found) {
            if let Some(id) = id {
                self.account_ids.insert(key.clone(), id);
                *place = Some(id);
            }
        }
        Ok(())
    }

    /// Nothing that can be withdrawn is ever made from nothing: such an asset has no account to issue it from.
    async fn refuse_foreign_issuance(&self, keys: &[AccountKey]) -> Result<(), LedgerError> {
        for key in keys.iter().filter(|key| key.purpose == Purpose::Issuance) {
            match self.find_asset(key.asset).await? {
                Some(asset) if asset.is_issuable => {}
                _ => return Err(LedgerError::NotIssuable),
            }
        }
        Ok(())
    }

    /// Locks accounts and opens them in memory, together with the postings that already have one of `keys`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::AccountMissing`] for an id that does not exist, else [`LedgerError::Database`].
    pub async fn open_in_tx(
        &self,
        tx: &mut Tx,
        accounts: &[AccountId],
        keys: &[String],
    ) -> Result<Book, LedgerError> {
        Book::open_in_tx(tx, accounts, keys, self.clock.now_ms(), Arc::clone(&self.entropy)).await
    }

    /// Opens accounts as a transaction before has left them, without reading or locking them; `None` when one is not among
    /// them. What is written is refused unless each account that it changes is still as it was.
    pub(crate) fn reopen(&self, balances: &Balances, accounts: &[AccountId]) -> Option<Book> {
        Book::reopen(balances, accounts, self.clock.now_ms(), Arc::clone(&self.entropy))
    }

    /// Posts a batch of movements in the caller's transaction; each gets its own answer.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`] for the whole batch; refusals are inside.
    pub async fn post_in_tx(
        &self,
        tx: &mut Tx,
        postings: Vec<NewPosting>,
    ) -> Result<Vec<Result<Posted, LedgerError>>, LedgerError> {
        let accounts: Vec<AccountId> =
            postings.iter().flat_map(|posting| posting.legs.iter().map(|leg| leg.account)).collect();
        let keys: Vec<String> = postings.iter().map(|posting| posting.unique_key.clone()).collect();
        let mut book = self.open_in_tx(tx, &accounts, &keys).await?;
        let answers = postings.into_iter().map(|posting| book.post(posting)).collect();
        book.write_in_tx(tx).await?;
        Ok(answers)
    }

    /// Locks accounts until the end of the caller's transaction, in ascending order.
    ///
    /// # Errors
    ///
    /// [`LedgerError::AccountMissing`] for an id that does not exist, else [`LedgerError::Database`].
    pub async fn lock_in_tx(&self, tx: &mut Tx, accounts: &[AccountId]) -> Result<(), LedgerError> {
        self.open_in_tx(tx, accounts, &[]).await.map(|_book| ())
    }

    /// Posts one movement in the caller's transaction.
    ///
    /// # Errors
    ///
    /// A refusal, when nothing was written, else [`LedgerError::Database`].
    pub async fn post_one_in_tx(&self, tx: &mut Tx, posting: NewPosting) -> Result<Posted, LedgerError> {
        let mut answers = self.post_in_tx(tx, vec![posting]).await?;
        answers.pop().unwrap_or(Err(LedgerError::EmptyLeg))
    }

    /// Sets money aside once in the caller's transaction; the accounts stay locked until its end.
    ///
    /// # Errors
    ///
    /// A refusal, when nothing was written, else [`LedgerError::Database`].
    pub async fn reserve_one_in_tx(&self, tx: &mut Tx, hold: NewHold) -> Result<HoldId, LedgerError> {
        let mut answers = self.reserve_in_tx(tx, vec![hold]).await?;
        answers.pop().unwrap_or(Err(LedgerError::EmptyLeg))
    }

    /// Sets money aside in the caller's transaction; each hold gets its own answer.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`] for the whole batch; refusals are inside.
    pub async fn reserve_in_tx(
        &self,
        tx: &mut Tx,
        holds: Vec<NewHold>,
    ) -> Result<Vec<Result<HoldId, LedgerError>>, LedgerError> {
        let accounts: Vec<AccountId> = holds.iter().map(|hold| hold.account).collect();
        let mut book = self.open_in_tx(tx, &accounts, &[]).await?;
        let keys: Vec<String> = holds.iter().map(|hold| hold.unique_key.clone()).collect();
        book.load_holds_by_key(tx, &keys).await?;
        let answers = holds.into_iter().map(|hold| book.reserve(hold)).collect();
        book.write_in_tx(tx).await?;
        Ok(answers)
    }

    /// Spends from a hold: what the posting debits from the hold's account comes out of what is set aside.
    ///
    /// What is left stays on hold; [`Ledger::release_in_tx`] gives it back.
    ///
    /// # Errors
    ///
    /// A refusal of the hold ([`LedgerError::HoldNotOpen`], [`LedgerError::HoldTooSmall`]) or of the posting.
    pub async fn settle_in_tx(
        &self,
        tx: &mut Tx,
        hold: HoldId,
        posting: NewPosting,
    ) -> Result<Posted, LedgerError> {
        let accounts: Vec<AccountId> = posting.legs.iter().map(|leg| leg.account).collect();
        let mut book = self.open_in_tx(tx, &accounts, std::slice::from_ref(&posting.unique_key)).await?;
        book.load_hold(tx, hold).await?;
        let posted = book.settle(hold, posting)?;
        book.write_in_tx(tx).await?;
        Ok(posted)
    }

    /// Ends a hold: what the postings debit from its account comes out of what is set aside, the rest is given back.
    ///
    /// A posting that does not debit that account is posted beside it.
    ///
    /// # Errors
    ///
    /// A refusal of the hold or of a posting; then nothing is written.
    pub async fn close_hold_in_tx(
        &self,
        tx: &mut Tx,
        hold: HoldId,
        postings: Vec<NewPosting>,
    ) -> Result<(), LedgerError> {
        let accounts: Vec<AccountId> =
            postings.iter().flat_map(|posting| posting.legs.iter().map(|leg| leg.account)).collect();
        let keys: Vec<String> = postings.iter().map(|posting| posting.unique_key.clone()).collect();
        let mut book = self.open_in_tx(tx, &accounts, &keys).await?;
        book.load_hold(tx, hold).await?;
        for posting in postings {
            book.settle_or_post(hold, posting)?;
        }
        book.release(hold)?;
        book.write_in_tx(tx).await
    }

    /// Gives back what a hold still sets aside; a hold that is closed already stays as it is.
    ///
    /// # Errors
    ///
    /// [`LedgerError::HoldMissing`], else [`LedgerError::Database`].
    pub async fn release_in_tx(&self, tx: &mut Tx, hold: HoldId) -> Result<(), LedgerError> {
        let account = repo::find_hold(tx, hold).await?.ok_or(LedgerError::HoldMissing)?.account;
        let mut book = self.open_in_tx(tx, &[account], &[]).await?;
        book.load_hold(tx, hold).await?;
        book.release(hold)?;
        book.write_in_tx(tx).await
    }

    /// Finds all that each of these users holds, with one statement.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn holdings_of_users(
        &self,
        users: &[uuid::Uuid],
    ) -> Result<HashMap<uuid::Uuid, Holdings>, LedgerError> {
        let assets = self.assets().await?;
        let mut rows = repo::list_accounts_of_users(&mut self.db.reader().await?, users).await?;
        users
            .iter()
            .map(|user| {
                let rows = rows.remove(user).unwrap_or_default();
                Ok((*user, holdings(&assets, &rows)?))
            })
            .collect()
    }

    /// Returns what a user holds of an asset, and when that last changed in milliseconds since the epoch, if ever.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn balance_of_user(
        &self,
        user: uuid::Uuid,
        asset: AssetId,
    ) -> Result<(Units, Units, Option<i64>), LedgerError> {
        let mut reader = self.db.reader().await?;
        let rows = repo::list_user_accounts(&mut reader, user).await?;
        let Some(row) = rows.iter().find(|row| row.asset == asset) else {
            return Ok((Units::ZERO, Units::ZERO, None));
        };
        let (available, held) = row.amounts()?;
        let changed_at_ms = repo::find_last_entry_time(&mut reader, row.id).await?;
        Ok((available, held, changed_at_ms))
    }

    /// Lists what a user holds of every listed token, in the order of the tokens' ids.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn balances_of_user(&self, user: uuid::Uuid) -> Result<Vec<Balance>, LedgerError> {
        let listed = self.assets().await?.into_iter().filter(|asset| asset.is_listed);
        let rows = repo::list_user_accounts(&mut self.db.reader().await?, user).await?;
        listed.map(|asset| balance(asset, rows.iter())).collect()
    }
}

/// What stands in the account of an asset; nothing where there is none.
fn balance<'a>(
    asset: Asset,
    mut rows: impl Iterator<Item = &'a repo::AccountRow>,
) -> Result<Balance, LedgerError> {
    let row = rows.find(|row| row.asset == asset.id);
    let (available, held) = row.map_or(Ok(Default::default()), repo::AccountRow::amounts)?;
    Ok(Balance { asset, available, held })
}

fn holdings(assets: &[Asset], rows: &[repo::AccountRow]) -> Result<Holdings, LedgerError> {
    let of = |asset: &Asset| balance(asset.clone(), rows.iter());
    let listed = assets.iter().filter(|asset| asset.is_listed);
    Ok(Holdings {
        // Each account counts its own changes, and none is ever deleted.
        revision: rows.iter().map(|row| row.version).sum(),
        tokens: listed.map(of).collect::<Result<_, _>>()?,
        btc: assets.iter().find(|asset| asset.symbol == "BTC").map(of).transpose()?,
    })
}
