//! Pools and swaps, over HTTP.

mod head;
mod history;
mod idempotency;
mod lane;
mod limits;
mod log;
mod memory;
mod plan;
mod pool;
mod quote;
mod race;
mod stream;
mod swap;
mod tamper;
