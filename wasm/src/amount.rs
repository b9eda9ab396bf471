//! Decimal text of amounts.

use postfun_core::amount::{self, Decimals, Units};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::CoreError;

/// Reads a decimal number of tokens as base units; see [`amount::parse`].
///
/// # Errors
///
/// The codes of [`amount::AmountError`].
#[wasm_bindgen(js_name = parseAmount)]
pub fn parse_amount(text: &str, decimals: u8) -> Result<u64, CoreError> {
    Ok(amount::parse(text, Decimals::new(decimals)?)?.get())
}

/// Writes base units as a decimal number of tokens; see [`amount::format`].
///
/// # Errors
///
/// The codes of [`amount::AmountError`].
#[wasm_bindgen(js_name = formatAmount)]
pub fn format_amount(units: u64, decimals: u8) -> Result<String, CoreError> {
    Ok(amount::format(Units::new(units)?, Decimals::new(decimals)?))
}
