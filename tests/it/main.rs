//! Everything that is tested from outside, in one binary: one link, one PostgreSQL server.
//!
//! Each story runs on both engines; `cargo test -p postfun-tests --test it -- sqlite` picks one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a broken assumption ends the test"
)]

mod access;
mod activity;
mod admin;
mod airdrop;
mod amm;
mod backend;
mod beta;
mod database;
mod demo;
mod drill;
mod events;
mod http;
mod jobs;
mod ledger;
mod lightning;
mod link;
mod notify;
mod process;
mod same_key;
mod session;
mod signin;
mod sweep;
mod tidy;
mod users;
