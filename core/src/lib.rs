//! The rules of Postfun that the server and every browser run: amounts, the AMM, Nostr sign-in.
//!
//! The crate does no I/O, reads no clock, draws no randomness and holds no floats; whatever it needs of the
//! outside is an argument. It is unconditionally `no_std` and needs only `alloc`.
//!
//! # Units
//!
//! Every amount is a whole number of **base units** of one token ([`amount::Units`]); a token's
//! [`amount::Decimals`] say how many of them make one. Times are seconds since the Unix epoch unless the name
//! ends in `_ms`. Fees and slippages are basis points (`_bps`), price impacts parts per million (`_ppm`).
//!
//! # Map
//!
//! | Module | Subject |
//! |---|---|
//! | [`amount`] | base units and their decimal text |
//! | [`rounding`] | the two multiplications-with-division that everything else uses |
//! | [`amm`] | pools, quotes, stages and burns, the hash chain of a pool's events, replay |
//! | [`bolt11`] | Lightning invoices: read, checked, written |
//! | [`challenge`] | what a challenge is answered for, and the hash of what that is about |
//! | [`nostr`] | events (NIP-01), `npub` (NIP-19), the sign-in event |
//! | [`signature`] | BIP-340 Schnorr signatures |
//! | [`wallet`] | addresses on other chains |
//! | [`encoding`] | hexadecimal and JSON, read strictly |
#![no_std]
#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::string_slice
)]

extern crate alloc;

pub mod amm;
pub mod amount;
pub mod bolt11;
pub mod challenge;
mod digest;
pub mod encoding;
pub mod nostr;
pub mod rounding;
pub mod signature;
pub mod wallet;
