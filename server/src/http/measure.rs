//! How long answers take, by method, route and status.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::Histogram;

/// The name of the histogram on `/metrics`.
pub(crate) const REQUEST_DURATION: &str = "http_request_duration_seconds";

/// Routes come from our own table, so the map is bounded by it.
type ByRoute = HashMap<String, Vec<(Method, StatusCode, Histogram)>>;

/// Looks a histogram up once per method, route and status, since the recorder's own lookup builds its key anew each time.
#[derive(Default)]
pub(crate) struct Durations(RwLock<ByRoute>);

impl std::fmt::Debug for Durations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Durations").finish_non_exhaustive()
    }
}

impl Durations {
    /// Notes one answer; `route` is a path template, never a path.
    pub(crate) fn record(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = known_method(method);
        let found = {
            let by_route = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let known = by_route.get(route).into_iter().flatten();
            known
                .into_iter()
                .find(|(m, s, _)| *m == method && *s == status)
                .map(|(_, _, histogram)| histogram.clone())
        };
        found.unwrap_or_else(|| self.add(method, route, status)).record(took.as_secs_f64());
    }

    fn add(&self, method: Method, route: &str, status: StatusCode) -> Histogram {
        let labels = [
            ("method", method.as_str().to_owned()),
            ("route", route.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        let histogram = metrics::histogram!(REQUEST_DURATION, &labels);
        let mut by_route = self.0.write().unwrap_or_else(PoisonError::into_inner);
        by_route.entry(route.to_owned()).or_default().push((method, status, histogram.clone()));
        histogram
    }
}

/// Folds methods a client made up into one, so that it cannot make up series.
fn known_method(method: &Method) -> Method {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    if KNOWN.contains(method) { method.clone() } else { Method::TRACE }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{Method, StatusCode};
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::Durations;

    #[test]
    fn answers_are_counted_by_method_route_and_status() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let text = metrics::with_local_recorder(&recorder, || {
            let durations = Durations::default();
            for status in [StatusCode::OK, StatusCode::OK, StatusCode::NOT_FOUND] {
                durations.record(&Method::GET, "/api/amm/pools/{id}", status, Duration::from_millis(2));
            }
            let odd = Method::from_bytes(b"MADEUP").unwrap();
            durations.record(&odd, "unmatched", StatusCode::METHOD_NOT_ALLOWED, Duration::from_millis(2));
            recorder.handle().render()
        });
        assert!(
            text.contains(r#"_count{method="GET",route="/api/amm/pools/{id}",status="200"} 2"#),
            "{text}"
        );
        assert!(
            text.contains(r#"_count{method="GET",route="/api/amm/pools/{id}",status="404"} 1"#),
            "{text}"
        );
        assert!(!text.contains("MADEUP"), "{text}");
    }
}
