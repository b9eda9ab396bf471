//! The end of the process: in good order, and by `kill -9` in the middle of swaps.

use std::time::Duration;

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::process::Process;
use postfun_tests::{TestApp, User, on_both_engines};
use tokio::process::Command;

/// How often the server is killed; a drill does it many times more.
fn kills() -> u64 {
    if std::env::var_os("POSTFUN_DRILL").is_some() { 100 } else { 3 }
}

/// Swaps without end, by curl's own loop; whoever kills the server ends it.
fn swap_for_ever(server: &Process, user: &User, side: &str) -> tokio::process::Child {
    let body = format!(r#"{{"pool_id":1,"side":"{side}","amount_in":0.01}}"#);
    let url = format!("http://{}/api/amm/swap?[1-100000]", server.address);
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--output", "/dev/null", "--fail-early", "--max-time", "60", "--data", &body]);
    curl.args([
        "--header",
        "content-type: application/json",
        "--header",
        &format!("authorization: Bearer {}", user.token),
        &url,
    ]);
    curl.kill_on_drop(true).spawn().expect("curl is installed")
}

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

    async fn drill_killed_server_neither_makes_nor_loses_a_unit(app: TestApp) {
        app.clock.set_ms(SystemClock.now_ms());
        let (admin, one, two) = (app.admin().await, app.user(1).await, app.user(2).await);
        admin.seed_pool().await;
        admin.airdrop(&one, "gBTC", "1000").await;
        admin.airdrop(&two, "gUSD", "1000000").await;
        let mut events = app.pool_events(1).await.len();
        for round in 0..kills() {
            let server = app.serve(&[("POSTFUN_RATE_GENERAL", "off")]).await;
            let traders = [swap_for_ever(&server, &one, "AtoB"), swap_for_ever(&server, &two, "BtoA")];
            tokio::time::sleep(Duration::from_millis(300 + 37 * (round % 10))).await;
            server.signal("KILL").await;
            assert_eq!(server.wait().await.0, None);
            drop(traders);
            app.assert_books_are_exact().await;
            let now = app.replay(1).await.seq();
            assert!(now > u64::try_from(events).unwrap(), "round {round}: nothing was swapped before the kill");
            events = usize::try_from(now).unwrap();
        }
    }
}
