//! What the integration tests stand on: databases, a server in process with a clock that stands still, and people.
//!
//! | Module | Subject |
//! |---|---|
//! | [`engine`] | SQLite and PostgreSQL, and [`on_both_engines!`] that runs a story on each |
//! | [`link`] | linking and unlinking keys |
//! | [`lnbits`], [`fake_lnbits`] | a real LNbits of the tests' own; one that fails as it is told to |
//! | [`plain_http`], [`stub`] | calls of other servers; a server that answers as told |
//! | [`postgres`] | a PostgreSQL server of the tests' own |
//! | [`app`] | a server on a fresh database |
//! | [`client`] | requests, and answers as text |
//! | [`metrics`] | the real program and its measurements |
//! | [`node`] | a Lightning node that does what a story tells it to |
//! | [`peek`] | what the database holds that HTTP does not show |
//! | [`disk`] | a disk that can be full |
//! | [`privy`] | tokens of Privy users |
//! | [`process`] | the real program, for what only a process can show |
//! | [`signer`] | a Nostr key that signs in |
//! | [`stream`] | server-sent events as a client reads them |
//! | [`story`] | the people and the steps that many tests begin with |
//! | [`wire`] | requests and streams over a real socket, for drills |
//!
//! After every story the books are audited (`postfun audit`): a test cannot pass while money is made or lost.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a broken assumption ends the test, with a sentence"
)]

pub mod app;
pub mod client;
pub mod disk;
pub mod engine;
pub mod fake_lnbits;
pub mod link;
pub mod lnbits;
pub mod metrics;
pub mod node;
pub mod peek;
pub mod plain_http;
pub mod postgres;
pub mod privy;
pub mod process;
pub mod signer;
pub mod story;
pub mod stream;
pub mod stub;
pub mod wire;

pub use app::TestApp;
pub use client::{Answer, Client};
pub use engine::Engine;
pub use node::Node;
pub use peek::StoredEvent;
pub use signer::Signer;
pub use story::User;
pub use stream::{EventStream, StreamEvent};
