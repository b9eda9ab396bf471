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
        app.clock.advance_ms(7 * DAY_MS);
        let fresh = app.user(2).await;
        app.run_sweeps().await;
        let swept = app.row_counts().await;
        // Both old challenges; the old session has ended, but its user still sees it for thirty days.
        assert_eq!((swept["challenges"], swept["sessions"]), (1, 2), "{swept:?}");
        assert_eq!(app.count_rows("sessions WHERE end_reason = 'expired'").await, 1);
        user.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        app.clock.advance_ms(30 * DAY_MS);
        app.run_sweeps().await;
        assert_eq!(app.row_counts().await["sessions"], 2, "thirty days are not over yet");
        app.clock.advance_ms(1);
        app.run_sweeps().await;
        fresh.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        let after = app.row_counts().await;
        assert_eq!((after["users"], after["identities"]), (before["users"] + 1, before["identities"] + 1));
        assert_eq!((after["challenges"], after["sessions"]), (0, 1), "{after:?}");
    }
}
