//! Times as text on the wire.

use std::fmt::Write;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

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

/// The milliseconds that a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instants {
    /// The first of them, since the Unix epoch.
    pub first_ms: i64,
    /// The first after them.
    pub after_ms: i64,
}

/// Reads a whole day in UTC, `2026-11-21`, or the millisecond of a moment by RFC 3339, `2026-11-21T02:13:00.042Z`.
#[must_use]
pub fn instants(text: &str) -> Option<Instants> {
    if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        let midnight_ms = |day: Date| day.midnight().assume_utc().unix_timestamp() * 1_000;
        return Some(Instants { first_ms: midnight_ms(day), after_ms: midnight_ms(day.next_day()?) });
    }
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let first_ms = i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
    Some(Instants { first_ms, after_ms: first_ms + 1 })
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
    use super::{instants, iso_micros, iso_millis};

    #[test]
    fn days_and_moments_are_read() {
        for (text, first_ms, after_ms) in [
            ("1970-01-01", 0, 86_400_000),
            ("2024-02-29", 1_709_164_800_000, 1_709_251_200_000),
            ("2026-11-22T02:13:00.042Z", 1_795_313_580_042, 1_795_313_580_043),
            ("2026-11-22T02:13:00.042999Z", 1_795_313_580_042, 1_795_313_580_043),
            ("2026-11-22T04:13:00+02:00", 1_795_313_580_000, 1_795_313_580_001),
            ("1969-12-31T23:59:59.9999Z", -1, 0),
        ] {
            let read = instants(text).unwrap();
            assert_eq!((read.first_ms, read.after_ms), (first_ms, after_ms), "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-02-30",
            "2026-2-3",
            "2026-11-22T02:13:00",
            "2026-11-22 ",
            "9999-12-31",
            "+002026-11-22",
            "now",
        ] {
            assert_eq!(instants(text), None, "{text}");
        }
    }

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
