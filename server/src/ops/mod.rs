//! What operators and monitors ask: is it alive, can it serve, how is it set up, how fast is it.

mod http;
pub mod metrics;
mod process;

pub(crate) use http::routes;
