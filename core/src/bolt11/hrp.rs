//! The readable part of an invoice: the network and the amount.

use alloc::format;
use alloc::string::String;

use super::{Bolt11Error, Network};
use crate::amount::Units;

/// One bitcoin in millisatoshis.
const BITCOIN_MSAT: u64 = 100_000_000_000;
/// What one of each multiplier is in millisatoshis, the largest first. `p`, a tenth of one, stands apart.
const MULTIPLIERS: [(&str, u64); 4] = [("", BITCOIN_MSAT), ("m", 100_000_000), ("u", 100_000), ("n", 100)];

/// Reads the network and the amount in millisatoshis of a readable part in lower case.
pub(super) fn parse(hrp: &str) -> Result<(Network, Option<u64>), Bolt11Error> {
    // No name of a network has a digit, so that the first one begins the amount.
    let digits_at = hrp.find(|c: char| c.is_ascii_digit()).unwrap_or(hrp.len());
    let (prefix, amount) = hrp.split_at(digits_at);
    let network = Network::ALL
        .into_iter()
        .find(|network| network.prefix() == prefix)
        .ok_or_else(|| refused_prefix(prefix))?;
    if amount.is_empty() { Ok((network, None)) } else { Ok((network, Some(parse_amount(amount)?))) }
}

/// Tells `lnbcx`, an amount without a number, from the text of something else.
fn refused_prefix(prefix: &str) -> Bolt11Error {
    let is_network = Network::ALL.into_iter().any(|network| prefix.starts_with(network.prefix()));
    if is_network { Bolt11Error::AmountMalformed } else { Bolt11Error::Prefix }
}

/// Reads an amount that begins with a digit.
fn parse_amount(text: &str) -> Result<u64, Bolt11Error> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, multiplier) = text.split_at(digits_end);
    if digits.starts_with('0') {
        return Err(Bolt11Error::AmountMalformed);
    }
    let msat = if multiplier == "p" {
        let tens = digits.strip_suffix('0').ok_or(Bolt11Error::AmountPrecision)?;
        tens.parse::<u64>().ok()
    } else {
        let (_, unit_msat) = MULTIPLIERS
            .into_iter()
            .find(|(letter, _)| *letter == multiplier)
            .ok_or(Bolt11Error::AmountMalformed)?;
        digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit_msat))
    };
    msat.filter(|msat| *msat <= Units::MAX.get()).ok_or(Bolt11Error::AmountOutOfRange)
}

/// Writes the readable part, the amount in its shortest form.
pub(super) fn write(network: Network, amount_msat: Option<u64>) -> Result<String, Bolt11Error> {
    let prefix = network.prefix();
    let Some(msat) = amount_msat else { return Ok(prefix.into()) };
    if msat == 0 || msat > Units::MAX.get() {
        return Err(Bolt11Error::AmountOutOfRange);
    }
    let shortest = MULTIPLIERS.into_iter().find(|(_, unit_msat)| msat.checked_rem(*unit_msat) == Some(0));
    Ok(match shortest {
        Some((letter, unit_msat)) => {
            format!("{prefix}{}{letter}", msat.checked_div(unit_msat).unwrap_or(msat))
        }
        // A millisatoshi is ten of them.
        None => format!("{prefix}{msat}0p"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (hrp, network, msat) in [
            ("lnbc", Network::Mainnet, None),
            ("lntb20m", Network::Testnet, Some(2_000_000_000)),
            ("lntbs2500u", Network::Signet, Some(250_000_000)),
            ("lnbcrt1n", Network::Regtest, Some(100)),
            ("lnbc10p", Network::Mainnet, Some(1)),
            ("lnbc9678785340p", Network::Mainnet, Some(967_878_534)),
            ("lnbc1", Network::Mainnet, Some(BITCOIN_MSAT)),
            ("lnbc92233720368547758070p", Network::Mainnet, Some(u64::MAX >> 1)),
        ] {
            assert_eq!(parse(hrp), Ok((network, msat)), "{hrp}");
            assert_eq!(write(network, msat).as_deref(), Ok(hrp));
        }
    }

    #[test]
    fn a_longer_form_than_the_shortest_is_read_too() {
        assert_eq!(parse("lnbc1000n"), Ok((Network::Mainnet, Some(100_000))));
        assert_eq!(parse("lnbc1000000000000p"), Ok((Network::Mainnet, Some(BITCOIN_MSAT))));
    }

    #[test]
    fn amounts_that_are_none_are_refused() {
        for (hrp, error) in [
            ("lnbc0", Bolt11Error::AmountMalformed),
            ("lnbc0u", Bolt11Error::AmountMalformed),
            ("lnbc01u", Bolt11Error::AmountMalformed),
            ("lnbc1x", Bolt11Error::AmountMalformed),
            ("lnbc1mm", Bolt11Error::AmountMalformed),
            ("lnbc1u1", Bolt11Error::AmountMalformed),
            ("lnbc1.5m", Bolt11Error::AmountMalformed),
            ("lnbcm", Bolt11Error::AmountMalformed),
            ("lnbcrtx", Bolt11Error::AmountMalformed),
            ("lnbc1p", Bolt11Error::AmountPrecision),
            ("lnbc2500000001p", Bolt11Error::AmountPrecision),
            ("lnbc92233720368547758080p", Bolt11Error::AmountOutOfRange),
            ("lnbc92233721", Bolt11Error::AmountOutOfRange),
            ("lnbc18446744073709551616n", Bolt11Error::AmountOutOfRange),
            ("lnbc99999999999999999999999999m", Bolt11Error::AmountOutOfRange),
            ("ln1u", Bolt11Error::Prefix),
            ("bc1u", Bolt11Error::Prefix),
            ("lnsb1u", Bolt11Error::Prefix),
            ("1u", Bolt11Error::Prefix),
            ("", Bolt11Error::Prefix),
        ] {
            assert_eq!(parse(hrp), Err(error), "{hrp}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_not_written() {
        for msat in [0, 1 << 63, u64::MAX] {
            assert_eq!(write(Network::Mainnet, Some(msat)), Err(Bolt11Error::AmountOutOfRange));
        }
    }
}
