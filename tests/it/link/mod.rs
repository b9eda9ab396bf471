//! Users with several keys.

mod flow;
mod profile;
mod race;
mod refusal;
mod stale;
