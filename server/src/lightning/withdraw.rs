//! Withdrawals, from the request to the reservation: everything before the provider is asked to pay.

use std::time::Duration;

use postfun_core::bolt11;
use uuid::Uuid;

use super::repo::{invoice as invoices, withdrawal as repo};
use super::{Lightning, LightningBackend, LightningError, PaymentHash, Step, Withdrawal, WithdrawalStatus};
use crate::db::Tx;
use crate::fault;
use crate::http::idempotency::{self, Claim, StoredAnswer};
use crate::id::uuid_v7;
use crate::identity::User;
use crate::ledger::{AccountId, AccountKey, AssetId, LedgerError, NewHold};

/// How long a request waits for the provider before it answers `pending`.
const ANSWER_WAIT: Duration = Duration::from_secs(12);
/// How long a question about a withdrawal waits for the provider.
const LOOK_WAIT: Duration = Duration::from_secs(5);
/// The span of the daily limit.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long a reservation that nobody sends waits before somebody else takes it up.
const TAKE_UP_MS: i64 = 2_000;

/// A withdrawal, as a user asks for it.
#[derive(Debug)]
pub(crate) struct WithdrawRequest<'a> {
    pub(crate) user: &'a User,
    pub(crate) bolt11: &'a str,
    pub(crate) amount_sats: u64,
    pub(crate) claim: Option<Claim>,
}

/// A withdrawal that stands, decided or not.
#[derive(Debug)]
pub(crate) struct WithdrawDone {
    pub(crate) withdrawal: Withdrawal,
    /// Whether an earlier request had made it.
    pub(crate) is_replayed: bool,
}

/// What a withdrawal that is about to be recorded is about.
pub(super) struct Order<'a> {
    pub(super) user: &'a User,
    pub(super) invoice: &'a bolt11::Invoice,
    pub(super) text: &'a str,
    pub(super) amount_msat: u64,
    pub(super) claim: Option<&'a Claim>,
}

impl Order<'_> {
    pub(super) fn hash(&self) -> PaymentHash {
        PaymentHash::from_bytes(self.invoice.payment_hash)
    }

    pub(super) fn invoice_expires_at_ms(&self) -> i64 {
        i64::try_from(self.invoice.expires_at_s()).unwrap_or(i64::MAX).saturating_mul(1_000)
    }
}

impl Lightning {
    /// Pays an invoice from a user's balance.
    ///
    /// The same invoice again, or the same idempotency key, gets the first withdrawal and pays nothing.
    ///
    /// # Errors
    ///
    /// A refusal, when nothing was moved; [`LightningError::WithdrawFailed`] when everything was given back.
    pub(crate) async fn withdraw(
        &self,
        request: &WithdrawRequest<'_>,
    ) -> Result<WithdrawDone, LightningError> {
        let backend = self.backend()?;
        if !self.terms.can_withdraw {
            return Err(LightningError::NotConfigured);
        }
        // Twice: when another request with the same invoice or key is first, its row can be seen the second time.
        match self.try_withdraw(backend, request).await {
            Err(error) if error.is_conflict() => self.try_withdraw(backend, request).await,
            done => done,
        }
        .and_then(|done| match done.withdrawal.status {
            WithdrawalStatus::Failed => Err(LightningError::WithdrawFailed(Box::new(done.withdrawal))),
            WithdrawalStatus::Pending | WithdrawalStatus::Confirmed => Ok(done),
        })
    }

    async fn try_withdraw(
        &self,
        backend: &dyn LightningBackend,
        request: &WithdrawRequest<'_>,
    ) -> Result<WithdrawDone, LightningError> {
        if let Some(withdrawal) = self.withdrawal_of_key(request.claim.as_ref()).await? {
            return Ok(WithdrawDone { withdrawal, is_replayed: true });
        }
        let invoice = bolt11::Invoice::decode(request.bolt11)?;
        let order = Order {
            user: request.user,
            invoice: &invoice,
            // Providers read the bare invoice only.
            text: bolt11::without_scheme(request.bolt11.trim()),
            amount_msat: request.amount_sats.saturating_mul(1_000),
            claim: request.claim.as_ref(),
        };
        let mut reader = self.db.reader().await?;
        if let Some(first) = repo::find_open_by_hash(&mut reader, order.hash()).await? {
            return match (first.user_id == request.user.id, first.late_msat) {
                (true, None) => Ok(WithdrawDone { withdrawal: first, is_replayed: true }),
                // It failed, everything was given back, and then the payee got it after all.
                (true, Some(_)) => Err(LightningError::AlreadyPaid),
                (false, _) => Err(LightningError::HashTaken),
            };
        }
        let now_s = u64::try_from(self.clock.now_ms() / 1_000).unwrap_or(0);
        bolt11::check_payable(&invoice, backend.network(), request.amount_sats, now_s)?;
        let max_sats = self.terms.withdraw_max_sats;
        if request.amount_sats > max_sats {
            return Err(LightningError::OverLimit { max_sats });
        }
        let own = invoices::find_by_hash(&mut reader, order.hash()).await?;
        drop(reader);
        let withdrawal = match own {
            Some(own) => self.settle_inside(&order, &own).await?,
            None => self.withdraw_outside(backend, &order).await?,
        };
        Ok(WithdrawDone { withdrawal, is_replayed: false })
    }

    /// Sets the money aside, hands the withdrawal over, and waits a while for what becomes of it.
    async fn withdraw_outside(
        &self,
        backend: &dyn LightningBackend,
        order: &Order<'_>,
    ) -> Result<Withdrawal, LightningError> {
        let cap_msat = self.terms.fee_cap_msat(order.amount_msat);
        let required_msat = order.amount_msat.saturating_add(cap_msat);
        if self.balance(order.user.id).await?.available_msat < required_msat {
            return Err(self.insufficient(order.user.id, required_msat).await?);
        }
        self.provider().await?;
        let reserve_msat = self.called(backend.fee_reserve(order.text)).await?;
        if reserve_msat > cap_msat {
            return Err(LightningError::FeeOverCap { reserve_msat, cap_msat });
        }
        let withdrawal = self.reserve(order, cap_msat).await?;
        fault::point("withdraw:reserved");
        // A caller who goes away does not stop what was begun.
        let (lightning, begun) = (self.clone(), withdrawal.clone());
        let sending = tokio::spawn(async move {
            if let Err(error) = lightning.send(&begun).await {
                tracing::warn!(
                    withdrawal.id = %begun.id,
                    error = error.chain(),
                    "a withdrawal could not be carried on; it is looked at again"
                );
            }
        });
        // Too late or gone: the row says how far it is.
        let _ = tokio::time::timeout(ANSWER_WAIT, sending).await;
        let found = repo::find(&mut self.db.reader().await?, withdrawal.id).await?;
        Ok(found.unwrap_or(withdrawal))
    }

    /// Writes the withdrawal and what it sets aside, in one transaction.
    async fn reserve(&self, order: &Order<'_>, fee_cap_msat: u64) -> Result<Withdrawal, LightningError> {
        let account = self.account(order.user.id).await?;
        let now_ms = self.clock.now_ms();
        let id = uuid_v7(now_ms, self.entropy.as_ref());
        let required_msat = order.amount_msat.saturating_add(fee_cap_msat);
        let mut tx = self.db.begin().await?;
        let hold = NewHold {
            unique_key: format!("lightning:{id}:reserve"),
            account,
            amount: super::units(required_msat)?,
            expires_at_ms: None,
        };
        // The account is locked from here on, so two requests of one user see each other.
        let hold_id = match self.ledger.reserve_one_in_tx(&mut tx, hold).await {
            Err(LedgerError::InsufficientBalance) => {
                tx.rollback().await?;
                return Err(self.insufficient(order.user.id, required_msat).await?);
            }
            hold => hold?,
        };
        let withdrawal = Withdrawal {
            id,
            user_id: order.user.id,
            amount_msat: order.amount_msat,
            payment_request: order.text.to_owned(),
            payment_hash: order.hash(),
            invoice_expires_at_ms: order.invoice_expires_at_ms(),
            status: WithdrawalStatus::Pending,
            step: Step::Reserved,
            hold_id: Some(hold_id),
            fee_cap_msat,
            fee_msat: None,
            late_msat: None,
            failure: None,
            attempts: 0,
            on_line_until_ms: None,
            check_at_ms: Some(now_ms.saturating_add(TAKE_UP_MS)),
            checks: 0,
            created_at_ms: now_ms,
            processed_at_ms: None,
        };
        self.record_in_tx(&mut tx, &withdrawal, order).await?;
        fault::point("withdraw:reserving");
        if let Err(error) = tx.commit().await {
            tracing::error!(
                withdrawal.id = %withdrawal.id,
                error = error.chain(),
                "a commit went wrong; looking for its withdrawal"
            );
            return match self.find_reserved(account, id).await {
                Ok(Some(found)) => Ok(found),
                Ok(None) => Err(LedgerError::NotExecuted.into()),
                Err(_unreadable) => Err(LedgerError::OutcomeUnknown.into()),
            };
        }
        Ok(withdrawal)
    }

    /// Looks for a withdrawal whose commit went wrong. With its account locked that transaction is over, and what is absent
    /// stays absent.
    async fn find_reserved(
        &self,
        account: AccountId,
        id: Uuid,
    ) -> Result<Option<Withdrawal>, LightningError> {
        let mut tx = self.db.begin().await?;
        self.ledger.lock_in_tx(&mut tx, &[account]).await?;
        let found = repo::find(&mut tx, id).await?;
        tx.rollback().await?;
        Ok(found)
    }

    /// Writes a withdrawal's row and the answer to its idempotency key, within the daily limit.
    pub(super) async fn record_in_tx(
        &self,
        tx: &mut Tx,
        withdrawal: &Withdrawal,
        order: &Order<'_>,
    ) -> Result<(), LightningError> {
        repo::insert(tx, withdrawal).await?;
        let since = super::id_at(withdrawal.created_at_ms.saturating_sub(DAY_MS));
        let total_msat = repo::sum_since(tx, withdrawal.user_id, &since).await?;
        let max_sats = self.terms.withdraw_daily_sats;
        let max_msat = max_sats.saturating_mul(1_000);
        if total_msat > max_msat {
            let before_msat = total_msat.saturating_sub(withdrawal.amount_msat);
            let left_sats = max_msat.saturating_sub(before_msat) / 1_000;
            return Err(LightningError::OverDailyLimit { max_sats, left_sats });
        }
        if let Some(claim) = order.claim {
            // Only the id: what is answered under this key is always how the withdrawal stands now.
            let body = withdrawal.id.to_string().into_bytes().into();
            let answer = StoredAnswer { status: axum::http::StatusCode::CREATED, body };
            idempotency::insert_in_tx(tx, &[(claim, &answer)], withdrawal.created_at_ms).await?;
        }
        Ok(())
    }

    async fn withdrawal_of_key(&self, claim: Option<&Claim>) -> Result<Option<Withdrawal>, LightningError> {
        let Some(answer) = self.stored_answer(claim).await? else { return Ok(None) };
        let id = std::str::from_utf8(&answer.body).ok().and_then(|text| text.parse::<Uuid>().ok());
        let Some(id) = id else { return Ok(None) };
        Ok(repo::find(&mut self.db.reader().await?, id).await?)
    }

    /// Finds a user's withdrawal; one that is not decided is looked up at the provider first.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the database fails. A provider that does not answer leaves it as it is.
    pub async fn withdrawal(&self, user: Uuid, id: Uuid) -> Result<Option<Withdrawal>, LightningError> {
        let found = repo::find(&mut self.db.reader().await?, id).await?;
        let Some(withdrawal) = found.filter(|withdrawal| withdrawal.user_id == user) else {
            return Ok(None);
        };
        if withdrawal.status != WithdrawalStatus::Pending {
            return Ok(Some(withdrawal));
        }
        // It may have to be handed over, which a caller who goes away must not cut off.
        let lightning = self.clone();
        let looking = tokio::spawn(async move { lightning.look_at(&withdrawal).await.is_ok() });
        let _ = tokio::time::timeout(LOOK_WAIT, looking).await;
        Ok(repo::find(&mut self.db.reader().await?, id).await?)
    }

    /// Lists a user's withdrawals before one, newest first.
    ///
    /// # Errors
    ///
    /// [`LightningError::Ledger`] when the database fails.
    pub async fn withdrawals(
        &self,
        user: Uuid,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<Withdrawal>, LightningError> {
        let before = super::before(before);
        Ok(repo::list(&mut self.db.reader().await?, user, &before, limit.into()).await?)
    }

    pub(super) async fn insufficient(
        &self,
        user: Uuid,
        required_msat: u64,
    ) -> Result<LightningError, LightningError> {
        let available_msat = self.balance(user).await?.available_msat;
        Ok(LightningError::InsufficientFunds { available_msat, required_msat })
    }

    pub(super) async fn account(&self, user: Uuid) -> Result<AccountId, LightningError> {
        let ids = self.ledger.ensure_accounts(&[AccountKey::user(user, AssetId::BTC)]).await?;
        ids.first().copied().ok_or(LightningError::Ledger(LedgerError::AccountMissing))
    }
}
