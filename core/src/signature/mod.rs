//! Signatures: who made these bytes?
//!
//! | Module | Scheme |
//! |---|---|
//! | [`schnorr`] | BIP-340 over secp256k1, the scheme of Nostr |
//!
//! Nothing here draws randomness: whoever signs brings it along.

mod error;
pub mod schnorr;

pub use error::SignatureError;
