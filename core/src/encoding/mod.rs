//! Encodings of bytes and of values as text, read strictly.
//!
//! | Module | Encoding |
//! |---|---|
//! | [`hex`] | bytes, one spelling each |
//! | [`json`] | the shapes of JSON that the core takes from outside |

pub mod hex;
pub mod json;
