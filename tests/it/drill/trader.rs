//! Somebody who swaps without a pause over a real connection, and remembers every answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use postfun_tests::peek::StoredTrade;
use postfun_tests::wire::{Wire, request};
use postfun_tests::{Answer, TestApp};
use tokio::task::JoinHandle;

/// The pause before a refused swap is asked for again.
const PAUSE: Duration = Duration::from_millis(20);

/// What the traders have in common.
#[derive(Debug)]
pub(super) struct Load {
    /// Swaps that may still be begun.
    left: AtomicU64,
    answered: AtomicU64,
    /// The codes of refusals that the fault explains; any other ends the test.
    allowed: &'static [&'static str],
    refused: Mutex<BTreeMap<String, u64>>,
}

impl Load {
    /// Makes a load of a number of swaps, in which some refusals are to be expected.
    pub(super) fn new(swaps: u64, allowed: &'static [&'static str]) -> Arc<Self> {
        let (left, answered) = (AtomicU64::new(swaps), AtomicU64::new(0));
        Arc::new(Self { left, answered, allowed, refused: Mutex::default() })
    }

    /// Lets no swap begin any more; those that wait for an answer are asked for until they have one.
    pub(super) fn close(&self) {
        self.left.store(0, Ordering::SeqCst);
    }

    /// How many swaps were answered with success.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// How often a code was refused with.
    pub(super) fn refused(&self, code: &str) -> u64 {
        self.refused.lock().unwrap().get(code).copied().unwrap_or(0)
    }

    /// Every refusal, for people.
    pub(super) fn refusals(&self) -> String {
        let refused = self.refused.lock().unwrap();
        let each = refused.iter().map(|(code, times)| format!("{times} × {code}"));
        each.collect::<Vec<_>>().join(", ")
    }

    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

/// A swap that was answered with success.
#[derive(Debug, Clone)]
pub(super) struct Done {
    /// The trade, as the answer has it.
    pub(super) trade: StoredTrade,
    /// Whether it was asked for more than once.
    is_repeated: bool,
    /// Whether an earlier request had carried it out without an answer arriving.
    is_replayed: bool,
}

/// A trader with an account of their own.
#[derive(Debug)]
pub(super) struct Trader {
    number: u64,
    token: String,
    /// Keys that were used.
    keys: u64,
    /// The body that was sent last, and how often, until it has its answer.
    open: Option<(String, u64)>,
    pub(super) done: Vec<Done>,
}

impl Trader {
    /// Makes the seed's pool and traders who have plenty of both tokens.
    pub(super) async fn crowd(app: &TestApp, size: u64) -> Vec<Self> {
        let admin = app.admin().await;
        admin.seed_pool().await;
        let mut crowd = Vec::new();
        for number in 0..size {
            let user = app.user(number).await;
            admin.airdrop(&user, "gBTC", "1000").await;
            admin.airdrop(&user, "gUSD", "50000000").await;
            let token = user.token.clone();
            crowd.push(Self { number, token, keys: 0, open: None, done: Vec::new() });
        }
        crowd
    }

    /// How many of the answered swaps were asked for more than once, and how many of these were carried out before they
    /// were asked for the last time.
    pub(super) fn repeated(&self) -> (usize, usize) {
        let repeated = self.done.iter().filter(|done| done.is_repeated);
        repeated.fold((0, 0), |(all, replayed), done| (all + 1, replayed + usize::from(done.is_replayed)))
    }

    /// The header lines that name the trader.
    pub(super) fn headers(&self) -> Vec<String> {
        vec![format!("authorization: Bearer {}", self.token)]
    }

    /// Swaps until nothing is left to do or the connection breaks; what is unanswered then comes first the next time.
    pub(super) async fn swap(mut self, address: SocketAddr, load: Arc<Load>) -> Self {
        let Ok(mut wire) = Wire::open(address).await else { return self };
        while let Some(text) = self.next_request(&load) {
            let Ok(answer) = wire.ask(&text).await else { return self };
            if answer.status == 201 {
                self.note(&answer);
                load.answered.fetch_add(1, Ordering::SeqCst);
            } else {
                note_refusal(&answer, &load);
                tokio::time::sleep(PAUSE).await;
            }
        }
        self
    }

    /// The open swap again, or a new one.
    fn next_request(&mut self, load: &Load) -> Option<String> {
        if self.open.is_none() {
            if !load.take() {
                return None;
            }
            self.keys += 1;
            self.open = Some((self.body(), 0));
        }
        let (body, asked) = self.open.as_mut()?;
        *asked += 1;
        let mut headers = vec![format!("idempotency-key: {}-{}", self.number, self.keys)];
        let body = body.clone();
        headers.extend(self.headers());
        Some(request("POST", "/api/amm/swap", &headers, &body))
    }

    /// Both directions and both kinds, never the same amount twice in a row.
    fn body(&self) -> String {
        let fraction = self.keys % 1_000_000;
        let amount = match (self.number + self.keys) % 4 {
            0 => format!(r#""AtoB","amount_in":0.01{fraction:06}"#),
            1 => format!(r#""BtoA","amount_in":650.{fraction:06}"#),
            2 => format!(r#""AtoB","amount_out":"650.{fraction:06}""#),
            _ => format!(r#""BtoA","amount_out":"0.01{fraction:06}""#),
        };
        format!(r#"{{"pool_id":1,"side":{amount}}}"#)
    }

    fn note(&mut self, answer: &Answer) {
        let units = |path: &str| i64::try_from(answer.units(path)).unwrap();
        let trade = StoredTrade {
            id: answer.string("trade.id"),
            seq: answer.raw("trade.seq").parse().unwrap(),
            user_number: answer.raw("trade.user_id").parse().unwrap(),
            amount_in: units("trade.amount_in_units"),
            amount_out: units("trade.amount_out_units"),
            fee: units("trade.fee_paid_units"),
        };
        let (_body, asked) = self.open.take().unwrap();
        let is_replayed = answer.header("idempotent-replayed") == Some("true");
        assert!(!is_replayed || asked > 1, "nothing is a repetition the first time");
        self.done.push(Done { trade, is_repeated: asked > 1, is_replayed });
    }
}

fn note_refusal(answer: &Answer, load: &Load) {
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    let is_expected = matches!(answer.status, 429 | 503 | 507) && load.allowed.contains(&code.as_str());
    assert!(is_expected, "no fault explains {} {}", answer.status, answer.text);
    assert!(answer.header("retry-after").is_some(), "when to try again: {}", answer.text);
    *load.refused.lock().unwrap().entry(code).or_default() += 1;
}

/// Sends all traders off, each to the next of the servers.
pub(super) fn send_off(
    traders: Vec<Trader>,
    servers: &[SocketAddr],
    load: &Arc<Load>,
) -> Vec<JoinHandle<Trader>> {
    let homes = servers.iter().cycle();
    let swap = |(trader, home): (Trader, &SocketAddr)| tokio::spawn(trader.swap(*home, Arc::clone(load)));
    traders.into_iter().zip(homes).map(swap).collect()
}

/// Waits for all of them; a refusal that no fault explains shows here.
pub(super) async fn call_back(tasks: Vec<JoinHandle<Trader>>) -> Vec<Trader> {
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

/// Every swap that was answered with success is there with the same numbers.
pub(super) async fn assert_answers_are_rows(app: &TestApp, traders: &[Trader]) {
    let stored = app.stored_trades(1).await;
    let rows: HashMap<&str, &StoredTrade> = stored.iter().map(|trade| (trade.id.as_str(), trade)).collect();
    for done in traders.iter().flat_map(|trader| &trader.done) {
        assert_eq!(rows.get(done.trade.id.as_str()), Some(&&done.trade), "what was answered must be there");
    }
}

/// When no answer is open any more: as many trades as keys, each answered once, in a chain without a gap that the core
/// replays.
pub(super) async fn assert_each_key_has_one_effect(app: &TestApp, traders: &[Trader]) {
    assert_answers_are_rows(app, traders).await;
    assert!(traders.iter().all(|trader| trader.open.is_none()), "every swap has its answer");
    let keys: u64 = traders.iter().map(|trader| trader.keys).sum();
    let ids: BTreeSet<&str> =
        traders.iter().flat_map(|trader| &trader.done).map(|done| done.trade.id.as_str()).collect();
    assert_eq!(u64::try_from(ids.len()).unwrap(), keys, "two keys never share a trade");
    assert_eq!(u64::try_from(app.stored_trades(1).await.len()).unwrap(), keys, "one trade for each key");
    assert_eq!(app.replay(1).await.swaps(), keys, "one event for each trade");
}
