//! A crate with std, and nothing else: the counter-example of the proof.
