//! What a swap is asked to be, and a batch of them in one transaction.

use std::sync::Arc;
use std::time::Duration;

use postfun_core::amm::{Pool, Quote, Side, Swap};
use postfun_core::amount::Units;
use uuid::Uuid;

use super::batch::{Accounts, Batch, Written};
use super::memory::Memory;
use super::repo::PoolRow;
use super::{PoolRecord, Pools, SwapError, Trade, outcome, repo};
use crate::db::{Lane, Tx};
use crate::http::idempotency::{self, Claim, Stored, StoredAnswer};

/// A swap that a user asks for.
#[derive(Debug, Clone)]
pub struct SwapCommand {
    /// Who swaps.
    pub user_id: Uuid,
    /// The number that the answer calls them.
    pub user_number: i64,
    /// Which token goes in.
    pub side: Side,
    /// How much.
    pub amount: SwapAmount,
    /// Under which conditions.
    pub limits: SwapLimits,
    /// The caller's idempotency key, when there is one.
    pub claim: Option<Claim>,
    /// Writes the answer, which is stored with the effect.
    pub render: fn(&SwapReceipt) -> Result<StoredAnswer, serde_json::Error>,
}

/// Which of the two amounts is fixed, in base units of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwapAmount {
    /// What goes in, fee included.
    ExactIn(Units),
    /// What comes out at least.
    ExactOut(Units),
}

/// Conditions under which a user wants a swap; all must hold when it is carried out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SwapLimits {
    /// The least output, in base units.
    pub amount_out_min: Option<Units>,
    /// The most input, in base units.
    pub amount_in_max: Option<Units>,
    /// The highest price impact, in parts per million.
    pub price_impact_ppm_max: Option<u32>,
    /// The number of the pool's last event.
    pub expected_seq: Option<i64>,
    /// The last second, since the epoch.
    pub deadline_s: Option<i64>,
}

/// A swap that was carried out, with the pool as it left it.
#[derive(Debug, Clone)]
pub struct SwapReceipt {
    /// The trade.
    pub trade: Trade,
    /// The number of the user who swapped.
    pub user_number: i64,
    /// What the core computed.
    pub swap: Swap,
    /// The pool after the swap.
    pub pool: PoolRecord,
}

/// The answer to a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwapDone {
    /// What the caller gets.
    pub answer: StoredAnswer,
    /// Whether the swap had been carried out by an earlier call with the same key.
    pub is_replayed: bool,
}

impl SwapLimits {
    /// Checks what does not depend on the quote.
    pub(super) fn check_before(&self, record: &PoolRecord, now_s: i64) -> Result<(), SwapError> {
        if self.deadline_s.is_some_and(|deadline_s| now_s > deadline_s) {
            return Err(SwapError::DeadlineOver);
        }
        if self.expected_seq.is_some_and(|expected| expected != record.seq) {
            return Err(SwapError::StaleState { seq: record.seq });
        }
        Ok(())
    }

    /// Checks the quote.
    pub(super) fn check_quote(&self, record: &PoolRecord, quote: &Quote) -> Result<(), SwapError> {
        let (token_in, token_out) = record.tokens(quote.side);
        if self.amount_out_min.is_some_and(|minimum| quote.amount_out < minimum) {
            let token = Box::new(token_out.clone());
            return Err(SwapError::BelowMinimum { amount_out: quote.amount_out, token });
        }
        if self.amount_in_max.is_some_and(|maximum| quote.amount_in > maximum) {
            let token = Box::new(token_in.clone());
            return Err(SwapError::AboveMaximum { amount_in: quote.amount_in, token });
        }
        match self.price_impact_ppm_max {
            Some(maximum) if quote.price_impact_ppm > maximum => {
                Err(SwapError::PriceImpact { price_impact_ppm: quote.price_impact_ppm })
            }
            _ => Ok(()),
        }
    }
}

impl SwapAmount {
    pub(super) fn quote(self, pool: &Pool, side: Side) -> Result<Quote, SwapError> {
        Ok(match self {
            Self::ExactIn(amount_in) => pool.quote_exact_in(side, amount_in)?,
            Self::ExactOut(amount_out) => pool.quote_exact_out(side, amount_out)?,
        })
    }
}

/// How long a batch may take to be prepared, and its commit to be answered.
const BATCH_PATIENCE: Duration = Duration::from_secs(15);

type Answers = Vec<Result<SwapDone, SwapError>>;

impl Pools {
    /// Carries out a swap.
    ///
    /// It waits with other swaps of the pool and is carried out with them; once it waits, it is carried out even when
    /// the caller goes away.
    ///
    /// # Errors
    ///
    /// [`SwapError`]; after [`SwapError::OutcomeUnknown`] the caller must look for the trade.
    pub async fn swap(&self, pool_id: i64, command: SwapCommand) -> Result<SwapDone, SwapError> {
        // A queue would be made for whatever number a caller thinks of.
        if self.find_recent(pool_id).await?.is_none() {
            return Err(SwapError::PoolNotFound);
        }
        let answer = self.queues.push(self, pool_id, command)?;
        // The worker answers always; it is gone only when the process is coming down.
        answer.await.map_err(|_gone| SwapError::OutcomeUnknown { trade_id: None })?
    }

    /// Carries out swaps of one pool in one transaction, in their order; each gets its own answer, and a refused one
    /// changes nothing for the others.
    ///
    /// When one member makes the whole batch fail before its commit, they are tried one by one, so that it cannot fail
    /// its neighbours. When the database fails, none was carried out, and all are told so at once.
    pub async fn execute_batch(&self, pool_id: i64, commands: &[SwapCommand]) -> Answers {
        self.execute_batch_on(&self.db.lane(), &mut Memory::default(), pool_id, commands).await
    }

    /// As [`Pools::execute_batch`], for a worker.
    pub(super) async fn execute_batch_on(
        &self,
        lane: &Lane,
        memory: &mut Memory,
        pool_id: i64,
        commands: &[SwapCommand],
    ) -> Answers {
        let error = match self.try_batch(lane, memory, pool_id, commands).await {
            Ok(answers) => return answers,
            Err(error) => error,
        };
        memory.forget();
        if let SwapError::PoolNotFound = error {
            return commands.iter().map(|_| Err(SwapError::PoolNotFound)).collect();
        }
        tracing::warn!(pool.id = pool_id, swaps = commands.len(), error = error.chain(), "a batch failed");
        if error.is_outage() {
            return commands.iter().map(|_| Err(error.not_executed())).collect();
        }
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            // Also when it is the only one: the row it collided with, of another pool, can be seen now.
            let single =
                self.try_batch(lane, &mut Memory::default(), pool_id, std::slice::from_ref(command)).await;
            answers.push(single.and_then(|mut list| list.pop().unwrap_or(Err(SwapError::NotExecuted))));
        }
        answers
    }

    async fn try_batch(
        &self,
        lane: &Lane,
        memory: &mut Memory,
        pool_id: i64,
        commands: &[SwapCommand],
    ) -> Result<Answers, SwapError> {
        let Some(known) = self.find_recent(pool_id).await? else { return Err(SwapError::PoolNotFound) };
        let accounts = Accounts::ensure(&self.ledger, &known, commands).await?;
        let prepare = async {
            let remembered = self.write_from_memory(lane, memory, commands, &accounts).await?;
            count_batch(if remembered.is_some() { "remembered" } else { "read" });
            match remembered {
                Some(prepared) => Ok(prepared),
                None => self.write_from_database(lane, pool_id, commands, &accounts).await,
            }
        };
        // What is dropped before its commit never happened.
        let prepared = tokio::time::timeout(BATCH_PATIENCE, prepare).await;
        let (tx, written) = prepared.map_err(|_elapsed| SwapError::NotExecuted)??;
        let mut cause = SwapError::NotExecuted;
        let took_place = match tokio::time::timeout(BATCH_PATIENCE, tx.commit()).await {
            Ok(Ok(())) => Some(true),
            Ok(Err(error)) => {
                tracing::error!(
                    pool.id = pool_id,
                    error = error.chain(),
                    "a commit went wrong; looking for its swaps"
                );
                cause = error.into();
                outcome::took_place(&self.db, pool_id, &written.answers).await
            }
            Err(_elapsed) => {
                tracing::error!(pool.id = pool_id, "a commit was not answered; looking for its swaps");
                outcome::took_place(&self.db, pool_id, &written.answers).await
            }
        };
        match (took_place, written.state) {
            (Some(true), Some((pool, balances))) => {
                self.remember(Arc::new(pool.clone()), self.clock.now_ms());
                memory.keep(pool, balances);
                self.events.announce(commands.iter().map(|command| command.user_id));
                self.announce(pool_id);
            }
            (Some(true), None) => {}
            (Some(false) | None, _) => memory.forget(),
        }
        Ok(outcome::settle(written.answers, took_place, &cause))
    }

    /// Applies swaps to what the worker remembers, and writes them in a new transaction; `None` when they are to be done
    /// from the database.
    async fn write_from_memory(
        &self,
        lane: &Lane,
        memory: &mut Memory,
        commands: &[SwapCommand],
        accounts: &Accounts,
    ) -> Result<Option<(Tx, Written)>, SwapError> {
        let Some((record, book)) = memory.recall(&self.ledger, &accounts.ids()) else { return Ok(None) };
        let batch =
            self.apply(commands, Batch::new(record, accounts, Stored::default(), book, self.clock.now_ms()))?;
        if !batch.is_all_done() {
            return Ok(None);
        }
        let Some(mut tx) = lane.begin_ordered().await? else { return Ok(None) };
        let error = match batch.write_in_tx(&mut tx, self.clock.now_ms()).await {
            Ok(written) => return Ok(Some((tx, written))),
            Err(error) => error,
        };
        if error.is_outage() {
            // It may be this connection alone that was lost; whatever was begun on it ends with it.
            drop(tx);
            memory.forget();
        } else {
            tx.rollback().await?;
            count_batch("outdated");
            memory.distrust();
        }
        tracing::debug!(error = error.chain(), "a batch is done again from the database");
        Ok(None)
    }

    /// Locks and reads what swaps need, applies them, and writes them, all in one transaction.
    async fn write_from_database(
        &self,
        lane: &Lane,
        pool_id: i64,
        commands: &[SwapCommand],
        accounts: &Accounts,
    ) -> Result<(Tx, Written), SwapError> {
        let assets = self.ledger.assets().await?;
        let (mut tx, row) = self.begin_locked(lane, pool_id).await?;
        let record = row.ok_or(SwapError::PoolNotFound)?.into_record(&assets)?;
        let claims: Vec<&Claim> = commands.iter().filter_map(|command| command.claim.as_ref()).collect();
        let stored = idempotency::find_in_tx(&mut tx, &claims).await?;
        let book = self.ledger.open_in_tx(&mut tx, &accounts.ids(), &[]).await?;
        let batch = self.apply(commands, Batch::new(record, accounts, stored, book, self.clock.now_ms()))?;
        let written = batch.write_in_tx(&mut tx, self.clock.now_ms()).await?;
        Ok((tx, written))
    }

    /// Begins a transaction that holds the pool's lock; once more when the worker's connection was lost since its last use.
    async fn begin_locked(&self, lane: &Lane, pool_id: i64) -> Result<(Tx, Option<PoolRow>), SwapError> {
        let mut tx = lane.begin().await?;
        match repo::lock_pool(&mut tx, pool_id).await {
            Err(error) if error.is_outage() => {
                drop(tx);
                let mut tx = lane.begin().await?;
                let row = repo::lock_pool(&mut tx, pool_id).await?;
                Ok((tx, row))
            }
            row => Ok((tx, row?)),
        }
    }

    /// Applies swaps one after the other.
    fn apply<'a>(&self, commands: &'a [SwapCommand], mut batch: Batch<'a>) -> Result<Batch<'a>, SwapError> {
        for command in commands {
            batch.apply(command, self.entropy.as_ref())?;
        }
        Ok(batch)
    }
}

/// Counts a batch by where its state comes from.
fn count_batch(state: &'static str) {
    metrics::counter!("postfun_swap_batches_total", "state" => state).increment(1);
}
