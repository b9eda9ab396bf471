//! What Privy knows about a user beyond their name.

use postfun_core::wallet::evm::EvmAddress;
use serde_json::Value;

/// Longest texts, in characters; seed 004's columns.
const EMAIL_MAX: usize = 255;
const PHONE_MAX: usize = 50;

/// What Privy vouches for; each may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// An e-mail address that the user has confirmed.
    pub email: Option<String>,
    /// A phone number that the user has confirmed.
    pub phone: Option<String>,
    /// An Ethereum wallet that the user holds.
    pub wallet: Option<EvmAddress>,
}

impl Profile {
    /// Reads Privy's list of linked accounts; what does not fit is left out.
    #[must_use]
    pub fn of(accounts: &[Value]) -> Self {
        let text = |kind: &'static str, names: &'static [&'static str], chars_max: usize| {
            accounts
                .iter()
                .filter(move |account| account["type"] == kind)
                .flat_map(move |account| names.iter().filter_map(move |name| account[*name].as_str()))
                .find(move |text| is_plain(text, chars_max))
                .map(str::to_owned)
        };
        let wallet = accounts
            .iter()
            .filter(|account| account["type"] == "wallet")
            .filter(|account| account["chain_type"].as_str().is_none_or(|chain| chain == "ethereum"))
            .find_map(|account| account["address"].as_str()?.parse().ok());
        Self {
            email: text("email", &["address"], EMAIL_MAX)
                .or_else(|| text("google_oauth", &["email"], EMAIL_MAX)),
            phone: text("phone", &["phoneNumber", "phone_number", "number"], PHONE_MAX),
            wallet,
        }
    }
}

fn is_plain(text: &str, chars_max: usize) -> bool {
    !text.is_empty() && text.chars().count() <= chars_max && !text.chars().any(char::is_control)
}
