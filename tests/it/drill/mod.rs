//! Faults under load, with real processes and real databases: what was answered stays true, and what was not answered can
//! be asked again.
//!
//! `make test` runs each with a small count, `make drill` with the full one, and the line of figures that each prints goes
//! into the README.

mod crowd;
mod disk;
mod flood;
mod follower;
mod kill;
mod lnbits;
mod outage;
mod processes;
mod sats;
mod trader;
mod unread;

use std::time::{Duration, Instant};

use postfun_tests::Engine;

use trader::Trader;

/// Settings under which one address may send as much as it likes.
const UNLIMITED: [(&str, &str); 2] = [("POSTFUN_RATE_GENERAL", "off"), ("POSTFUN_RATE_AUTH", "off")];

/// How much is done: little each time the tests run, much in a drill.
fn count(in_test: u64, in_drill: u64) -> u64 {
    if std::env::var_os("POSTFUN_DRILL").is_some() { in_drill } else { in_test }
}

/// Waits until something is true, which it becomes sooner or later unless something is broken.
async fn wait_until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_true().await {
        assert!(begin.elapsed() < Duration::from_mins(1), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The engine's name for people.
const fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

/// What a drill did, as one row of the README's table.
struct Figures {
    begin: Instant,
    what: &'static str,
    engine: Engine,
}

impl Figures {
    fn begin(what: &'static str, engine: Engine) -> Self {
        Self { begin: Instant::now(), what, engine }
    }

    /// Prints the row; a drill in which anything was lost or made twice has ended before.
    fn tell(self, faults: &str, traders: &[Trader]) {
        let answered: usize = traders.iter().map(|trader| trader.done.len()).sum();
        let (mut repeated, mut replayed) = (0, 0);
        for (all, carried_out) in traders.iter().map(Trader::repeated) {
            repeated += all;
            replayed += carried_out;
        }
        self.tell_counts(faults, answered, repeated, replayed);
    }

    /// As [`Figures::tell`], for anything that is asked for until it is answered.
    #[expect(clippy::print_stdout, reason = "the figures are what a drill is for")]
    fn tell_counts(self, faults: &str, answered: usize, repeated: usize, replayed: usize) {
        let (what, engine, seconds) = (self.what, name(self.engine), self.begin.elapsed().as_secs());
        println!(
            "drill: | {what} | {engine} | {faults} | {answered} | {repeated} | {replayed} | {seconds} |"
        );
    }
}
