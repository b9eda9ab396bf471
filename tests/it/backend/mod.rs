//! The backends behind the Lightning port.

mod contract;
mod faults;
mod simulated;
mod webhook;
