//! Nostr: who is a person by the key they hold?
//!
//! | Module | Subject |
//! |---|---|
//! | [`event`] | signed and unsigned events (NIP-01), from and to JSON |
//! | `canonical` | the bytes whose hash is an event's id |
//! | [`npub`] | public keys as people see them (NIP-19) |
//! | [`login`] | the event that signs a person in: built in the page, checked in the server |
//!
//! It fetches nothing and stores nothing: whether a challenge exists and was used is the server's to know.

mod canonical;
mod error;
pub mod event;
pub mod login;
pub mod npub;

pub use error::{EventError, LoginError, NpubError};
pub use event::{Event, UnsignedEvent};
