//! Locked accounts in memory: movements are applied here, then written together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::hold::{Hold, HoldStatus};
use super::{AccountId, HoldId, LedgerError, NewHold, NewPosting, repo};
use crate::db::Tx;
use crate::db::writes::Writes;
use crate::id::{Entropy, uuid_v7};

/// What became of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It was posted now.
    New,
    /// The same movement had been posted before; nothing changed.
    Already,
}

/// Balances as transactions of this process have left them. Others may have changed them since.
#[derive(Debug, Default)]
pub(crate) struct Balances(HashMap<AccountId, repo::AccountRow>);

impl Balances {
    /// Returns the number of accounts.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes newer balances over.
    pub(crate) fn update(&mut self, newer: Self) {
        self.0.extend(newer.0);
    }
}

/// Accounts that this transaction has locked, or that it knows from one before, and what is to be written about them.
#[derive(Debug)]
pub struct Book {
    now_ms: i64,
    entropy: Arc<dyn Entropy>,
    accounts: BTreeMap<AccountId, repo::AccountRow>,
    changed: BTreeSet<AccountId>,
    /// Hash of the legs by unique key: what was there, and what was posted here.
    keys: HashMap<String, String>,
    postings: Vec<repo::NewPostingRow>,
    holds: BTreeMap<HoldId, Hold>,
    changed_holds: BTreeSet<HoldId>,
    new_holds: BTreeSet<HoldId>,
}

impl Book {
    pub(super) async fn open_in_tx(
        tx: &mut Tx,
        accounts: &[AccountId],
        keys: &[String],
        now_ms: i64,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, LedgerError> {
        let ids: Vec<AccountId> = accounts.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let rows = repo::lock_accounts(tx, &ids).await?;
        if rows.len() != ids.len() {
            return Err(LedgerError::AccountMissing);
        }
        let keys = repo::find_posting_hashes(tx, keys).await?;
        let accounts = rows.into_iter().map(|row| (row.id, row)).collect();
        Ok(Self::of(accounts, keys, now_ms, entropy))
    }

    pub(super) fn reopen(
        balances: &Balances,
        accounts: &[AccountId],
        now_ms: i64,
        entropy: Arc<dyn Entropy>,
    ) -> Option<Self> {
        let known = |id: &AccountId| Some((*id, balances.0.get(id)?.clone()));
        let accounts = accounts.iter().map(known).collect::<Option<_>>()?;
        Some(Self::of(accounts, HashMap::new(), now_ms, entropy))
    }

    fn of(
        accounts: BTreeMap<AccountId, repo::AccountRow>,
        keys: HashMap<String, String>,
        now_ms: i64,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            now_ms,
            entropy,
            accounts,
            changed: BTreeSet::new(),
            keys,
            postings: Vec::new(),
            holds: BTreeMap::new(),
            changed_holds: BTreeSet::new(),
            new_holds: BTreeSet::new(),
        }
    }

    /// Returns what an account has available, in base units; `None` when it was not opened.
    #[must_use]
    pub fn available(&self, account: AccountId) -> Option<i64> {
        self.accounts.get(&account).map(|row| row.available)
    }

    /// Posts a movement.
    ///
    /// # Errors
    ///
    /// A refusal; the book is then unchanged.
    pub fn post(&mut self, posting: NewPosting) -> Result<Posted, LedgerError> {
        self.apply(posting, None)
    }

    /// Posts a movement whose debits of the hold's account come out of what the hold sets aside.
    ///
    /// # Errors
    ///
    /// A refusal; the book is then unchanged.
    pub fn settle(&mut self, hold: HoldId, posting: NewPosting) -> Result<Posted, LedgerError> {
        self.apply(posting, Some(hold))
    }

    /// Settles a posting that debits the hold's account, and posts any other.
    pub(super) fn settle_or_post(
        &mut self,
        hold: HoldId,
        posting: NewPosting,
    ) -> Result<Posted, LedgerError> {
        let account = self.holds.get(&hold).ok_or(LedgerError::HoldMissing)?.account;
        let is_debited = posting.legs.iter().any(|leg| leg.account == account && leg.amount < 0);
        self.apply(posting, is_debited.then_some(hold))
    }

    fn apply(&mut self, posting: NewPosting, hold: Option<HoldId>) -> Result<Posted, LedgerError> {
        posting.check(|account| self.accounts.get(&account).map(|row| row.asset))?;
        let legs_hash = posting.legs_hash();
        match self.keys.get(&posting.unique_key) {
            Some(known) if *known == legs_hash => return Ok(Posted::Already),
            Some(_) => return Err(LedgerError::KeyReused { key: posting.unique_key }),
            None => {}
        }
        if let Some(id) = hold {
            let account = self.open_hold(id)?.account;
            if !posting.legs.iter().any(|leg| leg.account == account && leg.amount < 0) {
                return Err(LedgerError::HoldUnused);
            }
        }
        let mut rows = BTreeMap::<AccountId, repo::AccountRow>::new();
        let mut held = match hold {
            Some(id) => Some(self.open_hold(id)?.clone()),
            None => None,
        };
        for leg in &posting.legs {
            let current = rows.get(&leg.account).or_else(|| self.accounts.get(&leg.account));
            let mut row = current.ok_or(LedgerError::AccountMissing)?.clone();
            match &mut held {
                Some(hold) if hold.account == leg.account && leg.amount < 0 => {
                    spend_held(&mut row, hold, leg.amount)?;
                }
                _ => {
                    row.available =
                        row.available.checked_add(leg.amount).ok_or(LedgerError::BalanceTooLarge)?;
                }
            }
            rows.insert(leg.account, row);
        }
        // Debits may stand before the credits that cover them; only the end counts.
        if rows.values().any(|row| row.available < 0 && !row.may_be_negative) {
            return Err(LedgerError::InsufficientBalance);
        }
        self.changed.extend(rows.keys());
        self.accounts.extend(rows);
        if let Some(hold) = held {
            self.changed_holds.insert(hold.id);
            self.holds.insert(hold.id, hold);
        }
        self.keys.insert(posting.unique_key.clone(), legs_hash.clone());
        let id = uuid_v7(self.now_ms, self.entropy.as_ref());
        self.postings.push(repo::NewPostingRow { id, legs_hash, posting });
        Ok(Posted::New)
    }

    /// Sets money aside.
    ///
    /// # Errors
    ///
    /// A refusal; the book is then unchanged.
    pub fn reserve(&mut self, new: NewHold) -> Result<HoldId, LedgerError> {
        let amount = i64::try_from(new.amount.get()).map_err(|_above| LedgerError::BalanceTooLarge)?;
        if amount == 0 {
            return Err(LedgerError::EmptyLeg);
        }
        if let Some(known) = self.holds.values().find(|hold| hold.unique_key == new.unique_key) {
            let is_same = known.account == new.account && known.amount == amount;
            return if is_same { Ok(known.id) } else { Err(LedgerError::KeyReused { key: new.unique_key }) };
        }
        let row = self.accounts.get_mut(&new.account).ok_or(LedgerError::AccountMissing)?;
        let available = row.available.checked_sub(amount).ok_or(LedgerError::InsufficientBalance)?;
        if available < 0 {
            return Err(LedgerError::InsufficientBalance);
        }
        row.held = row.held.checked_add(amount).ok_or(LedgerError::BalanceTooLarge)?;
        row.available = available;
        self.changed.insert(new.account);
        let id = HoldId(uuid_v7(self.now_ms, self.entropy.as_ref()));
        let hold = Hold {
            id,
            unique_key: new.unique_key,
            account: new.account,
            amount,
            remaining: amount,
            status: HoldStatus::Open,
            expires_at_ms: new.expires_at_ms,
            created_at_ms: self.now_ms,
        };
        self.new_holds.insert(id);
        self.holds.insert(id, hold);
        Ok(id)
    }

    /// Gives back what a hold still sets aside; a closed hold stays as it is.
    ///
    /// # Errors
    ///
    /// [`LedgerError::HoldMissing`] or [`LedgerError::AccountMissing`] for what was not opened.
    pub fn release(&mut self, id: HoldId) -> Result<(), LedgerError> {
        let hold = self.holds.get_mut(&id).ok_or(LedgerError::HoldMissing)?;
        if hold.status != HoldStatus::Open {
            return Ok(());
        }
        let row = self.accounts.get_mut(&hold.account).ok_or(LedgerError::AccountMissing)?;
        let available = row.available.checked_add(hold.remaining).ok_or(LedgerError::BalanceTooLarge)?;
        row.held = row.held.checked_sub(hold.remaining).ok_or(LedgerError::HoldTooSmall)?;
        row.available = available;
        self.changed.insert(hold.account);
        (hold.remaining, hold.status) = (0, HoldStatus::Released);
        self.changed_holds.insert(id);
        Ok(())
    }

    pub(super) async fn load_hold(&mut self, tx: &mut Tx, id: HoldId) -> Result<(), LedgerError> {
        let hold = repo::find_hold(tx, id).await?.ok_or(LedgerError::HoldMissing)?;
        self.holds.insert(id, hold);
        Ok(())
    }

    pub(super) async fn load_holds_by_key(
        &mut self,
        tx: &mut Tx,
        keys: &[String],
    ) -> Result<(), LedgerError> {
        for key in keys {
            if let Some(hold) = repo::find_hold_by_key(tx, key).await? {
                self.holds.insert(hold.id, hold);
            }
        }
        Ok(())
    }

    fn open_hold(&self, id: HoldId) -> Result<&Hold, LedgerError> {
        let hold = self.holds.get(&id).ok_or(LedgerError::HoldMissing)?;
        if hold.status == HoldStatus::Open { Ok(hold) } else { Err(LedgerError::HoldNotOpen) }
    }

    /// Writes everything that was applied.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`]; the caller's transaction must then be rolled back.
    pub async fn write_in_tx(self, tx: &mut Tx) -> Result<(), LedgerError> {
        let mut writes = Writes::default();
        let _after = self.write_with(&mut writes)?;
        Ok(writes.execute_in_tx(tx).await?)
    }

    /// Adds everything that was applied to what the caller writes in the transaction in which the book was opened. Returns
    /// the balances as they are when that is committed.
    ///
    /// # Errors
    ///
    /// [`LedgerError::AccountMissing`] for a leg whose account is not in the book, which cannot have been posted.
    pub(crate) fn write_with(mut self, writes: &mut Writes) -> Result<Balances, LedgerError> {
        repo::insert_postings(writes, &self.postings, self.now_ms, |account| {
            self.accounts.get(&account).map(|row| row.asset)
        })?;
        let accounts: Vec<_> = self.changed.iter().filter_map(|id| self.accounts.get(id)).collect();
        repo::update_balances(writes, &accounts);
        let new: Vec<_> = self.new_holds.iter().filter_map(|id| self.holds.get(id)).collect();
        repo::insert_holds(writes, &new);
        let known = self.changed_holds.difference(&self.new_holds);
        let known: Vec<_> = known.filter_map(|id| self.holds.get(id)).collect();
        repo::update_holds(writes, &known, self.now_ms);
        for id in &self.changed {
            if let Some(row) = self.accounts.get_mut(id) {
                row.version += 1;
            }
        }
        Ok(Balances(self.accounts.into_iter().collect()))
    }
}

/// Takes a debit out of what a hold sets aside.
fn spend_held(row: &mut repo::AccountRow, hold: &mut Hold, amount: i64) -> Result<(), LedgerError> {
    let remaining = hold.remaining.checked_add(amount).ok_or(LedgerError::HoldTooSmall)?;
    if remaining < 0 {
        return Err(LedgerError::HoldTooSmall);
    }
    row.held = row.held.checked_add(amount).ok_or(LedgerError::HoldTooSmall)?;
    hold.remaining = remaining;
    if remaining == 0 {
        hold.status = HoldStatus::Settled;
    }
    Ok(())
}
