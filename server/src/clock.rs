//! Wall-clock time as a port.
//!
//! Every rule that compares times asks a [`Clock`] that was passed in, so that a test can put a challenge exactly on
//! its expiry. This is the only file that may read the system's clock (`clippy.toml` bans it elsewhere).

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync + Debug {
    /// Returns the time now.
    ///
    /// # Units
    ///
    /// Milliseconds since the Unix epoch, UTC, leap seconds not counted.
    fn now_ms(&self) -> i64;

    /// Returns the time now in whole seconds since the Unix epoch, rounded down.
    fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's clock is read")]
    fn now_ms(&self) -> i64 {
        // A clock before 1970 or after the year 292 million is a broken machine; the epoch makes every proof stale.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(0))
    }
}

/// A clock that stands still until it is told to move, for tests and simulations.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts a clock at a time in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn new(now_ms: i64) -> Self {
        Self(AtomicI64::new(now_ms))
    }

    /// Sets the time, in milliseconds since the Unix epoch; going back is allowed, as it is on real machines.
    pub fn set_ms(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::SeqCst);
    }

    /// Moves the time by a number of milliseconds, which may be negative.
    pub fn advance_ms(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, ManualClock, SystemClock};

    #[test]
    fn manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(1_500);
        assert_eq!((clock.now_ms(), clock.now_s()), (1_500, 1));
        clock.advance_ms(-2_000);
        assert_eq!((clock.now_ms(), clock.now_s()), (-500, -1));
        clock.set_ms(7);
        assert_eq!(clock.now_ms(), 7);
    }

    #[test]
    fn system_clock_is_in_this_century() {
        assert!(SystemClock.now_ms() > 1_700_000_000_000);
    }
}
