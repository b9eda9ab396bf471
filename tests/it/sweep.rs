//! What has grown old is deleted, and nothing else.

use postfun_tests::{TestApp, on_both_engines};

const DAY_MS: i64 = 86_400_000;

on_both_engines! {
    async fn only_what_has_grown_old_is_swept(app: TestApp) {
        let user = app.user(1).await;
        let _unanswered = app.challenge().await;
        let before = app.row_counts().await;
        app.run_sweeps().await;
        assert_eq!(app.row_counts().await, before, "nothing is old yet");
        app.clock.advance_ms(DAY_MS + 600_001);
        let fresh = app.user(2).await;
        app.run_sweeps().await;
        let swept = app.row_counts().await;
        // Both old challenges; the old session has ended, but late callers still hear so for a day.
        assert_eq!((swept["challenges"], swept["sessions"]), (1, 2), "{swept:?}");
        user.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        app.clock.advance_ms(DAY_MS / 2);
        let _still_known = fresh.get("/auth/me").await.ok(200);
        app.clock.advance_ms(DAY_MS);
        app.run_sweeps().await;
        let after = app.row_counts().await;
        assert_eq!((after["users"], after["identities"]), (before["users"] + 1, before["identities"] + 1));
        assert_eq!((after["challenges"], after["sessions"]), (0, 1), "{after:?}");
    }
}
