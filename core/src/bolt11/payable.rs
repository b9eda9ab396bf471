//! Whether an invoice may be paid here, now, with this amount: the same answer on the page and in the server.

use super::{Invoice, Network, PayRefusal, SAT_MSAT};

/// Checks that an invoice is for this network, asks for exactly this amount, and has not expired.
///
/// The amount has to be exact because the ledger takes `amount_sats`, while the node that pays reads the invoice: a
/// server that lets them differ sells any invoice for one sat.
///
/// # Units
///
/// `amount_sats` in sats, chosen by the user; `now_s` in seconds since the epoch.
///
/// # Errors
///
/// The first of these that applies.
///
/// * [`PayRefusal::NetworkMismatch`]: the invoice is for another network than `expected`.
/// * [`PayRefusal::Amountless`]: the invoice names no amount.
/// * [`PayRefusal::AmountMismatch`]: the invoice's amount is not exactly `amount_sats` × 1000 msat.
/// * [`PayRefusal::Expired`]: `now_s` has reached the invoice's end.
pub fn check_payable(
    invoice: &Invoice,
    expected: Network,
    amount_sats: u64,
    now_s: u64,
) -> Result<(), PayRefusal> {
    if invoice.network != expected {
        return Err(PayRefusal::NetworkMismatch { expected, found: invoice.network });
    }
    let invoice_msat = invoice.amount_msat.ok_or(PayRefusal::Amountless)?;
    if amount_sats.checked_mul(SAT_MSAT) != Some(invoice_msat) {
        return Err(PayRefusal::AmountMismatch { invoice_msat, amount_sats });
    }
    if invoice.is_expired(now_s) {
        return Err(PayRefusal::Expired { expired_at_s: invoice.expires_at_s() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice() -> Invoice {
        Invoice {
            network: Network::Regtest,
            amount_msat: Some(21_000),
            timestamp_s: 1_000,
            expires_in_s: 60,
            payment_hash: [1; 32],
            payment_secret: Some([2; 32]),
            description: None,
            description_hash: Some([3; 32]),
            payee: [2; 33],
            min_final_cltv: 18,
        }
    }

    #[test]
    fn the_exact_amount_in_time_may_be_paid() {
        assert_eq!(check_payable(&invoice(), Network::Regtest, 21, 1_059), Ok(()));
        assert_eq!(check_payable(&invoice(), Network::Regtest, 21, 0), Ok(()));
    }

    #[test]
    fn another_network_is_refused() {
        let refused = PayRefusal::NetworkMismatch { expected: Network::Mainnet, found: Network::Regtest };
        assert_eq!(check_payable(&invoice(), Network::Mainnet, 21, 1_000), Err(refused));
    }

    #[test]
    fn no_amount_is_refused() {
        let invoice = Invoice { amount_msat: None, ..invoice() };
        assert_eq!(check_payable(&invoice, Network::Regtest, 21, 1_000), Err(PayRefusal::Amountless));
    }

    #[test]
    fn every_other_amount_is_refused() {
        for (invoice_msat, amount_sats) in [
            (21_001, 21),
            (20_999, 21),
            (21_999, 21),
            (21_000, 22),
            (21_000, 1),
            (384, u64::MAX),
            (616, 1 << 62),
        ] {
            let invoice = Invoice { amount_msat: Some(invoice_msat), ..invoice() };
            let refused = PayRefusal::AmountMismatch { invoice_msat, amount_sats };
            assert_eq!(check_payable(&invoice, Network::Regtest, amount_sats, 1_000), Err(refused));
        }
    }

    #[test]
    fn it_expires_in_the_second_that_it_says() {
        let refused = PayRefusal::Expired { expired_at_s: 1_060 };
        assert_eq!(check_payable(&invoice(), Network::Regtest, 21, 1_060), Err(refused));
        let eternal = Invoice { expires_in_s: u64::MAX, ..invoice() };
        assert_eq!(check_payable(&eternal, Network::Regtest, 21, u64::MAX - 1), Ok(()));
    }
}
