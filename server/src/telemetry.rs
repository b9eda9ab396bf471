//! Logs and measurements of the process.
//!
//! A log is one JSON object a line, or lines for people on a terminal; `RUST_LOG` sets what is kept. Handlers log through
//! `tracing`; secrets, tokens, bodies and query strings are never among the fields.

use std::io::{self, IsTerminal};
use std::panic;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{ConfigError, LogFormat};
use crate::http::REQUEST_DURATION;

mod json;
mod sink;

use sink::Sink;

/// What is kept unless `RUST_LOG` says otherwise.
const FILTER_DEFAULT: &str = "info";

/// Upper bounds of the buckets of answer times, in seconds.
const DURATION_BUCKETS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Keeps the log open; dropping it writes what is still pending.
#[derive(Debug)]
#[must_use = "dropping it ends the log"]
pub struct LogGuard(Option<Sink>);

impl LogGuard {
    /// Tells whether the log is lines for people.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        self.0.is_none()
    }
}

/// Starts the log of this process.
///
/// # Errors
///
/// When `RUST_LOG` cannot be read.
pub fn start_log(format: Option<LogFormat>, rust_log: Option<&str>) -> Result<LogGuard, ConfigError> {
    let filter = EnvFilter::try_new(rust_log.unwrap_or(FILTER_DEFAULT)).map_err(|error| {
        ConfigError::new("RUST_LOG", format!("cannot be read ({error}); give for example info"))
    })?;
    let is_terminal = io::stdout().is_terminal();
    let chosen = format.unwrap_or(if is_terminal { LogFormat::Text } else { LogFormat::Json });
    let registry = tracing_subscriber::registry().with(filter);
    let (started, sink) = match chosen {
        LogFormat::Text => {
            let layer = tracing_subscriber::fmt::layer().with_target(false).with_ansi(is_terminal);
            (registry.with(layer).try_init(), None)
        }
        LogFormat::Json => {
            let sink = Sink::start(io::stdout());
            let layer = tracing_subscriber::fmt::layer().event_format(json::Line).with_writer(sink.writer());
            (registry.with(layer).try_init(), Some(sink))
        }
    };
    started.map_err(|error| ConfigError::new("the log", format!("cannot be started ({error})")))?;
    log_panics(sink.as_ref().map(Sink::writer));
    Ok(LogGuard(sink))
}

/// Logs every panic, and writes the log out at once, because the process may end with it.
fn log_panics(sink: Option<sink::SinkWriter>) {
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or("no message");
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(message, location, "a panic");
        if let Some(sink) = &sink {
            sink.flush_now();
        }
    }));
}

/// Starts measuring, once in a process.
///
/// # Errors
///
/// When something else measures already.
pub fn start_metrics() -> Result<PrometheusHandle, ConfigError> {
    let fault = |error: &dyn std::error::Error| {
        ConfigError::new("the measurements", format!("cannot start ({error})"))
    };
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(REQUEST_DURATION.to_owned()), &DURATION_BUCKETS)
        .map_err(|error| fault(&error))?
        .install_recorder()
        .map_err(|error| fault(&error))?;
    metrics::describe_histogram!(REQUEST_DURATION, metrics::Unit::Seconds, "Time to answer a request.");
    metrics::describe_gauge!("postfun_build_info", "Always 1; the version is a label.");
    metrics::gauge!("postfun_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}
