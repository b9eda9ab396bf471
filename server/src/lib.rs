//! The Postfun server: sign-in, ledger and pools behind one HTTP API.

pub mod clock;
pub mod config;
pub mod http;
pub mod id;
