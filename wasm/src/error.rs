//! Every refusal of the core as the package's one error class.

use core::fmt::Display;

use postfun_core::amm::{CheckpointError, PoolError, QuoteError, ReplayError};
use postfun_core::amount::AmountError;
use postfun_core::encoding::hex::HexError;
use postfun_core::nostr::{EventError, LoginError, NpubError};
use postfun_core::signature::SignatureError;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(raw_module = "./error.js")]
extern "C" {
    /// The package's error class, defined in JavaScript so that both sides throw the same one.
    #[derive(Debug)]
    pub type CoreError;

    #[wasm_bindgen(constructor)]
    fn new(code: &str, message: &str) -> CoreError;

    #[wasm_bindgen(constructor)]
    fn at(code: &str, message: &str, seq: f64) -> CoreError;
}

/// Makes an error of a code and of what the core says about it.
pub(crate) fn refusal(code: &str, message: &impl Display) -> CoreError {
    CoreError::new(code, &message.to_string())
}

macro_rules! refusals {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for CoreError {
            fn from(error: $error) -> Self {
                refusal(error.code(), &error)
            }
        })+

        /// Returns every code that the core refuses with, for the test that compares them with the declarations.
        #[cfg(feature = "main")]
        #[wasm_bindgen(js_name = errorCodes)]
        #[must_use]
        pub fn error_codes() -> Vec<String> {
            let lists: &[&[&str]] = &[$(&<$error>::CODES),+, &ReplayError::CODES];
            lists.concat().into_iter().map(str::to_owned).collect()
        }
    };
}

refusals!(
    AmountError,
    PoolError,
    CheckpointError,
    QuoteError,
    HexError,
    SignatureError,
    NpubError,
    EventError,
    LoginError
);

impl From<ReplayError> for CoreError {
    fn from(error: ReplayError) -> Self {
        // A history of 2^53 events does not fit any memory.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let seq = error.seq() as f64;
        Self::at(error.code(), &error.to_string(), seq)
    }
}
