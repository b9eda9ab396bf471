//! The command line: what the operator asks for, and the exit codes.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::audit;
use crate::clock::{Clock, SystemClock};
use crate::config::{ConfigError, DatabaseUrl};
use crate::db::{Database, Missing, Pending};
use crate::http::openapi;
use crate::id::{Entropy, OsEntropy};
use crate::lightning::{self, Provider};

mod admin;
mod beta;
mod out;
mod privy;
mod secrets;
mod serve;
mod settings;
mod withdrawal;

use settings::Settings;

/// What every command may fail with; it is printed as a sentence with its causes.
type CommandError = Box<dyn Error + Send + Sync>;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the command failed
  2  the command line or a setting cannot be used
  3  audit or openapi --check found a difference
  4  audit found none, but could not compare the ledger with the Lightning provider's wallet; see --offline
";

/// Postfun: sign in with a key you hold, keep tokens in a ledger, swap in pools.
#[derive(Debug, Parser)]
#[command(name = "postfun", version, after_help = EXIT_CODES, after_long_help = long_help())]
struct Cli {
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "Settings file; else the one in POSTFUN_CONFIG, else ./postfun.toml where there is one"
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests; what happens without a command
    Serve,
    /// Bring the database's schema up to date
    Migrate,
    /// Make administrators, or list them
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Make keys to the private beta, or list those that are unused
    #[command(subcommand)]
    Beta(beta::BetaCommand),
    /// List the withdrawals whose fate nobody knows, or say what became of one
    #[command(subcommand)]
    Withdrawal(withdrawal::WithdrawalCommand),
    /// Check tokens of Privy
    #[command(subcommand)]
    Privy(privy::PrivyCommand),
    /// Print strong secrets for an environment file
    Secrets,
    /// Recompute balances, holds and pools from their entries and events, and compare with the Lightning provider's wallet
    Audit {
        /// Leave the Lightning provider's wallet out
        #[arg(long)]
        offline: bool,
    },
    /// Write a consistent copy of an SQLite database to a new file
    Backup {
        /// The file to write
        path: PathBuf,
    },
    /// Print the API document
    Openapi {
        /// Compare with this file instead of printing
        #[arg(long, value_name = "FILE")]
        check: Option<PathBuf>,
    },
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Different,
    /// Nothing differs as far as could be seen.
    Incomplete,
}

fn long_help() -> String {
    format!("{EXIT_CODES}\n{}", crate::config::key::help())
}

/// Runs the command that the arguments name, and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version arrive here too; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match execute(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Different) => ExitCode::from(3),
        Ok(Outcome::Incomplete) => ExitCode::from(4),
        Err(error) => {
            out::complain(&sentence(error.as_ref()));
            ExitCode::from(if error.is::<ConfigError>() { 2 } else { 1 })
        }
    }
}

/// Joins an error and its causes to one line, leaving out a cause that its effect repeats.
fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {more}");
        }
        cause = error.source();
    }
    text
}

fn execute(cli: Cli) -> Result<Outcome, CommandError> {
    let command = cli.command.unwrap_or(Command::Serve);
    if let Command::Openapi { check } = &command {
        return openapi(check.as_ref());
    }
    if let Command::Secrets = &command {
        out::text(&secrets::text(&OsEntropy))?;
        return Ok(Outcome::Done);
    }
    let settings = Settings::read(cli.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve => Box::pin(serve::run(&settings)).await,
            Command::Migrate => migrate(&settings).await,
            Command::Admin(command) => admin::run(&settings, command).await,
            Command::Beta(command) => beta::run(&settings, command).await,
            Command::Withdrawal(command) => withdrawal::run(&settings, command).await,
            Command::Audit { offline } => audit(&settings, offline).await,
            Command::Backup { path } => backup(&settings, path).await,
            Command::Privy(command) => privy::run(&settings, command).await,
            Command::Openapi { check } => openapi(check.as_ref()),
            Command::Secrets => Ok(Outcome::Done),
        }
    })
}

/// Opens the database, made when missing, with its schema up to date.
async fn open_database(settings: &Settings) -> Result<Database, CommandError> {
    let (url, limits) = settings.database()?;
    let db = Database::connect(&url, limits, Missing::Create).await?;
    db.migrate().await?;
    Ok(db)
}

/// Opens the database as it is, for commands that only look at it.
async fn open_existing_database(settings: &Settings) -> Result<Database, CommandError> {
    let (url, limits) = settings.database()?;
    if let DatabaseUrl::Sqlite(path) = &url
        && !path.is_file()
    {
        let complaint = "does not exist; POSTFUN_DATA_DIR or DATABASE_URL says where the database is";
        return Err(ConfigError::new(path.display().to_string(), complaint).into());
    }
    Ok(Database::connect(&url, limits, Missing::Refuse).await?)
}

async fn migrate(settings: &Settings) -> Result<Outcome, CommandError> {
    let db = open_database(settings).await?;
    let applied = db.migrations().await?.applied;
    out::line(&format!("The {} database is up to date: {applied} migrations.", db.kind()))?;
    db.close().await;
    Ok(Outcome::Done)
}

async fn audit(settings: &Settings, is_offline: bool) -> Result<Outcome, CommandError> {
    let db = open_existing_database(settings).await?;
    let Pending { applied, known } = db.migrations().await?;
    if applied != known {
        let message = format!(
            "the database has {applied} migrations and this program {known}; run `postfun migrate`, or the program that \
             wrote the database"
        );
        return Err(message.into());
    }
    let report = audit::run(&db).await?;
    out::line(&report.to_string())?;
    let wallet = if is_offline { Outcome::Done } else { audit_wallet(settings, &db).await? };
    db.close().await;
    Ok(if report.is_clean() { wallet } else { Outcome::Different })
}

/// Compares the ledger with the wallet of the configured Lightning provider, once it has held sats of users.
async fn audit_wallet(settings: &Settings, db: &Database) -> Result<Outcome, CommandError> {
    if !lightning::is_comparable(db).await? {
        return Ok(Outcome::Done);
    }
    let not_compared = |why: &str| {
        out::line(&format!("lightning: the wallet was NOT compared with the ledger: {why}"))?;
        Ok(Outcome::Incomplete)
    };
    // The audit of the books needs less than a whole configuration, so one that cannot be used does not stop it.
    let config = match settings.load() {
        Ok(config) => config,
        Err(error) => return not_compared(&sentence(&error)),
    };
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let provider = Provider::connect(&config, db, &clock, &entropy)?;
    let Some(backend) = provider.backend else { return not_compared("no Lightning provider is configured") };
    match lightning::reconcile(db, backend.as_ref()).await {
        Ok(Some(reconciliation)) => {
            out::line(&reconciliation.to_string())?;
            Ok(if reconciliation.is_short() { Outcome::Different } else { Outcome::Done })
        }
        Ok(None) => Ok(Outcome::Done),
        Err(error) => not_compared(&sentence(&error)),
    }
}

/// Copies without migrating, because the time for a copy is before a migration.
async fn backup(settings: &Settings, path: PathBuf) -> Result<Outcome, CommandError> {
    let db = open_existing_database(settings).await?;
    db.backup_to(&path).await?;
    out::line(&format!("The copy is in {}.", path.display()))?;
    db.close().await;
    Ok(Outcome::Done)
}

fn openapi(check: Option<&PathBuf>) -> Result<Outcome, CommandError> {
    let document = openapi::document_text()?;
    let Some(path) = check else {
        out::text(&document)?;
        return Ok(Outcome::Done);
    };
    let known = fs::read_to_string(path).map_err(|error| {
        format!("{} cannot be read ({error}); write it with `postfun openapi`", path.display())
    })?;
    if known == document {
        return Ok(Outcome::Done);
    }
    let line = known.lines().zip(document.lines()).take_while(|(old, new)| old == new).count() + 1;
    out::complain(&format!(
        "{} is out of date from line {line}; write it anew with `postfun openapi`",
        path.display()
    ));
    Ok(Outcome::Different)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, Command, sentence};

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_readme_is_understood() {
        for line in [
            "postfun",
            "postfun serve",
            "postfun --config x.toml serve",
            "postfun serve --config x.toml",
            "postfun migrate",
            "postfun admin grant npub1x --reason first",
            "postfun admin revoke 7",
            "postfun admin list",
            "postfun beta keys 10",
            "postfun beta keys 1 --reason launch",
            "postfun beta unused",
            "postfun withdrawal list",
            "postfun withdrawal paid 0192f0c1-2b6d-7c3a-9d2e-0a1b2c3d4e5f --fee-msat 1000 --reason seen",
            "postfun withdrawal not-paid 0192f0c1-2b6d-7c3a-9d2e-0a1b2c3d4e5f --reason seen",
            "postfun audit",
            "postfun audit --offline",
            "postfun backup copy.db",
            "postfun openapi",
            "postfun secrets",
            "postfun privy verify",
            "postfun privy verify a.b.c",
            "postfun openapi --check openapi.json",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in [
            "postfun admin",
            "postfun beta keys",
            "postfun beta keys 0",
            "postfun beta keys 101",
            "postfun withdrawal not-paid 7 --reason seen",
            "postfun withdrawal not-paid 0192f0c1-2b6d-7c3a-9d2e-0a1b2c3d4e5f",
            "postfun withdrawal paid 0192f0c1-2b6d-7c3a-9d2e-0a1b2c3d4e5f --reason seen",
            "postfun backup",
            "postfun fly",
            "postfun --verbose",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
        assert!(matches!(
            Cli::try_parse_from(["postfun", "audit"]).unwrap().command,
            Some(Command::Audit { offline: false })
        ));
    }

    #[test]
    fn help_names_settings_and_exit_codes() {
        let help = Cli::command().render_long_help().to_string();
        for part in ["POSTFUN_LISTEN", "DATABASE_URL", "Exit codes", "backup"] {
            assert!(help.contains(part), "{part}");
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the outside failed")]
    struct Outside(#[source] std::io::Error);

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = Outside(std::io::Error::other("the inside failed"));
        assert_eq!(sentence(&error), "the outside failed: the inside failed");
    }
}
