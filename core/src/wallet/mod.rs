//! Addresses of wallets on other chains.

pub mod evm;
