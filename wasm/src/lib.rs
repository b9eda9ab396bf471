//! Conversions between JavaScript and [`postfun_core`]: no rule of money or cryptography stands here.
//!
//! The exports are raw. The package's hand-written entry (`js/index.js`) checks every argument before it calls them,
//! because a 64-bit parameter of a WebAssembly function wraps whatever JavaScript gives it, and names the fields
//! of what comes back.
//!
//! # Map
//!
//! | Module | Subject |
//! |---|---|
//! | [`error`] | every refusal of the core as the package's `CoreError`; the list of codes |
//! | [`amount`] | decimal text |
//! | [`amm`] | pools and quotes |
//! | [`bolt11`] | Lightning invoices, in a second module |
//! | [`replay`] | a pool's history |
//! | [`nostr`] | events, `npub`, sign-in |
//! | [`signature`] | keys |

#![expect(unexpected_cfgs, reason = "cpubits is a flag of the crate that k256 counts its machine words with")]

#[cfg(feature = "main")]
pub mod amm;
#[cfg(feature = "main")]
pub mod amount;
#[cfg(feature = "bolt11")]
pub mod bolt11;
pub mod error;
#[cfg(feature = "main")]
pub mod nostr;
#[cfg(feature = "main")]
pub mod replay;
#[cfg(feature = "main")]
pub mod signature;

#[cfg(feature = "main")]
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(all(target_family = "wasm", not(cpubits = "32")))]
compile_error!(
    "the flag in .cargo/config.toml is lost, with which a signature is checked 2.6 times as fast: unset RUSTFLAGS, \
     which replaces it"
);

/// Returns the version of the package, the same as the server's.
#[cfg(feature = "main")]
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
