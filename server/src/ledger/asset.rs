//! What can be held.

use postfun_core::amount::Decimals;

/// The number of an asset; the seed's tokens are 1 to 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId(pub i64);

impl AssetId {
    /// Bitcoin in millisatoshi, as the migrations number it.
    pub const BTC: Self = Self(101);
}

/// Something that accounts hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its number.
    pub id: AssetId,
    /// Its unique symbol.
    pub symbol: String,
    /// Its name for people.
    pub name: String,
    /// One whole unit is 10^decimals base units.
    pub decimals: Decimals,
    /// Whether the server may make units from nothing. What can be withdrawn never is.
    pub is_issuable: bool,
    /// Whether it is one of the tokens that pools trade.
    pub is_listed: bool,
}
