//! Who holds the sats on Lightning, and the limits of deposits and withdrawals.
//!
//! | `LNBITS_API_URL` | demo mode | backend |
//! |---|---|---|
//! | set | off | LNbits |
//! | not set | on | a simulated node, regtest |
//! | not set | off | none: deposits and withdrawals are off |

use std::time::Duration;

use postfun_core::bolt11::DESCRIPTION_LEN_MAX;
use url::Url;

use super::error::ConfigError;
use super::rule::is_loopback_url;
use super::secret::Secret;
use super::source::Source;
use crate::lightning::backend::Network;

/// Memo of a deposit invoice, as the seed has it.
const MEMO_DEFAULT: &str = "Postfun deposit";

/// More sats than this there will never be.
const SATS_MAX: u64 = 2_100_000_000_000_000;

/// Longest wait for a connection, where the whole wait is longer.
const CONNECT_MS_MAX: u64 = 5_000;

/// How sats come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LightningConfig {
    /// Who holds them.
    pub backend: BackendConfig,
    /// The network that every invoice must be for.
    pub network: Network,
    /// Memo of a deposit invoice that was given none; at most 639 bytes.
    pub default_memo: String,
    /// What one user may move.
    pub limits: LightningLimits,
}

/// Who holds the sats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendConfig {
    /// Nobody: deposits and withdrawals are off.
    Off,
    /// A node that the server plays itself, for demos: no sat is worth anything.
    Simulated,
    /// An LNbits server.
    Lnbits(LnbitsConfig),
}

/// How to reach LNbits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LnbitsConfig {
    /// The server's address; its path ends with a slash, below which `api/v1` is.
    pub api_url: Url,
    /// Makes and reads invoices; the admin key where no invoice key was given.
    pub invoice_key: Secret,
    /// Pays; without it withdrawals are off.
    pub admin_key: Option<Secret>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for an answer, from the first byte sent to the last one received.
    pub timeout: Duration,
}

/// What one user may move, in sats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LightningLimits {
    /// Largest deposit.
    pub deposit_sats_max: u64,
    /// Largest withdrawal.
    pub withdraw_sats_max: u64,
    /// Most that one user may withdraw within 24 hours.
    pub withdraw_sats_daily_max: u64,
    /// Highest routing fee of a withdrawal; none means the larger of 20 sats and 1 %, the reserve of LNbits itself.
    pub fee_sats_max: Option<u64>,
    /// For how long a deposit invoice can be paid, in seconds.
    pub invoice_expiry_s: u64,
}

impl LightningConfig {
    /// Tells whether deposits are possible.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !matches!(self.backend, BackendConfig::Off)
    }

    /// Tells whether withdrawals are possible.
    #[must_use]
    pub const fn can_pay(&self) -> bool {
        match &self.backend {
            BackendConfig::Off => false,
            BackendConfig::Simulated => true,
            BackendConfig::Lnbits(lnbits) => lnbits.admin_key.is_some(),
        }
    }

    /// Reads the settings; the decision about demo mode comes first, and LNbits switches it off.
    pub(super) fn read(
        source: &Source,
        lnbits: Option<LnbitsConfig>,
        demo: bool,
    ) -> Result<Self, ConfigError> {
        let backend = match lnbits {
            Some(lnbits) => BackendConfig::Lnbits(lnbits),
            None if demo => BackendConfig::Simulated,
            None => BackendConfig::Off,
        };
        Ok(Self {
            network: network(source, &backend)?,
            default_memo: source.parse("LNBITS_DEFAULT_MEMO", MEMO_DEFAULT.to_owned(), memo)?,
            limits: limits(source)?,
            backend,
        })
    }

    /// What the operator should know although the server starts.
    pub(super) fn notices(&self) -> Vec<String> {
        let BackendConfig::Lnbits(lnbits) = &self.backend else { return Vec::new() };
        let mut notices = Vec::new();
        if lnbits.admin_key.is_none() {
            notices.push("LNBITS_ADMIN_KEY is not set: deposits work, withdrawals are off.".to_owned());
        }
        if lnbits.api_url.scheme() == "http" && !is_loopback_url(&lnbits.api_url) {
            notices.push(
                "LNBITS_API_URL is not https: whoever is on the way to LNbits can read its keys and take the sats."
                    .to_owned(),
            );
        }
        notices
    }
}

/// Reads how to reach LNbits, if it is to be used.
pub(super) fn lnbits(source: &Source) -> Result<Option<LnbitsConfig>, ConfigError> {
    let Some(api_url) = source.parse("LNBITS_API_URL", None, |text| api_url(text).map(Some))? else {
        return Ok(None);
    };
    let admin_key = key(source, "LNBITS_ADMIN_KEY")?;
    let Some(invoice_key) = key(source, "LNBITS_INVOICE_KEY")?.or_else(|| admin_key.clone()) else {
        return Err(ConfigError::new(
            "LNBITS_INVOICE_KEY",
            "must be set beside LNBITS_API_URL; the wallet's page in LNbits shows it under API keys, with \
             LNBITS_ADMIN_KEY, which withdrawals need",
        ));
    };
    let total_ms = source.number("POSTFUN_LIGHTNING_TIMEOUT_MS", 20_000, 100..=120_000)?;
    Ok(Some(LnbitsConfig {
        api_url,
        invoice_key,
        admin_key,
        connect_timeout: Duration::from_millis(total_ms.min(CONNECT_MS_MAX)),
        timeout: Duration::from_millis(total_ms),
    }))
}

/// Reads an address that may have a path, but nothing that would hide a secret or be lost.
fn api_url(text: &str) -> Result<Url, String> {
    let fault = || "is no plain web address; give one such as https://lnbits.example.org".to_owned();
    let mut url = Url::parse(text).map_err(|_error| fault())?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    let is_bare = url.query().is_none() && url.fragment().is_none();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    if !(is_web && is_bare && is_anonymous) {
        return Err(fault());
    }
    // People copy the address of the API as well as that of the server.
    let path = url.path().trim_end_matches('/');
    let path = format!("{}/", path.strip_suffix("/api/v1").unwrap_or(path));
    url.set_path(&path);
    Ok(url)
}

/// Reads a key that must be fit for a header.
fn key(source: &Source, variable: &'static str) -> Result<Option<Secret>, ConfigError> {
    source.parse(variable, None, |text| {
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Some(Secret::new(text)))
        } else {
            Err("holds a space or a letter that no key of LNbits has; copy it again".to_owned())
        }
    })
}

fn network(source: &Source, backend: &BackendConfig) -> Result<Network, ConfigError> {
    const NAME: &str = "POSTFUN_LIGHTNING_NETWORK";
    let given = source.parse(NAME, None, |text| {
        let network = Network::parse(&text.to_ascii_lowercase());
        network.map(Some).ok_or_else(|| format!("is \"{text}\"; give mainnet, testnet, signet or regtest"))
    })?;
    match (backend, given) {
        (BackendConfig::Simulated, Some(other)) if other != Network::Regtest => Err(ConfigError::new(
            NAME,
            format!(
                "is {}, but the simulated node of a demo is always on regtest; leave it out, or set LNBITS_API_URL",
                other.as_str()
            ),
        )),
        (BackendConfig::Simulated, _) => Ok(Network::Regtest),
        (BackendConfig::Off | BackendConfig::Lnbits(_), given) => Ok(given.unwrap_or(Network::Mainnet)),
    }
}

fn limits(source: &Source) -> Result<LightningLimits, ConfigError> {
    let sats = |variable, default| source.number(variable, default, 1..=SATS_MAX);
    Ok(LightningLimits {
        deposit_sats_max: sats("POSTFUN_DEPOSIT_MAX_SATS", 10_000_000)?,
        withdraw_sats_max: sats("POSTFUN_WITHDRAW_MAX_SATS", 1_000_000)?,
        withdraw_sats_daily_max: sats("POSTFUN_WITHDRAW_DAILY_SATS", 5_000_000)?,
        fee_sats_max: source.parse("LNBITS_MAX_FEE_SATS", None, |text| {
            let sats = text.parse::<u64>().ok().filter(|sats| *sats <= 1_000_000);
            sats.map(Some).ok_or_else(|| format!("is \"{text}\"; give a whole number from 0 to 1000000"))
        })?,
        invoice_expiry_s: source.number("POSTFUN_INVOICE_EXPIRY_S", 3_600, 60..=604_800)?,
    })
}

fn memo(text: &str) -> Result<String, String> {
    if text.len() <= DESCRIPTION_LEN_MAX && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("is no memo; give one line of at most {DESCRIPTION_LEN_MAX} bytes"))
    }
}
