//! Requests per client address, in bounded memory.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::config::{Rate, Rates};

/// Clients counted one by one, at most; more share [`SHARED_BUCKETS`] counters.
const CLIENTS_MAX: usize = 50_000;

/// Counters for the clients beyond that.
const SHARED_BUCKETS: u128 = 1_024;

/// Forgotten clients are swept after this many requests.
const SWEEP_EVERY: u32 = 4_096;

/// Routes that tell a stranger whether a key or an address is known.
const BETA_PATHS: [&str; 3] =
    ["/api/private-beta/verify", "/api/private-beta/check-validity", "/api/private-beta/status"];

type Counter = RateLimiter<u128, HashMapStateStore<u128>, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// One limit; it lets a burst of the whole count through and refills evenly.
#[derive(Debug)]
pub(crate) struct Limit {
    counter: Counter,
    clock: MonotonicClock,
    requests: AtomicU32,
    is_full: AtomicBool,
    clients_max: usize,
}

impl Limit {
    pub(crate) fn new(rate: Rate, clients_max: usize) -> Option<Self> {
        let every = Duration::from_secs(rate.per_s.into()) / rate.count.max(1);
        let quota = Quota::with_period(every)?.allow_burst(NonZeroU32::new(rate.count)?);
        Some(Self {
            counter: RateLimiter::hashmap_with_clock(quota, MonotonicClock),
            clock: MonotonicClock,
            requests: AtomicU32::new(0),
            is_full: AtomicBool::new(false),
            clients_max,
        })
    }

    /// Counts a request, or says how many whole seconds to wait, at least one.
    pub(crate) fn check(&self, client: u128) -> Result<(), u64> {
        if self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            self.sweep();
        }
        // Real keys are addresses, never this small: a /64 and an IPv4 address both have higher bits set.
        let key = if self.is_full.load(Ordering::Relaxed) {
            (client >> 64 ^ client) % SHARED_BUCKETS
        } else {
            client
        };
        self.counter.check_key(&key).map_err(|refusal| {
            let wait = refusal.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }

    /// Forgets the clients that have their whole burst again.
    fn sweep(&self) {
        if self.counter.len() > self.clients_max / 2 {
            self.counter.retain_recent();
        }
        self.is_full.store(self.counter.len() >= self.clients_max, Ordering::Relaxed);
    }
}

/// The limits of a server.
#[derive(Debug)]
pub(crate) struct Limiter {
    general: Option<Limit>,
    auth: Option<Limit>,
    beta: [Option<Limit>; BETA_PATHS.len()],
}

impl Limiter {
    pub(crate) fn new(rates: Rates) -> Self {
        let limit = |rate: Option<Rate>| rate.and_then(|rate| Limit::new(rate, CLIENTS_MAX));
        let beta = BETA_PATHS.map(|_path| limit(rates.beta));
        Self { general: limit(rates.general), auth: limit(rates.auth), beta }
    }

    /// Counts a request of a client to a path, or says how many seconds to wait.
    ///
    /// Signing in has its own, tighter limit, because it is what a stranger can make the server work for, and asking to
    /// link or unlink a key counts as signing in; what tells whether a guess is right has a limit for each route.
    pub(crate) fn check(&self, path: &str, client: u128) -> Result<(), u64> {
        let beta = BETA_PATHS.iter().zip(&self.beta).find(|(known, _)| **known == path);
        let limit = match beta {
            Some((_, limit)) => limit,
            None if is_sign_in(path) => &self.auth,
            None => &self.general,
        };
        limit.as_ref().map_or(Ok(()), |limit| limit.check(client))
    }
}

fn is_sign_in(path: &str) -> bool {
    matches!(path, "/auth/challenge" | "/auth/verify" | "/api/auth/login" | "/api/me/identities/challenge")
}

#[cfg(test)]
mod tests {
    use super::{Limit, Limiter, SWEEP_EVERY};
    use crate::config::{Rate, Rates};

    const CLIENT: u128 = 1 << 80;
    const NONE: Rates = Rates { general: None, auth: None, beta: None, refresh: None };

    #[test]
    fn a_client_gets_its_count_and_then_waits() {
        let limiter = Limiter::new(Rates { general: Some(Rate { count: 2, per_s: 3_600 }), ..NONE });
        assert_eq!(limiter.check("/api/tokens", CLIENT), Ok(()));
        assert_eq!(limiter.check("/api/tokens", CLIENT), Ok(()));
        let wait = limiter.check("/api/tokens", CLIENT).unwrap_err();
        assert!((1_790..=1_800).contains(&wait), "{wait}");
        assert_eq!(limiter.check("/api/tokens", CLIENT + 1), Ok(()));
        assert_eq!(limiter.check("/auth/verify", CLIENT), Ok(()));
    }

    #[test]
    fn signing_in_is_counted_apart() {
        let limiter = Limiter::new(Rates { auth: Some(Rate { count: 1, per_s: 60 }), ..NONE });
        assert_eq!(limiter.check("/auth/challenge", CLIENT), Ok(()));
        assert!(limiter.check("/auth/verify", CLIENT).is_err());
        assert_eq!(limiter.check("/auth/me", CLIENT), Ok(()));
    }

    #[test]
    fn each_way_to_guess_a_key_is_counted_by_itself() {
        let limiter = Limiter::new(Rates { beta: Some(Rate { count: 1, per_s: 60 }), ..NONE });
        for path in super::BETA_PATHS {
            assert_eq!(limiter.check(path, CLIENT), Ok(()), "{path}");
            assert!(limiter.check(path, CLIENT).is_err(), "{path}");
            assert_eq!(limiter.check(path, CLIENT + 1), Ok(()), "{path}");
        }
        assert_eq!(limiter.check("/api/private-beta/users", CLIENT), Ok(()));
    }

    #[test]
    fn memory_stays_bounded_and_limits_still_hold() {
        let limit = Limit::new(Rate { count: 5, per_s: 86_400 }, 1_000).unwrap();
        for client in 0..40_000_u128 {
            let _ = limit.check(CLIENT + client);
        }
        assert!(limit.counter.len() <= 1_000 + SWEEP_EVERY as usize + 1_024, "{}", limit.counter.len());
        assert!((0..100).any(|_| limit.check(CLIENT << 1).is_err()));
    }
}
