//! What every route has in common: shapes, limits, and what it does with nonsense.

mod envelope;
mod limits;
mod nonsense;
mod ops;
mod stopping;
