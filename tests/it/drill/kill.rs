//! `kill -9` in the middle of swaps, again and again.

use std::time::Duration;

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::{TestApp, on_both_engines};

use super::trader::{
    Load, Trader, assert_answers_are_rows, assert_each_key_has_one_effect, call_back, send_off,
};
use super::{Figures, UNLIMITED, count, wait_until};

/// How many swap at once.
const TRADERS: u64 = 8;

on_both_engines! {
    async fn killed_server_loses_no_answer_and_makes_no_swap_twice(app: TestApp) {
        app.clock.set_ms(SystemClock.now_ms());
        let mut traders = Trader::crowd(&app, TRADERS).await;
        let load = Load::new(u64::MAX, &[]);
        let (figures, kills) = (Figures::begin("`kill -9` during swaps", app.engine), count(20, 200));
        for round in 0..kills {
            let server = app.serve(&UNLIMITED).await;
            let enough = load.answered() + 1 + round * 5 % 37;
            let tasks = send_off(traders, &[server.address], &load);
            wait_until("swaps are answered", async || load.answered() >= enough).await;
            // Some moment of a batch, another each time.
            tokio::time::sleep(Duration::from_micros(round * 1_733 % 9_000)).await;
            server.signal("KILL").await;
            assert_eq!(server.wait().await.0, None);
            traders = call_back(tasks).await;
            app.run(&["audit"]).await.succeeded();
            assert_answers_are_rows(&app, &traders).await;
        }
        // What had no answer is asked for a last time.
        load.close();
        let server = app.serve(&UNLIMITED).await;
        let traders = call_back(send_off(traders, &[server.address], &load)).await;
        assert_each_key_has_one_effect(&app, &traders).await;
        figures.tell(&format!("{kills} kills"), &traders);
    }
}
