//! Looks whether Lightning's rows, the ledger's postings and the provider's wallet tell the same story; all in msat.

use std::fmt;

use super::repo::{node, withdrawal};
use super::{BackendError, LightningBackend, OtherWallet};
use crate::audit::{self, Finding};
use crate::db::{Database, DbError, Tx, on_backend, statements};

/// Payments in flight that are added up.
const IN_FLIGHT_MAX: i64 = 100_000;

statements! {
    COUNT = "
SELECT
    (SELECT COUNT(*) FROM lightning_invoices) AS invoices,
    (SELECT COUNT(*) FROM lightning_withdrawals) AS withdrawals";
    WRONG_CREDITS = "
SELECT i.id AS subject, CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) AS found, i.amount_msat AS expected
FROM lightning_invoices AS i
LEFT JOIN postings AS p ON p.unique_key = 'lightning:' || i.id || ':credit'
LEFT JOIN entries AS e ON e.posting_id = p.id AND e.amount > 0
WHERE i.paid_by = 'provider'
GROUP BY i.id, i.amount_msat
HAVING COALESCE(SUM(e.amount), 0) <> i.amount_msat
ORDER BY i.id
LIMIT $1";
    CREDITS_WITHOUT_PAYMENT = "
SELECT p.unique_key AS subject, CAST(1 AS BIGINT) AS found, CAST(0 AS BIGINT) AS expected
FROM postings AS p
LEFT JOIN lightning_invoices AS i ON i.id = p.reference_id AND i.paid_by = 'provider'
WHERE p.kind = 'deposit' AND i.id IS NULL
ORDER BY p.unique_key
LIMIT $1";
    WRONG_SUSPENSES = "
SELECT i.id AS subject, CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) AS found,
    COALESCE(i.received_msat, i.amount_msat) AS expected
FROM lightning_invoices AS i
LEFT JOIN postings AS p ON p.unique_key = 'lightning:' || i.id || ':suspense'
LEFT JOIN entries AS e ON e.posting_id = p.id AND e.amount > 0
WHERE i.paid_twice
GROUP BY i.id, i.received_msat, i.amount_msat
HAVING COALESCE(SUM(e.amount), 0) <> COALESCE(i.received_msat, i.amount_msat)
ORDER BY i.id
LIMIT $1";
    WRONG_PAYMENTS = "
SELECT w.id AS subject, CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) AS found, w.amount_msat AS expected
FROM lightning_withdrawals AS w
LEFT JOIN postings AS p
  ON p.unique_key = 'lightning:' || w.id || CASE WHEN w.hold_id IS NULL THEN ':inside' ELSE ':amount' END
LEFT JOIN entries AS e ON e.posting_id = p.id AND e.amount > 0
WHERE w.status = 'confirmed'
GROUP BY w.id, w.amount_msat
HAVING COALESCE(SUM(e.amount), 0) <> w.amount_msat
ORDER BY w.id
LIMIT $1";
    WRONG_FEES = "
SELECT w.id AS subject, CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) AS found, w.fee_msat AS expected
FROM lightning_withdrawals AS w
LEFT JOIN postings AS p ON p.unique_key = 'lightning:' || w.id || ':fee'
LEFT JOIN entries AS e ON e.posting_id = p.id AND e.amount > 0
WHERE w.status = 'confirmed'
GROUP BY w.id, w.fee_msat
HAVING COALESCE(SUM(e.amount), 0) <> w.fee_msat
ORDER BY w.id
LIMIT $1";
    WRONG_DIFFERENCES = "
SELECT d.id AS subject, CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) AS found, d.msat AS expected
FROM (
    SELECT id, ABS(received_msat - amount_msat) AS msat FROM lightning_invoices
    WHERE received_msat IS NOT NULL AND paid_by = 'provider'
    UNION ALL
    SELECT id, ABS(paid_msat - amount_msat) AS msat FROM lightning_withdrawals WHERE paid_msat IS NOT NULL
) AS d
LEFT JOIN postings AS p ON p.unique_key = 'lightning:' || d.id || ':difference'
LEFT JOIN entries AS e ON e.posting_id = p.id AND e.amount > 0
GROUP BY d.id, d.msat
HAVING COALESCE(SUM(e.amount), 0) <> d.msat
ORDER BY d.id
LIMIT $1";
    WRONG_LATE_PAYMENTS = "
SELECT w.id AS subject, CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) AS found, w.late_msat AS expected
FROM lightning_withdrawals AS w
LEFT JOIN postings AS p ON p.unique_key = 'lightning:' || w.id || ':late'
LEFT JOIN entries AS e ON e.posting_id = p.id AND e.amount > 0
WHERE w.late_msat IS NOT NULL
GROUP BY w.id, w.late_msat
HAVING COALESCE(SUM(e.amount), 0) <> w.late_msat
ORDER BY w.id
LIMIT $1";
    PAYMENTS_WITHOUT_CONFIRMATION = "
SELECT p.unique_key AS subject, CAST(1 AS BIGINT) AS found, CAST(0 AS BIGINT) AS expected
FROM postings AS p
LEFT JOIN lightning_withdrawals AS w ON w.id = p.reference_id AND w.status = 'confirmed'
WHERE p.kind IN ('withdrawal', 'withdrawal_fee', 'inside_payment') AND w.id IS NULL
ORDER BY p.unique_key
LIMIT $1";
    WRONG_RESERVES = "
SELECT w.id AS subject, CAST(COALESCE(h.remaining, 0) AS BIGINT) AS found,
    CASE WHEN w.status = 'pending' THEN w.amount_msat + w.fee_cap_msat ELSE 0 END AS expected
FROM lightning_withdrawals AS w
LEFT JOIN holds AS h ON h.id = w.hold_id AND h.status = 'open'
WHERE COALESCE(h.remaining, 0) <> CASE WHEN w.status = 'pending' THEN w.amount_msat + w.fee_cap_msat ELSE 0 END
ORDER BY w.id
LIMIT $1";
    CLEARING = "
SELECT
    CAST(COALESCE((SELECT SUM(available) FROM accounts
        WHERE owner_kind = 'system' AND owner_id = 'lightning' AND purpose = 'clearing'), 0) AS BIGINT) AS found,
    CAST(COALESCE((SELECT SUM(COALESCE(paid_msat, amount_msat) + fee_msat) FROM lightning_withdrawals
        WHERE status = 'confirmed' AND hold_id IS NOT NULL), 0)
      + COALESCE((SELECT SUM(late_msat) FROM lightning_withdrawals WHERE late_msat IS NOT NULL), 0)
      - COALESCE((SELECT SUM(COALESCE(received_msat, amount_msat)) FROM lightning_invoices WHERE paid_by = 'provider'), 0)
      - COALESCE((SELECT SUM(COALESCE(received_msat, amount_msat)) FROM lightning_invoices WHERE paid_twice), 0) AS BIGINT) AS expected";
}

/// Counts invoices and withdrawals.
pub(crate) async fn count(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, (i64, i64)>(COUNT).fetch_one(c).await)?)
}

/// Runs every check of rows against postings in one snapshot.
pub(crate) async fn run(tx: &mut Tx) -> Result<Vec<Finding>, DbError> {
    let checks = [
        ("paid invoice was not credited with its amount", WRONG_CREDITS),
        ("deposit was credited without a paid invoice", CREDITS_WITHOUT_PAYMENT),
        ("second payment of an invoice is not in suspense", WRONG_SUSPENSES),
        ("confirmed withdrawal did not debit its amount", WRONG_PAYMENTS),
        ("confirmed withdrawal did not debit its fee", WRONG_FEES),
        ("difference of what the provider moved is not booked", WRONG_DIFFERENCES),
        ("payment that was made after it had failed is not booked", WRONG_LATE_PAYMENTS),
        ("withdrawal was debited without being confirmed", PAYMENTS_WITHOUT_CONFIRMATION),
        ("withdrawal sets aside another sum than amount and fee cap while pending", WRONG_RESERVES),
    ];
    let mut findings = audit::find(tx, &checks).await?;
    let (found, expected) = clearing(tx).await?;
    if found != expected {
        findings.push(Finding {
            what: "clearing account differs from what came and went over Lightning",
            subject: "lightning".to_owned(),
            found: found.to_string(),
            expected: expected.to_string(),
        });
    }
    Ok(findings)
}

/// What the clearing account holds, and what follows from the rows.
async fn clearing(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_as::<DB, (i64, i64)>(CLEARING).fetch_one(c).await)?)
}

/// The ledger beside the provider's wallet, in msat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// What the provider should hold for the users: the clearing account, turned around.
    pub owed_msat: i64,
    /// What the wallet held before the first invoice.
    pub opening_msat: u64,
    /// What it holds.
    pub wallet_msat: u64,
    /// The withdrawals that may or may not have left it already: how many.
    pub in_flight: usize,
    /// Their amounts and fee caps.
    pub in_flight_msat: u64,
}

impl Reconciliation {
    /// Returns what the wallet holds above what it should; negative when something is missing.
    #[must_use]
    pub fn surplus_msat(&self) -> i128 {
        i128::from(self.wallet_msat) - i128::from(self.opening_msat) - i128::from(self.owed_msat)
    }

    /// Whether more is missing than what is in flight can explain.
    ///
    /// A surplus is no difference: a deposit that has arrived is credited a moment later.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.surplus_msat() < -i128::from(self.in_flight_msat)
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owed_msat, opening_msat, wallet_msat, in_flight, in_flight_msat } = self;
        write!(
            formatter,
            "lightning: the wallet holds {wallet_msat} msat, {opening_msat} of them from before; the users are owed \
             {owed_msat} msat: surplus {} msat; in flight: {in_flight} withdrawals of at most {in_flight_msat} msat",
            self.surplus_msat()
        )
    }
}

/// Why the wallet could not be compared with the ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// The sats are in another wallet.
    #[error(transparent)]
    OtherWallet(#[from] OtherWallet),
    /// The provider could not be asked.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The database could not be read.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Whether there is anything to compare with a provider's wallet: not before the first invoice.
///
/// # Errors
///
/// [`DbError`], when the database cannot be read.
pub async fn is_comparable(db: &Database) -> Result<bool, DbError> {
    Ok(node::find(&mut db.reader().await?).await?.is_some_and(|node| node.opening_msat.is_some()))
}

/// Compares the ledger with the provider's wallet; `None` before the first invoice, when there is nothing to compare.
///
/// # Errors
///
/// [`ReconcileError`], when one of the two cannot be read.
pub async fn reconcile(
    db: &Database,
    backend: &dyn LightningBackend,
) -> Result<Option<Reconciliation>, ReconcileError> {
    let (found, wallet, opening_msat, pending) = {
        let mut tx = db.snapshot().await?;
        let Some(node::Node { wallet, opening_msat: Some(opening_msat), .. }) = node::find(&mut tx).await?
        else {
            return Ok(None);
        };
        let (found, _expected) = clearing(&mut tx).await?;
        let pending = withdrawal::list_pending(&mut tx, IN_FLIGHT_MAX).await?;
        tx.rollback().await?;
        (found, wallet, opening_msat, pending)
    };
    if let Some(known) = wallet {
        let configured = backend.wallet_id().await?;
        if configured.as_ref() != Some(&known) {
            return Err(OtherWallet { known, configured }.into());
        }
    }
    let wallet_msat = backend.wallet_balance().await?;
    Ok(Some(Reconciliation {
        owed_msat: found.saturating_neg(),
        opening_msat,
        wallet_msat,
        in_flight: pending.len(),
        in_flight_msat: pending
            .iter()
            .fold(0, |sum: u64, row| sum.saturating_add(row.amount_msat).saturating_add(row.fee_cap_msat)),
    }))
}

#[cfg(test)]
mod tests {
    use super::Reconciliation;

    #[test]
    fn only_what_flight_cannot_explain_is_missing() {
        let with = |wallet_msat| Reconciliation {
            owed_msat: 1_000,
            opening_msat: 500,
            wallet_msat,
            in_flight: 1,
            in_flight_msat: 300,
        };
        assert_eq!(with(1_500).surplus_msat(), 0);
        assert!(!with(1_500).is_short() && !with(1_200).is_short() && !with(9_000).is_short());
        assert!(with(1_199).is_short());
    }
}
