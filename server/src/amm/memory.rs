//! What a pool's worker remembers of its last batch, so that the next one need not read it again.
//!
//! A worker of a hot pool would lock and read what it has itself written a moment before. What it remembers may be outdated
//! all the same, when another process swaps in the pool or a balance moves elsewhere, so it is never believed:
//!
//! - Whatever is written names the hash at which the pool's chain ended and the version of each balance, and nothing is
//!   written when one of them has changed since. The batch is then done again from the database.
//! - A refused swap writes nothing that could be compared, so a batch with a refusal is done again as well.
//! - Whether an idempotency key was used before is not looked up: its row, which is unique, would refuse the batch.
//! - Nothing was locked before, so it is written only where rows are sure to be changed in the order of everybody's locks.

use super::PoolRecord;
use crate::ledger::{AccountId, Balances, Book, Ledger};

/// The most accounts that are remembered.
const ACCOUNTS_MAX: usize = 10_000;
/// For how many batches the memory is not asked after it was wrong.
const DISTRUSTED_FOR: u32 = 16;

/// The memory of one worker for one pool.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pool: Option<PoolRecord>,
    balances: Balances,
    distrusted_for: u32,
}

impl Memory {
    /// Returns the pool, and a book of these accounts, as the last batches have left them; `None` when one is not
    /// remembered.
    pub(super) fn recall(&self, ledger: &Ledger, accounts: &[AccountId]) -> Option<(PoolRecord, Book)> {
        let pool = self.pool.as_ref().filter(|_| self.distrusted_for == 0)?;
        Some((pool.clone(), ledger.reopen(&self.balances, accounts)?))
    }

    /// Takes over what a committed batch has left.
    pub(super) fn keep(&mut self, pool: PoolRecord, balances: Balances) {
        if self.balances.len() > ACCOUNTS_MAX {
            self.balances = Balances::default();
        }
        self.pool = Some(pool);
        self.balances.update(balances);
        self.distrusted_for = self.distrusted_for.saturating_sub(1);
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self { distrusted_for: self.distrusted_for, ..Self::default() };
    }

    /// Forgets everything, and is not asked for a while: somebody else changes the same rows.
    pub(super) fn distrust(&mut self) {
        *self = Self { distrusted_for: DISTRUSTED_FOR, ..Self::default() };
    }
}
