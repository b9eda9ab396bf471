//! What a server allows: limits, and the most that a fee may be.

use std::time::Duration;

use postfun_core::bolt11;

use crate::config::{BackendConfig, LightningConfig};

/// What is added to the time that an order may take: clocks, and the way back.
const PATIENCE_MIN: Duration = Duration::from_secs(5);

/// Limits of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What an invoice says when its user writes nothing on it.
    pub default_memo: String,
    /// The most that one deposit may be, in sats.
    pub deposit_max_sats: u64,
    /// Whether anything can leave; a provider may be set up for deposits only.
    pub can_withdraw: bool,
    /// For how long an invoice can be paid, in seconds.
    pub invoice_expiry_s: u64,
    /// The most that one withdrawal may be, in sats.
    pub withdraw_max_sats: u64,
    /// The most that a user may withdraw in 24 hours, in sats.
    pub withdraw_daily_sats: u64,
    /// The fee cap of every withdrawal, in sats; `None` for the larger of 20 sats and one hundredth.
    pub max_fee_sats: Option<u64>,
    /// After how long an order to pay that was not answered is over for certain, on our side of the line.
    pub patience: Duration,
}

impl Terms {
    /// Reads the limits of a configuration.
    #[must_use]
    pub fn new(config: &LightningConfig) -> Self {
        let limits = config.limits;
        let line = match &config.backend {
            BackendConfig::Lnbits(lnbits) => lnbits.connect_timeout + lnbits.timeout,
            BackendConfig::Off | BackendConfig::Simulated => Duration::ZERO,
        };
        Self {
            default_memo: config.default_memo.clone(),
            deposit_max_sats: limits.deposit_sats_max,
            // Where nothing is configured, the caller has chosen a provider that can.
            can_withdraw: !config.is_on() || config.can_pay(),
            invoice_expiry_s: limits.invoice_expiry_s,
            withdraw_max_sats: limits.withdraw_sats_max,
            withdraw_daily_sats: limits.withdraw_sats_daily_max,
            max_fee_sats: limits.fee_sats_max,
            // A refused order is followed by two questions about it, and each may take as long as it is allowed to.
            patience: line * 3 + PATIENCE_MIN,
        }
    }

    /// Returns the most that the fee of a withdrawal may be, in msat; see [`bolt11::fee_cap_msat`].
    #[must_use]
    pub fn fee_cap_msat(&self, amount_msat: u64) -> u64 {
        bolt11::fee_cap_msat(amount_msat, self.max_fee_sats)
    }

    /// The patience in milliseconds.
    pub(super) fn patience_ms(&self) -> i64 {
        i64::try_from(self.patience.as_millis()).unwrap_or(i64::MAX)
    }
}
