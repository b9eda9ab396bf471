//! What goes over the wire, and its limits.

use postfun_core::wallet::evm::EvmAddress;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::ApiError;
use crate::http::time::iso_millis;
use crate::session::http::wire::Field;
use crate::users::{Account, Changes};

/// Longest texts, in characters; seed 004's columns.
const NAME_MAX: usize = 100;
const EMAIL_MAX: usize = 255;
const PHONE_MAX: usize = 50;
const PICTURE_MAX: usize = 500;
const PRIVY_ID_MAX: usize = 255;

/// A user, as they and administrators see them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountObject {
    id: Uuid,
    #[schema(example = "did:privy:cm3np4u9j001rc8b73seqmqqk")]
    privy_id: Option<String>,
    email: Option<String>,
    /// Whether Privy vouches for the address.
    email_verified: bool,
    phone: Option<String>,
    display_name: Option<String>,
    profile_picture_url: Option<String>,
    wallet_address: Option<String>,
    /// Whether the wallet was proven; one that was only named never signs in.
    wallet_verified: bool,
    wallet_registered_at: Option<String>,
    /// `active` or `deleted`.
    #[schema(example = "active")]
    status: &'static str,
    /// `user` or `admin`.
    #[schema(example = "user")]
    role: &'static str,
    /// For changes that must not overwrite each other.
    version: i64,
    #[schema(example = "2026-11-21T10:00:00.000Z")]
    created_at: String,
    updated_at: String,
    last_active_at: String,
}

impl From<Account> for AccountObject {
    fn from(account: Account) -> Self {
        let Account { profile, .. } = account;
        Self {
            id: account.id,
            privy_id: account.privy_id,
            email: profile.email,
            email_verified: profile.email_is_verified,
            phone: profile.phone,
            display_name: account.display_name,
            profile_picture_url: profile.picture_url,
            wallet_address: profile.wallet.map(|wallet| wallet.address.to_string()),
            wallet_verified: profile.wallet.is_some_and(|wallet| wallet.is_verified),
            wallet_registered_at: profile.wallet.map(|wallet| iso_millis(wallet.registered_at_ms)),
            status: account.status.as_str(),
            role: account.role.as_str(),
            version: account.version,
            created_at: iso_millis(account.created_at_ms),
            updated_at: iso_millis(account.updated_at_ms),
            last_active_at: iso_millis(profile.last_active_at_ms),
        }
    }
}

/// What a client says about a user, not checked yet.
pub(super) struct Said {
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) profile_picture_url: Option<String>,
    pub(super) wallet_address: Option<String>,
}

impl Said {
    pub(super) fn check(self) -> Result<Changes, ApiError> {
        Ok(Changes {
            display_name: Field("displayName").text(self.display_name, NAME_MAX)?,
            email: self
                .email
                .filter(|text| !text.is_empty())
                .map(|text| email(Field("email"), text))
                .transpose()?,
            phone: Field("phone").text(self.phone, PHONE_MAX)?,
            picture_url: self.profile_picture_url.filter(|text| !text.is_empty()).map(picture).transpose()?,
            wallet: self
                .wallet_address
                .filter(|text| !text.is_empty())
                .map(|text| wallet(&text))
                .transpose()?,
        })
    }
}

/// Checks an e-mail address as far as one can without sending to it.
pub(crate) fn email(field: Field, text: String) -> Result<String, ApiError> {
    let is_email = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    if !is_email || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(field.refused("must be an e-mail address"));
    }
    field.text(Some(text), EMAIL_MAX)?.ok_or_else(|| field.missing())
}

fn picture(text: String) -> Result<String, ApiError> {
    let field = Field("profilePictureUrl");
    let is_web = Url::parse(&text).is_ok_and(|url| url.scheme() == "https" && url.host_str().is_some());
    if !is_web {
        return Err(field.refused("must be an https address"));
    }
    field.text(Some(text), PICTURE_MAX)?.ok_or_else(|| field.missing())
}

pub(super) fn wallet(text: &str) -> Result<EvmAddress, ApiError> {
    text.parse().map_err(|error: postfun_core::wallet::evm::EvmAddressError| {
        Field("walletAddress").refused(&format!("is not valid: {error}"))
    })
}

/// Checks Privy's name for a user; the seed's own example does not look like one, so any name passes.
pub(super) fn privy_id(text: Option<String>) -> Result<String, ApiError> {
    let field = Field("privyId");
    field.text(text, PRIVY_ID_MAX)?.ok_or_else(|| field.missing())
}
