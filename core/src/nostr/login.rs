//! Signing in with an event: what the page signs, and what the server wants to see in it.
//!
//! The server gives out a challenge; the page puts it, with the server's domain and an expiry, as a JSON object into
//! the content of an event and has it signed. Kind 22242 (NIP-42, client authentication) is the one to use: relays
//! never store it. Kinds 27235 (NIP-98) and 1 are accepted too; a kind 1 event that leaks can be published as
//! a note in the user's name.
//!
//! The same event answers challenges of another [`Purpose`]: it then names the purpose and the hash of what it is about,
//! and only kind 22242 will do.
//!
//! [`check`] looks at everything but the id and the signature ([`Event::verify`](super::Event::verify)) and whether
//! the challenge exists, is alive and unused, which only the server knows.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use super::canonical::{Controls, push_string};
use super::error::LoginError;
use super::event::{Event, UnsignedEvent};
use crate::challenge::Purpose;
use crate::encoding::hex;
use crate::encoding::json::{self, Reader};

/// A note, the kind of the first Postfun clients.
pub const KIND_NOTE: u16 = 1;
/// Client authentication (NIP-42), the kind that our own pages use.
pub const KIND_AUTH: u16 = 22242;
/// HTTP authentication (NIP-98), whose tags name the address and the method.
pub const KIND_HTTP_AUTH: u16 = 27235;
/// Every kind that signs in, the preferred first.
pub const KINDS: [u16; 3] = [KIND_AUTH, KIND_HTTP_AUTH, KIND_NOTE];

/// The longest content of a sign-in, in bytes.
pub const CONTENT_LEN_MAX: usize = 4 * 1024;

/// What a page needs for a sign-in event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginRequest<'a> {
    /// The key that will sign.
    pub pubkey: [u8; 32],
    /// The id of the challenge, as the server gave it.
    pub challenge_id: &'a str,
    /// The challenge, as the server gave it.
    pub challenge: &'a str,
    /// The domain that the server goes by.
    pub domain: &'a str,
    /// Now, in seconds since the epoch.
    pub now_s: u64,
    /// How long the signed event may be used, in seconds.
    pub expires_in_s: u64,
    /// One of [`KINDS`], and [`KIND_AUTH`] unless it is a sign-in. For [`KIND_HTTP_AUTH`] the caller adds the tags `u`
    /// and `method`.
    pub kind: u16,
    /// What is signed for; a sign-in needs not name it.
    pub purpose: Purpose,
}

impl LoginRequest<'_> {
    /// Builds the event to be signed.
    #[must_use]
    pub fn build(&self) -> UnsignedEvent {
        let mut content = String::from("{");
        if let Some(data) = self.purpose.data() {
            push_member(&mut content, "purpose", self.purpose.as_str());
            push_member(&mut content, "data", &hex::encode_lower(data));
        }
        push_member(&mut content, "challenge_id", self.challenge_id);
        push_member(&mut content, "challenge", self.challenge);
        push_member(&mut content, "domain", self.domain);
        content.push_str("\"exp\":");
        content.push_str(&self.now_s.saturating_add(self.expires_in_s).to_string());
        content.push('}');
        UnsignedEvent {
            pubkey: self.pubkey,
            created_at: self.now_s,
            kind: self.kind,
            tags: Vec::new(),
            content,
        }
    }
}

/// Writes a member of an object and the comma behind it.
fn push_member(content: &mut String, name: &str, value: &str) {
    push_string(content, name, Controls::Escaped);
    content.push(':');
    push_string(content, value, Controls::Escaped);
    content.push(',');
}

/// The content of a sign-in event; members that are not known are skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginContent {
    /// The id of the challenge, when the content names it.
    pub challenge_id: Option<String>,
    /// The challenge.
    pub challenge: String,
    /// The domain that the person meant to sign in to, when the content names it.
    pub domain: Option<String>,
    /// The last second at which the event may be used, since the epoch, when the content names it.
    pub exp: Option<i64>,
    /// What was signed for, when the content names it; a content that does not can only sign in.
    pub purpose: Option<String>,
    /// The hash of what it was signed about, in lower-case hexadecimal, when the content names it.
    pub data: Option<String>,
}

impl LoginContent {
    /// Reads the content of a sign-in event.
    ///
    /// An `exp` that is no whole number is refused rather than left out, as it was meant to limit something.
    ///
    /// # Errors
    ///
    /// * [`LoginError::ContentTooLarge`]: longer than [`CONTENT_LEN_MAX`].
    /// * [`LoginError::ContentMalformed`]: not a JSON object, `challenge` missing, or a member twice or of a wrong
    ///   type.
    pub fn parse(event: &Event) -> Result<Self, LoginError> {
        let content = event.content();
        if content.len() > CONTENT_LEN_MAX {
            return Err(LoginError::ContentTooLarge { bytes: content.len(), max: CONTENT_LEN_MAX });
        }
        let (mut challenge_id, mut challenge, mut domain) = (None, None, None);
        let (mut exp, mut purpose, mut data) = (None, None, None);
        let read = json::object(content, |reader, name| {
            let text = match name {
                "challenge" => return reader.once(&mut challenge, Reader::string),
                "exp" => return reader.once(&mut exp, |reader| reader.optional(Reader::signed)),
                "challenge_id" => &mut challenge_id,
                "domain" => &mut domain,
                "purpose" => &mut purpose,
                "data" => &mut data,
                _ => return reader.skip(),
            };
            reader.once(text, |reader| reader.optional(Reader::string))
        });
        read.map_err(|error| LoginError::ContentMalformed { detail: error.to_string() })?;
        Ok(Self {
            challenge_id: challenge_id.flatten(),
            challenge: challenge.ok_or_else(|| LoginError::ContentMalformed {
                detail: String::from("challenge is missing"),
            })?,
            domain: domain.flatten(),
            exp: exp.flatten(),
            purpose: purpose.flatten(),
            data: data.flatten(),
        })
    }
}

/// What the server knows when a sign-in arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The id of the challenge that was looked up.
    pub challenge_id: &'a str,
    /// The challenge of that id.
    pub challenge: &'a str,
    /// The key that asked for the challenge, when it said which it is.
    pub bound_pubkey: Option<&'a [u8; 32]>,
    /// The domain that the server goes by.
    pub domain: &'a str,
    /// Whether the content has to name the domain.
    pub domain_required: bool,
    /// Now, in seconds since the epoch.
    pub now_s: u64,
    /// How far clocks may be apart, in seconds.
    pub skew_s: u64,
    /// How long a challenge lives, in seconds.
    pub ttl_s: u64,
    /// The absolute address of the sign-in. Without it kind 27235 is refused, since its `u` tag cannot be checked.
    pub url: Option<&'a str>,
    /// The method of the request, in upper case.
    pub method: &'a str,
    /// What the challenge was given for.
    pub purpose: Purpose,
}

/// Checks that an event is a sign-in to this server, now, with this challenge.
///
/// The caller has found the challenge alive and unused; it still has to verify the id and the signature, and only
/// then to consume the challenge, so that a stranger cannot burn it.
///
/// # Units
///
/// Seconds since the epoch. A distance of exactly `skew_s` passes, and so does an `exp` of exactly `now_s − skew_s`
/// or `now_s + ttl_s + skew_s`.
///
/// # Errors
///
/// The first that applies, in this order:
///
/// * [`LoginError::KindNotAllowed`]: the kind is none of [`KINDS`], or not [`KIND_AUTH`] where it is no sign-in.
/// * [`LoginError::KeyNotBound`]: another key asked for the challenge.
/// * [`LoginError::PurposeMismatch`]: the content names another purpose, or none where it is no sign-in.
/// * [`LoginError::DataMismatch`]: the content names another hash, or none where the purpose has one, or the reverse.
/// * [`LoginError::ChallengeMismatch`]: the challenge differs, or the id that the content names.
/// * [`LoginError::CreatedAtOutOfRange`]: `created_at` is more than `skew_s` from now.
/// * [`LoginError::Expired`], [`LoginError::ExpiryTooFar`]: `exp` is out of its range.
/// * [`LoginError::DomainMissing`], [`LoginError::DomainMismatch`]: `domain` is not the server's.
/// * [`LoginError::UrlMismatch`], [`LoginError::MethodMismatch`]: a tag of kind 27235 is not the request's.
///
/// # Sources
///
/// NIP-42, "Canonical authentication event"; NIP-98, "Request Flow".
pub fn check(event: &Event, content: &LoginContent, expected: &Expected<'_>) -> Result<(), LoginError> {
    let is_login = expected.purpose == Purpose::Login;
    let kinds = if is_login { KINDS.as_slice() } else { &[KIND_AUTH] };
    if !kinds.contains(&event.kind()) {
        return Err(LoginError::KindNotAllowed { kind: event.kind() });
    }
    if expected.bound_pubkey.is_some_and(|bound| bound != event.pubkey()) {
        return Err(LoginError::KeyNotBound);
    }
    check_purpose(content, &expected.purpose)?;
    check_challenge(content, expected)?;
    check_times(event, content, expected)?;
    check_domain(content, expected)?;
    if event.kind() == KIND_HTTP_AUTH { check_request(event, expected) } else { Ok(()) }
}

fn check_purpose(content: &LoginContent, expected: &Purpose) -> Result<(), LoginError> {
    if content.purpose.as_deref().unwrap_or(Purpose::Login.as_str()) != expected.as_str() {
        return Err(LoginError::PurposeMismatch);
    }
    let data = expected.data().map(|data| hex::encode_lower(data));
    if content.data == data { Ok(()) } else { Err(LoginError::DataMismatch) }
}

/// Compares the challenge and its id in constant time, and always both.
fn check_challenge(content: &LoginContent, expected: &Expected<'_>) -> Result<(), LoginError> {
    let id = content.challenge_id.as_deref().unwrap_or(expected.challenge_id);
    let is_id = id.as_bytes().ct_eq(expected.challenge_id.as_bytes());
    let is_challenge = content.challenge.as_bytes().ct_eq(expected.challenge.as_bytes());
    if bool::from(is_id & is_challenge) { Ok(()) } else { Err(LoginError::ChallengeMismatch) }
}

fn check_times(event: &Event, content: &LoginContent, expected: &Expected<'_>) -> Result<(), LoginError> {
    let off_s = event.created_at().abs_diff(expected.now_s);
    if off_s > expected.skew_s {
        return Err(LoginError::CreatedAtOutOfRange { off_s, skew_s: expected.skew_s });
    }
    let Some(exp) = content.exp else { return Ok(()) };
    // A negative expiry lies before the epoch, where no clock of a server stands.
    let exp = u64::try_from(exp).map_err(|_negative| LoginError::Expired)?;
    if exp < expected.now_s.saturating_sub(expected.skew_s) {
        return Err(LoginError::Expired);
    }
    let latest = expected.now_s.saturating_add(expected.ttl_s).saturating_add(expected.skew_s);
    if exp > latest { Err(LoginError::ExpiryTooFar) } else { Ok(()) }
}

fn check_domain(content: &LoginContent, expected: &Expected<'_>) -> Result<(), LoginError> {
    match content.domain.as_deref() {
        None if expected.domain_required => Err(LoginError::DomainMissing),
        Some(domain) if domain != expected.domain => Err(LoginError::DomainMismatch),
        None | Some(_) => Ok(()),
    }
}

fn check_request(event: &Event, expected: &Expected<'_>) -> Result<(), LoginError> {
    if expected.url.is_none() || event.only_tag("u") != expected.url {
        return Err(LoginError::UrlMismatch);
    }
    if event.only_tag("method") == Some(expected.method) { Ok(()) } else { Err(LoginError::MethodMismatch) }
}
