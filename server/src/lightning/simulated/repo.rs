//! What the simulated node knows.

use sqlx::FromRow;

use crate::db::{DbError, Tx, execute, on_backend, statements};
use crate::lightning::backend::PaymentHash;

statements! {
    INSERT_INVOICE = "
INSERT INTO simulated_invoices (payment_hash, amount_msat, expires_at_ms, created_at_ms, paid_at_ms)
VALUES ($1, $2, $3, $4, NULL)";
    FIND_INVOICE = "
SELECT amount_msat, paid_at_ms
FROM simulated_invoices
WHERE payment_hash = $1";
    UPDATE_INVOICE_PAID = "
UPDATE simulated_invoices
SET paid_at_ms = $2
WHERE payment_hash = $1 AND paid_at_ms IS NULL AND expires_at_ms > $2";
    INSERT_PAYMENT = "
INSERT INTO simulated_payments (payment_hash, amount_msat, fee_msat, status, created_at_ms)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (payment_hash) DO NOTHING";
    FIND_PAYMENT = "
SELECT amount_msat, fee_msat, status
FROM simulated_payments
WHERE payment_hash = $1";
    UPDATE_PAYMENT_DECIDED = "
UPDATE simulated_payments
SET status = $2
WHERE payment_hash = $1 AND status = 'pending'
RETURNING amount_msat, fee_msat, status";
    UPDATE_BALANCE = "
UPDATE simulated_wallet
SET balance_msat = balance_msat + $1
WHERE id = 1 AND balance_msat + $1 >= 0";
    FIND_BALANCE = "
SELECT balance_msat
FROM simulated_wallet
WHERE id = 1";
}

#[derive(Debug, FromRow)]
pub(super) struct InvoiceRow {
    pub(super) amount_msat: i64,
    pub(super) paid_at_ms: Option<i64>,
}

#[derive(Debug, FromRow)]
pub(super) struct PaymentRow {
    pub(super) amount_msat: i64,
    pub(super) fee_msat: i64,
    pub(super) status: String,
}

pub(super) async fn insert_invoice(
    tx: &mut Tx,
    hash: PaymentHash,
    amount_msat: i64,
    (created_at_ms, expires_at_ms): (i64, i64),
) -> Result<(), DbError> {
    execute!(tx, INSERT_INVOICE, hash.to_string(), amount_msat, expires_at_ms, created_at_ms)?;
    Ok(())
}

pub(super) async fn find_invoice(tx: &mut Tx, hash: PaymentHash) -> Result<Option<InvoiceRow>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, InvoiceRow>(FIND_INVOICE)
        .bind(hash.to_string())
        .fetch_optional(c)
        .await)?)
}

/// Marks an invoice as paid; false when it is unknown, paid or expired.
pub(super) async fn update_invoice_paid(
    tx: &mut Tx,
    hash: PaymentHash,
    now_ms: i64,
) -> Result<bool, DbError> {
    let rows = execute!(tx, UPDATE_INVOICE_PAID, hash.to_string(), now_ms)?;
    Ok(rows == 1)
}

/// Writes a payment; false when there is one of that hash.
pub(super) async fn insert_payment(
    tx: &mut Tx,
    hash: PaymentHash,
    payment: &PaymentRow,
    now_ms: i64,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        INSERT_PAYMENT,
        hash.to_string(),
        payment.amount_msat,
        payment.fee_msat,
        payment.status.as_str(),
        now_ms
    )?;
    Ok(rows == 1)
}

pub(super) async fn find_payment(tx: &mut Tx, hash: PaymentHash) -> Result<Option<PaymentRow>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, PaymentRow>(FIND_PAYMENT)
        .bind(hash.to_string())
        .fetch_optional(c)
        .await)?)
}

/// Decides about a pending payment; none when there is no pending one.
pub(super) async fn update_payment_decided(
    tx: &mut Tx,
    hash: PaymentHash,
    status: &'static str,
) -> Result<Option<PaymentRow>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, PaymentRow>(UPDATE_PAYMENT_DECIDED)
        .bind(hash.to_string())
        .bind(status)
        .fetch_optional(c)
        .await)?)
}

/// Adds to the balance, or takes from it; false when it would fall below zero.
pub(super) async fn update_balance(tx: &mut Tx, change_msat: i64) -> Result<bool, DbError> {
    let rows = execute!(tx, UPDATE_BALANCE, change_msat)?;
    Ok(rows == 1)
}

pub(super) async fn find_balance(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(FIND_BALANCE).fetch_one(c).await)?)
}
