//! One user pays another's invoice: it is settled in the ledger, at once and without a fee; nothing leaves the provider.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::booking::moved;
use super::repo::invoice::{self as invoices, Arrival};
use super::withdraw::Order;
use super::{
    Invoice, InvoiceStatus, Lightning, LightningError, PaidBy, Step, Withdrawal, WithdrawalStatus, deposit,
};
use crate::events::NewEvent;
use crate::fault;
use crate::id::uuid_v7;
use crate::ledger::{Actor, LedgerError, NewPosting, PostingKind};

impl Lightning {
    /// Settles an invoice of this server from another user's balance.
    pub(super) async fn settle_inside(
        &self,
        order: &Order<'_>,
        own: &Invoice,
    ) -> Result<Withdrawal, LightningError> {
        // Anybody can sign an invoice with a hash of ours and another amount; it is not what our user asked for. Bech32 may
        // be in capitals.
        if !order.text.eq_ignore_ascii_case(&own.payment_request) {
            return Err(LightningError::Forged);
        }
        if own.user_id == order.user.id {
            return Err(LightningError::SelfPayment);
        }
        // Somebody outside may have paid a moment ago. A provider that does not answer does not hinder: should it have
        // been paid, the second sum goes into suspense.
        if own.status == InvoiceStatus::Pending {
            let _ = self.look_at_invoice(own).await;
        }
        let payer = self.account(order.user.id).await?;
        let payee = self.account(own.user_id).await?;
        let now_ms = self.clock.now_ms();
        let withdrawal = inside(order, uuid_v7(now_ms, self.entropy.as_ref()), now_ms);
        let posting = NewPosting {
            unique_key: format!("lightning:{}:inside", withdrawal.id),
            kind: PostingKind::InsidePayment,
            reference_type: "lightning_withdrawal",
            reference_id: withdrawal.id.to_string(),
            actor: Actor::User(order.user.id),
            legs: moved(payer, payee, order.amount_msat)?,
        };
        let key = posting.unique_key.clone();
        let mut tx = self.db.begin().await?;
        // It is still looked at until its end, because somebody may pay it outside as well.
        let check_at_ms = Some(own.expires_at_ms.saturating_add(deposit::GRACE_MS));
        if !invoices::credit(&mut tx, own.id, Arrival::Inside, now_ms, check_at_ms).await? {
            return Err(LightningError::AlreadyPaid);
        }
        match self.ledger.post_one_in_tx(&mut tx, posting).await {
            Err(LedgerError::InsufficientBalance) => {
                tx.rollback().await?;
                return Err(self.insufficient(order.user.id, order.amount_msat).await?);
            }
            posted => posted?,
        };
        self.record_in_tx(&mut tx, &withdrawal, order).await?;
        let paid = Invoice {
            status: InvoiceStatus::Paid,
            paid_by: Some(PaidBy::Ledger),
            paid_at_ms: Some(now_ms),
            ..own.clone()
        };
        let events = [
            NewEvent { user: own.user_id, kind: "deposit.credited", data: paid.event() },
            NewEvent { user: order.user.id, kind: "withdrawal.confirmed", data: withdrawal.event() },
        ];
        self.events.append_batch_in_tx(&mut tx, &events).await?;
        fault::point("inside:settling");
        self.ledger.commit_posted(tx, &key, &[payer, payee]).await?;
        fault::point("inside:settled");
        self.events.announce(BTreeSet::from([own.user_id, order.user.id]));
        metrics::counter!("postfun_lightning_credits_total").increment(1);
        metrics::counter!("postfun_lightning_withdrawals_total", "status" => "confirmed").increment(1);
        tracing::info!(
            withdrawal.id = %withdrawal.id,
            invoice.id = %own.id,
            amount_sats = withdrawal.amount_sats(),
            "a payment between two users was settled inside"
        );
        Ok(withdrawal)
    }
}

/// A withdrawal that is settled as it is made.
fn inside(order: &Order<'_>, id: Uuid, now_ms: i64) -> Withdrawal {
    Withdrawal {
        id,
        user_id: order.user.id,
        amount_msat: order.amount_msat,
        payment_request: order.text.to_owned(),
        payment_hash: order.hash(),
        invoice_expires_at_ms: order.invoice_expires_at_ms(),
        status: WithdrawalStatus::Confirmed,
        step: Step::Done,
        hold_id: None,
        fee_cap_msat: 0,
        fee_msat: Some(0),
        late_msat: None,
        failure: None,
        attempts: 0,
        on_line_until_ms: None,
        check_at_ms: None,
        checks: 0,
        created_at_ms: now_ms,
        processed_at_ms: Some(now_ms),
    }
}
