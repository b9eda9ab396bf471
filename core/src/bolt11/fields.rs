//! The data of an invoice, taken apart but not read: the timestamp, the tagged fields, the signature.
//!
//! Everything is counted in groups of five bits, one character each.

use alloc::vec::Vec;

use bech32::{Fe32, Fe32IterExt};

use super::{Bolt11Error, tag};

/// A timestamp has 35 bits.
const TIMESTAMP_GROUPS: usize = 7;
/// A signature has 64 bytes, and one that says which of up to four keys made it.
const SIGNATURE_GROUPS: usize = 104;
/// 32 bytes and four bits of padding.
const HASH_GROUPS: usize = 52;
/// 33 bytes and one bit of padding.
const KEY_GROUPS: usize = 53;

/// What stands between the readable part and the checksum.
pub(super) struct Data<'a> {
    /// Everything that is signed, besides the readable part.
    pub(super) signed: &'a [Fe32],
    /// The signature and its recovery byte.
    pub(super) signature: &'a [Fe32],
    /// The seconds since the epoch.
    pub(super) timestamp: &'a [Fe32],
    /// The tagged fields.
    pub(super) fields: Fields<'a>,
}

impl<'a> Data<'a> {
    /// Takes the data apart.
    pub(super) fn split(groups: &'a [Fe32]) -> Result<Self, Bolt11Error> {
        let signed_len = groups.len().checked_sub(SIGNATURE_GROUPS).ok_or(Bolt11Error::Truncated)?;
        let (signed, signature) = groups.split_at_checked(signed_len).ok_or(Bolt11Error::Truncated)?;
        let (timestamp, tagged) = signed.split_at_checked(TIMESTAMP_GROUPS).ok_or(Bolt11Error::Truncated)?;
        Ok(Self { signed, signature, timestamp, fields: Fields::split(tagged)? })
    }
}

/// The fields that matter to somebody who does not pay by himself. The first of several counts.
///
/// The specification's newest text refuses a hash, a secret or a key of a wrong length; its example of an invoice
/// with fields that must be ignored, and every reader in use, skip it. So does this one.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) payment_hash: Option<&'a [Fe32]>,
    pub(super) payment_secret: Option<&'a [Fe32]>,
    pub(super) description: Option<&'a [Fe32]>,
    pub(super) description_hash: Option<&'a [Fe32]>,
    pub(super) payee: Option<&'a [Fe32]>,
    pub(super) expiry: Option<&'a [Fe32]>,
    pub(super) min_final_cltv: Option<&'a [Fe32]>,
    pub(super) features: Option<&'a [Fe32]>,
    /// A hash or a secret that stands there a second time. Some readers take the first and others the last, so that the
    /// payment which is watched could be another one than the payment which is made.
    pub(super) repeated: Option<Fe32>,
}

impl<'a> Fields<'a> {
    fn split(mut rest: &'a [Fe32]) -> Result<Self, Bolt11Error> {
        let mut fields = Self::default();
        while let Some((name, behind)) = rest.split_first() {
            let ([high, low], behind) = behind.split_first_chunk().ok_or(Bolt11Error::Truncated)?;
            let length = usize::from(high.to_u8()) << 5 | usize::from(low.to_u8());
            let (data, behind) = behind.split_at_checked(length).ok_or(Bolt11Error::Truncated)?;
            fields.take(*name, data);
            rest = behind;
        }
        Ok(fields)
    }

    /// Keeps a field that is known, has the length it must have, and is the first of its kind.
    fn take(&mut self, name: Fe32, data: &'a [Fe32]) {
        let slot = match (name, data.len()) {
            (tag::PAYMENT_HASH, HASH_GROUPS) => &mut self.payment_hash,
            (tag::PAYMENT_SECRET, HASH_GROUPS) => &mut self.payment_secret,
            (tag::DESCRIPTION_HASH, HASH_GROUPS) => &mut self.description_hash,
            (tag::PAYEE, KEY_GROUPS) => &mut self.payee,
            (tag::DESCRIPTION, _) => &mut self.description,
            (tag::EXPIRY, _) => &mut self.expiry,
            (tag::MIN_FINAL_CLTV, _) => &mut self.min_final_cltv,
            (tag::FEATURES, _) => &mut self.features,
            _ => return,
        };
        let stands_there = slot.is_some();
        slot.get_or_insert(data);
        if stands_there && matches!(name, tag::PAYMENT_HASH | tag::PAYMENT_SECRET) {
            self.repeated = Some(name);
        }
    }
}

/// The whole bytes of a field; bits behind the last are padding, which the signature covers.
pub(super) fn bytes(groups: &[Fe32]) -> Vec<u8> {
    groups.iter().copied().fes_to_bytes().collect()
}

/// The first `N` bytes of a field; a field that is shorter is refused as cut off.
pub(super) fn array<const N: usize>(groups: &[Fe32]) -> Result<[u8; N], Bolt11Error> {
    bytes(groups).first_chunk().copied().ok_or(Bolt11Error::Truncated)
}

/// The number that a field writes with its most significant bits first.
pub(super) fn number(groups: &[Fe32], field: &'static str) -> Result<u64, Bolt11Error> {
    groups
        .iter()
        .try_fold(0_u64, |number, group| Some(number.checked_mul(32)? | u64::from(group.to_u8())))
        .ok_or(Bolt11Error::NumberOutOfRange { field })
}
