//! What commands say to the operator; a closed pipe is an error, not a crash.

use std::io::{self, Write};

/// Writes a line to the standard output.
pub(super) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Writes a text as it is to the standard output.
pub(super) fn text(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// Writes a line about trouble to the standard error; where nobody listens there, nothing more can be done.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "postfun: {text}");
}
