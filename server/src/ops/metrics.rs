//! `/metrics` for Prometheus, on a listener of its own.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use super::process;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How often samples are folded into their buckets; without it they pile up while nobody asks for them.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Makes the router of the metrics listener.
pub fn router(handle: PrometheusHandle) -> Router {
    Router::new().route(
        "/metrics",
        get(async move || {
            process::measure();
            ([(header::CONTENT_TYPE, TEXT)], handle.render())
        }),
    )
}

/// Keeps the memory of the measurements bounded, until the task is dropped.
pub async fn keep_up(handle: PrometheusHandle) {
    let mut interval = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        interval.tick().await;
        handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    use super::router;

    #[tokio::test(flavor = "current_thread")]
    async fn the_page_shows_what_was_measured_and_the_process() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _local = metrics::set_default_local_recorder(&recorder);
        metrics::counter!("test_total").increment(3);
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let response = router(recorder.handle()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains("test_total 3"), "{text}");
        let memory =
            text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes ")).unwrap();
        assert!(memory.parse::<f64>().unwrap() > 1_000_000.0, "{memory}");
        assert!(text.contains("process_open_fds "), "{text}");
    }
}
