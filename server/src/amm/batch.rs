//! A batch in memory: applied swap by swap, then written in a fixed number of statements.

use std::collections::HashMap;

use postfun_core::amm::{Burn, Event, Quote, Swap, Swapped, link};
use postfun_core::amount::Units;
use uuid::Uuid;

use super::pool::{event_number, event_time};
use super::{BurnRecord, PoolRecord, SwapCommand, SwapDone, SwapError, SwapReceipt, Trade, repo};
use crate::db::Tx;
use crate::db::writes::Writes;
use crate::http::idempotency::{self, Claim, Stored, StoredAnswer};
use crate::id::{Entropy, uuid_v7};
use crate::ledger::{
    AccountId, AccountKey, Actor, AssetId, Balances, Book, Ledger, LedgerError, Leg, NewPosting, PostingKind,
    Purpose,
};

/// The accounts that a batch touches; known before its transaction begins.
#[derive(Debug)]
pub(super) struct Accounts {
    ids: HashMap<AccountKey, AccountId>,
    pool_id: i64,
}

impl Accounts {
    /// Finds or makes the accounts of a pool and of everyone who swaps in it.
    pub(super) async fn ensure(
        ledger: &Ledger,
        pool: &PoolRecord,
        commands: &[SwapCommand],
    ) -> Result<Self, LedgerError> {
        let tokens = [pool.token_a.id, pool.token_b.id];
        let mut keys = pool_accounts(pool.id, tokens, pool.burn_token.as_ref().map(|token| token.id));
        for command in commands {
            keys.extend(tokens.map(|token| AccountKey::user(command.user_id, token)));
        }
        let ids = ledger.ensure_accounts(&keys).await?;
        Ok(Self { ids: keys.into_iter().zip(ids).collect(), pool_id: pool.id })
    }

    pub(super) fn ids(&self) -> Vec<AccountId> {
        self.ids.values().copied().collect()
    }

    fn get(&self, key: &AccountKey) -> Result<AccountId, LedgerError> {
        self.ids.get(key).copied().ok_or(LedgerError::AccountMissing)
    }

    fn user(&self, user: Uuid, asset: AssetId) -> Result<AccountId, LedgerError> {
        self.get(&AccountKey::user(user, asset))
    }

    fn pool(&self, purpose: Purpose, asset: AssetId) -> Result<AccountId, LedgerError> {
        self.get(&AccountKey::pool(self.pool_id, purpose, asset))
    }
}

/// Names every account of a pool.
pub(super) fn pool_accounts(pool: i64, tokens: [AssetId; 2], burn_token: Option<AssetId>) -> Vec<AccountKey> {
    let mut keys = Vec::with_capacity(6);
    for token in tokens {
        keys.push(AccountKey::pool(pool, Purpose::Reserve, token));
        keys.push(AccountKey::pool(pool, Purpose::Fees, token));
    }
    if let Some(token) = burn_token {
        keys.push(AccountKey::pool(pool, Purpose::BurnReserve, token));
        keys.push(AccountKey::pool(pool, Purpose::Burned, token));
    }
    keys
}

/// Swaps of one pool between its lock and its commit.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    record: PoolRecord,
    /// The end of the pool's chain before this batch.
    head_before: [u8; 32],
    accounts: &'a Accounts,
    stored: Stored,
    book: Book,
    /// What the clock says, for deadlines.
    clock_ms: i64,
    /// The time of this batch's events.
    event_ms: i64,
    answers: Vec<Pending>,
    trades: Vec<Trade>,
    events: Vec<Vec<u8>>,
    burns: Vec<BurnRecord>,
    to_store: Vec<(&'a Claim, StoredAnswer)>,
    /// The trades that this batch has carried out under a key.
    own_keys: Vec<(&'a Claim, Uuid)>,
}

/// An answer that is true only if the batch's commit takes place, unless it rests on nothing.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) answer: Result<SwapDone, SwapError>,
    pub(super) rests_on: RestsOn,
}

/// What a pending answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RestsOn {
    /// Only what was committed before: true in any case.
    Nothing,
    /// A state that an earlier swap of this batch made; nothing was carried out for this one.
    State,
    /// This trade of the batch.
    Trade(Uuid),
}

/// What a written batch leaves when it is committed.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) answers: Vec<Pending>,
    /// The pool and the balances, if anything moved.
    pub(super) state: Option<(PoolRecord, Balances)>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        record: PoolRecord,
        accounts: &'a Accounts,
        stored: Stored,
        book: Book,
        clock_ms: i64,
    ) -> Self {
        // A chain's times never go back, whatever the clocks of the processes say.
        let event_ms = clock_ms.max(record.last_event_at_ms);
        Self {
            head_before: record.head,
            record,
            accounts,
            stored,
            book,
            clock_ms,
            event_ms,
            answers: Vec::new(),
            trades: Vec::new(),
            events: Vec::new(),
            burns: Vec::new(),
            to_store: Vec::new(),
            own_keys: Vec::new(),
        }
    }

    /// Applies one swap; its answer, which may be a refusal, stands at its place.
    ///
    /// # Errors
    ///
    /// What must not happen after the money has moved in memory; the batch is then not to be written.
    pub(super) fn apply(&mut self, command: &'a SwapCommand, entropy: &dyn Entropy) -> Result<(), SwapError> {
        let is_moved = !self.trades.is_empty();
        let state = if is_moved { RestsOn::State } else { RestsOn::Nothing };
        let replay = command.claim.as_ref().and_then(|claim| Some((claim, self.stored.answer(claim)?)));
        let pending = match replay {
            Some((claim, answer)) => {
                let own = self.own_keys.iter().find(|(known, _)| *known == claim);
                let rests_on = own.map_or(RestsOn::Nothing, |(_, trade_id)| RestsOn::Trade(*trade_id));
                let answer =
                    answer.map(|answer| SwapDone { answer, is_replayed: true }).map_err(SwapError::from);
                // Refused because of another request of this batch under the same key.
                let rests_on = if answer.is_err() { state } else { rests_on };
                Pending { answer, rests_on }
            }
            None => match self.move_money(command, entropy) {
                Ok((swap, trade_id)) => {
                    let answer = Ok(self.record(command, swap, trade_id)?);
                    Pending { answer, rests_on: RestsOn::Trade(trade_id) }
                }
                Err(refusal) => Pending { answer: Err(refusal), rests_on: state },
            },
        };
        self.answers.push(pending);
        Ok(())
    }

    /// Everything that can refuse a swap; a refused one has changed nothing.
    fn move_money(
        &mut self,
        command: &SwapCommand,
        entropy: &dyn Entropy,
    ) -> Result<(Swap, Uuid), SwapError> {
        command.limits.check_before(&self.record, self.clock_ms.div_euclid(1_000))?;
        let quote = command.amount.quote(&self.record.pool, command.side)?;
        command.limits.check_quote(&self.record, &quote)?;
        let mut pool = self.record.pool.clone();
        let swap = pool.swap(&quote)?;
        let trade_id = uuid_v7(self.event_ms, entropy);
        let posting = self.posting(command, &quote, trade_id)?;
        self.book.post(posting)?;
        self.record.pool = pool;
        Ok((swap, trade_id))
    }

    /// Everything that follows from a swap.
    fn record(
        &mut self,
        command: &'a SwapCommand,
        swap: Swap,
        trade_id: Uuid,
    ) -> Result<SwapDone, SwapError> {
        let trade = self.record_swap(command, &swap, trade_id);
        self.record_burns(&swap, &trade)?;
        let receipt =
            SwapReceipt { trade, user_number: command.user_number, swap, pool: self.record.clone() };
        let answer = (command.render)(&receipt)?;
        self.trades.push(receipt.trade);
        if let Some(claim) = &command.claim {
            self.stored.remember(claim, &answer);
            self.own_keys.push((claim, trade_id));
            self.to_store.push((claim, answer.clone()));
        }
        Ok(SwapDone { answer, is_replayed: false })
    }

    fn posting(
        &self,
        command: &SwapCommand,
        quote: &Quote,
        trade_id: Uuid,
    ) -> Result<NewPosting, LedgerError> {
        let (token_in, token_out) = self.record.tokens(quote.side);
        let (token_in, token_out) = (token_in.id, token_out.id);
        let mut legs = vec![
            Leg::debit(self.accounts.user(command.user_id, token_in)?, quote.amount_in),
            Leg::credit(self.accounts.pool(Purpose::Reserve, token_in)?, quote.effective_in),
            Leg::debit(self.accounts.pool(Purpose::Reserve, token_out)?, quote.amount_out),
            Leg::credit(self.accounts.user(command.user_id, token_out)?, quote.amount_out),
        ];
        if !quote.fee.is_zero() {
            legs.push(Leg::credit(self.accounts.pool(Purpose::Fees, token_in)?, quote.fee));
        }
        Ok(NewPosting {
            unique_key: posting_key(trade_id),
            kind: PostingKind::Swap,
            reference_type: "trade",
            reference_id: trade_id.to_string(),
            actor: Actor::User(command.user_id),
            legs,
        })
    }

    /// Adds the swap's event to the chain.
    fn record_swap(&mut self, command: &SwapCommand, swap: &Swap, trade_id: Uuid) -> Trade {
        let (quote, record) = (&swap.quote, &mut self.record);
        record.seq += 1;
        let event = Event::Swapped(Swapped {
            seq: event_number(record.seq),
            time_ms: event_time(self.event_ms),
            side: quote.side,
            amount_in: quote.amount_in,
            fee: quote.fee,
            amount_out: quote.amount_out,
            stage_after: swap.stage_after,
        });
        let bytes = event.encode();
        record.head = link(&record.head, &bytes);
        record.last_event_at_ms = self.event_ms;
        self.events.push(bytes);
        let burned = if record.burn_token.is_some() { swap.burned() } else { Units::ZERO };
        Trade {
            id: trade_id,
            pool_id: record.id,
            seq: record.seq,
            user_id: command.user_id,
            side: quote.side,
            amount_in: quote.amount_in,
            amount_out: quote.amount_out,
            fee: quote.fee,
            stage_before: quote.stage.get(),
            stage_after: swap.stage_after.get(),
            burned,
            hash: record.head,
            created_at_ms: self.event_ms,
        }
    }

    fn record_burns(&mut self, swap: &Swap, trade: &Trade) -> Result<(), LedgerError> {
        let Some(token) = self.record.burn_token.as_ref().map(|token| token.id) else { return Ok(()) };
        for Burn { stage, amount } in swap.burns.iter().flatten() {
            self.book.post(NewPosting {
                unique_key: format!("amm:{}:burn:{}", trade.id, stage.get()),
                kind: PostingKind::Burn,
                reference_type: "trade",
                reference_id: trade.id.to_string(),
                actor: Actor::System,
                legs: vec![
                    Leg::debit(self.accounts.pool(Purpose::BurnReserve, token)?, *amount),
                    Leg::credit(self.accounts.pool(Purpose::Burned, token)?, *amount),
                ],
            })?;
            self.burns.push(BurnRecord {
                pool_id: trade.pool_id,
                seq: trade.seq,
                stage: stage.get(),
                asset: token,
                amount: *amount,
                created_at_ms: trade.created_at_ms,
            });
        }
        Ok(())
    }

    /// Whether every swap was carried out here.
    pub(super) fn is_all_done(&self) -> bool {
        self.answers.iter().all(|pending| matches!(pending.rests_on, RestsOn::Trade(_)))
    }

    /// Writes everything that was applied.
    pub(super) async fn write_in_tx(self, tx: &mut Tx, now_ms: i64) -> Result<Written, SwapError> {
        if self.trades.is_empty() {
            return Ok(Written { answers: self.answers, state: None });
        }
        let mut writes = Writes::default();
        // In the order in which they are locked when they are read: the pool, then the accounts.
        repo::update_pool(&mut writes, &self.record, self.head_before);
        let balances = self.book.write_with(&mut writes)?;
        repo::insert_trades(&mut writes, &self.trades);
        repo::insert_events(&mut writes, &self.trades, &self.events);
        repo::insert_burns(&mut writes, &self.burns);
        let to_store: Vec<_> = self.to_store.iter().map(|(claim, answer)| (*claim, answer)).collect();
        idempotency::insert(&mut writes, &to_store, now_ms);
        writes.execute_in_tx(tx).await?;
        Ok(Written { answers: self.answers, state: Some((self.record, balances)) })
    }
}

/// The unique key of a swap's posting; also how it is found out whether a swap took place.
pub(super) fn posting_key(trade_id: Uuid) -> String {
    format!("amm:{trade_id}:swap")
}
