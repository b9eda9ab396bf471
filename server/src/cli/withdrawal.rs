//! `postfun withdrawal`: what the provider never decides, and an operator's word on it.

use std::sync::Arc;

use clap::Subcommand;
use uuid::Uuid;

use super::admin::ACTOR;
use super::settings::Settings;
use super::{CommandError, OsEntropy, Outcome, SystemClock, open_database, out};
use crate::clock::Clock;
use crate::db::Database;
use crate::events::Events;
use crate::http::time::iso_micros;
use crate::id::Entropy;
use crate::ledger::Ledger;
use crate::lightning::{
    self, Decided, Lightning, Provider, Terms, Verdict, Withdrawal, WithdrawalStatus, Word,
};

#[derive(Debug, Subcommand)]
pub(super) enum WithdrawalCommand {
    /// Print those that are not decided
    List,
    /// Say that one was paid, when the provider does not know it
    Paid {
        /// Its id
        id: Uuid,
        /// What the network took, in msat
        #[arg(long)]
        fee_msat: u64,
        /// How you know, for the record
        #[arg(long)]
        reason: String,
    },
    /// Say that one was not paid and never will be; its user gets everything back
    NotPaid {
        /// Its id
        id: Uuid,
        /// How you know, for the record
        #[arg(long)]
        reason: String,
    },
}

pub(super) async fn run(settings: &Settings, command: WithdrawalCommand) -> Result<Outcome, CommandError> {
    let db = open_database(settings).await?;
    match command {
        WithdrawalCommand::List => list(&db).await?,
        WithdrawalCommand::Paid { id, fee_msat, reason } => {
            decide(&service(settings, &db)?, id, Verdict::Paid { fee_msat }, &reason).await?;
        }
        WithdrawalCommand::NotPaid { id, reason } => {
            decide(&service(settings, &db)?, id, Verdict::NotPaid, &reason).await?;
        }
    }
    db.close().await;
    Ok(Outcome::Done)
}

fn service(settings: &Settings, db: &Database) -> Result<Lightning, CommandError> {
    let config = settings.load()?;
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let provider = Provider::connect(&config, db, &clock, &entropy)?;
    let events = Events::new(db.clone(), Arc::clone(&clock), entropy.as_ref());
    let ledger = Ledger::new(db.clone(), Arc::clone(&clock), Arc::clone(&entropy), events.clone());
    let terms = Terms::new(&config.lightning);
    let db = db.clone();
    Ok(Lightning::new(lightning::Parts {
        db,
        clock,
        entropy,
        ledger,
        events,
        backend: provider.backend,
        terms,
    }))
}

async fn list(db: &Database) -> Result<(), CommandError> {
    let undecided = lightning::undecided(db).await?;
    if undecided.is_empty() {
        out::line("Every withdrawal is decided.")?;
    }
    for withdrawal in &undecided {
        out::line(&line(withdrawal))?;
    }
    Ok(())
}

fn line(withdrawal: &Withdrawal) -> String {
    let Withdrawal { id, user_id, payment_hash, attempts, .. } = withdrawal;
    format!(
        "{id} {} since {}: {} sats of user {user_id}, invoice until {}, handed over {attempts} times, payment hash \
         {payment_hash}",
        withdrawal.step.as_str(),
        iso_micros(withdrawal.created_at_ms),
        withdrawal.amount_sats(),
        iso_micros(withdrawal.invoice_expires_at_ms),
    )
}

async fn decide(lightning: &Lightning, id: Uuid, verdict: Verdict, reason: &str) -> Result<(), CommandError> {
    let Decided { withdrawal, is_by_provider } =
        lightning.decide(id, Word { actor: ACTOR, verdict, reason }).await?;
    let end = match withdrawal.status {
        WithdrawalStatus::Confirmed => "is confirmed now",
        WithdrawalStatus::Failed | WithdrawalStatus::Pending => {
            "has failed now; its user got everything back"
        }
    };
    let by = if is_by_provider { "The provider knew after all: the" } else { "The" };
    Ok(out::line(&format!("{by} withdrawal of {} sats {end}.", withdrawal.amount_sats()))?)
}
