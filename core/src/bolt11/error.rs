//! Why a text is no invoice, and why an invoice is not paid.

use super::Network;

/// Why a text is no invoice, or a draft becomes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Bolt11Error {
    /// The text is too long to be read at all.
    #[error("the invoice has {bytes} bytes, more than the {max} allowed")]
    TooLong {
        /// The length of the text.
        bytes: usize,
        /// The longest there may be.
        max: usize,
    },
    /// The text is not bech32: another character, mixed case, or a wrong checksum.
    #[error("not an invoice: the text is incomplete or mistyped")]
    Malformed,
    /// The text is bech32, but begins with none of `lnbc`, `lntb`, `lntbs` and `lnbcrt`.
    #[error("not an invoice: the text begins with another name than lnbc, lntb, lntbs or lnbcrt")]
    Prefix,
    /// The amount is not a positive number without leading zeros, with at most one of `m`, `u`, `n` and `p` behind it.
    #[error("the invoice's amount is malformed")]
    AmountMalformed,
    /// The amount is not a whole number of millisatoshis.
    #[error("the invoice's amount is finer than a millisatoshi")]
    AmountPrecision,
    /// The amount is above 2^63 − 1 millisatoshis.
    #[error("the invoice's amount is out of range")]
    AmountOutOfRange,
    /// The data end before the signature, or within a field.
    #[error("the invoice is cut off")]
    Truncated,
    /// The signature is none of the payee's: malformed, of another key, or `s` is high beside a named payee.
    #[error("the invoice's signature is invalid")]
    Signature,
    /// A field that tells payments apart stands there twice, so that two readers could take it for two payments.
    #[error("the invoice has more than one field {field}")]
    FieldRepeated {
        /// The letter of the field.
        field: char,
    },
    /// There is no payment hash.
    #[error("the invoice has no payment hash")]
    PaymentHashMissing,
    /// There is no payment secret, without which no node pays.
    #[error("the invoice has no payment secret")]
    PaymentSecretMissing,
    /// There is neither a description nor the hash of one.
    #[error("the invoice has no description")]
    DescriptionMissing,
    /// There are both a description and the hash of one.
    #[error("the invoice has both a description and the hash of a description")]
    DescriptionAmbiguous,
    /// The description is not UTF-8.
    #[error("the invoice's description is not UTF-8")]
    DescriptionEncoding,
    /// The description does not fit its field.
    #[error("the description has {bytes} bytes, more than the {max} allowed")]
    DescriptionTooLong {
        /// The length of the description.
        bytes: usize,
        /// The longest there may be.
        max: usize,
    },
    /// A number is beyond 64 bits, or beyond the 35 bits of a timestamp.
    #[error("the invoice's {field} is out of range")]
    NumberOutOfRange {
        /// What the number says.
        field: &'static str,
    },
    /// The invoice asks for a feature that nobody here knows.
    #[error("the invoice needs feature {bit}, which is unknown")]
    FeatureUnknown {
        /// The number of the feature's bit, which is even.
        bit: usize,
    },
    /// The invoice names a feature, but not the one which that builds on.
    #[error("the invoice names feature {bit} without feature {needs}")]
    FeatureDependency {
        /// The even number of the feature's two.
        bit: usize,
        /// The even number of the one that is missing.
        needs: usize,
    },
}

impl Bolt11Error {
    /// Every code that [`Bolt11Error::code`] returns.
    pub const CODES: [&'static str; 18] = [
        "invoice_too_long",
        "invoice_malformed",
        "invoice_prefix",
        "invoice_amount_malformed",
        "invoice_amount_precision",
        "invoice_amount_out_of_range",
        "invoice_truncated",
        "invoice_signature_invalid",
        "invoice_field_repeated",
        "invoice_payment_hash_missing",
        "invoice_payment_secret_missing",
        "invoice_description_missing",
        "invoice_description_ambiguous",
        "invoice_description_encoding",
        "invoice_description_too_long",
        "invoice_number_out_of_range",
        "invoice_feature_unknown",
        "invoice_feature_dependency",
    ];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "invoice_too_long",
            Self::Malformed => "invoice_malformed",
            Self::Prefix => "invoice_prefix",
            Self::AmountMalformed => "invoice_amount_malformed",
            Self::AmountPrecision => "invoice_amount_precision",
            Self::AmountOutOfRange => "invoice_amount_out_of_range",
            Self::Truncated => "invoice_truncated",
            Self::Signature => "invoice_signature_invalid",
            Self::FieldRepeated { .. } => "invoice_field_repeated",
            Self::PaymentHashMissing => "invoice_payment_hash_missing",
            Self::PaymentSecretMissing => "invoice_payment_secret_missing",
            Self::DescriptionMissing => "invoice_description_missing",
            Self::DescriptionAmbiguous => "invoice_description_ambiguous",
            Self::DescriptionEncoding => "invoice_description_encoding",
            Self::DescriptionTooLong { .. } => "invoice_description_too_long",
            Self::NumberOutOfRange { .. } => "invoice_number_out_of_range",
            Self::FeatureUnknown { .. } => "invoice_feature_unknown",
            Self::FeatureDependency { .. } => "invoice_feature_dependency",
        }
    }
}

/// Why a genuine invoice is not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayRefusal {
    /// The invoice is for another network.
    #[error("the invoice is for {found}, and payments here go to {expected}")]
    NetworkMismatch {
        /// The network that payments go to.
        expected: Network,
        /// The network of the invoice.
        found: Network,
    },
    /// The invoice leaves the amount to the payer.
    #[error("the invoice names no amount: ask for one of exactly the amount you want to pay")]
    Amountless,
    /// The invoice asks for another amount.
    #[error("the invoice asks for {invoice_msat} msat, not for {amount_sats} sats")]
    AmountMismatch {
        /// What the invoice asks for.
        invoice_msat: u64,
        /// What is to be paid.
        amount_sats: u64,
    },
    /// The invoice is too old.
    #[error("the invoice expired: ask for a new one")]
    Expired {
        /// When it expired.
        expired_at_s: u64,
    },
}

impl PayRefusal {
    /// Every code that [`PayRefusal::code`] returns.
    pub const CODES: [&'static str; 4] =
        ["network_mismatch", "amountless_invoice", "amount_mismatch", "invoice_expired"];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NetworkMismatch { .. } => "network_mismatch",
            Self::Amountless => "amountless_invoice",
            Self::AmountMismatch { .. } => "amount_mismatch",
            Self::Expired { .. } => "invoice_expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_invoices_are_listed_once() {
        let errors = [
            Bolt11Error::TooLong { bytes: 2, max: 1 },
            Bolt11Error::Malformed,
            Bolt11Error::Prefix,
            Bolt11Error::AmountMalformed,
            Bolt11Error::AmountPrecision,
            Bolt11Error::AmountOutOfRange,
            Bolt11Error::Truncated,
            Bolt11Error::Signature,
            Bolt11Error::FieldRepeated { field: 'p' },
            Bolt11Error::PaymentHashMissing,
            Bolt11Error::PaymentSecretMissing,
            Bolt11Error::DescriptionMissing,
            Bolt11Error::DescriptionAmbiguous,
            Bolt11Error::DescriptionEncoding,
            Bolt11Error::DescriptionTooLong { bytes: 2, max: 1 },
            Bolt11Error::NumberOutOfRange { field: "expiry" },
            Bolt11Error::FeatureUnknown { bit: 100 },
            Bolt11Error::FeatureDependency { bit: 14, needs: 8 },
        ];
        assert_eq!(errors.map(|error| error.code()), Bolt11Error::CODES);
    }

    #[test]
    fn codes_of_refused_payments_are_listed_once() {
        let refusals = [
            PayRefusal::NetworkMismatch { expected: Network::Mainnet, found: Network::Regtest },
            PayRefusal::Amountless,
            PayRefusal::AmountMismatch { invoice_msat: 1, amount_sats: 1 },
            PayRefusal::Expired { expired_at_s: 1 },
        ];
        assert_eq!(refusals.map(|refusal| refusal.code()), PayRefusal::CODES);
    }
}
