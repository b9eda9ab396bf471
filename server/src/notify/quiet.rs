//! Times of day, time zones, and the hours in which a user wants to be left alone.
//!
//! Quiet is what the clock on the user's wall says: from the start on, up to and without the end. Where that clock is put
//! forward over the start or the end, the hours begin or end at the jump; where it is put back, what it shows twice counts
//! twice. Hours whose end lies before their start go over midnight, and hours that end where they start are none.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Deserialize;

const DAY_S: u32 = 24 * 60 * 60;
/// Changes of a clock that are followed within one night; no zone has ever had more than two on a day.
const CHANGES_MAX: usize = 16;
/// The day that seed 004 puts before its times of day.
const EPOCH_DAY: &str = "1970-01-01T";

/// A time of day, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeOfDay {
    /// Seconds after midnight, less than a day.
    second: u32,
}

/// A zone of the IANA time zone database, which the program carries along.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(TimeZone);

/// When a user wants to be left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    /// Whether they count; then both times are there.
    pub is_enabled: bool,
    /// The first moment on the clock of the zone.
    pub start: Option<TimeOfDay>,
    /// The first moment after.
    pub end: Option<TimeOfDay>,
    /// Whose clock.
    pub zone: Zone,
}

/// The text is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time of day such as 22:00:00, 22:00 or 1970-01-01T22:00:00.000Z")]
pub struct InvalidTimeOfDay;

/// The text names no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a name of the IANA time zone database such as Europe/Berlin or UTC")]
pub struct InvalidZone;

impl TimeOfDay {
    /// Makes a time of the seconds after midnight; none from a day on.
    #[must_use]
    pub const fn from_second(second: u32) -> Option<Self> {
        if second < DAY_S { Some(Self { second }) } else { None }
    }

    /// Returns the seconds after midnight.
    #[must_use]
    pub const fn second(self) -> u32 {
        self.second
    }

    /// Writes the time as seed 004 does: `1970-01-01T22:00:00.000Z`.
    #[must_use]
    pub fn epoch_form(self) -> String {
        format!("{EPOCH_DAY}{self}.000Z")
    }

    /// How many seconds the clock needs from here to another time.
    const fn until_s(self, later: Self) -> u32 {
        (later.second + DAY_S - self.second) % DAY_S
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = self.second / 60;
        write!(f, "{:02}:{:02}:{:02}", minute / 60, minute % 60, self.second % 60)
    }
}

impl std::str::FromStr for TimeOfDay {
    type Err = InvalidTimeOfDay;

    /// Reads `HH:mm:ss`, `HH:mm`, or either of the former after `1970-01-01T` and before a `Z`, with or without zeros for
    /// a fraction.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let clock = match text.strip_prefix(EPOCH_DAY) {
            None => text,
            Some(rest) => {
                let rest = rest.strip_suffix('Z').ok_or(InvalidTimeOfDay)?;
                let (clock, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
                if fraction.is_empty() || fraction.bytes().any(|digit| digit != b'0') {
                    return Err(InvalidTimeOfDay);
                }
                clock
            }
        };
        let mut parts = clock.split(':');
        let mut part = |max| parts.next().map(|digits| two_digits(digits, max).ok_or(InvalidTimeOfDay));
        let (hour, minute) = (part(23).ok_or(InvalidTimeOfDay)??, part(59).ok_or(InvalidTimeOfDay)??);
        let second = part(59).unwrap_or(Ok(0))?;
        if parts.next().is_some() {
            return Err(InvalidTimeOfDay);
        }
        Ok(Self { second: (hour * 60 + minute) * 60 + second })
    }
}

fn two_digits(text: &str, max: u32) -> Option<u32> {
    let is_two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_two_digits && *number <= max)
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidTimeOfDay;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Zone {
    /// The zone of those who named none.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Returns the name as the database spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or_default()
    }

    /// What the clock shows at a time in seconds since the epoch; none beyond the year 9999.
    fn time_of_day(&self, at_s: i64) -> Option<TimeOfDay> {
        let offset = self.0.to_offset(Timestamp::from_second(at_s).ok()?);
        let second = at_s.saturating_add(offset.seconds().into()).rem_euclid(DAY_S.into());
        TimeOfDay::from_second(u32::try_from(second).ok()?)
    }

    /// When the clock is put forward or back next, in seconds since the epoch.
    fn next_change_s(&self, after_s: i64) -> Option<i64> {
        let after = Timestamp::from_second(after_s).ok()?;
        self.0.following(after).next().map(|change| change.timestamp().as_second())
    }
}

/// Zones are told apart by their names, also where their clocks agree.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl std::str::FromStr for Zone {
    type Err = InvalidZone;

    /// Finds a zone by its name in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let zone = TimeZoneDatabase::bundled().get(text).map_err(|_unknown| InvalidZone)?;
        // `Etc/Unknown` is found as well.
        if zone.iana_name().is_some() { Ok(Self(zone)) } else { Err(InvalidZone) }
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidZone;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Default for QuietHours {
    fn default() -> Self {
        Self { is_enabled: false, start: None, end: None, zone: Zone::UTC }
    }
}

impl QuietHours {
    /// Returns when it is no longer quiet; none when it is not quiet now.
    ///
    /// # Units
    ///
    /// Milliseconds since the epoch, both; the result is later than `now_ms`, by no more than a day and whatever the
    /// clock is put back meanwhile.
    #[must_use]
    pub fn quiet_until_ms(&self, now_ms: i64) -> Option<i64> {
        if !self.is_enabled {
            return None;
        }
        let (start, end) = (self.start?, self.end?);
        let mut at_s = now_ms.div_euclid(1_000);
        let mut quiet_until_ms = None;
        for _change in 0..CHANGES_MAX {
            let Some(left_s) = left_s(start, end, self.zone.time_of_day(at_s)?) else {
                return quiet_until_ms;
            };
            let end_s = at_s.saturating_add(left_s.into());
            let change_s = self.zone.next_change_s(at_s).filter(|change_s| *change_s <= end_s);
            at_s = change_s.unwrap_or(end_s);
            quiet_until_ms = Some(at_s.saturating_mul(1_000));
            if change_s.is_none() {
                break;
            }
        }
        quiet_until_ms
    }
}

/// How many seconds the hours go on; none when the clock shows a time outside them.
const fn left_s(start: TimeOfDay, end: TimeOfDay, now: TimeOfDay) -> Option<u32> {
    let (from, to, now_s) = (start.second, end.second, now.second);
    let is_quiet = if from <= to { from <= now_s && now_s < to } else { from <= now_s || now_s < to };
    if is_quiet { Some(now.until_s(end)) } else { None }
}
