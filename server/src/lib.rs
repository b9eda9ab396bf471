//! The Postfun server: sign-in, ledger and pools behind one HTTP API.
//!
//! | Module | Subject |
//! |---|---|
//! | [`app`] | the services put together, and the router over them |
//! | [`config`] | settings from the environment and a file |
//! | [`db`] | SQLite and PostgreSQL behind one text for each statement |
//! | [`http`] | what every route shares: errors, extractors, limits |
//! | [`ledger`] | accounts, postings, holds, tokens |
//! | [`identity`], [`session`], [`signin`] | users and their keys, tokens, proofs |
//! | [`link`] | giving a user one more key, and taking one away |
//! | [`activity`] | what users did and what was done to their accounts |
//! | [`privy`] | what Privy says about a user, checked |
//! | [`users`] | users as seed 004 sees them: signing in with Privy, profiles |
//! | [`notify`] | what users want to be told, by which channel and when |
//! | [`beta`] | keys to a private beta |
//! | [`amm`] | pools and swaps |
//! | [`events`] | what happens to a user, for whoever must be told |
//! | [`lightning`] | sats that come and go over Lightning |
//! | [`admin`], [`audit`], [`ops`] | administrators, `postfun audit`, health and metrics |
//! | `demo` | the demo's pool and starter tokens |
//! | [`jobs`] | what runs by itself, led by one process each |
//! | [`cli`], [`telemetry`] | the command line; logs and measurements |
//! | [`clock`], [`id`] | time and randomness, passed in |
//! | [`keys`] | keys for one purpose each, derived from the configured secret |

pub mod activity;
pub mod admin;
pub mod amm;
pub mod app;
pub mod audit;
pub mod beta;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
mod demo;
pub mod events;
mod fault;
pub mod http;
pub mod id;
pub mod identity;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod lightning;
pub mod link;
pub mod notify;
pub mod ops;
pub mod privy;
pub mod session;
pub mod signin;
pub mod telemetry;
mod tls;
pub mod users;

/// Every statement that the server holds as a constant, as (place, text); a test prepares each on both engines.
#[must_use]
pub fn statements() -> Vec<(String, &'static str)> {
    let repositories = [
        ("activity", activity::repo::STATEMENTS),
        ("admin", admin::repo::STATEMENTS),
        ("amm", amm::repo::STATEMENTS),
        ("amm::audit", amm::audit::STATEMENTS),
        ("amm::checkpoint", amm::checkpoint::STATEMENTS),
        ("beta", beta::repo::STATEMENTS),
        ("events", events::repo::STATEMENTS),
        ("events::audit", events::audit::STATEMENTS),
        ("http::idempotency", http::idempotency::STATEMENTS),
        ("identity", identity::repo::STATEMENTS),
        ("jobs", jobs::repo::STATEMENTS),
        ("ledger", ledger::repo::STATEMENTS),
        ("ledger::audit", ledger::audit::STATEMENTS),
        ("lightning::audit", lightning::audit::STATEMENTS),
        ("lightning::invoice", lightning::repo::invoice::STATEMENTS),
        ("lightning::node", lightning::repo::node::STATEMENTS),
        ("lightning::simulated", lightning::simulated::repo::STATEMENTS),
        ("lightning::withdrawal", lightning::repo::withdrawal::STATEMENTS),
        ("notify", notify::repo::STATEMENTS),
        ("session", session::repo::STATEMENTS),
        ("session::caller", session::repo::caller::STATEMENTS),
        ("session::ending", session::repo::ending::STATEMENTS),
        ("signin", signin::repo::STATEMENTS),
        ("users", users::repo::STATEMENTS),
    ];
    repositories
        .into_iter()
        .flat_map(|(place, list)| list.iter().map(move |(name, text)| (format!("{place}::{name}"), *text)))
        .collect()
}
