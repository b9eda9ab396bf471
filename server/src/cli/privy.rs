//! `postfun privy`: does a token count?

use std::sync::Arc;

use clap::Subcommand;

use super::settings::Settings;
use super::{CommandError, Outcome, out};
use crate::clock::{Clock, SystemClock};
use crate::config::{ConfigError, PrivyConfig};
use crate::http::time::iso_millis;
use crate::privy::{Privy, PrivyError};

/// Where the token may stand in place of the command line, which other users of the machine can read.
const TOKEN: &str = "PRIVY_TOKEN";

#[derive(Debug, Subcommand)]
pub(super) enum PrivyCommand {
    /// Check an access token as signing in does, and show whom it stands for
    Verify {
        /// The token; else the one in `PRIVY_TOKEN`
        token: Option<String>,
    },
}

pub(super) async fn run(settings: &Settings, command: PrivyCommand) -> Result<Outcome, CommandError> {
    let PrivyCommand::Verify { token } = command;
    let config = settings
        .privy()?
        .ok_or_else(|| ConfigError::new("PRIVY_APP_ID", "is not set; Privy's dashboard shows it"))?;
    let token = token.or_else(|| settings.foreign(TOKEN).map(str::to_owned));
    let token = token.ok_or_else(|| ConfigError::new(TOKEN, "is not set, and no token was given"))?;
    out::line(&verdict(&config, Arc::new(SystemClock), &token).await?)?;
    Ok(Outcome::Done)
}

async fn verdict(config: &PrivyConfig, clock: Arc<dyn Clock>, token: &str) -> Result<String, CommandError> {
    let access = Privy::new(Some(config), &clock)?.verify(token.trim()).await.map_err(|error| {
        let is_lost = error == PrivyError::Unreachable;
        let advice = if is_lost { "; set PRIVY_VERIFICATION_KEY to check without asking Privy" } else { "" };
        format!("{error}{advice}")
    })?;
    let time = |seconds: i64| iso_millis(seconds.saturating_mul(1_000));
    let (from, until) = (time(access.issued_at_s), time(access.expires_at_s));
    Ok(format!("The token is valid: {}, made {from}, good until {until}.", access.did))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::Value;

    use super::verdict;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn a_good_token_is_shown_and_another_refused_with_a_reason() {
        let file: Value =
            serde_json::from_str(include_str!("../../../tests/vectors/privy_tokens.json")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let env = BTreeMap::from([
            ("PRIVY_APP_ID".to_owned(), text(&file["app_id"])),
            ("PRIVY_VERIFICATION_KEY".to_owned(), text(&file["verification_key"])),
        ]);
        let config = crate::config::privy_alone(&env, None).unwrap().unwrap();
        for case in file["access"].as_array().unwrap() {
            let clock = Arc::new(ManualClock::new(file["now_s"].as_i64().unwrap() * 1_000));
            let shown =
                verdict(&config, clock, &text(&case["token"])).await.map_err(|error| error.to_string());
            match (case["verdict"].as_str().unwrap(), shown) {
                ("ok", Ok(line)) => assert!(line.contains(&text(&file["did"])), "{line}"),
                ("expired", Err(line)) => assert!(line.contains("has expired"), "{line}"),
                ("invalid", Err(line)) => assert!(line.contains("no token of Privy"), "{line}"),
                (verdict, shown) => panic!("{}: {verdict} {shown:?}", case["name"]),
            }
        }
    }
}
