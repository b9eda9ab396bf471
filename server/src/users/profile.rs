//! What is known about a user beyond their keys.

use postfun_core::wallet::evm::EvmAddress;
use uuid::Uuid;

use crate::identity::{Role, UserStatus};
use crate::privy;

/// A user as seed 004 shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id.
    pub id: Uuid,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// What the user may do beyond their own affairs.
    pub role: Role,
    /// A name for others to see.
    pub display_name: Option<String>,
    /// For changes that must not overwrite each other.
    pub version: i64,
    /// In milliseconds since the epoch.
    pub created_at_ms: i64,
    /// In milliseconds since the epoch.
    pub updated_at_ms: i64,
    /// The Privy user who signs in to it, or for whom it was made.
    pub privy_id: Option<String>,
    /// The rest.
    pub profile: Profile,
}

/// The fields that prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// An e-mail address.
    pub email: Option<String>,
    /// Whether somebody we trust has seen the user confirm it.
    pub email_is_verified: bool,
    /// A phone number.
    pub phone: Option<String>,
    /// The address of a picture.
    pub picture_url: Option<String>,
    /// A wallet on Ethereum.
    pub wallet: Option<Wallet>,
    /// When the user was last seen, in milliseconds since the epoch.
    pub last_active_at_ms: i64,
}

/// A wallet, proven or merely named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wallet {
    /// Where.
    pub address: EvmAddress,
    /// Whether it was proven.
    pub is_verified: bool,
    /// When it was set, in milliseconds since the epoch.
    pub registered_at_ms: i64,
}

/// What a client wants to be different; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The new name.
    pub display_name: Option<String>,
    /// The new e-mail address.
    pub email: Option<String>,
    /// The new phone number.
    pub phone: Option<String>,
    /// The new picture.
    pub picture_url: Option<String>,
    /// The new wallet.
    pub wallet: Option<EvmAddress>,
}

impl Profile {
    /// Takes over what a client said; it is not proven.
    pub(super) fn apply(&mut self, changes: Changes, now_ms: i64) {
        let Changes { display_name: _, email, phone, picture_url, wallet } = changes;
        if email.is_some() && email != self.email {
            self.email = email;
            self.email_is_verified = false;
        }
        self.phone = phone.or(self.phone.take());
        self.picture_url = picture_url.or(self.picture_url.take());
        if let Some(address) = wallet.filter(|address| !self.has_wallet(*address)) {
            self.wallet = Some(Wallet { address, is_verified: false, registered_at_ms: now_ms });
        }
    }

    /// Takes over what Privy vouches for, where nothing stands or the same, not vouched for.
    pub(super) fn fill(&mut self, vouched: privy::Profile, now_ms: i64) {
        if let Some(email) = vouched.email {
            let is_same = self.email.as_ref().is_none_or(|known| known.eq_ignore_ascii_case(&email));
            if is_same && !self.email_is_verified {
                self.email = Some(email);
                self.email_is_verified = true;
            }
        }
        self.phone = self.phone.take().or(vouched.phone);
        if let Some(address) = vouched.wallet {
            let registered_at_ms = self.wallet.map_or(now_ms, |wallet| wallet.registered_at_ms);
            if self.wallet.is_none() || self.has_wallet(address) {
                self.wallet = Some(Wallet { address, is_verified: true, registered_at_ms });
            }
        }
    }

    /// Keeps what was vouched for as what the user merely says.
    pub(super) const fn unvouch(&mut self) {
        self.email_is_verified = false;
        if let Some(wallet) = &mut self.wallet {
            wallet.is_verified = false;
        }
    }

    /// Whether a wallet is the one that stands here.
    pub(super) fn has_wallet(&self, address: EvmAddress) -> bool {
        self.wallet.is_some_and(|wallet| wallet.address == address)
    }

    /// Whether Privy could tell more.
    pub(super) const fn is_bare(&self) -> bool {
        self.email.is_none() && self.wallet.is_none()
    }
}
