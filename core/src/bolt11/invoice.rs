//! An invoice, read and found genuine.

use alloc::string::String;
use alloc::vec::Vec;

use bech32::Fe32;
use bech32::primitives::decode::CheckedHrpstring;

use super::fields::{Data, Fields, array, bytes, number};
use super::{
    Bolt11Error, EXPIRY_DEFAULT_S, MIN_FINAL_CLTV_DEFAULT, Network, TEXT_LEN_MAX, Unlimited, features, hrp,
    signature,
};

/// What may stand before an invoice where a link is meant.
const SCHEME: &str = "lightning:";

/// What an invoice asks for, and of whom.
///
/// One that came from [`Invoice::decode`] bears the payee's signature, and has exactly one of a description and the
/// hash of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invoice {
    /// The network that it is to be paid in.
    pub network: Network,
    /// What it asks for, 1 to 2^63 − 1 millisatoshis; `None` leaves that to the payer.
    pub amount_msat: Option<u64>,
    /// When it was made, in seconds since the epoch, by the payee's clock.
    pub timestamp_s: u64,
    /// How long it is good, in seconds from when it was made.
    pub expires_in_s: u64,
    /// The hash whose preimage proves the payment: what tells this payment from every other.
    pub payment_hash: [u8; 32],
    /// What the payee wants to see with the payment; always there when the invoice was decoded.
    pub payment_secret: Option<[u8; 32]>,
    /// What it is for, in the payee's words: any text, with control characters and all. Never trust it on a page.
    pub description: Option<String>,
    /// The SHA-256 of what it is for.
    pub description_hash: Option<[u8; 32]>,
    /// The payee's public key, compressed.
    pub payee: [u8; 33],
    /// The least distance to the end of the last hop's time lock, in blocks.
    pub min_final_cltv: u64,
}

impl Invoice {
    /// Reads an invoice, all lower or all upper case, with or without `lightning:` before it, and checks its signature.
    ///
    /// Whether it may be paid is [`super::check_payable`]'s to say.
    ///
    /// # Errors
    ///
    /// * [`Bolt11Error::TooLong`]: more than [`super::TEXT_LEN_MAX`] bytes.
    /// * [`Bolt11Error::Malformed`]: not bech32, or the checksum is wrong.
    /// * [`Bolt11Error::Prefix`]: bech32 of something else.
    /// * [`Bolt11Error::AmountMalformed`], [`Bolt11Error::AmountPrecision`], [`Bolt11Error::AmountOutOfRange`]: the
    ///   amount is no number of millisatoshis from 1 to 2^63 − 1.
    /// * [`Bolt11Error::Truncated`]: the data end before the signature, or within a field.
    /// * [`Bolt11Error::FieldRepeated`]: there are two payment hashes or two payment secrets.
    /// * [`Bolt11Error::Signature`]: nobody's signature, or not that of the payee who is named.
    /// * [`Bolt11Error::PaymentHashMissing`], [`Bolt11Error::PaymentSecretMissing`]: the field is not there.
    /// * [`Bolt11Error::DescriptionMissing`], [`Bolt11Error::DescriptionAmbiguous`]: not exactly one of a description and
    ///   the hash of one.
    /// * [`Bolt11Error::DescriptionEncoding`]: the description is not UTF-8.
    /// * [`Bolt11Error::NumberOutOfRange`]: the expiry or the time lock is above 2^64 − 1.
    /// * [`Bolt11Error::FeatureUnknown`], [`Bolt11Error::FeatureDependency`]: the payer would have to have a feature that
    ///   nobody here knows, or features that do not fit together.
    ///
    /// # Examples
    ///
    /// ```
    /// use postfun_core::bolt11::{Invoice, Network};
    /// let invoice = Invoice::decode(
    ///     "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqf\
    ///      qqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0l\
    ///      p53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh",
    /// )?;
    /// assert_eq!(invoice.network, Network::Mainnet);
    /// assert_eq!(invoice.amount_msat, Some(250_000_000));
    /// assert_eq!(invoice.description.as_deref(), Some("1 cup coffee"));
    /// assert_eq!(invoice.expires_at_s(), 1_496_314_658 + 60);
    /// # Ok::<(), postfun_core::bolt11::Bolt11Error>(())
    /// ```
    ///
    /// # Sources
    ///
    /// BOLT 11; BIP-173 without its limit of 90 characters.
    pub fn decode(text: &str) -> Result<Self, Bolt11Error> {
        let text = without_scheme(text);
        if text.len() > TEXT_LEN_MAX {
            return Err(Bolt11Error::TooLong { bytes: text.len(), max: TEXT_LEN_MAX });
        }
        let checked = CheckedHrpstring::new::<Unlimited>(text).map_err(|_detail| Bolt11Error::Malformed)?;
        let name = checked.hrp().to_lowercase();
        let (network, amount_msat) = hrp::parse(&name)?;
        let groups: Vec<Fe32> = checked.fe32_iter().collect();
        let data = Data::split(&groups)?;
        let payee = signature::payee(&name, &data)?;
        let fields = &data.fields;
        if let Some(name) = fields.repeated {
            return Err(Bolt11Error::FieldRepeated { field: name.to_char() });
        }
        features::check(fields.features.unwrap_or_default())?;
        let (description, description_hash) = description(fields)?;
        Ok(Self {
            network,
            amount_msat,
            timestamp_s: number(data.timestamp, "timestamp")?,
            expires_in_s: number_or(fields.expiry, "expiry", EXPIRY_DEFAULT_S)?,
            payment_hash: array(fields.payment_hash.ok_or(Bolt11Error::PaymentHashMissing)?)?,
            payment_secret: Some(array(fields.payment_secret.ok_or(Bolt11Error::PaymentSecretMissing)?)?),
            description,
            description_hash,
            payee,
            min_final_cltv: number_or(fields.min_final_cltv, "time lock", MIN_FINAL_CLTV_DEFAULT)?,
        })
    }

    /// Returns when it expires, in seconds since the epoch; an expiry beyond all time is the end of time.
    #[must_use]
    pub const fn expires_at_s(&self) -> u64 {
        self.timestamp_s.saturating_add(self.expires_in_s)
    }

    /// Tells whether it has expired: in the second in which it expires, it has.
    #[must_use]
    pub const fn is_expired(&self, now_s: u64) -> bool {
        now_s >= self.expires_at_s()
    }
}

/// Returns the invoice in a text that may begin with `lightning:`, in any case, as wallets hand them over.
#[must_use]
pub fn without_scheme(text: &str) -> &str {
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, invoice)) if scheme.eq_ignore_ascii_case(SCHEME) => invoice,
        _ => text,
    }
}

fn number_or(groups: Option<&[Fe32]>, field: &'static str, default: u64) -> Result<u64, Bolt11Error> {
    groups.map_or(Ok(default), |groups| number(groups, field))
}

/// The description or the hash of one.
fn description(fields: &Fields<'_>) -> Result<(Option<String>, Option<[u8; 32]>), Bolt11Error> {
    match (fields.description, fields.description_hash) {
        (Some(text), None) => {
            let text = String::from_utf8(bytes(text)).map_err(|_detail| Bolt11Error::DescriptionEncoding)?;
            Ok((Some(text), None))
        }
        (None, Some(hash)) => Ok((None, Some(array(hash)?))),
        (None, None) => Err(Bolt11Error::DescriptionMissing),
        (Some(_), Some(_)) => Err(Bolt11Error::DescriptionAmbiguous),
    }
}
