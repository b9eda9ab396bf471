//! Lightning invoices (BOLT 11): what does this text ask for, who asks, and may it be paid?
//!
//! | Module | Subject |
//! |---|---|
//! | `network` | the bitcoin network that an invoice is for |
//! | `hrp` | the readable part: the network and the amount |
//! | `fields` | the tagged fields, still unread |
//! | `features` | the features that an invoice asks a payer to have |
//! | `signature` | who signed it |
//! | `invoice` | an invoice, read and found genuine |
//! | `payable`, `fee` | whether it may be paid here, now, with this amount; the most that this may cost |
//! | `draft` | an invoice to be signed |
//!
//! An own reader: the crate of the rust-lightning project brings the whole of `bitcoin` and libsecp256k1 in C along,
//! while everything that is needed here stands in this crate already. The tests hold both against each other.
//!
//! It does not pay: routes, fallback addresses, route hints and metadata are skipped, because the node that pays
//! reads the invoice itself.

mod draft;
mod error;
mod features;
mod fee;
mod fields;
mod hrp;
mod invoice;
mod network;
mod payable;
mod signature;

pub use draft::Draft;
pub use error::{Bolt11Error, PayRefusal};
pub use fee::fee_cap_msat;
pub use invoice::{Invoice, without_scheme};
pub use network::Network;
pub use payable::check_payable;

use bech32::primitives::checksum::Checksum;
use bech32::{Bech32, Fe32};

/// Millisatoshis of one sat.
const SAT_MSAT: u64 = 1000;

/// The longest invoice that is read, in bytes: what the largest QR code of digits holds. The specification has no limit.
pub const TEXT_LEN_MAX: usize = 7089;
/// The longest description that a field holds, in bytes.
pub const DESCRIPTION_LEN_MAX: usize = 639;
/// How long an invoice is good when it does not say.
pub const EXPIRY_DEFAULT_S: u64 = 3600;
/// The least distance to the end of the last hop's time lock, in blocks, when an invoice does not say.
pub const MIN_FINAL_CLTV_DEFAULT: u64 = 18;

/// The checksum of BIP-173 without its limit of 90, or of 1023, characters.
enum Unlimited {}

impl Checksum for Unlimited {
    type MidstateRepr = <Bech32 as Checksum>::MidstateRepr;
    type CorrectionField = <Bech32 as Checksum>::CorrectionField;
    const ROOT_GENERATOR: Self::CorrectionField = Bech32::ROOT_GENERATOR;
    const ROOT_EXPONENTS: core::ops::RangeInclusive<usize> = Bech32::ROOT_EXPONENTS;
    const CODE_LENGTH: usize = TEXT_LEN_MAX;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = Bech32::TARGET_RESIDUE;
}

/// A tagged field's letter and the number that it is written as.
mod tag {
    use super::Fe32;

    pub(super) const PAYMENT_HASH: Fe32 = Fe32::P;
    pub(super) const PAYMENT_SECRET: Fe32 = Fe32::S;
    pub(super) const DESCRIPTION: Fe32 = Fe32::D;
    pub(super) const DESCRIPTION_HASH: Fe32 = Fe32::H;
    pub(super) const PAYEE: Fe32 = Fe32::N;
    pub(super) const EXPIRY: Fe32 = Fe32::X;
    pub(super) const MIN_FINAL_CLTV: Fe32 = Fe32::C;
    pub(super) const FEATURES: Fe32 = Fe32::_9;
}
