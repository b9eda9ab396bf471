//! `postfun admin`: who may administer.

use clap::Subcommand;

use super::settings::Settings;
use super::{CommandError, OsEntropy, Outcome, open_database, out};
use crate::admin::{Admins, Change};
use crate::clock::SystemClock;
use crate::config::ConfigError;
use crate::identity::{User, UserRef};

/// The name under which the command line stands in the record of administrators' actions.
pub(super) const ACTOR: &str = "cli";

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Make a user an administrator; a key that was never seen becomes one when it first signs in
    Grant {
        /// npub, hexadecimal key or user number
        user: String,
        /// Why, for the record
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take the role away
    Revoke {
        /// npub, hexadecimal key or user number
        user: String,
        /// Why, for the record
        #[arg(long)]
        reason: Option<String>,
    },
    /// List administrators and invited keys
    List,
}

pub(super) async fn run(settings: &Settings, command: AdminCommand) -> Result<Outcome, CommandError> {
    let db = open_database(settings).await?;
    let (clock, entropy) = (SystemClock, OsEntropy);
    let admins = Admins::new(&db, &clock, &entropy);
    match command {
        AdminCommand::Grant { user, reason } => {
            let change = admins.grant(&reference(&user)?, ACTOR, reason.as_deref()).await?;
            out::line(&match change {
                Change::Changed(user) => format!("{} is an administrator now.", name(&user)),
                Change::Invitation(key) => format!("{key} becomes an administrator when it first signs in."),
                Change::Unchanged => {
                    "Nothing to do: that is an administrator or an invited key already.".to_owned()
                }
            })?;
        }
        AdminCommand::Revoke { user, reason } => {
            let change = admins.revoke(&reference(&user)?, ACTOR, reason.as_deref()).await?;
            out::line(&match change {
                Change::Changed(user) => format!("{} is no administrator any more.", name(&user)),
                Change::Invitation(key) => format!("{key} is not invited any more."),
                Change::Unchanged => {
                    "Nothing to do: that is neither an administrator nor an invited key.".to_owned()
                }
            })?;
        }
        AdminCommand::List => list(&admins).await?,
    }
    db.close().await;
    Ok(Outcome::Done)
}

async fn list(admins: &Admins<'_>) -> Result<(), CommandError> {
    let (users, invited) = admins.list().await?;
    for user in &users {
        out::line(&name(user))?;
    }
    for key in &invited {
        out::line(&format!("invited: {key}"))?;
    }
    if users.is_empty() && invited.is_empty() {
        out::line("There is no administrator; make one with `postfun admin grant <npub>`.")?;
    }
    Ok(())
}

fn reference(text: &str) -> Result<UserRef, ConfigError> {
    text.parse().map_err(|error| ConfigError::new(format!("\"{text}\""), format!("names nobody: {error}")))
}

fn name(user: &User) -> String {
    let key = user.nostr_pubkey.as_deref().unwrap_or("no Nostr key");
    format!("User {} ({key})", user.number)
}
