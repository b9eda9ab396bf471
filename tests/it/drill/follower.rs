//! Somebody who follows a pool's stream, and takes it up again whenever it breaks.

use std::net::SocketAddr;
use std::time::Duration;

use postfun_tests::TestApp;
use postfun_tests::wire::{Stream, StreamEvent};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The pause before a broken stream is taken up again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the last trades may take to arrive.
const PATIENCE: Duration = Duration::from_mins(1);

/// A reader in a task of its own.
#[derive(Debug)]
pub(super) struct Follower {
    task: JoinHandle<Vec<Seen>>,
    /// The last event there is, once that is known.
    end: watch::Sender<Option<i64>>,
}

/// A trade as the stream told it: number, input and output in base units.
pub(super) type Seen = (i64, i64, i64);

/// Every trade there is, as a stream should have told it.
pub(super) async fn all_trades(app: &TestApp) -> Vec<Seen> {
    let trades = app.stored_trades(1).await;
    trades.iter().map(|trade| (trade.seq, trade.amount_in, trade.amount_out)).collect()
}

impl Follower {
    /// Begins to follow the pool after its first event.
    pub(super) fn begin(address: SocketAddr) -> Self {
        let (end, ended) = watch::channel(None);
        Self { task: tokio::spawn(follow(address, ended)), end }
    }

    /// Waits for the last trade; what arrived is every trade once, in order, with the rows' numbers.
    pub(super) async fn assert_saw_everything(self, app: &TestApp) {
        let expected = all_trades(app).await;
        self.end.send_replace(Some(expected.last().unwrap().0));
        let seen = tokio::time::timeout(PATIENCE, self.task).await.expect("the stream tells every trade");
        assert_eq!(seen.unwrap(), expected);
    }
}

async fn follow(address: SocketAddr, mut end: watch::Receiver<Option<i64>>) -> Vec<Seen> {
    let (mut seen, mut last) = (Vec::new(), 1);
    loop {
        let Ok(mut stream) = Stream::open(address, "/api/amm/pools/1/stream", last).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        loop {
            if end.borrow_and_update().is_some_and(|end| last >= end) {
                return seen;
            }
            tokio::select! {
                event = stream.next() => {
                    let Ok(event) = event else { break };
                    seen.push(read(&event, last));
                    last = event.id;
                }
                changed = end.changed() => if changed.is_err() { return seen },
            }
        }
    }
}

/// Reads a trade, which comes right after the last event.
pub(super) fn read(event: &StreamEvent, last: i64) -> Seen {
    assert_eq!((event.name.as_str(), event.id), ("swap", last + 1), "no gap, no repeat");
    let trade: Value = serde_json::from_str(&event.data).unwrap();
    let units = |name: &str| trade[name].as_str().unwrap().parse().unwrap();
    (event.id, units("amount_in_units"), units("amount_out_units"))
}
