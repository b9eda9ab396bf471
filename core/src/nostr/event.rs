//! Events of NIP-01: their shape, their id and their signature.
//!
//! Reading is strict where the standard is: ids, keys and signatures are lower-case, numbers are whole, a member
//! stands once. Members that are not known are skipped, because relays and extensions add their own.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::canonical;
use super::error::EventError;
use crate::digest::sha256;
use crate::encoding::hex;
use crate::encoding::json::{self, JsonError, Reader};
use crate::signature::schnorr::{self, SecretKey};

/// The longest JSON text of an event that is read, in bytes.
pub const JSON_LEN_MAX: usize = 64 * 1024;
/// The largest number of tags of an event.
pub const TAGS_MAX: usize = 100;
/// The largest number of values in one tag, its name included.
pub const TAG_VALUES_MAX: usize = 100;
/// The latest `created_at`, 2^53 − 1 s: JavaScript keeps no larger number exactly.
pub const CREATED_AT_MAX: u64 = (1 << 53) - 1;

/// An event before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedEvent {
    /// The author's public key.
    pub pubkey: [u8; 32],
    /// When the author says it was made, in seconds since the epoch.
    pub created_at: u64,
    /// What the content means.
    pub kind: u16,
    /// Lists of texts, of which the first is a name.
    pub tags: Vec<Vec<String>>,
    /// The content, a text whose meaning depends on the kind.
    pub content: String,
}

impl UnsignedEvent {
    /// Reads an event from JSON; `id` and `sig` may be there, as texts, and are not looked at.
    ///
    /// # Errors
    ///
    /// As [`Event::from_json`].
    pub fn from_json(text: &str) -> Result<Self, EventError> {
        Wire::read(text)?.unsigned()
    }

    /// Writes the event as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = String::from("{");
        canonical::push_members(&mut text, self);
        text.push('}');
        text
    }

    /// Returns the text whose hash is the id: `[0,pubkey,created_at,kind,tags,content]` without white space.
    ///
    /// Seven characters are escaped; every other, control characters included, stands as it is.
    ///
    /// # Sources
    ///
    /// NIP-01, "Events and signatures".
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::canonical(self)
    }

    /// Computes the id, the SHA-256 of the canonical form.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        sha256(self.canonical().as_bytes())
    }

    /// Signs the event with a key, which becomes its author.
    ///
    /// `aux` should be fresh randomness, see [`SecretKey::sign`].
    #[must_use]
    pub fn sign(mut self, key: &SecretKey, aux: &[u8; schnorr::AUX_LEN]) -> Event {
        self.pubkey = key.public_key();
        let id = self.id();
        Event { id, sig: key.sign(&id, aux), unsigned: self }
    }
}

/// An event with an id and a signature, of which only [`Event::verify`] knows whether they are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    id: [u8; 32],
    unsigned: UnsignedEvent,
    sig: [u8; 64],
}

impl Event {
    /// Reads an event from JSON, its id and signature unchecked.
    ///
    /// # Errors
    ///
    /// * [`EventError::TooLarge`]: the text is longer than [`JSON_LEN_MAX`].
    /// * [`EventError::Malformed`]: not a JSON object, a member missing, twice there, or of a wrong type.
    /// * [`EventError::Hex`]: `id`, `pubkey` or `sig` is not lower-case hexadecimal of its length.
    /// * [`EventError::CreatedAt`]: `created_at` is above [`CREATED_AT_MAX`].
    /// * [`EventError::TooManyTags`]: more than [`TAGS_MAX`] tags, or [`TAG_VALUES_MAX`] values in one.
    ///
    /// # Sources
    ///
    /// NIP-01, "Events and signatures".
    pub fn from_json(text: &str) -> Result<Self, EventError> {
        let wire = Wire::read(text)?;
        let id = read_hex("id", wire.id.as_deref().ok_or_else(|| missing("id"))?)?;
        let sig = read_hex("sig", wire.sig.as_deref().ok_or_else(|| missing("sig"))?)?;
        Ok(Self { id, unsigned: wire.unsigned()?, sig })
    }

    /// Writes the event as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = String::from("{\"id\":\"");
        hex::push_lower(&mut text, &self.id);
        text.push_str("\",");
        canonical::push_members(&mut text, &self.unsigned);
        text.push_str(",\"sig\":\"");
        hex::push_lower(&mut text, &self.sig);
        text.push_str("\"}");
        text
    }

    /// Checks that the id is the event's and that the signature is the author's, in this order.
    ///
    /// # Errors
    ///
    /// * [`EventError::IdMismatch`]: the id is not the hash of the canonical form.
    /// * [`EventError::Signature`]: the signature of the id is not the author's, or malformed.
    ///
    /// # Sources
    ///
    /// NIP-01, "Events and signatures"; BIP-340, "Verification".
    pub fn verify(&self) -> Result<(), EventError> {
        if self.unsigned.id() != self.id {
            return Err(EventError::IdMismatch);
        }
        schnorr::verify(&self.unsigned.pubkey, &self.id, &self.sig)
            .map_err(|reason| EventError::Signature { reason })
    }

    /// Returns the id as it was given.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Returns the author's public key.
    #[must_use]
    pub const fn pubkey(&self) -> &[u8; 32] {
        &self.unsigned.pubkey
    }

    /// Returns when the author says the event was made, in seconds since the epoch.
    #[must_use]
    pub const fn created_at(&self) -> u64 {
        self.unsigned.created_at
    }

    /// Returns what the content means.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        self.unsigned.kind
    }

    /// Returns the tags.
    #[must_use]
    pub fn tags(&self) -> &[Vec<String>] {
        &self.unsigned.tags
    }

    /// Returns the content.
    #[must_use]
    pub fn content(&self) -> &str {
        &self.unsigned.content
    }

    /// Returns the signature as it was given.
    #[must_use]
    pub const fn sig(&self) -> &[u8; 64] {
        &self.sig
    }

    /// Returns the value of the only tag of a name; `None` when it is missing, without value, or there twice.
    #[must_use]
    pub fn only_tag(&self, name: &str) -> Option<&str> {
        let mut named = self.tags().iter().filter(|tag| tag.first().is_some_and(|first| first == name));
        let tag = named.next()?;
        if named.next().is_some() { None } else { tag.get(1).map(String::as_str) }
    }
}

/// The members of an event's JSON that have been read so far.
#[derive(Default)]
struct Wire<'a> {
    id: Option<Cow<'a, str>>,
    pubkey: Option<Cow<'a, str>>,
    created_at: Option<u64>,
    kind: Option<u16>,
    tags: Option<Vec<Vec<String>>>,
    content: Option<String>,
    sig: Option<Cow<'a, str>>,
}

impl<'a> Wire<'a> {
    fn read(text: &'a str) -> Result<Self, EventError> {
        if text.len() > JSON_LEN_MAX {
            return Err(EventError::TooLarge { bytes: text.len(), max: JSON_LEN_MAX });
        }
        let mut wire = Self::default();
        let read = json::object(text, |reader, name| match name {
            "id" => reader.once(&mut wire.id, Reader::text),
            "pubkey" => reader.once(&mut wire.pubkey, Reader::text),
            "created_at" => reader.once(&mut wire.created_at, Reader::unsigned),
            "kind" => reader.once(&mut wire.kind, read_kind),
            "tags" => reader.once(&mut wire.tags, |reader| reader.list(|reader| reader.list(Reader::string))),
            "content" => reader.once(&mut wire.content, Reader::string),
            "sig" => reader.once(&mut wire.sig, Reader::text),
            _ => reader.skip(),
        });
        read.map_err(|error| EventError::Malformed { detail: error.to_string() })?;
        Ok(wire)
    }

    fn unsigned(self) -> Result<UnsignedEvent, EventError> {
        let Self { pubkey, created_at, kind, tags, content, .. } = self;
        let pubkey = read_hex("pubkey", &pubkey.ok_or_else(|| missing("pubkey"))?)?;
        let created_at = created_at.ok_or_else(|| missing("created_at"))?;
        let kind = kind.ok_or_else(|| missing("kind"))?;
        let tags = tags.ok_or_else(|| missing("tags"))?;
        let content = content.ok_or_else(|| missing("content"))?;
        if created_at > CREATED_AT_MAX {
            return Err(EventError::CreatedAt { max: CREATED_AT_MAX });
        }
        at_most(tags.len(), TAGS_MAX)?;
        for tag in &tags {
            at_most(tag.len(), TAG_VALUES_MAX)?;
        }
        Ok(UnsignedEvent { pubkey, created_at, kind, tags, content })
    }
}

fn read_kind(reader: &mut Reader<'_>) -> Result<u16, JsonError> {
    let error = reader.error("a whole number from 0 to 65535");
    u16::try_from(reader.unsigned()?).map_err(|_above| error)
}

fn read_hex<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], EventError> {
    hex::decode_array(text).map_err(|_position| EventError::Hex { field, digits: N.saturating_mul(2) })
}

fn at_most(count: usize, max: usize) -> Result<(), EventError> {
    if count > max { Err(EventError::TooManyTags { count, max }) } else { Ok(()) }
}

fn missing(field: &str) -> EventError {
    let mut detail = String::from("missing field `");
    detail.push_str(field);
    detail.push('`');
    EventError::Malformed { detail }
}
