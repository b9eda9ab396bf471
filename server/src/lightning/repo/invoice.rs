//! Statements about our own invoices.

use sqlx::FromRow;
use uuid::Uuid;

use super::{column, msat, parsed};
use crate::db::{DbError, Tx, execute, on_backend, statements};
use crate::lightning::{Invoice, InvoiceStatus, PaidBy, PaymentHash};

const TABLE: &str = "lightning_invoices";

macro_rules! columns {
    () => {
        "id, user_id, amount_msat, memo, payment_request, payment_hash, status, paid_by, checks, created_at_ms, \
         expires_at_ms, paid_at_ms"
    };
}

statements! {
    INSERT_INVOICE = "
INSERT INTO lightning_invoices (id, user_id, amount_msat, memo, payment_request, payment_hash, status, paid_by, credited,
    paid_twice, check_at_ms, checks, created_at_ms, expires_at_ms, paid_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, 'pending', NULL, FALSE, FALSE, $7, 0, $8, $9, NULL)";
    COUNT_PENDING = "
SELECT COUNT(*)
FROM lightning_invoices
WHERE user_id = $1 AND status = 'pending'";
    FIND_INVOICE = concat!("SELECT ", columns!(), "
FROM lightning_invoices
WHERE id = $1");
    FIND_INVOICE_BY_HASH = concat!("SELECT ", columns!(), "
FROM lightning_invoices
WHERE payment_hash = $1");
    LIST_INVOICES = concat!("SELECT ", columns!(), "
FROM lightning_invoices
WHERE user_id = $1 AND id < $2
ORDER BY id DESC
LIMIT $3");
    LIST_DUE = concat!("SELECT ", columns!(), "
FROM lightning_invoices
WHERE check_at_ms <= $1
ORDER BY check_at_ms
LIMIT $2");
    CREDIT_INVOICE = "
UPDATE lightning_invoices
SET status = 'paid', credited = TRUE, paid_by = $2, paid_at_ms = $3, check_at_ms = $4, received_msat = $5
WHERE id = $1 AND NOT credited";
    EXPIRE_INVOICE = "
UPDATE lightning_invoices
SET status = 'expired', check_at_ms = $2
WHERE id = $1 AND status = 'pending'";
    MARK_PAID_TWICE = "
UPDATE lightning_invoices
SET paid_twice = TRUE, received_msat = $2, check_at_ms = NULL
WHERE id = $1 AND paid_by = 'ledger' AND NOT paid_twice";
    CHECK_LATE = "
UPDATE lightning_invoices
SET check_at_ms = $2
WHERE id = $1 AND check_at_ms IS NOT NULL AND status <> 'pending'";
    CHECK_LATER = "
UPDATE lightning_invoices
SET check_at_ms = $3, checks = checks + 1
WHERE id = $1 AND check_at_ms <= $2";
    CHECK_SOON = "
UPDATE lightning_invoices
SET check_at_ms = $2
WHERE payment_hash = $1 AND (NOT credited OR (paid_by = 'ledger' AND NOT paid_twice))
  AND (check_at_ms IS NULL OR check_at_ms > $2)";
}

/// How an invoice came to be paid.
#[derive(Debug, Clone, Copy)]
pub(in crate::lightning) enum Arrival {
    /// Through the provider, which says how much arrived.
    Outside { received_msat: u64 },
    /// From another user.
    Inside,
}

#[derive(Debug, FromRow)]
struct InvoiceRow {
    id: String,
    user_id: String,
    amount_msat: i64,
    memo: Option<String>,
    payment_request: String,
    payment_hash: String,
    status: String,
    paid_by: Option<String>,
    checks: i64,
    created_at_ms: i64,
    expires_at_ms: i64,
    paid_at_ms: Option<i64>,
}

impl TryFrom<InvoiceRow> for Invoice {
    type Error = DbError;

    fn try_from(row: InvoiceRow) -> Result<Self, DbError> {
        Ok(Self {
            id: parsed(TABLE, "id", row.id, |text| text.parse().ok())?,
            user_id: parsed(TABLE, "user_id", row.user_id, |text| text.parse().ok())?,
            amount_msat: msat(TABLE, "amount_msat", row.amount_msat)?,
            memo: row.memo,
            payment_request: row.payment_request,
            payment_hash: parsed(TABLE, "payment_hash", row.payment_hash, |text| text.parse().ok())?,
            status: parsed(TABLE, "status", row.status, InvoiceStatus::parse)?,
            paid_by: row.paid_by.map(|text| parsed(TABLE, "paid_by", text, PaidBy::parse)).transpose()?,
            checks: row.checks,
            created_at_ms: row.created_at_ms,
            expires_at_ms: row.expires_at_ms,
            paid_at_ms: row.paid_at_ms,
        })
    }
}

/// Writes a new invoice; it is looked at for the first time at `check_at_ms`.
pub(in crate::lightning) async fn insert(
    tx: &mut Tx,
    invoice: &Invoice,
    check_at_ms: i64,
) -> Result<(), DbError> {
    execute!(
        tx,
        INSERT_INVOICE,
        invoice.id.to_string(),
        invoice.user_id.to_string(),
        column(invoice.amount_msat),
        &invoice.memo,
        &invoice.payment_request,
        invoice.payment_hash.to_string(),
        check_at_ms,
        invoice.created_at_ms,
        invoice.expires_at_ms
    )?;
    Ok(())
}

/// Counts a user's invoices that wait to be paid.
pub(in crate::lightning) async fn count_pending(tx: &mut Tx, user: Uuid) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(COUNT_PENDING)
        .bind(user.to_string())
        .fetch_one(c)
        .await)?)
}

async fn find_one(tx: &mut Tx, statement: &'static str, value: String) -> Result<Option<Invoice>, DbError> {
    let row: Option<InvoiceRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, InvoiceRow>(statement)
        .bind(value)
        .fetch_optional(c)
        .await)?;
    row.map(Invoice::try_from).transpose()
}

/// Finds an invoice.
pub(in crate::lightning) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Invoice>, DbError> {
    find_one(tx, FIND_INVOICE, id.to_string()).await
}

/// Finds the invoice of a payment.
pub(in crate::lightning) async fn find_by_hash(
    tx: &mut Tx,
    hash: PaymentHash,
) -> Result<Option<Invoice>, DbError> {
    find_one(tx, FIND_INVOICE_BY_HASH, hash.to_string()).await
}

/// Lists a user's invoices before one, newest first.
pub(in crate::lightning) async fn list(
    tx: &mut Tx,
    user: Uuid,
    before: &str,
    limit: i64,
) -> Result<Vec<Invoice>, DbError> {
    let rows: Vec<InvoiceRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, InvoiceRow>(LIST_INVOICES)
        .bind(user.to_string())
        .bind(before)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// Lists what is to be looked at, the longest overdue first.
pub(in crate::lightning) async fn list_due(
    tx: &mut Tx,
    now_ms: i64,
    limit: i64,
) -> Result<Vec<Invoice>, DbError> {
    let rows: Vec<InvoiceRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, InvoiceRow>(LIST_DUE)
        .bind(now_ms)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// Marks an invoice as paid and credited, if it is not yet; says whether it was this call.
///
/// `check_at_ms` is the next look at what the provider says; `None` when there is nothing left to see.
pub(in crate::lightning) async fn credit(
    tx: &mut Tx,
    id: Uuid,
    arrival: Arrival,
    now_ms: i64,
    check_at_ms: Option<i64>,
) -> Result<bool, DbError> {
    let (paid_by, received_msat) = match arrival {
        Arrival::Outside { received_msat } => (PaidBy::Provider, Some(received_msat)),
        Arrival::Inside => (PaidBy::Ledger, None),
    };
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(CREDIT_INVOICE)
        .bind(id.to_string())
        .bind(paid_by.as_str())
        .bind(now_ms)
        .bind(check_at_ms)
        .bind(received_msat.map(column))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

async fn change(
    tx: &mut Tx,
    statement: &'static str,
    id: Uuid,
    check_at_ms: Option<i64>,
) -> Result<bool, DbError> {
    let rows = execute!(tx, statement, id.to_string(), check_at_ms)?;
    Ok(rows == 1)
}

/// Marks a pending invoice as expired, to be looked at once more at `check_at_ms`; says whether it was this call.
pub(in crate::lightning) async fn expire(
    tx: &mut Tx,
    id: Uuid,
    check_at_ms: Option<i64>,
) -> Result<bool, DbError> {
    change(tx, EXPIRE_INVOICE, id, check_at_ms).await
}

/// Marks an invoice that was settled inside as paid outside as well, with what arrived; says whether it was this call.
pub(in crate::lightning) async fn mark_paid_twice(
    tx: &mut Tx,
    id: Uuid,
    received_msat: u64,
) -> Result<bool, DbError> {
    let rows = execute!(tx, MARK_PAID_TWICE, id.to_string(), column(received_msat))?;
    Ok(rows == 1)
}

/// Sets the next look at an invoice that is not pending any more, or ends the looks at it.
pub(in crate::lightning) async fn check_late(
    tx: &mut Tx,
    id: Uuid,
    check_at_ms: Option<i64>,
) -> Result<bool, DbError> {
    change(tx, CHECK_LATE, id, check_at_ms).await
}

/// Sets the next look at an invoice that is due.
pub(in crate::lightning) async fn check_later(
    tx: &mut Tx,
    id: Uuid,
    now_ms: i64,
    check_at_ms: i64,
) -> Result<(), DbError> {
    execute!(tx, CHECK_LATER, id.to_string(), now_ms, check_at_ms)?;
    Ok(())
}

/// Brings the next look at an invoice forward.
pub(in crate::lightning) async fn check_soon(
    tx: &mut Tx,
    hash: PaymentHash,
    now_ms: i64,
) -> Result<(), DbError> {
    execute!(tx, CHECK_SOON, hash.to_string(), now_ms)?;
    Ok(())
}
