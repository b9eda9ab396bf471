//! `postfun audit`: recomputes everything that money depends on and names each difference.

use std::fmt;

use crate::db::{Database, DbError, Tx, on_backend};
use crate::{amm, events, ledger, lightning};

/// Findings of one kind that are reported; more of the same say nothing new.
pub(crate) const FINDINGS_MAX: i64 = 20;

/// A difference between what stands in the database and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub what: &'static str,
    /// With which posting, account, asset or pool.
    pub subject: String,
    /// What stands there.
    pub found: String,
    /// What must stand there.
    pub expected: String,
}

/// The outcome of an audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Every difference.
    pub findings: Vec<Finding>,
    /// How many accounts were recomputed.
    pub accounts: i64,
    /// How many entries were added up.
    pub entries: i64,
    /// How many Lightning invoices were compared with their postings.
    pub invoices: i64,
    /// How many Lightning withdrawals were.
    pub withdrawals: i64,
    /// How many pools were replayed.
    pub pools: u64,
    /// How many pool events were replayed.
    pub pool_events: u64,
    /// How many checkpoints were compared.
    pub checkpoints: u64,
    /// How many events of users were counted.
    pub user_events: i64,
}

impl Report {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, subject, found, expected } = self;
        write!(formatter, "{what}: {subject} has {found}, must be {expected}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(formatter, "{finding}")?;
        }
        let Self {
            accounts,
            entries,
            pools,
            pool_events,
            checkpoints,
            user_events,
            invoices,
            withdrawals,
            ..
        } = self;
        write!(
            formatter,
            "audited {accounts} accounts, {entries} entries, {pools} pools, {pool_events} pool events, {checkpoints} checkpoints, \
             {invoices} invoices, {withdrawals} withdrawals, {user_events} user events: "
        )?;
        match self.findings.len() {
            0 => write!(formatter, "clean"),
            count => write!(formatter, "{count} differences"),
        }
    }
}

/// Runs statements of which each lists what is wrong: the subject, what was found and what was expected.
///
/// # Errors
///
/// [`DbError`] when the database cannot be read.
pub(crate) async fn find(
    tx: &mut Tx,
    checks: &[(&'static str, &'static str)],
) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::new();
    for (what, statement) in checks {
        let rows: Vec<(String, i64, i64)> =
            on_backend!(tx, |c, DB| sqlx::query_as::<DB, (String, i64, i64)>(*statement)
                .bind(FINDINGS_MAX)
                .fetch_all(c)
                .await)?;
        findings.extend(rows.into_iter().map(|(subject, found, expected)| Finding {
            what,
            subject,
            found: found.to_string(),
            expected: expected.to_string(),
        }));
    }
    Ok(findings)
}

/// Audits the whole database as it is at one moment; the server may keep running.
///
/// # Errors
///
/// [`DbError`] when the database cannot be read; differences are in the report.
pub async fn run(db: &Database) -> Result<Report, DbError> {
    let mut tx = db.snapshot().await?;
    let mut report = Report::default();
    (report.accounts, report.entries) = ledger::audit::count(&mut tx).await?;
    report.findings.extend(ledger::audit::run(&mut tx).await?);
    amm::audit::run(&mut tx, &mut report).await?;
    (report.invoices, report.withdrawals) = lightning::audit::count(&mut tx).await?;
    report.findings.extend(lightning::audit::run(&mut tx).await?);
    report.user_events = events::audit::count(&mut tx).await?;
    report.findings.extend(events::audit::run(&mut tx).await?);
    tx.rollback().await?;
    Ok(report)
}
