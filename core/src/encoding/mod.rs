//! Encodings of bytes as text, strict: every text that is read has one spelling only.

pub mod hex;
