//! Lightning invoices: a module of its own, because most visits need none.

use postfun_core::bolt11::{self, Bolt11Error, Invoice, Network, PayRefusal};
use postfun_core::encoding::hex;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{CoreError, refusal};

impl From<Bolt11Error> for CoreError {
    fn from(error: Bolt11Error) -> Self {
        refusal(error.code(), &error)
    }
}

impl From<PayRefusal> for CoreError {
    fn from(refused: PayRefusal) -> Self {
        refusal(refused.code(), &refused)
    }
}

/// Returns every code that this module refuses with, for the test that compares them with the declarations.
#[wasm_bindgen(js_name = invoiceErrorCodes)]
#[must_use]
pub fn invoice_error_codes() -> Vec<String> {
    let lists: [&[&str]; 2] = [&Bolt11Error::CODES, &PayRefusal::CODES];
    lists.concat().into_iter().map(str::to_owned).collect()
}

/// An invoice that was read.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawInvoice(Invoice);

/// Reads an invoice; see [`Invoice::decode`].
///
/// # Errors
///
/// The codes of [`Bolt11Error`].
#[wasm_bindgen(js_name = decodeInvoice)]
pub fn decode_invoice(text: &str) -> Result<RawInvoice, CoreError> {
    Ok(RawInvoice(Invoice::decode(text)?))
}

/// Returns the most that the fee of a withdrawal may be, in msat; see [`bolt11::fee_cap_msat`]. The caller checks both
/// numbers, which would wrap.
#[wasm_bindgen(js_name = feeCapMsat)]
#[must_use]
pub fn fee_cap_msat(amount_msat: u64, fee_sats_max: Option<u64>) -> u64 {
    bolt11::fee_cap_msat(amount_msat, fee_sats_max)
}

#[wasm_bindgen]
impl RawInvoice {
    /// Returns the name of the network.
    #[must_use]
    pub fn network(&self) -> String {
        self.0.network.as_str().to_owned()
    }

    /// Returns the amount in millisatoshis.
    #[wasm_bindgen(js_name = amountMsat)]
    #[must_use]
    pub fn amount_msat(&self) -> Option<u64> {
        self.0.amount_msat
    }

    /// Returns when it was made, how long it is good, when it expires, and the last time lock.
    #[must_use]
    pub fn numbers(&self) -> Vec<u64> {
        let Invoice { timestamp_s, expires_in_s, min_final_cltv, .. } = self.0;
        vec![timestamp_s, expires_in_s, self.0.expires_at_s(), min_final_cltv]
    }

    /// Returns the payment hash in hexadecimal.
    #[wasm_bindgen(js_name = paymentHash)]
    #[must_use]
    pub fn payment_hash(&self) -> String {
        hex::encode_lower(&self.0.payment_hash)
    }

    /// Returns the payment secret in hexadecimal.
    #[wasm_bindgen(js_name = paymentSecret)]
    #[must_use]
    pub fn payment_secret(&self) -> Option<String> {
        self.0.payment_secret.map(|secret| hex::encode_lower(&secret))
    }

    /// Returns the description.
    #[must_use]
    pub fn description(&self) -> Option<String> {
        self.0.description.clone()
    }

    /// Returns the hash of the description in hexadecimal.
    #[wasm_bindgen(js_name = descriptionHash)]
    #[must_use]
    pub fn description_hash(&self) -> Option<String> {
        self.0.description_hash.map(|hash| hex::encode_lower(&hash))
    }

    /// Returns the payee's public key in hexadecimal.
    #[must_use]
    pub fn payee(&self) -> String {
        hex::encode_lower(&self.0.payee)
    }

    /// Checks that the invoice may be paid; see [`bolt11::check_payable`].
    ///
    /// # Errors
    ///
    /// The codes of [`PayRefusal`]; `invalid_argument` for a network that there is none of.
    #[wasm_bindgen(js_name = checkPayable)]
    pub fn check_payable(&self, network: &str, amount_sats: u64, now_s: u64) -> Result<(), CoreError> {
        let expected = Network::parse(network)
            .ok_or_else(|| refusal("invalid_argument", &"network must be the name of a network"))?;
        Ok(bolt11::check_payable(&self.0, expected, amount_sats, now_s)?)
    }
}
