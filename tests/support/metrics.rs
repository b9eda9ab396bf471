//! The real program, and what it says of itself at `/metrics`.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::wire::{ask, request};
use crate::{Answer, TestApp, plain_http};

/// How long a figure may take to be seen; some jobs look every second, once they lead.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server whose measurements can be read.
#[derive(Debug)]
pub struct Measured {
    server: Process,
    metrics: SocketAddr,
}

impl Measured {
    /// Starts the server of a story.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start(app: &TestApp, settings: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let metrics = listener.local_addr().expect("a bound socket has an address");
        drop(listener);
        let address = metrics.to_string();
        let settings = [settings, &[("POSTFUN_METRICS_LISTEN", address.as_str())]].concat();
        Self { server: app.serve(&settings).await, metrics }
    }

    /// Asks the server as somebody.
    ///
    /// # Panics
    ///
    /// When the connection breaks.
    pub async fn ask(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let headers = [format!("authorization: Bearer {token}")];
        ask(self.server.address, &request(method, path, &headers, body)).await.expect("the server answers")
    }

    /// Waits until a line of the measurements says a number that is right.
    ///
    /// # Panics
    ///
    /// When it never does.
    pub async fn sees(&self, name: &str, is_right: impl Fn(f64) -> bool) {
        let begin = Instant::now();
        loop {
            let (status, text) = plain_http::call(self.metrics, "GET", "metrics", &[], "")
                .await
                .expect("the measurements can be read");
            assert_eq!(status, 200);
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
            if line.is_some_and(&is_right) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{name} is {line:?} in\n{text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a line says a whole number.
    ///
    /// # Panics
    ///
    /// When it never does.
    pub async fn counts(&self, name: &str, expected: u32) {
        self.sees(name, |value| (value - f64::from(expected)).abs() < 0.5).await;
    }

    /// Ends the server as an operator would.
    ///
    /// # Panics
    ///
    /// When it does not end well.
    pub async fn stop(self) {
        self.server.signal("TERM").await;
        assert_eq!(self.server.wait().await.0, Some(0));
    }
}
