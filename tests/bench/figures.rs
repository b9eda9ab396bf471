//! Numbers as they are written down.

use std::time::Duration;

use serde_json::{Value, json};

/// What a round of load gave.
#[derive(Debug)]
pub(crate) struct Load {
    /// The time of each answer, ascending.
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl Load {
    /// Sums a round up.
    ///
    /// # Panics
    ///
    /// Without a single answer.
    pub(crate) fn of(mut latencies: Vec<Duration>, elapsed: Duration) -> Self {
        assert!(!latencies.is_empty(), "nothing was answered");
        latencies.sort_unstable();
        Self { latencies, elapsed }
    }

    /// Answers per second.
    pub(crate) fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a round has far fewer than 2^53 answers")]
        let answers = self.latencies.len() as f64;
        answers / self.elapsed.as_secs_f64()
    }

    /// The time within which a share of the answers came, in milliseconds.
    pub(crate) fn latency_ms(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index of a list that is far shorter than 2^53"
        )]
        let at = ((self.latencies.len() as f64 * share) as usize).min(self.latencies.len() - 1);
        self.latencies[at].as_secs_f64() * 1e3
    }
}

/// The middle of several rounds: rate and latencies of the median round each.
pub(crate) fn of_rounds(rounds: &[Load]) -> Value {
    json!({
        "per_second": round(median(rounds, Load::per_second), 0),
        "p50_ms": round(median(rounds, |load| load.latency_ms(0.50)), 2),
        "p99_ms": round(median(rounds, |load| load.latency_ms(0.99)), 2),
    })
}

/// The median of a figure over rounds.
pub(crate) fn median(rounds: &[Load], figure: impl Fn(&Load) -> f64) -> f64 {
    middle(rounds.iter().map(figure).collect())
}

/// The middle of some values.
pub(crate) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn mib(kib: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a process has far less than 2^53 KiB")]
    round(kib as f64 / 1024.0, 1)
}

pub(crate) fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
