//! The features that an invoice asks a payer to have.

use bech32::Fe32;

use super::Bolt11Error;

/// `var_onion_optin`.
const VAR_ONION: usize = 8;
/// `payment_secret`.
const PAYMENT_SECRET: usize = 14;
/// `basic_mpp`.
const BASIC_MPP: usize = 16;
/// `option_route_blinding`.
const ROUTE_BLINDING: usize = 24;
/// `option_attribution_data`.
const ATTRIBUTION_DATA: usize = 36;
/// `option_payment_metadata`.
const PAYMENT_METADATA: usize = 48;

/// What BOLT 9 lets stand in an invoice: the even number of each feature's two, that of a must.
const KNOWN: [usize; 6] =
    [VAR_ONION, PAYMENT_SECRET, BASIC_MPP, ROUTE_BLINDING, ATTRIBUTION_DATA, PAYMENT_METADATA];

/// Which feature builds on which, from the same table.
const DEPENDENCIES: [(usize, usize); 3] =
    [(PAYMENT_SECRET, VAR_ONION), (BASIC_MPP, PAYMENT_SECRET), (ROUTE_BLINDING, VAR_ONION)];

/// What a draft writes: bits 8 and 14, both a must.
pub(super) const WRITTEN: [Fe32; 3] = [Fe32::S, Fe32::G, Fe32::Q];

/// Refuses features that a payer must have and nobody knows, and those that lack what they build on.
///
/// # Sources
///
/// BOLT 11, "Feature Bits"; BOLT 9, the table of features with the context `9`.
pub(super) fn check(groups: &[Fe32]) -> Result<(), Bolt11Error> {
    let unknown = set_bits(groups).find(|bit| is_must(*bit) && !KNOWN.contains(bit));
    if let Some(bit) = unknown {
        return Err(Bolt11Error::FeatureUnknown { bit });
    }
    for (bit, needs) in DEPENDENCIES {
        if has(groups, bit) && !has(groups, needs) {
            return Err(Bolt11Error::FeatureDependency { bit, needs });
        }
    }
    Ok(())
}

/// Even bits are a must, odd ones an offer.
fn is_must(bit: usize) -> bool {
    bit & 1 == 0
}

/// Whether a feature is a must or an offer.
fn has(groups: &[Fe32], feature: usize) -> bool {
    set_bits(groups).any(|bit| bit & !1 == feature)
}

/// The numbers of the bits that are set; the last one of the field is 0.
fn set_bits(groups: &[Fe32]) -> impl Iterator<Item = usize> {
    let places = groups.iter().rev().enumerate();
    places.flat_map(|(place, group)| {
        let in_group = (0_usize..5).filter(move |offset| group.to_u8() >> offset & 1 == 1);
        in_group.map(move |offset| place.saturating_mul(5).saturating_add(offset))
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// A field with these bits.
    fn field(bits: &[usize]) -> Vec<Fe32> {
        let mut groups = vec![0_u8; 1023];
        for bit in bits {
            let group = groups.iter_mut().rev().nth(bit.div_euclid(5)).expect("a field has 1023 groups");
            *group |= 1 << bit.rem_euclid(5);
        }
        let used = groups.into_iter().skip_while(|group| *group == 0);
        used.map(|group| Fe32::try_from(group).expect("five bits")).collect()
    }

    #[test]
    fn known_features_pass() {
        for bits in [&[][..], &[8, 14], &[9, 15], &[8, 14, 48], &[9, 15, 17], &[8, 14, 16, 25, 37, 99, 5113]]
        {
            assert_eq!(check(&field(bits)), Ok(()), "{bits:?}");
        }
        assert_eq!(WRITTEN.as_slice(), field(&[8, 14]));
    }

    #[test]
    fn an_unknown_must_is_refused_and_an_unknown_offer_is_not() {
        for (bit, offer) in [(0, 1), (10, 11), (30, 31), (100, 101), (5112, 5113)] {
            assert_eq!(check(&field(&[8, 14, bit])), Err(Bolt11Error::FeatureUnknown { bit }));
            assert_eq!(check(&field(&[8, 14, offer])), Ok(()));
        }
    }

    #[test]
    fn a_feature_without_what_it_builds_on_is_refused() {
        for (bits, bit, needs) in
            [(&[14][..], 14, 8), (&[15], 14, 8), (&[9, 17], 16, 14), (&[16, 8], 16, 14), (&[25], 24, 8)]
        {
            assert_eq!(check(&field(bits)), Err(Bolt11Error::FeatureDependency { bit, needs }), "{bits:?}");
        }
    }
}
