//! Lightning: the port to a node or a provider.
//!
//! | File | Subject |
//! |---|---|
//! | [`backend`] | what the server asks of whoever holds its sats on Lightning |
//! | [`lnbits`] | LNbits as that |

pub mod backend;
pub mod lnbits;
