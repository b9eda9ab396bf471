//! `postfun beta`: keys to the private beta, one a line, to be handed out.

use std::sync::Arc;

use clap::Subcommand;

use super::admin::ACTOR;
use super::settings::Settings;
use super::{CommandError, OsEntropy, Outcome, open_database, out};
use crate::beta::{Beta, Selection, UNUSED_MAX};
use crate::clock::SystemClock;

#[derive(Debug, Subcommand)]
pub(super) enum BetaCommand {
    /// Make keys and print them
    Keys {
        /// How many, 1 to 100
        #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
        count: u8,
        /// Why, for the record
        #[arg(long)]
        reason: Option<String>,
    },
    /// Print the keys that nobody has redeemed
    Unused,
}

pub(super) async fn run(settings: &Settings, command: BetaCommand) -> Result<Outcome, CommandError> {
    let db = open_database(settings).await?;
    let beta = Beta::new(db.clone(), Arc::new(SystemClock), Arc::new(OsEntropy), None);
    let keys = match command {
        BetaCommand::Keys { count, reason } => beta.make_keys(ACTOR, count.into(), reason.as_deref()).await?,
        BetaCommand::Unused => beta.list(Selection::Unused, UNUSED_MAX, 0).await?.users,
    };
    for user in &keys {
        out::line(user.key.expose())?;
    }
    db.close().await;
    Ok(Outcome::Done)
}
