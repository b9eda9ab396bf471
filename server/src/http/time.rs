//! Times as text on the wire.

use std::fmt::Write;

use time::OffsetDateTime;

/// Formats a time as ISO 8601 in UTC with six digits after the second and a `Z`: `2026-11-21T02:13:00.000000Z`.
///
/// # Units
///
/// `ms` is milliseconds since the Unix epoch; a time outside the years 0 to 9999 becomes the epoch.
#[must_use]
pub fn iso_micros(ms: i64) -> String {
    let at = moment(ms);
    let mut text = seconds(at);
    // Writing to a string cannot fail.
    let _ = write!(text, ".{:06}Z", at.microsecond());
    text
}

/// As [`iso_micros`], with the three digits that seeds 001 and 004 print: `2026-11-21T02:13:00.000Z`.
#[must_use]
pub fn iso_millis(ms: i64) -> String {
    let at = moment(ms);
    let mut text = seconds(at);
    // Writing to a string cannot fail.
    let _ = write!(text, ".{:03}Z", at.millisecond());
    text
}

fn moment(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .filter(|at| (0..=9999).contains(&at.year()))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn seconds(at: OffsetDateTime) -> String {
    let mut text = String::with_capacity(27);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{iso_micros, iso_millis};

    #[test]
    fn known_times_are_printed_exactly() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_795_313_580_042, "2026-11-22T02:13:00.042000Z"),
            (-1, "1969-12-31T23:59:59.999000Z"),
            (i64::MAX, "1970-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(iso_micros(ms), text);
            assert_eq!(iso_millis(ms), text.replace("000Z", "Z"));
        }
    }
}
