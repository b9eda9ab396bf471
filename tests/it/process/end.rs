//! The end of the process in good order; its other ends are drills.

use postfun_tests::{TestApp, on_both_engines};

on_both_engines! {
    async fn termination_is_an_end_in_good_order(app: TestApp) {
        for signal in ["TERM", "INT"] {
            let server = app.serve(&[]).await;
            server.signal(signal).await;
            let (code, log) = server.wait().await;
            assert_eq!(code, Some(0), "{signal}: {log:?}");
            assert!(log.iter().any(|line| line.contains("stopped")), "{log:?}");
        }
    }
}
