//! Signing in with a Nostr key, over HTTP.

mod challenge;
mod cookie;
mod race;
mod refusal;
mod session;
mod time;
