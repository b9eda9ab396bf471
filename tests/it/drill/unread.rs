//! A reader who stops reading while swaps go on: after the server's patience it is dropped, it costs little until then,
//! everybody else sees everything, and it goes on later without a gap or a repeat.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::wire::{Stream, Wire, ask, request};
use postfun_tests::{TestApp, on_both_engines};

use super::flood::{BATCH_MAX, swap_of, user};
use super::follower::{Follower, Seen, all_trades, read};
use super::trader::{Load, Trader, call_back, send_off};
use super::{Figures, UNLIMITED, count};

const STREAM: &str = "/api/amm/pools/1/stream";
/// Trades that are read before the reader falls silent.
const READ_FIRST: usize = 5;
/// What a reader who reads nothing may cost, with everything that happens meanwhile.
const GROWTH_MAX_KIB: u64 = 64 * 1024;
/// The pause between two batches of swaps.
const PAUSE: Duration = Duration::from_millis(250);
/// How long it may take until the buffers of the system are full, and the server's patience begins.
const FILLING_MAX: Duration = Duration::from_mins(1);

/// The streams that a server counts.
async fn readers(metrics: SocketAddr) -> u64 {
    let answer = ask(metrics, &request("GET", "/metrics", &[], "")).await.unwrap();
    let line = answer.text.lines().find_map(|line| line.strip_prefix("postfun_stream_readers "));
    line.map_or(0, |number| number.parse().unwrap())
}

/// Reads on until the stream ends or all is read.
async fn read_on(stream: &mut Stream, seen: &mut Vec<Seen>, until: i64) {
    loop {
        let last = seen.last().map_or(1, |trade| trade.0);
        if last >= until {
            return;
        }
        let Ok(event) = stream.next().await else { return };
        seen.push(read(&event, last));
    }
}

on_both_engines! {
    async fn reader_who_stops_reading_is_dropped_and_resumes(app: TestApp) {
        app.clock.set_ms(SystemClock.now_ms());
        let patience = Duration::from_secs(count(2, 30));
        let (traders, rich) = (Trader::crowd(&app, 1).await, user(&app, 0).await);
        let patience_ms = patience.as_millis().to_string();
        let settings =
            [UNLIMITED[0], UNLIMITED[1], ("POSTFUN_METRICS_LISTEN", "127.0.0.1:0"), ("POSTFUN_WRITE_TIMEOUT_MS", &patience_ms)];
        let server = app.serve(&settings).await;
        let figures = Figures::begin("a reader who stops reading", app.engine);
        let metrics = server.metrics.expect("the measurements have an address");
        let busy = Follower::begin(server.address);
        let load = Load::new(u64::MAX, &["database_busy"]);
        let tasks = send_off(traders, &[server.address], &load);
        let wire = Wire::open_narrow(server.address).await.unwrap();
        let (mut silent, mut seen) = (Stream::begin(wire, STREAM, 1).await.unwrap(), Vec::new());
        read_on(&mut silent, &mut seen, 1 + i64::try_from(READ_FIRST).unwrap()).await;
        assert_eq!((seen.len(), readers(metrics).await), (READ_FIRST, 2));

        // From here on it reads nothing.
        let (silent_since, before) = (Instant::now(), server.memory_kib());
        let mut most = before;
        while readers(metrics).await == 2 {
            assert!(silent_since.elapsed() < FILLING_MAX + patience, "who reads nothing must be dropped");
            let answers = app.app.pools.execute_batch(1, &vec![swap_of(&rich); BATCH_MAX]).await;
            assert!(answers.iter().all(Result::is_ok));
            tokio::time::sleep(PAUSE).await;
            most = most.max(server.memory_kib());
        }
        let silence = silent_since.elapsed();
        assert!(silence >= patience, "dropped after {silence:?} already");
        assert_eq!(readers(metrics).await, 1, "whoever reads stays");
        assert!(most - before < GROWTH_MAX_KIB, "{} KiB for a reader who read nothing", most - before);

        let answered = load.answered();
        super::wait_until("swaps go on", async || load.answered() > answered).await;
        load.close();
        let traders = call_back(tasks).await;
        busy.assert_saw_everything(&app).await;
        // What the system had kept arrives, then the end.
        let (all, before_end) = (all_trades(&app).await, seen.len());
        let end = all.last().unwrap().0;
        read_on(&mut silent, &mut seen, end).await;
        assert!(seen.len() > before_end && seen.len() < all.len(), "{} of {} arrived before the end", seen.len(), all.len());
        let mut resumed = Stream::open(server.address, STREAM, seen.last().unwrap().0).await.unwrap();
        read_on(&mut resumed, &mut seen, end).await;
        assert_eq!(seen, all, "every trade once, in order");
        app.run(&["audit"]).await.succeeded();
        let cost_mib = (most - before) / 1_024;
        figures.tell(&format!("silent for {} s, then dropped; {cost_mib} MiB", silence.as_secs()), &traders);
    }
}
