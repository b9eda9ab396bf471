//! Handing a withdrawal to the provider, and recording what became of it.
//!
//! Each arrow of the state machine in `withdrawal` is one transaction here, and the process may die before and after any
//! of them: the row then says where to go on.
//!
//! Locks are taken in one order everywhere: invoices, accounts, withdrawals, events. A reservation holds its account while
//! its payment hash waits for whoever is changing another withdrawal of that hash.

use super::booking::{Accounts, Difference, moved};
use super::decide::Word;
use super::repo::withdrawal as repo;
use super::{
    Lightning, LightningError, PayOutcome, PaymentState, Settlement, Step, Withdrawal, WithdrawalStatus, late,
};
use crate::fault;
use crate::ledger::{Actor, LedgerError, Leg, NewPosting, PostingKind};

/// What a posting about a withdrawal refers to.
const REFERENCE: &str = "lightning_withdrawal";

/// The first time between two looks at a withdrawal that is on its way, and the longest.
const CHECK_MIN_MS: i64 = 1_000;
const CHECK_MAX_MS: i64 = 60_000;

impl Lightning {
    /// Hands a withdrawal to the provider, unless somebody else does, and records the answer.
    pub(super) async fn send(&self, withdrawal: &Withdrawal) -> Result<(), LightningError> {
        let backend = self.provider().await?;
        // Waiting for a turn comes before the claim, so that a claimed order is on the line at once.
        let turn = self.turn().await;
        if !self.claim(withdrawal).await? {
            return Ok(());
        }
        let is_repeated = withdrawal.attempts > 0;
        let withdrawal = &Withdrawal { attempts: withdrawal.attempts + 1, ..withdrawal.clone() };
        fault::point("withdraw:claimed");
        let outcome = backend.pay(&withdrawal.payment_request, withdrawal.payment_hash).await;
        drop(turn);
        fault::point("withdraw:answered");
        match outcome {
            PayOutcome::Settled(settlement) => self.confirm(withdrawal, settlement, None).await,
            // Handed over before: what is refused may be the repetition, not the payment.
            PayOutcome::Failed { reason } if is_repeated => {
                match backend.check_payment(withdrawal.payment_hash).await {
                    PaymentState::Settled(settlement) => self.confirm(withdrawal, settlement, None).await,
                    PaymentState::Failed { .. } => self.fail(withdrawal, &reason).await,
                    // An earlier order may still be held up somewhere, until nobody can pay the invoice any more.
                    PaymentState::Missing if self.is_unpayable(withdrawal) => {
                        self.fail(withdrawal, &reason).await
                    }
                    PaymentState::Missing | PaymentState::Pending | PaymentState::Unknown { .. } => {
                        self.note_unknown(withdrawal, &reason).await
                    }
                }
            }
            PayOutcome::Failed { reason } => self.fail(withdrawal, &reason).await,
            PayOutcome::Unknown { reason } => self.note_unknown(withdrawal, &reason).await,
        }
    }

    /// Whether the invoice ended so long ago that no order for it can be carried out any more.
    fn is_unpayable(&self, withdrawal: &Withdrawal) -> bool {
        self.clock.now_ms() > withdrawal.unpayable_from_ms()
    }

    /// Takes the right to hand a withdrawal over; nobody else does before the patience of this order is over.
    async fn claim(&self, withdrawal: &Withdrawal) -> Result<bool, LightningError> {
        let now_ms = self.clock.now_ms();
        let until_ms = now_ms.saturating_add(self.terms.patience_ms());
        let check_at_ms = now_ms.saturating_add(CHECK_MIN_MS);
        let mut tx = self.db.begin().await?;
        let is_claimed =
            repo::claim(&mut tx, withdrawal.id, withdrawal.attempts, until_ms, check_at_ms).await?;
        fault::point("withdraw:claiming");
        tx.commit().await?;
        Ok(is_claimed)
    }

    /// Asks the provider about a withdrawal that is not decided, and takes it on from where it stands.
    pub(super) async fn look_at(&self, withdrawal: &Withdrawal) -> Result<(), LightningError> {
        let now_ms = self.clock.now_ms();
        if withdrawal.step == Step::Reserved {
            // Its request may be about to send it.
            let is_due = withdrawal.check_at_ms.is_some_and(|at| at <= now_ms);
            return match is_due {
                true if now_ms > withdrawal.invoice_expires_at_ms => self.give_up_unsent(withdrawal).await,
                true => self.send(withdrawal).await,
                false => Ok(()),
            };
        }
        // While an order may be on the line, its sender alone calls it failed or hands it over again: what the provider
        // knows of this hash may be an older attempt.
        let is_over = withdrawal.on_line_until_ms.is_none_or(|until| until <= now_ms);
        let backend = self.provider().await?;
        let turn = self.turn().await;
        let state = backend.check_payment(withdrawal.payment_hash).await;
        drop(turn);
        match state {
            PaymentState::Settled(settlement) => self.confirm(withdrawal, settlement, None).await,
            PaymentState::Failed { reason } if is_over => self.fail(withdrawal, &reason).await,
            // Never seen: it is handed over again, and the provider refuses it if it did arrive meanwhile.
            PaymentState::Missing if is_over => self.send(withdrawal).await,
            PaymentState::Unknown { reason } if is_over => self.note_unknown(withdrawal, &reason).await,
            PaymentState::Pending
            | PaymentState::Missing
            | PaymentState::Failed { .. }
            | PaymentState::Unknown { .. } => Ok(()),
        }
    }

    /// Records a payment that went out: amount and fee leave the hold, the rest comes back. The provider says so, or an
    /// operator's word does.
    pub(super) async fn confirm(
        &self,
        withdrawal: &Withdrawal,
        settlement: Settlement,
        word: Option<Word<'_>>,
    ) -> Result<(), LightningError> {
        let hold = withdrawal.hold_id.ok_or(LedgerError::HoldMissing)?;
        let accounts = self.accounts(withdrawal.user_id).await?;
        let postings = postings(withdrawal, settlement, &accounts)?;
        let key = format!("lightning:{}:amount", withdrawal.id);
        let now_ms = self.clock.now_ms();
        let mut tx = self.db.begin().await?;
        self.ledger.lock_in_tx(&mut tx, &accounts.all()).await?;
        // A provider knows; a person's word is about the order that was seen.
        let attempts = word.map(|_| withdrawal.attempts);
        if !repo::confirm(&mut tx, withdrawal.id, settlement, now_ms, attempts).await? {
            let row = repo::find(&mut tx, withdrawal.id).await?;
            tx.rollback().await?;
            return match row {
                Some(row) if row.status == WithdrawalStatus::Failed && word.is_none() => {
                    self.note_paid_late(&row, settlement).await
                }
                Some(_) | None => Ok(()),
            };
        }
        self.ledger.close_hold_in_tx(&mut tx, hold, postings).await?;
        if let Some(word) = word {
            self.record_word_in_tx(&mut tx, withdrawal, word).await?;
        }
        let confirmed = Withdrawal {
            status: WithdrawalStatus::Confirmed,
            step: Step::Done,
            fee_msat: Some(settlement.fee_msat),
            processed_at_ms: Some(now_ms),
            ..withdrawal.clone()
        };
        let event = confirmed.event();
        self.events.append_in_tx(&mut tx, withdrawal.user_id, "withdrawal.confirmed", event).await?;
        fault::point("withdraw:confirming");
        self.ledger.commit_posted(tx, &key, &accounts.all()).await?;
        fault::point("withdraw:confirmed");
        self.events.announce([withdrawal.user_id]);
        tell_confirmed(withdrawal, settlement);
        Ok(())
    }

    /// Records a definite no: everything that was set aside comes back.
    async fn fail(&self, withdrawal: &Withdrawal, reason: &str) -> Result<(), LightningError> {
        tracing::warn!(withdrawal.id = %withdrawal.id, reason, "the provider did not pay a withdrawal");
        self.record_failure(withdrawal, "payment_failed", None).await
    }

    /// Ends a withdrawal of which nothing was ever sent.
    async fn give_up_unsent(&self, withdrawal: &Withdrawal) -> Result<(), LightningError> {
        self.record_failure(withdrawal, "invoice_expired", None).await
    }

    /// Gives everything back that was set aside.
    pub(super) async fn record_failure(
        &self,
        withdrawal: &Withdrawal,
        failure: &'static str,
        word: Option<Word<'_>>,
    ) -> Result<(), LightningError> {
        let hold = withdrawal.hold_id.ok_or(LedgerError::HoldMissing)?;
        let account = self.account(withdrawal.user_id).await?;
        let now_ms = self.clock.now_ms();
        let mut tx = self.db.begin().await?;
        self.ledger.lock_in_tx(&mut tx, &[account]).await?;
        // Unless it was handed over once more meanwhile: then this is about an older order, and the newer one may be paid.
        let late_check_at_ms = late::first_look_ms(withdrawal, now_ms);
        if !repo::fail(&mut tx, withdrawal, failure, now_ms, late_check_at_ms).await? {
            return Ok(());
        }
        self.ledger.release_in_tx(&mut tx, hold).await?;
        if let Some(word) = word {
            self.record_word_in_tx(&mut tx, withdrawal, word).await?;
        }
        let failed = Withdrawal {
            status: WithdrawalStatus::Failed,
            step: Step::Done,
            failure: Some(failure.to_owned()),
            processed_at_ms: Some(now_ms),
            ..withdrawal.clone()
        };
        self.events.append_in_tx(&mut tx, withdrawal.user_id, "withdrawal.failed", failed.event()).await?;
        fault::point("withdraw:failing");
        // When this commit goes wrong the row is pending still, or it is not; the next look says which.
        tx.commit().await?;
        fault::point("withdraw:failed");
        self.events.announce([withdrawal.user_id]);
        metrics::counter!("postfun_lightning_withdrawals_total", "status" => "failed", "cause" => failure)
            .increment(1);
        Ok(())
    }

    /// Notes that nobody knows: the hold stays.
    async fn note_unknown(&self, withdrawal: &Withdrawal, reason: &str) -> Result<(), LightningError> {
        let mut tx = self.db.begin().await?;
        if repo::set_unknown(&mut tx, withdrawal.id).await? {
            tracing::warn!(
                withdrawal.id = %withdrawal.id,
                reason,
                "the provider does not say what became of a withdrawal; the money stays set aside"
            );
            let unknown = Withdrawal { step: Step::Unknown, ..withdrawal.clone() };
            let event = unknown.event();
            self.events.append_in_tx(&mut tx, withdrawal.user_id, "withdrawal.unknown", event).await?;
            metrics::counter!("postfun_lightning_unknown_total").increment(1);
        }
        fault::point("withdraw:noting");
        tx.commit().await?;
        fault::point("withdraw:noted");
        self.events.announce([withdrawal.user_id]);
        Ok(())
    }

    /// Sets the next look at a withdrawal: soon at first, then less and less often.
    pub(super) async fn postpone(&self, withdrawal: &Withdrawal) -> Result<(), LightningError> {
        let doubled = 1_i64 << withdrawal.checks.clamp(0, 6);
        let wait_ms = (CHECK_MIN_MS * doubled).min(CHECK_MAX_MS);
        let mut tx = self.db.begin().await?;
        let now_ms = self.clock.now_ms();
        repo::check_later(&mut tx, withdrawal.id, now_ms, now_ms.saturating_add(wait_ms)).await?;
        Ok(tx.commit().await?)
    }
}

/// Tells the operator of a confirmed withdrawal, with an alarm where it cost more or moved another sum than it should.
fn tell_confirmed(withdrawal: &Withdrawal, settlement: Settlement) {
    let Settlement { amount_msat, fee_msat } = settlement;
    metrics::counter!("postfun_lightning_withdrawals_total", "status" => "confirmed").increment(1);
    tracing::info!(withdrawal.id = %withdrawal.id, fee_msat, "a withdrawal was confirmed");
    if fee_msat > withdrawal.fee_cap_msat {
        metrics::counter!("postfun_lightning_fee_losses_total").increment(1);
        tracing::error!(
            withdrawal.id = %withdrawal.id,
            fee_msat,
            fee_cap_msat = withdrawal.fee_cap_msat,
            "the fee was above its cap; the operator bears the rest"
        );
    }
    if let Some(difference) = Difference::of_payment(withdrawal.amount_msat, amount_msat) {
        difference.alarm(REFERENCE, withdrawal.id);
    }
}

/// The movements of a payment that went out. The user pays what was ordered and a fee up to the cap; whatever else the
/// provider took is the operator's loss.
fn postings(
    withdrawal: &Withdrawal,
    settlement: Settlement,
    accounts: &Accounts,
) -> Result<Vec<NewPosting>, LightningError> {
    let Settlement { amount_msat, fee_msat } = settlement;
    let Accounts { user, clearing, loss, .. } = *accounts;
    let posting = |step: &str, kind, legs| NewPosting {
        unique_key: format!("lightning:{}:{step}", withdrawal.id),
        kind,
        reference_type: REFERENCE,
        reference_id: withdrawal.id.to_string(),
        actor: Actor::User(withdrawal.user_id),
        legs,
    };
    let paid = posting("amount", PostingKind::Withdrawal, moved(user, clearing, withdrawal.amount_msat)?);
    let difference = Difference::of_payment(withdrawal.amount_msat, amount_msat);
    let beside = difference.map(|difference| difference.posting(&paid, accounts)).transpose()?;
    let mut list: Vec<NewPosting> = std::iter::once(paid).chain(beside).collect();
    let user_msat = fee_msat.min(withdrawal.fee_cap_msat);
    let mut legs = Vec::new();
    for (account, msat) in [(user, user_msat), (loss, fee_msat.saturating_sub(user_msat))] {
        if msat > 0 {
            legs.push(Leg::debit(account, super::units(msat)?));
        }
    }
    if fee_msat > 0 {
        legs.push(Leg::credit(clearing, super::units(fee_msat)?));
        list.push(posting("fee", PostingKind::WithdrawalFee, legs));
    }
    Ok(list)
}
