//! What a challenge is answered for: a signature that signs in must not link a key, nor the reverse.
//!
//! Whoever answers a challenge signs its purpose, and where the purpose is about something, the hash of what it is about.
//! The page computes that hash itself, so that nobody signs what they do not see.

use alloc::vec::Vec;

use crate::digest::sha256;

/// Separates these hashes from every other use of SHA-256.
const DOMAIN: &str = "postfun/challenge-data/v1";

/// Length of a data hash, in bytes.
pub const DATA_LEN: usize = 32;

/// The hash of what a challenge is about.
pub type DataHash = [u8; DATA_LEN];

/// What a challenge is answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signing in.
    Login,
    /// Giving a user one more key: [`UserKey::link`].
    Link(DataHash),
    /// Taking a key from a user: [`UserKey::unlink`].
    Unlink(DataHash),
}

/// A key that becomes, or ceases to be, a user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserKey<'a> {
    /// The user's id, as the server writes it.
    pub user_id: &'a str,
    /// The kind of key, such as `nostr`.
    pub kind: &'a str,
    /// The key: for `nostr` 64 lower-case hexadecimal digits, for `privy` the user's DID.
    pub subject: &'a str,
}

impl Purpose {
    const LOGIN: &'static str = "login";
    const LINK: &'static str = "link";
    const UNLINK: &'static str = "unlink";

    /// Puts a purpose together from its name and the hash of what it is about.
    ///
    /// Nothing when there is no such purpose, or when it needs a hash and has none or the reverse.
    #[must_use]
    pub fn of(name: &str, data: Option<DataHash>) -> Option<Self> {
        match (name, data) {
            (Self::LOGIN, None) => Some(Self::Login),
            (Self::LINK, Some(data)) => Some(Self::Link(data)),
            (Self::UNLINK, Some(data)) => Some(Self::Unlink(data)),
            _ => None,
        }
    }

    /// Returns the purpose of a name, about a key where it needs one.
    ///
    /// Nothing when there is no such purpose, or when it needs a key and has none or the reverse.
    #[must_use]
    pub fn named(name: &str, key: Option<&UserKey<'_>>) -> Option<Self> {
        match (name, key) {
            (Self::LOGIN, None) => Some(Self::Login),
            (Self::LINK, Some(key)) => Some(key.link()),
            (Self::UNLINK, Some(key)) => Some(key.unlink()),
            _ => None,
        }
    }

    /// Returns the name that is signed.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Login => Self::LOGIN,
            Self::Link(_) => Self::LINK,
            Self::Unlink(_) => Self::UNLINK,
        }
    }

    /// Returns the hash that is signed; a sign-in is about nothing.
    #[must_use]
    pub const fn data(&self) -> Option<&DataHash> {
        match self {
            Self::Login => None,
            Self::Link(data) | Self::Unlink(data) => Some(data),
        }
    }
}

impl UserKey<'_> {
    /// Returns the purpose of giving the key to the user.
    ///
    /// # Examples
    ///
    /// ```
    /// use postfun_core::challenge::UserKey;
    /// let user_id = "019b76da-a800-7000-8000-000000000001";
    /// let key = UserKey { user_id, kind: "privy", subject: "did:privy:cm3np4u9j001rc8b73seqmqqk" };
    /// assert_eq!(key.link(), key.link());
    /// assert_ne!(key.link().data(), key.unlink().data());
    /// ```
    #[must_use]
    pub fn link(&self) -> Purpose {
        Purpose::Link(self.hash(Purpose::LINK))
    }

    /// Returns the purpose of taking the key from the user.
    #[must_use]
    pub fn unlink(&self) -> Purpose {
        Purpose::Unlink(self.hash(Purpose::UNLINK))
    }

    /// Computes SHA-256 over domain, purpose, user, kind and key, each behind its length in bytes (8 bytes, big-endian), so
    /// that no two lists of texts share an input.
    fn hash(&self, purpose: &str) -> DataHash {
        let mut message = Vec::new();
        for text in [DOMAIN, purpose, self.user_id, self.kind, self.subject] {
            // A length in memory fits 64 bits on every machine there is.
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(text.as_bytes());
        }
        sha256(&message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_its_name_and_its_hash_and_nothing_else() {
        for purpose in [Purpose::Login, Purpose::Link([1; 32]), Purpose::Unlink([2; 32])] {
            assert_eq!(Purpose::of(purpose.as_str(), purpose.data().copied()), Some(purpose));
        }
        for (name, data) in
            [("login", Some([0; 32])), ("link", None), ("unlink", None), ("Link", Some([0; 32])), ("", None)]
        {
            assert_eq!(Purpose::of(name, data), None, "{name}");
        }
        let key = UserKey { user_id: "u", kind: "nostr", subject: "s" };
        assert_eq!(Purpose::named("login", None), Some(Purpose::Login));
        assert_eq!(Purpose::named("link", Some(&key)), Some(key.link()));
        assert_eq!(Purpose::named("unlink", Some(&key)), Some(key.unlink()));
        for (name, key) in [("login", Some(&key)), ("link", None), ("unlink", None), ("Link", Some(&key))] {
            assert_eq!(Purpose::named(name, key), None, "{name}");
        }
    }
}
