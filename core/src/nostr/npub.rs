//! Public keys as people see them: `npub1…`, bech32 of the 32 bytes.

use alloc::string::String;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, ByteIterExt, Fe32IterExt, Hrp};

use super::error::NpubError;

const PREFIX: Hrp = Hrp::parse_unchecked("npub");

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
    public_key.iter().copied().bytes_to_fes().with_checksum::<Bech32>(&PREFIX).chars().collect()
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
    let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_detail| NpubError::Malformed)?;
    if checked.hrp() != PREFIX {
        return Err(NpubError::Prefix);
    }
    checked.validate_segwit_padding().map_err(|_detail| NpubError::Length)?;
    let mut key = [0; 32];
    let mut bytes = checked.byte_iter();
    for byte in &mut key {
        *byte = bytes.next().ok_or(NpubError::Length)?;
    }
    if bytes.next().is_some() { Err(NpubError::Length) } else { Ok(key) }
}
