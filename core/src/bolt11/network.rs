//! The bitcoin network that an invoice is for.

use core::fmt;

/// A bitcoin network. Coins of all but the first are worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The real one; invoices begin with `lnbc`.
    Mainnet,
    /// The public test network; invoices begin with `lntb`.
    Testnet,
    /// The public test network whose blocks are signed; invoices begin with `lntbs`.
    Signet,
    /// A network on one's own machine; invoices begin with `lnbcrt`.
    Regtest,
}

impl Network {
    /// All networks.
    pub const ALL: [Self; 4] = [Self::Mainnet, Self::Testnet, Self::Signet, Self::Regtest];

    /// Returns the name that configuration and the HTTP API use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// Reads the name that [`Network::as_str`] returns, in lower case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.as_str() == name)
    }

    /// Returns what an invoice for this network begins with.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Mainnet => "lnbc",
            Self::Testnet => "lntb",
            Self::Signet => "lntbs",
            Self::Regtest => "lnbcrt",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for network in Network::ALL {
            assert_eq!(Network::parse(network.as_str()), Some(network));
        }
        assert_eq!(Network::parse("Mainnet"), None);
        assert_eq!(Network::parse("bitcoin"), None);
    }
}
