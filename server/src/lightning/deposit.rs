//! Deposits: making an invoice, and crediting it exactly once, whoever notices first that it was paid.

use postfun_core::bolt11;
use uuid::Uuid;

use super::booking::{Difference, moved};
use super::repo::invoice::{self as repo, Arrival};
use super::{
    BackendError, CreatedInvoice, Invoice, InvoiceState, InvoiceStatus, Lightning, LightningBackend,
    LightningError, NewInvoice, PaidBy,
};
use crate::fault;
use crate::http::idempotency::{self, Claim, StoredAnswer};
use crate::id::uuid_v7;
use crate::identity::User;
use crate::ledger::{Actor, NewPosting, PostingKind};

/// What a posting about an invoice refers to.
const REFERENCE: &str = "lightning_invoice";

/// Unpaid invoices that one user may have; each costs the provider a row and us a look now and then.
const PENDING_MAX: i64 = 100;
/// When a new invoice is looked at for the first time.
const FIRST_CHECK_MS: i64 = 2_000;
/// The longest time between two looks at an invoice.
const CHECK_MAX_MS: i64 = 30_000;
/// How long after its end an invoice is still looked at: a payment may settle in the last second.
pub(super) const GRACE_MS: i64 = 60_000;

/// When an expired invoice is looked at again, in milliseconds after its end.
const LATE_CHECKS_MS: [i64; 3] = [10 * 60_000, 60 * 60_000, 24 * 60 * 60_000];

/// A deposit, as a user asks for it.
#[derive(Debug)]
pub(crate) struct Deposit<'a> {
    pub(crate) user: &'a User,
    pub(crate) amount_sats: u64,
    pub(crate) memo: Option<String>,
    pub(crate) claim: Option<Claim>,
    pub(crate) render: fn(&Invoice, &User) -> Result<StoredAnswer, serde_json::Error>,
}

impl Lightning {
    /// Makes an invoice for a user. A repeated key gets the first answer; says whether it was one.
    pub(crate) async fn deposit(
        &self,
        deposit: &Deposit<'_>,
    ) -> Result<(StoredAnswer, bool), LightningError> {
        let backend = self.backend()?;
        if let Some(answer) = self.stored_answer(deposit.claim.as_ref()).await? {
            return Ok((answer, true));
        }
        let max_sats = self.terms.deposit_max_sats;
        if deposit.amount_sats > max_sats {
            return Err(LightningError::OverLimit { max_sats });
        }
        if repo::count_pending(&mut self.db.reader().await?, deposit.user.id).await? >= PENDING_MAX {
            return Err(LightningError::TooManyInvoices);
        }
        self.provider().await?;
        self.record_opening(backend).await?;
        let memo = deposit.memo.clone().filter(|memo| !memo.is_empty());
        let new = NewInvoice {
            amount_sats: deposit.amount_sats,
            memo: memo.clone().unwrap_or_else(|| self.terms.default_memo.clone()),
            expiry_s: self.terms.invoice_expiry_s,
        };
        let created = self.called(backend.create_invoice(&new)).await?;
        let now_ms = self.clock.now_ms();
        let expires_at_ms = check_created(backend, &new, &created, now_ms)?;
        // Until its row stands, nobody has seen the invoice, so nobody can pay it.
        fault::point("deposit:created");
        let invoice = Invoice {
            id: uuid_v7(now_ms, self.entropy.as_ref()),
            user_id: deposit.user.id,
            amount_msat: deposit.amount_sats.saturating_mul(1_000),
            memo,
            payment_request: created.bolt11,
            payment_hash: created.payment_hash,
            status: InvoiceStatus::Pending,
            paid_by: None,
            checks: 0,
            created_at_ms: now_ms,
            expires_at_ms,
            paid_at_ms: None,
        };
        match self.record_invoice(deposit, &invoice).await {
            // The same key was used at the same time; now its row can be seen.
            Err(error) if error.is_conflict() => {
                let answer = self.stored_answer(deposit.claim.as_ref()).await?;
                answer.map(|answer| (answer, true)).ok_or(error)
            }
            answer => answer.map(|answer| (answer, false)),
        }
    }

    async fn record_invoice(
        &self,
        deposit: &Deposit<'_>,
        invoice: &Invoice,
    ) -> Result<StoredAnswer, LightningError> {
        let answer = (deposit.render)(invoice, deposit.user)?;
        let mut tx = self.db.begin().await?;
        repo::insert(&mut tx, invoice, invoice.created_at_ms.saturating_add(FIRST_CHECK_MS)).await?;
        if let Some(claim) = &deposit.claim {
            idempotency::insert_in_tx(&mut tx, &[(claim, &answer)], invoice.created_at_ms).await?;
        }
        fault::point("deposit:recording");
        tx.commit().await?;
        fault::point("deposit:recorded");
        tracing::info!(invoice.id = %invoice.id, amount_sats = invoice.amount_sats(), "an invoice was made");
        Ok(answer)
    }

    /// Finds a user's invoice; one that is not decided is looked up at the provider first.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the database fails. A provider that does not answer leaves the invoice as it is.
    pub async fn invoice(&self, user: Uuid, id: Uuid) -> Result<Option<Invoice>, LightningError> {
        let found = repo::find(&mut self.db.reader().await?, id).await?;
        let Some(invoice) = found.filter(|invoice| invoice.user_id == user) else { return Ok(None) };
        if invoice.is_final() || self.look_at_invoice(&invoice).await.is_err() {
            return Ok(Some(invoice));
        }
        Ok(repo::find(&mut self.db.reader().await?, id).await?)
    }

    /// Lists a user's invoices before one, newest first.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the database fails.
    pub async fn invoices(
        &self,
        user: Uuid,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<Invoice>, LightningError> {
        let before = super::before(before);
        Ok(repo::list(&mut self.db.reader().await?, user, &before, limit.into()).await?)
    }

    /// Takes a hint that an invoice may have been paid: it is looked up soon, and nothing in the hint is believed.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the database fails.
    pub async fn hint(&self, hash: super::PaymentHash) -> Result<(), LightningError> {
        // Strangers may call this, so a hash that is not ours, or is decided, costs no write.
        let known = repo::find_by_hash(&mut self.db.reader().await?, hash).await?;
        if known.is_none_or(|invoice| invoice.paid_by == Some(PaidBy::Provider)) {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        repo::check_soon(&mut tx, hash, self.clock.now_ms()).await?;
        Ok(tx.commit().await?)
    }

    /// Asks the provider about an invoice and records what it says.
    pub(super) async fn look_at_invoice(&self, invoice: &Invoice) -> Result<(), LightningError> {
        let backend = self.provider().await?;
        let state = self.called(backend.check_invoice(invoice.payment_hash)).await?;
        let is_over = self.clock.now_ms() > invoice.expires_at_ms.saturating_add(GRACE_MS);
        match (state, invoice.status, invoice.paid_by) {
            (_, _, Some(PaidBy::Provider)) => self.look_late(invoice, None).await,
            (InvoiceState::Paid { amount_msat }, _, Some(PaidBy::Ledger)) => {
                self.suspend_second(invoice, amount_msat).await
            }
            (InvoiceState::Paid { amount_msat }, _, None) => self.credit(invoice, amount_msat).await,
            (InvoiceState::Unpaid | InvoiceState::Missing, InvoiceStatus::Pending, _) if is_over => {
                self.expire(invoice).await
            }
            (InvoiceState::Unpaid | InvoiceState::Missing, _, _) if is_over => {
                self.look_late(invoice, self.late_check(invoice)).await
            }
            (InvoiceState::Unpaid | InvoiceState::Missing, _, _) => Ok(()),
        }
    }

    /// The next of the looks after an invoice's end: a provider may hear late of a payment that was made in time.
    fn late_check(&self, invoice: &Invoice) -> Option<i64> {
        let now_ms = self.clock.now_ms();
        LATE_CHECKS_MS
            .iter()
            .map(|after| invoice.expires_at_ms.saturating_add(*after))
            .find(|at| *at > now_ms)
    }

    async fn look_late(&self, invoice: &Invoice, check_at_ms: Option<i64>) -> Result<(), LightningError> {
        let mut tx = self.db.begin().await?;
        repo::check_late(&mut tx, invoice.id, check_at_ms).await?;
        Ok(tx.commit().await?)
    }

    /// Credits a paid invoice: its own amount, once, whatever arrived.
    async fn credit(&self, invoice: &Invoice, received_msat: u64) -> Result<(), LightningError> {
        let accounts = self.accounts(invoice.user_id).await?;
        let now_ms = self.clock.now_ms();
        let posting = NewPosting {
            unique_key: format!("lightning:{}:credit", invoice.id),
            kind: PostingKind::Deposit,
            reference_type: REFERENCE,
            reference_id: invoice.id.to_string(),
            actor: Actor::System,
            legs: moved(accounts.clearing, accounts.user, invoice.amount_msat)?,
        };
        let key = posting.unique_key.clone();
        let difference = Difference::of_deposit(invoice.amount_msat, received_msat);
        let beside = difference.map(|difference| difference.posting(&posting, &accounts)).transpose()?;
        let postings = std::iter::once(posting).chain(beside).collect();
        let mut tx = self.db.begin().await?;
        let arrival = Arrival::Outside { received_msat };
        if !repo::credit(&mut tx, invoice.id, arrival, now_ms, None).await? {
            return Ok(());
        }
        for posted in self.ledger.post_in_tx(&mut tx, postings).await? {
            let _new = posted?;
        }
        let paid = Invoice {
            status: InvoiceStatus::Paid,
            paid_by: Some(PaidBy::Provider),
            paid_at_ms: Some(now_ms),
            ..invoice.clone()
        };
        self.events.append_in_tx(&mut tx, invoice.user_id, "deposit.credited", paid.event()).await?;
        fault::point("deposit:crediting");
        self.ledger.commit_posted(tx, &key, &accounts.all()).await?;
        fault::point("deposit:credited");
        self.events.announce([invoice.user_id]);
        metrics::counter!("postfun_lightning_credits_total").increment(1);
        tracing::info!(invoice.id = %invoice.id, amount_sats = invoice.amount_sats(), "a deposit was credited");
        if let Some(difference) = difference {
            difference.alarm(REFERENCE, invoice.id);
        }
        Ok(())
    }

    /// Puts aside what was paid outside for an invoice that had been settled inside: a person must decide whose it is.
    async fn suspend_second(&self, invoice: &Invoice, received_msat: u64) -> Result<(), LightningError> {
        let accounts = self.accounts(invoice.user_id).await?;
        let posting = NewPosting {
            unique_key: format!("lightning:{}:suspense", invoice.id),
            kind: PostingKind::Suspense,
            reference_type: REFERENCE,
            reference_id: invoice.id.to_string(),
            actor: Actor::System,
            legs: moved(accounts.clearing, accounts.suspense, received_msat)?,
        };
        let key = posting.unique_key.clone();
        let mut tx = self.db.begin().await?;
        if !repo::mark_paid_twice(&mut tx, invoice.id, received_msat).await? {
            return Ok(());
        }
        self.ledger.post_one_in_tx(&mut tx, posting).await?;
        fault::point("deposit:suspending");
        self.ledger.commit_posted(tx, &key, &accounts.all()).await?;
        fault::point("deposit:suspended");
        metrics::counter!("postfun_lightning_paid_twice_total").increment(1);
        tracing::error!(
            invoice.id = %invoice.id,
            received_msat,
            "an invoice that was settled inside was paid outside as well; its sats are in suspense"
        );
        Ok(())
    }

    async fn expire(&self, invoice: &Invoice) -> Result<(), LightningError> {
        let mut tx = self.db.begin().await?;
        if !repo::expire(&mut tx, invoice.id, self.late_check(invoice)).await? {
            return Ok(());
        }
        let expired = Invoice { status: InvoiceStatus::Expired, ..invoice.clone() };
        self.events.append_in_tx(&mut tx, invoice.user_id, "deposit.expired", expired.event()).await?;
        fault::point("deposit:expiring");
        tx.commit().await?;
        fault::point("deposit:expired");
        self.events.announce([invoice.user_id]);
        Ok(())
    }

    /// Sets the next look at an invoice: soon at first, then less and less often, and once more after its end.
    pub(super) async fn postpone_invoice(&self, invoice: &Invoice) -> Result<(), LightningError> {
        let now_ms = self.clock.now_ms();
        let age_ms = now_ms.saturating_sub(invoice.created_at_ms);
        let check_at_ms = now_ms.saturating_add((age_ms / 4).clamp(FIRST_CHECK_MS, CHECK_MAX_MS));
        let mut tx = self.db.begin().await?;
        repo::check_later(&mut tx, invoice.id, now_ms, check_at_ms).await?;
        Ok(tx.commit().await?)
    }
}

/// Reads the provider's invoice as a payer would, and returns when it ends, in milliseconds since the epoch.
fn check_created(
    backend: &dyn LightningBackend,
    new: &NewInvoice,
    created: &CreatedInvoice,
    now_ms: i64,
) -> Result<i64, BackendError> {
    let bad = |detail: String| BackendError::BadResponse { detail };
    let invoice = bolt11::Invoice::decode(&created.bolt11)
        .map_err(|error| bad(format!("its invoice cannot be read: {error}")))?;
    let now_s = u64::try_from(now_ms / 1_000).unwrap_or(0);
    bolt11::check_payable(&invoice, backend.network(), new.amount_sats, now_s)
        .map_err(|error| bad(format!("its invoice cannot be paid: {error}")))?;
    if invoice.payment_hash != *created.payment_hash.as_bytes() {
        return Err(bad("its invoice has another payment hash than it says".to_owned()));
    }
    Ok(i64::try_from(invoice.expires_at_s()).unwrap_or(i64::MAX).saturating_mul(1_000))
}
