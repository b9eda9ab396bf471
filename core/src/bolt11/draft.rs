//! An invoice to be signed.

use alloc::string::String;
use alloc::vec::Vec;

use bech32::{ByteIterExt, Fe32, Fe32IterExt, Hrp};
use k256::ecdsa::SigningKey;

use super::{
    Bolt11Error, DESCRIPTION_LEN_MAX, EXPIRY_DEFAULT_S, Network, Unlimited, features, hrp, signature, tag,
};
use crate::signature::schnorr::SecretKey;

/// The width of a timestamp in bits.
const TIMESTAMP_BITS: u32 = 35;

/// What an invoice is to ask for.
///
/// It needs the features `var_onion_optin` and `payment_secret` of its payer, and leaves the last time lock at 18 blocks.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The network that it is to be paid in.
    pub network: Network,
    /// What it asks for, 1 to 2^63 − 1 millisatoshis; `None` leaves that to the payer.
    pub amount_msat: Option<u64>,
    /// When it is made, in seconds since the epoch, below 2^35.
    pub timestamp_s: u64,
    /// How long it is good, in seconds.
    pub expires_in_s: u64,
    /// The hash whose preimage proves the payment.
    pub payment_hash: [u8; 32],
    /// What the payee wants to see with the payment.
    pub payment_secret: [u8; 32],
    /// What it is for, at most 639 bytes.
    pub description: &'a str,
}

impl Draft<'_> {
    /// Signs the invoice and writes it in lower case.
    ///
    /// The payee will be the point of the key whose y is even: `02` and [`SecretKey::public_key`]. The signature is the
    /// deterministic one of RFC 6979, so that the same draft gives the same text.
    ///
    /// # Errors
    ///
    /// * [`Bolt11Error::AmountOutOfRange`]: the amount is zero or above 2^63 − 1 msat.
    /// * [`Bolt11Error::NumberOutOfRange`]: the timestamp has more than 35 bits.
    /// * [`Bolt11Error::DescriptionTooLong`]: more than [`super::DESCRIPTION_LEN_MAX`] bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use postfun_core::bolt11::{Draft, Invoice, Network};
    /// use postfun_core::signature::schnorr::SecretKey;
    /// let draft = Draft {
    ///     network: Network::Regtest,
    ///     amount_msat: Some(21_000_000),
    ///     timestamp_s: 1_790_000_000,
    ///     expires_in_s: 600,
    ///     payment_hash: [7; 32],
    ///     payment_secret: [8; 32],
    ///     description: "deposit",
    /// };
    /// let text = draft.sign(&SecretKey::from_bytes(&[9; 32])?)?;
    /// assert!(text.starts_with("lnbcrt210u1"));
    /// assert_eq!(Invoice::decode(&text)?.payment_hash, [7; 32]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Sources
    ///
    /// BOLT 11, the requirements on a writer.
    pub fn sign(&self, key: &SecretKey) -> Result<String, Bolt11Error> {
        self.sign_with(&SigningKey::from(*key.scalar()))
    }

    fn sign_with(&self, key: &SigningKey) -> Result<String, Bolt11Error> {
        let name = hrp::write(self.network, self.amount_msat)?;
        let mut groups = self.groups()?;
        let signature = signature::sign(&name, &groups, key);
        groups.extend(signature.into_iter().bytes_to_fes());
        // The name is `ln`, letters, digits and a letter: what a name may be.
        let hrp = Hrp::parse(&name).map_err(|_detail| Bolt11Error::Malformed)?;
        Ok(groups.into_iter().with_checksum::<Unlimited>(&hrp).chars().collect())
    }

    /// Everything between the readable part and the signature.
    fn groups(&self) -> Result<Vec<Fe32>, Bolt11Error> {
        if self.timestamp_s >> TIMESTAMP_BITS != 0 {
            return Err(Bolt11Error::NumberOutOfRange { field: "timestamp" });
        }
        let bytes = self.description.len();
        if bytes > DESCRIPTION_LEN_MAX {
            return Err(Bolt11Error::DescriptionTooLong { bytes, max: DESCRIPTION_LEN_MAX });
        }
        let mut groups: Vec<Fe32> = number(self.timestamp_s, TIMESTAMP_BITS).collect();
        push_field(&mut groups, tag::PAYMENT_SECRET, self.payment_secret.into_iter().bytes_to_fes());
        push_field(&mut groups, tag::PAYMENT_HASH, self.payment_hash.into_iter().bytes_to_fes());
        push_field(&mut groups, tag::DESCRIPTION, self.description.bytes().bytes_to_fes());
        if self.expires_in_s != EXPIRY_DEFAULT_S {
            let bits = u64::BITS.saturating_sub(self.expires_in_s.leading_zeros());
            push_field(&mut groups, tag::EXPIRY, number(self.expires_in_s, bits));
        }
        push_field(&mut groups, tag::FEATURES, features::WRITTEN.into_iter());
        Ok(groups)
    }
}

/// Appends a field: its letter, its length in two groups, its data.
fn push_field(groups: &mut Vec<Fe32>, name: Fe32, data: impl Iterator<Item = Fe32>) {
    let data: Vec<Fe32> = data.collect();
    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
    groups.push(name);
    groups.extend(number(length, 10));
    groups.extend(data);
}

/// The lowest `bits` of a number, the most significant group first.
fn number(value: u64, bits: u32) -> impl Iterator<Item = Fe32> {
    let places = (0..bits.div_ceil(5)).rev();
    places.map(move |place| group(value.unbounded_shr(place.saturating_mul(5))))
}

/// The lowest five bits of a number.
fn group(value: u64) -> Fe32 {
    let [.., low] = (value & 0x1f).to_be_bytes();
    Fe32::try_from(low).unwrap_or(Fe32::Q)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bolt11::Invoice;
    use crate::encoding::hex;

    /// The key of the specification's examples.
    const KEY: &str = "e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734";
    const HASH: &str = "0001020304050607080900010203040506070809000102030405060708090102";

    fn draft() -> Draft<'static> {
        Draft {
            network: Network::Mainnet,
            amount_msat: None,
            timestamp_s: 1_496_314_658,
            expires_in_s: 3600,
            payment_hash: hex::decode_array(HASH).expect("hexadecimal"),
            payment_secret: [0x11; 32],
            description: "Please consider supporting this project",
        }
    }

    #[test]
    fn the_examples_of_the_specification_are_written_to_the_letter() {
        let key: [u8; 32] = hex::decode_array(KEY).expect("hexadecimal");
        let key = SigningKey::from_bytes(&key.into()).expect("in range");
        let minute = Draft { amount_msat: Some(250_000_000), expires_in_s: 60, ..draft() };
        for (draft, text) in [
            (
                draft(),
                "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqf\
                 qqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ue\
                 h7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql",
            ),
            (
                Draft { description: "1 cup coffee", ..minute },
                "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rq\
                 wzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh\
                 8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh",
            ),
            (
                Draft { description: "ナンセンス 1杯", ..minute },
                "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rq\
                 wzqfqqqsyqcyq5rqwzqfqypqdpquwpc4curk03c9wlrswe78q4eyqc7d8d0xqzpu9qrsgqhtjpauu9ur7fw2thcl4y9vfvh4m9wlfy\
                 z2gem29g5ghe2aak2pm3ps8fdhtceqsaagty2vph7utlgj48u0ged6a337aewvraedendscp573dxr",
            ),
        ] {
            assert_eq!(draft.sign_with(&key).as_deref(), Ok(text));
        }
    }

    #[test]
    fn the_payee_is_the_key_with_an_even_y() {
        let key = SecretKey::from_bytes(&[9; 32]).expect("in range");
        let invoice = Invoice::decode(&draft().sign(&key).expect("signed")).expect("genuine");
        assert_eq!(invoice.payee[0], 2);
        assert_eq!(invoice.payee[1..], key.public_key());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let key = SecretKey::from_bytes(&[9; 32]).expect("in range");
        let (longest, long) = ("x".repeat(639), "x".repeat(640));
        for (draft, error) in [
            (Draft { amount_msat: Some(0), ..draft() }, Bolt11Error::AmountOutOfRange),
            (Draft { timestamp_s: 1 << 35, ..draft() }, Bolt11Error::NumberOutOfRange { field: "timestamp" }),
            (
                Draft { description: &long, ..draft() },
                Bolt11Error::DescriptionTooLong { bytes: 640, max: 639 },
            ),
        ] {
            assert_eq!(draft.sign(&key), Err(error));
        }
        let largest = Draft { timestamp_s: (1 << 35) - 1, description: &longest, ..draft() };
        let invoice = Invoice::decode(&largest.sign(&key).expect("signed")).expect("genuine");
        assert_eq!(invoice.timestamp_s, (1 << 35) - 1);
        assert_eq!(invoice.description.as_deref(), Some(longest.as_str()));
    }
}
