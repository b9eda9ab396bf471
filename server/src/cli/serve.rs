//! `postfun serve`: start, answer, stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::settings::Settings;
use super::{CommandError, Outcome, out};
use crate::app::App;
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::http;
use crate::id::OsEntropy;
use crate::jobs;
use crate::ops::metrics;
use crate::telemetry;

/// How long the database may take to say goodbye.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(settings: &Settings) -> Result<Outcome, CommandError> {
    let config = settings.load()?;
    let log = telemetry::start_log(config.log_format, settings.foreign("RUST_LOG"))?;
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    let stop = stop_signal()?;
    // Taking the port first leaves the data of another server that has it alone.
    let listener = bind("POSTFUN_LISTEN", config.listen).await?;
    let measuring = start_metrics(&config, stop.clone()).await?;
    let app = App::open(config, Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let jobs = jobs::start(&app);
    announce(&app.config, listener.local_addr()?, log.is_text())?;
    let stopping = async {
        stopped(stop).await;
        app.pools.end_streams();
        app.streams.end();
        jobs.ask_to_stop();
    };
    http::serve(app.router(), listener, &app.config, stopping).await;
    jobs.stop().await;
    for task in measuring {
        task.abort();
    }
    // A database that does not answer must not keep the process.
    let _ = tokio::time::timeout(CLOSE_PATIENCE, app.db.close()).await;
    tracing::info!("stopped");
    drop(log);
    Ok(Outcome::Done)
}

/// Becomes true when the process is asked to end.
fn stop_signal() -> Result<watch::Receiver<bool>, CommandError> {
    let (sender, receiver) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        sender.send_replace(true);
    });
    Ok(receiver)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|is_stopped| *is_stopped).await;
}

async fn bind(variable: &str, at: SocketAddr) -> Result<TcpListener, ConfigError> {
    TcpListener::bind(at).await.map_err(|error| {
        let complaint = format!(
            "asks for {at}, which cannot be used ({error}); stop the other program or set {variable}"
        );
        ConfigError::new(variable, complaint)
    })
}

/// Starts `/metrics` on its own listener, where one is configured.
async fn start_metrics(
    config: &Config,
    stop: watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, CommandError> {
    let Some(at) = config.metrics_listen else { return Ok(Vec::new()) };
    let handle = telemetry::start_metrics()?;
    let listener = bind("POSTFUN_METRICS_LISTEN", at).await?;
    tracing::info!(address = %listener.local_addr()?, "measurements are at /metrics");
    let upkeep = tokio::spawn(metrics::keep_up(handle.clone()));
    let config = config.clone();
    let serving = tokio::spawn(async move {
        http::serve(metrics::router(handle), listener, &config, stopped(stop)).await;
    });
    Ok(vec![upkeep, serving])
}

/// Tells the operator where to look, in the form the log has.
fn announce(config: &Config, at: SocketAddr, is_text: bool) -> Result<(), CommandError> {
    let url = match &config.public_url {
        Some(url) => url.to_string(),
        None => format!("http://{at}/"),
    };
    tracing::info!(address = %at, url, demo = config.demo, database = ?config.database, "listening");
    if is_text {
        out::line(&format!("\n  Postfun {} is ready: {url}", env!("CARGO_PKG_VERSION")))?;
        if config.demo {
            out::line("  Demo mode is on: every user may take starter tokens for free.")?;
        }
        out::line("  Press Ctrl-C to stop.\n")?;
    }
    Ok(())
}
