//! Public keys as people see them: `npub1…`, bech32 of the 32 bytes.

//!
//! The few rules of bech32 stand here themselves: the crate that invoices are read with is twice as long in the browser
//! package, and a page needs this with its first event.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::NpubError;

const PREFIX: &[u8] = b"npub";
const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Five bits each: 32 bytes and four bits that are zero.
const KEY_DIGITS: usize = 52;
const CHECKSUM_DIGITS: usize = 6;
const PREFIX_LEN_MAX: usize = 83;
/// The longest code that the checksum is good for.
const TEXT_LEN_MAX: usize = 1_023;

/// Writes a public key as `npub1…`, in lower case.
///
/// # Examples
///
/// ```
/// use postfun_core::encoding::hex;
/// use postfun_core::nostr::npub;
/// let key = hex::decode_array("3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d")?;
/// assert_eq!(npub::encode(&key), "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6");
/// # Ok::<(), hex::HexError>(())
/// ```
///
/// # Sources
///
/// NIP-19, "Bare keys and ids"; BIP-173.
#[must_use]
pub fn encode(public_key: &[u8; 32]) -> String {
    let mut values = Vec::with_capacity(KEY_DIGITS.saturating_add(CHECKSUM_DIGITS));
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in public_key.iter().chain(&[0]).copied() {
        bits = (bits << 8) | u32::from(byte);
        count = count.saturating_add(8);
        while count >= 5 && values.len() < KEY_DIGITS {
            count = count.saturating_sub(5);
            values.push(low_bits(bits.unbounded_shr(count)));
        }
    }
    let residue = polymod(PREFIX, values.iter().copied().chain([0; CHECKSUM_DIGITS])) ^ 1;
    values.extend([25_u32, 20, 15, 10, 5, 0].map(|shift| low_bits(residue.unbounded_shr(shift))));
    let digits = values.iter().filter_map(|value| DIGITS.get(usize::from(*value)));
    let text = PREFIX.iter().chain(b"1").chain(digits);
    text.copied().map(char::from).collect()
}

/// Reads an `npub`, all lower or all upper case.
///
/// # Errors
///
/// * [`NpubError::Malformed`]: not bech32, which includes bech32m.
/// * [`NpubError::Prefix`]: bech32 of something else, such as `nsec` or `note`.
/// * [`NpubError::Length`]: not 32 bytes, or bits behind the last byte that are not zero.
///
/// # Sources
///
/// NIP-19, "Bare keys and ids"; BIP-173.
pub fn decode(text: &str) -> Result<[u8; 32], NpubError> {
    let (prefix, values) = split(text.as_bytes()).ok_or(NpubError::Malformed)?;
    if polymod(prefix, values.iter().copied()) != 1 {
        return Err(NpubError::Malformed);
    }
    if !prefix.eq_ignore_ascii_case(PREFIX) {
        return Err(NpubError::Prefix);
    }
    let (digits, _checksum) = values.split_first_chunk::<KEY_DIGITS>().ok_or(NpubError::Length)?;
    let is_one_key = values.len() == KEY_DIGITS.saturating_add(CHECKSUM_DIGITS);
    if !is_one_key || digits.last().is_none_or(|last| last & 0b1111 != 0) {
        return Err(NpubError::Length);
    }
    let mut key = [0; 32];
    let mut bytes = key.iter_mut();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in digits {
        bits = (bits << 5) | u32::from(*digit);
        count = count.saturating_add(5);
        if count >= 8 {
            count = count.saturating_sub(8);
            if let (Some(byte), [.., low]) = (bytes.next(), bits.unbounded_shr(count).to_be_bytes()) {
                *byte = low;
            }
        }
    }
    Ok(key)
}

/// The prefix and the values of the digits behind the last `1`, checksum included; nothing if it cannot be bech32.
fn split(text: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let is_mixed = text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase);
    if is_mixed || text.len() > TEXT_LEN_MAX {
        return None;
    }
    let (prefix, digits) = text.split_at_checked(text.iter().rposition(|byte| *byte == b'1')?)?;
    let is_prefix = (1..=PREFIX_LEN_MAX).contains(&prefix.len()) && prefix.iter().all(u8::is_ascii_graphic);
    let value = |digit: &u8| {
        let place = DIGITS.iter().position(|known| *known == digit.to_ascii_lowercase())?;
        u8::try_from(place).ok()
    };
    let values: Vec<u8> = digits.iter().skip(1).map(value).collect::<Option<_>>()?;
    (is_prefix && values.len() >= CHECKSUM_DIGITS).then_some((prefix, values))
}

/// The residue of the checksum's code, over the prefix in lower case and the values.
fn polymod(prefix: &[u8], values: impl Iterator<Item = u8>) -> u32 {
    let high = prefix.iter().map(|byte| byte.to_ascii_lowercase() >> 5);
    let low = prefix.iter().map(|byte| byte & 0b1_1111);
    let mut residue = 1_u32;
    for value in high.chain([0]).chain(low).chain(values) {
        let top = residue >> 25;
        residue = ((residue & 0x01ff_ffff) << 5) ^ u32::from(value);
        let generators =
            [(1, 0x3b6a_57b2), (2, 0x2650_8e6d), (4, 0x1ea1_19fa), (8, 0x3d42_33dd), (16, 0x2a14_62b3)];
        for (bit, generator) in generators {
            if top & bit != 0 {
                residue ^= generator;
            }
        }
    }
    residue
}

fn low_bits(bits: u32) -> u8 {
    let [.., low] = bits.to_be_bytes();
    low & 0b1_1111
}
