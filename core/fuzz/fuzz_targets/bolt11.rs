//! Invoices: what is read keeps its promises, and is written to the same again.
//!
//! The input is read as a text, and as a readable part with data behind it, to which the target adds a signature that
//! recovers some key for whatever stands before it, and the checksum: no fuzzer would find either.
#![no_main]

use bech32::primitives::checksum::Checksum;
use bech32::{Bech32, ByteIterExt, Fe32, Fe32IterExt, Hrp};
use libfuzzer_sys::fuzz_target;
use postfun_core::bolt11::{Bolt11Error, Draft, Invoice, check_payable};
use postfun_core::signature::schnorr::SecretKey;

/// BIP-173 without a limit.
enum Unlimited {}

impl Checksum for Unlimited {
    type MidstateRepr = u32;
    type CorrectionField = <Bech32 as Checksum>::CorrectionField;
    const ROOT_GENERATOR: Self::CorrectionField = Bech32::ROOT_GENERATOR;
    const ROOT_EXPONENTS: core::ops::RangeInclusive<usize> = Bech32::ROOT_EXPONENTS;
    const CODE_LENGTH: usize = 100_000;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = Bech32::TARGET_RESIDUE;
}

/// The x coordinate of the curve's generator, which is one of a point in any case.
const R: [u8; 32] = [
    0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02,
    0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];

/// The text of which the input is the readable part and, in the alphabet of bech32, the data.
fn complete(input: &str) -> Option<String> {
    let (hrp, data) = input.rsplit_once('1')?;
    let hrp = Hrp::parse(hrp).ok()?;
    let data = data.chars().map(Fe32::from_char).collect::<Result<Vec<_>, _>>().ok()?;
    let mut s_and_recovery = [0; 33];
    s_and_recovery[31] = 1;
    let signature = R.into_iter().chain(s_and_recovery).bytes_to_fes();
    Some(data.into_iter().chain(signature).with_checksum::<Unlimited>(&hrp).chars().collect())
}

fn check(text: &str) {
    let Ok(invoice) = Invoice::decode(text) else { return };
    assert_eq!(Invoice::decode(&text.to_lowercase()).as_ref(), Ok(&invoice));
    assert!(invoice.amount_msat.is_none_or(|msat| (1..1 << 63).contains(&msat)));
    assert!(invoice.timestamp_s < 1 << 35);
    assert!(invoice.expires_at_s() >= invoice.timestamp_s);
    assert_ne!(invoice.description.is_some(), invoice.description_hash.is_some());
    if let Some(msat) = invoice.amount_msat {
        let payable = check_payable(&invoice, invoice.network, msat / 1000, invoice.timestamp_s);
        assert_eq!(payable.is_ok(), msat % 1000 == 0 && invoice.expires_in_s > 0);
    }
    again(&invoice);
}

/// Writes what was read, signed by another.
fn again(invoice: &Invoice) {
    let Some(description) = &invoice.description else { return };
    let key = SecretKey::from_bytes(&[1; 32]).expect("in range");
    let draft = Draft {
        network: invoice.network,
        amount_msat: invoice.amount_msat,
        timestamp_s: invoice.timestamp_s,
        expires_in_s: invoice.expires_in_s,
        payment_hash: invoice.payment_hash,
        payment_secret: invoice.payment_secret.expect("an invoice that was read has one"),
        description,
    };
    let mut expected = invoice.clone();
    expected.payee[0] = 2;
    expected.payee[1..].copy_from_slice(&key.public_key());
    expected.min_final_cltv = 18;
    assert_eq!(draft.sign(&key).and_then(|text| Invoice::decode(&text)), Ok(expected));
}

fuzz_target!(|input: &str| {
    check(input);
    if let Some(text) = complete(input) {
        if text.len() > postfun_core::bolt11::TEXT_LEN_MAX {
            assert!(matches!(Invoice::decode(&text), Err(Bolt11Error::TooLong { .. })));
        }
        check(&text);
    }
});
