//! Statements about withdrawals.

use sqlx::FromRow;
use uuid::Uuid;

use super::{column, msat, parsed};
use crate::db::sql::Table;
use crate::db::{DbError, Tx, execute, on_backend, statements};
use crate::ledger::HoldId;
use crate::lightning::{PaymentHash, Settlement, Step, Withdrawal, WithdrawalStatus};

const TABLE: &str = "lightning_withdrawals";

macro_rules! columns {
    () => {
        "id, user_id, amount_msat, payment_request, payment_hash, invoice_expires_at_ms, status, step, hold_id, \
         fee_cap_msat, fee_msat, late_msat, failure, attempts, on_line_until_ms, check_at_ms, checks, created_at_ms, \
         processed_at_ms"
    };
}

statements! {
    INSERT_WITHDRAWAL = concat!("INSERT INTO lightning_withdrawals (", columns!(), ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, NULL, 0, NULL, $12, 0, $13, $14)");
    FIND_WITHDRAWAL = concat!("SELECT ", columns!(), "
FROM lightning_withdrawals
WHERE id = $1");
    FIND_OPEN_BY_HASH = concat!("SELECT ", columns!(), "
FROM lightning_withdrawals
WHERE payment_hash = $1 AND (status <> 'failed' OR late_msat IS NOT NULL)");
    LIST_WITHDRAWALS = concat!("SELECT ", columns!(), "
FROM lightning_withdrawals
WHERE user_id = $1 AND id < $2
ORDER BY id DESC
LIMIT $3");
    LIST_DUE = concat!("SELECT ", columns!(), "
FROM lightning_withdrawals
WHERE check_at_ms <= $1
ORDER BY check_at_ms
LIMIT $2");
    LIST_PENDING = concat!("SELECT ", columns!(), "
FROM lightning_withdrawals
WHERE check_at_ms IS NOT NULL
ORDER BY check_at_ms
LIMIT $1");
    LIST_LATE = concat!("SELECT ", columns!(), "
FROM lightning_withdrawals
WHERE late_check_at_ms <= $1
ORDER BY late_check_at_ms
LIMIT $2");
    MEASURE = "
SELECT step, COUNT(*) AS rows, MIN(created_at_ms) AS oldest_at_ms
FROM lightning_withdrawals
WHERE check_at_ms IS NOT NULL
GROUP BY step";
    SUM_SINCE = "
SELECT CAST(COALESCE(SUM(amount_msat), 0) AS BIGINT)
FROM lightning_withdrawals
WHERE user_id = $1 AND id >= $2 AND status <> 'failed'";
    CLAIM = "
UPDATE lightning_withdrawals
SET step = 'sent', attempts = attempts + 1, on_line_until_ms = $3, check_at_ms = $4
WHERE id = $1 AND status = 'pending' AND attempts = $2";
    SET_UNKNOWN = "
UPDATE lightning_withdrawals
SET step = 'unknown'
WHERE id = $1 AND status = 'pending' AND step = 'sent'";
    CHECK_LATER = "
UPDATE lightning_withdrawals
SET check_at_ms = $3, checks = checks + 1
WHERE id = $1 AND status = 'pending' AND check_at_ms <= $2";
    CONFIRM = "
UPDATE lightning_withdrawals
SET status = 'confirmed', step = 'done', paid_msat = $2, fee_msat = $3, processed_at_ms = $4, check_at_ms = NULL
WHERE id = $1 AND status = 'pending' AND attempts = COALESCE($5, attempts)";
    FAIL = "
UPDATE lightning_withdrawals
SET status = 'failed', step = 'done', failure = $3, processed_at_ms = $4, check_at_ms = NULL, late_check_at_ms = $5
WHERE id = $1 AND status = 'pending' AND attempts = $2";
    MARK_PAID_LATE = "
UPDATE lightning_withdrawals
SET late_msat = $2, late_check_at_ms = NULL
WHERE id = $1 AND status = 'failed' AND late_msat IS NULL";
}

#[derive(Debug, FromRow)]
struct WithdrawalRow {
    id: String,
    user_id: String,
    amount_msat: i64,
    payment_request: String,
    payment_hash: String,
    invoice_expires_at_ms: i64,
    status: String,
    step: String,
    hold_id: Option<String>,
    fee_cap_msat: i64,
    fee_msat: Option<i64>,
    late_msat: Option<i64>,
    failure: Option<String>,
    attempts: i64,
    on_line_until_ms: Option<i64>,
    check_at_ms: Option<i64>,
    checks: i64,
    created_at_ms: i64,
    processed_at_ms: Option<i64>,
}

impl TryFrom<WithdrawalRow> for Withdrawal {
    type Error = DbError;

    fn try_from(row: WithdrawalRow) -> Result<Self, DbError> {
        let hold = |text: String| parsed(TABLE, "hold_id", text, |text| text.parse().ok().map(HoldId));
        Ok(Self {
            id: parsed(TABLE, "id", row.id, |text| text.parse().ok())?,
            user_id: parsed(TABLE, "user_id", row.user_id, |text| text.parse().ok())?,
            amount_msat: msat(TABLE, "amount_msat", row.amount_msat)?,
            payment_request: row.payment_request,
            payment_hash: parsed(TABLE, "payment_hash", row.payment_hash, |text| text.parse().ok())?,
            invoice_expires_at_ms: row.invoice_expires_at_ms,
            status: parsed(TABLE, "status", row.status, WithdrawalStatus::parse)?,
            step: parsed(TABLE, "step", row.step, Step::parse)?,
            hold_id: row.hold_id.map(hold).transpose()?,
            fee_cap_msat: msat(TABLE, "fee_cap_msat", row.fee_cap_msat)?,
            fee_msat: row.fee_msat.map(|value| msat(TABLE, "fee_msat", value)).transpose()?,
            late_msat: row.late_msat.map(|value| msat(TABLE, "late_msat", value)).transpose()?,
            failure: row.failure,
            attempts: row.attempts,
            on_line_until_ms: row.on_line_until_ms,
            check_at_ms: row.check_at_ms,
            checks: row.checks,
            created_at_ms: row.created_at_ms,
            processed_at_ms: row.processed_at_ms,
        })
    }
}

/// Writes a new withdrawal. A constraint refuses one whose payment hash belongs to another that has not failed.
pub(in crate::lightning) async fn insert(tx: &mut Tx, withdrawal: &Withdrawal) -> Result<(), DbError> {
    execute!(
        tx,
        INSERT_WITHDRAWAL,
        withdrawal.id.to_string(),
        withdrawal.user_id.to_string(),
        column(withdrawal.amount_msat),
        &withdrawal.payment_request,
        withdrawal.payment_hash.to_string(),
        withdrawal.invoice_expires_at_ms,
        withdrawal.status.as_str(),
        withdrawal.step.as_str(),
        withdrawal.hold_id.map(|hold| hold.0.to_string()),
        column(withdrawal.fee_cap_msat),
        withdrawal.fee_msat.map(column),
        withdrawal.check_at_ms,
        withdrawal.created_at_ms,
        withdrawal.processed_at_ms
    )?;
    Ok(())
}

async fn find_one(
    tx: &mut Tx,
    statement: &'static str,
    value: String,
) -> Result<Option<Withdrawal>, DbError> {
    let row: Option<WithdrawalRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, WithdrawalRow>(statement)
        .bind(value)
        .fetch_optional(c)
        .await)?;
    row.map(Withdrawal::try_from).transpose()
}

/// Finds a withdrawal.
pub(in crate::lightning) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Withdrawal>, DbError> {
    find_one(tx, FIND_WITHDRAWAL, id.to_string()).await
}

/// Finds the withdrawal of a payment that has not failed, or was made although it had.
pub(in crate::lightning) async fn find_open_by_hash(
    tx: &mut Tx,
    hash: PaymentHash,
) -> Result<Option<Withdrawal>, DbError> {
    find_one(tx, FIND_OPEN_BY_HASH, hash.to_string()).await
}

/// Lists a user's withdrawals before one, newest first.
pub(in crate::lightning) async fn list(
    tx: &mut Tx,
    user: Uuid,
    before: &str,
    limit: i64,
) -> Result<Vec<Withdrawal>, DbError> {
    let rows: Vec<WithdrawalRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, WithdrawalRow>(LIST_WITHDRAWALS)
            .bind(user.to_string())
            .bind(before)
            .bind(limit)
            .fetch_all(c)
            .await)?;
    rows.into_iter().map(Withdrawal::try_from).collect()
}

/// Lists what is to be looked at, the longest overdue first.
pub(in crate::lightning) async fn list_due(
    tx: &mut Tx,
    now_ms: i64,
    limit: i64,
) -> Result<Vec<Withdrawal>, DbError> {
    let rows: Vec<WithdrawalRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, WithdrawalRow>(LIST_DUE)
        .bind(now_ms)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Withdrawal::try_from).collect()
}

/// Lists the failed ones that are to be looked at again, the longest overdue first.
pub(in crate::lightning) async fn list_late(
    tx: &mut Tx,
    now_ms: i64,
    limit: i64,
) -> Result<Vec<Withdrawal>, DbError> {
    let rows: Vec<WithdrawalRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, WithdrawalRow>(LIST_LATE)
        .bind(now_ms)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Withdrawal::try_from).collect()
}

/// Sets when each of many failed ones is looked at again, or that it is no more.
pub(in crate::lightning) async fn set_late_checks(
    tx: &mut Tx,
    looks: &[(Uuid, Option<i64>)],
) -> Result<(), DbError> {
    // A list of values knows no nulls; nothing is looked at in 1970.
    let _rows = Table::of(looks)
        .text(|(id, _at)| id.to_string())
        .int(|(_id, at_ms)| at_ms.unwrap_or(0))
        .execute(
            tx,
            "WITH look (id, at_ms) AS (",
            ") UPDATE lightning_withdrawals \
             SET late_check_at_ms = (SELECT NULLIF(look.at_ms, 0) FROM look WHERE look.id = lightning_withdrawals.id) \
             WHERE id IN (SELECT id FROM look) AND late_check_at_ms IS NOT NULL",
        )
        .await?;
    Ok(())
}

/// Marks a failed one as paid all the same; says whether it was this call. A constraint refuses it while another
/// withdrawal of its payment hash stands, or was marked.
pub(in crate::lightning) async fn mark_paid_late(
    tx: &mut Tx,
    id: Uuid,
    late_msat: u64,
) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(MARK_PAID_LATE)
        .bind(id.to_string())
        .bind(column(late_msat))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// How many withdrawals are at a step, and since when the oldest.
#[derive(Debug, FromRow)]
pub(in crate::lightning) struct StepRow {
    pub(in crate::lightning) step: String,
    pub(in crate::lightning) rows: i64,
    pub(in crate::lightning) oldest_at_ms: i64,
}

/// Counts what is not decided, by step.
pub(in crate::lightning) async fn measure(tx: &mut Tx) -> Result<Vec<StepRow>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, StepRow>(MEASURE).fetch_all(c).await)?)
}

/// Lists what is not decided.
pub(in crate::lightning) async fn list_pending(tx: &mut Tx, limit: i64) -> Result<Vec<Withdrawal>, DbError> {
    let rows: Vec<WithdrawalRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, WithdrawalRow>(LIST_PENDING)
            .bind(limit)
            .fetch_all(c)
            .await)?;
    rows.into_iter().map(Withdrawal::try_from).collect()
}

/// Adds up what a user has taken out, or is about to, since the withdrawal that would have the id `since`; in msat.
pub(in crate::lightning) async fn sum_since(tx: &mut Tx, user: Uuid, since: &str) -> Result<u64, DbError> {
    let sum: i64 = on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(SUM_SINCE)
        .bind(user.to_string())
        .bind(since)
        .fetch_one(c)
        .await)?;
    msat(TABLE, "amount_msat", sum)
}

/// Takes the right to hand a withdrawal to the provider; `attempts` is what the caller saw. Says whether it was had.
///
/// Nobody hands it over a second time before `on_line_until_ms`.
pub(in crate::lightning) async fn claim(
    tx: &mut Tx,
    id: Uuid,
    attempts: i64,
    on_line_until_ms: i64,
    check_at_ms: i64,
) -> Result<bool, DbError> {
    let rows = execute!(tx, CLAIM, id.to_string(), attempts, on_line_until_ms, check_at_ms)?;
    Ok(rows == 1)
}

/// Notes that the provider does not say what became of it; says whether that is news.
pub(in crate::lightning) async fn set_unknown(tx: &mut Tx, id: Uuid) -> Result<bool, DbError> {
    let rows = execute!(tx, SET_UNKNOWN, id.to_string())?;
    Ok(rows == 1)
}

/// Sets the next look at a withdrawal that is due.
pub(in crate::lightning) async fn check_later(
    tx: &mut Tx,
    id: Uuid,
    now_ms: i64,
    check_at_ms: i64,
) -> Result<(), DbError> {
    execute!(tx, CHECK_LATER, id.to_string(), now_ms, check_at_ms)?;
    Ok(())
}

/// Marks a pending withdrawal as paid; says whether it was this call. Given a number of attempts, it is not marked when it
/// was handed over once more since.
pub(in crate::lightning) async fn confirm(
    tx: &mut Tx,
    id: Uuid,
    settlement: Settlement,
    now_ms: i64,
    attempts: Option<i64>,
) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(CONFIRM)
        .bind(id.to_string())
        .bind(column(settlement.amount_msat))
        .bind(column(settlement.fee_msat))
        .bind(now_ms)
        .bind(attempts)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Marks a pending withdrawal as failed, unless it was handed over after the caller saw it; says whether it was this
/// call. It is looked at again at `late_check_at_ms`.
pub(in crate::lightning) async fn fail(
    tx: &mut Tx,
    seen: &Withdrawal,
    failure: &str,
    now_ms: i64,
    late_check_at_ms: Option<i64>,
) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(FAIL)
        .bind(seen.id.to_string())
        .bind(seen.attempts)
        .bind(failure)
        .bind(now_ms)
        .bind(late_check_at_ms)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
